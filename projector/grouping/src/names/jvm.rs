//! Names of Java, Kotlin, Scala, Groovy and Clojure: what compilers, proxies and class
//! loaders add.

use std::borrow::Cow;

use crate::marks::{Marks, Signs, Words};

/// Parts of a class's name behind which a proxy's own name begins.
static PROXIES: Words<23> = Words::of([
    "OwbNormalScopeProxy",
    "OwbInterceptProxy",
    "AjcClosure",
    "Access4Jackson",
    "DefaultImpls",
    "Proxy",
    "_jvst",
    "HibernateProxy",
    "HibernateBasicProxy",
    "EnhancerByGuice",
    "FastClassByGuice",
    "EnhancerByCGLIB",
    "EnhancerBySpringCGLIB",
    "FastClassBySpringCGLIB",
    "FastClassByCGLIB",
    "SpringCGLIB",
    "MockitoMock",
    "MockitoProxy",
    "ByteBuddy",
    "auxiliary",
    "Lambda",
    "jvstm",
    "JaxbAccessorF",
]);
/// Endings that frameworks give to the class they make of one.
const SUBCLASSES: [&str; 6] = [
    "_Subclass",
    "_ClientProxy",
    "_WeldClientProxy",
    "_WeldSubclass",
    "_Bean",
    "_Proxy",
];

/// What a compiler or a framework puts behind a method's name.
static ENDS: Marks<10> = Marks::of([
    // Kotlin: "total$lambda$3", "total$default", "total$suspendImpl".
    "$lambda$",
    "$default",
    "$suspendImpl",
    "$annotations",
    "$mc",
    // ByteBuddy's, ArC's and AspectJ's ways to what they wrap.
    "$accessor$",
    "$original$",
    "$$superforward",
    "$$superaccessor",
    "_aroundBody",
]);
/// Signs and words of classes that nobody wrote so, beside dollar sign, underscore and at.
static MADE: Marks<2> = Marks::of(["Script", "proxy"]);

/// A method as a person named it, with the method a lambda stands in.
pub(super) fn method(function: &str) -> &str {
    let mut name = function;
    if let Some(rest) = name.strip_prefix("$anonfun$") {
        // Scala: "$anonfun$total$1$adapted".
        return first_part(rest);
    }
    if let Some(rest) = name.strip_prefix("lambda$") {
        // "lambda$total$0", "lambda$total$0$com-acme-Cart".
        return first_part(rest);
    }
    // Most names have neither dollar sign nor underscore, and are looked at once.
    let signs = Signs::of(name);
    for end in ENDS.likely(signs) {
        if let Some(at) = name.find(end).filter(|at| *at > 0) {
            name = &name[..at];
        }
    }
    let name = name.strip_suffix("$adapted").unwrap_or(name);
    // "_jspx_meth_c_005fforEach_005f3": the page's third.
    let may = signs.has(b'_') && signs.has(b'5');
    let tagged = may.then(|| name.rsplit_once("_005f")).flatten();
    let name = match tagged {
        Some((tag, number)) if !tag.is_empty() && is_number(number) => tag,
        _ => name,
    };
    let name = numbered(name);
    let lifted = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = if lifted == "liftedTree" { lifted } else { name };
    without_mangling(name.strip_suffix("-impl").unwrap_or(name))
}

/// A method's name for grouping: one for what Clojure and Kotlin call by several.
pub(super) fn own_method(function: &str) -> &str {
    match method(function) {
        "invokeStatic" | "doInvoke" | "invokePrim" | "invokeSuspend" => "invoke",
        name => name,
    }
}

/// Kotlin's mark of inline classes among the parameters: `add-Kq0bmKk`.
fn without_mangling(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((bare, mark)) if !bare.is_empty() && mark.len() == 7 => bare,
        _ => name,
    }
}

fn first_part(rest: &str) -> &str {
    rest.split('$').next().unwrap_or_default()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Without a number behind the last dollar sign.
fn numbered(name: &str) -> &str {
    match name.rsplit_once('$') {
        Some((bare, number)) if !bare.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            bare
        }
        _ => name,
    }
}

