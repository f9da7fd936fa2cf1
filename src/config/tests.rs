#![allow(clippy::unwrap_used)]

use super::*;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn flags_override_variables_override_the_file() {
    let file = "listen = \"127.0.0.1:1\"\n[smtp]\nurl = \"smtp://a\"\nfrom = \"a@b\"\n";
    let variables = env(&[
        ("ERRATA_LISTEN", "127.0.0.1:2"),
        ("ERRATA_SMTP__URL", "smtp://b"),
    ]);
    let flags = [("listen", "127.0.0.1:3".to_owned())];
    let config = combine(file, "errata.toml", &variables, &flags)
        .unwrap()
        .config;
    assert_eq!(config.listen.port(), 3);
    assert_eq!(
        (config.smtp.url.as_str(), config.smtp.from.as_str()),
        ("smtp://b", "a@b")
    );
    assert_eq!(
        config.metrics.listen.port(),
        8471,
        "untouched keys keep their default"
    );
}

#[test]
fn an_unknown_key_is_refused_with_its_full_name_and_a_variable_only_warned_about() {
    let error = combine("[smtp]\nurll = \"x\"\n", "errata.toml", &env(&[]), &[])
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("\"smtp.urll\"") && error.contains("smtp.url"),
        "{error}"
    );
    let loaded = combine(
        "",
        "errata.toml",
        &env(&[("ERRATA_PORT", "tcp://10.0.0.1")]),
        &[],
    )
    .unwrap();
    assert_eq!(loaded.unknown_variables, ["ERRATA_PORT"]);
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn a_value_of_a_wrong_type_names_its_key() {
    for (file, variables, needle) in [
        (
            "listen = \"nonsense\"",
            env(&[]),
            "configuration key listen",
        ),
        (
            "[limits]\nreceived_bytes_max = \"x\"",
            env(&[]),
            "configuration key limits.received_bytes_max",
        ),
        (
            "trusted_proxies = [\"10.0.0.0/8\", \"proxy\"]",
            env(&[]),
            "configuration key trusted_proxies: \"proxy\"",
        ),
        (
            "",
            env(&[("ERRATA_LIMITS__ENABLED", "maybe")]),
            "ERRATA_LIMITS__ENABLED=\"maybe\"",
        ),
    ] {
        let error = combine(file, "errata.toml", &variables, &[])
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(needle), "{error}");
    }
}

#[test]
fn proxies_are_a_list_in_the_file_and_separated_by_commas_elsewhere() {
    let expected = "10.0.0.0/8, 192.0.2.7/32";
    let file = "trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.7\"]";
    let variable = env(&[("ERRATA_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7")]);
    for (file, variables) in [(file, env(&[])), ("", variable)] {
        let config = combine(file, "errata.toml", &variables, &[])
            .unwrap()
            .config;
        assert_eq!(config.trusted_proxies.to_string(), expected);
    }
}

#[test]
fn bootstrap_variables_are_no_configuration_keys() {
    let loaded = combine("", "f", &env(&[("ERRATA_BOOTSTRAP_OWNER", "a@b:c:d")]), &[]).unwrap();
    assert_eq!(loaded.bootstrap.owner.as_deref(), Some("a@b:c:d"));
    assert!(loaded.unknown_variables.is_empty());
}

#[test]
fn an_address_that_nobody_can_reach_is_never_given_out() {
    for (listen, public_url, expected, wants) in [
        ("127.0.0.1:8470", "", "http://127.0.0.1:8470", false),
        ("192.0.2.7:80", "", "http://192.0.2.7:80", false),
        ("0.0.0.0:8770", "", "http://localhost:8770", true),
        ("[::]:8770", "", "http://localhost:8770", true),
        (
            "0.0.0.0:8770",
            "https://e.example/",
            "https://e.example",
            false,
        ),
    ] {
        let config = Config {
            listen: listen.parse().unwrap(),
            public_url: public_url.to_owned(),
            ..Config::default()
        };
        assert_eq!(config.public_url(), expected, "{listen} {public_url}");
        assert_eq!(config.wants_public_url(), wants, "{listen} {public_url}");
    }
}
