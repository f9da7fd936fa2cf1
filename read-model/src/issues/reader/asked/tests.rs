//! Random queries over a database of some issues, against a walk over the events that it was
//! made of.

#![allow(clippy::unwrap_used)]

mod filled;

use event_model::{IssueStatus, ProjectId, access::Sight};
use proptest::prelude::*;
use search_language::{Place, Reader as Asker, State, parse, resolve::Person};

use self::filled::{
    CULPRITS, ENVIRONMENTS, FILLED, Issue, NOW_MS, RELEASES, TAGS, TITLES, TYPES, USERS,
    fingerprint,
};
use super::*;
use crate::issues::reader::{Direction, IssueSort};

/// Whether an issue passes, told without any table.
fn passes(issue: &Issue, leaf: &Leaf) -> bool {
    let text = |text: &str| match &leaf.test {
        Known::Present => !text.is_empty(),
        Known::Text(pattern) => pattern.matches(text),
        Known::Version(version) => version.matches(text),
        _ => false,
    };
    let words = |text: &str| match &leaf.test {
        Known::Present => true,
        Known::Text(pattern) => pattern.map(fold).within().matches(&fold(text)),
        _ => false,
    };
    let number =
        |value: u64| matches!(leaf.test, Known::Number(from, to) if value >= from && value <= to);
    let time = |ms: i64| match leaf.test {
        Known::Time(from, to) => ms >= from && ms < to,
        _ => leaf.test == Known::Present,
    };
    let (title, culprit) = (TITLES[issue.title], CULPRITS[issue.culprit]);
    let mut events = issue.events.iter();
    match &leaf.field {
        Field::Any => words(title) || words(culprit),
        Field::Tag(key) => events.any(|event| {
            let mut tags = event.tags.iter().map(|tag| TAGS[*tag]);
            tags.any(|(known, value)| known == key && (leaf.test == Known::Present || text(value)))
        }),
        Field::Known(key) => match (key, &leaf.test) {
            (Key::Assigned, Known::People(people)) => match issue.assignee {
                None => people.is_empty(),
                Some(id) => people.contains(&UserId(id)),
            },
            (Key::Assigned, _) => issue.assignee.is_some(),
            (Key::Level, Known::Levels(levels)) => {
                levels.iter().any(|level| *level as i64 == issue.level)
            }
            (Key::Level | Key::Title | Key::Message, Known::Present) => true,
            (Key::Project, Known::Projects(ids)) => ids.contains(&ProjectId(issue.project)),
            (Key::Release, _) => {
                events.any(|event| event.release > 0 && text(RELEASES[event.release]))
            }
            (Key::Environment, _) => {
                events.any(|event| event.environment > 0 && text(ENVIRONMENTS[event.environment]))
            }
            (Key::User | Key::Users, Known::Present) => issue.users > 0,
            (Key::User, Known::Text(asked)) => events.any(|event| {
                let identity = USERS[event.user];
                let name = identity.split_once(':').map_or("", |(_, name)| name);
                event.user > 0 && (asked.matches(identity) || asked.matches(name))
            }),
            (Key::UserId, Known::Text(asked)) => events.any(|event| {
                USERS[event.user]
                    .strip_prefix("id:")
                    .is_some_and(|id| asked.matches(id))
            }),
            (Key::Title | Key::Message, _) => words(title),
            (Key::Culprit, Known::Present) => text(culprit),
            (Key::Culprit, _) => words(culprit),
            (Key::Type, _) => text(TYPES[issue.ty]),
            (Key::Platform, _) => text("node"),
            (Key::Handled, Known::Flag(flag)) => issue.handled == if *flag { 2 } else { 1 },
            (Key::Handled, _) => issue.handled != 0,
            (Key::FirstRelease, _) => text(RELEASES[issue.events[0].release]),
            (Key::LastRelease, _) => text(RELEASES[issue.events.last().unwrap().release]),
            (Key::FirstSeen, _) => time(issue.first_ms),
            (Key::LastSeen, _) => time(issue.last_ms),
            (Key::RegressedIn, _) => text(""),
            (Key::Resolved, _) => issue.resolved_ms().is_some_and(time),
            (Key::TimesSeen, _) => number(issue.count),
            (Key::Users, _) => number(issue.users),
            (Key::Issue, Known::Issues(ids)) => ids.contains(&IssueId(issue.id)),
            (_, Known::State(state)) => match state {
                State::Status(status) => *status == crate::issues::numbers::status_of(issue.status),
                State::New => true,
                State::Regressed => issue.has_come_back,
                State::Discarded => issue.is_discarded,
                State::Merged => issue.fingerprints > 1,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        },
    }
}

/// What must hold of one event if it is asked beside each other: the first environment and
/// the first release, as they are.
fn is_of_one_event(issue: &Issue, asked: &Expression<Leaf>) -> bool {
    let parts = match asked {
        Expression::And(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let first = |key: Key| {
        parts.iter().find_map(|part| match part {
            Expression::Term(Leaf {
                field: Field::Known(known),
                test: Known::Text(pattern),
                ..
            }) if *known == key => pattern.as_literal(),
            _ => None,
        })
    };
    let (Some(environment), Some(release)) = (first(Key::Environment), first(Key::Release)) else {
        return true;
    };
    issue.events.iter().any(|event| {
        ENVIRONMENTS[event.environment] == environment && RELEASES[event.release] == release
    })
}

fn asker() -> Asker {
    let person = |id: u32, name: &str| Person {
        id: UserId(id),
        email: format!("{name}@x.y"),
        name: name.to_owned(),
    };
    Asker {
        now_ms: NOW_MS,
        zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
        me: Some(UserId(1)),
        people: vec![person(1, "anna"), person(2, "Bo"), person(3, "nobody-else")],
        projects: vec![
            (ProjectId(1), "shop".to_owned()),
            (ProjectId(2), "Till".to_owned()),
        ],
    }
}

#[rustfmt::skip]
const TERMS: &[&str] = &[
    "is:unresolved", "is:resolved", "is:ignored", "is:new", "is:regressed", "is:assigned", "is:unassigned",
    "is:discarded", "is:merged", "assigned:me", "assigned:none", "assigned:bo", "level:error", "level:>=warning",
    "level:debug..info", "level:>fatal", "project:shop", "project:2", "project:t*", "project:x*",
    "release:shop@1.4.0", "release:shop@1.*", "release:*", "release:nothing", "release.version:>=1.4",
    "release.version:1.4.*", "release.version:<1.4.1", "release.version:2", "first_release:shop@1.5",
    "last_release:*1.4*", "environment:production", "environment:prod*", "environment:staging",
    "environment:nowhere", "browser:Safari", "browser:S*i", "browser:\"Firefox\\*\"", "browser:F*", "tag.level:9",
    "tag.\"a b\":\"[x]?\"", "tag.\"a b\":\"[x*\"", "has:browser", "has:region", "has:nothing", "has:release",
    "has:environment", "has:user", "has:assigned", "has:handled", "has:type", "has:culprit", "has:title",
    "has:users", "user:42", "user:id:42", "user:anna@x.y", "user:nobody", "user.id:7", "title:boom",
    "title:\"bad json\"", "title:b*m", "title:STRASSE", "message:json", "culprit:cart", "culprit:g*by", "culprit:\"get\\*\"",
    "type:TypeError", "type:*Error", "type:\"[o*]\"", "platform:node", "handled:yes", "handled:no",
    "first_seen:-24h", "first_seen:+100h", "last_seen:>2026-11-20", "last_seen:2026-11-21", "last_seen:<=yesterday",
    "first_seen:2026-11-10..2026-11-15", "age:<2d", "age:2d..9d", "age:+300h", "times_seen:>100", "times_seen:1..100",
    "times_seen:<0", "users:>=5", "users:0", "boom", "\"bad json\"", "B*M", "\"s*e*e\"", "*", "zzz", "[42]",
    "issue:0000000000000003", "issue:0000000000000fff", "resolved:-48h", "resolved:<2026-11-15", "has:resolved",
    "has:regressed_in", "regressed_in:shop@1.4.0",
];

fn arbitrary_query(terms: &'static [&'static str]) -> impl Strategy<Value = String> {
    let term = prop::sample::select(terms).prop_map(str::to_owned);
    term.prop_recursive(4, 16, 4, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some().prop_map(|parts| format!("({})", parts.join(" "))),
            some().prop_map(|parts| format!("({})", parts.join(" AND "))),
            some().prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.clone().prop_map(|part| format!("!{part}")),
        ]
    })
}

