//! More than two hundred planted secrets, each unique, in every place of events of every
//! door: none of them is found in what the server keeps, answers or prints; what
//! stood beside them is.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use crate::support::{Client, KEY, Server, errata, python, wait_for};

/// What is planted: a text with the secret in it, and the part that must not be seen.
struct Planted {
    text: String,
    core: String,
}

/// Twenty letters and digits that stand nowhere else.
fn random(n: usize, length: usize) -> String {
    let mut state = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"[(state >> 40) as usize % 48])
    });
    let letters: String = letters.take(length - 4).collect();
    format!("{letters}7{:03}", n % 1000)
}

/// A card number of its own, with Luhn's check digit.
fn card(n: usize) -> String {
    let digits = format!("45320{:010}", 1_234_567_000 + n * 37);
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u32::from(digit - b'0')) {
            (0, digit @ 5..) => digit * 2 - 9,
            (0, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// A German account of its own, with sound check digits.
fn iban(n: usize) -> String {
    let account = format!("37040044{:010}", 5_320_130 + n * 101);
    let number = format!("{account}131400");
    let rest = number
        .bytes()
        .fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("DE{:02}{account}", 98 - rest)
}

fn hex(n: usize) -> String {
    format!(
        "{:032x}",
        0x1234_5678_9abc_def0_1122_3344_5566_7788_u128 ^ (n as u128 * 0x1_0001_0001)
    )
}

/// One secret of each kind.
fn kinds(n: usize) -> Vec<Planted> {
    let made = |at: usize, length: usize| random(n * 100 + at, length);
    let plain = |at: usize, before: &str, after: &str| {
        let core = made(at, 20);
        Planted {
            text: format!("{before}{core}{after}"),
            core,
        }
    };
    let whole = |core: String| Planted {
        text: core.clone(),
        core,
    };
    let upper = format!("AKIA{:016}", 1_000_000 + n).replace('0', "Q");
    let pem = made(20, 60);
    let ssn = format!("{:03}-{:02}-{:04}", 100 + n, 1 + n, 1000 + n);
    vec![
        plain(1, "password=", ""),
        plain(2, "{\"api_key\": \"", "\"}"),
        plain(3, "Bearer ", ""),
        plain(4, "postgres://shop:", "@db:5432/x"),
        plain(5, "https://pay.example/cb?access_token=", "&id=1"),
        plain(6, "Server=db;Uid=a;Pwd=", ";Encrypt=true"),
        plain(7, "bad client_secret: ", ""),
        plain(8, "{\"o\":\"{\\\"token\\\":\\\"", "\\\"}\"}"),
        whole(upper),
        whole(format!("ghp_{}", made(9, 36))),
        whole(format!("glpat-{}", made(10, 20))),
        whole(format!("xoxb-12345678-{}", made(11, 24))),
        whole(format!("sk_live_{}", made(12, 24))),
        whole(format!("AIza{}", made(13, 35))),
        whole(format!("npm_{}", made(14, 36))),
        whole(format!("SG.{}.{}", made(15, 22), made(16, 43))),
        whole(format!("SK{}", hex(n))),
        whole(format!("pypi-AgEI{}", made(17, 60))),
        whole(format!(
            "eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}",
            made(18, 20),
            made(19, 43)
        )),
        Planted {
            text: format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----"),
            core: pem,
        },
        whole(card(n)),
        whole(iban(n)),
        whole(ssn),
    ]
}

/// Hands out secrets and what stands beside them.
#[derive(Default)]
struct Corpus {
    secrets: Vec<String>,
    harmless: Vec<String>,
    places: usize,
}

impl Corpus {
    /// Texts for one place, one of each kind.
    fn texts(&mut self) -> Vec<String> {
        let n = self.places;
        self.places += 1;
        let texts = kinds(n).into_iter().enumerate().map(|(at, planted)| {
            let beside = format!("beside{n:02}x{at:02}");
            self.secrets.push(planted.core);
            self.harmless.push(beside.clone());
            format!("{beside} {}", planted.text)
        });
        texts.collect()
    }

    /// One text, of one kind.
    fn one(&mut self, kind: usize) -> String {
        let n = self.places;
        self.places += 1;
        let planted = kinds(n).swap_remove(kind);
        let beside = format!("beside{n:02}x{kind:02}");
        self.secrets.push(planted.core);
        self.harmless.push(beside.clone());
        format!("{beside} {}", planted.text)
    }

    /// The same by name.
    fn named(&mut self, prefix: &str) -> BTreeMap<String, String> {
        let texts = self.texts().into_iter().enumerate();
        texts
            .map(|(at, text)| (format!("{prefix}{at}"), text))
            .collect()
    }

    /// Values of which the name alone tells that they are secret.
    fn by_name(&mut self) -> Value {
        let names = [
            "password",
            "api_key",
            "Authorization",
            "client_secret",
            "csrf_token",
            "sessionToken",
            "aws_secret_access_key",
            "private_key",
            "cvv",
            "passphrase",
        ];
        let n = self.places;
        self.places += 1;
        let members = names.iter().enumerate().map(|(at, name)| {
            let core = random(50_000 + n * 100 + at, 20);
            self.secrets.push(core.clone());
            ((*name).to_owned(), Value::from(core))
        });
        let mut object: serde_json::Map<String, Value> = members.collect();
        for (at, name) in [
            "author",
            "tokens_used",
            "max_tokens",
            "authority",
            "passwordless",
            "public_key",
        ]
        .iter()
        .enumerate()
        {
            let beside = format!("harmless{n:02}x{at:02}");
            self.harmless.push(beside.clone());
            object.insert((*name).to_owned(), beside.into());
        }
        object.into()
    }

    fn python(&mut self) -> Value {
        let frame = json!({
            "function": "pay", "module": "shop.views", "filename": "shop/views.py", "lineno": 7, "in_app": true,
            "context_line": format!("    key = \"{}\"", self.source()),
            "pre_context": [format!("    password = '{}'", self.source())],
            "vars": {"named": self.by_name(), "texts": self.named("v"), "request": format!("<Request {}>", self.texts().join(" "))},
        });
        json!({
            "platform": "python",
            "exception": {"values": [
                {"type": "ValueError", "value": self.texts().join("\n"), "stacktrace": {"frames": [frame]}}]},
            "threads": {"values": [{"id": 1, "name": self.one(0)}]},
            "tags": {"one": self.one(8), "two": self.one(20)},
            "extra": {"named": self.by_name(), "list": self.texts(),
                      "nested": {"json": json!({"inner": json!(self.named("j")).to_string()}).to_string()}},
            "contexts": {"state": {"deep": {"er": self.named("c")}}},
            "user": {"id": "7", "username": "jane", "data": self.by_name()},
        })
    }

    /// A key of a service as a program's literal.
    fn source(&mut self) -> String {
        let n = self.places;
        self.places += 1;
        let core = format!("ghp_{}", random(80_000 + n, 36));
        self.secrets.push(core.clone());
        core
    }

    fn browser(&mut self) -> Value {
        let secret = |corpus: &mut Self, at: usize| {
            let core = random(90_000 + at, 20);
            corpus.secrets.push(core.clone());
            core
        };
        let (query, fragment, cookie, header) = (
            secret(self, 1),
            secret(self, 2),
            secret(self, 3),
            secret(self, 4),
        );
        let crumbs: Vec<Value> = self
            .texts()
            .into_iter()
            .map(|text| json!({"category": "console", "message": text, "data": self.by_name()}))
            .collect();
        json!({
            "platform": "javascript",
            "message": self.texts().join(" | "),
            "transaction": format!("/pay?token={}", secret(self, 5)),
            "request": {
                "url": format!("https://shop.example/pay?password={query}#access_token={fragment}"),
                "query_string": format!("secret={}&page=2", secret(self, 6)),
                "headers": {"Authorization": format!("Bearer {header}"), "X-Api-Key": secret(self, 7),
                            "Cookie": format!("sid={}", secret(self, 8)), "Accept": "text/html"},
                "cookies": {"session": cookie},
                "data": json!({"body": self.by_name(), "texts": self.named("d")}).to_string(),
                "env": {"DB_PASSWORD": secret(self, 9)},
            },
            "breadcrumbs": {"values": crumbs},
        })
    }
}

fn files_below(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The secrets that are there.
fn leaked<'s>(corpus: &'s Corpus, what: &[u8]) -> Vec<&'s str> {
    let text = String::from_utf8_lossy(what);
    let secrets = corpus.secrets.iter().map(String::as_str);
    secrets.filter(|secret| text.contains(secret)).collect()
}

/// Sends secrets through every door; the ids that were answered.
fn plant(client: &Client, corpus: &mut Corpus) -> Vec<String> {
    let bearer = format!("Bearer {KEY}");
    let mut ids = Vec::new();
    for event in [corpus.python(), corpus.browser()] {
        let path = format!("/api/1/envelope/?sentry_key={KEY}");
        let envelope = format!("{{}}\n{{\"type\":\"event\"}}\n{event}\n");
        let (status, _, answer) = client.post(&path, &[], envelope);
        assert_eq!(status, 200, "{answer}");
        ids.push(answer["id"].as_str().unwrap().to_owned());
    }
    let native = json!({
        "error": {"type": "PaymentError", "message": corpus.texts().join(" ")},
        "extra": {"named": corpus.by_name(), "texts": corpus.texts()},
        "context": {"state": corpus.by_name()},
    });
    let headers = [("authorization", bearer.as_str())];
    let (status, _, answer) = client.post("/api/errors", &headers, native.to_string());
    assert_eq!(status, 202, "{answer}");
    ids.push(answer["id"].as_str().unwrap().to_owned());
    let attributes: Vec<Value> = corpus
        .named("app.")
        .into_iter()
        .map(|(key, text)| json!({"key": key, "value": {"stringValue": text}}))
        .chain([
            json!({"key": "exception.type", "value": {"stringValue": "OtlpError"}}),
            json!({"key": "exception.message", "value": {"stringValue": corpus.texts().join(" ")}}),
        ])
        .collect();
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"severityNumber": 17, "attributes": attributes}]}]}]});
    let json_headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let (status, _, answer) = client.post("/v1/logs", &json_headers, logs.to_string());
    assert_eq!(status, 200, "{answer}");
    ids
}

