//! Names of .NET: what its compilers make of `async`, iterators, lambdas and generics.

use std::borrow::Cow;

/// A method and its class.
pub(super) fn call<'a>(function: &'a str, module: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    // "Acme.Cart+<AddAsync>d__7" and "MoveNext": the machine is the method.
    let machine = module
        .rfind("+<")
        .map(|at| (&module[..at], &module[at + 1..]));
    let (class, method) = match machine {
        Some((class, generated)) if function == "MoveNext" || function.starts_with('<') => {
            let inner = if function == "MoveNext" {
                generated
            } else {
                function
            };
            (class, source_name(inner))
        }
        Some((class, _)) => (class, source_name(function)),
        None => (module, source_name(function)),
    };
    (Cow::Borrowed(method), ty(class))
}

/// The method that a person wrote: `Add` of `<Add>b__3_0`, `<<Add>b__0>d`, of
/// `Add { <lambda> }` and of `Add(String sku)`; `Total` of `<Add>g__Total|3_0`.
fn source_name(function: &str) -> &str {
    let function = function.split([' ', '(']).next().unwrap_or_default();
    if !function.starts_with('<') {
        return function;
    }
    if let Some((_, local)) = function.split_once(">g__") {
        return local.split('|').next().unwrap_or_default();
    }
    let inner = function.trim_start_matches('<');
    inner.split('>').next().unwrap_or_default()
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
