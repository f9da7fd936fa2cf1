//! The tables of `issues.sqlite3`.
//!
//! Conventions: issue ids and positions are u64 stored as the i64 of the same
//! bits; times are Unix milliseconds unless the name says otherwise; minutes and
//! hours are Unix minutes and hours of the event's clamped time. Names of
//! environments and releases are stored once (`name`) and numbered in the order
//! they came; a `scene` is an environment and a release, as events have them
//! together. Invariant: every table is a pure function of the logs up to
//! `meta.position`, so two databases of the same position are equal row by row.
//!
//! What events count is kept by fingerprint (`fingerprint*`); `issue*` has the sum over an
//! issue's fingerprints of what lists filter and sort by. So a merge moves fingerprints and
//! makes those few rows anew, whatever number of events stands behind them, and what is
//! taken out is what it was.

/// Bumped by every change of [`SCHEMA`]; another version, of a database or of a
/// checkpoint, is rebuilt by a replay.
pub const SCHEMA_VERSION: i64 = 11;

/// Creates every table of an empty database.
pub const SCHEMA: &str = "
-- 'position' (last applied), 'command' (number of the last one applied), 'schema_version', 'alert_cursor' (packed positions as i64);
-- 'regrouped': the last command that grouped events anew, where there was one;
-- 'passed_over.N': record N made the projection panic and is missing here.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE issue (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL,
    title TEXT NOT NULL,               -- of the newest event by event time, like
    culprit TEXT NOT NULL,             -- all of its headline down to handled
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    level INTEGER NOT NULL,
    platform TEXT NOT NULL,
    handled INTEGER NOT NULL,          -- 0 unknown, 1 no, 2 yes
    status INTEGER NOT NULL,           -- see numbers.rs
    assignee INTEGER,                  -- user id
    count INTEGER NOT NULL,            -- sum of weights
    users INTEGER NOT NULL,            -- distinct, of all its fingerprints
    sampled INTEGER NOT NULL DEFAULT 0, -- of these, what was only counted
    first_seen INTEGER NOT NULL,       -- by event time, of all
    last_seen INTEGER NOT NULL,
    first_at INTEGER NOT NULL DEFAULT 0, -- likewise, of those stored; of one millisecond
    last_at INTEGER NOT NULL DEFAULT 0,  -- the earlier, and the later, in the log
    first_position INTEGER NOT NULL,   -- of the stored events first and last seen
    last_position INTEGER NOT NULL,
    first_event_id BLOB NOT NULL,
    last_event_id BLOB NOT NULL,
    first_release TEXT NOT NULL DEFAULT '',    -- of the first and the last event
    last_release TEXT NOT NULL DEFAULT '',     -- that name one, by event time
    first_release_at INTEGER NOT NULL DEFAULT 0,
    last_release_at INTEGER NOT NULL DEFAULT 0,
    opened INTEGER NOT NULL DEFAULT 0, -- position of the record that made it
    folded TEXT NOT NULL DEFAULT '',   -- title and culprit as search compares them
    resolved_at_ns INTEGER,            -- while resolved
    regressed_at INTEGER,              -- event time; until resolved again
    regressed_in TEXT                  -- that event's release
);
-- Each order of lists carries what lists filter by, so that a walk reads rows only
-- for what it shows.
CREATE INDEX issue_all_last_seen ON issue (last_seen DESC, id, project_id, status, level, first_seen);
CREATE INDEX issue_all_first_seen ON issue (first_seen DESC, id, project_id, status, level, last_seen);
CREATE INDEX issue_all_count ON issue (count DESC, id, project_id, status, level);
CREATE INDEX issue_all_users ON issue (users DESC, id, project_id, status, level);
CREATE INDEX issue_assignee ON issue (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX issue_status ON issue (project_id, status);

-- fingerprint -> issue lives only here. id: of the issue that it opened, and that it is
-- again when taken out of another; so the id of an issue is that of the fingerprint whose
-- first event is the oldest (the lowest 'opened'), and the ids of issues merged into it
-- lead to it. What its events say is as in table issue. Behind issue_id stands how the
-- issue of this id stood when it was merged into another one; as new otherwise.
CREATE TABLE fingerprint (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    title TEXT NOT NULL,
    culprit TEXT NOT NULL,
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    level INTEGER NOT NULL,
    platform TEXT NOT NULL,
    handled INTEGER NOT NULL,
    count INTEGER NOT NULL,
    users INTEGER NOT NULL,            -- rows of fingerprint_user
    sampled INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    first_at INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    first_event_id BLOB NOT NULL,
    last_event_id BLOB NOT NULL,
    first_release TEXT NOT NULL,
    last_release TEXT NOT NULL,
    first_release_at INTEGER NOT NULL,
    last_release_at INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    issue_id INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 1,
    assignee INTEGER,
    resolved_at_ns INTEGER,
    regressed_at INTEGER,
    regressed_in TEXT
);
CREATE UNIQUE INDEX fingerprint_key ON fingerprint (project_id, fingerprint, issue_id);
CREATE INDEX fingerprint_issue ON fingerprint (issue_id);

-- When events are grouped otherwise, one fingerprint carries others on (moves.rs): its id
-- is that of the oldest of them, and the ids of the others lead to it.
CREATE TABLE moved (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, to_id INTEGER NOT NULL);
CREATE INDEX moved_to ON moved (to_id);
CREATE INDEX moved_project ON moved (project_id);
-- What fingerprints were called before that, until the next time: the index of events may
-- be behind.
CREATE TABLE former (
    project_id INTEGER NOT NULL, fingerprint BLOB NOT NULL, fingerprint_id INTEGER NOT NULL,
    PRIMARY KEY (project_id, fingerprint)
) WITHOUT ROWID;
CREATE INDEX former_of ON former (fingerprint_id);
-- What a project had before, so that it can be taken back: by the number of the command. The
-- rows are in tables kept_..., with the columns of those they are of (statements/kept.rs).
CREATE TABLE kept (
    regroup INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, position INTEGER NOT NULL
);

-- Environments and releases; number 0 is the empty name and has no row.
CREATE TABLE name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE scene (
    id INTEGER PRIMARY KEY, environment INTEGER NOT NULL, release INTEGER NOT NULL,
    UNIQUE (environment, release)
);
CREATE INDEX scene_release ON scene (release);

-- Events of a fingerprint by minute (kept 49 hours behind its newest event) and hour,
-- by scene.
CREATE TABLE fingerprint_minute (
    fingerprint_id INTEGER NOT NULL, minute INTEGER NOT NULL, scene INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (fingerprint_id, minute, scene)
) WITHOUT ROWID;
CREATE TABLE fingerprint_hour (
    fingerprint_id INTEGER NOT NULL, hour INTEGER NOT NULL, scene INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (fingerprint_id, hour, scene)
) WITHOUT ROWID;

-- Users of a fingerprint by hour and scene; user_hash is xxh3-64 of the identity. Bit n
-- of minutes: seen in the hour's minute n, so that one row serves both units.
CREATE TABLE fingerprint_user_hour (
    fingerprint_id INTEGER NOT NULL, hour INTEGER NOT NULL, scene INTEGER NOT NULL,
    user_hash INTEGER NOT NULL, minutes INTEGER NOT NULL,
    PRIMARY KEY (fingerprint_id, hour, scene, user_hash)
) WITHOUT ROWID;

-- Events of a project by level and scene; minutes are kept 49 hours behind the
-- project's newest event.
CREATE TABLE project_minute (
    project_id INTEGER NOT NULL, minute INTEGER NOT NULL, level INTEGER NOT NULL,
    scene INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, minute, level, scene)
) WITHOUT ROWID;
CREATE TABLE project_hour (
    project_id INTEGER NOT NULL, hour INTEGER NOT NULL, level INTEGER NOT NULL,
    scene INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, hour, level, scene)
) WITHOUT ROWID;

