//! A session: restore the ledger, follow transitions, hand what is to be told to couriers
//! or hold it until its time, record how far all are dealt with.
//!
//! Invariant: the cursor is recorded only for transitions whose notifications have ended;
//! what is held has not. So whatever a crash or a lost connection interrupts stands above
//! the cursor, and the next session takes it up again.

mod quota;
mod resume;

use std::time::Duration;

use lettre::message::Mailbox;
use proto::{
    error::{ErrorCode, Refusal},
    v1::{
        AdvanceAlertCursorRequest, DeliveryState, GetEventRequest, GetIssueRequest, Issue,
        IssueStatus, ListDeliveriesRequest, ListMembersRequest, RecordDeliveryRequest,
        StreamTransitionsRequest, Transition,
    },
};
use tokio::task::{JoinError, JoinSet};
use tonic::Status;

use crate::{
    audience::Audience,
    clock::{nanoseconds, timestamp, unix_ns, until},
    config::{AlerterConfig, MAILS_WINDOW},
    deliver::{Courier, Ended},
    health::AlerterHealth,
    held::{Digest, Held},
    ledger::Ledger,
    mail::{self, DigestNotice, Mail, Notice},
    metric,
    rule::{DIGEST, EMAIL, Rule, digest_id, notification_id},
};

/// Notifications delivered at the same time; further ones wait in the stream.
const IN_FLIGHT_MAX: usize = 4;
/// Deliveries of a page at the start.
const DELIVERIES_PAGE: u32 = 1000;
/// Pages read at the start: what they do not hold could be told once more. 200,000
/// deliveries stand above no cursor that is recorded every [`CURSOR_INTERVAL`].
const DELIVERY_PAGES_MAX: usize = 200;
/// How often the cursor is recorded while transitions come.
const CURSOR_INTERVAL: Duration = Duration::from_secs(10);

/// What a finished courier reports.
struct Report {
    notification_id: String,
    position: u64,
    issue_id: String,
    ended: Ended,
}

struct Session<'a> {
    config: &'a AlerterConfig,
    courier: &'a Courier,
    ledger: Ledger,
    held: Held<Transition>,
    cursor: u64,
    couriers: JoinSet<Report>,
}

/// One session, until the stream of transitions ends.
pub(crate) async fn follow(
    config: &AlerterConfig,
    courier: &Courier,
    health: &AlerterHealth,
) -> Result<(), Status> {
    let (cursor, recorded) = unsettled(config, courier).await?;
    let (ledger, unfinished) = Ledger::restore(cursor, &recorded);
    let mut session = Session {
        config,
        courier,
        ledger,
        held: Held::default(),
        cursor,
        couriers: JoinSet::new(),
    };
    for step in unfinished {
        session.resume(step).await?;
    }
    let result = session.follow_stream(health).await;
    session.finish().await;
    result
}

/// The alert cursor, and all deliveries that matter to what comes: above the cursor,
/// without an end, or within what limits look back.
async fn unsettled(
    config: &AlerterConfig,
    courier: &Courier,
) -> Result<(u64, Vec<RecordDeliveryRequest>), Status> {
    let back = config.mail_interval.max(MAILS_WINDOW);
    let since_ns = config.clock.now_ns().saturating_sub(nanoseconds(back));
    let mut request = ListDeliveriesRequest {
        since: Some(timestamp(since_ns)),
        limit: DELIVERIES_PAGE,
        unsettled: true,
        ..ListDeliveriesRequest::default()
    };
    let mut recorded = Vec::new();
    for _ in 0..DELIVERY_PAGES_MAX {
        let mut live = courier.peers.live();
        let page = live.list_deliveries(request.clone()).await?.into_inner();
        recorded.extend(page.deliveries);
        if page.next_cursor.is_empty() {
            return Ok((page.alert_cursor, recorded));
        }
        request.cursor = page.next_cursor;
    }
    Err(Status::resource_exhausted(format!(
        "more than {} deliveries stand above the alert cursor",
        recorded.len()
    )))
}

