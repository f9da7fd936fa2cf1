//! The captured requests, one a line, and what is expected of them.

use std::{collections::HashMap, fs, io::Read, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// One request as it came over the wire.
pub(crate) struct Request {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) scenario: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Those that a server looks at.
    pub(crate) headers: Vec<(String, String)>,
    /// As it was sent.
    pub(crate) sent: Vec<u8>,
    /// Decompressed.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// For messages of failed tests.
    pub(crate) fn place(&self) -> String {
        format!("{}:{} {}", self.file, self.line, self.scenario)
    }

    /// A report of a browser, no SDK's envelope or event.
    pub(crate) fn is_report(&self) -> bool {
        self.path.contains("/security/") || self.path.contains("/csp-report/")
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

fn lines(name: &str) -> Vec<Value> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(folder().join(name)).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// All requests, in the order of their files' names.
pub(crate) fn requests() -> Vec<Request> {
    let names = fs::read_dir(folder()).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("expected"))
        .collect();
    names.sort();
    let mut requests = Vec::new();
    for name in names {
        for line in lines(&name) {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            let sent = STANDARD.decode(text("body_b64")).unwrap();
            let headers = line["headers"].as_array().unwrap().iter().map(|pair| {
                let part = |at: usize| pair[at].as_str().unwrap().to_owned();
                (part(0), part(1))
            });
            requests.push(Request {
                file: name.trim_end_matches(".gz").to_owned(),
                line: line["line"].as_u64().unwrap(),
                scenario: text("scenario"),
                method: text("method"),
                path: text("path"),
                query: text("query"),
                headers: headers.collect(),
                body: decode(&sent, &text("content_encoding")),
                sent,
            });
        }
    }
    requests
}

/// What is expected of the items of each request, by file and line.
pub(crate) fn expected() -> HashMap<(String, u64), Vec<Value>> {
    let mut expected: HashMap<_, Vec<Value>> = HashMap::new();
    for line in lines("expected.jsonl.gz") {
        let file = line["file"].as_str().unwrap().to_owned();
        let key = (file, line["line"].as_u64().unwrap());
        expected.entry(key).or_default().push(line);
    }
    expected
}

/// Whether an expected item is an error or a message: what is stored as an event.
pub(crate) fn is_error(wanted: &Value) -> bool {
    let transaction = wanted["type"] == "transaction" || wanted["item"] == "transaction";
    !transaction && wanted["item"] != "feedback"
}

fn decode(sent: &[u8], encoding: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let mut reader: Box<dyn Read> = match encoding {
        "" => Box::new(sent),
        "gzip" => Box::new(flate2::read::GzDecoder::new(sent)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(sent)),
        "br" => Box::new(brotli::Decompressor::new(sent, 4096)),
        other => panic!("encoding {other}"),
    };
    reader.read_to_end(&mut body).unwrap();
    body
}
