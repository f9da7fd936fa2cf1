use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> KeepRule {
    text.parse().unwrap()
}

#[test]
fn rules_are_read_and_written() {
    for (text, written) in [
        ("level:debug 7d", "level:debug 7d"),
        ("  project:3   30d ", "project:3 30d"),
        ("environment:staging  48h", "environment:staging 2d"),
        ("level:info project:3 90m", "project:3 level:info 90m"),
        ("environment:\"my own\" 61s", "environment:\"my own\" 61s"),
        ("environment:\"staging\" 1s", "environment:staging 1s"),
        ("30d", "30d"),
    ] {
        assert_eq!(rule(text).to_string(), written);
        assert_eq!(rule(written), rule(text));
    }
    for (text, said) in [
        ("", "which events"),
        ("level:debug", "which events"),
        ("level:debug 7", "for how long"),
        ("level:debug 0d", "for how long"),
        ("level:debug -1d", "for how long"),
        ("level:debug +1d", "for how long"),
        ("level:debug 1.5d", "for how long"),
        ("level:debug 36601d", "for how long"),
        ("level:debug 99999999999999999999d", "for how long"),
        ("level:bad 7d", "none of debug"),
        ("project:0 7d", "number of a project"),
        ("project:shop 7d", "number of a project"),
        ("release:1 7d", "none of project:"),
        ("debug 7d", "none of project:"),
        ("level:debug level:info 7d", "twice"),
        ("environment:\"\" 7d", "environment has"),
        ("environment:\"open 7d", "environment has"),
    ] {
        let error = text.parse::<KeepRule>().unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn a_cut_moves_in_steps() {
    const DAY: i64 = 86_400 * NS;
    let rules = [rule("level:debug 24h")];
    let mut expired = Expired::default();
    let first = due(&rules, &expired, 10 * DAY);
    assert_eq!(first[0].before_ns, 9 * DAY);
    expired.add(&first[0]);
    // An hour is the twenty-fourth part.
    let hour = DAY / 24;
    assert_eq!(due(&rules, &expired, 10 * DAY + hour - 1), []);
    assert_eq!(due(&rules, &expired, 10 * DAY + hour).len(), 1);
    // A longer rule brings nothing back, and goes on once it is past that.
    let longer = [rule("level:debug 48h")];
    assert_eq!(due(&longer, &expired, 10 * DAY + hour), []);
    assert_eq!(due(&longer, &expired, 12 * DAY).len(), 1);
    // Of two rules of one scope the shorter one wins.
    let both = [rule("level:debug 48h"), rule("level:debug 12h")];
    let cuts = due(&both, &Expired::default(), 10 * DAY);
    assert_eq!(cuts.len(), 1);
    assert_eq!(cuts[0].before_ns, 10 * DAY - DAY / 2);
}

#[derive(Debug, Clone)]
enum Step {
    /// Rules from now on.
    Set(Vec<KeepRule>),
    /// An event comes.
    Event(u32, Level, &'static str),
    /// Seconds go by.
    Wait(u64),
    /// A look.
    Round,
}

const ENVIRONMENTS: [&str; 3] = ["", "prod", "staging"];

fn scopes() -> impl Strategy<Value = Scope> {
    let level = proptest::option::of(proptest::sample::select(&Level::ALL[..2]));
    let environment = proptest::option::of(proptest::sample::select(&ENVIRONMENTS[1..]));
    let project = proptest::option::of(1u32..3);
    (project, level, environment).prop_map(|(project, level, environment)| Scope {
        project: project.map(ProjectId),
        level,
        environment: environment.map(str::to_owned),
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let rule = (scopes(), 1u64..200).prop_map(|(scope, keep_s)| KeepRule { scope, keep_s });
    let level = proptest::sample::select(&Level::ALL[..3]);
    let environment = proptest::sample::select(&ENVIRONMENTS[..]);
    prop_oneof![
        1 => proptest::collection::vec(rule, 0..4).prop_map(Step::Set),
        4 => (1u32..4, level, environment).prop_map(|(p, l, e)| Step::Event(p, l, e)),
        3 => (1u64..90).prop_map(Step::Wait),
        3 => Just(Step::Round),
    ]
}

proptest! {
    /// Beside a model that knows each event and crosses it out, round by round: nothing is
    /// there that should be gone, nothing gone that should be there, and nothing comes back.
    #[test]
    fn what_has_gone_is_what_a_naive_model_crosses_out(
        steps in proptest::collection::vec(steps(), 1..60),
    ) {
        let mut now_ns = 1_000 * NS;
        let mut rules: Vec<KeepRule> = Vec::new();
        let mut expired = Expired::default();
        let mut recorded: Vec<Cut> = Vec::new();
        // Whether it was crossed out.
        let mut events: Vec<((u32, Level, &str), i64, bool)> = Vec::new();
        for step in steps {
            match step {
                Step::Set(set) => rules = set,
                Step::Event(project, level, environment) => {
                    events.push(((project, level, environment), now_ns, false));
                }
                Step::Wait(seconds) => now_ns += i64::try_from(seconds).unwrap() * NS,
                Step::Round => {
                    let cuts = due(&rules, &expired, now_ns);
                    for cut in &cuts {
                        expired.add(cut);
                    }
                    recorded.extend(cuts);
                    for ((project, level, environment), received_ns, is_gone) in &mut events {
                        let is_of = |rule: &&KeepRule| {
                            rule.scope.has(ProjectId(*project), *level, environment)
                        };
                        let mut own = rules.iter().filter(is_of);
                        let age_s = u64::try_from((now_ns - *received_ns) / NS).unwrap();
                        let (mut must, mut may) = (false, false);
                        for rule in &mut own {
                            // A step late at most.
                            must |= age_s > rule.keep_s + (rule.keep_s / STEPS).max(1);
                            may |= age_s > rule.keep_s;
                        }
                        let event = (ProjectId(*project), *level, *environment);
                        let has = expired.has(event, *received_ns);
                        prop_assert!(has || !must, "still there");
                        prop_assert!(!has || may || *is_gone, "gone too early");
                        prop_assert!(has || !*is_gone, "came back");
                        *is_gone |= has;
                    }
                }
            }
        }
        // The order of cuts does not matter, nor does a cut that comes twice.
        let mut other = Expired::default();
        for cut in recorded.iter().rev().chain(&recorded) {
            other.add(cut);
        }
        for ((project, level, environment), received_ns, _) in events {
            let event = (ProjectId(project), level, environment);
            prop_assert_eq!(expired.has(event, received_ns), other.has(event, received_ns));
        }
    }
}
