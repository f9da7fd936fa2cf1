//! Measures reads: appends events to a log, replays it, starts a server over it, and asks what
//! people ask, while a load of events comes in.
//!
//! `target/release/read_speed [EVENTS] [--dir DIR] [--errata PATH] [--load PATH] [--rate 1000]`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use benches::{
    drain::resident_anonymous_bytes,
    reads::{self, QUESTIONS},
    server::process::free_address,
};
use clap::Parser;
use event_log::{LogConfig, LogWriter};
use hdrhistogram::Histogram;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "errata_bench_token_0123456789";
/// Times each question is asked.
const ASKED: u64 = 100;
/// Before that, uncounted.
const WARM: u64 = 3;
const READY_MAX: Duration = Duration::from_mins(3);

/// How fast one reads among so many events.
#[derive(Parser)]
struct Args {
    /// How many.
    #[arg(default_value_t = 1_000_000)]
    events: u64,
    /// An empty directory that the data stay in; none: a temporary one.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The server.
    #[arg(long, default_value = "target/release/errata")]
    errata: PathBuf,
    /// The load generator.
    #[arg(long, default_value = "target/release/load")]
    load: PathBuf,
    /// Events a second that come in meanwhile; 0: none.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// The data are there already.
    #[arg(long)]
    ready: bool,
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(args: &Args, dir: &Path) -> Result<Self> {
        let (address, metrics) = (free_address()?, free_address()?);
        let child = Command::new(&args.errata)
            .args(["serve", "--data-dir"])
            .arg(dir)
            .args(["--listen", &address, "--metrics-listen", &metrics])
            .env("ERRATA_BOOTSTRAP_KEY", KEY)
            .env("ERRATA_BOOTSTRAP_TOKEN", TOKEN)
            .env("ERRATA_BOOTSTRAP_OWNER", "bench@example.com:bench-password")
            .env("ERRATA_LIMITS__ENABLED", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", args.errata.display()))?;
        let server = Self { child, address };
        let began = Instant::now();
        while ureq(&server.address, "/api/issues?limit=1").is_err() {
            if began.elapsed() > READY_MAX {
                bail!("the server is not ready after {READY_MAX:?}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One GET; the time it took and the bytes.
fn ureq(address: &str, path: &str) -> Result<(Duration, usize)> {
    let http = CLIENT.with(Clone::clone);
    let began = Instant::now();
    let answer = RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let answer = http
                .get(format!("http://{address}{path}"))
                .bearer_auth(TOKEN)
                .send()
                .await?;
            let status = answer.status();
            let bytes = answer.bytes().await?;
            anyhow::Ok((status, bytes))
        })
    });
    let (status, bytes) = answer?;
    if !status.is_success() {
        bail!(
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
    Ok((began.elapsed(), bytes.len()))
}

thread_local! {
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime without threads can be made");
    static CLIENT: reqwest::Client = reqwest::Client::new();
}

fn main() -> Result<()> {
    let args = Args::parse();
    let temporary = tempfile::tempdir()?;
    let dir = args
        .dir
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    if !args.ready {
        // The first start makes the project, its key and the token.
        Server::start(&args, &dir)?.stop()?;
        let log = LogWriter::open(LogConfig::new(dir.join("log")))?;
        let now_ns = ground::Clock::MACHINE.now_ns();
        let began = Instant::now();
        reads::append(&log, args.events, now_ns)?;
        println!(
            "appended {} events in {:.1} s",
            args.events,
            began.elapsed().as_secs_f64()
        );
        drop(log);
        let replayed = Command::new(&args.errata)
            .arg("replay")
            .arg("--data-dir")
            .arg(&dir)
            .output()?;
        println!("{}", String::from_utf8_lossy(&replayed.stdout).trim());
        if !replayed.status.success() {
            bail!("{}", String::from_utf8_lossy(&replayed.stderr));
        }
    }
    let server = Server::start(&args, &dir)?;
    let mut load = None;
    if args.rate > 0 {
        let seconds = "3600";
        let rate = args.rate.to_string();
        let started = Command::new(&args.load)
            .args([
                "--address",
                &server.address,
                "--rate",
                &rate,
                "--seconds",
                seconds,
            ])
            .stdout(Stdio::null())
            .spawn()?;
        load = Some(started);
        std::thread::sleep(Duration::from_secs(3));
    }
    println!(
        "| question | p50 ms | p99 ms | most ms | bytes |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for (what, path) in QUESTIONS {
        let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        let mut bytes = 0;
        for n in 0..WARM + ASKED {
            let id = reads::id_of(n * 7_919 % args.events);
            let (took, length) = ureq(&server.address, &path.replace("{id}", &id))?;
            bytes = length;
            if n >= WARM {
                times.saturating_record(u64::try_from(took.as_micros())?);
            }
        }
        let ms = |us: u64| us as f64 / 1_000.0;
        println!(
            "| {what} | {:.1} | {:.1} | {:.1} | {bytes} |",
            ms(times.value_at_quantile(0.5)),
            ms(times.value_at_quantile(0.99)),
            ms(times.max())
        );
    }
    let memory = resident_anonymous_bytes(server.child.id())?;
    println!("anonymous memory {} MiB", memory / 1024 / 1024);
    if let Some(mut load) = load {
        let _ = load.kill();
        let _ = load.wait();
    }
    server.stop()?;
    for part in ["log", "read-model", "cold"] {
        let bytes = disk_bytes(&dir.join(part))?;
        println!("{part}: {} bytes an event", bytes / args.events.max(1));
    }
    Ok(())
}

/// What files take, as far as they are written.
fn disk_bytes(dir: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(0);
    };
    for entry in entries {
        let entry = entry?;
        let meta = entry.metadata()?;
        sum += if meta.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            meta.blocks() * 512
        };
    }
    Ok(sum)
}