fn check(text: &str, sight: &Sight) {
    // Of too many terms.
    let Ok(query) = parse(text) else { return };
    query.check(Place::Issues).unwrap();
    let Some(asked) = query.resolve(&asker()).unwrap() else {
        return;
    };
    let seen = |issue: &&Issue| sight.has(ProjectId(issue.project));
    let naive = |issue: &&Issue| {
        asked.holds(&mut |leaf| passes(issue, leaf)) && is_of_one_event(issue, &asked)
    };
    let expected: Vec<u64> = FILLED
        .issues
        .iter()
        .filter(seen)
        .filter(naive)
        .map(|issue| issue.id)
        .collect();
    let filter = IssueFilter::default().and(asked.clone());
    FILLED
        .reader
        .read(sight, |snapshot| {
            for sort in [IssueSort::LastSeen, IssueSort::Count] {
                let mut found = Vec::new();
                let mut cursor = None;
                loop {
                    let page = snapshot.list(&filter, sort, Direction::Descending, cursor, 50)?;
                    found.extend(page.issues.iter().map(|row| row.issue.id.0));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                found.sort_unstable();
                assert_eq!(found, expected, "{text}: {sort:?}, {asked:?}");
            }
            assert_eq!(snapshot.total(&filter)?, expected.len() as u64, "{text}");
            // Of events there is no scope: each term is for itself.
            let alone = FILLED
                .issues
                .iter()
                .filter(seen)
                .filter(|issue| asked.holds(&mut |leaf| passes(issue, leaf)));
            let prints: Vec<_> = alone
                .flat_map(|issue| {
                    (0..issue.fingerprints)
                        .map(|part| (ProjectId(issue.project), fingerprint(issue.id, part)))
                })
                .collect();
            let mut found: Vec<_> = snapshot
                .fingerprints_of(&asked, 1000)?
                .unwrap()
                .into_iter()
                .flat_map(|(project, prints)| prints.into_iter().map(move |print| (project, print)))
                .collect();
            let mut prints = prints;
            prints.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, prints, "{text}");
            if !prints.is_empty() {
                assert_eq!(snapshot.fingerprints_of(&asked, prints.len() - 1)?, None);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_term_alone_and_not_finds_what_a_walk_over_the_events_finds() {
    for term in TERMS {
        check(term, &Sight::All);
        check(
            &format!("!{term}"),
            &Sight::only([ProjectId(1), ProjectId(3)]),
        );
    }
}

proptest! {
    #[test]
    fn queries_find_what_a_walk_over_the_events_finds(
        text in arbitrary_query(TERMS),
        sight in prop_oneof![
            3 => Just(Sight::All),
            1 => proptest::collection::vec(1..4u32, 0..3).prop_map(|ids| Sight::only(ids.into_iter().map(ProjectId))),
        ],
    ) {
        check(&text, &sight);
    }
}

#[test]
fn statuses_given_beside_a_query_narrow_it() {
    let query = parse("is:resolved is:ignored")
        .unwrap()
        .resolve(&asker())
        .unwrap()
        .unwrap();
    let filter = |statuses| {
        IssueFilter {
            statuses,
            ..IssueFilter::default()
        }
        .and(query.clone())
    };
    assert_eq!(
        filter(vec![]).statuses,
        [IssueStatus::Resolved, IssueStatus::Ignored]
    );
    let both = vec![IssueStatus::Unresolved, IssueStatus::Ignored];
    assert_eq!(filter(both).statuses, [IssueStatus::Ignored]);
    let none = filter(vec![IssueStatus::Unresolved]);
    assert_eq!(
        FILLED
            .reader
            .read(&Sight::All, |snapshot| snapshot.total(&none))
            .unwrap(),
        0
    );
}

/// Each value's number is the total of the list that asks for the value, too.
#[test]
fn facets_count_what_the_lists_of_their_terms_hold() {
    let mut values = 0;
    for text in [
        "",
        "is:unresolved",
        "level:>=warning browser:*",
        "environment:production",
        "boom",
    ] {
        let asked = |text: &str| {
            let asked = parse(text).unwrap().resolve(&asker()).unwrap();
            asked.map_or_else(IssueFilter::default, |asked| {
                IssueFilter::default().and(asked)
            })
        };
        let sight = Sight::only([ProjectId(1), ProjectId(2)]);
        FILLED
            .reader
            .read(&sight, |snapshot| {
                let filter = asked(text);
                let facets = snapshot.issue_facets(&filter, 20)?;
                let keys: Vec<&str> = facets.iter().map(|facet| facet.key.info().name).collect();
                assert_eq!(keys.len(), 8, "{keys:?}");
                for facet in facets {
                    for (value, issues) in facet.values {
                        let value = match facet.key {
                            Key::Assigned if value.is_empty() => "none".to_owned(),
                            Key::Assigned => {
                                ["", "anna", "bo"][value.parse::<usize>().unwrap()].to_owned()
                            }
                            Key::Level => crate::issues::numbers::level_of(value.parse().unwrap())
                                .name()
                                .to_owned(),
                            _ => value,
                        };
                        let field = Field::Known(facet.key);
                        let term = search_language::complete::term(&field, &value);
                        let is_status = facet.key == Key::Is && text.starts_with("is:");
                        if is_status || facet.key == Key::Environment && text.starts_with("env") {
                            continue;
                        }
                        let total = snapshot
                            .total(&asked(&format!("({text}) {term}").replace("() ", "")))?;
                        assert_eq!(total, issues, "{text} {term}");
                        values += 1;
                    }
                }
                Ok(())
            })
            .unwrap();
    }
    assert!(values > 80, "{values}");
}
