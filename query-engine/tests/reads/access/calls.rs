//! Every method and route of reads, with what there is and what there is not by name.

use prost::Message;
use proto::v1;

use super::{
    queries,
    world::{FROM_MS, TO_MS, event_id, issue_id},
};
use crate::figures::stamp;

/// Services that the query engine serves.
pub(crate) const SERVICES: [&str; 7] = [
    "ProjectService",
    "IssueService",
    "EventService",
    "GroupingService",
    "StatsService",
    "HealthService",
    "LiveService",
];

/// One call of a method.
pub(crate) struct Call {
    /// `Service/Method`.
    pub(crate) path: &'static str,
    /// The request, encoded.
    pub(crate) body: Vec<u8>,
    /// The request, to be shown.
    pub(crate) what: String,
    /// Whether its answer has no end.
    pub(crate) is_stream: bool,
}

impl Call {
    /// Whether its answer tells who asks, or is an owner's alone.
    pub(crate) fn is_about_oneself(&self) -> bool {
        [
            "ProjectService/GetViewer",
            "ProjectService/GetOrganizationUsage",
            "StatsService/GetStorage",
            "StatsService/GetRetention",
        ]
        .contains(&self.path)
    }
}

pub(super) fn call(path: &'static str, request: &(impl Message + std::fmt::Debug)) -> Call {
    Call {
        path,
        body: request.encode_to_vec(),
        what: format!("{request:?}"),
        is_stream: path.contains("/Stream"),
    }
}

/// A route and a path of it.
pub(crate) struct Route {
    pub(crate) route: &'static str,
    pub(crate) path: String,
}

/// None, each there may be, and one there never is.
const PROJECTS: [&[u32]; 6] = [&[], &[1], &[2], &[3], &[1, 2, 3], &[9]];
/// One more than there ever are.
const ISSUES: u64 = 9;

pub(crate) fn all_issues() -> Call {
    let request = v1::ListIssuesRequest {
        filter: Some(within(v1::IssueFilter::default())),
        ..Default::default()
    };
    call("IssueService/ListIssues", &request)
}

pub(crate) fn all_events() -> Call {
    let request = v1::ListEventsRequest {
        with_total: true,
        ..Default::default()
    };
    call("EventService/ListEvents", &request)
}

pub(crate) fn summary() -> Call {
    let request = v1::GetSummaryRequest {
        from: Some(stamp(FROM_MS)),
        to: Some(stamp(TO_MS)),
        ..Default::default()
    };
    call("StatsService/GetSummary", &request)
}

pub(crate) fn facets() -> Call {
    call("IssueService/ListFacets", &v1::ListFacetsRequest::default())
}

pub(crate) fn projects() -> Call {
    call(
        "ProjectService/ListProjects",
        &v1::ListProjectsRequest::default(),
    )
}

pub(crate) fn deliveries() -> Call {
    call(
        "LiveService/ListDeliveries",
        &v1::ListDeliveriesRequest::default(),
    )
}

/// Values of every tag key there is.
pub(crate) fn completions() -> Call {
    let request = v1::CompleteQueryRequest {
        text: "release:".to_owned(),
        at: 8,
        project_ids: Vec::new(),
    };
    call("IssueService/CompleteQuery", &request)
}

pub(super) fn within(filter: v1::IssueFilter) -> v1::IssueFilter {
    v1::IssueFilter {
        from: Some(stamp(FROM_MS)),
        to: Some(stamp(TO_MS)),
        ..filter
    }
}

/// Every method, each with all that may be named.
pub(crate) fn methods() -> Vec<Call> {
    let mut calls = vec![
        all_issues(),
        all_events(),
        summary(),
        facets(),
        completions(),
        projects(),
        deliveries(),
        call("ProjectService/ListMembers", &v1::ListMembersRequest {}),
        call("ProjectService/GetViewer", &v1::GetViewerRequest {}),
        call(
            "ProjectService/GetOrganizationUsage",
            &v1::GetOrganizationUsageRequest {
                hours: 2,
                after_position: 0,
            },
        ),
        call(
            "StatsService/GetPipelineStatus",
            &v1::GetPipelineStatusRequest {},
        ),
        call("StatsService/GetStorage", &v1::GetStorageRequest {}),
        call(
            "StatsService/GetRetention",
            &v1::GetRetentionRequest::default(),
        ),
        call(
            "LiveService/StreamIssues",
            &v1::StreamIssuesRequest::default(),
        ),
        call(
            "LiveService/StreamTransitions",
            &v1::StreamTransitionsRequest::default(),
        ),
    ];
    for ids in PROJECTS {
        of_projects(&mut calls, ids);
    }
    for id in 1..=ISSUES {
        of_issue(&mut calls, &issue_id(id), &event_id(id));
        let request = v1::ListSimilarIssuesRequest {
            issue_id: issue_id(id),
            limit: 20,
            ..Default::default()
        };
        calls.push(call("IssueService/ListSimilarIssues", &request));
    }
    let ids = (1..=ISSUES).map(issue_id).collect();
    calls.push(call(
        "IssueService/LocateIssues",
        &v1::LocateIssuesRequest { issue_ids: ids },
    ));
    calls.push(call(
        "LiveService/ListDeliveries",
        &v1::ListDeliveriesRequest {
            unsettled: true,
            ..Default::default()
        },
    ));
    calls
}

