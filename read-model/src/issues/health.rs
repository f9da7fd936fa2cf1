//! What sessions and check-ins leave in the issue database: sums of sessions, single
//! sessions while updates of them may come, monitors and their runs; with the statements
//! that write them.
//!
//! Invariant: rows are as of the batch's end, whatever it began with, but for the sums,
//! which are added to. Times are Unix milliseconds, hours Unix hours of a session's start.

use std::collections::BTreeMap;

use event_model::ProjectId;
use rusqlite::{OptionalExtension as _, Result, Transaction, params};

use super::{IssueWriter, batch::OTHER_NAME};
use crate::{Distinct, ReadModelError};

/// How long a session that goes on is known behind the project's newest update: nobody
/// sends one that is older.
pub const SESSION_KEPT_MS: i64 = 5 * 24 * 3_600_000;
/// The same of one that has ended: for updates that come twice.
pub const ENDED_KEPT_MS: i64 = 24 * 3_600_000;
/// Most scenes of sessions of a project; those of all later ones count under
/// [`OTHER_NAME`].
pub const SCENES_MAX: u64 = 20_000;
/// Most monitors of a project; check-ins of later ones are counted as arrivals alone.
pub const MONITORS_MAX: u64 = 1_000;
/// Runs kept of a monitor: a day of one that runs each minute, and more.
pub const RUNS_KEPT: i64 = 2_000;

/// How sessions stand: each is in one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It goes on, without an error.
    Open = 0,
    /// Ended well.
    Exited = 1,
    /// With errors that were handled, whether it ended or not.
    Errored = 2,
    /// Ended by an error that nobody handled, without a crash.
    Unhandled = 3,
    /// Ended without a word.
    Abnormal = 4,
    /// Ended by a crash.
    Crashed = 5,
}

impl Outcome {
    /// All, by their numbers.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Exited,
        Self::Errored,
        Self::Unhandled,
        Self::Abnormal,
        Self::Crashed,
    ];

    fn of(number: i64) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|one| *one as i64 == number).unwrap_or(Self::Open)
    }
}

/// A session as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Number of its release and environment.
    pub scene: i64,
    /// Of its start.
    pub hour: i64,
    /// 0: nobody.
    pub user_hash: u64,
    /// Of its newest update.
    pub sequence: u64,
    /// How it stands.
    pub outcome: Outcome,
    /// Nothing changes it any more.
    pub is_ended: bool,
    /// Receipt of its newest update.
    pub received_ms: i64,
}

impl Session {
    /// Whether it is still known at a time.
    pub fn is_known(&self, now_ms: i64) -> bool {
        let kept = if self.is_ended {
            ENDED_KEPT_MS
        } else {
            SESSION_KEPT_MS
        };
        self.received_ms >= now_ms - kept
    }
}

/// What an hour of a scene gets more of; of outcomes it may be less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionSums {
    /// Sessions that began.
    pub started: i64,
    /// By outcome, the open ones aside.
    pub ended: [i64; 5],
    /// Of all of them.
    pub users: Distinct,
    /// Of those that crashed.
    pub crashed_users: Distinct,
}

impl SessionSums {
    /// One more, or one less, of this outcome.
    pub fn count(&mut self, outcome: Outcome, by: i64) {
        if let Some(place) = (outcome as usize).checked_sub(1) {
            self.ended[place] += by;
        }
    }

    /// Adds a user, if it is one.
    pub fn user(&mut self, hash: u64, has_crashed: bool) {
        if hash != 0 {
            self.users.add(hash);
            if has_crashed {
                self.crashed_users.add(hash);
            }
        }
    }
}

/// A run of a monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its own; zeros: none.
    pub id: [u8; 16],
    /// [`event_model::note::CheckInStatus`] as its number.
    pub status: u8,
    /// Receipt of its first check-in.
    pub started_ms: i64,
    /// Receipt of its newest one.
    pub updated_ms: i64,
    /// As the client says; none: unknown.
    pub duration_ms: Option<u64>,
    /// Of the job.
    pub release: String,
}

/// Whose, its name, its environment.
pub type MonitorKey = (ProjectId, String, String);

/// A monitor in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// Its number, from 1.
    pub id: i64,
    /// Schedule and margins, a JSON object; empty: none was told.
    pub config: String,
    /// The number of its newest run; 0: none.
    pub newest: i64,
    /// Runs that changed, by number.
    pub runs: BTreeMap<i64, Run>,
}

