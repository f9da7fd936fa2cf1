//! What official SDKs and browsers send beside errors, to where people see it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

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

/// In a directory that was there before, open to everybody, nothing is made that others
/// may read, and somebody is told of what they may.
#[test]
fn what_is_stored_is_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let server = Server::start_in(&data, &[]);
    let mut folders = vec![data];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Files come and go while the server works.
            let Ok(found) = fs::symlink_metadata(&path) else {
                continue;
            };
            let mode = found.permissions().mode();
            let is_open = mode & 0o077 != 0;
            assert!(found.is_symlink() || !is_open, "{path:?} {mode:o}");
            files += u32::from(found.is_file());
            if found.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(files > 5, "{files} files");
    assert!(
        server.said().contains("others on this host"),
        "{}",
        server.said()
    );
}
