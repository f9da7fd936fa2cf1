use std::cell::Cell;

use event_model::{
    ProjectId,
    settings::{ScrubMethod, ScrubRule, Scrubbing, SourceLines},
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value as Tree, json};

use super::*;
use crate::{Context, Limits, Reading, json, read_store};

/// Frames with and without secrets, in what is free form and in what is not.
fn frames() -> Vec<Tree> {
    let deep = (0..70).fold(json!("x"), |inner, _| json!([inner]));
    vec![
        json!({"function": "main", "filename": "app/shop.py", "lineno": 7, "in_app": true}),
        json!({"function": "_ZN3foo3barEv", "abs_path": "/srv/app/x.cpp", "lineno": 1,
            "context_line": "let key = 'AKIAIOSFODNN7EXAMPLE'; // and more than that"}),
        json!({"function": "pay", "filename": "pay.rb", "vars": {"password": "hunter2",
            "user": {"token": "abc", "name": "jane"}, "card": "4111111111111111"}}),
        json!({"filename": "https://jane:secret@shop.example/app.js?token=abc", "colno": 12,
            "pre_context": ["a = 1", "password = 'hunter2'"], "post_context": ["", "b = 2"]}),
        json!({"function": "handler", "module": "node_modules.express", "lock": {"type": 1},
            "vars": {"deep": deep, "list": ["--password", "x", "jane@shop.example"]}}),
        json!({"function": "same", "vars": {"n": 1, "long": "y".repeat(5_000)}, "trust": "cfi"}),
        json!({"function": "frames", "vars": {"frames": [
            {"function": "inner", "password": "hunter2", "filler": "z".repeat(80)},
            {"function": "inner", "password": "hunter2", "filler": "z".repeat(80)},
        ]}}),
        json!({}),
        json!("no frame"),
        json!(null),
    ]
}

fn rules() -> Vec<Rules> {
    let rule = |place: &str, what: &str, how| ScrubRule {
        place: place.to_owned(),
        what: what.to_owned(),
        how,
    };
    let compiled = |settings: &Scrubbing| {
        Rules::compile(settings, |text| [text.len() as u8; 32]).expect("sound settings")
    };
    let of = |rules: &[ScrubRule]| {
        compiled(&Scrubbing {
            rules: rules.to_vec(),
            ..Scrubbing::default()
        })
    };
    vec![
        Rules::standard().clone(),
        of(&[rule("exceptions.frames.vars.n", "", ScrubMethod::Hash)]),
        of(&[rule("threads.**.name", "", ScrubMethod::Mask)]),
        of(&[rule(
            "exceptions.frames.filename",
            "shop",
            ScrubMethod::Remove,
        )]),
        of(&[rule("stacktrace.frames.vars.**", "", ScrubMethod::Hash)]),
        compiled(&Scrubbing {
            emails: true,
            source_lines: SourceLines::Remove,
            allow: vec!["password".to_owned()],
            ..Scrubbing::default()
        }),
    ]
}

#[derive(Debug, Clone)]
struct Sent {
    rules: usize,
    exceptions: Vec<Vec<usize>>,
    thread: Vec<usize>,
    stacktrace: Vec<usize>,
    raw: Vec<usize>,
    packages: usize,
    has_main: bool,
    nested: bool,
}

impl Sent {
    fn body(&self) -> Vec<u8> {
        let all = frames();
        let stack = |numbers: &[usize]| -> Tree {
            let frames: Vec<&Tree> = numbers.iter().map(|n| &all[*n]).collect();
            json!({ "frames": frames })
        };
        let exceptions: Vec<Tree> = self
            .exceptions
            .iter()
            .enumerate()
            .map(|(id, frames)| {
                json!({"type": "E", "value": "password=x", "stacktrace": stack(frames),
                    "raw_stacktrace": stack(&self.raw), "mechanism": {"exception_id": id}})
            })
            .collect();
        let packages: serde_json::Map<String, Tree> = (0..self.packages)
            .map(|n| (format!("package-{n}"), json!(format!("{n}.0.1"))))
            .collect();
        let mut event = json!({
            "event_id": "0123456789abcdef0123456789abcdef",
            "platform": "python",
            "exception": {"values": exceptions},
            "threads": {"values": [{"id": 1, "stacktrace": stack(&self.thread)}]},
            "stacktrace": stack(&self.stacktrace),
            "modules": packages,
            "sdk": {"name": "some.sdk", "packages": [{"name": "some", "version": "1.0"}], "x": "password=y"},
            "extra": {"stack": stack(&self.raw)},
        });
        if self.has_main {
            event["main_exception_id"] = json!(0);
        }
        if self.nested {
            // The same texts in another depth.
            event["exception"] = json!({"values": {"values": exceptions, "type": "F",
                "stacktrace": stack(&self.thread)}});
        }
        event.to_string().into_bytes()
    }

