#![allow(clippy::unwrap_used)]

use axum::routing::{get, post};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};

use super::*;

/// Every phase is over in a moment.
const HASTE: Patience = Patience {
    first_head: Duration::from_millis(50),
    next_head: Duration::from_millis(50),
    idle: Duration::from_millis(80),
    unread: Duration::from_millis(80),
    pause: Duration::from_millis(50),
    sending: Duration::from_millis(100),
    look_every: Duration::from_millis(10),
    drain: Duration::from_millis(50),
};
/// Longest wait for a condition.
const DEADLINE: Duration = Duration::from_mins(1);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/large", get(|| async { vec![7_u8; 8 << 20] }))
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/taken", post(|body: String| async move { body }))
        .route("/broken", get(broken))
}

async fn broken() -> &'static str {
    panic!("a defect")
}

/// A connection to a server that is in haste.
fn connect(connections: &Connections) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    connections.serve(theirs, Some(SocketAddr::from(([10, 0, 0, 1], 1))));
    ours
}

async fn until_closed(what: &str, connections: &Connections) {
    let closed = async {
        while connections.places.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let closed = tokio::time::timeout(DEADLINE, closed).await;
    assert!(closed.is_ok(), "{what} is never closed");
}

/// All that is answered until the end.
async fn all(mut stream: DuplexStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whatever a client begins and does not go on with, its place is free in time.
#[tokio::test]
async fn every_phase_comes_to_its_end() {
    let text = |text: &str| text.as_bytes().to_vec();
    // A whole head by HPACK's static table: GET http / a.
    let request = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
    let call = b"\0\0\x06\x01\x04\0\0\0\x01\x83\x86\x84\x41\x01a";
    for (what, sent) in [
        ("silence", Vec::new()),
        ("a part of the preface", PREFACE[..10].to_vec()),
        ("the preface alone", PREFACE.to_vec()),
        ("a part of a head", text("GET / HTTP/1.1\r\nho")),
        ("keep-alive", text(GET)),
        ("a second head in part", text(&format!("{GET}GET / HT"))),
        (
            "a body that does not come",
            text("POST /taken HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc"),
        ),
        (
            "an answer that is not read",
            text("GET /large HTTP/1.1\r\nhost: a\r\n\r\n"),
        ),
        (
            "a request of HTTP/2 and nothing more",
            [PREFACE, request].concat(),
        ),
        (
            "a call of HTTP/2 without its body",
            [PREFACE, call].concat(),
        ),
    ] {
        let connections = Connections::with("test", router(), Bounds::SMALL, HASTE);
        let mut stream = connect(&connections);
        stream.write_all(&sent).await.unwrap();
        until_closed(what, &connections).await;
    }
}

/// Pings alone are no reason to stay.
#[tokio::test]
async fn a_client_that_only_answers_pings_is_closed() {
    let connections = Connections::with("test", router(), Bounds::SMALL, HASTE);
    let (mut reading, mut writing) = tokio::io::split(connect(&connections));
    let request = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
    writing
        .write_all(&[PREFACE, request].concat())
        .await
        .unwrap();
    let pings = tokio::spawn(async move {
        loop {
            let ping = b"\0\0\x08\x06\0\0\0\0\0pingping";
            if writing.write_all(ping).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        let _ = reading.read_to_end(&mut bytes).await;
    });
    until_closed("a connection of pings", &connections).await;
    pings.await.unwrap();
}

/// The end does not wait for connections that do nothing, nor for ever for those that
/// are at work.
#[tokio::test]
async fn shutdown_ends_whatever_connections_do() {
    let patience = Patience {
        drain: HASTE.drain,
        ..Patience::USUAL
    };
    let connections = Connections::with("test", router(), Bounds::SMALL, patience);
    let mut held = Vec::new();
    for sent in [
        "",
        "PRI * HT",
        "GET / HT",
        GET,
        "GET /never HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        let mut stream = connect(&connections);
        stream.write_all(sent.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let places = Arc::clone(&connections.places);
    let drained = tokio::time::timeout(DEADLINE, connections.drain()).await;
    assert!(drained.is_ok(), "the end never came");
    assert_eq!(places.connections(), 0);
}

#[tokio::test]
async fn a_panic_in_a_route_costs_its_own_request() {
    let connections = Connections::with("test", router(), Bounds::SMALL, HASTE);
    let mut stream = connect(&connections);
    let both = format!("GET /broken HTTP/1.1\r\nhost: a\r\n\r\n{GET}");
    stream.write_all(both.as_bytes()).await.unwrap();
    let said = all(stream).await;
    assert!(
        said.starts_with("HTTP/1.1 500") && said.contains("HTTP/1.1 200"),
        "{said}"
    );
}

/// What is logged while it lives, on this thread.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a person quotes of a failure finds it in the log, whatever failed.
#[tokio::test]
async fn every_answer_has_an_id_and_a_failure_is_logged_under_it() {
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let router = router()
        .route("/warns", get(|| async { tracing::warn!("on the way") }))
        .route(
            "/call",
            get(|| async { tonic::Status::internal("a defect").into_http::<Body>() }),
        );
    for (head, of_log) in [
        ("GET / HTTP/1.1\r\nhost: a", None),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b", None),
        ("GET /nowhere HTTP/1.1\r\nhost: a", None),
        ("GET /warns HTTP/1.1\r\nhost: a", Some("on the way")),
        ("GET /broken HTTP/1.1\r\nhost: a", Some("a request failed")),
        ("GET /call HTTP/1.1\r\nhost: a", Some("grpc_status=\"13\"")),
        (
            "GET /broken HTTP/1.1\r\nhost: a\r\nx-request-id: 00112233445566778899aabbccddeeff",
            Some("path=\"/broken\""),
        ),
    ] {
        let connections = Connections::with("test", router.clone(), Bounds::SMALL, HASTE);
        let mut stream = connect(&connections);
        stream
            .write_all(format!("{head}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let said = all(stream).await;
        let (_, rest) = said.split_once("x-request-id: ").unwrap();
        let id = &rest[..32];
        assert!(!head.contains("x-request-id") || head.ends_with(id), "{id}");
        let log = String::from_utf8(std::mem::take(&mut *logged.0.lock())).unwrap();
        let lines: Vec<_> = log.lines().filter(|line| line.contains(id)).collect();
        match of_log {
            Some(what) => assert!(
                lines.iter().any(|line| line.contains(what)),
                "{head}: {log}"
            ),
            None => assert!(lines.is_empty(), "{head}: {log}"),
        }
    }
}

#[tokio::test]
async fn heads_without_one_host_and_heads_beyond_the_bound_are_refused() {
    let long = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "y".repeat(20_000)
    );
    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
        (long.as_str(), "431"),
    ] {
        let connections = Connections::with("test", router(), Bounds::SMALL, HASTE);
        let mut stream = connect(&connections);
        // The server may have closed before all of it was written.
        let _ = stream.write_all(head.as_bytes()).await;
        let said = all(stream).await;
        assert_eq!(said.get(9..12), Some(status), "{said}");
    }
}

#[tokio::test]
async fn requests_beyond_the_bound_hear_503_and_the_turn_is_free_again() {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, waits) = (Arc::clone(&began), Arc::clone(&go));
    let work = move || {
        let (begins, waits) = (Arc::clone(&begins), Arc::clone(&waits));
        async move {
            begins.notify_one();
            waits.notified().await;
        }
    };
    let bounds = Bounds {
        requests: 1,
        ..Bounds::SMALL
    };
    let router = Router::new().route("/", get(work));
    let connections = Connections::with("test", router, bounds, Patience::USUAL);
    let status = async |stream: &mut DuplexStream| {
        let mut said = [0; 12];
        stream.read_exact(&mut said).await.unwrap();
        String::from_utf8_lossy(&said[9..]).into_owned()
    };
    let mut first = connect(&connections);
    first.write_all(GET.as_bytes()).await.unwrap();
    began.notified().await;
    let mut second = connect(&connections);
    second.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(status(&mut second).await, "503");
    go.notify_one();
    assert_eq!(status(&mut first).await, "200");
    drop(first);
    let mut third = connect(&connections);
    third.write_all(GET.as_bytes()).await.unwrap();
    began.notified().await;
    go.notify_one();
    assert_eq!(status(&mut third).await, "200");
}
