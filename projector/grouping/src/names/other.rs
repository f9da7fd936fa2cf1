//! Names of Dart, Elixir and Erlang; and of the languages that have no platform of their own:
//! Julia, OCaml, Nim, Perl, Lua, Haskell, PowerShell.

use std::borrow::Cow;

/// Dart: without closures.
pub(super) fn dart(function: &str) -> Cow<'_, str> {
    let function = function.strip_prefix("new ").unwrap_or(function);
    for closure in [".<anonymous closure>", ".<fn>"] {
        if function.contains(closure) {
            let bare = function.replace(".<anonymous closure>", "");
            return Cow::Owned(bare.replace(".<fn>", ""));
        }
    }
    match function {
        "<fn>" | "<anonymous closure>" => Cow::Borrowed(""),
        named => match named.split_once('#') {
            // "_extension#0.total"
            Some((bare, rest)) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                Cow::Owned(format!("{bare}{rest}"))
            }
            _ => Cow::Borrowed(named),
        },
    }
}

/// The function an anonymous one stands in: "anonymous fn/1 in Shop.Cart.add/2",
/// "-add/2-fun-0-", "-add/2-lc$^0/1-0-".
pub(super) fn beam(function: &str) -> &str {
    if let Some((_, outer)) = function.split_once(" in ")
        && function.starts_with("anonymous fn")
    {
        return outer;
    }
    let Some(rest) = function.strip_prefix('-') else {
        return function;
    };
    let Some(arity) = rest.find('/') else {
        return function;
    };
    match rest[arity..].find('-') {
        Some(end) => &rest[..arity + end],
        None => function,
    }
}

/// The name alone: the module stands beside it.
pub(super) fn beam_name<'a>(function: &'a str, module: &str) -> &'a str {
    let name = beam(function);
    let inner = name
        .strip_prefix(module)
        .and_then(|rest| rest.strip_prefix('.'));
    let name = inner.filter(|_| !module.is_empty()).unwrap_or(name);
    name.split('(').next().unwrap_or_default()
}

/// A function of a language without a platform of its own, without what its compiler
/// numbers: each form has signs that no person writes.
pub(super) fn own_name(function: &str) -> Cow<'_, str> {
    // Lua: "function <lamp/oil.lua:12>".
    if function.starts_with("function <") {
        return Cow::Borrowed("");
    }
    // Julia: "#burn#12" is of `burn`; "#17" has no name.
    if let Some(rest) = function.strip_prefix('#') {
        let name = rest.split('#').next().unwrap_or_default();
        return Cow::Borrowed(if is_number(name) { "" } else { name });
    }
    // OCaml: "camlLamp__burn_312", "camlLamp.burn_271".
    if let Some(rest) = function.strip_prefix("caml")
        && rest.starts_with(|c: char| c.is_ascii_uppercase())
    {
        let name = match rest.rsplit_once('_') {
            Some((name, stamp)) if is_number(stamp) => name,
            _ => rest,
        };
        return Cow::Owned(name.replace("__", "."));
    }
    // Perl: "Lamp::__ANON__[lib/Lamp.pm:12]".
    if let Some(at) = function.find("__ANON__[") {
        return Cow::Borrowed(&function[..at + "__ANON__".len()]);
    }
    // Nim: "burn__lamp_u12".
    if let Some((name, number)) = function.rsplit_once("_u")
        && is_number(number)
        && name.contains("__")
    {
        return Cow::Borrowed(name);
    }
    // PowerShell: "Copy-Logs<Process>".
    let stages = ["<Process>", "<Begin>", "<End>"];
    let stage = stages.iter().find_map(|stage| function.strip_suffix(stage));
    Cow::Borrowed(stage.unwrap_or(function))
}

/// A module of such a language. Haskell's package has its version and a hash:
/// "lamp-0.1.0.0-inplace:Lamp".
pub(super) fn module(module: &str) -> Cow<'_, str> {
    let Some((package, inner)) = module.split_once(':') else {
        return Cow::Borrowed(module);
    };
    let version = package
        .match_indices('-')
        .find(|(at, _)| package[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    match version {
        Some((at, _)) if !inner.starts_with([':', '/', '\\']) => {
            Cow::Owned(format!("{}:{inner}", &package[..at]))
        }
        _ => Cow::Borrowed(module),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
