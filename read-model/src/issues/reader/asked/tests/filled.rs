//! A database of some issues, and the events that it was made of.

use std::sync::LazyLock;

use event_model::Fingerprint;
use rusqlite::{Connection, params};
use xxhash_rust::xxh3::xxh3_64;

use crate::issues::{
    reader::Reader,
    writer::{Durability, IssueWriter},
};

/// 2026-11-22T10:00:00Z.
pub(super) const NOW_MS: i64 = 1_795_341_600_000;
pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const ISSUES: u64 = 60;
pub(super) const ENVIRONMENTS: [&str; 4] = ["", "production", "prod-eu", "staging"];
pub(super) const RELEASES: [&str; 6] = [
    "",
    "shop@1.4.0",
    "shop@1.4.1-beta",
    "shop@1.5",
    "till@2",
    "main",
];
pub(super) const TAGS: [(&str, &str); 5] = [
    ("browser", "Safari"),
    ("browser", "Firefox*"),
    ("level", "9"),
    ("a b", "[x]?"),
    ("region", ""),
];
pub(super) const USERS: [&str; 5] = ["", "id:42", "email:anna@x.y", "id:7", "ip:203.0.113.7"];
pub(super) const TITLES: [&str; 5] = [
    "TypeError: Boom",
    "bad json at line 3",
    "Straße*Größe",
    "Timeout [42]",
    "",
];
pub(super) const CULPRITS: [&str; 3] = ["pay in shop.cart", "get*ById", ""];
pub(super) const TYPES: [&str; 4] = ["TypeError", "RangeError", "", "[object]"];

pub(super) struct Event {
    pub(super) environment: usize,
    pub(super) release: usize,
    pub(super) tags: Vec<usize>,
    pub(super) user: usize,
}

pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) project: u32,
    pub(super) status: i64,
    pub(super) level: i64,
    pub(super) assignee: Option<u32>,
    pub(super) handled: i64,
    pub(super) title: usize,
    pub(super) culprit: usize,
    pub(super) ty: usize,
    pub(super) count: u64,
    pub(super) users: u64,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    pub(super) has_come_back: bool,
    pub(super) is_discarded: bool,
    pub(super) fingerprints: u64,
    pub(super) events: Vec<Event>,
}

impl Issue {
    pub(super) fn resolved_ms(&self) -> Option<i64> {
        (self.status == 2).then_some(self.last_ms + HOUR_MS)
    }
}

/// A generator that is the same everywhere.
pub(super) struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

pub(super) fn issues() -> Vec<Issue> {
    let mut n = Numbers(7);
    let issue = |id: u64| {
        let events = (0..=n.below(3)).map(|_| Event {
            environment: n.below(ENVIRONMENTS.len()),
            release: n.below(RELEASES.len()),
            tags: (0..TAGS.len()).filter(|_| n.below(3) == 0).collect(),
            user: n.below(USERS.len()),
        });
        let events = events.collect();
        let first_ms = NOW_MS - n.below(400) as i64 * HOUR_MS;
        Issue {
            id,
            events,
            project: 1 + n.below(3) as u32,
            status: 1 + n.below(3) as i64,
            level: 1 + n.below(5) as i64,
            assignee: [None, Some(1), Some(2)][n.below(3)],
            handled: n.below(3) as i64,
            title: n.below(TITLES.len()),
            culprit: n.below(CULPRITS.len()),
            ty: n.below(TYPES.len()),
            count: [0, 1, 10, 100, 101, 5000][n.below(6)],
            users: n.below(9) as u64,
            first_ms,
            last_ms: first_ms + n.below(400) as i64 * HOUR_MS / 4,
            has_come_back: n.below(4) == 0,
            is_discarded: n.below(5) == 0,
            fingerprints: 1 + n.below(2) as u64,
        }
    };
    (1..=ISSUES).map(issue).collect()
}

/// The number of a name; 0 for none.
pub(super) fn name(names: &[&str], at: usize) -> i64 {
    match names[at] {
        "" => 0,
        "shop@1.4.0" | "shop@1.4.1-beta" | "shop@1.5" | "till@2" | "main" => 10 + at as i64,
        _ => at as i64,
    }
}

