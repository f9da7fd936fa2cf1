//! The consumer behind lists of events and lookups by id.
//!
//! A commit costs some milliseconds and a segment, so there is at most one in
//! [`COMMIT_EVERY`]; the first event after a quiet time is committed at once. Far
//! behind the log commits are rarer: nobody sees single events then, and larger
//! segments need fewer merges.
//!
//! What of an event is found, [`texts`] gathers from its head and its body.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use event_log::{Entry, LogReader, control_at};
use event_model::{Command, EventId, Fingerprint, Level, Position, ProjectId, StoredEvent};
use grouping::{Group, Memo};
use read_model::{
    ReadModelError,
    cold::Place,
    search::{SearchDocument, SearchWriter, TextPart},
};

mod old;
mod texts;

use self::old::days_without_events;
pub(crate) use self::old::{Old, index_old};
use self::texts::Body;
use super::{
    Consumer, Stop, WAIT,
    grouped::{Grouped, regrouped},
    records::{Records, body_or_none},
};
use crate::{
    ProjectorError,
    careful::{Tripwire, caught, passed_over},
    history::{Passed, Walk},
};

/// Least time between two commits.
const COMMIT_EVERY: Duration = Duration::from_millis(400);
/// The same, far behind the log.
const COMMIT_EVERY_BEHIND: Duration = Duration::from_secs(5);
/// Records behind the log that count as far.
const FAR_BEHIND: u64 = 50_000;
/// Between two looks for days of which no event is left.
const FORGET_EVERY: Duration = Duration::from_mins(10);
/// Most records of one step.
const STEP_RECORDS_MAX: u64 = 5_000;

/// See the module.
pub(crate) struct SearchConsumer {
    dir: PathBuf,
    /// None after an error, until it could be opened again.
    writer: Option<SearchWriter>,
    /// The last record taken in; visible once committed.
    seen: Position,
    committed: Position,
    last_commit: Option<Instant>,
    grouped: Grouped,
    tripwire: Tripwire,
    /// What the log no longer has.
    old: Old,
    /// When days were looked for of which no event is left.
    forgot: Option<Instant>,
}

impl SearchConsumer {
    pub(crate) fn open(
        dir: PathBuf,
        cold: &Place,
        tripwire: Tripwire,
    ) -> Result<Self, ProjectorError> {
        let writer = SearchWriter::open(&dir)?;
        let position = writer.position();
        Ok(Self {
            dir,
            writer: Some(writer),
            seen: position,
            committed: position,
            last_commit: None,
            grouped: Grouped::new(Self::NAME),
            tripwire,
            old: Old::new(cold),
            forgot: None,
        })
    }

    /// Time until the next commit may be.
    fn until_commit(&self, reader: &LogReader) -> Duration {
        let behind = reader.end().sequence().saturating_sub(self.seen.sequence());
        let every = if behind > FAR_BEHIND {
            COMMIT_EVERY_BEHIND
        } else {
            COMMIT_EVERY
        };
        self.last_commit
            .map_or(Duration::ZERO, |last| every.saturating_sub(last.elapsed()))
    }

    /// Takes in the next events that the log no longer has, as far as they are kept; how many.
    /// After a rebuild only: an index that is there has them.
    fn take_old(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError> {
        let Some(writer) = &mut self.writer else {
            return Ok(0);
        };
        let span = (self.seen, reader.first());
        let Some(read) = index_old(writer, &mut self.old, span, || stop.is_set())? else {
            // Half a segment must not be committed: it begins anew at the next start.
            self.writer = None;
            return Ok(0);
        };
        self.seen = read.end;
        if self.until_commit(reader).is_zero() || stop.is_set() {
            self.commit()?;
        }
        Ok(read.events)
    }

    /// Removes the index of days of which no event is left. What fails is tried again: it costs
    /// room only.
    fn forget(&mut self, reader: &LogReader) {
        if self.forgot.is_some_and(|at| at.elapsed() < FORGET_EVERY) {
            return;
        }
        self.forgot = Some(Instant::now());
        let Some(writer) = &mut self.writer else {
            return;
        };
        let forgotten = writer
            .days()
            .map_err(ProjectorError::from)
            .and_then(|days| {
                let gone = days_without_events(&days, &mut self.old, reader)?;
                for day in &gone {
                    writer.remove_day(day)?;
                }
                Ok(gone)
            });
        match forgotten {
            Ok(days) if days.is_empty() => {}
            Ok(days) => tracing::info!(?days, "the index of events that are gone was removed"),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the index of events that are gone takes room");
            }
        }
    }

