//! What official SDKs and browsers send beside errors, to where people see it.

use serde_json::Value;

use crate::support::{Client, Server, python, wait_for};

fn event(server: &Server, id: &str) -> Value {
    let path = format!("/api/errors/{}", id.trim());
    wait_for(&path, || {
        let (status, event) = server.get(&path);
        let has_files = event["attachments"]
            .as_array()
            .is_some_and(|files| !files.is_empty());
        Some(event).filter(|_| status == 200 && has_files)
    })
}

#[test]
fn files_of_the_python_sdk_are_listed_and_come_back_byte_for_byte() {
    let server = Server::start();
    let id = python("sentry_extras.py", &[&server.dsn()]);
    let event = event(&server, &id);
    let files = event["attachments"].as_array().unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["notes.txt", "data.bin"]);
    assert_eq!(files[0]["content_type"], "text/plain");
    assert_eq!(files[1]["size_bytes"], 256);
    let path = |number| format!("/api/errors/{}/attachments/{number}", id.trim());
    let client = Client::new(&server);
    let (status, headers, bytes) = client.download(&path(0));
    assert_eq!((status, bytes.as_slice()), (200, &b"line 1\nline 2\n"[..]));
    assert_eq!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .split(';')
            .next(),
        Some("attachment")
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(client.download(&path(1)).2, (0..=255).collect::<Vec<u8>>());
    assert_eq!(client.download(&path(2)).0, 404);
}
