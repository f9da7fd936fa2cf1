//! A seed's run: some lives of one log, each opened, worked on, and ended by a close, a process crash or a power cut.
//!
//! What is done in a life is in `life`; here is how it begins and ends, and which errors the disk excuses.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Report;
use super::cursors::Expected;
use super::life::Life;
use super::model::{Model, Violation};
use crate::disk::{Counts, Faults, NameLoss, Rng, Sabotage, SimDisk};
use ground::with_causes;
use log_core::LogIo;
use log_core::Reader;
use log_core::inside::cursor;
use log_core::inside::verify::verify_on;
use log_core::{Config, Log, Sealing, Stepper};
use log_core::{CursorError, ManifestError, OpenError, SealedError};

pub(super) const DIR: &str = "/data/log";
pub(super) const CURSORS: [&str; 2] = ["one", "two"];
/// Openings of a life that faults may spoil; the last ones meet a sound disk.
const OPENS_MAX: u32 = 6;

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Close,
    Kill,
    Cut,
}

/// One log on one disk, with everything that is expected of it.
#[derive(Debug)]
pub(super) struct World {
    seed: u64,
    pub(super) rng: Rng,
    pub(super) disk: SimDisk,
    pub(super) model: Model,
    pub(super) cursors: BTreeMap<&'static str, Expected>,
    pub(super) config: Config,
    pub(super) faults: Faults,
    pub(super) report: Report,
    stay_dark: bool,
    /// Failed syncs until the page cache was last known to show what is on the platter.
    trusted: u64,
    /// What was done, when someone wants to know.
    pub(super) history: Option<Vec<String>>,
}

macro_rules! note {
    ($world:expr, $($what:tt)*) => {
        if let Some(history) = &mut $world.history {
            history.push(format!($($what)*));
        }
    };
}

pub(super) use note;