impl Session<'_> {
    async fn follow_stream(&mut self, health: &AlerterHealth) -> Result<(), Status> {
        let request = StreamTransitionsRequest {
            after_position: self.cursor,
        };
        let mut live = self.courier.peers.live();
        let mut stream = live.stream_transitions(request).await?.into_inner();
        health.set(None);
        let mut tick = tokio::time::interval(CURSOR_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(quota::LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let has_room = self.couriers.len() < IN_FLIGHT_MAX;
            tokio::select! {
                () = self.courier.stop.cancelled() => return Ok(()),
                Some(report) = self.couriers.join_next() => self.settle(report)?,
                _ = tick.tick() => self.advance_cursor().await,
                _ = look.tick(), if has_room => self.warn_of_quotas().await?,
                () = until(self.held.next_due_ns(), &self.config.clock), if has_room => self.tell_due().await?,
                message = stream.message(), if has_room => {
                    let Some(message) = message? else { return Ok(()) };
                    if let Some(transition) = message.transition {
                        self.handle(transition).await?;
                    }
                }
            }
        }
    }

    async fn handle(&mut self, transition: Transition) -> Result<(), Status> {
        self.ledger.see(transition.position);
        let (Some(rule), Some(issue)) = (Rule::for_kind(transition.kind()), &transition.issue)
        else {
            return Ok(());
        };
        let id = notification_id(&transition, rule, EMAIL);
        let now_ns = self.config.clock.now_ns();
        if self.ledger.has_ended(&id, transition.position) || self.is_too_old(&id, &transition) {
            return Ok(());
        }
        let interval = self.config.mail_interval;
        if let Some(due_ns) = self.ledger.limited_until_ns(&issue.id, now_ns, interval) {
            return self.hold(transition, rule, id, due_ns).await;
        }
        if self.ledger.mails_within(now_ns, MAILS_WINDOW) >= self.config.mails_max {
            self.gather(transition, now_ns);
            return Ok(());
        }
        self.ledger.begin(transition.position);
        self.tell(transition, rule, id).await
    }

    /// Mail that is set up late must not flood people with history; what was held has
    /// waited for a reason.
    fn is_too_old(&self, id: &str, transition: &Transition) -> bool {
        let mut age_max = self.config.transition_age_max;
        if self.ledger.is_open(id) {
            age_max += self.config.mail_interval;
        }
        let now_ns = self.config.clock.now_ns();
        let at_ns = transition.at.as_ref().map_or(now_ns, unix_ns);
        now_ns.saturating_sub(at_ns) > nanoseconds(age_max)
    }

    /// The issue was mailed a moment ago: the newest of what happens to it is told when
    /// its interval ends.
    async fn hold(
        &mut self,
        transition: Transition,
        rule: Rule,
        id: String,
        due_ns: i64,
    ) -> Result<(), Status> {
        self.ledger.begin(transition.position);
        if !self.ledger.is_open(&id) {
            metric::held("issue");
            let mut step = step_of(&transition, rule, &id);
            self.record(&mut step, DeliveryState::Held, "").await?;
        }
        let issue_id = issue_id_of(&transition);
        if let Some(older) = self.held.wait(&issue_id, due_ns, transition) {
            self.suppress(&older, "told with what came after it")
                .await?;
        }
        Ok(())
    }

    /// Beyond the mails of an hour: told in the next digest, without a record of its own.
    fn gather(&mut self, transition: Transition, now_ns: i64) {
        metric::held("digest");
        let due_ns = now_ns.saturating_add(nanoseconds(self.config.digest_wait));
        let position = transition.position;
        let project = project_of(&transition);
        if self.held.gather(position, due_ns, project, || transition) {
            // All that follows stands above the first: the cursor waits for this one.
            self.ledger.begin(position);
        }
    }

    /// Whatever was held and is due now.
    async fn tell_due(&mut self) -> Result<(), Status> {
        let now_ns = self.config.clock.now_ns();
        if let Some(mut transition) = self.held.take_due(now_ns) {
            let Some(rule) = Rule::for_kind(transition.kind()) else {
                return Ok(());
            };
            // As it is by now: somebody may have resolved it again.
            match self.issue(&issue_id_of(&transition)).await? {
                Some(issue) if issue.status() == IssueStatus::Unresolved => {
                    let id = notification_id(&transition, rule, EMAIL);
                    transition.issue = Some(issue);
                    self.tell(transition, rule, id).await?;
                }
                _ => self.suppress(&transition, "no longer unresolved").await?,
            }
        } else if let Some(digest) = self.held.take_digest(now_ns) {
            self.tell_digest(digest).await?;
        }
        Ok(())
    }

    /// Mails one transition; it was begun.
    async fn tell(&mut self, transition: Transition, rule: Rule, id: String) -> Result<(), Status> {
        let project = project_of(&transition);
        let to = self.audience().await?.who_sees(project);
        if to.is_empty() {
            tracing::warn!(issue = %issue_id_of(&transition), "nobody who sees the project has an e-mail address: no mail is sent");
            self.ledger.end(&id, transition.position);
            return Ok(());
        }
        let mut step = step_of(&transition, rule, &id);
        step.target = join_addresses(&to);
        let place = self.place(&transition).await;
        let notice = Notice {
            notification_id: id,
            rule,
            issue: transition.issue.unwrap_or_default(),
            project_name: transition.project_name,
            release: transition.release,
            environment: transition.environment,
            place,
        };
        self.spawn(Mail::Notice(Box::new(notice)), to, step);
        Ok(())
    }

    async fn tell_digest(&mut self, digest: Digest<Transition>) -> Result<(), Status> {
        let id = digest_id(digest.first_position, EMAIL);
        // Whoever sees the same of it gets the same mail; all are one notification, so that
        // a crash between two of them loses none.
        let parts = self.audience().await?.parts(digest.projects());
        let told = parts.into_iter().map(|(projects, to)| {
            let (items, count) = digest.of(&projects);
            let notice = DigestNotice {
                notification_id: id.clone(),
                count,
                items,
            };
            (Mail::Digest(notice), to)
        });
        let mails: Vec<(Mail, Vec<Mailbox>)> = told.collect();
        if mails.is_empty() {
            self.ledger.end(&id, digest.first_position);
            return Ok(());
        }
        let all: Vec<Mailbox> = mails.iter().flat_map(|(_, to)| to.clone()).collect();
        let step = RecordDeliveryRequest {
            notification_id: id,
            transition_position: digest.last_position,
            issue_id: digest.first().map(issue_id_of).unwrap_or_default(),
            rule: DIGEST.to_owned(),
            channel: EMAIL.to_owned(),
            target: join_addresses(&all),
            ..RecordDeliveryRequest::default()
        };
        self.spawn_at(mails, step, digest.first_position);
        Ok(())
    }

    /// The lines of the newest own calls; a mail without them is better than none.
    async fn place(&self, transition: &Transition) -> Vec<String> {
        if transition.event_id.is_empty() {
            return Vec::new();
        }
        let request = GetEventRequest {
            event_id: transition.event_id.clone(),
            issue_id: issue_id_of(transition),
            after_position: 0,
        };
        match self.courier.peers.events().get_event(request).await {
            Ok(answer) => mail::place(answer.into_inner().detail.unwrap_or_default()),
            Err(status) => {
                tracing::debug!(%status, event = %transition.event_id, "the event of a mail could not be read");
                Vec::new()
            }
        }
    }

    /// Ends what is not told by itself.
    async fn suppress(&mut self, transition: &Transition, why: &str) -> Result<(), Status> {
        let Some(rule) = Rule::for_kind(transition.kind()) else {
            return Ok(());
        };
        let id = notification_id(transition, rule, EMAIL);
        let mut step = step_of(transition, rule, &id);
        self.record(&mut step, DeliveryState::Suppressed, why)
            .await?;
        metric::ended("suppressed");
        self.ledger.end(&id, transition.position);
        Ok(())
    }

    async fn record(
        &self,
        step: &mut RecordDeliveryRequest,
        state: DeliveryState,
        why: &str,
    ) -> Result<(), Status> {
        if self.courier.record(step, state, why.to_owned()).await {
            Ok(())
        } else {
            Err(unrecorded())
        }
    }

    async fn issue(&self, issue_id: &str) -> Result<Option<Issue>, Status> {
        let request = GetIssueRequest {
            issue_id: issue_id.to_owned(),
            ..GetIssueRequest::default()
        };
        match self.courier.peers.issues().get_issue(request).await {
            Ok(answer) => Ok(answer.into_inner().issue),
            Err(status) if Refusal::of_status(&status).code == ErrorCode::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    fn spawn(&mut self, mail: Mail, to: Vec<Mailbox>, step: RecordDeliveryRequest) {
        let position = step.transition_position;
        self.spawn_at(vec![(mail, to)], step, position);
    }

    /// `position`: the one that was begun, and that ends with these mails.
    fn spawn_at(
        &mut self,
        mails: Vec<(Mail, Vec<Mailbox>)>,
        step: RecordDeliveryRequest,
        position: u64,
    ) {
        // Counts against the limits from now on: the next transition may come before this
        // mail is out.
        let now_ns = self.config.clock.now_ns();
        match mails.first() {
            Some((Mail::Notice(_), _)) => self.ledger.mailed(&step.issue_id, now_ns),
            Some((Mail::Digest(_) | Mail::Quota(_), _)) | None => self.ledger.digested(now_ns),
        }
        let courier = self.courier.clone();
        self.couriers.spawn(async move {
            let (notification_id, issue_id) = (step.notification_id.clone(), step.issue_id.clone());
            let ended = courier.deliver(mails, step).await;
            Report {
                notification_id,
                position,
                issue_id,
                ended,
            }
        });
        metric::in_flight(self.couriers.len());
    }

    /// An error: something could not be recorded while the gateway was away. Whatever
    /// stands above the cursor is taken up again.
    fn settle(&mut self, report: Result<Report, JoinError>) -> Result<(), Status> {
        metric::in_flight(self.couriers.len());
        match report {
            Ok(report) if report.ended == Ended::Open => {
                tracing::info!(issue = %report.issue_id, "a notification stays open for the next start");
                return Err(unrecorded());
            }
            Ok(report) => self.ledger.end(&report.notification_id, report.position),
            Err(error) => {
                tracing::error!(%error, "a courier panicked; its notification stays open");
            }
        }
        Ok(())
    }

    async fn audience(&self) -> Result<Audience, Status> {
        let mut projects = self.courier.peers.projects();
        let members = projects.list_members(ListMembersRequest {}).await?;
        Ok(Audience::of(&members.into_inner().members))
    }

    async fn advance_cursor(&mut self) {
        let done = self.ledger.done_to();
        if done <= self.cursor {
            return;
        }
        let request = AdvanceAlertCursorRequest { position: done };
        match self
            .courier
            .peers
            .commands()
            .advance_alert_cursor(request)
            .await
        {
            Ok(_) => {
                self.cursor = done;
                self.ledger
                    .forget(done, self.config.clock.now_ns(), self.config.mail_interval);
            }
            Err(status) => tracing::warn!(%status, "the alert cursor could not be recorded"),
        }
    }

    /// Waits for the couriers (each ends soon once `stop` is cancelled) and records
    /// the cursor.
    async fn finish(&mut self) {
        while let Some(report) = self.couriers.join_next().await {
            // Taken up again either way.
            let _ = self.settle(report);
        }
        self.advance_cursor().await;
    }
}

fn step_of(transition: &Transition, rule: Rule, id: &str) -> RecordDeliveryRequest {
    RecordDeliveryRequest {
        notification_id: id.to_owned(),
        transition_position: transition.position,
        issue_id: issue_id_of(transition),
        rule: rule.name().to_owned(),
        channel: EMAIL.to_owned(),
        ..RecordDeliveryRequest::default()
    }
}

fn project_of(transition: &Transition) -> u32 {
    let issue = transition.issue.as_ref();
    issue.map(|issue| issue.project_id).unwrap_or_default()
}

fn issue_id_of(transition: &Transition) -> String {
    let issue = transition.issue.as_ref();
    issue.map(|issue| issue.id.clone()).unwrap_or_default()
}

fn unrecorded() -> Status {
    Status::unavailable("a delivery could not be recorded")
}

fn join_addresses(to: &[Mailbox]) -> String {
    to.iter()
        .map(|mailbox| mailbox.email.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
