//! Names of compiled languages: Rust, C++, Swift, Objective-C.

use std::borrow::Cow;

use crate::marks::{Marks, Signs, Words};

mod types;

use types::{without_return_type, without_types};

/// What stands before the name of a Swift function that the compiler made of another.
static SWIFT_MADE: Words<12> = Words::of([
    "partial apply for ",
    "specialized ",
    "@objc ",
    "static ",
    "thunk for ",
    "merged ",
    "dispatch thunk of ",
    "protocol witness for ",
    "await resume partial function for ",
    "suspend resume partial function for ",
    "curry thunk of ",
    "implicit closure in ",
]);
/// What stands behind the name of a function that the compiler made of another.
static CLONES: Marks<12> = Marks::of([
    " [clone",
    ".isra.",
    ".constprop.",
    ".part.",
    ".cold",
    ".llvm.",
    ".lto_priv.",
    ".localalias",
    ".__uniq.",
    "@plt",
    "@@",
    " with unmangled suffix",
]);
/// Marks of an ABI that are cut out of one name.
const ABI_MARKS_MAX: usize = 8;
/// Where the name of a C++ lambda, or of what stands in a block of a function, begins.
const WITHIN: [&str; 6] = [
    "::{lambda",
    "::'lambda",
    "::$_",
    "::{unnamed",
    "::__l",
    "::lambda::",
];

/// The function's own name and what it belongs to.
pub(super) fn function(name: &str) -> Cow<'_, str> {
    // Of what is cut from a name, too: it has no other signs.
    let signs = Signs::of(name);
    if signs.has(b'[')
        && let Some(method) = objective_c(name)
    {
        // Key-value observing makes a subclass.
        return if method.contains("NSKVONotifying_") {
            Cow::Owned(method.replace("NSKVONotifying_", ""))
        } else {
            Cow::Borrowed(method)
        };
    }
    // "(winch in _3F2A1C9B)()": private to its file.
    if let Some((inner, _)) = name
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(" in _"))
    {
        return Cow::Borrowed(inner);
    }
    let name = if signs.has(b'+') {
        without_offset(name)
    } else {
        name
    };
    let name = without_hash(if signs.has(b'_') {
        of_block(name)
    } else {
        name
    });
    let name = if signs.has(b' ') {
        of_swift(name)
    } else {
        name
    };
    // Rust's old mangling put a sign before a bracket.
    let name = name
        .strip_prefix('_')
        .filter(|rest| rest.starts_with('<'))
        .unwrap_or(name);
    let name = of_il2cpp(name);
    let has_labels = signs.has(b'(') && signs.has(b'.');
    let labels = has_labels.then(|| labels_of_initialiser(name)).flatten();
    let clones = CLONES.likely(signs).filter_map(|clone| name.find(clone));
    let name = clones.min().map_or(name, |at| &name[..at]);
    let name = if signs.has(b'.') {
        without_number(name)
    } else {
        name
    };
    let name = if signs.has(b'{') {
        without_closure(name)
    } else {
        name
    };
    let within = first_within(name, &WITHIN);
    let name = within.filter(|at| *at > 0).map_or(name, |at| &name[..at]);
    let name = match unified(name, signs) {
        Cow::Borrowed(name) => short(name),
        Cow::Owned(name) => Cow::Owned(short(&name).into_owned()),
    };
    match labels {
        Some(labels) => Cow::Owned(format!("{name}({labels})")),
        None => name,
    }
}

/// Swift's initialisers are all called alike: their labels are their names. "coder:" of
/// "Anchor.init(coder: NSCoder)" and of "Anchor.init(coder:)".
fn labels_of_initialiser(name: &str) -> Option<String> {
    let at = name.find(".init(").filter(|at| *at > 0)? + ".init(".len();
    let (mut labels, mut depth, mut is_label) = (String::new(), 0usize, true);
    for c in name[at..].chars() {
        match c {
            '(' | '<' | '[' => depth += 1,
            ')' if depth == 0 => break,
            ')' | '>' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => is_label = true,
            ':' if depth == 0 => {
                if is_label {
                    labels.push(':');
                }
                // "(weight:coder:)" has no commas.
                is_label = true;
            }
            ' ' => is_label = is_label && labels.ends_with([':', ',']) || labels.is_empty(),
            _ if is_label && (c.is_alphanumeric() || c == '_') => labels.push(c),
            _ => {}
        }
    }
    (!labels.is_empty()).then_some(labels)
}

