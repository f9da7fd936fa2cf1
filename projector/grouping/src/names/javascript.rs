//! Names of JavaScript, in the words of its engines.
//!
//! | engine | writes | of |
//! | --- | --- | --- |
//! | V8 | `new Cart`, `async Cart.load`, `Object.add`, `Cart.add [as put]`, `get total` | `Cart`, `load`, `add`, `add`, `total` |
//! | SpiderMonkey | `async*load`, `promise callback*load`, `Cart/<`, `Cart/this.add`, `Cart.prototype.add` | `load`, `load`, none, `add`, `add` |
//! | JavaScriptCore | `global code`, `eval code`, `add` | none, none, `add` |
//! | Hermes, Babel | `?anon_0_load`, `_callee2$` | `load`, none |
//! | webpack | `Module../src/cart.ts`, `Object../src/cart.ts` | the module's own code |

use crate::marks::{Signs, Words};

/// Words of engines for functions that have no name.
static NAMELESS: Words<13> = Words::of([
    "<anonymous>",
    "anonymous",
    "(anonymous)",
    "(anonymous function)",
    "Anonymous function",
    "[anonymous]",
    "{anonymous}",
    "?",
    "<computed>",
    "<unknown>",
    "<static_initializer>",
    "<instance_members_initializer>",
    "__webpack_exports__",
]);
/// A script's or a module's own code.
static TOP_LEVEL: Words<7> = Words::of([
    "global code",
    "Global code",
    "module code",
    "eval code",
    "Eval code",
    "eval",
    "<top-level>",
]);
/// What stands before a function's name, with a blank.
const BEFORE: [&str; 4] = ["async ", "new ", "get ", "static "];
/// What a function hangs on when it is a module's own.
static HUNG: Words<4> = Words::of(["module.exports.", "exports.", "Object.", "Module."]);
/// Endings of the files that bundlers name a module's code after.
const MODULE_ENDINGS: [&str; 10] = [
    ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".mts", ".vue", ".svelte", ".json",
];

/// A function with the object it hangs on, as V8 names it; empty if it has no name.
pub(super) fn shown(function: &str) -> &str {
    let bare = self::function(function);
    // "new Cart" is how people call a constructor.
    match function.strip_suffix(bare) {
        Some(before) if !bare.is_empty() && before.ends_with("new ") => {
            &function[before.len() - "new ".len()..]
        }
        _ => bare,
    }
}

/// The same without `new`.
fn function(function: &str) -> &str {
    // Of what is cut from a name, too: it has no other signs.
    let signs = Signs::of(function);
    let mut function = without_alias(function).trim();
    if signs.has(b'*') {
        // "promise callback*load": the last of what scheduled it.
        function = function.rsplit('*').next().unwrap_or_default();
    }
    while signs.has(b' ')
        && let Some(rest) = BEFORE.iter().find_map(|word| function.strip_prefix(word))
    {
        function = rest.trim_start();
    }
    if signs.has(b'/') || signs.has(b'<') {
        if let Some(path) = module_code(function) {
            return path;
        }
        function = of_spider_monkey(function);
    }
    let function = hermes(without_hung(function));
    if is_nameless(function) || is_generated(function) {
        return "";
    }
    function.strip_suffix(".<anonymous>").unwrap_or(function)
}

/// "Cart.add [as put]" without what stands behind the name.
fn without_alias(function: &str) -> &str {
    // Most names have no bracket, and to look for one byte costs less.
    let may = function.as_bytes().contains(&b'[');
    let alias = may.then(|| function.find(" [as ")).flatten();
    alias.map_or(function, |at| &function[..at])
}

/// The name alone: what the object is called depends on engine and minifier.
pub(super) fn own_name(function: &str) -> &str {
    let shown = self::function(function);
    let is_code = || shown.as_bytes().contains(&b'/') && module_code(shown).is_some();
    if shown.is_empty() || is_code() {
        return shown;
    }
    // "Cart.<anonymous>" has lost its last part already: it is nameless.
    if function.trim_end().ends_with("<anonymous>") {
        return "";
    }
    let name = shown.rsplit('.').next().unwrap_or_default();
    let name = name.strip_prefix("get ").unwrap_or(name);
    let name = without_number(name);
    if is_nameless(name) { "" } else { name }
}

/// "start$1" of Rollup; "create_if_block_4" of Svelte.
fn without_number(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if let Some(bare) = bare
        .strip_suffix('$')
        .filter(|b| !b.is_empty() && bare.len() < name.len())
    {
        return bare;
    }
    let svelte = name.starts_with("create_") && name.contains("_block");
    match bare.strip_suffix('_') {
        Some(bare) if svelte => bare,
        _ => name,
    }
}

/// "AlbumComponent_div_3_Template": Angular's numbered parts of a template.
pub(super) fn is_numbered_template(name: &str) -> bool {
    name.ends_with("_Template") || name.ends_with("_listener")
}

fn is_nameless(name: &str) -> bool {
    NAMELESS.has(name) || TOP_LEVEL.has(name)
}

/// The body of an asynchronous function as Babel's regenerator names it.
fn is_generated(name: &str) -> bool {
    let callee = name
        .strip_prefix("_callee")
        .and_then(|n| n.strip_suffix('$'));
    callee.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit() || b == b'$'))
}

/// "./src/cart.ts" of "Module../src/cart.ts".
fn module_code(function: &str) -> Option<&str> {
    let path = function.split('?').next().unwrap_or_default();
    if !path.contains('/') || !MODULE_ENDINGS.iter().any(|end| path.ends_with(end)) {
        return None;
    }
    Some(without_hung(path))
}

fn without_hung(function: &str) -> &str {
    let on = HUNG.first_of(function);
    on.map_or(function, |on| &function[on.len()..])
}

/// "Cart/<" and "Cart/this.add": what follows the slash was made within the function
/// before it.
fn of_spider_monkey(function: &str) -> &str {
    match function.rsplit_once('/') {
        Some((_, inner)) => {
            let inner = inner.trim_start_matches('<').trim_start_matches('.');
            inner.strip_prefix("this.").unwrap_or(inner)
        }
        None => function.trim_end_matches('<'),
    }
}

/// "?anon_0_load".
fn hermes(function: &str) -> &str {
    let Some(rest) = function.strip_prefix("?anon_") else {
        return function;
    };
    rest.trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('_')
}
