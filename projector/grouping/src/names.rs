//! Functions, modules and types as people of a language call them: for titles and
//! culprits as they would write them, for grouping with no more than what stays from
//! build to build and from engine to engine. What is stored stays as it came.
//!
//! | platform | left out |
//! | --- | --- |
//! | Rust, C++, Swift, Objective-C | symbol hashes, closures, clones, thunks, parameters, return types, what stands in `<…>`; `<A as B>::f` is `A::f` |
//! | JavaScript | `Object.`, `new`, `async`, `[as …]`, names that say "anonymous"; scheme and host of files |
//! | Go | numbered closures, wrappers, type arguments, the star of an error's type |
//! | Python | `<module>`, `<locals>` |
//! | Java, Kotlin, Scala, Clojure, Groovy | numbered lambdas and classes, proxies, loaders |
//! | .NET | state machines of `async` and iterators, closures, parameters, the arity of generics |
//! | Ruby, PHP | blocks, closures, hashes of templates, paths of anonymous classes |
//! | Dart, Elixir, Erlang | closures, the `Elixir.` before modules |
//!
//! Invariant: pure and total; time is linear in the name.

use std::borrow::Cow;

use event_model::head::ArchivedFrameHeadV1;

use crate::{
    Algorithm, files,
    marks::{Marks, Signs, Words},
};

mod dotnet;
mod go;
mod javascript;
mod jvm;
mod native;
mod other;
mod script;

pub(crate) use jvm::is_bridge;

/// Words for functions whose name nobody knows.
static UNKNOWN: Words<8> = Words::of([
    "?",
    "??",
    "???",
    "<anonymous>",
    "<unknown>",
    "<redacted>",
    "unknown",
    "(unknown)",
]);

/// Words for functions that have no name of their own.
static CLOSURES: Marks<6> = Marks::of([
    "lambda",
    "closure",
    "anonymous",
    "block",
    "$anonfun",
    "<fn>",
]);

/// What of a frame counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    /// The module or file; empty if the function says it.
    pub(crate) place: Cow<'a, str>,
    /// Empty if it has no name.
    pub(crate) function: Cow<'a, str>,
    /// Within the image, where there is no name; else 0.
    pub(crate) address: u64,
    is_module: bool,
}

impl Key<'_> {
    /// Whether it says more than that something broke in a file.
    pub(crate) fn says(&self) -> bool {
        !self.function.is_empty() || self.address > 0 || self.is_module
    }
}

/// What of a frame counts.
pub(crate) fn key<'a>(
    frame: &'a ArchivedFrameHeadV1,
    platform: &str,
    algorithm: Algorithm,
) -> Key<'a> {
    let function = match platform {
        "ruby" => Cow::Borrowed(script::ruby_name(frame.function.trim(), &frame.filename)),
        _ => own_name(&frame.function, &frame.module, platform),
    };
    let module = own_module(&frame.module, platform);
    let module = if algorithm.joins_modules_of_fsharp() && is_dotnet(platform) {
        dotnet::without_module_suffix(module, &function)
    } else {
        module
    };
    // Names that a minifier made are made anew with each build.
    let is_minified = matches!(platform, "javascript" | "node")
        && (1..=2).contains(&function.len())
        && files::is_hashed(&frame.filename);
    let function = if is_minified {
        Cow::Borrowed("")
    } else {
        function
    };
    // "Harbour.Rope.coil" of the image "Harbour".
    let own_image = |name: &str| {
        let rest = name
            .strip_prefix(frame.package.as_str())?
            .strip_prefix('.')?;
        (!frame.package.is_empty()).then(|| rest.to_owned())
    };
    let function = match own_image(&function).filter(|_| is_native(platform)) {
        Some(rest) => Cow::Owned(rest),
        None => function,
    };
    if function.is_empty() && is_native(platform) {
        let image = if frame.package.is_empty() {
            &frame.filename
        } else {
            &frame.package
        };
        let address = frame.address.to_native();
        return Key {
            place: native::image(image),
            function,
            address,
            is_module: false,
        };
    }
    let is_whole = match platform {
        "php" => {
            // Latte's template is known by its file alone.
            let is_template = function.starts_with("Template_::");
            function.contains("::") && !function.contains("@anonymous") && !is_template
        }
        _ if is_native(platform) => native::is_qualified(&function),
        _ => false,
    };
    // Cython: some tell the module, some the file.
    let is_cython = platform == "python" && frame.filename.ends_with(".pyx");
    let is_module = !module.is_empty() && !is_whole && !is_cython;
    let place = if is_whole {
        Cow::Borrowed("")
    } else if is_module {
        module
    } else {
        files::place(&frame.filename, platform)
    };
    Key {
        place,
        function,
        address: 0,
        is_module,
    }
}

