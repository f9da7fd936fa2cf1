//! Names of .NET: what its compilers make of `async`, iterators, lambdas and generics.

use std::borrow::Cow;

/// A method and its class, as titles have them.
pub(super) fn call<'a>(function: &'a str, module: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    parts(function, module)
}

/// A method and its class.
pub(super) fn parts<'a>(function: &'a str, module: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    // "Acme.Cart+<AddAsync>d__7" and "MoveNext": the machine is the method.
    let (class, generated) = match generated_at(module) {
        Some(at) => (&module[..at], &module[at + 1..]),
        None => (module, ""),
    };
    let method = match source_of_class(generated) {
        Some(method) if matches!(function, "MoveNext" | "Invoke" | "GenerateNext") => method,
        _ => source_name(function),
    };
    let class = class
        .strip_prefix("Castle.Proxies.")
        .map_or(class, |proxy| {
            proxy.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
        });
    // Entity Framework 6: "…DynamicProxies.Wine_5E43…", 64 digits.
    let class = match class.rsplit_once('_') {
        Some((bare, hash)) if bare.contains(".DynamicProxies.") && hash.len() == 64 => bare,
        _ => class,
    };
    let class = class.find("_cshtml_").map_or(class, |at| &class[..at]);
    let class = if class.starts_with("generatedProxy_") {
        "generatedProxy"
    } else {
        class
    };
    (Cow::Borrowed(method), ty(class))
}

/// Where the name of a class that a compiler made begins: `+<>c`, `.<>c` (in stack
/// texts), `+VB$StateMachine_7_Load`, `+_Closure$__3-0`, `+total@12-1`.
fn generated_at(module: &str) -> Option<usize> {
    let marks = ["+<", ".<", "+VB$", ".VB$", "+_Closure$", "._Closure$"];
    let mark = marks.iter().filter_map(|mark| module.find(mark)).min();
    let of_fsharp = || {
        let at = module.find('@')?;
        module[..at].rfind(['+', '.'])
    };
    mark.or_else(of_fsharp)
}

/// The method that a made class stands for.
fn source_of_class(generated: &str) -> Option<&str> {
    if let Some(rest) = generated.strip_prefix("VB$StateMachine_") {
        return rest.split_once('_').map(|(_, method)| method);
    }
    if let Some((method, _)) = generated.split_once('@') {
        // F#'s stages are called by their order and line: "Pipe #1 stage #1 at line 12@12".
        return Some(method.split(" #").next().unwrap_or_default());
    }
    let is_machine = generated.starts_with('<') && !generated.starts_with("<>");
    // A machine within a closure's class: "<>c+<<Add>b__0>d".
    let inner = generated.rsplit(['+', '.']).next().unwrap_or_default();
    let generated = if is_machine { generated } else { inner };
    (generated.starts_with('<') && !generated.starts_with("<>")).then(|| source_name(generated))
}

/// The method that a person wrote: `Add` of `<Add>b__3_0`, `<<Add>b__0>d`, of
/// `Add { <lambda> }`, `Add[T](T item)`, `Add(String sku)` and `Add@12`; `Total` of
/// `<Add>g__Total|3_0`.
fn source_name(function: &str) -> &str {
    let function = function
        .split([' ', '(', '[', '`'])
        .next()
        .unwrap_or_default();
    // An explicit implementation has its interface before the name.
    let function = match function.rsplit_once('.') {
        Some((before, name)) if !before.is_empty() && !function.contains(['<', '$']) => name,
        _ => function,
    };
    // IL2CPP: "Cart_Add_m3F2A1C9B8D7E6F5A".
    let function = match function.rsplit_once("_m") {
        Some((bare, hash)) if hash.len() >= 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            bare
        }
        _ => function,
    };
    if let Some(at) = function.find("_Lambda$__") {
        return &function[..at + "_Lambda$__".len()];
    }
    let function = function.split('@').next().unwrap_or_default();
    // Dapper: "Deserialize43bc4d2e-7c0f-4d6e-9b1a-000102030405".
    let function = without_uuid(function);
    if !function.starts_with('<') {
        return function;
    }
    if let Some((_, local)) = function.split_once(">g__") {
        return local.split('|').next().unwrap_or_default();
    }
    let inner = function.trim_start_matches('<');
    inner.split('>').next().unwrap_or_default()
}

/// F# calls a module `WaterModule` if there is a type `Water` beside it, which comes and
/// goes. Its functions begin with a small letter, as no method of C# does.
pub(super) fn without_module_suffix<'a>(class: Cow<'a, str>, function: &str) -> Cow<'a, str> {
    let is_of_fsharp = function.starts_with(|c: char| c.is_lowercase());
    let bare = class
        .strip_suffix("Module")
        .filter(|bare| is_of_fsharp && !bare.is_empty() && !bare.ends_with(['.', '+']));
    match bare.map(str::len) {
        Some(len) => match class {
            Cow::Borrowed(class) => Cow::Borrowed(&class[..len]),
            Cow::Owned(mut class) => {
                class.truncate(len);
                Cow::Owned(class)
            }
        },
        None => class,
    }
}

fn without_uuid(function: &str) -> &str {
    let Some(at) = function.len().checked_sub(36).filter(|at| *at > 0) else {
        return function;
    };
    let fits = |(at, b): (usize, u8)| match at {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    match function.get(at..) {
        Some(uuid) if uuid.bytes().enumerate().all(fits) => &function[..at],
        _ => function,
    }
}

/// A type: nested classes with a dot, generated ones left out, `<…>` for arguments.
pub(super) fn ty(name: &str) -> Cow<'_, str> {
    if !name.contains(['+', '`', '[', '<']) {
        return Cow::Borrowed(name);
    }
    let name = name.split('[').next().unwrap_or_default();
    let mut shown = String::with_capacity(name.len());
    for part in name.split('+') {
        // Closures of a class: "<>c", "<>c__DisplayClass3_0".
        if part.starts_with('<') {
            break;
        }
        if !shown.is_empty() {
            shown.push('.');
        }
        match part.split_once('`') {
            Some((bare, _)) => {
                shown.push_str(bare);
                shown.push_str("<…>");
            }
            None => shown.push_str(part),
        }
    }
    Cow::Owned(shown)
}
