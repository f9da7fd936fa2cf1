//! Events are grouped by the rules in force at their position, live and replayed, wherever
//! batches end and consumers begin anew.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use event_model::{Fingerprint, PublicKey};
use grouping::{Algorithm, Grouper, Rules};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::{cold::cold_files, *};
use crate::consumers::cold::ColdConsumer;

/// Texts that are set; the last two cannot be read by this release.
const TEXTS: [&str; 6] = [
    "",
    "message:alpha -> one, {{ default }}\nmessage:* -> rest title=\"{{ message }} of {{ tags.n }}\"",
    "tags.n:0 -> zero\ntags.n:1 -> {{ message }}",
    "message:*a -> {{ level }}",
    "message:alpha -> {{ unheard }}",
    "no rule",
];

/// What happens, in its order.
#[derive(Debug, Clone)]
enum Happens {
    /// So many events, by turns of both projects.
    Events(u32),
    /// Rules of a project: which text.
    Rules(u32, usize),
    Algorithm(u32, u32),
    /// Rules and a version of a project, applied to what is there: which text.
    Apply(u32, usize, u32),
    /// The newest of a project is taken back, if nothing was set since.
    Undo(u32),
    /// Which consumers (issues, search, cold) take in what there is.
    Step([bool; 3]),
    /// Which of them are gone, and begin anew from what is stored.
    Crash([bool; 3]),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (1..25u32).prop_map(Happens::Events),
        3 => (1..3u32, 0..TEXTS.len()).prop_map(|(id, text)| Happens::Rules(id, text)),
        1 => (1..3u32, 5..9u32).prop_map(|(id, version)| Happens::Algorithm(id, version)),
        3 => (1..3u32, 0..TEXTS.len(), 5..9u32)
            .prop_map(|(id, text, version)| Happens::Apply(id, text, version)),
        2 => (1..3u32).prop_map(Happens::Undo),
        4 => any::<[bool; 3]>().prop_map(Happens::Step),
        2 => any::<[bool; 3]>().prop_map(Happens::Crash),
    ]
}

/// Both projects' events, what is to come of each, and the consumers.
struct Story {
    world: World,
    generation: Generation,
    lock: read_model::WriterLock,
    search_dir: PathBuf,
    issues: Option<IssueConsumer>,
    search: Option<SearchConsumer>,
    cold: Option<ColdConsumer>,
    groupers: BTreeMap<u32, Grouper>,
    expected: BTreeMap<Position, (u32, Fingerprint)>,
    heads: BTreeMap<Position, Head>,
    /// Of each project: the number of what can be taken back, and what was before it.
    applied: BTreeMap<u32, Applied>,
    sent: u32,
}

fn grouper_of(text: usize, algorithm: Algorithm) -> Grouper {
    // Texts that cannot be read group nothing.
    let rules = Rules::parse(TEXTS[text]).unwrap_or_default();
    Grouper::new(rules.into(), algorithm)
}

struct Applied {
    number: u64,
    grouper: Grouper,
    expected: BTreeMap<Position, Fingerprint>,
}

impl Story {
    fn new() -> Self {
        let world = World::new();
        let lock = read_model::WriterLock::acquire(&world.config().read_model_dir).unwrap();
        let generation = Generation::create_new(&lock).unwrap();
        IssueWriter::create(&generation.issues_path(), Durability::Live).unwrap();
        for id in 1..=2 {
            world.command(Decision::CreateProject {
                id: ProjectId(id),
                name: id.to_string(),
                platform: String::new(),
                public_key: PublicKey([id as u8; 16]),
                key_label: String::new(),
                algorithm: grouping::Algorithm::NEWEST.number(),
            });
        }
        Self {
            search_dir: generation.search_path(),
            world,
            generation,
            lock,
            issues: None,
            search: None,
            cold: None,
            groupers: BTreeMap::new(),
            expected: BTreeMap::new(),
            heads: BTreeMap::new(),
            applied: BTreeMap::new(),
            sent: 0,
        }
    }

