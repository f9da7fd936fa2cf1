//! Statistics of queries, releases and monitors, with what there is and what there is not by name.

use proto::v1;

use super::{
    calls::{Call, call, within},
    world::{FROM_MS, TO_MS},
};
use crate::figures::stamp;

pub(super) fn of_a_query(calls: &mut Vec<Call>, ids: &[u32], environment: &str, release: &str) {
    let request = v1::GetReportRequest {
        project_ids: ids.to_vec(),
        environment: environment.to_owned(),
        release: release.to_owned(),
        from: Some(stamp(FROM_MS)),
        to: Some(stamp(TO_MS)),
        ..Default::default()
    };
    calls.push(call("StatsService/GetReport", &request));
    let filter = v1::IssueFilter {
        project_ids: ids.to_vec(),
        environment: environment.to_owned(),
        release: release.to_owned(),
        ..Default::default()
    };
    let request = v1::ListIssueFacetsRequest {
        filter: Some(within(filter)),
        ..Default::default()
    };
    calls.push(call("StatsService/ListIssueFacets", &request));
    let scope = v1::EventScope {
        project_ids: ids.to_vec(),
        environment: environment.to_owned(),
        release: release.to_owned(),
        from: Some(stamp(FROM_MS)),
        to: Some(stamp(TO_MS)),
        ..Default::default()
    };
    let request = v1::ListEventFacetsRequest {
        scope: Some(scope.clone()),
        with_users: true,
        ..Default::default()
    };
    calls.push(call("StatsService/ListEventFacets", &request));
    for group_by in ["", "project", "issue", "release", "browser"] {
        let request = v1::QueryStatsRequest {
            scope: Some(scope.clone()),
            group_by: group_by.to_owned(),
            with_users: true,
            with_before: true,
            ..Default::default()
        };
        calls.push(call("StatsService/QueryStats", &request));
    }
}

pub(super) fn of_health(calls: &mut Vec<Call>, ids: &[u32]) {
    let (from, to) = (Some(stamp(FROM_MS)), Some(stamp(TO_MS)));
    let request = v1::ListReleasesRequest {
        project_ids: ids.to_vec(),
        from,
        to,
        ..Default::default()
    };
    calls.push(call("HealthService/ListReleases", &request));
    let request = v1::ListMonitorsRequest {
        project_ids: ids.to_vec(),
        from,
        to,
        ..Default::default()
    };
    calls.push(call("HealthService/ListMonitors", &request));
    let project_id = ids.first().copied().unwrap_or_default();
    let request = v1::ListSpikesRequest {
        project_id,
        ..Default::default()
    };
    calls.push(call("ProjectService/ListSpikes", &request));
    for other in 1..=3 {
        let request = v1::GetReleaseRequest {
            project_id,
            version: format!("rel-{other}"),
            from,
            to,
            ..Default::default()
        };
        calls.push(call("HealthService/GetRelease", &request));
        let request = v1::ListCheckInsRequest {
            project_id,
            slug: format!("job-{other}"),
            ..Default::default()
        };
        calls.push(call("HealthService/ListCheckIns", &request));
    }
}
