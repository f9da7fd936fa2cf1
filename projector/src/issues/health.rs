//! What sessions and check-ins change, as Sentry's protocol means them.
//!
//! An update of a session is its whole state: it replaces the one before if its number is
//! higher, and nothing replaces one that ended. So a session is counted once, by how it
//! stands, in the hour it began, however often and in which order its updates came. Sums
//! of sessions have no ids: each is added up.
//!
//! A check-in belongs to the run of its id; without one an end belongs to the monitor's
//! latest run, if that goes on. What is due when, and was missed, depends on the clock, and
//! is told by whoever reads.
//!
//! Invariant: a pure function of the records, wherever batches end: what is known of before
//! goes by the receipt of records alone ([`Session::is_known`], [`RUNS_KEPT`]).

use event_model::{
    ProjectId,
    note::{CheckIn, CheckInStatus, SessionCountV1, SessionStatus, SessionUpdateV1, Sessions},
};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::OTHER_NAME,
        health::{
            MONITORS_MAX, Monitor, MonitorKey, Outcome, RUNS_KEPT, Run, SCENES_MAX, Session,
            SessionSums,
        },
    },
};

use super::Projection;

const HOUR_NS: i64 = 3_600_000_000_000;
const MS_NS: i64 = 1_000_000;

impl Projection {
    /// Takes in sessions.
    pub(super) fn sessions(
        &mut self,
        writer: &IssueWriter,
        note: &Sessions,
    ) -> Result<(), ReadModelError> {
        let project = ProjectId(note.project_id);
        let scene = self.session_scene(writer, project, &note.environment, &note.release)?;
        let received_ms = note.received_ns.div_euclid(MS_NS);
        for update in &note.updates {
            self.session(writer, (project, scene), received_ms, update)?;
        }
        for count in &note.counts {
            let hour = count.started_ns.div_euclid(HOUR_NS);
            let sums = self.batch.health.hours.entry((scene, hour)).or_default();
            add_counts(sums, count);
        }
        Ok(())
    }

    fn session(
        &mut self,
        writer: &IssueWriter,
        (project, scene): (ProjectId, i64),
        received_ms: i64,
        update: &SessionUpdateV1,
    ) -> Result<(), ReadModelError> {
        let health = &mut self.batch.health;
        let newest = match health.newest.get(&project) {
            Some(newest) => Some(*newest),
            None => writer.newest_session(project)?,
        };
        let now_ms = newest.map_or(received_ms, |newest| newest.max(received_ms));
        health.newest.insert(project, now_ms);
        let key = (project, update.id);
        let known = match health.sessions.get(&key) {
            Some(session) => Some(*session),
            None => writer.session(project, update.id)?,
        };
        let outcome = outcome(update);
        let is_ended = update.status != SessionStatus::Ok as u8;
        let Some(mut session) = known.filter(|session| session.is_known(now_ms)) else {
            let session = Session {
                scene,
                hour: update.started_ns.div_euclid(HOUR_NS),
                user_hash: update.user_hash,
                sequence: update.sequence,
                outcome,
                is_ended,
                received_ms,
            };
            let sums = health.hours.entry((scene, session.hour)).or_default();
            sums.started += 1;
            sums.count(outcome, 1);
            sums.user(session.user_hash, outcome == Outcome::Crashed);
            health.sessions.insert(key, session);
            return Ok(());
        };
        session.received_ms = session.received_ms.max(received_ms);
        let is_newer = update.sequence > session.sequence
            // Two within the millisecond that orders them: the end is the later one.
            || update.sequence == session.sequence && is_ended;
        if is_newer && !session.is_ended {
            let sums = health
                .hours
                .entry((session.scene, session.hour))
                .or_default();
            sums.count(session.outcome, -1);
            sums.count(outcome, 1);
            if session.user_hash == 0 {
                session.user_hash = update.user_hash;
            }
            sums.user(session.user_hash, outcome == Outcome::Crashed);
            session.sequence = update.sequence;
            session.outcome = outcome;
            session.is_ended = is_ended;
        }
        health.sessions.insert(key, session);
        Ok(())
    }

    /// The number of a scene of sessions, given now if need be.
    fn session_scene(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
        environment: &str,
        release: &str,
    ) -> Result<i64, ReadModelError> {
        let find = |projection: &Self, environment: &str, release: &str| {
            let new = projection.batch.health.scenes.iter();
            let mut new = new.filter(|(_, (of, one, other))| {
                *of == project && one == environment && other == release
            });
            match new.next() {
                Some((id, _)) => Ok(Some(*id)),
                None => writer.session_scene(project, environment, release),
            }
        };
        if let Some(id) = find(self, environment, release)? {
            return Ok(id);
        }
        let (stored, highest) = writer.session_scenes(project)?;
        let new = &self.batch.health.scenes;
        let own = new
            .values()
            .filter(|(of, _, name)| *of == project && name != OTHER_NAME);
        let own = own.count() as u64;
        let is_full = stored + own >= SCENES_MAX && release != OTHER_NAME;
        let (environment, release) = if is_full {
            if let Some(id) = find(self, "", OTHER_NAME)? {
                return Ok(id);
            }
            ("", OTHER_NAME)
        } else {
            (environment, release)
        };
        let scenes = &mut self.batch.health.scenes;
        let id = scenes.keys().next_back().map_or(highest, |id| *id) + 1;
        scenes.insert(id, (project, environment.to_owned(), release.to_owned()));
        Ok(id)
    }

