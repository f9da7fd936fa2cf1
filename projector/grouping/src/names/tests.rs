use super::*;
use crate::growth::assert_linear_in;

#[track_caller]
fn check(platform: &str, function: &str, module: &str, expected: &str) {
    let (shown, class) = call(function, module, platform);
    let shown = if class.is_empty() {
        shown.into_owned()
    } else {
        format!("{shown} ({class})")
    };
    assert_eq!(shown, expected, "{platform} {function} {module}");
}

#[test]
fn rust() {
    let check = |name, expected| check("native", name, "", expected);
    check("shop::cart::add::h0123456789abcdef", "shop::cart::add");
    check("shop::cart::add::{{closure}}", "shop::cart::add");
    check(
        "shop::cart::add::{closure#3}::{closure#0}",
        "shop::cart::add",
    );
    check("<shop::Cart as core::fmt::Display>::fmt", "shop::Cart::fmt");
    check(
        "<shop::Cart<shop::Item> as shop::Sell<u8>>::sell",
        "shop::Cart<…>::sell",
    );
    check(
        "shop::cart::<impl shop::cart::Cart>::add",
        "shop::cart::Cart::add",
    );
    check(
        "shop::cart::<impl core::ops::Add for shop::cart::Cart>::add",
        "shop::cart::Cart::add",
    );
    check("<&mut shop::Cart as shop::Sell>::sell", "shop::Cart::sell");
    check("shop::Cart<alloc::vec::Vec<u8>>::add", "shop::Cart<…>::add");
    check("shop::run::<fn(u8) -> u8>", "shop::run::<…>");
    check("main", "main");
}

#[test]
fn cpp_swift_and_objective_c() {
    let check = |name, expected| check("cocoa", name, "", expected);
    check(
        "shop::Cart::add(std::string const&, int)",
        "shop::Cart::add",
    );
    check(
        "void shop::add<int, std::vector<int> >(int)",
        "shop::add<…>",
    );
    check(
        "std::unique_ptr<shop::Cart> shop::make<int>(int)",
        "shop::make<…>",
    );
    check(
        "(anonymous namespace)::pay(int)",
        "(anonymous namespace)::pay",
    );
    check(
        "shop::(anonymous namespace)::pay(int)",
        "shop::(anonymous namespace)::pay",
    );
    check(
        "shop::operator<<(std::ostream&, shop::Cart const&)",
        "shop::operator<<",
    );
    check(
        "shop::Cart::operator()(int) const",
        "shop::Cart::operator()",
    );
    check("operator new(unsigned long)", "operator new");
    check("pay.isra.0", "pay");
    check("pay [clone .cold]", "pay");
    check("-[Cart addItem:]", "-[Cart addItem:]");
    check(
        "__21-[Cart checkout:done:]_block_invoke_2",
        "-[Cart checkout:done:]",
    );
    check("+[Cart sharedCart]", "+[Cart sharedCart]");
    check("Cart.add(item: Shop.Item) throws -> ()", "Cart.add");
    check(
        "closure #1 in closure #2 in Cart.checkout()",
        "Cart.checkout",
    );
    check("partial apply for specialized Cart.add(_:)", "Cart.add");
    check("@objc static Cart.make()", "Cart.make");
}

#[test]
fn javascript_and_node() {
    for (name, expected) in [
        ("onClick", "onClick"),
        ("Object.handler [as run]", "handler"),
        ("async Cart.add", "Cart.add"),
        ("new Cart", "new Cart"),
        ("HTMLButtonElement.<anonymous>", "HTMLButtonElement"),
        ("Object.<anonymous>", ""),
        ("?", ""),
        ("eval", ""),
        ("t", "t"),
    ] {
        check("node", name, "", expected);
    }
}

#[test]
fn managed_languages() {
    check(
        "go",
        "(*Cart).Add.func1",
        "acme.example/shop",
        "(*Cart).Add (acme.example/shop)",
    );
    check("go", "Add.func2.1", "main", "Add (main)");
    check("go", "(*Cart).Add-fm", "main", "(*Cart).Add (main)");
    check("go", "Run.gowrap1", "main", "Run (main)");
    check("go", "func1", "main", "func1 (main)");
    check("python", "<module>", "shop", " (shop)");
    check(
        "python",
        "Cart.add.<locals>.<lambda>",
        "shop",
        "Cart.add.<lambda> (shop)",
    );
    check(
        "java",
        "lambda$add$0",
        "com.acme.Cart",
        "add (com.acme.Cart)",
    );
    check(
        "java",
        "invokeSuspend",
        "com.acme.Cart$load$1",
        "invokeSuspend (com.acme.Cart)",
    );
    check(
        "java",
        "make",
        "com.acme.Cart$Companion",
        "make (com.acme.Cart.Companion)",
    );
    check(
        "java",
        "add",
        "com.acme.Cart$$SpringCGLIB$$0",
        "add (com.acme.Cart)",
    );
    check(
        "csharp",
        "MoveNext",
        "Acme.Cart+<AddAsync>d__7",
        "AddAsync (Acme.Cart)",
    );
    check(
        "csharp",
        "MoveNext",
        "Acme.Cart`1+<AddAsync>d__7",
        "AddAsync (Acme.Cart<…>)",
    );
    check("csharp", "<Add>b__3_0", "Acme.Cart+<>c", "Add (Acme.Cart)");
    check("csharp", "<<Add>b__0>d", "Acme.Cart", "Add (Acme.Cart)");
    check(
        "csharp",
        "<Add>g__Total|3_0",
        "Acme.Cart",
        "Total (Acme.Cart)",
    );
    check("csharp", "Add { <lambda> }", "Acme.Cart", "Add (Acme.Cart)");
    check(
        "csharp",
        "Add(String sku)",
        "Acme.Shop+Cart",
        "Add (Acme.Shop.Cart)",
    );
    check("csharp", ".ctor", "Acme.Cart", ".ctor (Acme.Cart)");
}

