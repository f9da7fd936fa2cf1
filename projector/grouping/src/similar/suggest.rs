//! Rules that might have made one issue of two events, the narrowest first.
//!
//! Whether they do, and what else they would take in, is for whoever asks to try
//! ([`crate::Grouper`]); here is only said what may be worth it.

use super::{Call, Failure, Profile, sketch::last_name};

/// Longest pattern, characters: a rule that people read.
const PATTERN_CHARS_MAX: usize = 120;
/// Least of a text that a pattern must keep: a shorter one says nothing.
const KEPT_CHARS_MIN: usize = 6;
/// Longest fingerprint, characters.
const FINGERPRINT_CHARS_MAX: usize = 60;
/// Calls that both have and that are tried, the newest.
const CALLS_TRIED: usize = 3;

/// Lines of the rules' language to try. No fingerprint that `rules`, the project's own text,
/// names already.
pub fn suggestions(a: &Profile, b: &Profile, rules: &str) -> Vec<String> {
    let (Some(one), Some(other)) = (a.errors.first(), b.errors.first()) else {
        return Vec::new();
    };
    let mut lines: Vec<String> = helper(a, b).into_iter().collect();
    let shared = shared_calls(one, other);
    let name = |call: Option<&Call>| {
        let function = call.map_or("", Call::shown);
        fingerprint(&[last_name(&one.raw_ty), function], &one.text, rules)
    };
    let ty = (!one.raw_ty.is_empty() && one.raw_ty == other.raw_ty)
        .then(|| matcher("error.type", &one.raw_ty))
        .flatten();
    let calls = shared.iter().take(CALLS_TRIED);
    let calls: Vec<(&Call, String)> = calls
        .filter_map(|(here, there)| Some((*here, call_matcher(here, there)?)))
        .collect();
    let text = text_matcher(one, other);
    if let Some(ty) = &ty {
        for (call, matcher) in &calls {
            lines.push(format!("{ty} {matcher} -> {}", name(Some(call))));
        }
        if let Some(text) = &text {
            lines.push(format!("{ty} {text} -> {}", name(None)));
        }
    } else {
        for (call, matcher) in &calls {
            if let Some(text) = &text {
                lines.push(format!("{text} {matcher} -> {}", name(Some(call))));
            }
            lines.push(format!("{matcher} -> {}", name(Some(call))));
        }
        if let Some(text) = &text {
            lines.push(format!("{text} -> {}", name(None)));
        }
    }
    lines
}

/// Of the calls of one alone: if there is one, it may be a helper that tells nothing.
fn helper(a: &Profile, b: &Profile) -> Option<String> {
    let only = |here: &'_ Profile, there: &Profile| -> Vec<Call> {
        let all = here.errors.iter().flat_map(|failure| &failure.calls);
        let is_there = |call: &Call| {
            let mut all = there.errors.iter().flat_map(|failure| &failure.calls);
            all.any(|other| other.is(call))
        };
        all.filter(|call| !is_there(call)).cloned().collect()
    };
    let extra = [only(a, b), only(b, a)].concat();
    let (first, rest) = extra.split_first()?;
    if !rest.iter().all(|call| call.is(first)) {
        return None;
    }
    let matcher = call_matcher(first, first)?;
    Some(format!("{matcher} -group"))
}

/// The calls that both have, the newest first, as each sent them.
fn shared_calls<'a>(one: &'a Failure, other: &'a Failure) -> Vec<(&'a Call, &'a Call)> {
    let found = one.calls.iter().filter_map(|call| {
        let same = other.calls.iter().find(|other| other.is(call))?;
        Some((call, same))
    });
    found.collect()
}

/// Matchers of one call that hold of both.
fn call_matcher(here: &Call, there: &Call) -> Option<String> {
    let function = pattern(&here.raw_function, &there.raw_function)?;
    let function = matcher("stack.function", &function)?;
    let module = || {
        let module = pattern(&here.raw_module, &there.raw_module)?;
        matcher("stack.module", &module)
    };
    let path = || {
        let file = |path: &str| path.rsplit(['/', '\\']).next().map(str::to_owned);
        let (one, other) = (file(&here.raw_path)?, file(&there.raw_path)?);
        let path = pattern(&one, &other)?;
        matcher("stack.path", &format!("*{path}"))
    };
    Some(match module().or_else(path) {
        Some(place) => format!("{function} {place}"),
        None => function,
    })
}

