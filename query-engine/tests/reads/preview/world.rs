//! A past whose fingerprints are true: issues are what grouping makes of their events.

use std::collections::{BTreeMap, HashMap};

use event_model::{
    Decision, Event, EventId, Fingerprint, Head, IssueId, Position, ProjectId, StoredEvent,
};
use grouping::{Grouper, Rules};
use proto::v1::{
    self, grouping_service_client::GroupingServiceClient, preview_regroup_response::Step,
};
use rusqlite::params;
use tonic::{Status, Streaming};

use crate::{
    fixture::{Fixture, T0_MS, command, event},
    grpc::authorize,
};

/// Events that wait for the disk together.
const WAITING_MAX: usize = 250;

pub(crate) struct Past {
    pub(crate) fixture: Fixture,
    /// The issue of each fingerprint.
    pub(crate) homes: HashMap<Fingerprint, u64>,
    /// The issue that each of those opened.
    pub(crate) own: HashMap<Fingerprint, u64>,
    /// The first record of each.
    firsts: HashMap<Fingerprint, Position>,
    in_force: Grouper,
    value: String,
}

impl Past {
    pub(crate) fn new() -> Self {
        Self {
            fixture: Fixture::new(),
            homes: HashMap::new(),
            own: HashMap::new(),
            firsts: HashMap::new(),
            in_force: Grouper::standard(),
            value: "x is null".to_owned(),
        }
    }

    /// What the errors of events to come say.
    pub(crate) fn value(&mut self, value: String) {
        self.value = value;
    }

    /// Rules for events to come.
    pub(crate) fn set(&mut self, text: &str) {
        let decision = Decision::SetGroupingRules {
            project_id: ProjectId(1),
            text: text.to_owned(),
        };
        command(&self.fixture.log, decision);
        self.in_force = by(text);
    }

    /// An issue of events like these.
    pub(crate) fn issue(&mut self, number: u64, function: &str, tags: &[(&str, &str)]) {
        self.fixture.issue(number, function, 1, T0_MS);
        let print = print(&self.in_force, &self.made(0, function, tags));
        let sql = "UPDATE fingerprint SET fingerprint = ?2 WHERE id = ?1";
        let values = params![number as i64, print.0];
        self.fixture.db.execute(sql, values).unwrap();
        self.homes.insert(print, number);
        self.own.insert(print, number);
    }

    /// The first record of a fingerprint that there is; of one without events before all.
    pub(crate) fn first(&self, print: Fingerprint) -> Position {
        self.firsts.get(&print).copied().unwrap_or(Position(0))
    }

    /// Makes one issue of two.
    pub(crate) fn merge(&mut self, into: u64, other: u64) {
        let sql = format!(
            "UPDATE fingerprint SET issue_id = {into} WHERE id = {other};
             DELETE FROM issue WHERE id = {other};"
        );
        self.fixture.db.execute_batch(&sql).unwrap();
        for home in self.homes.values_mut().filter(|home| **home == other) {
            *home = into;
        }
    }

    pub(crate) fn made(&self, n: u64, function: &str, tags: &[(&str, &str)]) -> Event {
        let mut event = event(n as u8);
        event.fingerprint.clear();
        function.clone_into(&mut event.exceptions[1].frames[1].function);
        self.value.clone_into(&mut event.exceptions[1].value);
        for (key, value) in tags {
            event.tags.push(((*key).to_owned(), (*value).to_owned()));
        }
        event
    }

    pub(crate) fn event(&mut self, n: u8, function: &str, tags: &[(&str, &str)]) {
        let event = self.made(n.into(), function, tags);
        let position = self.fixture.event(IssueId(1), &event);
        self.came(&event, position);
    }

    /// An event of another project.
    pub(crate) fn foreign(&mut self, n: u8, function: &str) {
        let mut event = self.made(n.into(), function, &[]);
        event.project_id = ProjectId(2);
        self.fixture.event(IssueId(100), &event);
    }

