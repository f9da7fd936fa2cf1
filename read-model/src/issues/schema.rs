//! The tables of `issues.sqlite3`.
//!
//! Conventions: issue ids and positions are u64 stored as the i64 of the same
//! bits; times are Unix milliseconds unless the name says otherwise; minutes and
//! hours are Unix minutes and hours of the event's clamped time. Invariant: every
//! table is a pure function of the logs up to `meta.position`, so two databases of
//! the same position are equal row by row.

use rusqlite::Connection;

/// Bumped by every change of [`SCHEMA`]; another version is rebuilt by a replay. A
/// change must bring old checkpoints up to it: see [`upgrade`].
pub const SCHEMA_VERSION: i64 = 3;
/// The oldest version that [`upgrade`] brings up.
pub const SCHEMA_VERSION_MIN: i64 = 1;

/// Creates every table of an empty database.
pub const SCHEMA: &str = "
-- 'position' (last applied), 'schema_version', 'alert_cursor' (packed positions as i64);
-- 'passed_over.N': record N made the projection panic and is missing here.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE issue (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    culprit TEXT NOT NULL,
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    level INTEGER NOT NULL,            -- of the newest event
    platform TEXT NOT NULL,
    handled INTEGER NOT NULL,          -- head.handled of the newest event
    status INTEGER NOT NULL,           -- 1 unresolved, 2 resolved, 3 ignored
    assignee INTEGER,                  -- user id
    count INTEGER NOT NULL,            -- sum of weights
    users INTEGER NOT NULL,            -- rows of issue_user
    first_seen INTEGER NOT NULL,       -- by event time
    last_seen INTEGER NOT NULL,
    first_position INTEGER NOT NULL,   -- by log order
    last_position INTEGER NOT NULL,
    first_event_id BLOB NOT NULL,
    last_event_id BLOB NOT NULL,
    first_release TEXT NOT NULL,
    last_release TEXT NOT NULL
);
-- Each order of lists carries what lists filter by, so that a walk reads rows only
-- for what it shows.
CREATE INDEX issue_all_last_seen ON issue (last_seen DESC, id, project_id, status, level);
CREATE INDEX issue_all_first_seen ON issue (first_seen DESC, id, project_id, status, level);
CREATE INDEX issue_all_count ON issue (count DESC, id, project_id, status, level);
CREATE INDEX issue_all_users ON issue (users DESC, id, project_id, status, level);
CREATE INDEX issue_assignee ON issue (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX issue_status ON issue (project_id, status);

-- fingerprint -> issue lives only here; merge and unmerge touch this table alone.
CREATE TABLE fingerprint (
    project_id INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    issue_id INTEGER NOT NULL,
    PRIMARY KEY (project_id, fingerprint)
) WITHOUT ROWID;
CREATE INDEX fingerprint_issue ON fingerprint (issue_id);

-- Events of an issue by minute (kept 48 hours behind the issue's newest event)
-- and hour.
CREATE TABLE issue_minute (
    issue_id INTEGER NOT NULL, minute INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (issue_id, minute)
) WITHOUT ROWID;
CREATE TABLE issue_hour (
    issue_id INTEGER NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (issue_id, hour)
) WITHOUT ROWID;
CREATE INDEX issue_hour_hour ON issue_hour (hour, issue_id);

-- Events of a project by level; minutes are kept 48 hours behind the project's
-- newest event.
CREATE TABLE project_minute (
    project_id INTEGER NOT NULL, minute INTEGER NOT NULL, level INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, minute, level)
) WITHOUT ROWID;
CREATE TABLE project_hour (
    project_id INTEGER NOT NULL, hour INTEGER NOT NULL, level INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, hour, level)
) WITHOUT ROWID;

-- Totals of a project; last_received is the newest event's receipt.
CREATE TABLE project_total (
    project_id INTEGER PRIMARY KEY, events INTEGER NOT NULL, last_received INTEGER NOT NULL
);

-- Distinct users of an issue; user_hash is xxh3-64 of the identity.
CREATE TABLE issue_user (
    issue_id INTEGER NOT NULL, user_hash INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (issue_id, user_hash)
) WITHOUT ROWID;

-- Tag values of an issue: at most 1,000 distinct values a key; the rest counts
-- under the value '' (other).
CREATE TABLE issue_tag (
    issue_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (issue_id, key, value)
) WITHOUT ROWID;

