//! What of a stack trace counts for grouping.
//!
//! Of a frame: the module, or the file's base name in lower case when there is no
//! module, and the function, both without what a compiler or a build numbers anew.
//! Never line or column. Frames of panic machinery and of error reporting itself
//! are passed over; repetitions by recursion count once.

use std::borrow::Cow;

use event_model::head::ArchivedFrameHeadV1;
use xxhash_rust::xxh3::Xxh3;

/// Longest cycle of calls that is recognised as recursion, frames.
const CYCLE_MAX: usize = 8;

/// Which frames of a chain count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The application's own.
    InApp,
    /// All: there are none of the application's own.
    All,
}

impl Scope {
    /// The scope of a chain of stacks; none if no frame counts at all.
    pub(crate) fn of<'a>(
        stacks: impl Iterator<Item = &'a [ArchivedFrameHeadV1]>,
        platform: &str,
    ) -> Option<Self> {
        let mut scope = None;
        for frame in stacks.flatten() {
            if is_machinery(frame, platform) {
                continue;
            }
            if frame.in_app {
                return Some(Self::InApp);
            }
            scope = Some(Self::All);
        }
        scope
    }
}

/// A hash of each frame that counts, oldest call first.
pub(crate) fn hashes(frames: &[ArchivedFrameHeadV1], platform: &str, scope: Scope) -> Vec<u64> {
    let counting: Vec<&ArchivedFrameHeadV1> = frames
        .iter()
        .filter(|frame| scope == Scope::All || frame.in_app)
        .filter(|frame| !is_machinery(frame, platform))
        .collect();
    if let [only] = counting.as_slice()
        && only.module.is_empty()
        && function_name(&only.function, platform).is_empty()
    {
        // One place in a page and no function: the file alone would group
        // whatever else breaks there.
        return Vec::new();
    }
    let mut hashes = Vec::with_capacity(counting.len());
    for frame in counting {
        hashes.push(hash(frame, platform));
        drop_cycle(&mut hashes);
    }
    hashes
}

/// The application's own frames, newest first.
pub(crate) fn own<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> impl Iterator<Item = &'a ArchivedFrameHeadV1> {
    let own = move |frame: &&ArchivedFrameHeadV1| frame.in_app && !is_machinery(frame, platform);
    frames.iter().rev().filter(own)
}

/// The newest frame of the application's own.
pub(crate) fn newest_own<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> Option<&'a ArchivedFrameHeadV1> {
    own(frames, platform).next()
}

/// The frame that broke: the newest of the application's own, else the newest that
/// is no machinery, else the newest.
pub(crate) fn newest<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> Option<&'a ArchivedFrameHeadV1> {
    let newest_first = || frames.iter().rev();
    newest_own(frames, platform)
        .or_else(|| newest_first().find(|f| !is_machinery(f, platform)))
        .or_else(|| frames.last())
}

fn hash(frame: &ArchivedFrameHeadV1, platform: &str) -> u64 {
    let module = module_name(&frame.module);
    let function = function_name(&frame.function, platform);
    let mut hash = Xxh3::new();
    if module.is_empty() {
        hash.update(b"file\0");
        hash.update(file_name(&frame.filename).as_bytes());
    } else {
        hash.update(b"module\0");
        hash.update(module.as_bytes());
    }
    hash.update(b"\0");
    hash.update(function.as_bytes());
    hash.digest()
}

/// Cuts the newest frames off if they repeat those before them.
fn drop_cycle(hashes: &mut Vec<u64>) {
    let len = hashes.len();
    for period in 1..=CYCLE_MAX.min(len / 2) {
        if hashes[len - period..] == hashes[len - 2 * period..len - period] {
            hashes.truncate(len - period);
            return;
        }
    }
}

