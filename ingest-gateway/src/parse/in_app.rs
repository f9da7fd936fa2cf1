//! Whether a frame is the application's own code, where the client did not say.
//!
//! A first version, by path and module alone: what is installed, generated or part
//! of a runtime is not; anything else is.

use event_model::event::Frame;

/// Parts of paths that hold code of others.
const FOREIGN_PATHS: [&str; 18] = [
    "/site-packages/",
    "/dist-packages/",
    "/node_modules/",
    "/bower_components/",
    "/usr/lib/",
    "/usr/local/lib/",
    "/lib/python",
    "/go/pkg/mod/",
    "/usr/local/go/src/",
    "/.cargo/registry/",
    "/.cargo/git/",
    "/rustc/",
    "/gems/",
    "/vendor/",
    "/.pub-cache/",
    "/.rustup/",
    "/webpack/bootstrap",
    "(webpack)/",
];
/// Beginnings of paths that are parts of a runtime or a browser's extension.
const FOREIGN_PREFIXES: [&str; 12] = [
    "node:",
    "internal/",
    "<anonymous>",
    "<frozen ",
    "<__array_function__",
    "native",
    "[native code]",
    "chrome-extension://",
    "moz-extension://",
    "safari-extension://",
    "safari-web-extension://",
    "site-packages/",
];
/// Beginnings of functions that belong to a language's own library.
const FOREIGN_FUNCTIONS: [&str; 13] = [
    "std::",
    "core::",
    "alloc::",
    "__rust",
    "__rustc::",
    "<std::",
    "<core::",
    "<alloc::",
    "backtrace::",
    "sentry_",
    "sentry::",
    "runtime.",
    "java.",
];

/// The guess.
pub(super) fn guess(frame: &Frame) -> bool {
    let path = if frame.abs_path.is_empty() {
        frame.filename.as_str()
    } else {
        frame.abs_path.as_str()
    };
    if FOREIGN_PREFIXES
        .iter()
        .any(|p| path.starts_with(p) || frame.filename.starts_with(p))
    {
        return false;
    }
    let windows;
    let path = if path.contains('\\') {
        windows = path.replace('\\', "/");
        &windows
    } else {
        path
    };
    // "node_modules/…" without a slash before it is meant too.
    let foreign = |part: &str| path.contains(part) || path.starts_with(&part[1..]);
    if !path.is_empty() && FOREIGN_PATHS.iter().any(|part| foreign(part)) {
        return false;
    }
    !FOREIGN_FUNCTIONS
        .iter()
        .any(|p| frame.function.starts_with(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_others_is_told_apart() {
        let check = |path: &str, function: &str, expected: bool| {
            let frame = Frame {
                abs_path: path.to_owned(),
                function: function.to_owned(),
                ..Frame::default()
            };
            assert_eq!(guess(&frame), expected, "{path} {function}");
        };
        check("/srv/app/shop.py", "pay", true);
        check(
            "/srv/venv/lib/python3.11/site-packages/flask/app.py",
            "run",
            false,
        );
        check("/usr/lib/python3.11/json/decoder.py", "decode", false);
        check("/srv/app/node_modules/express/index.js", "next", false);
        check("node_modules/express/index.js", "next", false);
        check("C:\\app\\node_modules\\x\\index.js", "next", false);
        check("node:internal/process/task_queues", "run", false);
        check("internal/modules/loader.js", "load", false);
        check("<anonymous>", "Array.map", false);
        check("https://shop.example/assets/main.js", "pay", true);
        check("chrome-extension://abc/x.js", "inject", false);
        check("webpack:///./src/cart.ts", "pay", true);
        check("/home/jane/.cargo/registry/src/serde/lib.rs", "x", false);
        check("", "core::panicking::panic_fmt", false);
        check("", "shopworker::main", true);
        check("/srv/vendors.js", "x", true);
        check("", "", true);
    }
}
