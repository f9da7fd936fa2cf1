//! Names of Python, Ruby and PHP.

use std::borrow::Cow;

/// Python: a function without the scopes it stands in; empty for a module's own code.
pub(super) fn python(function: &str) -> Cow<'_, str> {
    match function {
        "<module>" => Cow::Borrowed(""),
        _ if function.contains("<locals>.") => Cow::Owned(function.replace("<locals>.", "")),
        _ => Cow::Borrowed(function),
    }
}

/// Ruby: the method a block stands in; nothing for a file's own code and for templates,
/// whose file says more.
pub(super) fn ruby(function: &str) -> &str {
    match ruby_method(function) {
        template if template.starts_with("_app_views_") => "",
        named => named,
    }
}

/// Ruby: the method with its class, as Ruby 3.4 has it.
fn ruby_method(function: &str) -> &str {
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
        named => named,
    }
}

/// Ruby: the name alone; a template's without its hash and number.
pub(super) fn ruby_name<'a>(function: &'a str, path: &str) -> &'a str {
    let method = ruby_method(function);
    let class = method.find(['#', '.']).map_or("", |at| &method[..at]);
    // Before 3.4 there was no class: where the file is named after it, it says nothing.
    let method = match method.strip_prefix(class) {
        Some(name) if is_named_after(path, class) => name.strip_prefix(['#', '.']).unwrap_or(name),
        _ => method,
    };
    match method.rfind("__") {
        Some(at)
            if at > 0
                && method[at + 2..]
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b == b'_') =>
        {
            method[..at].trim_end_matches('_')
        }
        _ => method,
    }
}

/// Whether a file has a class's name: "app/models/cart_item.rb" of `Shop::CartItem`.
fn is_named_after(path: &str, class: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or_default();
    let stem = base.split('.').next().unwrap_or_default();
    let class = class.rsplit("::").next().unwrap_or_default();
    let letters = |text: &str| text.replace('_', "").to_ascii_lowercase();
    letters(stem) == letters(class) || stem.is_empty()
}

/// PHP: classes and methods without what a compiler of templates, a container or a proxy
/// numbers anew.
pub(super) fn php(function: &str) -> Cow<'_, str> {
    // PHP 8.4: "{closure:App\Cart::add():12}", "{closure:/srv/src/routes.php:12}"
    if let Some(at) = function.find("{closure:") {
        let inner = function[at + "{closure:".len()..].trim_end_matches('}');
        // Of a closure in a closure the outermost function.
        let inner = inner.trim_start_matches("{closure:");
        let method = inner.split("():").next().unwrap_or_default();
        return if method.len() < inner.len() {
            Cow::Borrowed(method)
        } else {
            Cow::Borrowed("{closure}")
        };
    }
    // "App\Cart::App\{closure}"
    if let Some((class, "{closure}")) = function
        .split_once("::")
        .map(|(class, method)| (class, method.rsplit('\\').next().unwrap_or_default()))
    {
        return Cow::Owned(format!("{class}::{{closure}}"));
    }
    if let Some(at) = function.find("@anonymous") {
        let method = function.rfind("::").filter(|method| *method > at);
        let class = &function[..at + "@anonymous".len()];
        return Cow::Owned(format!("{class}{}", method.map_or("", |m| &function[m..])));
    }
    Cow::Borrowed(function)
}

/// PHP, for grouping: also without hashes of templates, containers and proxies.
pub(super) fn php_name(function: &str) -> Cow<'_, str> {
    let name = php(function);
    let Some(kept) = without_php_hash(&name) else {
        return name;
    };
    Cow::Owned(kept)
}

fn without_php_hash(name: &str) -> Option<String> {
    // Before 8.4 a closure has, or has not, its class and namespace: the file tells more.
    if name.len() > "{closure}".len() && name.ends_with("{closure}") {
        return Some("{closure}".to_owned());
    }
    // `create_function`: a zero byte, which is stored as a blank or as nothing.
    let made = name.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    if let Some(number) = made.strip_prefix("lambda_")
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        return Some("lambda".to_owned());
    }
    // Doctrine's proxies are classes of the same name in another namespace.
    if let Some(at) = name.find("__CG__\\") {
        return Some(name[at + "__CG__\\".len()..].to_owned());
    }
    let (class, method) = match name.split_once("::") {
        Some((class, method)) => (class, Some(method)),
        None => (name, None),
    };
    let parts = class.split('\\').map(php_part);
    let mut kept: Vec<&str> = parts.collect();
    // Magento writes a class around a class, in the same namespace.
    if kept.len() > 2 && method.is_some() && kept.last() == Some(&"Interceptor") {
        kept.pop();
    }
    let mut kept = kept.join("\\");
    if let Some(method) = method {
        kept.push_str("::");
        kept.push_str(method);
    }
    (kept.len() < name.len()).then_some(kept)
}

/// "__TwigTemplate_3f2a…", "ContainerXq3zKp9", "content_663f2a1c_12345678",
/// "CartGhost3f2a1c9", "Template_3f2a1c9b".
fn php_part(part: &str) -> &str {
    let hex = |rest: &str, least: usize| {
        rest.len() >= least
            && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_')
            && rest.bytes().any(|b| b.is_ascii_digit())
    };
    if let Some(rest) = part.strip_prefix("Container")
        && rest.len() == 7
        && rest.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return "Container";
    }
    for mark in [
        "__TwigTemplate_",
        "content_",
        "Template_",
        "Template",
        "Mock_",
        "Ghost",
        "Proxy",
    ] {
        if let Some(at) = part.find(mark)
            && hex(&part[at + mark.len()..], 7)
        {
            return &part[..at + mark.len()];
        }
    }
    match part.rsplit_once('_') {
        // PHPUnit: "Mock_Cart_3f2a1c9b".
        Some((bare, hash)) if bare.starts_with("Mock_") && hex(hash, 8) => bare,
        _ => part,
    }
}