/// "Cart_Add_m3F2A…": a method of Unity's IL2CPP without its hash of 40 digits, and what
/// stands behind it of shared generics.
fn of_il2cpp(name: &str) -> &str {
    // Too short for the hash are almost all names.
    let at = (name.len() > 42).then(|| name.rfind("_m")).flatten();
    let Some(at) = at.filter(|at| *at > 0) else {
        return name;
    };
    let rest = &name[at + 2..];
    let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    let ends = [
        "",
        "_gshared",
        "_gshared_inline",
        "_inline",
        "_AdjustorThunk",
    ];
    if digits == 40 && ends.contains(&&rest[digits..]) {
        &name[..at]
    } else {
        name
    }
}

/// Without parameters, return type and what stands in angle brackets.
fn short(name: &str) -> Cow<'_, str> {
    if !name.contains(['<', '(', ' ']) {
        return Cow::Borrowed(name);
    }
    let whole = without_types(name);
    let short = without_return_type(&whole);
    if short.is_empty() {
        Cow::Borrowed(name)
    } else if short.len() == whole.len() {
        Cow::Owned(whole)
    } else {
        Cow::Owned(short.to_owned())
    }
}

/// Whether a name says where its function is.
pub(super) fn is_qualified(name: &str) -> bool {
    let path = name.contains("::") || name.starts_with("-[") || name.starts_with("+[");
    let has = |sign, part: &str| name.as_bytes().contains(&sign) && name.contains(part);
    (path || name.contains('.')) && !has(b' ', "anonymous namespace") && !has(b'<', "<…>::operator")
}

/// What stands before an address in such a name; none begins with another.
static NUMBERED: Words<7> = Words::of(["sub_", "FUN_", "fun_", "loc_", "0x", "func_0x", "+0x"]);

/// Names that symbolicators and disassemblers make of an address.
pub(super) fn is_placeholder(name: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let start = NUMBERED.first_of(name);
    let number = start.map(|start| &name[start.len()..]);
    number.is_some_and(|number| number.len() >= 4 && is_hex(number))
        // Burst names what it compiles by a hash.
        || (name.len() == 32 && is_hex(name))
        || name
            .trim_start_matches('_')
            .starts_with("lldb_unnamed_symbol")
}

/// The base name of an image, without its version.
pub(super) fn image(path: &str) -> Cow<'_, str> {
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = base.find(".so.").map_or(base, |at| &base[..at + 3]);
    if base.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(base.to_ascii_lowercase())
    } else {
        Cow::Borrowed(base)
    }
}

/// "add+0x1f", "add + 31".
fn without_offset(name: &str) -> &str {
    let Some((bare, offset)) = name.rsplit_once('+') else {
        return name;
    };
    let offset = offset.trim();
    let digits = offset.strip_prefix("0x").unwrap_or(offset);
    let is_offset = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let is_operator = bare.ends_with("operator") || bare.ends_with('+');
    if is_offset && !is_operator {
        bare.trim_end()
    } else {
        name
    }
}

/// The number that a linker gives to functions of one name: "add.1234".
fn without_number(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((bare, number))
            if !bare.is_empty()
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            bare
        }
        _ => name,
    }
}

/// The C function that a block stands in: "__main_block_invoke_2".
fn of_block(name: &str) -> &str {
    match name.find("_block_invoke") {
        Some(at) => {
            let outer = &name[..at];
            outer
                .strip_prefix("__")
                .filter(|o| !o.is_empty())
                .unwrap_or(outer)
        }
        None => name,
    }
}

/// What compilers name differently.
static VARIED: Marks<10> = Marks::of([
    "{anonymous}",
    "?A0x",
    "`anonymous",
    "_GLOBAL__N",
    "std::__",
    "[abi:",
    "(add in",
    " in _",
    "'unnamed",
    "{impl#",
]);