/// Functions that begin so are panic or start-up machinery of Rust.
const RUST_MACHINERY: &[&str] = &[
    "rust_begin_unwind",
    "rust_panic",
    "__rust_",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::ops::function::",
    "core::slice::",
    "core::str::",
    "std::panicking::",
    "std::panic::",
    "std::rt::",
    "std::sys::",
    "std::sys_common::",
    "std::backtrace",
    "backtrace::",
    "sentry::",
    "sentry_core::",
    "sentry_panic::",
    "sentry_backtrace::",
    "sentry_anyhow::",
    "alloc::boxed::Box<F,A> as core::ops::function::Fn",
    "core::panic::unwind_safe::AssertUnwindSafe",
    "anyhow::",
];
/// Implementations of these are machinery whatever type they are of: making an error's
/// context, an index out of bounds.
const RUST_TRAITS: &[&str] = &[" as anyhow::", " as core::slice::"];
/// Names of native start-up code.
const NATIVE_MACHINERY: &[&str] = &[
    "_start",
    "__libc_start_main",
    "__libc_start_call_main",
    "start_thread",
    "clone3",
    "__clone",
    "_pthread_start",
    "thread_start",
];
/// Functions of Go's runtime that raise a panic or start a goroutine.
const GO_MACHINERY: &[&str] = &[
    "gopanic", "panic", "sigpanic", "goexit", "main", "goPanic", "throw", "fatal",
];

/// Whether a frame belongs to panics, process start or error reporting.
pub(crate) fn is_machinery(frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
    let (function, module, file): (&str, &str, &str) =
        (&frame.function, &frame.module, &frame.filename);
    match platform {
        "rust" | "native" | "c" | "cpp" => {
            let path = rust_path(function);
            RUST_MACHINERY.iter().any(|m| path.starts_with(m))
                || RUST_TRAITS.iter().any(|t| function.contains(t))
                || NATIVE_MACHINERY.contains(&function)
        }
        "go" => {
            let runtime = module == "runtime" || function.starts_with("runtime.");
            let name = function.strip_prefix("runtime.").unwrap_or(function);
            (runtime && GO_MACHINERY.iter().any(|m| name.starts_with(m)))
                || module.starts_with("github.com/getsentry/sentry-go")
        }
        "python" => module.starts_with("sentry_sdk.") || module == "sentry_sdk",
        "java" | "kotlin" | "android" => module.starts_with("io.sentry."),
        "ruby" => file.contains("/sentry-ruby") || file.contains("/sentry-rails"),
        "php" => module.starts_with("Sentry\\") || function.starts_with("Sentry\\"),
        "javascript" | "node" => {
            function.ends_with("sentryWrapped")
                || function.ends_with("errataWrapped")
                || file.contains("/@sentry/")
                || file.contains("/@sentry-internal/")
                || module.starts_with("@sentry")
        }
        _ => false,
    }
}

/// The path that a Rust symbol begins with: `<a::B as c::D>::e` and `<a::B>::e` are
/// of `a::B`; `__rustc::` stands before what the compiler itself puts in.
fn rust_path(function: &str) -> &str {
    let path = function.trim_start_matches('<');
    path.strip_prefix("__rustc::").unwrap_or(path)
}

/// A module without what a runtime numbers anew: everything from `$$` (lambdas,
/// proxies) and the digits after "Accessor".
fn module_name(module: &str) -> Cow<'_, str> {
    let module = module.find("$$").map_or(module, |at| &module[..at]);
    let bare = module.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.ends_with("Accessor") {
        return Cow::Borrowed(bare);
    }
    without_build_hash(module)
}

/// The base name in lower case, without query, fragment and a bundler's hash.
fn file_name(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    without_build_hash(base).to_ascii_lowercase()
}