fn of_projects(calls: &mut Vec<Call>, ids: &[u32]) {
    let one = ids.first().copied().unwrap_or_default();
    let (from, to) = (Some(stamp(FROM_MS)), Some(stamp(TO_MS)));
    for (environment, release, sort, limit) in [
        ("", "", v1::IssueSort::LastSeen, 2),
        ("env-1", "", v1::IssueSort::Count, 50),
        ("env-2", "rel-2", v1::IssueSort::Users, 50),
        ("", "rel-3", v1::IssueSort::FirstSeen, 1),
    ] {
        let filter = v1::IssueFilter {
            project_ids: ids.to_vec(),
            environment: environment.to_owned(),
            release: release.to_owned(),
            ..Default::default()
        };
        for filter in [filter.clone(), within(filter)] {
            // Without a range sparklines count back from now.
            let is_ranged = filter.from.is_some();
            let request = v1::ListIssuesRequest {
                filter: Some(filter),
                sort: sort.into(),
                limit,
                ..Default::default()
            };
            if is_ranged {
                calls.push(call("IssueService/ListIssues", &request));
            }
        }
        let request = v1::GetSummaryRequest {
            project_ids: ids.to_vec(),
            environment: environment.to_owned(),
            release: release.to_owned(),
            from,
            to,
            ..Default::default()
        };
        calls.push(call("StatsService/GetSummary", &request));
        queries::of_a_query(calls, ids, environment, release);
        let request = v1::ListTopIssuesRequest {
            project_ids: ids.to_vec(),
            environment: environment.to_owned(),
            release: release.to_owned(),
            from,
            to,
            ..Default::default()
        };
        calls.push(call("StatsService/ListTopIssues", &request));
        for group in 0..4 {
            let request = v1::GetTimeSeriesRequest {
                project_ids: ids.to_vec(),
                environment: environment.to_owned(),
                release: release.to_owned(),
                from,
                to,
                group,
                with_users: true,
                with_releases: true,
                ..Default::default()
            };
            calls.push(call("StatsService/GetTimeSeries", &request));
        }
        let request = v1::ListEventsRequest {
            project_id: one,
            environment: environment.to_owned(),
            release: release.to_owned(),
            limit,
            with_total: true,
            ..Default::default()
        };
        calls.push(call("EventService/ListEvents", &request));
        exports(calls, one, environment, release);
    }
    queries::of_health(calls, ids);
    let project_ids = ids.to_vec();
    calls.push(call(
        "IssueService/ListFacets",
        &v1::ListFacetsRequest { project_ids },
    ));
    let request = v1::GetProjectRequest {
        project_id: one,
        ..Default::default()
    };
    calls.push(call("ProjectService/GetProject", &request));
    let request = v1::ListFeedbackRequest {
        project_id: one,
        ..Default::default()
    };
    calls.push(call("ProjectService/ListFeedback", &request));
    let request = v1::ListArrivalsRequest {
        project_id: one,
        hours: 2,
        ..Default::default()
    };
    calls.push(call("ProjectService/ListArrivals", &request));
    let request = v1::GetUsageRequest {
        project_id: one,
        hours: 2,
        ..Default::default()
    };
    calls.push(call("ProjectService/GetUsage", &request));
}

fn of_rules(calls: &mut Vec<Call>, event: &str) {
    for project_id in [1, 2, 9] {
        let request = v1::CheckRulesRequest {
            project_id,
            text: "error.type:* -> found".to_owned(),
            event_id: event.to_owned(),
            ..Default::default()
        };
        calls.push(call("GroupingService/CheckRules", &request));
    }
    for (project_id, text) in [(1, None), (2, Some("error.type:* -> found")), (9, Some(""))] {
        let request = v1::PreviewRegroupRequest {
            project_id,
            text: text.map(str::to_owned),
            ..Default::default()
        };
        calls.push(call("GroupingService/PreviewRegroup", &request));
    }
}

