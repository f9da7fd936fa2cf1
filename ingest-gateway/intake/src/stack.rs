//! Stack traces as text → exceptions with frames, oldest call first, causes before
//! what they caused: Python, Java and Kotlin, JavaScript (V8, SpiderMonkey,
//! JavaScriptCore), .NET, Go, PHP, Ruby, Rust.
//!
//! Total and linear in the text; bounded in lines. A text of no
//! form known gives nothing, and the caller keeps it. The platform is a hint only:
//! what does not look like it is tried as the others.

mod dotnet;
mod go;
mod javascript;
mod jvm;
mod php;
mod python;
mod ruby;
mod rust;
#[cfg(test)]
mod tests;
mod tree;

use event_model::event::{Exception, Frame, Mechanism, Thread};

use self::tree::Tree;
use super::{in_app, json};

/// Most lines read of one text.
const LINES_MAX: usize = 50_000;
/// Longest line read, bytes.
const LINE_BYTES_MAX: usize = 4 << 10;
/// Longest stack text kept where it is not understood, bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

type Read = fn(&str) -> Tree;

/// The forms and the platforms that write them, in the order in which a text is
/// tried: the most telling first.
const FORMS: [(Read, &[&str]); 8] = [
    (python::read, &["python"]),
    (jvm::read, &["java", "kotlin", "scala", "groovy", "clojure"]),
    (rust::read, &["rust"]),
    (javascript::read, &["javascript", "node", "deno", "bun"]),
    (dotnet::read, &["csharp", "dotnet", "fsharp"]),
    (go::read, &["go"]),
    (php::read, &["php"]),
    (ruby::read, &["ruby"]),
];

/// What a client says of an error besides its stack.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) ty: String,
    pub(super) module: String,
    pub(super) value: String,
    pub(super) mechanism: Option<Mechanism>,
}

/// The errors of a stack text.
#[derive(Debug, Default)]
pub(super) struct TextErrors {
    /// Oldest cause first; the last one is the error itself.
    pub(super) exceptions: Vec<Exception>,
    /// Other stacks of the text.
    pub(super) threads: Vec<Thread>,
    /// The text, where it could not be read as frames.
    pub(super) text_left: Option<String>,
}

/// The error `said` with what its stack text tells. The client's own words win.
pub(super) fn errors_of(said: Said, text: &str, platform: &str) -> TextErrors {
    let mut errors = match tree_of(text, platform) {
        Some((tree, split_module)) => {
            let (exceptions, threads) = tree.into_exceptions(split_module);
            TextErrors {
                exceptions,
                threads,
                text_left: None,
            }
        }
        None => TextErrors {
            text_left: (!text.trim().is_empty()).then(|| json::cut(text.into(), TEXT_BYTES_MAX)),
            ..TextErrors::default()
        },
    };
    let mut own = errors.exceptions.pop().unwrap_or_default();
    // JavaScript's SDK gives an error's code as its type: the stack knows better.
    let is_code = !said.ty.is_empty()
        && said
            .ty
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !(said.ty.is_empty() || is_code && !own.ty.is_empty()) {
        (own.ty, own.module) = (said.ty, said.module);
    }
    if !said.value.is_empty() {
        own.value = said.value;
    }
    if let Some(said) = said.mechanism {
        let place = own.mechanism.take().unwrap_or_default();
        own.mechanism = Some(Mechanism {
            exception_id: place.exception_id,
            parent_id: place.parent_id,
            is_exception_group: place.is_exception_group,
            ..said
        });
    }
    errors.exceptions.push(own);
    errors
}

/// The platform that a text looks like; none if it is of no form known.
pub(super) fn platform_of(text: &str) -> Option<&'static str> {
    let (_, platforms) = FORMS.iter().find(|(read, _)| read(text).has_frames())?;
    let platform = platforms.first()?;
    // Browsers have URLs.
    let is_node = *platform == "javascript" && !text.contains("://") || text.contains("(node:");
    Some(if is_node { "node" } else { platform })
}

/// The errors of a text, and whether their types hold a module.
fn tree_of(text: &str, platform: &str) -> Option<(Tree, bool)> {
    if text.trim().is_empty() {
        return None;
    }
    let (own, others): (Vec<_>, Vec<_>) = FORMS
        .iter()
        .partition(|(_, platforms)| platforms.contains(&platform));
    own.into_iter().chain(others).find_map(|(read, platforms)| {
        let tree = read(text);
        let dotted = platforms.contains(&"python") || platforms.contains(&"java");
        tree.has_frames()
            .then_some((tree, dotted && platform != "php"))
    })
}

/// A class as the client gave it → its module and its name, on the platforms where
/// Sentry's SDKs tell them apart.
pub(super) fn class<'t>(ty: &'t str, platform: &str) -> (&'t str, &'t str) {
    let dotted = matches!(platform, "python" | "java" | "kotlin" | "scala");
    match ty.rsplit_once('.') {
        Some((module, name)) if dotted && tree::is_class(ty) => (module, name),
        _ => ("", ty),
    }
}

/// What every frame needs, whatever it came from.
pub(super) fn finish(frame: &mut Frame) {
    if frame.filename.is_empty() {
        path_of(&frame.abs_path).clone_into(&mut frame.filename);
    }
    frame.in_app = in_app::guess(frame);
}

/// The path of a URL; any other path as it is.
pub(super) fn path_of(abs_path: &str) -> &str {
    match abs_path.split_once("://") {
        Some((_, rest)) => match rest.find('/') {
            Some(at) => rest[at..].split(['?', '#']).next().unwrap_or_default(),
            None => abs_path,
        },
        None => abs_path,
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let short = |line: &&str| line.len() <= LINE_BYTES_MAX;
    text.lines().take(LINES_MAX).filter(short)
}
