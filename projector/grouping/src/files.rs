//! Where a file is, without what a build, a deploy, a host or a session makes of it.
//!
//! | in the path | becomes |
//! | --- | --- |
//! | folders, host, scheme, query | left out |
//! | `main.3f2a1c9b.js`, `index-BwX3k_9a.js`, `main-7QXNTLBZ.js`, `jquery-3.7.1.min.js` | the name without its hash or version ([`hash`]) |
//! | `9f3a1c2b4d5e6f70.js`, `417.9fa5131d.chunk.js` | hash and chunk number alike |
//! | `blob:…`, `data:…`, a page's own address | `<blob>`, `<data>`, `<page>` |
//! | `<ipython-input-12-…>`, `/tmp/ipykernel_42/1.py` | `<cell>` |
//! | `(eval at app/cart.rb:12)`, `cart.php(12) : eval()'d code` | the file it stands in |
//! | `cart/index.js`, `order/page.tsx`, `shop/views.py` | the folder stays where the name says nothing |
//! | `app/controllers/admin/items_controller.rb` | all from a framework's folder on (Ruby) |
//!
//! Invariant: pure and total; time is linear in the path.

use std::{borrow::Cow, cell::RefCell};

use crate::{marks::Words, recent::Recent};

mod hash;

thread_local! {
    /// Many functions of a stack stand in few files.
    static PLACES: RefCell<Recent<Box<str>, 2>> = const { RefCell::new(Recent::new()) };
}

/// Names that say nothing without their folder.
static GENERIC: Words<26> = Words::of([
    "index",
    "page",
    "layout",
    "route",
    "loading",
    "error",
    "template",
    "default",
    "not-found",
    "+page",
    "+layout",
    "+server",
    "+error",
    "handler",
    "mod",
    "__init__",
    "__main__",
    "views",
    "models",
    "tasks",
    "utils",
    "helpers",
    "admin",
    "serializers",
    "urls",
    "_layout",
]);
/// Folders that every project has: they say nothing, and files move between them.
static FOLDERS: Words<38> = Words::of([
    "assets",
    "static",
    "js",
    "dist",
    "build",
    "public",
    "lib",
    "src",
    "scripts",
    "script",
    "bundle",
    "bundles",
    "chunk",
    "chunks",
    "_next",
    "_app",
    "immutable",
    "app",
    "www",
    "out",
    "client",
    "server",
    "htdocs",
    "html",
    "cjs",
    "esm",
    "es",
    "umd",
    "min",
    "release",
    "releases",
    "current",
    "javascripts",
    "pages",
    "resources",
    "files",
    "web",
    "code",
]);
/// Folders that Ruby's frameworks give a project.
const RUBY_FOLDERS: [&str; 8] = [
    "app", "lib", "config", "db", "spec", "test", "bin", "script",
];
/// Folders above the base name that are looked at.
const FOLDERS_MAX: usize = 3;

/// A file as grouping reads it, in lower case.
pub(crate) fn place<'a>(path: &'a str, platform: &str) -> Cow<'a, str> {
    if path.is_empty() {
        return Cow::Borrowed("");
    }
    let make = || read(path, platform).into();
    let place: Box<str> = PLACES.with_borrow_mut(|known| known.get([platform, path], 0, make));
    Cow::Owned(place.into())
}

/// The same, not remembered.
fn read<'a>(path: &'a str, platform: &str) -> Cow<'a, str> {
    let path = within(path);
    if let Some(known) = special(path) {
        return Cow::Borrowed(known);
    }
    let (scheme, path) = match path.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.split(['?', '#']).next().unwrap_or_default()),
        None => ("", path.split('?').next().unwrap_or_default()),
    };
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    if scheme.starts_with("http") && !is_script(base) {
        return Cow::Borrowed("<page>");
    }
    let bare = hash::without(base);
    let is_javascript = matches!(platform, "javascript" | "node");
    let bare = if is_javascript {
        as_javascript(bare, path)
    } else {
        bare
    };
    if platform == "ruby"
        && let Some(inner) = from_framework(path)
    {
        return Cow::Owned(inner.to_ascii_lowercase());
    }
    let stem = bare.split('.').next().unwrap_or_default();
    if GENERIC.has(stem)
        && let Some(folder) = folder(path, !scheme.is_empty())
    {
        let folder = folder.replace("%5B", "[").replace("%5D", "]");
        return Cow::Owned(format!("{folder}/{bare}").to_ascii_lowercase());
    }
    // Versions of an interface are code of their own.
    if let Some(version) = of_interface(path).filter(|_| scheme.is_empty()) {
        return Cow::Owned(format!("{version}/{bare}").to_ascii_lowercase());
    }
    if bare.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Owned(bare.to_ascii_lowercase());
    }
    bare
}

/// A source and what was made of it are one: "helm.ts" and "helm.js"; a chunk that has no
/// more than a number has no name.
fn as_javascript<'a>(base: Cow<'a, str>, path: &str) -> Cow<'a, str> {
    let Some((stem, ending)) = base.rsplit_once('.') else {
        return base;
    };
    if is_number(stem) && path.rsplit(['/', '\\']).nth(1) == Some("chunks") {
        return Cow::Borrowed("<hash>.js");
    }
    if matches!(ending, "ts" | "tsx" | "jsx" | "mts" | "cts" | "mjs" | "cjs") {
        return Cow::Owned(format!("{stem}.js"));
    }
    base
}

