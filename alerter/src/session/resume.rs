//! What a crash left as `sending`.

use std::collections::HashSet;

use lettre::Address;
use proto::v1::{DeliveryState, ListProjectsRequest, RecordDeliveryRequest};
use tonic::Status;

use super::Session;
use crate::{
    mail::{Mail, Notice},
    rule::Rule,
};

impl Session<'_> {
    /// Sends once more what a crash left as `sending`.
    pub(super) async fn resume(&mut self, step: RecordDeliveryRequest) -> Result<(), Status> {
        let (issue, rule) = (
            self.issue(&step.issue_id).await?,
            Rule::from_name(&step.rule),
        );
        let (Some(issue), Some(rule)) = (issue, rule) else {
            return Ok(());
        };
        let mut projects = self.courier.peers.projects();
        let projects = projects
            .list_projects(ListProjectsRequest::default())
            .await?;
        let project = projects
            .into_inner()
            .projects
            .into_iter()
            .find(|p| p.id == issue.project_id);
        // Who was taken off the project meanwhile is not told any more.
        let named: HashSet<Address> = step
            .target
            .split(',')
            .filter_map(|address| address.trim().parse().ok())
            .collect();
        let mut to = self.audience().await?.who_sees(issue.project_id);
        to.retain(|mailbox| named.contains(&mailbox.email));
        if to.is_empty() {
            let why = "nobody it was for sees the project any more";
            let mut step = step;
            self.record(&mut step, DeliveryState::Suppressed, why)
                .await?;
            self.ledger
                .end(&step.notification_id, step.transition_position);
            return Ok(());
        }
        let notice = Notice {
            notification_id: step.notification_id.clone(),
            rule,
            release: issue.last_release.clone(),
            environment: String::new(),
            project_name: project.map(|p| p.name).unwrap_or_default(),
            place: Vec::new(),
            issue,
        };
        self.ledger.begin(step.transition_position);
        self.spawn(Mail::Notice(Box::new(notice)), to, step);
        Ok(())
    }
}
