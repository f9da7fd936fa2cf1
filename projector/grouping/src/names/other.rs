//! Names of Dart, Elixir and Erlang.

use std::borrow::Cow;

/// Dart: without closures.
pub(super) fn dart(function: &str) -> Cow<'_, str> {
    let function = function.strip_prefix("new ").unwrap_or(function);
    for closure in [".<anonymous closure>", ".<fn>"] {
        if function.contains(closure) {
            return Cow::Owned(function.replace(closure, ""));
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