/// A function's name alone, without what a compiler or an engine adds.
fn own_name<'a>(function: &'a str, module: &'a str, platform: &str) -> Cow<'a, str> {
    let function = function.trim();
    if is_unknown(function) {
        return Cow::Borrowed("");
    }
    match platform {
        "javascript" | "node" if function.contains("::") => native_name(function),
        "javascript" | "node" => {
            let name = javascript::own_name(function);
            if javascript::is_numbered_template(name) {
                Cow::Owned(name.replace(|c: char| c.is_ascii_digit(), ""))
            } else {
                Cow::Borrowed(name)
            }
        }
        "python" => {
            let name = function.rsplit('.').next().unwrap_or_default();
            let is_own_code = name == "<module>" || name.starts_with("<cell line: ");
            Cow::Borrowed(if is_own_code { "" } else { name })
        }
        _ if is_native(platform) => native_name(function),
        "java" | "kotlin" | "android" | "scala" | "clojure" | "groovy" => {
            Cow::Borrowed(jvm::own_method(function))
        }
        "csharp" | "dotnet" | "fsharp" => {
            // The machine's class tells the method that `MoveNext` is of.
            let (function, _) = dotnet::parts(function, module);
            function
        }
        "php" => script::php_name(function),
        "elixir" | "erlang" => {
            let module = module.strip_prefix("Elixir.").unwrap_or(module);
            Cow::Borrowed(other::beam_name(function, module))
        }
        "dart" | "flutter" => shown_function(function, platform),
        "ruby" => Cow::Borrowed(script::ruby(function)),
        "go" => go::function(function),
        _ => other::own_name(function),
    }
}

/// Without type arguments, which some symbols have and some have not.
fn native_name(function: &str) -> Cow<'_, str> {
    let cut = |name: &str| name.trim_end_matches("<…>").trim_end_matches("::").len();
    match native::function(function) {
        Cow::Borrowed(name) => Cow::Borrowed(&name[..cut(name)]),
        Cow::Owned(mut name) => {
            let kept = cut(&name);
            name.truncate(kept);
            Cow::Owned(name)
        }
    }
}

fn own_module<'a>(module: &'a str, platform: &str) -> Cow<'a, str> {
    if module.is_empty() || matches!(module, "(unknown)" | "<unknown>" | "unknown" | "?") {
        return Cow::Borrowed("");
    }
    match platform {
        "java" | "kotlin" | "android" | "scala" | "clojure" | "groovy" => jvm::class(module),
        "csharp" | "dotnet" | "fsharp" => dotnet::parts("", module).1,
        "go" => match go::package(module) {
            escaped if escaped.contains("%2e") => Cow::Owned(escaped.replace("%2e", ".")),
            package => Cow::Borrowed(package),
        },
        "elixir" | "erlang" => Cow::Borrowed(module.strip_prefix("Elixir.").unwrap_or(module)),
        // A script's own code: the file tells which.
        "python" if module == "__main__" => Cow::Borrowed(""),
        // Mako's compiled templates: "memory:0x7f3bd8c1e2b0".
        "python" if module.starts_with("memory:0x") => Cow::Borrowed("memory"),
        "javascript" | "node" => files::place(module, platform),
        "php" => script::php_name(module),
        _ => other::module(module),
    }
}

fn is_unknown(function: &str) -> bool {
    UNKNOWN.has(function) || native::is_placeholder(function)
}

fn is_dotnet(platform: &str) -> bool {
    matches!(platform, "csharp" | "dotnet" | "fsharp")
}

fn is_native(platform: &str) -> bool {
    matches!(
        platform,
        "native" | "rust" | "c" | "cpp" | "cocoa" | "swift" | "objc"
    )
}

/// Whether a function has no name of its own: which one of its neighbours it is, the
/// stack does not tell.
pub(crate) fn is_closure(function: &str) -> bool {
    CLOSURES.are_in(function, Signs::of(function))
}

/// A call as the client sent it, for people.
pub(crate) fn raw_place(frame: &ArchivedFrameHeadV1) -> String {
    let (function, module, file): (&str, &str, &str) =
        (&frame.function, &frame.module, &frame.filename);
    let place = if module.is_empty() { file } else { module };
    match (function.is_empty(), place.is_empty()) {
        (false, false) => format!("{function} ({place})"),
        (false, true) => function.to_owned(),
        (true, _) => place.to_owned(),
    }
}

