//! Names of Go: closures, wrappers, generics.

use std::borrow::Cow;

/// Words of the compiler, each with a number behind it.
const WORDS: [&str; 5] = ["", "func", "gowrap", "deferwrap", "func-range"];

/// The function a closure stands in: without method values' marks, numbered closures
/// wherever they stand, bodies of range-over-func, and type arguments.
pub(super) fn function(function: &str) -> Cow<'_, str> {
    let function = function.strip_suffix("-fm").unwrap_or(function);
    if !function.contains(['[', '-']) && !function.contains(|c: char| c.is_ascii_digit()) {
        return Cow::Borrowed(function);
    }
    let mut name = String::with_capacity(function.len());
    for part in without_types(function).split('.') {
        let part = match part.rsplit_once("-range") {
            Some((bare, number)) if is_number(number) => bare,
            _ => part,
        };
        if is_numbered(part) && !name.is_empty() {
            continue;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    if name.is_empty() {
        return Cow::Borrowed(function);
    }
    // "glob..func1": the empty part before the number went with it.
    let kept = name.trim_end_matches('.').len();
    name.truncate(kept);
    if name == "glob" {
        "init".clone_into(&mut name);
    }
    // "_cgo_3f2a1c9b8d7e_Cfunc_weigh"
    if let Some(rest) = name.strip_prefix("_cgo_")
        && let Some((_, rest)) = rest.split_once('_')
    {
        name = format!("_cgo_{rest}");
    }
    Cow::Owned(name)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_numbered(part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    WORDS.contains(&word)
}

/// "Map[go.shape.int].Get" without what stands in brackets.
fn without_types(function: &str) -> Cow<'_, str> {
    if !function.contains('[') {
        return Cow::Borrowed(function);
    }
    let mut depth = 0usize;
    let kept = function.chars().filter(|c| match c {
        '[' => {
            depth += 1;
            false
        }
        ']' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    });
    Cow::Owned(kept.collect())
}

/// A package without the folder that others' code was copied into.
pub(super) fn package(module: &str) -> &str {
    match module.rfind("/vendor/") {
        Some(at) => &module[at + "/vendor/".len()..],
        None => module,
    }
}
