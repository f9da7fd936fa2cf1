//! Which tables there are.

use super::{Kind, Table, TableColumn};
use crate::issues::numbers::{level_of, status_of, transition_of};

const MS: i64 = 1_000_000;
const MINUTE: i64 = 60_000 * MS;
const HOUR: i64 = 60 * MINUTE;

const fn column(
    name: &'static str,
    kind: Kind,
    value: &'static str,
    about: &'static str,
) -> TableColumn {
    TableColumn {
        name,
        about,
        value,
        kind,
    }
}

fn level(number: i64) -> &'static str {
    level_of(number).name()
}

fn status(number: i64) -> &'static str {
    status_of(number).name()
}

fn transition(number: i64) -> &'static str {
    transition_of(number).name()
}

/// The names behind a scene's numbers.
macro_rules! of_scene {
    ($counts:literal) => {
        concat!(
            $counts,
            " LEFT JOIN scene AS s ON s.id = c.scene
              LEFT JOIN name AS e ON e.id = s.environment
              LEFT JOIN name AS r ON r.id = s.release"
        )
    };
}

/// The issue as it is now of a row that names one as it was.
macro_rules! with_issue {
    ($rows:literal) => {
        concat!(
            $rows,
            " CROSS JOIN issue ON issue.id = coalesce(
                (SELECT issue_id FROM fingerprint WHERE id = t.issue_id),
                (SELECT issue_id FROM moved CROSS JOIN fingerprint ON fingerprint.id = to_id
                 WHERE moved.id = t.issue_id))"
        )
    };
}

/// Counts of issues by a unit of time.
macro_rules! of_issues {
    ($unit:expr, $time:literal) => {
        &[
            column(
                "time",
                Kind::Time($unit),
                $time,
                "when it begins; of the events' own time",
            ),
            column("project_id", Kind::Small, "f.project_id", "the project"),
            column(
                "issue_id",
                Kind::Issue,
                "f.issue_id",
                "the issue, as it is merged now",
            ),
            column(
                "fingerprint",
                Kind::Fingerprint,
                "f.fingerprint",
                "what grouping computed",
            ),
            column(
                "environment",
                Kind::Text,
                "coalesce(e.name, '')",
                "empty: none",
            ),
            column("release", Kind::Text, "coalesce(r.name, '')", "empty: none"),
            column(
                "events",
                Kind::Number,
                "c.count",
                "how many, those that were only counted too",
            ),
        ]
    };
}

/// Counts of projects by a unit of time.
macro_rules! of_projects {
    ($unit:expr, $time:literal) => {
        &[
            column(
                "time",
                Kind::Time($unit),
                $time,
                "when it begins; of the events' own time",
            ),
            column("project_id", Kind::Small, "c.project_id", "the project"),
            column("level", Kind::Word(level), "c.level", "`debug` … `fatal`"),
            column(
                "environment",
                Kind::Text,
                "coalesce(e.name, '')",
                "empty: none",
            ),
            column("release", Kind::Text, "coalesce(r.name, '')", "empty: none"),
            column(
                "events",
                Kind::Number,
                "c.count",
                "how many, those that were only counted too",
            ),
        ]
    };
}

