//! The loops: kill the writer, or cut its disk's power, and hold what is found against the ledger, again and again
//! on the same log, then on a fresh one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use log_core::Log;

use super::follower::Follower;
use super::image::{Cut, FileSystem, Image};
use super::ledger::{Ledger, Violation, violation};
use super::life::Life;
use super::random::Random;
use super::tally::{Tally, add, get};
use super::writer::{config, torn_bytes};

/// Lives of one log: what the first ones left is still there, and still to be right, in the last.
const LIVES_PER_LOG: u64 = 8;
/// Room for so many lives with what recovery sets aside.
const IMAGE_MEBIBYTES: u64 = 64;
const CANARY_BYTES: usize = 4096;

/// Held while a process is started, and while a log is open in this one: a new process has a copy of every descriptor
/// until it becomes another program, and a lock on a file lives as long as its last copy.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the loops need.
pub(crate) struct Campaign<'a> {
    /// Every choice that is made here follows from it. The moments are measured in time, so a run cannot be repeated
    /// to the byte; the directory is kept instead.
    pub(crate) seed: u64,
    /// A directory of its own.
    pub(crate) dir: PathBuf,
    /// Of the disks whose power is cut.
    pub(crate) file_system: FileSystem,
    /// The program that lives as a writer when its variables are set.
    pub(crate) child: &'a (dyn Fn() -> Command + Sync),
    pub(crate) tally: &'a Tally,
    pub(crate) deadline: Instant,
}