fn text_matcher(one: &Failure, other: &Failure) -> Option<String> {
    let line = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    let pattern = opened(&pattern(&line(&one.raw_text), &line(&other.raw_text))?);
    let kept = pattern.chars().filter(|c| c.is_alphanumeric()).count();
    if kept < KEPT_CHARS_MIN {
        return None;
    }
    // More lines may follow.
    let pattern = if pattern.ends_with('*') {
        pattern
    } else {
        format!("{pattern}*")
    };
    let part = if one.is_message {
        "message"
    } else {
        "error.value"
    };
    matcher(part, &pattern)
}

/// A pattern that holds of both: what they begin and end with.
fn pattern(one: &str, other: &str) -> Option<String> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let pattern = if one == other {
        one.to_owned()
    } else {
        let start: usize = one
            .chars()
            .zip(other.chars())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let (rest, other_rest) = (&one[start..], &other[start..]);
        let end: usize = rest
            .chars()
            .rev()
            .zip(other_rest.chars().rev())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let start = whole_words(&one[..start]);
        let end = &rest[rest.len() - end..];
        format!("{start}*{}", end_of_words(end))
    };
    let kept = pattern.chars().filter(|c| c.is_alphanumeric()).count();
    let is_whole = one == other;
    (is_whole && kept > 0 || kept >= KEPT_CHARS_MIN).then_some(pattern)
}

/// Up to the last sign that ends a word.
fn whole_words(text: &str) -> &str {
    text.rfind(|c: char| !c.is_alphanumeric()).map_or("", |at| {
        let sign = text[at..].chars().next().map_or(0, char::len_utf8);
        &text[..at + sign]
    })
}

/// From the first sign that begins a word.
fn end_of_words(text: &str) -> &str {
    text.find(|c: char| !c.is_alphanumeric())
        .map_or("", |at| &text[at..])
}

/// With a star for each number, not too long.
fn opened(text: &str) -> String {
    let mut opened = String::with_capacity(text.len());
    for c in text.chars().take(PATTERN_CHARS_MAX - 2) {
        let c = if c.is_ascii_digit() { '*' } else { c };
        if !(c == '*' && opened.ends_with('*')) {
            opened.push(c);
        }
    }
    if text.chars().nth(PATTERN_CHARS_MAX - 2).is_some() && !opened.ends_with('*') {
        opened.push('*');
    }
    opened
}

/// `name:pattern`, quoted where it must be; none if it cannot be written.
fn matcher(name: &str, pattern: &str) -> Option<String> {
    let is_long = pattern.chars().nth(PATTERN_CHARS_MAX).is_some();
    if pattern.is_empty() || is_long || pattern.contains(['\n', '\r', '\\']) {
        return None;
    }
    let is_plain = |c: char| c.is_alphanumeric() || "._-*?:/$<>~@+=&;".contains(c);
    if pattern.chars().all(is_plain) && !pattern.contains("->") {
        return Some(format!("{name}:{pattern}"));
    }
    Some(format!("{name}:\"{}\"", pattern.replace('"', "\\\"")))
}

/// A fingerprint of these words, or of a text's, that the rules do not name.
fn fingerprint(words: &[&str], text: &str, rules: &str) -> String {
    let mut name = kebab(&words.join(" "));
    if name.is_empty() {
        name = kebab(text);
    }
    if name.is_empty() {
        "alike".clone_into(&mut name);
    }
    let is_taken = |name: &str| rules.contains(&format!("-> {name}"));
    let mut free = name.clone();
    let mut number = 2;
    while is_taken(&free) && number < 100 {
        free = format!("{name}-{number}");
        number += 1;
    }
    free
}

fn kebab(text: &str) -> String {
    let mut kebab = String::new();
    let mut before = ' ';
    for c in text.chars() {
        if kebab.len() >= FINGERPRINT_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
                kebab.push('-');
            }
            kebab.push(c.to_ascii_lowercase());
        } else if !kebab.is_empty() && !kebab.ends_with('-') {
            kebab.push('-');
        }
        before = c;
    }
    kebab.trim_end_matches('-').to_owned()
}