/// One word for what compilers name differently: namespaces without a name, the
/// standard library's inline namespaces, marks of an ABI, Swift's private names.
fn unified(name: &str, signs: Signs) -> Cow<'_, str> {
    if !VARIED.are_in(name, signs) {
        return if signs.has(b']') && name.contains("]::") {
            without_crate_hashes(name)
        } else {
            Cow::Borrowed(name)
        };
    }
    let mut name = name
        .replace("`anonymous namespace'", "(anonymous namespace)")
        .replace("`anonymous-namespace'", "(anonymous namespace)")
        .replace("{anonymous}", "(anonymous namespace)")
        .replace("_GLOBAL__N_1", "(anonymous namespace)")
        .replace("std::__1::", "std::")
        .replace("std::__cxx11::", "std::")
        .replace("std::__ndk1::", "std::");
    for _ in 0..ABI_MARKS_MAX {
        match bracketed(&name, "[abi:", ']') {
            Some((at, end)) => name.replace_range(at..=end, ""),
            None => break,
        }
    }
    for _ in 0..ABI_MARKS_MAX {
        match bracketed(&name, "{impl#", '}') {
            Some((at, end)) if name[end + 1..].starts_with("::") => {
                name.replace_range(at..end + 3, "");
            }
            _ => break,
        }
    }
    if let Some(at) = name.find("?A0x") {
        let len = name[at + 4..]
            .bytes()
            .take_while(u8::is_ascii_hexdigit)
            .count();
        name.replace_range(at..at + 4 + len, "(anonymous namespace)");
    }
    // "Cart.(load in _3F2A1C9B)(x:)"
    if let Some(at) = name.find(".(")
        && let Some(middle) = name[at..].find(" in _").map(|found| at + found)
        && let Some(end) = name[middle..].find(')').map(|found| middle + found)
    {
        let inner = name[at + 2..middle].to_owned();
        name.replace_range(at + 1..=end, &inner);
    }
    Cow::Owned(name)
}

/// "kiosk[3f2a1c9b8d7e6f50]::shelf": Rust's v0 mangling shows which build of a crate.
fn without_crate_hashes(name: &str) -> Cow<'_, str> {
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, behind)) = rest.split_once('[') {
        kept.push_str(before);
        let digits = behind.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_hash = (1..=16).contains(&digits) && behind[digits..].starts_with("]::");
        if is_hash && before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            rest = &behind[digits + 1..];
        } else {
            kept.push('[');
            rest = behind;
        }
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

fn bracketed(name: &str, open: &str, close: char) -> Option<(usize, usize)> {
    let at = name.find(open)?;
    let end = name[at..].find(close)?;
    Some((at, at + end))
}

/// `-[Cart add:]`, also inside of a block's name.
fn objective_c(name: &str) -> Option<&str> {
    let start = name.find("-[").or_else(|| name.find("+["))?;
    let end = name[start..].find(']')?;
    let method = &name[start..=start + end];
    method.contains(' ').then_some(method)
}

/// Rust's hash of a symbol, `::h0123456789abcdef`.
fn without_hash(name: &str) -> &str {
    let at = name.len().checked_sub("::h".len() + 16);
    let Some((bare, end)) = at.and_then(|at| name.split_at_checked(at)) else {
        return name;
    };
    match end.strip_prefix("::h") {
        Some(hash) if hash.bytes().all(|b| b.is_ascii_hexdigit()) => bare,
        _ => name,
    }
}

/// The first place of a mark; all of them begin with two colons.
fn first_within(name: &str, marks: &[&str]) -> Option<usize> {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        if bytes[at] != b':' || bytes[at + 1] != b':' {
            at += 1;
            continue;
        }
        let behind = bytes.get(at + 2);
        // To look at one byte costs less.
        let mut likely = marks.iter().filter(|m| m.as_bytes().get(2) == behind);
        if likely.any(|mark| name[at..].starts_with(mark)) {
            return Some(at);
        }
        at += 2;
    }
    None
}

/// The function that a Rust closure stands in.
fn without_closure(name: &str) -> &str {
    let marks = ["::{closure", "::{{closure", "::{async_"];
    match first_within(name, &marks) {
        Some(at) if at > 0 => &name[..at],
        _ => name,
    }
}

/// The Swift function that a closure or a thunk belongs to.
fn of_swift(name: &str) -> &str {
    let mut name = name;
    loop {
        // "(1) await resume partial function for …"
        let unnumbered = match name
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(") "))
        {
            Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => rest,
            _ => name,
        };
        let made = SWIFT_MADE.first_of(unnumbered);
        let bare = made.map(|made| &unnumbered[made.len()..]);
        let bare = bare.or_else(|| {
            let numbered = name.strip_prefix("implicit ").unwrap_or(name);
            let numbered = numbered.strip_prefix("closure #")?;
            numbered.split_once(" in ").map(|(_, outer)| outer)
        });
        match bare {
            Some(bare) => name = bare,
            None => return name,
        }
    }
}