/// All tables of the issue database.
pub static TABLES: &[Table] = &[
    Table {
        name: "issues",
        about: "an issue as it is now",
        from: "issue",
        project: "issue.project_id",
        columns: &[
            column("issue_id", Kind::Issue, "issue.id", "16 hex digits"),
            column("project_id", Kind::Small, "issue.project_id", "the project"),
            column(
                "title",
                Kind::Text,
                "issue.title",
                "of the newest event, like all down to `handled`",
            ),
            column("culprit", Kind::Text, "issue.culprit", "where it broke"),
            column(
                "type",
                Kind::Text,
                "issue.type",
                "type of the exception; empty for messages",
            ),
            column(
                "value",
                Kind::Text,
                "issue.value",
                "first line of its value, or of the message",
            ),
            column(
                "level",
                Kind::Word(level),
                "issue.level",
                "`debug` … `fatal`",
            ),
            column(
                "platform",
                Kind::Text,
                "issue.platform",
                "`python`, `javascript`, …",
            ),
            column(
                "handled",
                Kind::Handled,
                "issue.handled",
                "whether the application caught it; null: unknown",
            ),
            column(
                "status",
                Kind::Word(status),
                "issue.status",
                "`unresolved`, `resolved`, `ignored`",
            ),
            column(
                "assignee",
                Kind::SmallOrNone,
                "issue.assignee",
                "the number of a person; null: nobody",
            ),
            column(
                "events",
                Kind::Number,
                "issue.count",
                "of all time, those that were only counted too",
            ),
            column(
                "users",
                Kind::Number,
                "issue.users",
                "distinct, of all time",
            ),
            column(
                "sampled",
                Kind::Number,
                "issue.sampled",
                "of the events, those that were only counted",
            ),
            column(
                "first_seen",
                Kind::Time(MS),
                "issue.first_seen",
                "the events' own time",
            ),
            column("last_seen", Kind::Time(MS), "issue.last_seen", "likewise"),
            column(
                "first_event_id",
                Kind::EventOrNone,
                "issue.first_event_id",
                "of the stored events the one that happened first",
            ),
            column(
                "last_event_id",
                Kind::EventOrNone,
                "issue.last_event_id",
                "likewise last",
            ),
            column(
                "first_release",
                Kind::Text,
                "issue.first_release",
                "of the first event that names one",
            ),
            column(
                "last_release",
                Kind::Text,
                "issue.last_release",
                "of the last event that names one",
            ),
            column(
                "resolved_at",
                Kind::TimeOrNone(1),
                "issue.resolved_at_ns",
                "while it is resolved",
            ),
            column(
                "regressed_at",
                Kind::TimeOrNone(MS),
                "issue.regressed_at",
                "that it came back, until it is resolved again",
            ),
            column(
                "regressed_in",
                Kind::TextOrNone,
                "issue.regressed_in",
                "the release it came back in",
            ),
        ],
    },
    Table {
        name: "fingerprints",
        about: "which issue a fingerprint belongs to now, and what of the issue is its",
        from: "fingerprint",
        project: "fingerprint.project_id",
        columns: &[
            column(
                "project_id",
                Kind::Small,
                "fingerprint.project_id",
                "the project",
            ),
            column(
                "fingerprint",
                Kind::Fingerprint,
                "fingerprint.fingerprint",
                "32 hex digits",
            ),
            column(
                "issue_id",
                Kind::Issue,
                "fingerprint.issue_id",
                "the issue, as it is merged now",
            ),
            column(
                "title",
                Kind::Text,
                "fingerprint.title",
                "of its newest event",
            ),
            column("events", Kind::Number, "fingerprint.count", "of all time"),
            column(
                "users",
                Kind::Number,
                "fingerprint.users",
                "distinct, of all time",
            ),
            column(
                "first_seen",
                Kind::Time(MS),
                "fingerprint.first_seen",
                "the events' own time",
            ),
            column(
                "last_seen",
                Kind::Time(MS),
                "fingerprint.last_seen",
                "likewise",
            ),
        ],
    },
    Table {
        name: "counters",
        about: "events of an issue in an hour, by environment and release; for good",
        from: of_scene!("fingerprint_hour AS c JOIN fingerprint AS f ON f.id = c.fingerprint_id"),
        project: "f.project_id",
        columns: of_issues!(HOUR, "c.hour"),
    },
    Table {
        name: "minute_counters",
        about: "the same by minute, of the newest 49 hours of an issue",
        from: of_scene!("fingerprint_minute AS c JOIN fingerprint AS f ON f.id = c.fingerprint_id"),
        project: "f.project_id",
        columns: of_issues!(MINUTE, "c.minute"),
    },
    Table {
        name: "project_counters",
        about: "events of a project in an hour, by level, environment and release; for good",
        from: of_scene!("project_hour AS c"),
        project: "c.project_id",
        columns: of_projects!(HOUR, "c.hour"),
    },
    Table {
        name: "project_minute_counters",
        about: "the same by minute, of the newest 49 hours of a project",
        from: of_scene!("project_minute AS c"),
        project: "c.project_id",
        columns: of_projects!(MINUTE, "c.minute"),
    },
    Table {
        name: "issue_tags",
        about: "how many events of an issue have a tag's value; at most 200 keys and 1,000 values a key, the rest counts under the empty value",
        from: "fingerprint_tag AS c JOIN fingerprint AS f ON f.id = c.fingerprint_id",
        project: "f.project_id",
        columns: &[
            column("project_id", Kind::Small, "f.project_id", "the project"),
            column(
                "issue_id",
                Kind::Issue,
                "f.issue_id",
                "the issue, as it is merged now",
            ),
            column("key", Kind::Text, "c.key", "the tag"),
            column("tag_value", Kind::Text, "c.value", "its value"),
            column(
                "events",
                Kind::Number,
                "c.count",
                "of all time; sum them by issue, key and value",
            ),
        ],
    },
    Table {
        name: "releases",
        about: "a release of a project",
        from: "release",
        project: "release.project_id",
        columns: &[
            column(
                "project_id",
                Kind::Small,
                "release.project_id",
                "the project",
            ),
            column("release", Kind::Text, "release.version", "its name"),
            column("events", Kind::Number, "release.count", "of all time"),
            column(
                "first_seen",
                Kind::Time(MS),
                "release.first_seen",
                "the events' own time",
            ),
            column("last_seen", Kind::Time(MS), "release.last_seen", "likewise"),
        ],
    },
    Table {
        name: "transitions",
        about: "what became of an issue: what alerts act on",
        from: with_issue!("transition AS t"),
        project: "issue.project_id",
        columns: &[
            column(
                "position",
                Kind::Number,
                "t.position",
                "of the record that did it",
            ),
            column("project_id", Kind::Small, "issue.project_id", "the project"),
            column(
                "issue_id",
                Kind::Issue,
                "issue.id",
                "the issue, as it is merged now",
            ),
            column(
                "kind",
                Kind::Word(transition),
                "t.kind",
                "`new`, `regressed`, `resolved`, `ignored`, `reopened`",
            ),
            column(
                "at",
                Kind::Time(1),
                "t.at_ns",
                "receipt of the event, or when it was decided",
            ),
            column(
                "seen",
                Kind::Time(MS),
                "t.seen",
                "the event's own time, or the same",
            ),
            column(
                "event_id",
                Kind::EventOrNone,
                "t.event_id",
                "the event that did it; null: a person or a rule",
            ),
            column(
                "release",
                Kind::Text,
                "t.release",
                "the event's; empty: none",
            ),
            column(
                "environment",
                Kind::Text,
                "t.environment",
                "the event's; empty: none",
            ),
        ],
    },
    Table {
        name: "activity",
        about: "who did what to an issue",
        from: with_issue!("activity AS t"),
        project: "issue.project_id",
        columns: &[
            column(
                "position",
                Kind::Number,
                "t.position",
                "of the record that did it",
            ),
            column("project_id", Kind::Small, "issue.project_id", "the project"),
            column(
                "issue_id",
                Kind::Issue,
                "issue.id",
                "the issue, as it is merged now",
            ),
            column("kind", Kind::Text, "t.kind", "what"),
            column("at", Kind::Time(1), "t.at_ns", "when"),
            column(
                "actor",
                Kind::Text,
                "t.actor",
                "`user:N`, `admin`, `system`, `alerter`",
            ),
            column(
                "detail",
                Kind::Text,
                "t.detail",
                "the assignee's number, a release, a target",
            ),
        ],
    },
];
