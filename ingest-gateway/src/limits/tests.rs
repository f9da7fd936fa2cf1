use event_model::{Actor, Command, Decision, Plan};
use http::HeaderMap;
use proptest::prelude::*;

use super::*;

const KEY: PublicKey = PublicKey([1; 16]);
/// 10:30 of some day.
const HALF_PAST_NS: i64 = 500_000 * HOUR_NS + HOUR_NS / 2;

struct World {
    limits: Limits,
    clock: Clock,
}

impl World {
    fn new(decisions: impl IntoIterator<Item = Decision>) -> Self {
        let mut state = ControlState::default();
        let project = |id: u32| Decision::CreateProject {
            id: ProjectId(id),
            name: id.to_string(),
            platform: String::new(),
            public_key: PublicKey([id as u8; 16]),
            key_label: String::new(),
            algorithm: 1,
        };
        let all = [project(1), project(2)].into_iter().chain(decisions);
        for decision in all {
            state.apply(&Command {
                actor: Actor::System,
                at_ns: 1,
                decision,
            });
        }
        let clock = Clock::standing_at(HALF_PAST_NS);
        let limits = Limits::new(
            &GatewayLimits::default(),
            Usage::default(),
            Arc::new(RwLock::new(state)),
            clock.clone(),
        );
        Self { limits, clock }
    }

    fn sender(&self, project: u32) -> Allowance {
        let key = PublicKey([project as u8; 16]);
        self.limits.allowance(ProjectId(project), Some(key))
    }

    /// How many of so many items are let in.
    fn sent(&self, project: u32, category: Category, items: usize) -> usize {
        let now = self.clock.now_ns();
        (0..items)
            .filter(|_| {
                self.limits
                    .take(self.sender(project), category, now)
                    .is_ok()
            })
            .count()
    }

    fn sentry(&self, project: u32) -> String {
        let mut headers = HeaderMap::new();
        self.limits.tell_sentry(&mut headers, self.sender(project));
        let value = headers.get("x-sentry-rate-limits");
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }
}

fn plan(project: Option<u32>, plan: Plan) -> Decision {
    Decision::SetPlan {
        project_id: project.map(ProjectId),
        plan,
    }
}

fn key_limit(items: u32) -> Decision {
    Decision::SetKeyLimit {
        project_id: ProjectId(1),
        public_key: KEY,
        items_per_minute: Some(items),
    }
}

#[test]
fn a_quota_is_of_an_hour_of_a_category_and_of_a_project() {
    let world = World::new([plan(Some(1), Plan::Enterprise(5))]);
    assert_eq!(world.sent(1, Category::Error, 9), 5);
    assert_eq!(world.sent(1, Category::Attachment, 9), 5, "by itself");
    assert_eq!(world.sent(2, Category::Error, 9), 9, "another project");
    let error = world
        .limits
        .check(world.sender(1), Some(Category::Error))
        .unwrap_err();
    assert_eq!(
        (error.code, error.retry_after_s),
        (ErrorCode::Limited, 1_800)
    );
    let said = "project 1 has used its quota of 5 events an hour";
    assert_eq!(error.message, said);
    assert!(world.limits.check(world.sender(1), None).is_ok());
    assert!(
        world
            .limits
            .check(world.sender(1), Some(Category::Session))
            .is_ok()
    );
    world.clock.advance(Duration::from_mins(30));
    assert_eq!(world.sent(1, Category::Error, 9), 5, "the next hour");
}

#[test]
fn the_organisations_quota_is_shared_by_its_projects() {
    let world = World::new([
        plan(None, Plan::Free),
        plan(Some(1), Plan::Enterprise(400)),
        plan(Some(2), Plan::Enterprise(5_000)),
    ]);
    assert_eq!(world.sent(1, Category::Error, 500), 400);
    assert_eq!(world.sent(2, Category::Error, 5_000), 600);
    let error = world
        .limits
        .check(world.sender(2), Some(Category::Error))
        .unwrap_err();
    let said = "the organisation has used its quota of 1000 events an hour";
    assert_eq!(error.message, said);
}

#[test]
fn an_item_that_came_late_counts_for_the_hour_it_was_received_in() {
    let world = World::new([plan(Some(1), Plan::Enterprise(2))]);
    let sender = world.sender(1);
    let take = |at_ns| world.limits.take(sender, Category::Error, at_ns).is_ok();
    let next_ns = HALF_PAST_NS + HOUR_NS;
    let taken = [
        take(HALF_PAST_NS),
        take(next_ns),
        take(HALF_PAST_NS),
        take(HALF_PAST_NS),
        take(next_ns),
        take(next_ns),
    ];
    assert_eq!(taken, [true, true, true, false, true, false]);
}

#[test]
fn what_is_given_back_costs_neither_key_nor_quota() {
    let world = World::new([plan(Some(1), Plan::Enterprise(3)), key_limit(2)]);
    let sender = world.sender(1);
    let take = || world.limits.take(sender, Category::Error, HALF_PAST_NS);
    for _ in 0..10 {
        world.limits.give_back(take().unwrap());
    }
    assert_eq!(world.sent(1, Category::Error, 5), 2, "the key's limit");
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.sent(1, Category::Error, 5), 1, "what the quota left");
    // The quota refused four: that cost the key nothing but one.
    let standing = world.limits.keys.look(&KEY, Rate::per_minute(2));
    assert_eq!(standing.remaining, 1);
}