impl World {
    pub(super) fn new(seed: u64, lie: Option<Sabotage>) -> Self {
        let mut rng = Rng::new(seed);
        let disk = SimDisk::new(rng.word());
        disk.sabotage(lie);
        let segment_bytes = [8, 12, 16, 32, 64][rng.below(5) as usize] * 1024;
        let config = Config {
            segment_bytes,
            segment_age: Duration::from_hours(24),
            group_bytes_max: [1, 2000, 64 * 1024][rng.below(3) as usize],
            sealing: rng.coin().then_some(Sealing {
                raw_segments: rng.below(2),
                level: 1,
            }),
            scrubbing: None,
            ..Config::control(DIR)
        };
        let faults = Faults {
            scarce: draw_scarcity(seed),
            ..draw_faults(&mut rng)
        };
        Self {
            seed,
            rng,
            disk,
            model: Model::new(),
            cursors: BTreeMap::new(),
            config,
            faults,
            report: Report::default(),
            stay_dark: false,
            trusted: 0,
            history: None,
        }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn io(&self) -> Arc<dyn LogIo> {
        Arc::new(self.disk.clone())
    }

    /// What was done, so far.
    pub(super) fn report(&self) -> Report {
        Report {
            seeds: 1,
            acknowledged: self.model.len(),
            unknown: self.model.unknown,
            refused: self.model.refused,
            disk: self.disk.counts(),
            ..self.report.clone()
        }
    }

    /// The same log, disk and expectations once more, for another future. Only between two lives.
    pub(super) fn fork(&self, cut: u64) -> Self {
        Self {
            rng: Rng::new(self.seed ^ cut),
            disk: self.disk.fork(cut),
            model: self.model.fork(),
            cursors: self.cursors.clone(),
            config: self.config.clone(),
            report: Report::default(),
            trusted: 0,
            history: None,
            ..*self
        }
    }

    /// All lives of the seed.
    pub(super) fn run(&mut self) -> Result<(), Violation> {
        for _ in 0..2 + self.rng.below(3) {
            // Openings take some 10 to 20 steps: many cuts are during recovery.
            let range = if self.rng.coin() { 24 } else { 90 };
            let step = 1 + self.rng.below(range);
            let step = (self.rng.below(8) > 0).then_some(step);
            note!(self, "cut at step {step:?}");
            self.disk.cut_at(step);
            self.disk.set_faults(self.faults);
            let actions = 5 + self.rng.below(25);
            let end = [End::Close, End::Kill, End::Cut][self.rng.below(3) as usize];
            self.life(actions, end)?;
        }
        self.last_life()
    }

    /// Two lives without faults: everything must work again.
    pub(super) fn last_life(&mut self) -> Result<(), Violation> {
        self.disk.cut_at(None);
        self.faults = Faults::default();
        self.disk.set_faults(self.faults);
        self.disk.set_free(None);
        // A power cut, then a close: whatever was recovered must have become durable by it.
        for end in [End::Cut, End::Close] {
            let opened = self.open()?;
            let mut life = opened.ok_or("the log does not open on a sound disk")?;
            for _ in 0..2 {
                self.append(&mut life, 1)?;
                self.step(&mut life)?;
            }
            if !self.model.is_settled() || self.model.has_unknown() {
                return Err("appends are not answered on a sound disk".into());
            }
            self.look(&mut life)?;
            for name in CURSORS {
                self.open_cursor(&mut life, name)?;
            }
            self.end(life, end)?;
        }
        self.read_only()?;
        let verified =
            verify_on(&self.io(), Path::new(DIR)).map_err(|error| with_causes(&error))?;
        if !verified.is_sound() || verified.durable_end != self.model.len() + 1 {
            return Err(format!("verify finds the log unsound: {verified:?}"));
        }
        self.rot()
    }

    /// Opens the log if the disk lets it, works on it and ends it.
    fn life(&mut self, actions: u64, end: End) -> Result<(), Violation> {
        if self.rng.below(3) == 0 {
            self.follow_nobody()?;
        }
        if self.rng.below(4) == 0 {
            self.read_only()?;
            // What only a reader saw must stay too, when no writer came between.
            if self.rng.below(3) == 0 && !self.stay_dark {
                self.restart(End::Cut);
            }
        }
        let Some(mut life) = self.open()? else {
            return Ok(());
        };
        for _ in 0..actions {
            if self.disk.is_cut() {
                break;
            }
            self.act(&mut life)?;
        }
        let end = if self.disk.is_cut() { End::Cut } else { end };
        self.end(life, end)
    }

    /// A life that ends by a close, or by the power cut that is planned for it: whether that came. The disk stays dark
    /// after it.
    pub(super) fn trace(&mut self, actions: u64) -> Result<bool, Violation> {
        self.faults = Faults::default();
        self.stay_dark = true;
        self.life(actions, End::Close)?;
        self.stay_dark = false;
        Ok(self.disk.is_cut())
    }

    /// Whether directories can be listed and read: a follower sleeps before it tries again.
    pub(super) fn is_listable(&self) -> bool {
        self.faults.name_error == 0 && self.faults.read_error == 0 && self.faults.scarce == 0
    }

    /// What a process sees that follows the log while no writer runs.
    fn follow_nobody(&mut self) -> Result<(), Violation> {
        if !self.is_listable() || self.disk.is_cut() {
            return Ok(());
        }
        let faults = self.disk.counts();
        let reader = match Reader::follow_on(&self.io(), Path::new(DIR)) {
            Ok(reader) => reader,
            Err(OpenError::Empty { .. }) if self.model.len() == 0 => return Ok(()),
            Err(error) if is_missing(&error) && self.model.len() == 0 => return Ok(()),
            Err(error) => return self.excuse_open(&faults, &error),
        };
        match reader.read(0).collect::<Result<Vec<_>, _>>() {
            Ok(found) => {
                note!(self, "follow nobody: {} records", found.len());
                self.model.check_followed(reader.first(), &found)
            }
            Err(error) => self.excuse_read(&faults, &error, 0),
        }
    }

    /// What another process sees that opens the log for reading: it may show it, so it must stay.
    fn read_only(&mut self) -> Result<(), Violation> {
        let faults = self.disk.counts();
        let reader = match Reader::open_read_only_on(&self.io(), Path::new(DIR)) {
            Ok(reader) => reader,
            Err(OpenError::Empty { .. }) if self.model.len() == 0 => return Ok(()),
            Err(error) => {
                note!(self, "read only: {}", with_causes(&error));
                let missing = is_missing(&error) && self.model.len() == 0;
                return if missing {
                    Ok(())
                } else {
                    self.excuse_open(&faults, &error)
                };
            }
        };
        match reader.read(0).collect::<Result<Vec<_>, _>>() {
            Ok(found) => {
                note!(self, "read only: {} records", found.len());
                // Known, and tolerated: after a failed sync, and without a writer since, a reader takes what the page
                // cache shows for durable. Only a writer writes it again.
                let trusted = self.disk.counts().failed_syncs == self.trusted;
                self.model.check_all(reader.first(), &found, trusted)
            }
            Err(error) => self.excuse_read(&faults, &error, 0),
        }
    }

    /// Opens for writing, again after failures that faults excuse; `None` when the power was cut meanwhile.
    fn open(&mut self) -> Result<Option<Life>, Violation> {
        for tried in 0..OPENS_MAX {
            let faults = self.disk.counts();
            match Log::open_stepped(&self.config, self.io()) {
                // What an opening does last may fail in silence: keeping some room for a full disk.
                Ok(_) if self.disk.is_cut() => {}
                Ok((log, stepper)) => return self.opened(log, stepper, faults).map(Some),
                Err(error) => {
                    note!(self, "open: {}", with_causes(&error));
                    self.report.failed_opens += 1;
                    self.excuse_open(&faults, &error)?;
                }
            }
            if self.disk.is_cut() {
                self.restart(End::Cut);
                return Ok(None);
            }
            if tried + 2 == OPENS_MAX {
                self.disk.set_faults(Faults::default());
                self.disk.set_free(None);
            }
            self.disk.kill();
        }
        Err(format!("the log does not open in {OPENS_MAX} tries"))
    }

    fn opened(&mut self, log: Log, stepper: Stepper, born: Counts) -> Result<Life, Violation> {
        let recovery = log.recovery().clone();
        note!(
            self,
            "open: {} to {}, torn {:?}",
            recovery.first,
            recovery.next,
            recovery.torn.is_some()
        );
        self.report.recoveries += u64::from(recovery.epoch > 1);
        self.report.torn_tails += u64::from(recovery.torn.is_some());
        // The faults stop for this look only: it is the model's, not the log's.
        self.disk.set_faults(Faults::default());
        let found = log.reader().read(0).collect::<Result<Vec<_>, _>>();
        self.disk.set_faults(self.faults);
        let found = found.map_err(|error| with_causes(&error))?;
        let first = log.reader().first();
        self.model.check_all(first, &found, true)?;
        self.model.recovered(first, &found);
        self.trusted = self.disk.counts().failed_syncs;
        if recovery.next != self.model.len() + 1 || log.durable_end() != recovery.next {
            return Err(format!(
                "{} records are there, but the log goes on at {}",
                self.model.len(),
                recovery.next
            ));
        }
        let tail = log.reader().read(0);
        Ok(Life {
            log,
            stepper,
            tail,
            follower: None,
            cursor: None,
            born,
        })
    }

    fn end(&mut self, life: Life, end: End) -> Result<(), Violation> {
        if end == End::Close && !self.disk.is_cut() {
            note!(self, "close");
            let Life { log, stepper, .. } = life;
            stepper.close();
            drop(log);
            self.model.poll()?;
            if !self.disk.is_cut() {
                return Ok(());
            }
        }
        self.restart(end);
        Ok(())
    }

    /// Brings the power back after a [`World::trace`].
    pub(super) fn light(&mut self) {
        self.restart(End::Cut);
    }

    /// The end of a life that was not closed. The log goes after the disk, so that its last words are not heard.
    fn restart(&mut self, end: End) {
        if self.stay_dark {
            return;
        }
        self.report.cut_lives += u64::from(self.disk.is_cut());
        // A cut in the midst of work may also stand for a process that died there.
        if end == End::Kill || self.disk.is_cut() && self.rng.below(4) == 0 {
            note!(self, "the process is killed");
            self.disk.kill();
            return;
        }
        let loss = if self.rng.coin() {
            NameLoss::Tail
        } else {
            NameLoss::Any
        };
        note!(self, "the power is cut, losing names: {loss:?}");
        self.disk.crash(loss);
        self.trusted = self.disk.counts().failed_syncs;
        self.settle_cursors();
    }

    /// After a power cut nothing is undecided: what can be read is all there is.
    fn settle_cursors(&mut self) {
        for (name, expected) in &mut self.cursors {
            let path = Path::new(DIR).join(format!("cursors/{name}.cursor"));
            if let Ok(found) = cursor::look(&self.disk, name, &path) {
                expected.settle(found.position);
            }
        }
    }

    /// Holds that something went wrong since `before` that explains `error`.
    pub(super) fn excuse(
        &self,
        before: &Counts,
        error: &dyn std::fmt::Debug,
    ) -> Result<(), Violation> {
        if self.disk.is_cut() || self.disk.counts() != *before {
            return Ok(());
        }
        Err(format!("nothing went wrong, but: {error:?}"))
    }

    pub(super) fn excuse_open(&self, before: &Counts, error: &OpenError) -> Result<(), Violation> {
        match error {
            OpenError::Io { .. }
            | OpenError::Cursor(CursorError::Io { .. })
            | OpenError::Sealed(SealedError::Io { .. })
            | OpenError::ManifestFile(
                ManifestError::Io { .. }
                | ManifestError::NoRoom { .. }
                | ManifestError::Passing { .. },
            ) => self.excuse(before, error),
            _ => Err(format!(
                "whatever the disk did, this is wrong: {}",
                with_causes(error)
            )),
        }
    }

    pub(super) fn excuse_cursor(
        &self,
        before: &Counts,
        error: &CursorError,
    ) -> Result<(), Violation> {
        match error {
            CursorError::Io { .. } => self.excuse(before, error),
            _ => Err(format!(
                "whatever the disk did, this is wrong: {}",
                with_causes(error)
            )),
        }
    }
}

/// Whether the directory is not there yet.
fn is_missing(error: &OpenError) -> bool {
    matches!(error, OpenError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}

/// How often descriptors and memory are lacking: in a fifth of the seeds. A stream of its own, so that the others stay
/// the runs that they were.
fn draw_scarcity(seed: u64) -> u32 {
    let mut rng = Rng::new(!seed);
    match rng.below(5) {
        0 => 10 + rng.below(60) as u32,
        _ => 0,
    }
}

/// A quarter of the seeds knows crashes only, a quarter faults that do not hurt, a quarter all of them, and a quarter
/// syncs that fail: what they lose shows only if another life begins on it and then the power is cut.
fn draw_faults(rng: &mut Rng) -> Faults {
    let kind = rng.below(4);
    let mut rate = |usual: u64| match rng.below(3) {
        0 => 0,
        _ => (usual / 2 + rng.below(usual)) as u32,
    };
    let harmless = Faults {
        short_read: rate(20),
        short_write: rate(10),
        interrupted: rate(20),
        ..Faults::default()
    };
    match kind {
        0 => Faults::default(),
        1 => harmless,
        2 => Faults {
            read_error: rate(300),
            write_error: rate(100),
            sync_error: rate(60),
            sync_dir_error: rate(60),
            no_space: rate(20),
            name_error: rate(200),
            ..harmless
        },
        _ => Faults {
            sync_error: rate(30),
            ..Faults::default()
        },
    }
}