CREATE TABLE issue_environment (
    issue_id INTEGER NOT NULL, environment TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (issue_id, environment)
) WITHOUT ROWID;
CREATE INDEX issue_environment_name ON issue_environment (environment);
CREATE TABLE issue_release (
    issue_id INTEGER NOT NULL, release TEXT NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (issue_id, release)
) WITHOUT ROWID;
CREATE INDEX issue_release_name ON issue_release (release);

CREATE TABLE release (
    project_id INTEGER NOT NULL, version TEXT NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (project_id, version)
) WITHOUT ROWID;
CREATE TABLE environment (
    project_id INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, name)
) WITHOUT ROWID;

-- What alerts act on. kind: 1 new, 2 regressed, 3 resolved, 4 ignored, 5 reopened.
CREATE TABLE transition (
    position INTEGER NOT NULL, issue_id INTEGER NOT NULL, kind INTEGER NOT NULL,
    at_ns INTEGER NOT NULL, event_id BLOB, release TEXT NOT NULL, environment TEXT NOT NULL,
    PRIMARY KEY (position, issue_id, kind)
) WITHOUT ROWID;
CREATE INDEX transition_kind_at ON transition (kind, at_ns);

-- Who did what. actor: 'user:N', 'admin', 'system', 'alerter'. kind as in
-- errata.v1.Activity; detail: the assignee's user id, a release, a target.
CREATE TABLE activity (
    issue_id INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    at_ns INTEGER NOT NULL, actor TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (issue_id, position, kind)
) WITHOUT ROWID;

-- The newest step of each notification. state: 1 sending, 2 sent, 3 failed,
-- 4 suppressed, 5 held.
CREATE TABLE delivery (
    notification_id BLOB PRIMARY KEY, position INTEGER NOT NULL,
    transition_position INTEGER NOT NULL, issue_id INTEGER NOT NULL,
    rule TEXT NOT NULL, channel TEXT NOT NULL, target TEXT NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT NOT NULL, at_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX delivery_position ON delivery (position);

-- For live streams: the last change of each issue, by the position of the record
-- that changed it. Readers ask for rows above the position they have seen.
CREATE TABLE change (issue_id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE INDEX change_position ON change (position);
";

/// What version 2 adds: the tables of notes and of discarded issues. Created after [`SCHEMA`].
pub const SCHEMA_NOTES: &str = "
-- Files of events and of feedback; one that comes again is the one that is there.
-- Rows go when retention drops their record.
CREATE TABLE attachment (
    project_id INTEGER NOT NULL, event_id BLOB NOT NULL, name TEXT NOT NULL, sha256 BLOB NOT NULL,
    position INTEGER NOT NULL, number INTEGER NOT NULL, content_type TEXT NOT NULL,
    attachment_type TEXT NOT NULL, size_bytes INTEGER NOT NULL, received INTEGER NOT NULL,
    PRIMARY KEY (project_id, event_id, name, sha256)
) WITHOUT ROWID;
CREATE INDEX attachment_position ON attachment (position);

-- Issues whose events to come are not wanted.
CREATE TABLE discarded (issue_id INTEGER PRIMARY KEY);

-- What people wrote; event_id: what it is about.
CREATE TABLE feedback (
    project_id INTEGER NOT NULL, id BLOB NOT NULL, position INTEGER NOT NULL, event_id BLOB,
    name TEXT NOT NULL, email TEXT NOT NULL, message TEXT NOT NULL, url TEXT NOT NULL,
    release TEXT NOT NULL, environment TEXT NOT NULL, received INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
) WITHOUT ROWID;
CREATE INDEX feedback_position ON feedback (project_id, position DESC);

-- Items by hour of receipt. source: 1 the gateway had them, 2 an SDK says that it
-- dropped them. reason: why they were dropped; empty: they are stored.
CREATE TABLE arrival_hour (
    project_id INTEGER NOT NULL, hour INTEGER NOT NULL, source INTEGER NOT NULL,
    category TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, hour, source, category, reason)
) WITHOUT ROWID;
";

/// Brings a database of version `from` up to [`SCHEMA_VERSION`], in one transaction.
/// What older releases did not count stays uncounted: the records are gone.
pub fn upgrade(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    if from < 2 {
        transaction.execute_batch(SCHEMA_NOTES)?;
    }
    let set = "UPDATE meta SET value = ?1 WHERE key = 'schema_version'";
    transaction.execute(set, [SCHEMA_VERSION])?;
    transaction.commit()
}