/// Cuts the hash out of `main.3f2a1c9b.js`, `index-BwX3k_9a.js`, `app.8c6e2f1b`:
/// a part of 6 to 32 letters and digits after `.` or `-` that no person would name
/// so (hexadecimal with a digit, or 8 characters of mixed case with a digit).
fn without_build_hash(name: &str) -> Cow<'_, str> {
    let mut parts = name.split_inclusive(['.', '-']);
    let Some(first) = parts.next() else {
        return Cow::Borrowed(name);
    };
    let mut kept = String::new();
    let mut start = first.len();
    let mut cut = false;
    for part in parts {
        let word = part.trim_end_matches(['.', '-']);
        if is_build_hash(word) {
            if !cut {
                kept.push_str(&name[..start]);
            }
            cut = true;
            kept.push_str("<hash>");
            kept.push_str(&part[word.len()..]);
        } else if cut {
            kept.push_str(part);
        }
        start += part.len();
    }
    if cut {
        Cow::Owned(kept)
    } else {
        Cow::Borrowed(name)
    }
}

fn is_build_hash(word: &str) -> bool {
    let bytes = word.as_bytes();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let digit = has(u8::is_ascii_digit);
    let letter = has(u8::is_ascii_alphabetic);
    let hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let mixed = has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    match bytes.len() {
        6..=32 if hex => digit && letter,
        8 => mixed && digit,
        _ => false,
    }
}

/// A function's name without what a compiler numbers anew; empty for functions
/// without a name.
pub(crate) fn function_name<'a>(function: &'a str, platform: &str) -> Cow<'a, str> {
    match platform {
        "javascript" | "node" => Cow::Borrowed(javascript_function(function)),
        "rust" | "native" | "c" | "cpp" => rust_function(function),
        "go" => go_function(function),
        "ruby" => Cow::Borrowed(ruby_function(function)),
        "php" => Cow::Borrowed(
            function
                .split_once("class@anonymous")
                .map_or(function, |(before, _)| before),
        ),
        "java" | "kotlin" | "android" => Cow::Borrowed(java_function(function)),
        _ => Cow::Borrowed(unless_unknown(function)),
    }
}

fn unless_unknown(function: &str) -> &str {
    match function {
        "?" | "??" | "<anonymous>" | "<unknown>" | "<redacted>" => "",
        named => named,
    }
}

/// The part after the last dot: the object's name depends on the minifier.
fn javascript_function(function: &str) -> &str {
    let function = function.split(" [as ").next().unwrap_or_default();
    let function = function.strip_prefix("async ").unwrap_or(function);
    let function = function.strip_suffix("/<").unwrap_or(function);
    let name = function.rsplit('.').next().unwrap_or_default();
    match name {
        "eval" | "anonymous" => "",
        name => unless_unknown(name),
    }
}

/// Without the symbol's hash (`::h0123456789abcdef`), closures without number.
fn rust_function(function: &str) -> Cow<'_, str> {
    let bare = match function.rsplit_once("::h") {
        Some((bare, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            bare
        }
        _ => unless_unknown(function),
    };
    let Some(at) = bare.find("{closure") else {
        return Cow::Borrowed(bare.strip_suffix("{{closure}}").unwrap_or(bare));
    };
    // `a::{{closure}}`, `a::{closure#0}`, `a::{closure_env#1}`: all within `a`.
    let end = bare[..at].trim_end_matches('{').len();
    Cow::Owned(format!("{}{{closure}}", &bare[..end]))
}

/// Closures (`func1`, `func2.1`) without their numbers.
fn go_function(function: &str) -> Cow<'_, str> {
    match function.find(".func") {
        Some(at)
            if function[at + 5..]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'.') =>
        {
            Cow::Owned(format!("{}.func", &function[..at]))
        }
        _ => Cow::Borrowed(function),
    }
}

/// The method a block stands in; a template's method without its hash.
fn ruby_function(function: &str) -> &str {
    let block = function.starts_with("block ")
        || function.starts_with("rescue in ")
        || function.starts_with("ensure in ");
    let function = if block {
        function.rsplit(" in ").next().unwrap_or_default()
    } else {
        function
    };
    match function.rfind("__") {
        Some(at)
            if function[at + 2..]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'_') =>
        {
            &function[..at]
        }
        _ => function,
    }
}

/// `lambda$name$0` without the number.
fn java_function(function: &str) -> &str {
    match function.rsplit_once('$') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => function,
    }
}
