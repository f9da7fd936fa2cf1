//! Warnings of quotas: a look at what is used, now and then.

use std::time::Duration;

use proto::v1::{GetOrganizationUsageRequest, GetUsageRequest, RecordDeliveryRequest};
use tonic::Status;

use super::{Session, join_addresses};
use crate::{
    mail::{Mail, QuotaNotice},
    quota,
    rule::EMAIL,
};

/// Between two looks: a quota of an hour is not used up in less, or it does not matter which
/// of both mails comes.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Of no issue.
const NO_ISSUE: &str = "0000000000000000";

impl Session<'_> {
    /// Tells of thresholds that were reached since the last look.
    pub(super) async fn warn_of_quotas(&mut self) -> Result<(), Status> {
        let mut projects = self.courier.peers.projects();
        let request = GetOrganizationUsageRequest {
            hours: 1,
            after_position: 0,
        };
        let organization = projects.get_organization_usage(request).await?.into_inner();
        if !organization.enabled {
            return Ok(());
        }
        let request = GetUsageRequest {
            hours: 1,
            ..GetUsageRequest::default()
        };
        let answer = projects.get_usage(request).await?.into_inner();
        let mut usages = answer.projects;
        usages.extend(organization.usage);
        for warning in quota::due(&usages, |id| self.ledger.is_warned(id)) {
            let id = warning.id();
            let audience = self.audience().await?;
            let to = match warning.project_id {
                0 => audience.owners(),
                project => audience.who_sees(project),
            };
            self.ledger.warned(&id, self.config.clock.now_ns());
            if to.is_empty() {
                continue;
            }
            let step = RecordDeliveryRequest {
                notification_id: id.clone(),
                issue_id: NO_ISSUE.to_owned(),
                rule: warning.rule(),
                channel: EMAIL.to_owned(),
                target: join_addresses(&to),
                ..RecordDeliveryRequest::default()
            };
            let notice = QuotaNotice {
                notification_id: id,
                warning,
            };
            self.spawn(Mail::Quota(notice), to, step);
        }
        Ok(())
    }
}
