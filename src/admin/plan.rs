//! `errata plan`.

use anyhow::Result;
use proto::v1::{Plan, PlanKind, SetPlanRequest, command_service_client::CommandServiceClient};
use tonic::transport::Channel;

use super::said;
use crate::cli::{PlanCommand, PlanName};

/// Sets a plan; what to print.
pub(super) async fn set(command: &PlanCommand, channel: Channel) -> Result<String> {
    let PlanCommand::Set {
        plan,
        events_per_hour,
        project,
    } = command;
    let kind = match plan {
        PlanName::Unlimited => PlanKind::Unlimited,
        PlanName::Free => PlanKind::Free,
        PlanName::Pro => PlanKind::Pro,
        PlanName::Enterprise => PlanKind::Enterprise,
    };
    let request = SetPlanRequest {
        project_id: *project,
        plan: Some(Plan {
            kind: kind.into(),
            events_per_hour: *events_per_hour,
        }),
    };
    let mut client = CommandServiceClient::new(channel);
    client.set_plan(request).await.map_err(|s| said(&s))?;
    let whose = match project {
        0 => "the organisation".to_owned(),
        id => format!("project {id}"),
    };
    let quota = match plan {
        PlanName::Unlimited => "no quota".to_owned(),
        PlanName::Free => "free, 1,000 events an hour".to_owned(),
        PlanName::Pro => "pro, 10,000 events an hour".to_owned(),
        PlanName::Enterprise => format!("enterprise, {events_per_hour} events an hour"),
    };
    Ok(format!("{whose}: {quota}\n"))
}
