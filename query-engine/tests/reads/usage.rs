//! What was used of the plans.

use event_model::{Decision, Plan, ProjectId};
use proto::v1::{self, project_service_client::ProjectServiceClient};
use tonic::Code;

use crate::{
    fixture::{Fixture, command},
    grpc::authorize,
};

#[tokio::test]
async fn usage_stands_beside_what_the_plans_allow() {
    let fixture = Fixture::new();
    let hour = fixture.clock.now_s() / 3_600;
    fixture
        .db
        .execute_batch(&format!(
            "INSERT INTO arrival_hour VALUES
                 (1, {hour}, 1, 'error', '', 30), (1, {hour}, 1, 'error', 'limited', 5),
                 (1, {hour}, 1, 'error', 'duplicate', 9), (1, {hour}, 1, 'attachment', '', 40),
                 (1, {hour}, 2, 'error', 'limited', 70), (1, {before}, 1, 'error', '', 2),
                 (1, {long_ago}, 1, 'error', '', 1000), (2, {hour}, 1, 'error', '', 100);",
            before = hour - 2,
            long_ago = hour - 3,
        ))
        .unwrap();
    for (project, plan) in [(None, Plan::Free), (Some(2), Plan::Enterprise(250))] {
        command(
            &fixture.log,
            Decision::SetPlan {
                project_id: project.map(ProjectId),
                plan,
            },
        );
    }
    let mut client = ProjectServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::GetUsageRequest {
        hours: 3,
        ..Default::default()
    };
    let found = client.get_usage(request).await.unwrap().into_inner();
    assert!(found.enabled);
    let line = |usage: &v1::Usage| {
        let hours: Vec<_> = usage.hours.iter().map(|h| (h.stored, h.limited)).collect();
        let plan = usage.plan.unwrap();
        (usage.name.clone(), plan.kind(), plan.events_per_hour, hours)
    };
    let request = v1::GetOrganizationUsageRequest {
        hours: 3,
        after_position: 0,
    };
    let answer = client.get_organization_usage(request).await.unwrap();
    let organization = answer.into_inner().usage.unwrap();
    assert_eq!(
        line(&organization),
        (
            "Acme".to_owned(),
            v1::PlanKind::Free,
            1_000,
            vec![(2, 0), (0, 0), (130, 5)]
        )
    );
    assert_eq!(organization.used, 130);
    let projects: Vec<_> = found.projects.iter().map(line).collect();
    let expected = [
        (
            "default".to_owned(),
            v1::PlanKind::Unlimited,
            0,
            vec![(2, 0), (0, 0), (30, 5)],
        ),
        (
            "shop".to_owned(),
            v1::PlanKind::Enterprise,
            250,
            vec![(0, 0), (0, 0), (100, 0)],
        ),
    ];
    assert_eq!(projects, expected);
    let first = &found.projects[0].categories[0];
    assert_eq!((first.category.as_str(), first.stored), ("attachment", 40));
    let begins = found.projects[0].hour_begins_at.unwrap().seconds;
    let resets = found.projects[0].resets_at.unwrap().seconds;
    assert_eq!((begins, resets), (hour * 3_600, (hour + 1) * 3_600));

    let of_one = v1::GetUsageRequest {
        project_id: 2,
        ..Default::default()
    };
    let found = client.get_usage(of_one).await.unwrap().into_inner();
    let ids: Vec<u32> = found
        .projects
        .iter()
        .map(|usage| usage.project_id)
        .collect();
    assert_eq!((ids, found.projects[0].hours.len()), (vec![2], 24));
    for (project_id, hours, code) in [(3, 1, Code::NotFound), (1, 169, Code::InvalidArgument)] {
        let wrong = v1::GetUsageRequest {
            project_id,
            hours,
            after_position: 0,
        };
        assert_eq!(client.get_usage(wrong).await.unwrap_err().code(), code);
    }
    let viewer = client.get_viewer(v1::GetViewerRequest {}).await.unwrap();
    assert_eq!(viewer.into_inner().plan, "free");
}