    fn send(&mut self, count: u32) {
        let mut tickets = Vec::new();
        for _ in 0..count {
            self.sent += 1;
            let project_id = 1 + self.sent % 2;
            let head = Head {
                project_id,
                ..numbered_head(self.sent)
            };
            let grouper = self.groupers.entry(project_id).or_default();
            let print = grouper.fingerprint(stored(&head).whole());
            // Enough to fill segments.
            let mut noise = self.sent;
            let mut word = || {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                format!("{noise:08x}")
            };
            let pad: String = (0..300).map(|_| word()).collect();
            let body = format!("{{\"pad\":\"{pad}\"}}").into_bytes();
            let ticket = self.world.log.append_event(&head, body).unwrap();
            tickets.push((ticket, head, print));
        }
        for (ticket, head, print) in tickets {
            let position = ticket.wait().unwrap();
            self.expected.insert(position, (head.project_id, print));
            self.heads.insert(position, head);
        }
    }

    /// What a project's events are grouped as.
    fn of(&self, id: u32) -> BTreeMap<Position, Fingerprint> {
        let own = self
            .expected
            .iter()
            .filter(|(_, (project, _))| *project == id);
        own.map(|(position, (_, print))| (*position, *print))
            .collect()
    }

    /// A project's events are grouped by this, but for those that `known` has.
    fn group(&mut self, id: u32, grouper: &Grouper, known: &BTreeMap<Position, Fingerprint>) {
        for (position, (project, print)) in &mut self.expected {
            if *project == id {
                let made = || grouper.fingerprint(stored(&self.heads[position]).whole());
                *print = known.get(position).copied().unwrap_or_else(made);
            }
        }
    }

    fn apply(&mut self, id: u32, text: usize, algorithm: u32) {
        self.world.command(Decision::ApplyGrouping {
            project_id: ProjectId(id),
            text: TEXTS[text].to_owned(),
            algorithm,
            from: 1,
        });
        let grouper = grouper_of(text, Algorithm::of_project(algorithm));
        let before = Applied {
            number: self.world.log.state().commands,
            grouper: self.groupers.get(&id).cloned().unwrap_or_default(),
            expected: self.of(id),
        };
        self.applied.insert(id, before);
        self.group(id, &grouper, &BTreeMap::new());
        self.groupers.insert(id, grouper);
    }

    fn undo(&mut self, id: u32) {
        let Some(before) = self.applied.remove(&id) else {
            return;
        };
        self.world.command(Decision::UndoGrouping {
            project_id: ProjectId(id),
            applied: before.number,
        });
        self.group(id, &before.grouper, &before.expected);
        self.groupers.insert(id, before.grouper);
    }

    fn happens(&mut self, what: &Happens) {
        let reader = self.world.reader();
        let stop = Stop::default();
        match *what {
            Happens::Events(count) => self.send(count),
            Happens::Apply(id, text, algorithm) => self.apply(id, text, algorithm),
            Happens::Undo(id) => self.undo(id),
            Happens::Rules(id, text) => {
                self.applied.remove(&id);
                self.world.command(Decision::SetGroupingRules {
                    project_id: ProjectId(id),
                    text: TEXTS[text].to_owned(),
                });
                let held = self.groupers.entry(id).or_default();
                *held = grouper_of(text, held.algorithm());
            }
            Happens::Algorithm(id, algorithm) => {
                self.applied.remove(&id);
                self.world.command(Decision::SetGroupingAlgorithm {
                    project_id: ProjectId(id),
                    algorithm,
                });
                let held = self.groupers.entry(id).or_default();
                *held = held.by(Algorithm::of_project(algorithm));
            }
            Happens::Step([issues, search, cold]) => {
                if issues {
                    self.issues().step(&reader, &stop).unwrap();
                }
                if search {
                    self.search().step(&reader, &stop).unwrap();
                }
                if cold {
                    self.cold().step(&reader, &stop).unwrap();
                }
            }
            Happens::Crash([issues, search, cold]) => {
                self.issues = self.issues.take().filter(|_| !issues);
                self.search = self.search.take().filter(|_| !search);
                self.cold = self.cold.take().filter(|_| !cold);
            }
        }
    }