    fn has_uncommitted(&self) -> bool {
        self.seen > self.committed
    }

    fn commit(&mut self) -> Result<(), ProjectorError> {
        if let Some(writer) = &mut self.writer {
            writer.commit(self.seen)?;
            self.committed = self.seen;
            self.last_commit = Some(Instant::now());
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), ProjectorError> {
        // The old writer holds the days' locks.
        self.writer = None;
        let writer = SearchWriter::open(&self.dir)?;
        self.seen = writer.position();
        self.committed = self.seen;
        self.writer = Some(writer);
        Ok(())
    }
}

impl Consumer for SearchConsumer {
    const NAME: &'static str = "search";

    fn position(&self) -> Position {
        self.committed
    }

    fn wait(&mut self, reader: &LogReader, _stop: &Stop) -> bool {
        let patience = if self.has_uncommitted() {
            WAIT.min(self.until_commit(reader))
        } else {
            WAIT
        };
        reader.wait_past(self.seen, patience)
            || (self.has_uncommitted() && self.until_commit(reader).is_zero())
    }

    fn step(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError> {
        if self.writer.is_none() {
            self.reopen()?;
        }
        if self.seen.0 + 1 < reader.first().0 {
            return self.take_old(reader, stop);
        }
        let mut taken = 0;
        self.grouped.bring_to(reader, self.seen)?;
        if let Some(writer) = &mut self.writer {
            for record in Records::after(reader, self.seen, Self::NAME) {
                let (position, entry) = record?;
                match &entry {
                    Some(Entry::Event(event)) => {
                        let place = (reader, position);
                        add(writer, &mut self.grouped, place, event, &self.tripwire)?;
                    }
                    Some(Entry::Command { number, command }) if command.decision.groups_anew() => {
                        let place = (position, *number);
                        if !group_anew(writer, reader, place, command, || stop.is_set())? {
                            // From the start, next time.
                            break;
                        }
                    }
                    _ => {}
                }
                self.grouped.pass(position, entry.as_ref());
                self.seen = position;
                taken += 1;
                if taken >= STEP_RECORDS_MAX {
                    break;
                }
            }
        }
        self.grouped.tell();
        if self.has_uncommitted() && (self.until_commit(reader).is_zero() || stop.is_set()) {
            self.commit()?;
            self.forget(reader);
        }
        Ok(taken)
    }

    fn recover(&mut self, error: &ProjectorError) -> Result<(), ProjectorError> {
        if error.is_mended_by_rebuild() {
            tracing::error!("the search index is damaged: it is rebuilt");
            self.writer = None;
            SearchWriter::wipe(&self.dir)?;
        }
        self.reopen()
    }

    fn close(mut self) -> Result<(), ProjectorError> {
        match self.writer.take() {
            Some(writer) => Ok(writer.close(self.seen)?),
            None => Ok(()),
        }
    }
}

/// Puts events that a command groups otherwise in their new places; whether all of them.
pub(crate) fn group_anew(
    writer: &mut SearchWriter,
    reader: &LogReader,
    (position, number): (Position, u64),
    command: &Command,
    is_over: impl Fn() -> bool,
) -> Result<bool, ProjectorError> {
    let before = control_at(reader, number - 1)?;
    let mut after = before.clone();
    after.apply_numbered(number, command);
    let Some((project, from)) = regrouped(&after, command, number) else {
        return Ok(true);
    };
    let mut memo = Memo::default();
    let mut is_whole = true;
    let mut walk = Walk::new(project, &before, &after);
    walk.go(reader, (from, position), |step| {
        let Passed::Event(event) = step.what else {
            return Ok(());
        };
        is_whole = is_whole && !is_over();
        if !step.is_other || !is_whole {
            return Ok(());
        }
        let group = caught(|| memo.group(step.grouper, event));
        if let Ok(group) = group {
            put(
                writer,
                (reader, step.position),
                event,
                &group,
                SearchWriter::replace,
            )?;
        }
        Ok(())
    })?;
    Ok(is_whole)
}

/// Adds one event, unless what it is about makes us panic.
pub(crate) fn add(
    writer: &mut SearchWriter,
    grouped: &mut Grouped,
    (reader, position): (&LogReader, Position),
    event: &StoredEvent,
    tripwire: &Tripwire,
) -> Result<(), ProjectorError> {
    let about = caught(|| {
        tripwire.pass(position);
        grouped.group(position, event)
    });
    let group = match about {
        Ok(about) => about,
        Err(panic) => {
            passed_over(SearchConsumer::NAME, position, &panic);
            return Ok(());
        }
    };
    put(writer, (reader, position), event, &group, SearchWriter::add)
}

/// Puts what search knows of an event, and of its stack, into the index. A body that cannot
/// be read costs its words alone.
fn put(
    writer: &mut SearchWriter,
    (reader, position): (&LogReader, Position),
    event: &StoredEvent,
    group: &Group,
    put: impl FnOnce(&mut SearchWriter, &SearchDocument<'_>) -> Result<(), ReadModelError>,
) -> Result<(), ProjectorError> {
    let body = body_or_none(reader, position, event);
    let known = Known {
        position,
        event,
        body: &body,
        fingerprint: group.fingerprint,
        title: &group.headline.title,
    };
    known.put(writer, put)
}

/// What search is told of an event.
struct Known<'a> {
    position: Position,
    event: &'a StoredEvent,
    body: &'a [u8],
    fingerprint: Fingerprint,
    title: &'a str,
}

impl Known<'_> {
    fn put(
        &self,
        writer: &mut SearchWriter,
        put: impl FnOnce(&mut SearchWriter, &SearchDocument<'_>) -> Result<(), ReadModelError>,
    ) -> Result<(), ProjectorError> {
        let event = self.event;
        let (body, head) = (Body::read(self.body), event.whole());
        let stack = texts::stack_number(event);
        if stack != 0 && !writer.knows_stack(stack) {
            writer.add_stack(&texts::stack(stack, &head, &body.source()))?;
        }
        let tags: Vec<(&str, &str)> = head
            .tags
            .iter()
            .map(|pair| (pair.0.as_str(), pair.1.as_str()))
            .collect();
        let message: Vec<&str> = [self.title].into_iter().chain(body.messages()).collect();
        let gathered = body.texts();
        let of_body = body.attributes();
        let attributes = texts::attributes(&head).into_iter();
        let attributes = attributes.chain(of_body.iter().map(|(key, value)| (*key, &**value)));
        let attributes: Vec<(&str, &str)> = attributes
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key, texts::clipped(value)))
            .collect();
        // Whatever stands in a field of its own is found by a word alone, too.
        let named = attributes.iter().map(|(_, value)| *value);
        let tagged = tags.iter().flat_map(|(key, value)| [*key, *value]);
        let whole: [&str; 4] = [
            &head.environment,
            &head.release,
            &head.user,
            &head.message_template,
        ];
        let others = named
            .chain(tagged)
            .chain(whole)
            .map(|text| (TextPart::Other, text));
        let texts = gathered.iter().map(|(part, text)| (*part, text.as_str()));
        let texts: Vec<(TextPart, &str)> = texts.chain(others).collect();
        let document = SearchDocument {
            event_id: EventId(head.event_id),
            fingerprint: self.fingerprint,
            project_id: ProjectId(head.project_id.to_native()),
            level: Level::from_number(head.level),
            position: self.position,
            weight: u64::from(head.weight.to_native()).max(1),
            timestamp_ns: head.timestamp_ns.to_native(),
            received_ns: head.received_ns.to_native(),
            message: &message,
            texts: &texts,
            stack,
            attributes: &attributes,
            environment: &head.environment,
            release: &head.release,
            user: &head.user,
            tags: &tags,
        };
        Ok(put(writer, &document)?)
    }
}