-- Totals of a project; last_received is the newest event's receipt.
CREATE TABLE project_total (
    project_id INTEGER PRIMARY KEY, events INTEGER NOT NULL, last_received INTEGER NOT NULL
);

-- Distinct users of a fingerprint since the beginning.
CREATE TABLE fingerprint_user (
    fingerprint_id INTEGER NOT NULL, user_hash INTEGER NOT NULL,
    PRIMARY KEY (fingerprint_id, user_hash)
) WITHOUT ROWID;

-- Tag values of a fingerprint: at most 200 keys, the rest counts under the key '' and
-- the value ''; at most 1,000 distinct values a key, the rest counts under the
-- value '' (other).
CREATE TABLE fingerprint_tag (
    fingerprint_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (fingerprint_id, key, value)
) WITHOUT ROWID;

-- What stands for a fingerprint where those alike are looked for (sketch.rs), made of its
-- first event: 64 numbers of 16 bits, and a row for each band of them. None if its event says
-- nothing that could be compared.
CREATE TABLE fingerprint_sketch (fingerprint_id INTEGER PRIMARY KEY, sketch BLOB NOT NULL);
CREATE TABLE fingerprint_band (
    project_id INTEGER NOT NULL, band INTEGER NOT NULL, fingerprint_id INTEGER NOT NULL,
    PRIMARY KEY (project_id, band, fingerprint_id)
) WITHOUT ROWID;

