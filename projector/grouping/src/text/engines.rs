//! What JavaScript's engines say of one and the same error, each in its own words.

/// What an engine's text means.
pub(super) struct Meaning {
    /// One word for it, with what it is about.
    pub(super) text: String,
    /// Engines have other types for it, too.
    pub(super) is_of_any_type: bool,
}

/// Texts that mean one thing whatever they are about: by a part of theirs.
const WHOLE: [(&str, bool, &[&str]); 9] = [
    (
        "<json cut short>",
        false,
        &[
            "Unexpected end of JSON input",
            "JSON.parse: unexpected end of data",
            "JSON Parse error: Unexpected EOF",
        ],
    ),
    (
        "<no json>",
        false,
        &[
            "is not valid JSON",
            " in JSON at position",
            "JSON Parse error: Unrecognized token",
            "JSON Parse error: Unexpected identifier",
            "JSON.parse: unexpected character",
        ],
    ),
    (
        "<module not loaded>",
        false,
        &[
            "ailed to fetch dynamically imported module",
            "error loading dynamically imported module",
            "Importing a module script failed",
        ],
    ),
    (
        "<stack exhausted>",
        true,
        &["Maximum call stack size exceeded", "too much recursion"],
    ),
    (
        "<storage full>",
        true,
        &[
            "exceeded the quota",
            "quota has been exceeded",
            "Persistent storage maximum size reached",
        ],
    ),
    (
        "<constant assigned to>",
        false,
        &[
            "Assignment to constant variable",
            "Attempted to assign to readonly property",
            "invalid assignment to const",
        ],
    ),
    ("<observer's loop>", false, &["ResizeObserver loop"]),
    (
        "<playing not allowed>",
        false,
        &["play() failed because the user didn't interact with the document first"],
    ),
    (
        "<aborted>",
        false,
        &[
            "The user aborted a request",
            "The operation was aborted",
            "Fetch is aborted",
            "signal is aborted without reason",
        ],
    ),
];

/// "Unable to get property 'caption' of undefined or null reference" in other languages: how
/// it begins, and what stands around the property's name.
const TRANSLATED: [(&str, &str, &str); 4] = [
    (
        "Die Eigenschaft ",
        "\"",
        "\" eines undefinierten oder Nullverweises",
    ),
    (
        "Impossible d’obtenir la propriété ",
        "« ",
        " » d’une référence null",
    ),
    (
        "No se puede obtener la propiedad ",
        "'",
        "' de referencia nula",
    ),
    (
        "Não é possível obter a propriedade ",
        "'",
        "' de referência indefinida",
    ),
];

/// What a text means; none if engines agree on it.
pub(super) fn meaning(text: &str) -> Option<Meaning> {
    let text = text.trim();
    let whole = WHOLE
        .iter()
        .find(|(_, _, parts)| parts.iter().any(|part| text.contains(part)));
    if let Some((word, is_of_any_type, _)) = whole {
        return Some(Meaning {
            text: (*word).to_owned(),
            is_of_any_type: *is_of_any_type,
        });
    }
    let about = |word: &str, name: &str| {
        let plain = !name.is_empty() && name.len() < 80;
        plain.then(|| Meaning {
            text: format!("{word} {name}"),
            is_of_any_type: false,
        })
    };
    if let Some(name) = property_of_nothing(text) {
        return about("<property of nothing>", name);
    }
    if let Some(name) = between(text, "Cannot set propert", "setting '", "'")
        .or_else(|| between(text, "Cannot set property ", "'", "' of "))
    {
        return about("<property of nothing set>", name);
    }
    let undefined = text
        .strip_suffix(" is not defined")
        .or_else(|| text.strip_prefix("Can't find variable: "));
    if let Some(name) = undefined {
        return about("<not defined>", name.trim_matches(['\'', '"']));
    }
    if let Some(name) = not_iterable(text) {
        return about("<not iterable>", name);
    }
    // webpack adds whether it took too long or failed, and where.
    for start in ["Loading chunk ", "Loading CSS chunk "] {
        let failed = text.strip_prefix(start);
        if let Some((name, _)) = failed.and_then(|rest| rest.split_once(" failed")) {
            return about("<chunk not loaded>", name);
        }
    }
    // Safari adds the call and what it was.
    if let Some(at) = text.find(" (In '") {
        return Some(Meaning {
            text: text[..at].trim_end_matches('.').to_owned(),
            is_of_any_type: false,
        });
    }
    // "Failed to execute 'removeChild' on 'Node': …" and "Node.removeChild: …".
    let rest = text.strip_prefix("Failed to execute '")?;
    let (method, rest) = rest.split_once("' on '")?;
    let (class, rest) = rest.split_once("': ")?;
    Some(Meaning {
        text: format!("{class}.{method}: {}", rest.trim_end_matches('.')),
        is_of_any_type: false,
    })
}

/// The property that was read of null or undefined.
fn property_of_nothing(text: &str) -> Option<&str> {
    if let Some(name) = between(text, "Cannot read properties of ", "reading '", "'") {
        return Some(name);
    }
    if let Some(name) = between(text, "Cannot read property ", "'", "' of ") {
        return Some(name);
    }
    if let Some(name) = between(text, "can't access property ", "\"", "\"") {
        return Some(name);
    }
    if let Some(name) = between(text, "Unable to get property ", "'", "' of ") {
        return Some(name);
    }
    // Internet Explorer and the first Edge spoke their user's language.
    for (start, open, close) in TRANSLATED {
        if let Some(name) = between(text, start, open, close) {
            return Some(name);
        }
    }
    let evaluated = [
        "null is not an object (evaluating '",
        "undefined is not an object (evaluating '",
    ];
    let rest = evaluated
        .iter()
        .find_map(|start| text.strip_prefix(start))?;
    let expression = rest.split('\'').next().unwrap_or_default();
    expression
        .contains('.')
        .then(|| expression.rsplit('.').next().unwrap_or_default())
}

/// What was to be gone through one by one, and cannot be.
fn not_iterable(text: &str) -> Option<&str> {
    let name = match text.split_once(" is not iterable") {
        Some((name, _)) => name,
        None => between(text, "undefined is not a function (near '", "...", "...')")?,
    };
    (!name.contains(' ')).then_some(name)
}

/// What stands between two marks of a text that begins so.
fn between<'a>(text: &'a str, start: &str, open: &str, close: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(start)?;
    let at = rest.find(open)? + open.len();
    let end = rest[at..].find(close)?;
    Some(&rest[at..at + end])
}
