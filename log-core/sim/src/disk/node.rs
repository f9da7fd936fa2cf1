//! One simulated file: what the page cache shows, what the platter holds, and what lies between them.
//!
//! Invariant: a sector on the platter always holds what the cache held after some write to it, never a mix: disks
//! write sectors of 512 bytes whole. Lengths and truncations survive in their order, as a journal keeps them;
//! sectors in any.

use super::rng::Rng;

pub(super) const SECTOR: usize = 512;
const PAGE: usize = 4096;

/// Something done to the file since its last sync.
#[derive(Clone, Debug)]
enum Change {
    /// Whole sectors as the cache held them after a write.
    Sectors { at: usize, bytes: Vec<u8> },
    /// A new, greater length.
    Length(usize),
    /// All bytes dropped.
    Truncate,
}

/// Which unsynced sectors reach the platter.
#[derive(Clone, Copy, Debug)]
enum Survival {
    All,
    Nothing,
    /// Each sector alone, by chance.
    Sectors,
    /// Each page alone, by chance.
    Pages,
    /// Those before an offset.
    Front(usize),
    /// Those from an offset on.
    Back(usize),
}

impl Survival {
    fn draw(rng: &mut Rng, length: usize) -> Self {
        match rng.below(8) {
            0 => Self::All,
            1 => Self::Nothing,
            2 | 3 => Self::Sectors,
            4 | 5 => Self::Pages,
            6 => Self::Front(rng.below(length as u64 + 1) as usize),
            _ => Self::Back(rng.below(length as u64 + 1) as usize),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    cache: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// Pages that were written since they came to be: others are holes.
    written: Vec<bool>,
    /// Bytes it takes on disk, whole pages.
    pub(super) allocated: u64,
    /// Names it has.
    pub(super) links: u32,
    /// Open files of it.
    pub(super) opens: u32,
    /// Who locks it: the open file's id, and whether exclusively.
    pub(super) locks: Vec<(u64, bool)>,
}

impl Node {
    /// A new, empty file with one name.
    pub(super) fn named() -> Self {
        Self {
            links: 1,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(super) fn cache(&self) -> &[u8] {
        &self.cache
    }

    pub(super) fn durable(&self) -> &[u8] {
        &self.durable
    }

    /// The next run of written pages at or behind `at`.
    pub(super) fn next_data(&self, at: usize) -> Option<(usize, usize)> {
        let pages = self.cache.len().div_ceil(PAGE);
        let is_data = |page: usize| self.written.get(page).copied().unwrap_or(false);
        let start = (at / PAGE..pages).find(|&page| is_data(page))?;
        let end = (start..pages).find(|&page| !is_data(page)).unwrap_or(pages);
        let range = ((start * PAGE).max(at), (end * PAGE).min(self.cache.len()));
        (range.0 < range.1).then_some(range)
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        self.grow(end);
        self.cache[at..end].copy_from_slice(bytes);
        for page in at / PAGE..end.div_ceil(PAGE) {
            self.written[page] = true;
        }
        let start = at / SECTOR * SECTOR;
        let stop = end.next_multiple_of(SECTOR).min(self.cache.len());
        self.pending.push(Change::Sectors {
            at: start,
            bytes: self.cache[start..stop].to_vec(),
        });
    }

    /// Makes it at least `length` bytes long; new ones are zeros.
    pub(super) fn grow(&mut self, length: usize) {
        if length > self.cache.len() {
            self.cache.resize(length, 0);
            self.written.resize(length.div_ceil(PAGE), false);
            self.pending.push(Change::Length(length));
        }
    }

    pub(super) fn truncate(&mut self) {
        self.cache.clear();
        self.written.clear();
        self.pending.push(Change::Truncate);
    }

    /// Makes everything durable that is not lost already.
    pub(super) fn sync(&mut self) {
        let count = self.pending.len();
        self.sync_first(count);
    }

    /// Makes the first `count` changes durable, or all if there are fewer.
    pub(super) fn sync_first(&mut self, count: usize) {
        let count = count.min(self.pending.len());
        for change in self.pending.drain(..count) {
            match change {
                Change::Truncate => self.durable.clear(),
                Change::Length(length) => self.durable.resize(length, 0),
                Change::Sectors { at, bytes } => put(&mut self.durable, at, &bytes),
            }
        }
    }

    /// How many changes are not synced.
    pub(super) fn unsynced(&self) -> usize {
        self.pending.len()
    }

    /// A failed sync: some sectors reach the platter, the others are clean but lost. Now and then the cache drops
    /// them at once, so that reads show the old bytes too. Counts the lost ones.
    pub(super) fn fail_sync(&mut self, rng: &mut Rng) -> u64 {
        let lost = self.settle(rng, usize::MAX);
        if rng.coin() {
            self.cache.clone_from(&self.durable);
        }
        lost
    }

    /// The power goes. Counts the sectors whose newest bytes went with it.
    pub(super) fn crash(&mut self, rng: &mut Rng) -> u64 {
        let metadata = self
            .pending
            .iter()
            .filter(|change| !matches!(change, Change::Sectors { .. }))
            .count();
        // Mostly everything or nothing of the journal: both are what disks do.
        let kept = match rng.below(3) {
            0 => 0,
            1 => metadata,
            _ => rng.below(metadata as u64 + 1) as usize,
        };
        let lost = self.settle(rng, kept);
        self.forget_cache();
        lost
    }

    /// What stands in the cache after a restart of the machine.
    fn forget_cache(&mut self) {
        self.cache.clone_from(&self.durable);
        self.written.resize(self.cache.len().div_ceil(PAGE), false);
        self.opens = 0;
        self.locks.clear();
    }

    /// Takes to the platter what survives of the pending changes: the first `metadata` lengths and truncations, and
    /// of each sector some version. Counts the sectors whose newest version did not.
    fn settle(&mut self, rng: &mut Rng, metadata: usize) -> u64 {
        if self.pending.is_empty() {
            return 0;
        }
        let pending = std::mem::take(&mut self.pending);
        let (mut kept, mut first, mut last) = (0, 0, pending.len());
        for (at, change) in pending.iter().enumerate() {
            match change {
                Change::Sectors { .. } => continue,
                // What was written behind a lost truncation had nowhere to go.
                Change::Truncate if kept == metadata => {
                    last = at;
                    break;
                }
                Change::Length(_) if kept == metadata => continue,
                Change::Truncate => {
                    self.durable.clear();
                    first = at + 1;
                }
                Change::Length(length) => self.durable.resize(*length, 0),
            }
            kept += 1;
        }
        let survival = Survival::draw(rng, self.cache.len());
        settle_sectors(&mut self.durable, &pending[first..last], survival, rng)
    }
}

/// Puts of each sector a version by chance into `durable`, which has its final length.
fn settle_sectors(
    durable: &mut [u8],
    changes: &[Change],
    survival: Survival,
    rng: &mut Rng,
) -> u64 {
    let mut versions: Vec<u16> = Vec::new();
    for (sector, _) in sectors(changes) {
        if versions.len() <= sector {
            versions.resize(sector + 1, 0);
        }
        versions[sector] += 1;
    }
    let mut page = (usize::MAX, false);
    let mut lost = 0;
    for (sector, count) in versions
        .iter_mut()
        .enumerate()
        .filter(|(_, count)| **count > 0)
    {
        let at = sector * SECTOR;
        if page.0 != at / PAGE {
            page = (at / PAGE, rng.coin());
        }
        let newest = match survival {
            Survival::All => true,
            Survival::Nothing => false,
            Survival::Sectors => rng.coin(),
            Survival::Pages => page.1,
            Survival::Front(end) => at < end,
            Survival::Back(start) => at >= start,
        };
        if !newest {
            lost += 1;
            // Any older version, the one from before all of them included.
            *count = rng.below(u64::from(*count)) as u16;
        }
    }
    for (sector, bytes) in sectors(changes) {
        if versions[sector] > 0 {
            versions[sector] -= 1;
            put(durable, sector * SECTOR, bytes);
        }
    }
    lost
}

/// All sectors of all writes, in the order of the writes.
fn sectors(changes: &[Change]) -> impl Iterator<Item = (usize, &[u8])> {
    changes.iter().flat_map(|change| {
        let (at, bytes): (usize, &[u8]) = match change {
            Change::Sectors { at, bytes } => (*at, bytes),
            Change::Length(_) | Change::Truncate => (0, &[]),
        };
        (at / SECTOR..).zip(bytes.chunks(SECTOR))
    })
}

/// Copies what lies inside of `target`: a sector behind the end of a file belongs to nobody.
fn put(target: &mut [u8], at: usize, bytes: &[u8]) {
    let end = (at + bytes.len()).min(target.len());
    if at < end {
        target[at..end].copy_from_slice(&bytes[..end - at]);
    }
}
