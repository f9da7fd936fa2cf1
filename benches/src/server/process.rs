//! A server in a process of its own: started, looked at through `/proc`, ended.
//!
//! Invariant: it runs in an empty directory of its own, which is removed with it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A server that does not answer by then is given up.
const READY_MAX: Duration = Duration::from_secs(30);
/// One that has not ended by then is killed.
const END_MAX: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A file is read backwards in pieces of so many bytes.
const PIECE_BYTES: usize = 256 * 1024;
/// Counters of a file's room on disk are in blocks of so many bytes, whatever the disk's are.
const BLOCK_BYTES: u64 = 512;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    dir: TempDir,
}

/// Nanoseconds on a processor, by the name of the thread without its number.
pub type CpuByThread = BTreeMap<String, u64>;

/// An address that nobody listens on.
pub fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr()?.to_string())
}

impl Server {
    /// Starts `program` in a new directory below `under`; `prepare` may name arguments and
    /// variables, and is told the directory.
    pub fn start(
        program: &Path,
        under: &Path,
        prepare: impl FnOnce(&mut Command, &Path),
    ) -> Result<Self> {
        let program = fs::canonicalize(program)
            .with_context(|| format!("{}: build it first", program.display()))?;
        let dir = TempDir::new_in(under).context("make a directory")?;
        let mut command = Command::new(&program);
        command.current_dir(dir.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut command, dir.path());
        let child = command
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        Ok(Self { child, dir })
    }

    /// Waits until `address` takes a connection; how long that took.
    pub fn wait_ready(&mut self, address: &str) -> Result<Duration> {
        let start = Instant::now();
        while start.elapsed() < READY_MAX {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(start.elapsed());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("{address} does not answer after {READY_MAX:?}")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Time on processors so far. Threads that have ended are not in it.
    pub fn cpu_by_thread(&self) -> Result<CpuByThread> {
        let mut by_thread = CpuByThread::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let task = task?.path();
            // It may have ended since.
            let Ok(name) = fs::read_to_string(task.join("comm")) else {
                continue;
            };
            let Ok(times) = fs::read_to_string(task.join("schedstat")) else {
                continue;
            };
            let first = times.split(' ').next().unwrap_or_default();
            let on_cpu_ns: u64 = first.parse().context("nanoseconds in schedstat")?;
            *by_thread.entry(kind_of(&name)).or_default() += on_cpu_ns;
        }
        Ok(by_thread)
    }

    /// Bytes of the files below `part` of its directory: as far as anything was written, and
    /// as much room as they take. Segments of the log are allocated ahead, zeros.
    pub fn disk_bytes(&self, part: &str) -> (u64, u64) {
        let mut sum = (0, 0);
        let mut folders = vec![self.dir.path().join(part)];
        while let Some(folder) = folders.pop() {
            let files = fs::read_dir(&folder).into_iter().flatten().flatten();
            for file in files {
                let Ok(meta) = file.metadata() else { continue };
                if meta.is_dir() {
                    folders.push(file.path());
                } else {
                    use std::os::unix::fs::MetadataExt;
                    sum.0 += written_bytes(&file.path(), meta.len());
                    sum.1 += meta.blocks() * BLOCK_BYTES;
                }
            }
        }
        sum
    }

    /// Asks it to end and waits; how long that took.
    pub fn end(&mut self) -> Result<(ExitStatus, Duration)> {
        let start = Instant::now();
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).context("ask the server to end")?;
        while start.elapsed() < END_MAX {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, start.elapsed()));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("the server has not ended after {END_MAX:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or it is given up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A thread's name without the number at its end.
fn kind_of(name: &str) -> String {
    let name = name.trim_end();
    let end = name.trim_end_matches(|c: char| c.is_ascii_digit());
    end.trim_end_matches('-').to_owned()
}

/// What was used between two looks.
pub fn used(before: &CpuByThread, after: &CpuByThread) -> CpuByThread {
    let since = |(name, ns): (&String, &u64)| {
        let used = ns.saturating_sub(before.get(name).copied().unwrap_or_default());
        (name.clone(), used)
    };
    after.iter().map(since).filter(|(_, ns)| *ns > 0).collect()
}

/// Where a program is, if it is installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// Where the last byte of a file stands that is not zero; its length, if it cannot be read.
fn written_bytes(path: &Path, length: u64) -> u64 {
    let found = fs::File::open(path).and_then(|file| {
        let mut end = length;
        let mut piece = vec![0; PIECE_BYTES];
        while end > 0 {
            let from = end.saturating_sub(PIECE_BYTES as u64);
            let piece = &mut piece[..(end - from) as usize];
            std::os::unix::fs::FileExt::read_exact_at(&file, piece, from)?;
            if let Some(last) = piece.iter().rposition(|byte| *byte != 0) {
                return Ok(from + last as u64 + 1);
            }
            end = from;
        }
        Ok(0)
    });
    found.unwrap_or(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_told_apart_by_what_they_are() {
        for (name, kind) in [
            ("errata-body-3\n", "errata-body"),
            ("tokio-rt-worker\n", "tokio-rt-worker"),
            ("log-writer", "log-writer"),
            ("7", ""),
        ] {
            assert_eq!(kind_of(name), kind);
        }
    }

    #[test]
    fn what_was_used_is_the_difference() {
        let of = |entries: &[(&str, u64)]| -> CpuByThread {
            let owned = entries.iter().map(|(name, ns)| ((*name).to_owned(), *ns));
            owned.collect()
        };
        let used = used(
            &of(&[("a", 5), ("b", 7)]),
            &of(&[("a", 9), ("b", 7), ("c", 2)]),
        );
        assert_eq!(used, of(&[("a", 4), ("c", 2)]));
    }

    #[test]
    fn a_server_is_started_looked_at_and_ended() -> Result<()> {
        let under = TempDir::new()?;
        let mut server = Server::start(Path::new("/bin/sleep"), under.path(), |command, dir| {
            command.arg("600");
            // Written, and allocated ahead.
            let bytes = [vec![1; 1000], vec![0; 2 * PIECE_BYTES]].concat();
            fs::write(dir.join("file"), bytes).unwrap_or_default();
        })?;
        assert_eq!(server.disk_bytes("").0, 1000);
        assert_eq!(server.cpu_by_thread()?.len(), 1);
        let (status, _) = server.end()?;
        assert!(!status.success());
        Ok(())
    }
}