    /// Many events, which no index has.
    pub(crate) fn many(&mut self, events: &[(&str, Vec<(&str, &str)>)]) -> Vec<Position> {
        let mut positions = Vec::with_capacity(events.len());
        for (at, some) in events.chunks(WAITING_MAX).enumerate() {
            let mut tickets = Vec::new();
            for (n, (function, tags)) in some.iter().enumerate() {
                let mut event = self.made(1, function, tags);
                event.id = EventId(((at * WAITING_MAX + n) as u128 + 1).to_be_bytes());
                let ticket = self
                    .fixture
                    .log
                    .append_event(&Head::of(&event, 0), vec![b'{', b'}']);
                tickets.push(ticket.unwrap());
            }
            // A task may not wait for so many at once.
            let waiting = std::thread::spawn(move || {
                let places = tickets.into_iter().map(|ticket| ticket.wait().unwrap());
                places.collect::<Vec<Position>>()
            });
            positions.extend(waiting.join().unwrap());
        }
        let mut prints = HashMap::new();
        for (like, position) in events.iter().zip(&positions) {
            let print = *prints
                .entry(like)
                .or_insert_with(|| print(&self.in_force, &self.made(1, like.0, &like.1)));
            self.firsts.entry(print).or_insert(*position);
        }
        positions
    }

    fn came(&mut self, event: &Event, position: Position) {
        let print = print(&self.in_force, event);
        self.firsts.entry(print).or_insert(position);
    }

    /// An issue has the id of its fingerprint whose first event is the oldest.
    pub(crate) async fn settle(&mut self) {
        let mut oldest: BTreeMap<u64, (Position, u64)> = BTreeMap::new();
        for (print, number) in &self.own {
            let first = self.first(*print);
            let sql = "UPDATE fingerprint SET opened = ?2 WHERE id = ?1";
            let values = params![*number as i64, first.0 as i64];
            self.fixture.db.execute(sql, values).unwrap();
            let known = oldest.entry(self.homes[print]).or_insert((first, *number));
            *known = (first, *number).min(*known);
        }
        for (issue, (first, number)) in oldest {
            let sql = format!(
                "UPDATE issue SET id = {number}, opened = {} WHERE id = {issue};
                 UPDATE fingerprint SET issue_id = {number} WHERE issue_id = {issue};",
                first.0
            );
            self.fixture.db.execute_batch(&sql).unwrap();
            for home in self.homes.values_mut().filter(|home| **home == issue) {
                *home = number;
            }
        }
        self.fixture.pass_over(self.fixture.log.reader().end());
        self.fixture.settle().await;
    }
}

pub(crate) fn by(text: &str) -> Grouper {
    Grouper::with_rules(Rules::parse(text).unwrap().into())
}

pub(crate) fn print(grouper: &Grouper, event: &Event) -> Fingerprint {
    grouper.fingerprint(StoredEvent::of(&Head::of(event, 0)).unwrap().whole())
}

pub(crate) fn asking(text: &str) -> v1::PreviewRegroupRequest {
    v1::PreviewRegroupRequest {
        project_id: 1,
        text: Some(text.to_owned()),
        ..Default::default()
    }
}

pub(crate) async fn begin(
    fixture: &Fixture,
    request: v1::PreviewRegroupRequest,
) -> Result<Streaming<v1::PreviewRegroupResponse>, Status> {
    let mut client = GroupingServiceClient::with_interceptor(fixture.router(), authorize);
    Ok(client.preview_regroup(request).await?.into_inner())
}

/// The result, which is the last message.
pub(crate) async fn ask(
    fixture: &Fixture,
    request: v1::PreviewRegroupRequest,
) -> Result<v1::RegroupPreview, Status> {
    let project = request.project_id;
    let mut stream = begin(fixture, request).await?;
    let mut told = 0;
    loop {
        let message = stream.message().await?.unwrap();
        assert_eq!(message.project_id, project);
        match message.step.unwrap() {
            Step::Progress(progress) => {
                assert!(progress.events >= told && progress.events <= progress.total);
                told = progress.events;
            }
            Step::Result(result) => {
                assert!(result.events >= told);
                assert_eq!(stream.message().await?, None, "it is the last");
                return Ok(result);
            }
        }
    }
}

/// "2: 1*3 2*1": what the issue 2 has of the issues 1 and 2.
pub(crate) fn shape(groups: &[v1::RegroupGroup]) -> Vec<String> {
    let number = |id: &str| id.trim_start_matches('0').to_owned();
    let shown = groups.iter().map(|group| {
        let parts = group.parts.iter();
        let parts = parts.map(|part| format!("{}*{}", number(&part.id), part.events));
        let whole = group.issue.as_ref().unwrap();
        let parts: Vec<String> = parts.collect();
        assert_eq!(parts.len(), group.parts_total as usize);
        format!("{}: {}", number(&whole.id), parts.join(" "))
    });
    shown.collect()
}
