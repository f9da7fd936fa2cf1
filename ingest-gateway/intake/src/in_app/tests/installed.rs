//! Own code that is installed like that of others, or named like it.

use super::*;

/// A path, what the client said of it, whether it is own.
type Said = (&'static str, Option<bool>, bool);

#[test]
fn where_no_own_frame_would_be_left_the_clients_word_stands() {
    let cases: [(&str, &[Said]); 9] = [
        (
            "python",
            &[
                (
                    "/usr/lib/python3/dist-packages/shop/pay.py",
                    Some(true),
                    true,
                ),
                ("/usr/lib/python3.12/json/decoder.py", Some(true), false),
            ],
        ),
        (
            "ruby",
            &[
                (
                    "/usr/local/bundle/gems/rack-3.1.0/lib/rack.rb",
                    Some(false),
                    false,
                ),
                (
                    "/usr/local/bundle/gems/shop-1.0.0/lib/shop.rb",
                    Some(true),
                    true,
                ),
            ],
        ),
        (
            "php",
            &[("/var/www/vendor/acme/shop/src/Pay.php", Some(true), true)],
        ),
        (
            "node",
            &[("/usr/lib/node_modules/shop/pay.js", Some(true), true)],
        ),
        (
            "go",
            &[(
                "/root/go/pkg/mod/acme.example/shop@v1.2.3/pay.go",
                Some(true),
                true,
            )],
        ),
        // Nobody said anything.
        (
            "python",
            &[(
                "/srv/.venv/lib/python3.12/site-packages/shop/pay.py",
                None,
                false,
            )],
        ),
        // Own code beside it: a browser's client says so of everything.
        (
            "javascript",
            &[
                ("https://shop.example/vendor/list.js", Some(true), false),
                ("https://shop.example/app.js", Some(true), true),
            ],
        ),
        (
            "javascript",
            &[("https://shop.example/vendor/list.js", Some(true), true)],
        ),
        (
            "javascript",
            &[("https://unpkg.com/react@18/umd/react.js", Some(true), false)],
        ),
    ];
    for (platform, frames) in cases {
        let given = frames
            .iter()
            .map(|(path, told, _)| file(path, *told))
            .collect();
        let own: Vec<bool> = settled(platform, given)
            .iter()
            .map(|(own, _)| *own)
            .collect();
        let expected: Vec<bool> = frames.iter().map(|(_, _, own)| *own).collect();
        assert_eq!(own, expected, "{platform} {frames:?}");
    }
}

#[test]
fn under_a_systems_folders_the_clients_word_stands() {
    for (platform, part, text) in [
        ("python", Part::Path, "/usr/lib/shop/pay.py"),
        ("php", Part::Path, "/usr/local/lib/shop/Pay.php"),
        ("perl", Part::Path, "/usr/lib64/shop/Pay.pm"),
        ("native", Part::Package, "/usr/lib/shop/libpay.so"),
        ("native", Part::Package, "/usr/lib64/shop/libpay.so"),
        ("node", Part::Path, "main.js"),
    ] {
        for told in [None, Some(false), Some(true)] {
            let one = Frame {
                client_in_app: told,
                ..frame(part, text)
            };
            let own = Frame {
                client_in_app: Some(true),
                ..frame(Part::Path, "/srv/own.x")
            };
            let verdicts = settled(platform, vec![one, own]);
            assert_eq!(verdicts[0].0, told == Some(true), "{text} {told:?}");
        }
    }
    let system = Frame {
        client_in_app: Some(true),
        ..frame(Part::Package, "/usr/lib/x86_64-linux-gnu/libc.so.6")
    };
    assert_eq!(settled("native", vec![system]), [(false, Some(true))]);
}

#[test]
fn an_application_that_is_installed_like_a_package_is_own_by_its_name() {
    let cases = [
        (
            "python",
            "my-shop@1.2.3",
            "/srv/lib/python3.12/site-packages/my_shop/pay.py",
        ),
        (
            "python",
            "Shop@1.2.3",
            "/usr/lib/python3/dist-packages/shop.py",
        ),
        (
            "node",
            "@acme/shop@1.2.3",
            "/srv/app/node_modules/@acme/shop/pay.js",
        ),
        (
            "ruby",
            "shop@1.2.3",
            "/usr/local/bundle/gems/shop-1.2.3/lib/shop.rb",
        ),
        (
            "php",
            "acme/shop@1.2.3",
            "/var/www/vendor/acme/shop/src/Pay.php",
        ),
        ("php", "shop@1.2.3", "/usr/local/lib/shop/Pay.php"),
        (
            "go",
            "acme.example/shop@v1.2.3",
            "/root/go/pkg/mod/acme.example/shop@v1.2.3/pay.go",
        ),
    ];
    let settled = |platform: &str, release: &str, path: &str| {
        let mut event = event(platform);
        release.clone_into(&mut event.release);
        event.exceptions = vec![Exception {
            frames: vec![file(path, Some(false))],
            ..Exception::default()
        }];
        settle(&mut event);
        event.exceptions[0].frames[0].in_app
    };
    for (platform, release, path) in cases {
        assert!(settled(platform, release, path), "{release} {path}");
        let other = format!("x{release}");
        assert!(!settled(platform, &other, path), "{other} {path}");
        assert!(!settled(platform, "1.2.3", path), "{path}");
    }
    let inner = "/srv/node_modules/shop/node_modules/express/index.js";
    assert!(!settled("node", "shop@1.2.3", inner));
    let runtime = "/usr/lib/python3.12/json/decoder.py";
    assert!(!settled("python", "json@1.2.3", runtime));
}

#[test]
fn go_knows_its_own_module_by_main() {
    let mut main = file(
        "/root/go/pkg/mod/acme.example/shop@v1.2.3/cmd/main.go",
        None,
    );
    main.module = "main".to_owned();
    let frames = vec![
        main,
        file("/root/go/pkg/mod/acme.example/shop@v1.2.3/pay/pay.go", None),
        file(
            "/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go",
            None,
        ),
    ];
    let own: Vec<bool> = settled("go", frames).iter().map(|(own, _)| *own).collect();
    assert_eq!(own, [true, true, false]);
}

#[test]
fn rust_is_known_by_its_frames_and_cpp_within_it_by_its_sources() {
    let own = |frames: Vec<Frame>| -> Vec<bool> {
        settled("native", frames)
            .iter()
            .map(|(own, _)| *own)
            .collect()
    };
    let cpp = Frame {
        filename: "engine/core/fmt.cpp".to_owned(),
        ..frame(Part::Function, "core::fmt::Printer::print()")
    };
    let rust = frame(Part::Function, "core::fmt::Formatter::pad");
    let closure = frame(Part::Function, "shop::pay::{{closure}}");
    assert_eq!(own(vec![cpp.clone()]), [true]);
    assert_eq!(own(vec![closure, rust, cpp]), [true, false, true]);
}

#[test]
fn unitys_own_code_is_not_the_games() {
    let images = [
        ("UnityMain", "C:\\Games\\Shop\\UnityPlayer.dll", false),
        (
            "il2cpp::vm::Runtime::Invoke",
            "C:\\Games\\Shop\\GameAssembly.dll",
            false,
        ),
        (
            "Cart_Add_m0FF3A9B1C2D4E5F60718293A4B5C6D7E8F901234",
            "GameAssembly.dll",
            true,
        ),
        (
            "UnityAdsOfOurs_Show_m0FF3A9B1C2D4E5F60718293A4B5C6D7E8F901234",
            "libil2cpp.so",
            true,
        ),
        (
            "UnityEvent_Invoke_m0FF3A9B1C2D4E5F60718293A4B5C6D7E8F901234",
            "libil2cpp.so",
            false,
        ),
        (
            "il2cpp_codegen_raise_exception(Il2CppException*, MethodInfo*)",
            "libil2cpp.so",
            false,
        ),
    ];
    let frames = images.map(|(function, package, _)| Frame {
        package: package.to_owned(),
        ..frame(Part::Function, function)
    });
    let verdicts = settled("native", frames.to_vec());
    let own: Vec<bool> = verdicts.iter().map(|(own, _)| *own).collect();
    assert_eq!(own, images.map(|(_, _, own)| own));
}
