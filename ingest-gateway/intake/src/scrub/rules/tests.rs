use super::*;

fn rule(place: &str, what: &str, how: ScrubMethod) -> ScrubRule {
    ScrubRule {
        place: place.into(),
        what: what.into(),
        how,
    }
}

fn compiled(settings: &Scrubbing) -> Rules {
    let hash = |text: &str| {
        let mut hash = [0; 32];
        hash[0] = text.len() as u8;
        hash
    };
    Rules::compile(settings, hash).expect("sound settings")
}

fn with(rules: &[ScrubRule]) -> Rules {
    compiled(&Scrubbing {
        rules: rules.to_vec(),
        ..Scrubbing::default()
    })
}

#[track_caller]
fn check(rules: &Rules, path: &str, text: &str, expected: &str) {
    let secret = super::super::names::is_secret(path.rsplit('.').next().unwrap_or(path));
    let names = || path.split('.').collect();
    let stored = rules.string(names, Kind::Text, secret, text);
    assert_eq!(stored.as_deref().unwrap_or(text), expected, "{path}");
}

#[test]
fn rules_of_a_project_come_before_the_default() {
    let rules = with(&[
        rule("customer_no", "", ScrubMethod::Hash),
        rule("extra.**.note", "K-[0-9]{4}", ScrubMethod::Mask),
        rule("$string", "@email", ScrubMethod::Remove),
        rule("gone", "", ScrubMethod::Remove),
    ]);
    check(
        &rules,
        "extra.customer_no",
        "abc",
        "[Hash:030000000000000000000000]",
    );
    check(
        &rules,
        "extra.a.note",
        "for K-1234 and K-12",
        "for [Filtered] and K-12",
    );
    check(&rules, "tags.note", "for K-1234", "for K-1234");
    check(&rules, "message", "from jane@shop.example now", "from  now");
    check(&rules, "extra.gone", "x", "");
    check(&rules, "extra.password", "x", "[Filtered]");
    check(
        &rules,
        "extra.note",
        "K-1234 password=x",
        "[Filtered] password=[Filtered]",
    );
}

#[test]
fn what_is_hashed_is_not_masked_after() {
    let rules = with(&[rule("token", "", ScrubMethod::Hash)]);
    check(
        &rules,
        "extra.token",
        "abcd",
        "[Hash:040000000000000000000000]",
    );
}

#[test]
fn the_default_leaves_alone_what_it_is_told_to() {
    let rules = compiled(&Scrubbing {
        rules: vec![rule("extra.public_token", "x", ScrubMethod::Mask)],
        allow: vec!["public_token".into(), "tags.card".into()],
        ..Scrubbing::default()
    });
    check(&rules, "tags.public_token", "abc", "abc");
    check(&rules, "extra.public_token", "axc", "a[Filtered]c");
    check(&rules, "tags.card", "4111111111111111", "4111111111111111");
    check(&rules, "extra.card", "4111111111111111", "[Filtered]");
}

#[test]
fn addresses_and_source_lines_are_a_matter_of_options() {
    let plain = Rules::standard();
    let strict = compiled(&Scrubbing {
        emails: true,
        ip_addresses: true,
        source_lines: SourceLines::Remove,
        ..Scrubbing::default()
    });
    let text = "jane@shop.example from 192.0.2.1";
    check(plain, "message", text, text);
    check(&strict, "message", text, "[Filtered] from [Filtered]");
    let line = |rules: &Rules| rules.string(Vec::new, Kind::Source, false, "key = \"x\"");
    assert_eq!(line(&strict), Some(String::new()));
    let keep = compiled(&Scrubbing {
        source_lines: SourceLines::Keep,
        ..Scrubbing::default()
    });
    let token = "k = 'AKIAIOSFODNN7EXAMPLE'";
    assert_eq!(keep.string(Vec::new, Kind::Source, false, token), None);
    let masked = plain.string(Vec::new, Kind::Source, false, token);
    assert_eq!(masked.as_deref(), Some("k = '[Filtered]'"));
}

#[test]
fn numbers_are_masked_by_name_rule_and_check_digit() {
    let rules = with(&[rule("pin", "", ScrubMethod::Mask)]);
    let number = |rules: &Rules, path: &str, written: &str| {
        let names = || path.split('.').collect();
        rules.number(names, false, written)
    };
    assert_eq!(number(&rules, "extra.pin", "12").as_deref(), Some(MASK));
    assert_eq!(number(&rules, "extra.n", "12"), None);
    let card = number(Rules::standard(), "extra.n", "4111111111111111");
    assert_eq!(card.as_deref(), Some(MASK));
    assert_eq!(
        number(Rules::standard(), "extra.n", "4111111111111112"),
        None
    );
}

#[test]
fn settings_that_cannot_be_are_refused_by_field() {
    for (settings, field) in [
        (vec![rule("", "", ScrubMethod::Mask)], "rules[0].where"),
        (
            vec![
                rule("a", "", ScrubMethod::Mask),
                rule("a", "(", ScrubMethod::Mask),
            ],
            "rules[1].what",
        ),
        (
            vec![rule("a", "@nothing", ScrubMethod::Mask)],
            "rules[0].what",
        ),
        (vec![rule("a", "x*", ScrubMethod::Mask)], "rules[0].what"),
        (
            vec![rule("$string", "", ScrubMethod::Mask)],
            "rules[0].what",
        ),
        (
            vec![rule("a", r"\w{900}{9}", ScrubMethod::Mask)],
            "rules[0].what",
        ),
        (
            vec![rule("a", &"x".repeat(501), ScrubMethod::Mask)],
            "rules[0].what",
        ),
        (vec![rule("a", "", ScrubMethod::Mask); 101], "rules"),
    ] {
        let settings = Scrubbing {
            rules: settings,
            ..Scrubbing::default()
        };
        let refused = Rules::compile(&settings, |_| [0; 32]).expect_err("cannot be");
        assert_eq!(refused.field, field, "{}", refused.message);
    }
    let allow = Scrubbing {
        allow: vec!["$string".into()],
        ..Scrubbing::default()
    };
    let refused = Rules::compile(&allow, |_| [0; 32]).expect_err("cannot be");
    assert_eq!(refused.field, "allow[0]");
}