#[test]
fn no_planted_secret_is_kept_answered_or_printed() {
    let mut server = Server::start_with(&[("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536")]);
    let client = Client::new(&server);
    let bearer = format!("Bearer {KEY}");
    let mut corpus = Corpus::default();
    let ids = plant(&client, &mut corpus);
    // Enough behind them for their segments to end, be sealed and become Parquet.
    let headers = [("authorization", bearer.as_str())];
    for n in 0..40 {
        let event = json!({"error": {"type": "Filler", "message": "x"}, "extra": {"noise":
            (0..150).map(|k| random(1_000_000 + n * 200 + k, 40)).collect::<String>()}});
        let (status, _, answer) = client.post("/api/errors", &headers, event.to_string());
        assert_eq!(status, 202, "{answer}");
    }
    assert!(corpus.secrets.len() >= 200, "{}", corpus.secrets.len());
    assert!(corpus.harmless.len() >= 100, "{}", corpus.harmless.len());

    let issues = server.wait_for_issues("limit=100", |issues| issues.len() >= 5);
    assert_eq!(
        leaked(&corpus, json!(issues).to_string().as_bytes()),
        [""; 0],
        "in the list"
    );
    for id in &ids {
        let event = wait_for("an event", || {
            let (status, event) = client.get(&format!("/api/errors/{id}"));
            (status == 200).then_some(event)
        });
        assert_eq!(
            leaked(&corpus, event.to_string().as_bytes()),
            [""; 0],
            "in REST"
        );
    }
    let cold = server.data_dir().join("cold");
    wait_for("Parquet files", || {
        let mut files = Vec::new();
        files_below(&cold, &mut files);
        files
            .iter()
            .any(|file| file.extension().is_some_and(|e| e == "parquet"))
            .then_some(())
    });
    let rows = python("dump_parquet.py", &[cold.to_str().unwrap()]);
    assert!(
        rows.contains("PaymentError"),
        "the cold tier has the events: {rows:.200}"
    );
    assert_eq!(leaked(&corpus, rows.as_bytes()), [""; 0], "in Parquet");
    server.stop();
    let output = server.output.lock().unwrap().clone();
    assert_eq!(
        leaked(&corpus, output.as_bytes()),
        [""; 0],
        "in the server's output"
    );
    let dump = errata(&server.data_dir(), &["log", "dump"]);
    assert!(dump.status.success());
    assert_eq!(leaked(&corpus, &dump.stdout), [""; 0], "in the log");
    let mut files = Vec::new();
    files_below(&server.data_dir(), &mut files);
    for file in files {
        let found = leaked(&corpus, &fs::read(&file).unwrap());
        assert_eq!(found, [""; 0], "in {}", file.display());
    }
    let dumped = String::from_utf8_lossy(&dump.stdout);
    let gone: Vec<&String> = corpus
        .harmless
        .iter()
        .filter(|beside| !dumped.contains(beside.as_str()))
        .collect();
    assert!(
        gone.is_empty(),
        "{} harmless texts are gone: {gone:?}",
        gone.len()
    );
}