-- What a fingerprint has of one scene.
CREATE TABLE fingerprint_scene (
    fingerprint_id INTEGER NOT NULL, scene INTEGER NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (fingerprint_id, scene)
) WITHOUT ROWID;

-- What an issue has of one environment, one release, one scene. The index of each
-- is a list's order and carries what its other orders sort by.
CREATE TABLE issue_environment (
    issue_id INTEGER NOT NULL, environment INTEGER NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (issue_id, environment)
) WITHOUT ROWID;
CREATE INDEX issue_environment_seen ON issue_environment (environment, last_seen DESC, issue_id, first_seen, count);
CREATE TABLE issue_release (
    issue_id INTEGER NOT NULL, release INTEGER NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (issue_id, release)
) WITHOUT ROWID;
CREATE INDEX issue_release_seen ON issue_release (release, last_seen DESC, issue_id, first_seen, count);
CREATE TABLE issue_scene (
    issue_id INTEGER NOT NULL, scene INTEGER NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (issue_id, scene)
) WITHOUT ROWID;
CREATE INDEX issue_scene_seen ON issue_scene (scene, last_seen DESC, issue_id, first_seen, count);

-- At most 10,000 releases and 1,000 environments a project; the rest counts under '(other)'.
CREATE TABLE release (
    project_id INTEGER NOT NULL, version TEXT NOT NULL, count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (project_id, version)
) WITHOUT ROWID;
CREATE TABLE environment (
    project_id INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, name)
) WITHOUT ROWID;

-- What alerts act on. kind: see numbers.rs. at_ns: receipt of the event, or when
-- the command was given; seen: the event's own time.
CREATE TABLE transition (
    position INTEGER NOT NULL, issue_id INTEGER NOT NULL, kind INTEGER NOT NULL,
    at_ns INTEGER NOT NULL, seen INTEGER NOT NULL,
    event_id BLOB, release TEXT NOT NULL, environment TEXT NOT NULL,
    PRIMARY KEY (position, issue_id, kind)
) WITHOUT ROWID;
CREATE INDEX transition_regressed ON transition (seen, issue_id) WHERE kind = 2;

-- Who did what. actor: 'user:N', 'admin', 'system', 'alerter'. kind as in
-- errata.v1.Activity; detail: the assignee's user id, a release, a target.
CREATE TABLE activity (
    issue_id INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    at_ns INTEGER NOT NULL, actor TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (issue_id, position, kind)
) WITHOUT ROWID;

-- The newest step of each notification. state: see numbers.rs.
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
-- Events that reached the log while their issue was discarded.
CREATE TABLE turned_away (issue_id INTEGER PRIMARY KEY, count INTEGER NOT NULL);

