//! The built binary as a child process.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use super::wait_for;

/// The first project's key.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
/// The owner's API token.
pub(crate) const TOKEN: &str = "errata_test_token_0123456789";
pub(crate) const OWNER_EMAIL: &str = "owner@example.com";
pub(crate) const OWNER_PASSWORD: &str = "correct horse battery";

/// All of them, in one process.
const ALL_ROLES: &str = "gateway,projector,query,alerter";

/// A running (or killed) process of the server with its data.
pub(crate) struct Server {
    child: Option<Child>,
    /// Kept for as long as the server's data is needed; none when they are elsewhere.
    dir: Option<Arc<TempDir>>,
    data_dir: PathBuf,
    roles: &'static str,
    env: Vec<(String, String)>,
    pub(crate) url: String,
    pub(crate) metrics_url: String,
    pub(crate) output: Arc<Mutex<String>>,
}

/// `errata` with these arguments, ended.
pub(crate) fn errata(data_dir: &Path, args: &[&str]) -> Output {
    command(data_dir).args(args).output().unwrap()
}

/// The same with more variables.
pub(crate) fn errata_with(data_dir: &Path, env: &[(&str, String)], args: &[&str]) -> Output {
    let env = env.iter().map(|(name, value)| (*name, value));
    command(data_dir).envs(env).args(args).output().unwrap()
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_errata"));
    // Nothing of the developer's own environment or configuration leaks in.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ERRATA_")) {
        command.env_remove(name);
    }
    command
        .current_dir(data_dir.parent().unwrap())
        .env("ERRATA_DATA_DIR", data_dir)
        // An installation of the developer's own may have the default ones.
        .env("ERRATA_LISTEN", "127.0.0.1:0")
        .env("ERRATA_METRICS__LISTEN", "127.0.0.1:0")
        // Tests send and ask more often than people do; those of limits switch them on.
        .env("ERRATA_LIMITS__ENABLED", "false");
    command
}

impl Server {
    /// A server whose first start had the bootstrap variables.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more variables.
    pub(crate) fn start_with(env: &[(&str, &str)]) -> Self {
        Self::start_bare(&Self::bootstrap(env))
    }

    /// The same with its data in `data_dir`.
    pub(crate) fn start_in(data_dir: &Path, env: &[(&str, &str)]) -> Self {
        Self::launch(None, data_dir.to_path_buf(), &Self::bootstrap(env))
    }

    /// A process with some of the roles of the installation in `dir`. It need not be
    /// ready: it may wait for another.
    pub(crate) fn start_roles(
        dir: &Arc<TempDir>,
        roles: &'static str,
        env: &[(&str, &str)],
    ) -> Self {
        let data_dir = dir.path().join("data");
        Self::launch_roles(Some(Arc::clone(dir)), data_dir, roles, env)
    }