    /// Takes in a check-in.
    pub(super) fn check_in(
        &mut self,
        writer: &IssueWriter,
        note: &CheckIn,
    ) -> Result<(), ReadModelError> {
        let project = ProjectId(note.project_id);
        let key: MonitorKey = (project, note.monitor.clone(), note.environment.clone());
        if !self.batch.health.monitors.contains_key(&key) {
            let monitor = match writer.monitor(&key)? {
                Some(monitor) => monitor,
                None => match self.new_monitor(writer, project)? {
                    Some(monitor) => monitor,
                    None => return Ok(()),
                },
            };
            self.batch.health.monitors.insert(key.clone(), monitor);
        }
        let Some(monitor) = self.batch.health.monitors.get_mut(&key) else {
            unreachable!("inserted above")
        };
        if !note.config.is_empty() {
            monitor.config.clone_from(&note.config);
        }
        let at_ms = note.received_ns.div_euclid(MS_NS);
        let is_end = note.status != CheckInStatus::InProgress as u8;
        let found = find_run(writer, monitor, note.id, is_end)?;
        if let Some((number, mut run)) = found {
            if run.status == CheckInStatus::InProgress as u8 {
                run.status = note.status;
                run.updated_ms = run.updated_ms.max(at_ms);
                run.duration_ms = note.duration_ms.or(run.duration_ms);
                if !note.release.is_empty() {
                    run.release.clone_from(&note.release);
                }
                monitor.runs.insert(number, run);
            }
            return Ok(());
        }
        monitor.newest += 1;
        monitor.runs.insert(
            monitor.newest,
            Run {
                id: note.id,
                status: note.status,
                started_ms: at_ms,
                updated_ms: at_ms,
                duration_ms: note.duration_ms,
                release: note.release.clone(),
            },
        );
        // No more than is kept, however long the batch.
        let kept = monitor.newest - RUNS_KEPT;
        monitor.runs = monitor.runs.split_off(&(kept + 1));
        Ok(())
    }

    /// None: the project has as many as it may.
    fn new_monitor(
        &self,
        writer: &IssueWriter,
        project: ProjectId,
    ) -> Result<Option<Monitor>, ReadModelError> {
        let (stored, highest) = writer.monitors(project)?;
        let batch = &self.batch.health.monitors;
        let new = batch.iter().filter(|(_, monitor)| monitor.id > highest);
        let (mut own, mut last) = (0, highest);
        for ((of, ..), monitor) in new {
            own += u64::from(*of == project);
            last = last.max(monitor.id);
        }
        Ok((stored + own < MONITORS_MAX).then(|| Monitor {
            id: last + 1,
            config: String::new(),
            newest: 0,
            runs: std::collections::BTreeMap::new(),
        }))
    }
}

/// The run that a check-in is of; none: it begins one.
fn find_run(
    writer: &IssueWriter,
    monitor: &Monitor,
    id: [u8; 16],
    is_end: bool,
) -> Result<Option<(i64, Run)>, ReadModelError> {
    let by_number = |number: i64| match monitor.runs.get(&number) {
        Some(run) => Ok(Some(run.clone())),
        None => writer.run(monitor.id, number),
    };
    if id == [0; 16] {
        // Of the latest, where that goes on.
        if !is_end || monitor.newest == 0 {
            return Ok(None);
        }
        let latest = by_number(monitor.newest)?;
        let latest = latest.filter(|run| run.status == CheckInStatus::InProgress as u8);
        return Ok(latest.map(|run| (monitor.newest, run)));
    }
    let mut new = monitor.runs.iter().rev();
    let number = match new.find(|(_, run)| run.id == id) {
        Some((number, _)) => Some(*number),
        None => writer.run_of(monitor.id, id)?,
    };
    // What is no longer kept is not known, whether it was removed yet or not.
    let Some(number) = number.filter(|number| *number > monitor.newest - RUNS_KEPT) else {
        return Ok(None);
    };
    Ok(by_number(number)?.map(|run| (number, run)))
}

fn outcome(update: &SessionUpdateV1) -> Outcome {
    let is = |status: SessionStatus| update.status == status as u8;
    if is(SessionStatus::Crashed) {
        Outcome::Crashed
    } else if is(SessionStatus::Abnormal) {
        Outcome::Abnormal
    } else if is(SessionStatus::Unhandled) {
        Outcome::Unhandled
    } else if update.errors > 0 {
        Outcome::Errored
    } else if is(SessionStatus::Exited) {
        Outcome::Exited
    } else {
        Outcome::Open
    }
}

fn add_counts(sums: &mut SessionSums, count: &SessionCountV1) {
    for (outcome, number) in [
        (Outcome::Exited, count.exited),
        (Outcome::Errored, count.errored),
        (Outcome::Unhandled, count.unhandled),
        (Outcome::Abnormal, count.abnormal),
        (Outcome::Crashed, count.crashed),
    ] {
        sums.started += i64::from(number);
        sums.count(outcome, i64::from(number));
    }
    sums.user(count.user_hash, count.crashed > 0);
}