/// A class, its parts that a person named joined by `$`.
pub(super) fn class(module: &str) -> Cow<'_, str> {
    let bare = without_loader(module);
    let bare = without_accessor_number(bare);
    let signs = Signs::of(bare);
    let is_plain = !signs.has(b'$') && !signs.has(b'_') && !signs.has(b'@');
    if is_plain && !MADE.are_in(bare, signs) {
        return Cow::Borrowed(bare);
    }
    // D8 of old: "com.acme.-$$Lambda$Cart$0GZ3dV8q…".
    if signs.has(b'-')
        && let Some((package, rest)) = bare.split_once("-$$Lambda$")
    {
        return Cow::Owned(format!("{package}{}", first_part(rest)));
    }
    // Rules compiled to classes: "Rule_Cap_price_1023487453".
    let counted = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let last = counted.rsplit('.').next().unwrap_or_default();
    let is_hash =
        bare.len() - counted.len() >= 6 && (counted.ends_with('_') || last.starts_with("Rule_"));
    let bare = if is_hash { counted } else { bare };
    let bare = SUBCLASSES
        .iter()
        .find_map(|end| bare.strip_suffix(end))
        .unwrap_or(bare);
    let dynamic =
        |at: &usize| is_number(&bare[at + "$Proxy".len()..]) && !bare[..*at].contains('$');
    if let Some(package) = bare.find("$Proxy").filter(dynamic).map(|at| &bare[..at]) {
        // "com.sun.proxy.$Proxy12", "jdk.proxy3.$Proxy45", "com.acme.$Proxy7".
        let package = package.trim_end_matches('.');
        let package = package.trim_end_matches(|c: char| c.is_ascii_digit());
        return Cow::Owned(format!("{package}.$Proxy"));
    }
    let mut parts = bare.split('$');
    let mut name = script(parts.next().unwrap_or_default()).to_owned();
    let mut is_anonymous_function = false;
    for part in parts {
        if PROXIES.begin(part) || part.starts_with("_javassist") {
            break;
        }
        if matches!(part, "anonfun" | "anon") {
            is_anonymous_function = true;
            continue;
        }
        // D8's and R8's classes for lambdas; "$$inlined$map$1".
        if part.starts_with("ExternalSynthetic") || matches!(part, "inlined" | "special") {
            break;
        }
        let is_view = part
            .strip_prefix("view")
            .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        if part.starts_with("lambda-") || (is_view && module.contains("$$$view")) {
            continue;
        }
        let part = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let part = clojure(part);
        if part == "fn" && name.ends_with("$eval") {
            continue;
        }
        let part = groovy(part);
        if part.is_empty() || part == "_" || (is_anonymous_function && part == "apply") {
            continue;
        }
        name.push('$');
        name.push_str(part);
    }
    let kept = name.trim_end_matches(['_', '$']).len();
    name.truncate(kept);
    Cow::Owned(name)
}

/// "app//com.acme.Cart", "java.base/java.lang.Thread", and hidden classes:
/// "com.acme.Cart$$Lambda/0x00007f12".
fn without_loader(module: &str) -> &str {
    let mut module = module;
    while let Some((before, after)) = module.rsplit_once('/') {
        let hidden = after.starts_with("0x") || after.bytes().all(|b| b.is_ascii_digit());
        if !hidden {
            return after;
        }
        module = before;
    }
    module
}

/// "GeneratedMethodAccessor12".
fn without_accessor_number(module: &str) -> &str {
    let bare = module.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.ends_with("Accessor") {
        bare
    } else {
        module
    }
}

/// "fn__1234", "eval1234", "reify__99".
fn clojure(part: &str) -> &str {
    let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare == "eval" {
        return bare;
    }
    bare.strip_suffix("__").unwrap_or(part)
}

/// "_total_closure1".
fn groovy(part: &str) -> &str {
    let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.ends_with("_closure") || bare.ends_with("_lambda") {
        bare
    } else {
        part
    }
}

/// "Script1": Groovy's name for what has none.
fn script(class: &str) -> &str {
    let bare = class.trim_end_matches(|c: char| c.is_ascii_digit());
    let last = bare.rsplit('.').next().unwrap_or_default();
    if last == "Script" { bare } else { class }
}

/// A class as titles show it: nested ones with a dot, without what only says in which
/// function it stands.
pub(super) fn shown_class(module: &str) -> Cow<'_, str> {
    let class = class(module);
    if !class.contains('$') || class.contains("$Proxy") {
        return class;
    }
    let mut parts = class.split('$');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if !part.starts_with(char::is_uppercase) {
            break;
        }
        name.push('.');
        name.push_str(part);
    }
    Cow::Owned(name)
}

/// Whether a method only hands on to another one: nestmates' accessors, D8's lambdas.
pub(crate) fn is_bridge(function: &str, module: &str) -> bool {
    module.starts_with("_COROUTINE")
        || module.trim_start_matches('\u{8}').starts_with("(Coroutine")
        || function.starts_with("access$")
        || function.starts_with("-$$Nest$")
        || function.starts_with("$r8$lambda$")
        || module.ends_with("$$Lambda")
}