    fn issues(&mut self) -> &mut IssueConsumer {
        self.issues.get_or_insert_with(|| {
            let writer = IssueWriter::open(&self.generation.issues_path()).unwrap();
            IssueConsumer::new(self.generation.clone(), writer, far(), Tripwire::default())
        })
    }

    fn search(&mut self) -> &mut SearchConsumer {
        self.search.get_or_insert_with(|| {
            let cold = self.world.config().cold;
            SearchConsumer::open(self.search_dir.clone(), &cold, Tripwire::default()).unwrap()
        })
    }

    fn cold(&mut self) -> &mut ColdConsumer {
        let config = self.world.config();
        self.cold
            .get_or_insert_with(|| ColdConsumer::new(&config.cold, Tripwire::default()))
    }

    /// All take in the rest.
    fn end(&mut self) {
        let reader = self.world.reader();
        let stop = Stop::default();
        while self.issues().step(&reader, &stop).unwrap() > 0 {}
        while self.search().step(&reader, &stop).unwrap() > 0 {}
        while self.cold().step(&reader, &stop).unwrap() > 0 {}
        self.search.take().unwrap().close().unwrap();
        self.issues = None;
    }
}

/// Position and fingerprint of each event that search finds.
fn searched(dir: &Path) -> BTreeMap<Position, (u32, Fingerprint)> {
    let reader = Reader::open(dir).unwrap();
    let all = EventFilter::default();
    let hits = reader.list(&Sight::All, &all, From::Oldest, 100_000);
    let of_hit =
        |hit: read_model::search::reader::Hit| (hit.position, (hit.project_id.0, hit.fingerprint));
    hits.unwrap().into_iter().map(of_hit).collect()
}

/// The same of the cold files.
fn exported(cold_dir: &Path) -> BTreeMap<Position, Fingerprint> {
    let mut rows = BTreeMap::new();
    for file in cold_files(cold_dir) {
        let file = std::fs::File::open(file).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        for batch in builder.build().unwrap().map(Result::unwrap) {
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let positions = column("position").as_primitive::<arrow::datatypes::UInt64Type>();
            let prints = column("fingerprint").as_string::<i32>();
            for at in 0..batch.num_rows() {
                let print = prints.value(at).parse().unwrap();
                rows.insert(Position(positions.value(at)), print);
            }
        }
    }
    rows
}

/// How many events each issue has, by its one fingerprint.
fn counted(generation: &Generation) -> BTreeMap<(u32, Fingerprint), i64> {
    let connection = Connection::open(generation.issues_path()).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT issue.project_id, fingerprint, issue.count FROM issue
             JOIN fingerprint AS f ON issue_id = issue.id AND f.count = issue.count",
        )
        .unwrap();
    let rows = statement.query_map([], |row| {
        Ok(((row.get(0)?, Fingerprint(row.get(1)?)), row.get(2)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn each_event_is_grouped_by_the_rules_in_force_where_it_stands(
        story in prop::collection::vec(happens(), 1..40),
    ) {
        let mut told = Story::new();
        for what in &story {
            told.happens(what);
        }
        told.send(40);
        told.end();
        prop_assert_eq!(&searched(&told.search_dir), &told.expected);
        let exported = exported(&told.world.cold_dir());
        for (position, print) in &exported {
            prop_assert_eq!(print, &told.expected[position].1, "{}", position);
        }
        let mut issues: BTreeMap<(u32, Fingerprint), i64> = BTreeMap::new();
        for key in told.expected.values() {
            *issues.entry(*key).or_default() += 1;
        }
        prop_assert_eq!(&counted(&told.generation), &issues);
        let (live, search_dir) = (dump(&told.generation), told.search_dir.clone());
        let searched_live = searched(&search_dir);
        let Story { world, lock, .. } = told;
        drop(lock);
        replay(&world.config(), &world.reader(), ReplayWish::ALL).unwrap();
        prop_assert_eq!(dump(&world.current()), live);
        prop_assert_eq!(searched(&world.current().search_path()), searched_live);
    }
}
