//! Functions, modules, files and types as people of a language call them, for titles
//! and culprits. What is stored stays as it came.
//!
//! | platform | left out |
//! | --- | --- |
//! | Rust, C++, Swift, Objective-C | symbol hashes, closures, parameters, return types, what stands in `<…>`; `<A as B>::f` is `A::f` |
//! | JavaScript | `Object.`, `async`, `[as …]`, names that say "anonymous"; scheme and host of files |
//! | Go | numbered closures, the star of an error's type |
//! | Python | `<module>`, `<locals>` |
//! | Java, Kotlin | numbered lambdas and classes, proxies |
//! | .NET | state machines of `async` and iterators, closures, the arity of generics |
//! | Ruby, PHP | blocks, closures, hashes of templates, paths of anonymous classes |
//! | Dart, Elixir, Erlang | closures, the `Elixir.` before modules |
//!
//! Invariant: pure and total; time is linear in the name.

use std::borrow::Cow;

use event_model::head::ArchivedFrameHeadV1;

mod dotnet;
mod native;

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

/// A function and its module.
fn call<'a>(function: &'a str, module: &'a str, platform: &str) -> (Cow<'a, str>, Cow<'a, str>) {
    let function = function.trim();
    if matches!(
        function,
        "?" | "??" | "<anonymous>" | "<unknown>" | "<redacted>"
    ) {
        return (Cow::Borrowed(""), Cow::Borrowed(module));
    }
    match platform {
        "python" => (python(function), Cow::Borrowed(module)),
        "javascript" | "node" => (Cow::Borrowed(javascript(function)), Cow::Borrowed(module)),
        "go" => (Cow::Borrowed(go(function)), Cow::Borrowed(module)),
        "java" | "kotlin" | "android" => (Cow::Borrowed(java(function)), java_module(module)),
        "csharp" | "dotnet" | "fsharp" => dotnet::call(function, module),
        "ruby" => (Cow::Borrowed(ruby(function)), Cow::Borrowed(module)),
        "php" => (php(function), Cow::Borrowed(module)),
        "dart" | "flutter" => (dart(function), Cow::Borrowed(module)),
        "elixir" | "erlang" => {
            let module = module.strip_prefix("Elixir.").unwrap_or(module);
            (Cow::Borrowed(beam(function)), Cow::Borrowed(module))
        }
        "native" | "rust" | "c" | "cpp" | "cocoa" | "swift" | "objc" => {
            (native::function(function), Cow::Borrowed(module))
        }
        _ => (Cow::Borrowed(function), Cow::Borrowed(module)),
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

fn python(function: &str) -> Cow<'_, str> {
    match function {
        "<module>" => Cow::Borrowed(""),
        _ if function.contains("<locals>.") => Cow::Owned(function.replace("<locals>.", "")),
        _ => Cow::Borrowed(function),
    }
}

fn javascript(function: &str) -> &str {
    let function = function.split(" [as ").next().unwrap_or_default();
    let function = function.strip_prefix("async ").unwrap_or(function);
    let function = function.strip_suffix("/<").unwrap_or(function);
    // What a function hangs on when it is a module's own.
    let hung = ["Object.", "Module.", "exports.", "module.exports."];
    let bare = hung.iter().find_map(|on| function.strip_prefix(on));
    let function = bare.unwrap_or(function);
    match function {
        "anonymous" | "<anonymous>" | "new <anonymous>" | "eval" | "?" => "",
        named => named.strip_suffix(".<anonymous>").unwrap_or(named),
    }
}

/// Closures, method values and what the compiler wraps around them.
fn go(function: &str) -> &str {
    let function = function.strip_suffix("-fm").unwrap_or(function);
    let numbered = |part: &str| {
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        word.is_empty() || matches!(word, "func" | "gowrap" | "deferwrap" | "func-range")
    };
    let mut bare = function;
    while let Some((before, last)) = bare.rsplit_once('.') {
        if before.is_empty() || !numbered(last) {
            break;
        }
        bare = before;
    }
    bare
}

fn java(function: &str) -> &str {
    let numbered = match function.rsplit_once('$') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => function,
    };
    numbered.strip_prefix("lambda$").unwrap_or(numbered)
}

/// Without proxies (`$$…`) and classes that have a number or are named after a function
/// (`Cart$load$1`, Kotlin); nested ones with a dot.
fn java_module(module: &str) -> Cow<'_, str> {
    let module = module.find("$$").map_or(module, |at| &module[..at]);
    let mut parts = module.split('$');
    let Some(first) = parts.next() else {
        return Cow::Borrowed(module);
    };
    if first.len() == module.len() {
        return Cow::Borrowed(module);
    }
    let mut name = first.to_owned();
    for part in parts {
        if !part.starts_with(|c: char| c.is_uppercase()) {
            break;
        }
        name.push('.');
        name.push_str(part);
    }
    Cow::Owned(name)
}

/// The method a block stands in; nothing for a file's own code and for templates,
/// whose file says more.
fn ruby(function: &str) -> &str {
    let inner = ["block ", "rescue in ", "ensure in "]
        .iter()
        .any(|start| function.starts_with(start));
    let function = if inner {
        function.rsplit(" in ").next().unwrap_or_default()
    } else {
        function
    };
    match function {
        "<main>" | "<top (required)>" | "block" => "",
        template if template.starts_with("_app_views_") => "",
        named => named,
    }
}

fn php(function: &str) -> Cow<'_, str> {
    // PHP 8.4: "{closure:App\Cart::add():12}"
    if let Some(inner) = function.strip_prefix("{closure:") {
        let method = inner.rsplit_once("():").map_or(inner, |(method, _)| method);
        return Cow::Borrowed(method.trim_end_matches('}'));
    }
    // "App\Cart::App\{closure}"
    if let Some((class, "{closure}")) = function
        .split_once("::")
        .map(|(class, method)| (class, method.rsplit('\\').next().unwrap_or_default()))
    {
        return Cow::Owned(format!("{class}::{{closure}}"));
    }
    match function.find("@anonymous") {
        Some(at) => {
            let method = function.rfind("::").filter(|method| *method > at);
            let class = &function[..at + "@anonymous".len()];
            Cow::Owned(format!("{class}{}", method.map_or("", |m| &function[m..])))
        }
        None => Cow::Borrowed(function),
    }
}

fn dart(function: &str) -> Cow<'_, str> {
    for closure in [".<anonymous closure>", ".<fn>"] {
        if function.contains(closure) {
            return Cow::Owned(function.replace(closure, ""));
        }
    }
    match function {
        "<fn>" | "<anonymous closure>" => Cow::Borrowed(""),
        named => Cow::Borrowed(named),
    }
}

/// "anonymous fn/1 in Shop.Cart.add/2", "-add/2-fun-0-"
fn beam(function: &str) -> &str {
    if let Some((_, outer)) = function.split_once(" in ")
        && function.starts_with("anonymous fn")
    {
        return outer;
    }
    match function
        .strip_prefix('-')
        .and_then(|f| f.split_once("-fun-"))
    {
        Some((outer, _)) => outer,
        None => function,
    }
}

#[cfg(test)]
mod tests;