/// What a batch changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthDelta {
    /// Scenes of sessions seen for the first time, by number: whose, environment, release.
    pub scenes: BTreeMap<i64, (ProjectId, String, String)>,
    /// By scene and hour.
    pub hours: BTreeMap<(i64, i64), SessionSums>,
    /// As of the batch's end.
    pub sessions: BTreeMap<(ProjectId, [u8; 16]), Session>,
    /// Receipt of the newest update of a session.
    pub newest: BTreeMap<ProjectId, i64>,
    /// As of the batch's end.
    pub monitors: BTreeMap<MonitorKey, Monitor>,
}

impl IssueWriter {
    /// A session, if it is known.
    pub fn session(
        &self,
        project: ProjectId,
        id: [u8; 16],
    ) -> Result<Option<Session>, ReadModelError> {
        self.one(
            "look up a session",
            "SELECT scene, hour, user_hash, sequence, outcome, is_ended, received FROM session
             WHERE project_id = ?1 AND id = ?2",
            params![project.0, id],
            |row| {
                Ok(Session {
                    scene: row.get(0)?,
                    hour: row.get(1)?,
                    user_hash: row.get::<_, i64>(2)? as u64,
                    sequence: row.get::<_, i64>(3)? as u64,
                    outcome: Outcome::of(row.get(4)?),
                    is_ended: row.get(5)?,
                    received_ms: row.get(6)?,
                })
            },
        )
    }

    /// Receipt of a project's newest update of a session.
    pub fn newest_session(&self, project: ProjectId) -> Result<Option<i64>, ReadModelError> {
        let sql = "SELECT max(received) FROM session WHERE project_id = ?1 HAVING count(*) > 0";
        self.one("look up the newest session", sql, [project.0], |row| {
            row.get(0)
        })
    }

    /// The number of a scene of sessions.
    pub fn session_scene(
        &self,
        project: ProjectId,
        environment: &str,
        release: &str,
    ) -> Result<Option<i64>, ReadModelError> {
        self.one(
            "look up a scene of sessions",
            "SELECT id FROM session_scene
             WHERE project_id = ?1 AND release = ?2 AND environment = ?3",
            params![project.0, release, environment],
            |row| row.get(0),
        )
    }

