//! A bucket of an S3-compatible server of its own: moto, in the tests' Python.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use super::{
    client::{block_on, python_binary},
    wait_for,
};

const NAME: &str = "errata-backups";

/// See the module; it ends when this is dropped.
pub(crate) struct Bucket {
    child: Child,
    endpoint: String,
}

impl Bucket {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(python_binary())
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let endpoint = lines
            .find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()))
            .expect("the address of moto");
        // It says a line a request.
        thread::spawn(move || lines.for_each(drop));
        let bucket = Self { child, endpoint };
        wait_for("a bucket", || {
            let made = reqwest::Client::new().put(format!("{}/{NAME}", bucket.endpoint));
            let made = block_on(async { Some(made.send().await.ok()?.status()) })?;
            made.is_success().then_some(())
        });
        bucket
    }

    /// A folder of it.
    pub(crate) fn url(folder: &str) -> String {
        format!("s3://{NAME}/{folder}")
    }

    /// What the environment says of it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        Self::variables_of(&self.endpoint)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://")
    }

    /// What the environment says of a bucket that is reached there.
    pub(crate) fn variables_of(endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", endpoint.to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "id".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ]
    }

    /// From now on it looks at who comes, and knows nobody: it has no users.
    pub(crate) fn guard(&self) {
        self.let_in_unseen("0");
    }

    /// Whoever comes is let in again. That it would know them by their signature cannot be
    /// tried: moto signs a prefix with a slash otherwise than clients do.
    pub(crate) fn open(&self) {
        self.let_in_unseen("inf");
    }

    fn let_in_unseen(&self, requests: &'static str) {
        let asked = reqwest::Client::new()
            .post(format!("{}/moto-api/reset-auth", self.endpoint))
            .body(requests);
        let answer = block_on(async { asked.send().await.unwrap() });
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Removes the first object below a folder.
    pub(crate) fn remove_one(&self, folder: &str) {
        let http = reqwest::Client::new();
        let (endpoint, http) = (&self.endpoint, &http);
        block_on(async {
            let list = format!("{endpoint}/{NAME}?list-type=2&prefix={folder}/files/");
            let listed = http.get(list).send().await.unwrap().text().await.unwrap();
            let key = listed.split("<Key>").nth(1).unwrap();
            let key = key.split("</Key>").next().unwrap();
            let gone = http.delete(format!("{endpoint}/{NAME}/{key}"));
            assert!(gone.send().await.unwrap().status().is_success());
        });
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
