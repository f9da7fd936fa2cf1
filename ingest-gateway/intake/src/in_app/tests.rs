#![allow(clippy::unwrap_used)]

use crate::growth::assert_linear;
use event_model::{
    ProjectId,
    event::{Exception, Thread},
};

use super::*;

mod installed;

use crate::{Context, Limits};

fn event(platform: &str) -> Event {
    let limits = Limits::default();
    let mut event = Context {
        project_id: ProjectId(1),
        received_ns: 0,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: crate::scrub::Rules::standard(),
    }
    .empty_event();
    platform.clone_into(&mut event.platform);
    event
}

fn frame(part: Part, text: &str) -> Frame {
    let mut frame = Frame::default();
    let text = text.to_owned();
    match part {
        Part::Path => frame.abs_path = text,
        Part::Module => frame.module = text,
        Part::Function => frame.function = text,
        Part::Package => frame.package = text,
    }
    frame
}

fn file(path: &str, told: Option<bool>) -> Frame {
    Frame {
        client_in_app: told,
        ..frame(Part::Path, path)
    }
}

/// Verdict and what is kept of the client's word, frame by frame.
fn settled(platform: &str, frames: Vec<Frame>) -> Vec<(bool, Option<bool>)> {
    let mut event = event(platform);
    event.exceptions = vec![Exception {
        frames,
        ..Exception::default()
    }];
    settle(&mut event);
    let frames = &event.exceptions[0].frames;
    frames.iter().map(|f| (f.in_app, f.overruled())).collect()
}

#[test]
fn every_row_decides_its_example() {
    for (number, row) in ROWS.iter().enumerate() {
        let family = row.families.first().copied().unwrap_or(Family::Unknown);
        let found = first_row(&frame(row.part, row.example), family);
        let by = found.map(|found| ROWS[found].pattern);
        assert_eq!(found, Some(number), "{}: decided by {by:?}", row.example);
    }
}

#[test]
fn rows_of_one_family_say_nothing_about_others() {
    let of_some =
        |families: &[Family]| !families.is_empty() && !families.contains(&Family::Unknown);
    for row in ROWS.iter().filter(|row| of_some(row.families)) {
        // One of the same name elsewhere is somebody's own.
        let found = first_row(&frame(row.part, row.example), Family::Unknown);
        assert!(
            found.is_none_or(|found| ROWS[found].families.is_empty()),
            "{}",
            row.example
        );
    }
}

const OWN: &[(&str, Part, &str)] = &[
    ("python", Part::Path, "/srv/app/shop.py"),
    ("python", Part::Path, "/srv/python3.12/shop.py"),
    ("python", Part::Path, "<string>"),
    (
        "javascript",
        Part::Path,
        "https://shop.example/assets/main.js",
    ),
    ("javascript", Part::Path, "webpack:///./src/cart.ts"),
    ("javascript", Part::Path, "app:///index.android.bundle"),
    ("node", Part::Path, "/srv/vendors.js"),
    ("node", Part::Path, "/srv/internal/cart.js"),
    ("go", Part::Module, "main"),
    ("go", Part::Module, "acme.example/shop/net"),
    ("go", Part::Module, "network/cart"),
    ("go", Part::Path, "/home/ann/go/src/acme/cart.go"),
    ("rust", Part::Function, "shop::cart::add"),
    ("rust", Part::Function, "stdlib_of_ours::run"),
    (
        "rust",
        Part::Function,
        "<shop::Cart as core::fmt::Display>::fmt",
    ),
    ("native", Part::Package, "/opt/shop/bin/shopd"),
    ("java", Part::Module, "com.acme.java.Cart"),
    ("java", Part::Module, "javanese.Cart"),
    ("csharp", Part::Module, "Acme.System.Cart"),
    ("csharp", Part::Module, "SystemsOfAcme.Cart"),
    ("ruby", Part::Path, "/srv/app/gems/cart/lib/cart.rb"),
    ("ruby", Part::Path, "/srv/app/app/models/cart.rb"),
    // Own folders of a name that packages lie in.
    (
        "ruby",
        Part::Path,
        "/srv/shop/app/controllers/vendor/orders_controller.rb",
    ),
    ("ruby", Part::Path, "app/models/vendor/account.rb"),
    ("ruby", Part::Path, "/srv/shop/lib/ruby/cart.rb"),
    (
        "php",
        Part::Path,
        "/var/www/app/Http/Controllers/Vendor/OrderController.php",
    ),
    ("php", Part::Path, "/var/www/src/vendor/orders/List.php"),
    (
        "php",
        Part::Path,
        "/var/www/src/Vendor/Acme/Orders/List.php",
    ),
    ("go", Part::Path, "/srv/shop/internal/vendor/list.go"),
    ("go", Part::Path, "/srv/shop/vendor/orders/list.go"),
    ("go", Part::Path, "/srv/shop/pkg/mod/handler.go"),
    (
        "javascript",
        Part::Path,
        "webpack:///./src/features/vendor/VendorList.tsx",
    ),
    (
        "javascript",
        Part::Path,
        "https://shop.example/src/vendor/list.js",
    ),
    ("node", Part::Path, "/srv/shop/vendor/list.ts"),
    ("node", Part::Path, "/srv/shop/my_node_modules/list.js"),
    ("node", Part::Path, "/srv/registry/src/index.js"),
    ("python", Part::Path, "/srv/shop/vendor/views.py"),
    ("python", Part::Path, "/opt/shop/views.py"),
    ("perl", Part::Path, "/opt/shop/lib/Cart.pm"),
    ("native", Part::Function, "core::Engine::tick(double)"),
    (
        "native",
        Part::Function,
        "core::net::Session::send(char const*)",
    ),
    ("native", Part::Function, "alloc::Pool::grow(unsigned long)"),
    ("native", Part::Function, "stdx::Cart::add(int)"),
    ("native", Part::Function, "backtrace::Viewer::draw()"),
    ("rust", Part::Function, "core::engine::tick"),
    (
        "rust",
        Part::Function,
        "<core::engine::Engine as shop::Tick>::tick",
    ),
    (
        "native",
        Part::Function,
        "Cart_Add_m0FF3A9B1C2D4E5F60718293A4B5C6D7E8F901234",
    ),
    ("native", Part::Package, "/opt/game/lib/libcore.so"),
    ("native", Part::Package, "/usr/local/lib/libshop.so"),
    ("unity", Part::Module, "UnityShop.Cart"),
    ("php", Part::Path, "/var/www/src/Cart.php"),
    ("dart", Part::Path, "package:shop/cart.dart"),
    ("elixir", Part::Module, "Elixir.Shop.Enum"),
    ("other", Part::Module, "java.of.somebody.else"),
    ("", Part::Function, ""),
];

