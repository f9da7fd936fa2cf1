//! Roles in processes of their own, over one data directory.

use std::{
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use prost::Message;
use proto::v1::{
    Error, Event, IssueStatus, SendErrorRequest, SetIssueStatusRequest,
    ingest_service_client::IngestServiceClient,
};
use serde_json::json;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::{
    attacks::{h2, wire},
    grpc::with_bearer,
    support::{
        Client, DEADLINE, KEY, Ledger, Load, Mailbox, OWNER_EMAIL, OWNER_PASSWORD, Server, audit,
        block_on, errata, node, python, wait_for,
    },
};

/// Acknowledgements to collect before and after each kill.
const ACKNOWLEDGED_MIN: usize = 100;
const GOOD: &str = r#"{"error":{"type":"ByHand"}}"#;

fn directory() -> Arc<TempDir> {
    Arc::new(TempDir::new().unwrap())
}

/// Gateway, projector and query role, each in a process of its own.
fn three(dir: &Arc<TempDir>) -> (Server, Server, Server) {
    let gateway = Server::start_roles(dir, "gateway", &Server::bootstrap(&[]));
    let projector = Server::start_roles(dir, "projector", &[]);
    let query = Server::start_roles(dir, "query", &[("ERRATA_PEERS__GATEWAY", &gateway.url)]);
    for server in [&gateway, &projector, &query] {
        server.wait_for_readiness();
    }
    (gateway, projector, query)
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}

#[test]
fn four_processes_do_what_one_does() {
    let mailbox = Mailbox::start(0);
    let dir = directory();
    let (mut gateway, mut projector, mut query) = three(&dir);
    let mut alerter = Server::start_roles(
        &dir,
        "alerter",
        &[
            ("ERRATA_PEERS__GATEWAY", &gateway.url),
            ("ERRATA_PEERS__QUERY", &query.url),
            ("ERRATA_PUBLIC_URL", &query.url),
            ("ERRATA_SMTP__URL", &mailbox.url()),
        ],
    );
    alerter.wait_for_readiness();

    // A real SDK, to the gateway and through the query role.
    node("sentry_node.mjs", &[&gateway.dsn()]);
    let issues = query.wait_for_issues("", |issues| issues.len() == 1);
    let id = issues[0]["id"].as_str().unwrap().to_owned();
    node("sentry_node.mjs", &[&query.dsn()]);
    query.wait_for_issues("", |issues| issues[0]["count"] == 2);
    stream_through(&query);
    query.wait_for_issues("", |issues| issues.len() == 2);

    // The alerter, which knows the others by address only.
    let mails = mailbox.wait_for_mails(2);
    let link = format!("{}/issues/{id}", query.url);
    assert!(
        mails
            .iter()
            .any(|mail| mail["body"]["text/plain"].as_str().unwrap().contains(&link)),
        "{mails:?}"
    );

    // OpenTelemetry by both protocols, through the query role.
    for protocol in ["http", "grpc"] {
        python("otel_python.py", &[protocol, &query.url, KEY]);
    }
    query.wait_for_issues("", |issues| {
        let twice =
            |issue: &&serde_json::Value| issue["type"] == "CartError" && issue["count"] == 2;
        issues.len() == 4 && issues.iter().any(|issue| twice(&issue))
    });

    // A person signs in and decides, at the query role's address.
    let cookie = sign_in(&query);
    resolve(&query, &cookie, &id);
    query.wait_for_issues("", |issues| {
        issues.iter().any(|issue| issue["status"] == "resolved")
    });
    let made = errata(&query.data_dir(), &["token", "create"]);
    assert!(made.status.success(), "{made:?}");

    // The gateway has no reads, and says where they are.
    let (status, answer) = gateway.get("/api/issues");
    assert_eq!(status, 404, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("gateway role"), "{message}");

    // An end that takes too long is an error of the process.
    alerter.stop();
    query.stop();
    projector.stop();
    gateway.stop();
}

/// Ten events in one gRPC stream.
fn stream_through(server: &Server) {
    let url = server.url.clone();
    let sent = block_on(async {
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        let error = Error {
            r#type: "Streamed".to_owned(),
            ..Error::default()
        };
        let event = Event {
            error: Some(error),
            ..Event::default()
        };
        let stream = tokio_stream::iter((0..10).map(move |_| SendErrorRequest {
            event: Some(event.clone()),
        }));
        let mut client = IngestServiceClient::new(channel);
        client
            .stream_errors(with_bearer(KEY, stream))
            .await
            .unwrap()
            .into_inner()
    });
    assert_eq!(sent.results.len(), 10);
}

/// The session's cookie.
fn sign_in(server: &Server) -> String {
    let body = json!({"email": OWNER_EMAIL, "password": OWNER_PASSWORD}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("origin", &server.url),
    ];
    let (status, headers, answer) = Client::new(server).post("/auth/sign-in", &headers, body);
    assert_eq!(status, 204, "{answer}");
    let cookie = headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Resolves an issue as the web UI does it.
fn resolve(server: &Server, cookie: &str, issue_id: &str) {
    let message = SetIssueStatusRequest {
        issue_ids: vec![issue_id.to_owned()],
        status: IssueStatus::Resolved.into(),
    }
    .encode_to_vec();
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    let path = "/errata.v1.CommandService/SetIssueStatus";
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("cookie", cookie),
        ("origin", &server.url),
    ];
    let (status, _, answer) = Client::new(server).post(path, &headers, frame.clone());
    let said = answer.as_str().unwrap_or_default().to_owned();
    assert!(
        status == 200 && said.contains("grpc-status:0"),
        "{status} {said:?}"
    );
    let foreign = [headers[0], headers[1], ("origin", "https://evil.example")];
    let (_, headers, said) = Client::new(server).post(path, &foreign, frame);
    assert_eq!(
        headers["grpc-status"], "7",
        "another site's page may not: {said}"
    );
}

#[test]
fn an_issue_is_discarded_and_no_longer_in_the_browser_at_the_query_role() {
    let dir = directory();
    let (mut gateway, _projector, query) = three(&dir);
    // It asks the query role which issue that is: whose port is known only now.
    gateway.stop();
    gateway.set("ERRATA_PEERS__QUERY", &query.url);
    gateway.restart();
    query.wait_for_readiness();
    node(
        "ui/discard.mjs",
        &[&query.url, &query.dsn(), OWNER_EMAIL, OWNER_PASSWORD],
    );
}

#[test]
fn roles_killed_under_load_are_followed_on_and_lose_nothing_acknowledged() {
    let dir = directory();
    let (mut gateway, mut projector, mut query) = three(&dir);
    let ledger = Ledger::default();
    for round in 0..3 {
        let straight = Load::start(&gateway, &format!("straight {round}"), &ledger);
        let forwarded = Load::start(&query, &format!("forwarded {round}"), &ledger);
        straight.wait_for_acknowledged(ACKNOWLEDGED_MIN);
        if round == 1 {
            projector.kill();
            straight.wait_for_acknowledged(ACKNOWLEDGED_MIN);
            projector.restart();
        } else {
            gateway.kill();
            // The query role says so, and reads go on.
            forwarded.wait_for_refused();
            assert_eq!(query.get("/api/issues").0, 200);
            gateway.restart();
        }
        // Nobody but the killed one was started anew.
        forwarded.wait_for_acknowledged(ACKNOWLEDGED_MIN);
        straight.stop();
        forwarded.stop();
    }
    audit(&query, &ledger);
    gateway.stop();
    projector.stop();
    query.stop();
}

#[test]
fn a_second_gateway_and_a_second_projector_are_refused_with_the_holders_pid() {
    let dir = directory();
    let (gateway, projector, _query) = three(&dir);
    let serve = |roles: &str, listen: &str| {
        let args = [
            "serve",
            "--roles",
            roles,
            "--listen",
            listen,
            "--metrics-listen",
            "127.0.0.1:0",
        ];
        let output = errata(&gateway.data_dir(), &args);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (roles, holder) in [("gateway", &gateway), ("projector", &projector)] {
        let said = serve(roles, "127.0.0.1:0");
        assert!(
            said.contains(&format!("locked by process {}", holder.pid())),
            "{roles}: {said}"
        );
    }
    // Two roles that want one port are told which key parts them.
    let taken = gateway.url.trim_start_matches("http://");
    let said = serve("query", taken);
    assert!(
        said.contains("--listen") && said.contains("ERRATA_LISTEN"),
        "{said}"
    );
}

#[test]
fn roles_started_before_the_gateway_wait_for_it_and_create_nothing() {
    let dir = directory();
    // Nobody is there: its gateway comes later, at an address of the system's choice.
    let peer = [("ERRATA_PEERS__GATEWAY", "http://127.0.0.1:9")];
    let projector = Server::start_roles(&dir, "projector", &[]);
    let query = Server::start_roles(&dir, "query", &peer);
    let alerter = Server::start_roles(&dir, "alerter", &peer);
    for (server, what) in [
        (&projector, "waiting for the logs"),
        (&query, "waiting for the logs"),
        (&alerter, "secret.key"),
    ] {
        let said = wait_for("what it waits for", || {
            server.readiness().filter(|(_, said)| said.contains(what))
        });
        assert_eq!(said.0, 503, "{said:?}");
    }
    let (status, answer) = query.get("/api/issues");
    assert_eq!(status, 503, "{answer}");
    let mut impatient = Server::start_roles(&dir, "query", &peer);
    impatient.stop();
    let data: PathBuf = query.data_dir();
    assert!(
        !data.exists(),
        "a role that only reads made {}",
        data.display()
    );

    let gateway = Server::start_roles(&dir, "gateway", &Server::bootstrap(&[]));
    for server in [&gateway, &projector, &query] {
        server.wait_for_readiness();
    }
    let (status, _, answer) =
        Client::new(&gateway).post("/api/errors", &[("authorization", &bearer())], GOOD);
    assert_eq!(status, 202, "{answer}");
    query.wait_for_issues("", |issues| issues.len() == 1);
}

#[test]
fn a_read_model_ahead_of_what_the_logs_prove_waits_for_the_gateway() {
    let dir = directory();
    let (mut gateway, mut projector, query) = three(&dir);
    let logs = gateway.data_dir().join("log");
    let older = dir.path().join("older");
    let send = |server: &Server| {
        let headers = [("authorization", bearer())];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let (status, _, answer) = Client::new(server).post("/api/errors", &headers, GOOD);
        assert_eq!(status, 202, "{answer}");
    };
    send(&gateway);
    query.wait_for_issues("", |issues| issues.len() == 1);
    gateway.stop();
    copy(&logs, &older);
    gateway.restart();
    send(&gateway);
    query.wait_for_issues("", |issues| issues[0]["count"] == 2);
    drop(query);
    projector.stop();
    gateway.stop();

    // The logs lose their end, as if a power cut had taken it.
    std::fs::remove_dir_all(&logs).unwrap();
    copy(&older, &logs);
    let projector = Server::start_roles(&dir, "projector", &[]);
    wait_for("what it waits for", || {
        projector
            .readiness()
            .filter(|(_, said)| said.contains("the read model is at position"))
    });
    let current = gateway.data_dir().join("read-model/current");
    let kept = std::fs::read_link(&current).unwrap();

    // The gateway knows of no more either: these are not the logs it was made from.
    gateway.restart();
    projector.wait_for_readiness();
    assert_ne!(std::fs::read_link(&current).unwrap(), kept);
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .unwrap();
    assert!(copied.success());
}

#[test]
fn an_alerter_without_the_data_directory_shows_the_given_token() {
    let mailbox = Mailbox::start(0);
    let token = "an internal token of this test".replace(' ', "-") + "0123456789";
    let env = Server::bootstrap(&[("ERRATA_INTERNAL_TOKEN", &token)]);
    let server = Server::start_roles(&directory(), "gateway,projector,query", &env);
    server.wait_for_readiness();
    let smtp = mailbox.url();
    let alerter = |token: &str| {
        Server::start_roles(
            &directory(),
            "alerter",
            &[
                ("ERRATA_PEERS__GATEWAY", &server.url),
                ("ERRATA_PEERS__QUERY", &server.url),
                ("ERRATA_INTERNAL_TOKEN", token),
                ("ERRATA_SMTP__URL", &smtp),
            ],
        )
    };
    let stranger = alerter("somebody-elses-internal-token-0123456789");
    let said = wait_for("a refusal", || {
        stranger
            .readiness()
            .filter(|(_, said)| said.contains("internal token is wrong"))
    });
    assert_eq!(said.0, 503);
    let welcome = alerter(&token);
    welcome.wait_for_readiness();
    let (status, _, answer) =
        Client::new(&server).post("/api/errors", &[("authorization", &bearer())], GOOD);
    assert_eq!(status, 202, "{answer}");
    mailbox.wait_for_mails(1);
}

/// Clients of one address that begin and do not go on, through the query role.
#[test]
fn silent_senders_through_the_query_role_keep_nobody_out_and_are_given_up() {
    let dir = directory();
    let limits = [
        ("ERRATA_LIMITS__BODY_READ_TIMEOUT_MS", "5000"),
        ("ERRATA_LIMITS__STREAM_TIMEOUT_MS", "5000"),
    ];
    let gateway = Server::start_roles(&dir, "gateway", &Server::bootstrap(&limits));
    let projector = Server::start_roles(&dir, "projector", &[]);
    let mut env = limits.to_vec();
    env.push(("ERRATA_PEERS__GATEWAY", &gateway.url));
    let query = Server::start_roles(&dir, "query", &env);
    for server in [&gateway, &projector, &query] {
        server.wait_for_readiness();
    }
    let attacker = Ipv4Addr::new(127, 0, 0, 2);
    let connect = || wire::connect_from(attacker, wire::address(&query), DEADLINE).unwrap();
    let with_key = bearer();
    let mut held = Vec::new();
    // More than all turns there are.
    for number in 0..18 {
        let method = ["SendErrors", "StreamErrors"][number % 2];
        let path = format!("/errata.v1.IngestService/{method}");
        let mut bytes = h2::preface();
        for stream in 0..60 {
            let head = h2::grpc_head(&path, &with_key);
            bytes.extend(h2::headers(2 * stream + 1, &head, false));
        }
        let mut stream = connect();
        let _ = stream.write_all(&bytes);
        held.push(stream);
    }
    let in_flight = || query.metric("errata_forwards_in_flight");
    wait_for("the attackers' share to be used up", || {
        (in_flight() >= 512.0).then_some(())
    });
    // By HTTP/1.1 and by HTTP/2, from another address.
    let client = Client::new(&query);
    for _ in 0..5 {
        let (status, _, answer) = client.post("/api/errors", &[("authorization", &with_key)], GOOD);
        assert_eq!(status, 202, "{answer}");
    }
    stream_through(&query);
    assert!(in_flight() >= 1.0, "they are still there");
    wait_for("all of them to be given up", || {
        (in_flight() == 0.0).then_some(())
    });
    query.wait_for_issues("", |issues| issues.len() == 2);
    drop(held);
}