#[test]
fn scripting_languages() {
    check("ruby", "block (2 levels) in Cart#add", "", "Cart#add");
    check("ruby", "rescue in add", "", "add");
    check("ruby", "_app_views_carts_show_html_erb___123_456", "", "");
    check("ruby", "<top (required)>", "", "");
    check("php", "App\\Cart::add", "", "App\\Cart::add");
    check(
        "php",
        "App\\Cart::App\\{closure}",
        "",
        "App\\Cart::{closure}",
    );
    check("php", "{closure:App\\Cart::add():12}", "", "App\\Cart::add");
    check(
        "php",
        "class@anonymous\0/srv/a.php:1$0::run",
        "",
        "class@anonymous::run",
    );
    check(
        "dart",
        "_CartState.build.<anonymous closure>",
        "",
        "_CartState.build",
    );
    check("dart", "CartPage.onTap.<fn>.<fn>", "", "CartPage.onTap");
    check(
        "elixir",
        "Shop.Cart.add/2",
        "Elixir.Shop.Cart",
        "Shop.Cart.add/2 (Shop.Cart)",
    );
    check(
        "elixir",
        "anonymous fn/1 in Shop.Cart.add/2",
        "Shop.Cart",
        "Shop.Cart.add/2 (Shop.Cart)",
    );
    check("erlang", "-add/2-fun-0-", "shop_cart", "add/2 (shop_cart)");
    check(
        "perl",
        "Shop::Cart::add",
        "Shop::Cart",
        "Shop::Cart::add (Shop::Cart)",
    );
}

#[test]
fn files() {
    assert_eq!(
        file("https://shop.example/assets/main.js?v=1"),
        "/assets/main.js"
    );
    assert_eq!(file("webpack:///./src/cart.ts"), "src/cart.ts");
    assert_eq!(file("webpack://shop/./src/cart.ts"), "src/cart.ts");
    assert_eq!(file("app:///main.jsbundle"), "/main.jsbundle");
    assert_eq!(file("https://shop.example/"), "shop.example/");
    assert_eq!(file("/srv/app/shop.py"), "/srv/app/shop.py");
}

#[test]
fn types() {
    for (platform, name, expected) in [
        ("go", "*main.CartError", "main.CartError"),
        ("go", "*fmt.wrapError", ""),
        (
            "csharp",
            "Acme.ResultException`1[[System.Int32, mscorlib]]",
            "Acme.ResultException<…>",
        ),
        ("elixir", "Elixir.ArgumentError", "ArgumentError"),
        ("dart", "_Exception", "Exception"),
        ("python", "CartError", "CartError"),
    ] {
        assert_eq!(ty(name, platform), expected, "{platform} {name}");
    }
    assert!(is_signal("SIGSEGV") && is_signal("EXC_BAD_ACCESS / KERN_INVALID_ADDRESS"));
    assert!(!is_signal("SIG") && !is_signal("Signal") && !is_signal("Error"));
}

#[test]
fn hostile_names_take_linear_time() {
    for unit in [
        "<",
        ">",
        "<a as ",
        "(",
        "operator",
        "<impl ",
        "::{closure",
        "->",
        "$",
        "+<",
        "é",
    ] {
        assert_linear_in(unit, 20_000, |name| {
            for platform in [
                "native", "csharp", "java", "go", "php", "dart", "ruby", "node",
            ] {
                let _ = call(name, name, platform);
            }
        });
    }
}

proptest::proptest! {
    #[test]
    fn any_name_is_survived(name in "[-<>()\\[\\]:.$+|{}a-z é`#/]{0,60}") {
        for platform in ["native", "csharp", "java", "go", "php", "dart", "ruby", "node", "elixir", "python"] {
            let (function, module) = call(&name, &name, platform);
            proptest::prop_assert!(function.len() + module.len() <= 2 * name.len() + 64);
        }
    }
}