#[test]
fn own_code_stays_own() {
    for (platform, part, text) in OWN {
        let verdicts = settled(platform, vec![frame(*part, text)]);
        assert_eq!(verdicts, [(true, None)], "{platform} {text}");
    }
}

#[test]
fn a_runtimes_code_is_never_own_whatever_the_client_says() {
    for told in [None, Some(true)] {
        let mut panic = frame(Part::Function, "core::panicking::panic_fmt");
        panic.client_in_app = told;
        assert_eq!(settled("native", vec![panic]), [(false, told)]);
        let decoder = file("/usr/lib/python3.12/json/decoder.py", told);
        assert_eq!(settled("python", vec![decoder]), [(false, told)]);
    }
}

#[test]
fn a_clients_word_stands_where_nothing_else_is_known() {
    let frames = vec![
        file("/srv/app/shop.py", Some(false)),
        file("/srv/app/cart.py", Some(true)),
    ];
    assert_eq!(settled("python", frames), [(false, None), (true, None)]);
}

#[test]
fn packages_are_own_only_for_a_client_that_tells_them_apart() {
    let flask = "/srv/.venv/lib/python3.12/site-packages/flask/app.py";
    let acme = "/srv/.venv/lib/python3.12/site-packages/acme/cart.py";
    let stdlib = "/usr/lib/python3.12/json/decoder.py";
    let both = |flask_told, acme_told| {
        let frames = vec![
            file(flask, flask_told),
            file(acme, acme_told),
            file(stdlib, Some(false)),
        ];
        settled("python", frames)
    };
    let kept = (false, None);
    assert_eq!(both(Some(false), Some(true)), [kept, (true, None), kept]);
    // It says so of all, and no other is own: its word stands.
    assert_eq!(
        both(Some(true), Some(true)),
        [(true, None), (true, None), kept]
    );
    // No other is own: the word stands.
    assert_eq!(both(None, Some(true)), [kept, (true, None), kept]);
    assert_eq!(both(None, None), [kept, kept, kept]);
}

#[test]
fn clients_without_such_a_setting_are_not_believed() {
    let gem = |told| file("/usr/local/bundle/gems/rack-3.1.0/lib/rack.rb", Some(told));
    let own = file("/srv/shop/app/models/cart.rb", Some(true));
    let verdicts = settled("ruby", vec![gem(false), gem(true), own]);
    assert_eq!(verdicts, [(false, None), (false, Some(true)), (true, None)]);
}

#[test]
fn an_application_bundle_is_own_even_against_the_client() {
    let image = |path: &str| Frame {
        client_in_app: Some(false),
        ..frame(Part::Package, path)
    };
    let shop = "/private/var/containers/Bundle/Application/0A/Shop.app/Shop";
    let kit = "/private/var/containers/Bundle/Application/0A/Shop.app/Frameworks/Kit.framework/Kit";
    assert_eq!(
        settled("cocoa", vec![image(shop), image(kit)]),
        [(true, Some(false)), (false, None)]
    );
}

#[test]
fn threads_are_judged_too() {
    let mut event = event("go");
    event.threads = vec![Thread {
        frames: vec![frame(Part::Module, "net/http"), frame(Part::Module, "main")],
        ..Thread::default()
    }];
    settle(&mut event);
    let verdicts: Vec<bool> = event.threads[0].frames.iter().map(|f| f.in_app).collect();
    assert_eq!(verdicts, [false, true]);
}

#[test]
fn a_guess_goes_by_paths() {
    assert!(guess(&frame(Part::Path, "/srv/app/cart.py")));
    assert!(!guess(&frame(Part::Path, "node_modules/express/index.js")));
    assert!(!guess(&frame(Part::Path, "/usr/lib/python3.12/ssl.py")));
}

#[test]
fn hostile_paths_take_linear_time() {
    for unit in ["/gems/", "/", "://cdn.", "/lib/python3.", "\\", "/vendor/-"] {
        let settle = |times: usize| {
            let frames = vec![file(&unit.repeat(times), Some(true)); 250];
            assert_eq!(settled("ruby", frames).len(), 250);
        };
        assert_linear(unit, || settle(125), || settle(1_000));
    }
}