fn of_issue(calls: &mut Vec<Call>, issue: &str, event: &str) {
    of_rules(calls, event);
    let (from, to) = (Some(stamp(FROM_MS)), Some(stamp(TO_MS)));
    let issue_id = issue.to_owned();
    let request = v1::GetIssueRequest {
        issue_id: issue_id.clone(),
        from,
        to,
        ..Default::default()
    };
    calls.push(call("IssueService/GetIssue", &request));
    let request = v1::ListActivityRequest {
        issue_id: issue_id.clone(),
        ..Default::default()
    };
    calls.push(call("IssueService/ListActivity", &request));
    let request = v1::ListTagsRequest {
        issue_id: issue_id.clone(),
        ..Default::default()
    };
    calls.push(call("IssueService/ListTags", &request));
    let request = v1::LocateIssuesRequest {
        issue_ids: vec![issue_id.clone()],
    };
    calls.push(call("IssueService/LocateIssues", &request));
    for text in [issue, event, "thing"] {
        let request = v1::ListIssuesRequest {
            filter: Some(within(v1::IssueFilter {
                text: text.to_owned(),
                ..Default::default()
            })),
            ..Default::default()
        };
        calls.push(call("IssueService/ListIssues", &request));
    }
    for (project_id, query) in [(0, ""), (1, ""), (2, ""), (0, event), (0, "thing")] {
        let request = v1::ListEventsRequest {
            project_id,
            issue_id: if query.is_empty() {
                issue_id.clone()
            } else {
                String::new()
            },
            query: query.to_owned(),
            with_total: true,
            ..Default::default()
        };
        calls.push(call("EventService/ListEvents", &request));
    }
    for (event_id, issue) in [
        (event, ""),
        (event, issue),
        ("latest", issue),
        ("oldest", issue),
    ] {
        let request = v1::GetEventRequest {
            event_id: event_id.to_owned(),
            issue_id: issue.to_owned(),
            ..Default::default()
        };
        calls.push(call("EventService/GetEvent", &request));
        let request = v1::ExplainGroupingRequest {
            event_id: event_id.to_owned(),
            issue_id: issue.to_owned(),
            ..Default::default()
        };
        calls.push(call("EventService/ExplainGrouping", &request));
    }
    for other in 1..=ISSUES {
        let request = v1::WhyApartRequest {
            first_event_id: event.to_owned(),
            second_event_id: event_id(other),
            ..Default::default()
        };
        calls.push(call("EventService/WhyApart", &request));
    }
    let request = v1::GetTimeSeriesRequest {
        issue_id: issue_id.clone(),
        from,
        to,
        with_users: true,
        with_releases: true,
        ..Default::default()
    };
    calls.push(call("StatsService/GetTimeSeries", &request));
    let request = v1::ListFeedbackRequest {
        issue_id,
        ..Default::default()
    };
    calls.push(call("ProjectService/ListFeedback", &request));
}

/// Files of the events of a project, an environment, a release.
fn exports(calls: &mut Vec<Call>, project_id: u32, environment: &str, release: &str) {
    for format in [v1::ExportFormat::JsonLines, v1::ExportFormat::Csv] {
        let request = v1::ExportEventsRequest {
            events: Some(v1::ListEventsRequest {
                project_id,
                environment: environment.to_owned(),
                release: release.to_owned(),
                ..Default::default()
            }),
            format: format.into(),
        };
        calls.push(call("EventService/ExportEvents", &request));
    }
}

/// Every route, with all that may be named.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    let mut add = |route: &'static str, path: String| routes.push(Route { route, path });
    for query in [
        "",
        "?project=1",
        "?project=2",
        "?project=3",
        "?project=9",
        "?limit=1",
    ] {
        add("/api/issues", format!("/api/issues{query}"));
        add("/api/errors", format!("/api/errors{query}"));
        add("/api/errors/export", format!("/api/errors/export{query}"));
        let query = query.replace('?', "&");
        let (from, to) = (FROM_MS / 1000, TO_MS / 1000);
        let path = format!("/api/stats?from={from}&to={to}&group_by=project{query}");
        add("/api/stats", path);
    }
    for id in 1..=ISSUES {
        let (issue, event) = (issue_id(id), event_id(id));
        add("/api/issues/{id}", format!("/api/issues/{issue}"));
        let similar = format!("/api/issues/{issue}/similar");
        add("/api/issues/{id}/similar", similar);
        add("/api/errors", format!("/api/errors?issue={issue}"));
        add("/api/issues", format!("/api/issues?query={event}"));
        add("/api/errors/{id}", format!("/api/errors/{event}"));
        add(
            "/api/errors/{id}/grouping",
            format!("/api/errors/{event}/grouping"),
        );
        for number in 0..2 {
            let file = format!("/api/errors/{event}/attachments/{number}");
            add("/api/errors/{id}/attachments/{number}", file);
        }
    }
    routes
}