    fn read(&self, rules: &[Rules], bytes_max: usize) -> Reading {
        let limits = Limits {
            remembered_bytes_max: bytes_max,
            frames_max: 5,
            ..Limits::default()
        };
        let context = Context {
            project_id: ProjectId(1),
            received_ns: 1_795_363_200_000_000_000,
            client_ip: None,
            user_agent: None,
            limits: &limits,
            scrub: &rules[self.rules],
        };
        read_store(&self.body(), &context).expect("it is an event")
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let number = || select((0..frames().len()).collect::<Vec<_>>());
    let stack = || vec(number(), 0..7);
    (
        0..rules().len(),
        vec(stack(), 0..3),
        (stack(), stack(), stack()),
        select(vec![0usize, 1, 30]),
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(rules, exceptions, others, packages, (has_main, nested))| Sent {
                rules,
                exceptions,
                thread: others.0,
                stacktrace: others.1,
                raw: others.2,
                packages,
                has_main,
                nested,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nobody_can_tell_what_was_remembered(events in vec(sent(), 1..24), small in 2_000usize..9_000) {
        let rules = rules();
        for event in &events {
            let read = event.read(&rules, 0);
            for bytes_max in [small, 1 << 20] {
                prop_assert_eq!(&event.read(&rules, bytes_max), &read);
            }
        }
    }
}

/// Reads a frame of this text and says whether `read` was asked.
fn is_read(text: &str, rules: &Rules, below: &'static str) -> bool {
    let body = format!("{{\"frames\":[{text}]}}");
    let asked = Cell::new(false);
    json::read(body.as_bytes(), |json| {
        let frames = json.get("frames");
        let Some(json::Json::Array(mut items)) = frames else {
            panic!("a list");
        };
        let members = items.next().and_then(json::Json::into_object);
        let path = Path::root(below);
        let mut scrub = Scrub::new(rules);
        let usage = (below, 1 << 20);
        frame(
            members.expect("an object"),
            &path,
            usage,
            &mut scrub,
            |_, _, _| {
                asked.set(true);
                Frame::default()
            },
        )
    })
    .expect("it is JSON");
    asked.get()
}

#[test]
fn what_came_twice_is_not_read_again() {
    let text = format!("{{\"function\":\"{}\"}}", "f".repeat(80));
    let other = text.replace('f', "g");
    let (standard, own) = (Rules::standard(), &rules()[1]);
    let read: Vec<bool> = (0..4)
        .map(|_| is_read(&text, standard, "threads"))
        .collect();
    assert_eq!(read, [true, true, false, false]);
    assert!(is_read(&other, standard, "threads"), "another text");
    assert!(is_read(&text, own, "threads"), "other rules");
    assert!(is_read(&text, standard, "exceptions"), "another place");
    assert!(!is_read(&text, standard, "threads"), "and still there");
}

#[test]
fn memory_is_bounded_and_what_is_used_stays() {
    const BYTES_MAX: usize = 40_000;
    let mut memory = Memory {
        seed: 1,
        seen: Vec::new(),
        young: Generation::default(),
        young_bytes: 0,
        old: Generation::default(),
    };
    let text_of = |n: u64| format!("{n:>1000}");
    let oldest = text_of(0);
    for n in 0..200 {
        let text = text_of(n);
        let wanted = Wanted {
            text: &text,
            depth: 1,
            below: "",
            rules: None,
        };
        let entry = Entry {
            text: text.as_str().into(),
            depth: 1,
            below: "",
            rules: None,
            value: Value::Free(Free::new()),
        };
        memory.insert(n, entry, BYTES_MAX);
        assert!(memory.find(n, &wanted, BYTES_MAX).is_some());
        let first = Wanted {
            text: &oldest,
            ..wanted
        };
        assert!(memory.find(0, &first, BYTES_MAX).is_some(), "after {n}");
        let held = memory.young.values().chain(memory.old.values());
        let bytes: usize = held.map(Entry::bytes).sum();
        assert!(bytes <= BYTES_MAX, "{bytes} after {n}");
        let young: usize = memory.young.values().map(Entry::bytes).sum();
        assert_eq!(young, memory.young_bytes);
    }
    assert!(!memory.old.contains_key(&1) && !memory.young.contains_key(&1));
}