    /// These variables and those of the first start.
    pub(crate) fn bootstrap<'a>(env: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all = vec![
            ("ERRATA_BOOTSTRAP_KEY", KEY),
            ("ERRATA_BOOTSTRAP_TOKEN", TOKEN),
            (
                "ERRATA_BOOTSTRAP_OWNER",
                "owner@example.com:correct horse battery",
            ),
        ];
        all.extend_from_slice(env);
        all
    }

    /// A server with these variables only.
    pub(crate) fn start_bare(env: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        let data_dir = dir.path().join("data");
        Self::launch(Some(Arc::new(dir)), data_dir, env)
    }

    fn launch(dir: Option<Arc<TempDir>>, data_dir: PathBuf, env: &[(&str, &str)]) -> Self {
        let server = Self::launch_roles(dir, data_dir, ALL_ROLES, env);
        server.wait_for_readiness();
        server
    }

    fn launch_roles(
        dir: Option<Arc<TempDir>>,
        data_dir: PathBuf,
        roles: &'static str,
        env: &[(&str, &str)],
    ) -> Self {
        let mut server = Self {
            child: None,
            dir,
            data_dir,
            roles,
            env: env
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            url: "http://127.0.0.1:0".to_owned(),
            metrics_url: String::new(),
            output: Arc::default(),
        };
        server.spawn();
        server
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone()
    }

    /// The DSN of project 1.
    pub(crate) fn dsn(&self) -> String {
        self.url.replacen("http://", &format!("http://{KEY}@"), 1) + "/1"
    }

    fn spawn(&mut self) {
        self.output.lock().unwrap().clear();
        let listen = self.url.trim_start_matches("http://").to_owned();
        let mut child = command(&self.data_dir())
            .args(["serve", "--roles", self.roles])
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .env("ERRATA_LISTEN", listen)
            .env("ERRATA_METRICS__LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let readers: [Box<dyn BufRead + Send>; 2] = [
            Box::new(BufReader::new(child.stdout.take().unwrap())),
            Box::new(BufReader::new(child.stderr.take().unwrap())),
        ];
        for reader in readers {
            let output = self.output.clone();
            thread::spawn(move || {
                for line in reader.lines().map_while(Result::ok) {
                    let mut output = output.lock().unwrap();
                    output.push_str(&line);
                    output.push('\n');
                }
            });
        }
        self.child = Some(child);
        if self.roles.contains("query") {
            self.url = self.banner("Web UI");
        } else if self.roles.contains("gateway") {
            self.url = self.banner("Ingest");
        }
        let metrics = self.banner("Metrics");
        metrics
            .trim_end_matches("/metrics")
            .clone_into(&mut self.metrics_url);
    }

    /// Status and text of `/readyz`.
    pub(crate) fn readiness(&self) -> Option<(u16, String)> {
        reqwest_get(&format!("{}/readyz", self.metrics_url))
    }

    pub(crate) fn wait_for_readiness(&self) {
        wait_for("readiness", || {
            self.readiness().filter(|(status, _)| *status == 200)
        });
    }

    /// All that it has said so far.
    pub(crate) fn said(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The value of a line of the start-up banner.
    pub(crate) fn banner(&self, label: &str) -> String {
        wait_for(
            &format!(
                "{label:?} in the banner of\n{}",
                self.output.lock().unwrap()
            ),
            || {
                let output = self.output.lock().unwrap();
                let line = output
                    .lines()
                    .find_map(|line| line.trim_start().strip_prefix(label))?;
                line.split_whitespace().next().map(str::to_owned)
            },
        )
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM; the process must end well.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let ended = Command::new("kill")
            .arg("-TERM")
            .arg(child.id().to_string())
            .status()
            .unwrap();
        assert!(ended.success());
        let status = wait_for("the end after SIGTERM", || child.try_wait().unwrap());
        assert!(
            status.success(),
            "{status}: {}",
            self.output.lock().unwrap()
        );
    }

    /// A variable of its next start.
    pub(crate) fn set(&mut self, variable: &str, value: &str) {
        self.env.push((variable.to_owned(), value.to_owned()));
    }

    /// Starts again on the same port with the same data.
    pub(crate) fn restart(&mut self) {
        self.restart_unready();
        self.wait_for_readiness();
    }

    /// The same, but it need not be ready to serve: its disk may be full.
    pub(crate) fn restart_unready(&mut self) {
        assert!(self.child.is_none(), "stop or kill it first");
        self.spawn();
    }

    /// Waits until the server has ended by itself, and not well: its disk is gone.
    pub(crate) fn wait_for_failure(&mut self) {
        let mut child = self.child.take().unwrap();
        let status = wait_for("the end without a disk", || child.try_wait().unwrap());
        assert!(!status.success(), "{}", self.output.lock().unwrap());
    }

    /// GET with the owner's token: status and JSON.
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let client = super::Client::new(self);
        client.get(path)
    }

    /// One scrape.
    pub(crate) fn metrics(&self) -> String {
        self.metrics_if_up().unwrap()
    }

    /// One scrape, unless the process has ended.
    pub(crate) fn metrics_if_up(&self) -> Option<String> {
        let (status, text) = reqwest_get(&format!("{}/metrics", self.metrics_url))?;
        assert_eq!(status, 200, "{text}");
        Some(text)
    }

    /// The one metric line that begins with `name`, as a number; 0 if there is none.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.metrics();
        text.lines()
            .filter(|line| line.starts_with(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits until issues matching `query` satisfy `accept`, and returns them.
    pub(crate) fn wait_for_issues(
        &self,
        query: &str,
        accept: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        wait_for(
            &format!(
                "issues ({query}); server said\n{}",
                self.output.lock().unwrap()
            ),
            || {
                let (status, body) = self.get(&format!("/api/issues?{query}"));
                assert_eq!(status, 200, "{body}");
                let issues = body["issues"].as_array().unwrap().clone();
                accept(&issues).then_some(issues)
            },
        )
    }
}

fn reqwest_get(url: &str) -> Option<(u16, String)> {
    super::client::block_on(async {
        let response = reqwest::get(url).await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            eprintln!("--- the server said:\n{}", self.output.lock().unwrap());
            if let (Some(dir), Some(keep)) = (&self.dir, std::env::var_os("ERRATA_TEST_KEEP")) {
                let _ = fs::rename(dir.path(), keep);
            }
        }
    }
}
