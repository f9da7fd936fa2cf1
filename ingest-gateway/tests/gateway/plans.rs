//! Commands about plans and limits of keys: who may, and what is refused.

use proto::v1::{ListKeysRequest, Plan, PlanKind, SetKeyLimitRequest, SetPlanRequest};
use tonic::Code;

use crate::{
    accounts::{accounts, by, commands, member, refused},
    support::{KEY, TOKEN, World},
};

fn plan(project_id: u32, kind: PlanKind, events_per_hour: u64) -> SetPlanRequest {
    SetPlanRequest {
        project_id,
        plan: Some(Plan {
            kind: kind.into(),
            events_per_hour,
        }),
    }
}

#[tokio::test]
async fn plans_are_an_owners_and_checked() {
    let world = World::new().await;
    let mut client = commands(&world);
    for sound in [
        plan(0, PlanKind::Free, 0),
        plan(1, PlanKind::Enterprise, 5),
        plan(1, PlanKind::Unlimited, 0),
    ] {
        client.set_plan(by(TOKEN, sound)).await.unwrap();
    }
    let without = SetPlanRequest {
        project_id: 1,
        plan: None,
    };
    for (wrong, code, field) in [
        (without, Code::InvalidArgument, "plan"),
        (
            plan(0, PlanKind::Unspecified, 0),
            Code::InvalidArgument,
            "plan.kind",
        ),
        (
            plan(0, PlanKind::Enterprise, 0),
            Code::InvalidArgument,
            "plan.events_per_hour",
        ),
        (
            plan(0, PlanKind::Pro, 7),
            Code::InvalidArgument,
            "plan.events_per_hour",
        ),
        (plan(9, PlanKind::Free, 0), Code::NotFound, "project_id"),
    ] {
        let status = client.set_plan(by(TOKEN, wrong)).await.unwrap_err();
        let said = proto::error::Refusal::of_status(&status);
        assert_eq!((status.code(), said.field.as_str()), (code, field));
    }
    let (_, token) = member(&world, "bob@example.com").await;
    let answer = client
        .set_plan(by(&token, plan(0, PlanKind::Free, 0)))
        .await;
    refused(answer, Code::PermissionDenied);
}

#[tokio::test]
async fn a_keys_limit_is_listed_with_it() {
    let world = World::new().await;
    let mut client = commands(&world);
    let limit = |items_per_minute| SetKeyLimitRequest {
        project_id: 1,
        public_key: KEY.to_owned(),
        items_per_minute,
    };
    for items in [60, 0] {
        client.set_key_limit(by(TOKEN, limit(items))).await.unwrap();
        let keys = accounts(&world)
            .list_keys(by(TOKEN, ListKeysRequest { project_id: 1 }))
            .await;
        let keys = keys.unwrap().into_inner().keys;
        assert_eq!(keys[0].items_per_minute, items);
    }
    let answer = client.set_key_limit(by(TOKEN, limit(1_000_001))).await;
    refused(answer, Code::InvalidArgument);
}
