#![allow(clippy::unwrap_used)]

use event_model::head::Head;

use super::*;
use crate::{
    Grouper,
    heads::{error, message, stored},
};

fn sample() -> Head {
    let mut head = Head {
        message: "cart 17 is gone".into(),
        transaction: "/checkout".into(),
        logger: "shop.cart".into(),
        release: "shop@1.2.3".into(),
        environment: "live".into(),
        sdk: ("sentry.python".into(), "2".into()),
        tags: vec![
            ("region".into(), "eu".into()),
            ("Region".into(), "us".into()),
            ("device.family".into(), "Pixel".into()),
        ],
        ..error(
            "python",
            "KeyError",
            "'sku'",
            &["main in shop.app", "add in shop.cart"],
        )
    };
    let frame = &mut head.exceptions[0].frames[1];
    frame.filename = "shop/cart.py".into();
    frame.package = "shop.so".into();
    head
}

/// What Sentry documents of fingerprints (SDK and rules), and what is said here beyond.
const DOCUMENTED: [(&str, &str); 23] = [
    ("type", "KeyError"),
    ("error.type", "KeyError"),
    ("value", "'sku'"),
    ("error.value", "'sku'"),
    ("message", "cart <#> is gone"),
    ("function", "add"),
    ("stack.function", "add"),
    ("module", "shop.cart"),
    ("stack.module", "shop.cart"),
    ("package", "shop.so"),
    ("stack.package", "shop.so"),
    ("path", "shop/cart.py"),
    ("filename", "shop/cart.py"),
    ("stack.path", "shop/cart.py"),
    ("stack.filename", "shop/cart.py"),
    ("stack.abs_path", "shop/cart.py"),
    ("transaction", "/checkout"),
    ("level", "error"),
    ("logger", "shop.cart"),
    ("release", "shop@1.2.3"),
    ("environment", "live"),
    ("platform", "python"),
    ("sdk", "sentry.python"),
];

#[test]
fn every_placeholder_has_its_value_however_it_is_written() {
    let (full, bare) = (stored(&sample()), stored(&message("")));
    for (name, value) in DOCUMENTED {
        let upper = name.to_uppercase();
        for entry in [
            format!("{{{{ {name} }}}}"),
            format!("{{{{{name}}}}}"),
            format!(" {{{{\t{name}  }}}} "),
            format!("{{{{ {upper} }}}}"),
        ] {
            assert_eq!(resolve(&entry, &full.whole()), value, "{entry}");
            assert!(is_known(&upper));
            let missing = resolve(&entry, &bare.whole()).into_owned();
            match name {
                "level" => assert_eq!(missing, "error"),
                "platform" => assert_eq!(missing, "python"),
                _ => assert_eq!(missing, format!("<no-{name}>"), "{entry}"),
            }
        }
        let within = format!("a {{{{{name}}}}} b {{{{ {name} }}}}");
        assert_eq!(
            filled(&within, &full.whole()),
            format!("a {value} b {value}")
        );
        assert_eq!(
            resolve(&within, &full.whole()),
            within,
            "only whole entries"
        );
    }
    let suggested = KNOWN.iter().filter(|name| **name != "default").count();
    assert_eq!(
        suggested + 1,
        DOCUMENTED.len(),
        "all but `filename` are suggested"
    );
}

#[test]
fn tags_are_named_as_the_client_names_them() {
    let full = stored(&sample());
    for (entry, expected) in [
        ("{{ tags.region }}", "eu"),
        ("{{tags.region}}", "eu"),
        ("{{ TAGS.region }}", "eu"),
        ("{{ tags.Region }}", "us"),
        ("{{ tags.device.family }}", "Pixel"),
        ("{{ tags.none }}", "<no-tags.none>"),
        ("{{ tags. }}", "<no-tags.>"),
        ("{{ unheard }}", "<unrecognized-variable-unheard>"),
        ("{{ é }}", "<unrecognized-variable-é>"),
        ("{{ default", "{{ default"),
        ("default", "default"),
    ] {
        assert_eq!(resolve(entry, &full.whole()), expected, "{entry}");
    }
    assert!(!is_known("tags."));
}

#[test]
fn default_is_the_servers_own_grouping_however_it_is_written() {
    let print = |fingerprint: &[&str]| {
        let head = Head {
            fingerprint: fingerprint.iter().map(|entry| (*entry).into()).collect(),
            ..sample()
        };
        Grouper::standard().fingerprint(stored(&head).whole()).0
    };
    let (alone, beside) = (print(&[]), print(&["{{ default }}", "eu"]));
    for entry in [
        "{{ default }}",
        "{{default}}",
        "{{ Default }}",
        " {{  DEFAULT}} ",
    ] {
        assert_eq!(print(&[entry]), alone, "{entry}");
        assert_eq!(print(&[entry, "eu"]), beside, "{entry}");
    }
    assert_ne!(alone, beside);
    assert_ne!(print(&["default"]), alone, "a word is a word");
}