/// "function (module or file)", or what of it is known.
pub(crate) fn place(frame: &ArchivedFrameHeadV1, platform: &str) -> String {
    let (function, module) = call(&frame.function, &frame.module, platform);
    // A function that names its module needs the file instead.
    let named = !module.is_empty() && function.starts_with(&*module);
    let place = if module.is_empty() || named {
        file(&frame.filename)
    } else {
        &*module
    };
    match (function.is_empty(), place.is_empty()) {
        (false, false) => format!("{function} ({place})"),
        (false, true) => function.into_owned(),
        (true, false) => place.to_owned(),
        (true, true) => module.into_owned(),
    }
}

/// A function and its module, as people write them.
fn call<'a>(function: &'a str, module: &'a str, platform: &str) -> (Cow<'a, str>, Cow<'a, str>) {
    let function = function.trim();
    if UNKNOWN.has(function) {
        return (Cow::Borrowed(""), Cow::Borrowed(module));
    }
    let module = match platform {
        "java" | "kotlin" | "android" | "scala" | "clojure" | "groovy" => jvm::shown_class(module),
        "csharp" | "dotnet" | "fsharp" => return dotnet::call(function, module),
        "elixir" | "erlang" => Cow::Borrowed(module.strip_prefix("Elixir.").unwrap_or(module)),
        _ => Cow::Borrowed(module),
    };
    (shown_function(function, platform), module)
}

fn shown_function<'a>(function: &'a str, platform: &str) -> Cow<'a, str> {
    match platform {
        "python" => script::python(function),
        "javascript" | "node" => Cow::Borrowed(javascript::shown(function)),
        "go" => go::function(function),
        "java" | "kotlin" | "android" | "scala" | "clojure" | "groovy" => {
            Cow::Borrowed(jvm::method(function))
        }
        "ruby" => Cow::Borrowed(script::ruby(function)),
        "php" => script::php(function),
        "dart" | "flutter" => other::dart(function),
        "elixir" | "erlang" => Cow::Borrowed(other::beam(function)),
        _ if is_native(platform) => native::function(function),
        _ => Cow::Borrowed(function),
    }
}

/// A file without what the server that sent it is called, and without its query.
fn file(path: &str) -> &str {
    let Some((_, rest)) = path.split_once("://") else {
        return path;
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    // "webpack://shop/./src/cart.ts"
    match path.strip_prefix("/./") {
        Some(path) if !path.is_empty() => path,
        _ if path.len() > 1 => path,
        _ => rest,
    }
}

/// An error's type; empty if it says nothing.
pub(crate) fn ty<'a>(ty: &'a str, platform: &str) -> Cow<'a, str> {
    let ty = ty.trim();
    match platform {
        "go" => Cow::Borrowed(match ty.trim_start_matches('*') {
            // Nothing but a text, or a text around another error.
            "errors.errorString" | "errors.joinError" | "fmt.wrapError" | "fmt.wrapErrors"
            | "errors.withStack" | "errors.withMessage" | "errors.fundamental"
            | "runtime.plainError" => "",
            ty => ty,
        }),
        "csharp" | "dotnet" | "fsharp" => dotnet::ty(ty),
        "elixir" | "erlang" => Cow::Borrowed(ty.strip_prefix("Elixir.").unwrap_or(ty)),
        // `Exception("…")` makes one of a private class.
        "dart" | "flutter" => Cow::Borrowed(ty.strip_prefix('_').unwrap_or(ty)),
        _ => Cow::Borrowed(ty),
    }
}

/// An error's type for grouping: as it is, but for what is numbered anew.
pub(crate) fn own_type<'a>(ty: &'a str, platform: &str) -> Cow<'a, str> {
    match platform {
        "csharp" | "dotnet" | "fsharp" => dotnet::ty(ty),
        "java" | "kotlin" | "android" | "scala" | "clojure" | "groovy" => jvm::class(ty),
        "php" => script::php_name(ty),
        _ => Cow::Borrowed(ty),
    }
}

/// Whether a synthetic exception's type says something all the same: signals, and
/// what Apple's and Microsoft's kernels call them.
pub(crate) fn is_signal(ty: &str) -> bool {
    let name = ty.split([' ', '/']).next().unwrap_or_default();
    let capitals = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    ["SIG", "EXC_", "EXCEPTION_"]
        .iter()
        .any(|start| name.starts_with(start) && name.len() > start.len())
        && name.bytes().all(capitals)
}

#[cfg(test)]
mod tests;
