//! A real SMTP server (aiosmtpd) that writes each mail as one JSON line.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

use super::{client::python_binary, wait_for};

pub(crate) struct Mailbox {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    port: u16,
}

impl Mailbox {
    /// Starts the server on `port`; 0: a free one.
    pub(crate) fn start(port: u16) -> Self {
        let script =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/smtp_server.py");
        let mut child = Command::new(python_binary())
            .arg(script)
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let reader = BufReader::new(child.stdout.take().unwrap());
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let sink = lines.clone();
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                sink.lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).unwrap());
            }
        });
        let port = wait_for("the SMTP server's port", || {
            lines
                .lock()
                .unwrap()
                .first()
                .and_then(|line| line["port"].as_u64())
        });
        Self {
            child,
            lines,
            port: u16::try_from(port).unwrap(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// All mails so far, oldest first.
    pub(crate) fn mails(&self) -> Vec<Value> {
        self.lines.lock().unwrap().iter().skip(1).cloned().collect()
    }

    /// Waits until there are `count`.
    pub(crate) fn wait_for_mails(&self, count: usize) -> Vec<Value> {
        wait_for(&format!("{count} mails"), || {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