-- What people wrote; event_id: what it is about.
CREATE TABLE feedback (
    project_id INTEGER NOT NULL, id BLOB NOT NULL, position INTEGER NOT NULL, event_id BLOB,
    name TEXT NOT NULL, email TEXT NOT NULL, message TEXT NOT NULL, url TEXT NOT NULL,
    release TEXT NOT NULL, environment TEXT NOT NULL, received INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
) WITHOUT ROWID;
CREATE INDEX feedback_position ON feedback (project_id, position DESC);

-- Items by hour of receipt. source: see numbers.rs. reason: why they were dropped;
-- empty: they are stored.
CREATE TABLE arrival_hour (
    project_id INTEGER NOT NULL, hour INTEGER NOT NULL, source INTEGER NOT NULL,
    category TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (project_id, hour, source, category, reason)
) WITHOUT ROWID;

-- Which fingerprint a kind of events has, by the newest event that was kept for others of
-- it; minute: of its receipt. Kept a day behind the project's newest.
CREATE TABLE kind (
    project_id INTEGER NOT NULL, kind INTEGER NOT NULL, fingerprint BLOB NOT NULL,
    minute INTEGER NOT NULL,
    PRIMARY KEY (project_id, kind)
) WITHOUT ROWID;

-- Events of storms that were only counted, by minute of receipt; kept 30 days behind the
-- project's newest.
CREATE TABLE sampled_minute (
    project_id INTEGER NOT NULL, minute INTEGER NOT NULL, items INTEGER NOT NULL,
    PRIMARY KEY (project_id, minute)
) WITHOUT ROWID;

-- Environments and releases that sessions have together, numbered in the order they came; at
-- most 20,000 a project, the rest counts under '(other)'. Hours: of the sessions' starts.
CREATE TABLE session_scene (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, environment TEXT NOT NULL,
    release TEXT NOT NULL, first_hour INTEGER, last_hour INTEGER,
    UNIQUE (project_id, release, environment)
);
-- Sessions that began in an hour: each is in started, and in one of the others unless it
-- goes on without an error. Users: sketches (distinct.rs). With rows of its own: they are long.
CREATE TABLE session_hour (
    scene INTEGER NOT NULL, hour INTEGER NOT NULL, started INTEGER NOT NULL,
    exited INTEGER NOT NULL, errored INTEGER NOT NULL, unhandled INTEGER NOT NULL,
    abnormal INTEGER NOT NULL, crashed INTEGER NOT NULL, users BLOB NOT NULL,
    crashed_users BLOB NOT NULL,
    PRIMARY KEY (scene, hour)
);
-- Single sessions of which updates may come: kept 5 days behind the project's newest update,
-- 1 day once they ended. outcome: see health.rs.
CREATE TABLE session (
    project_id INTEGER NOT NULL, id BLOB NOT NULL, scene INTEGER NOT NULL, hour INTEGER NOT NULL,
    user_hash INTEGER NOT NULL, sequence INTEGER NOT NULL, outcome INTEGER NOT NULL,
    is_ended INTEGER NOT NULL, received INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
) WITHOUT ROWID;
CREATE INDEX session_received ON session (project_id, is_ended, received);

-- Monitors of cron jobs by environment, at most 1,000 a project; config: what their client
-- told last. Their runs are numbered in the order they began; the newest 2,000 are kept.
CREATE TABLE monitor (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, slug TEXT NOT NULL,
    environment TEXT NOT NULL, config TEXT NOT NULL,
    UNIQUE (project_id, slug, environment)
);
CREATE TABLE check_in (
    monitor INTEGER NOT NULL, number INTEGER NOT NULL, id BLOB NOT NULL, status INTEGER NOT NULL,
    started INTEGER NOT NULL, updated INTEGER NOT NULL, duration_ms INTEGER, release TEXT NOT NULL,
    PRIMARY KEY (monitor, number)
) WITHOUT ROWID;
CREATE INDEX check_in_id ON check_in (monitor, id);

-- Bytes of the records of a project's events, by hour of receipt, as they were stored.
CREATE TABLE project_bytes (
    project_id INTEGER NOT NULL, hour INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (project_id, hour)
) WITHOUT ROWID;
";