/// The folder "v2" below "api" that a file lies in.
fn of_interface(path: &str) -> Option<&str> {
    let mut folders = path.rsplit('/').skip(1);
    let version = folders.next()?;
    let is_version = version.len() <= 3 && version.strip_prefix('v').is_some_and(is_number);
    (is_version && folders.next() == Some("api")).then_some(version)
}

/// The file that an evaluated text stands in.
fn within(path: &str) -> &str {
    if let Some(inner) = path.strip_prefix("(eval at ") {
        let inner = inner.trim_end_matches(')');
        return inner.rsplit_once(':').map_or(inner, |(file, _)| file);
    }
    if path.as_bytes().contains(&b')')
        && let Some(at) = path.find(") : ")
        && let Some(open) = path[..at].rfind('(')
    {
        return &path[..open];
    }
    path
}

/// What has a name of its own, made anew each time.
fn special(path: &str) -> Option<&'static str> {
    if path.starts_with("blob:") {
        return Some("<blob>");
    }
    if path.starts_with("data:") {
        return Some("<data>");
    }
    let cells = [
        "<ipython-input-",
        "<python-input-",
        "<command-",
        "<stdin>",
        "<console>",
    ];
    let is_cell = cells.iter().any(|cell| path.starts_with(cell));
    let is_kernel = || {
        let parts = ["/.ipykernel/", "/ipykernel_", "\\ipykernel_"];
        path.contains("ipykernel") && parts.iter().any(|part| path.contains(part))
    };
    if is_cell || is_kernel() {
        return Some("<cell>");
    }
    if path.strip_prefix("REPL").is_some_and(is_number) {
        return Some("<repl>");
    }
    if path.starts_with("memory:0x") {
        return Some("<memory>");
    }
    // Unity and Mono: "<3f2a1c9b8d7e6f5a>" for an assembly without symbols.
    let inner = path
        .strip_prefix('<')
        .and_then(|rest| rest.split('>').next());
    if inner.is_some_and(|id| id.len() >= 16 && id.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Some("");
    }
    None
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether an address of the web is a file of code rather than a page.
pub(crate) fn is_script(base: &str) -> bool {
    let Some((_, ending)) = base.rsplit_once('.') else {
        return false;
    };
    matches!(
        ending,
        "js" | "mjs"
            | "cjs"
            | "jsx"
            | "ts"
            | "tsx"
            | "mts"
            | "vue"
            | "svelte"
            | "css"
            | "wasm"
            | "bundle"
            | "jsbundle"
            | "coffee"
            | "astro"
            | "hbc"
    )
}

/// Whether a file's name has a build's hash.
pub(crate) fn is_hashed(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    is_script(base) && (hash::without(base).len() < base.len() || base.contains(".min."))
}

/// A base name without hash, version and chunk number.
pub(crate) fn without_hash(base: &str) -> Cow<'_, str> {
    hash::without(base)
}

/// The path from a framework's folder on.
fn from_framework(path: &str) -> Option<&str> {
    let mut from = None;
    let mut start = 0;
    for part in path.split('/') {
        if RUBY_FOLDERS.contains(&part) {
            from = Some(start);
        }
        start += part.len() + 1;
        if part == "controllers" || part == "models" || part == "views" {
            break;
        }
    }
    from.and_then(|at| path.get(at..))
}

/// The nearest folder that says something. Of a path from a machine's root only what
/// stands below a project's own folder does.
fn folder(path: &str, is_url: bool) -> Option<&str> {
    let mut folders = path.rsplit(['/', '\\']).skip(1);
    // "winch@v1.4.0"
    let nearest = folders.next()?.split('@').next().unwrap_or_default();
    let says = |folder: &str| {
        !folder.is_empty()
            && folder != "."
            && !FOLDERS.has(folder)
            && !hash::is_version(folder)
            && !hash::is_hash(folder)
    };
    if !says(nearest) {
        return None;
    }
    let is_absolute = path.starts_with('/') || path.get(1..2) == Some(":");
    // A URL's host is no folder.
    let above: Vec<&str> = folders.take(FOLDERS_MAX).collect();
    // "/app" is a machine's folder, "/srv/app" may be a project's.
    let below_known = above
        .iter()
        .any(|folder| FOLDERS.has(folder) && path.get(1..).is_some_and(|p| !p.starts_with(folder)));
    let fits = if is_url {
        !above.is_empty()
    } else {
        !is_absolute || below_known
    };
    fits.then_some(nearest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_remembered_of_a_file_is_what_is_read(
            paths in prop::collection::vec("[a-c/]{0,2}(index|v2|chunks|app|a1b2c3d4)?(\\.min|-3f2a1c9b)?\\.(js|ts|rb|x)", 1..20),
            platform in prop::sample::select(&["javascript", "node", "ruby", "python"][..]),
        ) {
            for path in paths.iter().chain(&paths) {
                prop_assert_eq!(super::place(path, platform), super::read(path, platform));
            }
        }
    }
}