impl Campaign<'_> {
    /// Kills `goal` writers.
    pub(crate) fn kill(&self, goal: u64) -> Result<(), Violation> {
        let mut random = Random::new(self.seed);
        let dir = self.dir.join("log");
        let mut ledger = Ledger::default();
        for life in 0..goal {
            if self.is_over() {
                break;
            }
            if life % LIVES_PER_LOG == 0 {
                ledger = self.fresh(&dir)?;
            }
            let follower = Follower::start(dir.clone());
            let mut writer = self.start(&dir, &mut random)?;
            writer.until_a_random_moment(&mut ledger, &mut random, self.tally)?;
            add(&self.tally.kills_in_open, u64::from(writer.is_opening()));
            writer.kill(&mut ledger, self.tally)?.is_by_kill()?;
            let shown = follower.stop()?;
            add(&self.tally.followed, shown.len() as u64);
            ledger.shown(&shown)?;
            self.examine(&dir, &mut ledger, &mut random)?;
            add(&self.tally.kills, 1);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.tally.broken.load(Ordering::Relaxed) || Instant::now() > self.deadline
    }

    fn fresh(&self, dir: &Path) -> Result<Ledger, Violation> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(violation!("cannot remove {}: {error}", dir.display()));
            }
            _ => {}
        }
        add(&self.tally.logs, 1);
        Ok(Ledger::default())
    }

    fn start(&self, dir: &Path, random: &mut Random) -> Result<Life, Violation> {
        let _turn = turn();
        Life::start((self.child)(), dir, random.next())
            .map_err(|error| violation!("cannot start the writer: {error}"))
    }

    /// Reads the log like any other process would, then, every second time, opens it for writing and reads it once
    /// more; the other times the next writer finds it as the crash left it.
    fn examine(
        &self,
        dir: &Path,
        ledger: &mut Ledger,
        random: &mut Random,
    ) -> Result<(), Violation> {
        let _turn = turn();
        add(&self.tally.verified, ledger.check(dir)?);
        if random.once_in(2) {
            let log = Log::open(config(dir))
                .map_err(|error| violation!("a writer cannot open the log: {error:?}"))?;
            add(&self.tally.torn_tails, u64::from(torn_bytes(&log) > 0));
            log.close()
                .map_err(|error| violation!("the log cannot be closed: {error:?}"))?;
            drop(log);
            add(&self.tally.verified, ledger.check(dir)?);
        }
        Ok(())
    }

    /// Cuts the power of `goal` writers' disks. Fails as well when no unsynced byte was ever lost: then the cuts were
    /// none, and nothing was proven.
    pub(crate) fn cut_power(&self, goal: u64) -> Result<(), Violation> {
        let mut random = Random::new(self.seed);
        let mut life = 0;
        while life < goal && !self.is_over() {
            add(&self.tally.logs, 1);
            let mut image = {
                let _turn = turn();
                Image::create(&self.dir, self.file_system, IMAGE_MEBIBYTES)
                    .map_err(|error| violation!("no image: {error}"))?
            };
            let mut ledger = Ledger::default();
            for _ in 0..LIVES_PER_LOG.min(goal - life) {
                self.cut_once(&mut image, &mut ledger, &mut random, life)?;
                add(&self.tally.cuts, 1);
                life += 1;
            }
        }
        if life > 0 && get(&self.tally.bytes_lost) == 0 {
            return Err(violation!(
                "no unsynced byte was lost in {life} power cuts: they prove nothing"
            ));
        }
        Ok(())
    }

    fn cut_once(
        &self,
        image: &mut Image,
        ledger: &mut Ledger,
        random: &mut Random,
        life: u64,
    ) -> Result<(), Violation> {
        let failed = |error: io::Error| violation!("the image fails: {error}");
        let started = turn();
        image.mount("defaults").map_err(failed)?;
        let mut canary = Canary::prepare(image.path(), life).map_err(failed)?;
        let dir = image.path().join("log");
        // The first one is the harshest, so that a short run proves something too.
        let how = match random.below(6) {
            1 if life > 0 => Cut::Synced,
            2 if life > 0 => Cut::Journal,
            _ => Cut::Nothing,
        };
        let switch = image.switch(how).map_err(failed)?;
        drop(started);
        let mut writer = self.start(&dir, random)?;
        writer.until_a_random_moment(ledger, random, self.tally)?;
        add(&self.tally.cuts_in_open, u64::from(writer.is_opening()));
        canary.sing().map_err(failed)?;
        drop(canary);
        writer.hear_the_rest(ledger, self.tally)?;
        switch.cut().map_err(failed)?;
        writer.end_without_power(ledger)?;
        let started = turn();
        image.unmount().map_err(failed)?;
        image.mount("defaults").map_err(failed)?;
        drop(started);

        let (bytes, name) = Canary::survived(image.path(), life).map_err(failed)?;
        add(&self.tally.canaries_written, 1);
        add(&self.tally.bytes_lost, u64::from(!bytes));
        add(&self.tally.names_lost, u64::from(!name));
        self.examine(&dir, ledger, random)?;
        let _turn = turn();
        image.unmount().map_err(failed)
    }
}

/// Bytes and a name that nobody syncs, written just before the power is cut: whether they survive tells what the cut
/// was worth.
struct Canary {
    file: File,
    dir: PathBuf,
    life: u64,
}

impl Canary {
    /// The file is there, with other bytes in it, durably: what can be lost are bytes alone, as in a segment.
    fn prepare(dir: &Path, life: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join("canary"))?;
        file.write_all_at(&[0; CANARY_BYTES], 0)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        let dir = dir.to_path_buf();
        Ok(Self { file, dir, life })
    }

    fn sing(&mut self) -> io::Result<()> {
        self.file.write_all_at(&[1; CANARY_BYTES], 0)?;
        File::create(self.dir.join(name(self.life)))?.write_all(&[1])
    }

    /// Whether the bytes, and whether the name is there.
    fn survived(dir: &Path, life: u64) -> io::Result<(bool, bool)> {
        let bytes = fs::read(dir.join("canary"))?;
        let name = dir.join(name(life)).exists();
        Ok((bytes == [1; CANARY_BYTES], name))
    }
}

fn name(life: u64) -> String {
    format!("canary-{life}")
}
