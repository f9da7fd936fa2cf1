//! Errors that pages must bear: each has stood on somebody's screen.

use serde_json::{Value, json};

use super::frame;

/// The issue with 60 tags.
pub(crate) const MANY_TAGS: usize = 3;

/// The extreme that this issue is, if it is one. They are the frequent ones of their
/// project, so that lists begin with them.
pub(crate) fn of(issue: usize) -> Option<Value> {
    let event = match issue {
        0 => deep_recursion(),
        1 => minified(),
        2 => long_names(),
        4 => right_to_left(),
        6 => one_long_line(),
        7 => markup(),
        9 => many_causes(),
        10 => only_library_code(),
        _ => return None,
    };
    Some(event)
}

fn error(platform: &str, ty: &str, message: &str, frames: &[Value]) -> Value {
    json!({
        "error": { "type": ty, "message": message, "frames": frames, "handled": false, "mechanism": "excepthook" },
        "platform": platform, "level": "error",
    })
}

/// 250 frames, most of them one function.
fn deep_recursion() -> Value {
    let frames: Vec<Value> = (0..250)
        .map(|n| match n {
            0..=9 => frame(
                "handle",
                "django/core/base.py",
                90 + n,
                false,
                "    return run()",
            ),
            10..=240 => frame(
                "step_12",
                "shop/walk.py",
                12,
                true,
                "    return step_12(node.next)",
            ),
            _ => frame(
                &format!("leaf_{n}"),
                "shop/leaf.py",
                n,
                true,
                "    return node.children[0]",
            ),
        })
        .collect();
    error(
        "python",
        "RecursionError",
        "maximum recursion depth exceeded",
        &frames,
    )
}

/// A bundle without a source map: short names, one line, a far column.
fn minified() -> Value {
    let frames: Vec<Value> = (0..24)
        .map(|n| {
            let name = ["a", "b", "c", "Fe", "t"][n % 5];
            json!({
                "function": name, "filename": "https://shop.example/assets/index-3f9a1c.js",
                "lineno": 1, "colno": 48_211 + n * 97, "in_app": true,
                "context_line": format!("{{snip}} {}throw new Error(r){{snip}}", "a=b(c,d),e.f(g);".repeat(9)),
            })
        })
        .collect();
    error(
        "javascript",
        "TypeError",
        "Cannot read properties of undefined (reading 'price')",
        &frames,
    )
}

fn long_names() -> Value {
    let package = "com.example.an.unusually.deeply.nested.package.hierarchy.that.nobody.wanted.but.everybody.has.for.a.service";
    let ty = format!("{package}.SettlementReconciliationBatchProcessingException");
    let frames = [
        json!({ "function": "reconcileAllOutstandingSettlementsOfTheDay", "module": format!("{package}.Reconciler"),
        "filename": "Reconciler.java", "lineno": 1204, "in_app": true }),
    ];
    error(
        "java",
        &ty,
        &format!("no ledger for {}", "settlement-".repeat(40)),
        &frames,
    )
}

fn right_to_left() -> Value {
    let code =
        "  throw new Error(\"\u{202e}live\u{202c} \u{645}\u{631}\u{62d}\u{628}\u{627}: \" + name);";
    let frames = [frame("greet", "src/greet.ts", 7, true, code)];
    error(
        "javascript",
        "Error",
        "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{202e}live\u{202c} \u{628}\u{627}\u{644}\u{639}\u{627}\u{644}\u{645}",
        &frames,
    )
}

/// 30,000 characters in one line; the place is at column 20,000.
fn one_long_line() -> Value {
    let code = format!("{}HERE(){}", "x=1;".repeat(5000), ";y=2".repeat(2500));
    let frames = [json!({
        "function": "main", "filename": "generated/tables.py", "lineno": 1, "colno": 20_001, "in_app": true,
        "context_line": code,
    })];
    error("python", "NameError", "name 'HERE' is not defined", &frames)
}

fn markup() -> Value {
    let frames = [frame(
        "<b>render</b>",
        "src/<script>.tsx",
        3,
        true,
        "  return <img src=x onerror=alert(1)>;",
    )];
    error(
        "javascript",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        &frames,
    )
}

/// Twelve causes, the innermost last.
fn many_causes() -> Value {
    let causes: Vec<Value> = (0..12)
        .map(|n| {
            let function = format!("layer_{n}");
            let code = "    raise LayerError() from error";
            json!({ "type": format!("Layer{}Error", ["A", "B", "C", "D"][n % 4]), "message": format!("layer {n} failed"),
                "frames": [frame(&function, "shop/layers.py", 10 + n, true, code)] })
        })
        .collect();
    let mut event = error(
        "python",
        "GatewayError",
        "the outermost of thirteen",
        &[frame("call", "shop/gateway.py", 5, true, "    call()")],
    );
    event["error"]["causes"] = json!(causes);
    event
}

fn only_library_code() -> Value {
    let frames: Vec<Value> = (0..20)
        .map(|n| {
            frame(
                &format!("dispatch{n}"),
                "node_modules/react-dom/client.js",
                100 + n,
                false,
                "  return fn(a);",
            )
        })
        .collect();
    error("javascript", "Error", "Minified React error #185", &frames)
}