pub(super) fn fill(db: &Connection, issues: &[Issue]) {
    for (names, from) in [(&ENVIRONMENTS[..], 1), (&RELEASES[..], 1)] {
        for at in from..names.len() {
            db.execute(
                "INSERT INTO name VALUES (?1, ?2)",
                params![name(names, at), names[at]],
            )
            .unwrap();
        }
    }
    for issue in issues {
        let (title, culprit) = (TITLES[issue.title], CULPRITS[issue.culprit]);
        db.execute(
            "INSERT INTO issue (id, project_id, title, culprit, type, value, level, platform, handled,
                 status, assignee, count, users, first_seen, last_seen, first_position, last_position,
                 first_event_id, last_event_id, first_release, last_release, opened, folded)
             VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, 'node', ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, 1,
                 zeroblob(16), zeroblob(16), ?14, ?15, 1, ?16)",
            params![
                issue.id as i64, issue.project, title, culprit, TYPES[issue.ty], issue.level, issue.handled,
                issue.status, issue.assignee, issue.count as i64, issue.users as i64, issue.first_ms,
                issue.last_ms, RELEASES[issue.events[0].release], RELEASES[issue.events.last().unwrap().release],
                crate::fold::folded_headline(title, culprit),
            ],
        )
        .unwrap();
        if let Some(resolved_ms) = issue.resolved_ms() {
            let sql = "UPDATE issue SET resolved_at_ns = ?1 WHERE id = ?2";
            db.execute(sql, [resolved_ms * 1_000_000, issue.id as i64])
                .unwrap();
        }
        db.execute(
            "INSERT OR IGNORE INTO project_total VALUES (?1, 1, 0)",
            [issue.project],
        )
        .unwrap();
        for part in 0..issue.fingerprints {
            let id = (issue.id + part * 1000) as i64;
            db.execute(
                "INSERT INTO fingerprint (id, project_id, fingerprint, title, culprit, type, value, level,
                     platform, handled, count, users, first_seen, last_seen, first_position, last_position,
                     first_event_id, last_event_id, first_release, last_release, first_release_at,
                     last_release_at, opened, issue_id)
                 SELECT ?1, project_id, ?3, title, culprit, type, value, level, platform, handled, count,
                     users, first_seen, last_seen, 1, 1, first_event_id, last_event_id, '', '', 0, 0, 1, id
                 FROM issue WHERE id = ?2",
                params![id, issue.id as i64, fingerprint(issue.id, part).0],
            )
            .unwrap();
        }
        fill_events(db, issue);
        if issue.has_come_back {
            db.execute(
                "INSERT INTO transition VALUES (?1, ?1, 2, 0, ?2, NULL, '', '')",
                params![issue.id as i64, issue.last_ms],
            )
            .unwrap();
        }
        if issue.is_discarded {
            db.execute("INSERT INTO discarded VALUES (?1)", [issue.id as i64])
                .unwrap();
        }
    }
}

pub(super) fn fingerprint(issue: u64, part: u64) -> Fingerprint {
    let mut bytes = [part as u8; 16];
    bytes[8..].copy_from_slice(&issue.to_be_bytes());
    Fingerprint(bytes)
}

pub(super) fn fill_events(db: &Connection, issue: &Issue) {
    for (at, event) in issue.events.iter().enumerate() {
        let (environment, release) = (
            name(&ENVIRONMENTS, event.environment),
            name(&RELEASES, event.release),
        );
        let id = issue.id as i64;
        let part = (issue.id + at as u64 % issue.fingerprints * 1000) as i64;
        let times = (issue.first_ms, issue.last_ms);
        let scene = environment * 100 + release;
        db.execute(
            "INSERT OR IGNORE INTO scene VALUES (?1, ?2, ?3)",
            params![scene, environment, release],
        )
        .unwrap();
        for (table, number) in [
            ("environment", environment),
            ("release", release),
            ("scene", scene),
        ] {
            let sql = format!("INSERT OR IGNORE INTO issue_{table} VALUES (?1, ?2, 1, ?3, ?4)");
            db.execute(&sql, params![id, number, times.0, times.1])
                .unwrap();
        }
        for tag in &event.tags {
            let (key, value) = TAGS[*tag];
            let sql = "INSERT OR IGNORE INTO fingerprint_tag VALUES (?1, ?2, ?3, 1)";
            db.execute(sql, params![part, key, value]).unwrap();
        }
        if event.user > 0 {
            let hash = xxh3_64(USERS[event.user].as_bytes()) as i64;
            let sql = "INSERT OR IGNORE INTO fingerprint_user VALUES (?1, ?2)";
            db.execute(sql, params![part, hash]).unwrap();
        }
    }
}

pub(super) struct Filled {
    pub(super) reader: Reader,
    pub(super) issues: Vec<Issue>,
    pub(super) _dir: tempfile::TempDir,
}

pub(super) static FILLED: LazyLock<Filled> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issues.sqlite3");
    drop(IssueWriter::create(&path, Durability::Build).unwrap());
    let db = Connection::open(&path).unwrap();
    let issues = issues();
    fill(&db, &issues);
    Filled {
        reader: Reader::open(&path).unwrap(),
        issues,
        _dir: dir,
    }
});