#[test]
fn sdks_are_stopped_by_category_and_by_all_if_the_key_is_limited() {
    let world = World::new([plan(Some(1), Plan::Enterprise(2)), key_limit(3)]);
    assert_eq!(world.sentry(1), "");
    assert_eq!(world.sent(1, Category::Error, 2), 2);
    assert_eq!(world.sentry(1), "1800:error;event;security:project:quota");
    assert_eq!(world.sent(1, Category::Attachment, 2), 1);
    assert_eq!(
        world.sentry(1),
        "20::key:key_limit, 1800:error;event;security:project:quota"
    );
    assert_eq!(world.sentry(2), "");
}

#[test]
fn a_door_has_a_rate_a_key_and_says_how_it_stands() {
    let world = World::new([plan(None, Plan::Pro)]);
    let enter = |key, door, times| {
        (0..times)
            .filter(|_| world.limits.enter(key, door).is_ok())
            .count()
    };
    assert_eq!(enter(KEY, Door::Errors, 150), 100);
    assert_eq!(enter(KEY, Door::Batches, 150), 20);
    assert_eq!(enter(PublicKey([2; 16]), Door::Errors, 150), 100);
    assert_eq!(world.sent(1, Category::Error, 4), 4);
    let error = world.limits.enter(KEY, Door::Batches).unwrap_err();
    assert_eq!(error.message, "a key may send 20 batches a minute");
    assert_eq!(error.retry_after_s, 3);
    let mut headers = HeaderMap::new();
    let sender = world.sender(1);
    world.limits.tell(&mut headers, sender, (KEY, Door::Errors));
    let expected = r#""errors";q=100;w=60, "organization";q=10000;w=3600"#;
    assert_eq!(headers["ratelimit-policy"], expected);
    let expected = r#""errors";r=0;t=60, "organization";r=9996;t=1800"#;
    assert_eq!(headers["ratelimit"], expected);
}

#[test]
fn switched_off_nothing_is_limited_and_all_is_counted() {
    let mut world = World::new([plan(None, Plan::Enterprise(2)), key_limit(1)]);
    world.limits.is_enabled = false;
    assert_eq!(world.sent(1, Category::Error, 50), 50);
    assert!((0..500).all(|_| world.limits.enter(KEY, Door::Batches).is_ok()));
    assert_eq!(world.sentry(1), "");
    let hour = hour_of(HALF_PAST_NS);
    let used = |scope| world.limits.usage.used(scope, Category::Error, hour);
    assert_eq!(used(Scope::Organization), 50);
    assert_eq!(used(Scope::Project(ProjectId(1))), 50);
}

/// Nobody takes a place twice, however many ask at the same moment.
#[test]
fn threads_that_ask_at_once_get_no_more_than_the_quota() {
    let world = World::new([plan(None, Plan::Free), plan(Some(1), Plan::Enterprise(700))]);
    let count = |project| {
        let world = &world;
        move || world.sent(project, Category::Error, 400)
    };
    let sent: Vec<(u32, usize)> = std::thread::scope(|scope| {
        let threads: Vec<_> = [1, 2, 1, 2, 1, 2]
            .into_iter()
            .map(|project| (project, scope.spawn(count(project))))
            .collect();
        let ended = threads.into_iter();
        ended
            .map(|(project, thread)| (project, thread.join().unwrap()))
            .collect()
    });
    let of = |wanted: u32| -> usize {
        let of_project = sent.iter().filter(|(project, _)| *project == wanted);
        of_project.map(|(_, count)| count).sum()
    };
    assert_eq!(of(1) + of(2), 1_000);
    assert!(of(1) <= 700, "{}", of(1));
}

proptest! {
    /// A naive count agrees: in no hour, project or category more than both quotas allow,
    /// and what was given back can be used again.
    #[test]
    fn never_more_than_the_quotas_in_any_hour(
        quotas in (1u64..20, 1u64..20, 1u64..30),
        steps in prop::collection::vec((0i64..2, 1u32..3, 0usize..2, any::<bool>()), 1..200),
    ) {
        let (first, second, organization) = quotas;
        let world = World::new([
            plan(Some(1), Plan::Enterprise(first)),
            plan(Some(2), Plan::Enterprise(second)),
            plan(None, Plan::Enterprise(organization)),
        ]);
        let mut stored = std::collections::HashMap::<(i64, u32, usize), u64>::new();
        for (hour, project, category, gives_back) in steps {
            let own = if project == 1 { first } else { second };
            let of = |project: u32| stored.get(&(hour, project, category)).copied().unwrap_or(0);
            let expected = of(project) < own && of(1) + of(2) < organization;
            let at_ns = HALF_PAST_NS + hour * HOUR_NS;
            let taken = world.limits.take(world.sender(project), Category::ALL[category], at_ns);
            prop_assert_eq!(taken.is_ok(), expected);
            match taken {
                Ok(taken) if gives_back => world.limits.give_back(taken),
                Ok(_) => *stored.entry((hour, project, category)).or_default() += 1,
                Err(_) => {}
            }
        }
    }
}