    /// How many scenes a project has, and the highest number given to any.
    pub fn session_scenes(&self, project: ProjectId) -> Result<(u64, i64), ReadModelError> {
        let found = self.one(
            "count scenes of sessions",
            "SELECT (SELECT count(*) FROM session_scene WHERE project_id = ?1 AND release <> ?2),
                 coalesce((SELECT max(id) FROM session_scene), 0)",
            params![project.0, OTHER_NAME],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// A monitor, without its runs.
    pub fn monitor(&self, key: &MonitorKey) -> Result<Option<Monitor>, ReadModelError> {
        self.one(
            "look up a monitor",
            "SELECT id, config,
                 (SELECT coalesce(max(number), 0) FROM check_in AS run WHERE run.monitor = of.id)
             FROM monitor AS of WHERE project_id = ?1 AND slug = ?2 AND environment = ?3",
            params![key.0.0, key.1, key.2],
            |row| {
                Ok(Monitor {
                    id: row.get(0)?,
                    config: row.get(1)?,
                    newest: row.get(2)?,
                    runs: BTreeMap::new(),
                })
            },
        )
    }

    /// How many monitors a project has, and the highest number given to any.
    pub fn monitors(&self, project: ProjectId) -> Result<(u64, i64), ReadModelError> {
        let found = self.one(
            "count monitors",
            "SELECT (SELECT count(*) FROM monitor WHERE project_id = ?1),
                 coalesce((SELECT max(id) FROM monitor), 0)",
            params![project.0],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// A run by its number.
    pub fn run(&self, monitor: i64, number: i64) -> Result<Option<Run>, ReadModelError> {
        self.one(
            "look up a run",
            "SELECT id, status, started, updated, duration_ms, release FROM check_in
             WHERE monitor = ?1 AND number = ?2",
            params![monitor, number],
            |row| {
                Ok(Run {
                    id: row.get(0)?,
                    status: row.get(1)?,
                    started_ms: row.get(2)?,
                    updated_ms: row.get(3)?,
                    duration_ms: row.get::<_, Option<i64>>(4)?.map(|ms| ms as u64),
                    release: row.get(5)?,
                })
            },
        )
    }

    /// The number of the newest run of this id.
    pub fn run_of(&self, monitor: i64, id: [u8; 16]) -> Result<Option<i64>, ReadModelError> {
        self.one(
            "look up a run by its id",
            "SELECT max(number) FROM check_in WHERE monitor = ?1 AND id = ?2 HAVING count(*) > 0",
            params![monitor, id],
            |row| row.get(0),
        )
    }
}

pub(super) fn write(transaction: &Transaction<'_>, health: &HealthDelta) -> Result<()> {
    write_scenes(transaction, health)?;
    write_hours(transaction, health)?;
    write_sessions(transaction, health)?;
    write_monitors(transaction, health)
}

fn write_scenes(transaction: &Transaction<'_>, health: &HealthDelta) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO session_scene (id, project_id, environment, release, first_hour, last_hour)
         VALUES (?1, ?2, ?3, ?4, NULL, NULL)",
    )?;
    for (id, (project, environment, release)) in &health.scenes {
        insert.execute(params![id, project.0, environment, release])?;
    }
    Ok(())
}

fn write_hours(transaction: &Transaction<'_>, health: &HealthDelta) -> Result<()> {
    let mut read = transaction.prepare_cached(
        "SELECT users, crashed_users FROM session_hour WHERE scene = ?1 AND hour = ?2",
    )?;
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO session_hour (scene, hour, started, exited, errored, unhandled, abnormal,
             crashed, users, crashed_users)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT DO UPDATE SET started = started + excluded.started,
             exited = exited + excluded.exited, errored = errored + excluded.errored,
             unhandled = unhandled + excluded.unhandled,
             abnormal = abnormal + excluded.abnormal, crashed = crashed + excluded.crashed,
             users = excluded.users, crashed_users = excluded.crashed_users",
    )?;
    let mut stretch = transaction.prepare_cached(
        "UPDATE session_scene SET first_hour = min(coalesce(first_hour, ?2), ?2),
             last_hour = max(coalesce(last_hour, ?2), ?2) WHERE id = ?1",
    )?;
    for ((scene, hour), sums) in &health.hours {
        let stored = read.query_row([scene, hour], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        });
        let (mut users, mut crashed_users) = (sums.users.clone(), sums.crashed_users.clone());
        if let Some((stored, stored_crashed)) = stored.optional()? {
            for (own, stored) in [(&mut users, stored), (&mut crashed_users, stored_crashed)] {
                if let Some(stored) = Distinct::from_bytes(&stored) {
                    own.merge(&stored);
                }
            }
        }
        let [exited, errored, unhandled, abnormal, crashed] = sums.ended;
        upsert.execute(params![
            scene,
            hour,
            sums.started,
            exited,
            errored,
            unhandled,
            abnormal,
            crashed,
            users.to_bytes(),
            crashed_users.to_bytes(),
        ])?;
        stretch.execute([scene, hour])?;
    }
    Ok(())
}

fn write_sessions(transaction: &Transaction<'_>, health: &HealthDelta) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO session (project_id, id, scene, hour, user_hash, sequence,
             outcome, is_ended, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for ((project, id), session) in &health.sessions {
        upsert.execute(params![
            project.0,
            id,
            session.scene,
            session.hour,
            session.user_hash as i64,
            session.sequence as i64,
            session.outcome as i64,
            session.is_ended,
            session.received_ms,
        ])?;
    }
    let mut prune = transaction.prepare_cached(
        "DELETE FROM session WHERE project_id = ?1 AND is_ended = ?2 AND received < ?3",
    )?;
    for (project, newest) in &health.newest {
        prune.execute(params![project.0, false, newest - SESSION_KEPT_MS])?;
        prune.execute(params![project.0, true, newest - ENDED_KEPT_MS])?;
    }
    Ok(())
}

fn write_monitors(transaction: &Transaction<'_>, health: &HealthDelta) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO monitor (id, project_id, slug, environment, config)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET config = excluded.config",
    )?;
    let mut run = transaction.prepare_cached(
        "INSERT OR REPLACE INTO check_in (monitor, number, id, status, started, updated,
             duration_ms, release)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut prune =
        transaction.prepare_cached("DELETE FROM check_in WHERE monitor = ?1 AND number <= ?2")?;
    for ((project, slug, environment), monitor) in &health.monitors {
        upsert.execute(params![
            monitor.id,
            project.0,
            slug,
            environment,
            monitor.config
        ])?;
        for (number, one) in &monitor.runs {
            run.execute(params![
                monitor.id,
                number,
                one.id,
                one.status,
                one.started_ms,
                one.updated_ms,
                one.duration_ms.map(|ms| ms as i64),
                one.release,
            ])?;
        }
        prune.execute([monitor.id, monitor.newest - RUNS_KEPT])?;
    }
    Ok(())
}
