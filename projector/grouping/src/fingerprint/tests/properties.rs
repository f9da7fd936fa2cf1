//! What must hold of any event.

use event_model::head::FrameHeadV1;
use proptest::prelude::*;

use super::*;
use crate::growth::assert_linear;

const PLATFORMS: [&str; 12] = [
    "python",
    "javascript",
    "node",
    "java",
    "csharp",
    "go",
    "native",
    "ruby",
    "php",
    "elixir",
    "dart",
    "other",
];

fn stack() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(
        "[a-z]{4,9}[A-Z][a-z]{3,6} @ [a-z]{3,9}/[a-z]{3,9}\\.x",
        1..9,
    )
}

fn event(platform: &str, frames: &[String]) -> Head {
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    error(platform, "ValueError", "x", &frames)
}

proptest! {
    /// Own frames with names decide: what others' code they went through does not.
    #[test]
    fn foreign_frames_change_nothing(
        platform in prop::sample::select(&PLATFORMS),
        frames in stack(),
        foreign in prop::collection::vec(("[a-zA-Z.$<>_]{0,12}", 0..9usize), 0..6),
    ) {
        let bare = event(platform, &frames);
        let mut more = bare.clone();
        for (function, at) in foreign {
            let stack = &mut more.exceptions[0].frames;
            let at = at.min(stack.len());
            stack.insert(at, FrameHeadV1 { in_app: false, function, ..frame("!x @ lib.x") });
        }
        prop_assert_eq!(print_of(&bare), print_of(&more));
    }

    #[test]
    fn where_and_for_whom_it_happened_changes_nothing(
        platform in prop::sample::select(&PLATFORMS),
        frames in stack(),
        words in prop::collection::vec("\\PC{0,12}", 8),
        number in any::<u32>(),
    ) {
        let bare = event(platform, &frames);
        let mut other = Head {
            level: (number % 5) as u8 + 1,
            timestamp_ns: i64::from(number),
            user: words[0].clone(),
            release: words[1].clone(),
            environment: words[2].clone(),
            server_name: words[3].clone(),
            transaction: words[4].clone(),
            logger: words[5].clone(),
            tags: vec![(words[6].clone(), words[7].clone())],
            sdk: (words[0].clone(), words[1].clone()),
            ..bare.clone()
        };
        for frame in &mut other.exceptions[0].frames {
            frame.lineno = number;
            frame.colno = number / 3;
        }
        prop_assert_eq!(print_of(&bare), print_of(&other));
    }

    #[test]
    fn any_event_has_a_group(
        platform in prop::sample::select(&PLATFORMS),
        texts in prop::collection::vec("\\PC{0,40}", 6),
        in_app in any::<bool>(),
        address in any::<u64>(),
    ) {
        let mut head = error(platform, &texts[0], &texts[1], &[]);
        head.exceptions[0].frames.push(FrameHeadV1 {
            function: texts[2].clone(),
            module: texts[3].clone(),
            filename: texts[4].clone(),
            package: texts[5].clone(),
            lineno: 1,
            colno: 1,
            address,
            debug_id: 0,
            in_app,
        });
        let stored = stored(&head);
        let grouper = crate::Grouper::standard();
        prop_assert_eq!(grouper.group(stored.whole()), grouper.group(stored.whole()));
    }
}

#[test]
fn deep_stacks_take_linear_time() {
    let deep = |frames: usize| {
        let frames: Vec<String> = (0..frames)
            .map(|at| format!("call{at} @ a{at}.x"))
            .collect();
        stored(&event("python", &frames))
    };
    let (small, large) = (deep(1_250), deep(10_000));
    let group = |event: &event_model::StoredEvent| {
        assert!(
            !crate::Grouper::standard()
                .group(event.whole())
                .headline
                .title
                .is_empty()
        );
    };
    assert_linear("deep", || group(&small), || group(&large));
}

/// What is stored has names of at most 1 KiB; longer ones cost no more than their length
/// either.
#[test]
fn long_names_take_linear_time() {
    const LARGE: usize = 16 * 1024;
    let pieces = [
        "$1",
        "::",
        ".",
        "$",
        "<",
        "a.b",
        "A$B$",
        "lambda$",
        "/",
        "-",
        "_",
        "Ab1",
        "(",
        "[",
        "{closure}",
        "<a>",
        "é",
        "0",
        "abcdefgh-",
        "q7Xv",
        "\\",
        "@",
        "#",
        " ",
    ];
    for platform in PLATFORMS {
        for piece in pieces {
            let long = |bytes: usize| {
                let name = piece.repeat(bytes / piece.len());
                let mut head = error(platform, &name, &name, &[]);
                head.exceptions[0].frames = vec![FrameHeadV1 {
                    function: name.clone(),
                    module: name.clone(),
                    filename: name.clone(),
                    package: name,
                    ..frame("x @ y.z")
                }];
                stored(&head)
            };
            let (small, large) = (long(LARGE / 8), long(LARGE));
            let group = |event: &event_model::StoredEvent| {
                let _ = crate::Grouper::standard().group(event.whole());
            };
            let what = format!("{platform}, {piece:?} again and again");
            assert_linear(&what, || group(&small), || group(&large));
        }
    }
}
