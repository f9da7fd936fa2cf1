//! HTTP from the tests, and clients in other languages.

use std::{path::PathBuf, process::Command, sync::OnceLock};

use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Server, TOKEN};

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| Runtime::new().unwrap())
        .block_on(future)
}

/// A client of one server with the owner's token.
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            base: server.url.clone(),
            http: reqwest::Client::new(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(TOKEN);
        let (status, _, body) = send(request);
        (status, json(&body))
    }

    /// GET with the owner's token: status, headers, the body as it is.
    pub(crate) fn download(&self, path: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let request = self.http.get(format!("{}{path}", self.base));
        block_on(async {
            let response = request.bearer_auth(TOKEN).send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            (status, headers, response.bytes().await.unwrap().to_vec())
        })
    }

    /// POST with these headers: status, headers, body.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> (u16, reqwest::header::HeaderMap, Value) {
        let mut request = self.http.post(format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (status, headers, body) = send(request);
        (status, headers, json(&body))
    }
}

/// An answer in full.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The content type without its parameters; empty: none.
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

impl Client {
    /// Any request, without credentials of its own.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = headers
            .iter()
            .fold(request.body(body), |request, (name, value)| {
                request.header(*name, *value)
            });
        let (status, headers, body) = send(request);
        let content_type = headers
            .get("content-type")
            .map_or("", |value| value.to_str().unwrap());
        Answer {
            status,
            content_type: content_type.split(';').next().unwrap().to_owned(),
            body: json(&body),
        }
    }
}

fn send(request: reqwest::RequestBuilder) -> (u16, reqwest::header::HeaderMap, String) {
    block_on(async {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.text().await.unwrap())
    })
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()))
}

fn clients_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Runs `tests/clients/SCRIPT` in Node; panics with its output unless it exits 0.
pub(crate) fn node(script: &str, args: &[&str]) -> String {
    run(Command::new("node").arg(script).args(args))
}

/// Runs `tests/clients/SCRIPT` in the tests' Python.
pub(crate) fn python(script: &str, args: &[&str]) -> String {
    run(Command::new(python_binary()).arg(script).args(args))
}

pub(crate) fn python_binary() -> PathBuf {
    let binary = clients_dir().join(".venv/bin/python");
    assert!(
        binary.exists(),
        "tests/clients/.venv is missing: run `make test` once, it installs the clients"
    );
    binary
}

fn run(command: &mut Command) -> String {
    let output = command.current_dir(clients_dir()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
