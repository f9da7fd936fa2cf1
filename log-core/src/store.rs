//! What the writer and all readers of one process share: the list of segments, the durable end, the block cache.
//!
//! Invariant: segments are in order and join each other; who sees a durable end sees a list that holds all records
//! below it. Every change of the list or of a segment's form raises `generation`, so that iterators look again.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use crate::commit::lock;
use crate::cursor;
use crate::error::{OpenError, ReadError};
use crate::follow::Follower;
use crate::io::{LogIo, Open};
use crate::manifest::file::{ManifestError, ManifestStore};
use crate::publish::{Page, Place};
use crate::recover::io_error;
use crate::retention::{self, Plan, Retention, SegmentFacts};
use crate::sealed::BlockCache;
use crate::segment::Segment;

/// Segments, oldest first, and cursors with where they stand.
type Facts = (Vec<SegmentFacts>, Vec<(String, u64)>);

/// Sealed files open at once: each costs a descriptor, and its block table some 40 KB.
const SEALED_OPEN_MAX: usize = 64;

/// See the module.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) io: Arc<dyn LogIo>,
    pub(crate) dir: PathBuf,
    pub(crate) cache: Arc<BlockCache>,
    page: Arc<Page>,
    follower: Option<Follower>,
    segments: RwLock<Vec<Arc<Segment>>>,
    generation: AtomicU64,
    /// The writer's; readers have none.
    manifest: Mutex<Option<ManifestStore>>,
    /// Sealed segments whose file was opened, the latest last.
    opened: Mutex<VecDeque<Weak<Segment>>>,
}

impl Store {
    /// `segments` in order, at least one; `page` tells the durable end, unless a `follower` does.
    pub(crate) fn new(
        io: Arc<dyn LogIo>,
        dir: PathBuf,
        cache: Arc<BlockCache>,
        segments: Vec<Arc<Segment>>,
        page: Arc<Page>,
        follower: Option<Follower>,
    ) -> Self {
        Self {
            io,
            dir,
            cache,
            page,
            follower,
            segments: RwLock::new(segments),
            generation: AtomicU64::new(1),
            manifest: Mutex::new(None),
            opened: Mutex::new(VecDeque::new()),
        }
    }

    /// The page of a log that is read as it was found.
    pub(crate) fn fixed_page(segments: &[Arc<Segment>], durable_end: u64) -> Arc<Page> {
        let nowhere = Place {
            segment: 0,
            offset: 0,
        };
        let place = segments.last().map_or(nowhere, |last| last.place());
        Arc::new(Page::heap(place, durable_end))
    }

    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    /// First sequence number that is not durable.
    pub(crate) fn end(&self) -> u64 {
        match &self.follower {
            None => self.page.durable(),
            Some(follower) => follower.end(self),
        }
    }

    /// Blocks until the durable end is greater than `sequence`, the writer has ended or the time is up.
    pub(crate) fn wait_past(&self, sequence: u64, timeout: Duration) -> bool {
        match &self.follower {
            None => self.page.wait_past(sequence, timeout),
            Some(follower) => follower.wait_past(self, sequence, timeout),
        }
    }

    /// Changes whenever the list or a segment's form does.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        if self.follower.is_none() {
            self.page.bump_generation();
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Arc<Segment>>) -> T) -> T {
        let changed = change(
            &mut self
                .segments
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.changed();
        changed
    }

    /// Adds the segment that the writer just started.
    pub(crate) fn push(&self, segment: Arc<Segment>) {
        self.change(|segments| segments.push(segment));
    }

    /// Puts another form of a segment in its place.
    pub(crate) fn replace(&self, segment: Segment) {
        self.change(|segments| {
            let number = segment.header.number;
            if let Some(place) = segments
                .iter_mut()
                .find(|place| place.header.number == number)
            {
                *place = Arc::new(segment);
            }
        });
    }

    /// Forgets the segments before segment `number`; those.
    pub(crate) fn drop_before(&self, number: u64) -> Vec<Arc<Segment>> {
        self.change(|segments| {
            let kept = segments.partition_point(|segment| segment.header.number < number);
            segments.drain(..kept).collect()
        })
    }

    /// Takes over a whole new list.
    pub(crate) fn set(&self, list: Vec<Arc<Segment>>) {
        self.change(|segments| *segments = list);
    }

    /// All segments, oldest first.
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// First retained sequence number.
    pub(crate) fn first(&self) -> u64 {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().map_or(1, |segment| segment.header.base)
    }

    /// The segment that holds, or will hold, record `sequence`; `None` before the first retained one.
    pub(crate) fn segment_of(&self, sequence: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.header.base <= sequence);
        after.checked_sub(1).map(|at| Arc::clone(&segments[at]))
    }

    /// Keeps the number of open sealed files bounded: `segment` was just opened for reading.
    pub(crate) fn note_open(&self, segment: &Arc<Segment>) {
        let mut opened = lock(&self.opened);
        let known = |one: &Weak<Segment>| one.as_ptr() == Arc::as_ptr(segment);
        if opened.back().is_some_and(known) {
            return;
        }
        opened.retain(|one| !known(one) && one.strong_count() > 0);
        opened.push_back(Arc::downgrade(segment));
        if opened.len() > SEALED_OPEN_MAX
            && let Some(oldest) = opened.pop_front().and_then(|oldest| oldest.upgrade())
        {
            oldest.close();
        }
    }

    /// Becomes the store of a writer, which stores manifests.
    pub(crate) fn keep_manifest(&self, manifest: ManifestStore) {
        *lock(&self.manifest) = Some(manifest);
    }

    /// Stores the list as it is now.
    pub(crate) fn save_manifest(&self, epoch: u32) -> Result<(), ManifestError> {
        let mut manifest = lock(&self.manifest);
        let Some(manifest) = manifest.as_mut() else {
            return Ok(());
        };
        // Inside of the lock: a list that is older than one that was stored must not follow it.
        let segments = self.segments();
        let first = segments.first().map_or(1, |segment| segment.header.base);
        let listed = segments.iter().map(|segment| segment.listed()).collect();
        manifest.store(epoch, first, listed).map(|_| ())
    }

    /// What retention would drop at `now_ns`. No record is read: the list, the files' sizes and the cursors say it all.
    pub(crate) fn plan(&self, retention: &Retention, now_ns: i64) -> Result<Plan, OpenError> {
        let (facts, cursors) = self.facts()?;
        Ok(retention::plan(&facts, &cursors, retention, now_ns))
    }

    /// Bytes on disk of what one of these cursors has not passed.
    pub(crate) fn unread_bytes(&self, names: &[&str]) -> Result<u64, OpenError> {
        let (facts, cursors) = self.facts()?;
        Ok(retention::unread_bytes(&facts, &cursors, names))
    }

    /// Where a cursor stands: the first record that it has not passed; none: there is no such cursor.
    pub(crate) fn settled(&self, name: &str) -> Result<Option<u64>, OpenError> {
        let cursors = cursor::all(self.io.as_ref(), &self.dir)?;
        let found = cursors.into_iter().find(|cursor| cursor.name == name);
        Ok(found.map(|cursor| cursor.settled))
    }

    /// Bytes on disk of all segments.
    pub(crate) fn segments_disk_bytes(&self) -> Result<u64, OpenError> {
        let (facts, _) = self.facts()?;
        Ok(facts.iter().map(|segment| segment.disk_bytes).sum())
    }

    /// What is known of all segments, oldest first, and where the cursors stand.
    fn facts(&self) -> Result<Facts, OpenError> {
        // The end first: a follower looks at the list with it.
        let end = self.end();
        let segments = self.segments();
        let mut facts = Vec::with_capacity(segments.len());
        for (at, segment) in segments.iter().enumerate() {
            let info = segment.info(end);
            let next = segments.get(at + 1);
            facts.push(SegmentFacts {
                number: info.number,
                base: info.base,
                end: info.end,
                last_ns: next.map_or(i64::MAX, |next| next.header.created_ns),
                disk_bytes: self.disk_bytes(&segment.path)?,
                complete: info.complete && next.is_some(),
            });
        }
        let cursors = cursor::all(self.io.as_ref(), &self.dir)?
            .into_iter()
            .map(|cursor| (cursor.name, cursor.settled))
            .collect();
        Ok((facts, cursors))
    }

    /// Bytes that a file takes on disk.
    pub(crate) fn disk_bytes(&self, path: &Path) -> Result<u64, OpenError> {
        // Sealed between the list and this look: its size is not the same, but near enough for the next plan.
        match self.io.open(path, Open::Read) {
            Ok(file) => file.disk_bytes().map_err(io_error("look at", path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(io_error("open segment", path)(error)),
        }
    }

    /// Looks again at what another process has published, after a file was not where it was.
    pub(crate) fn refresh(&self) -> Result<(), ReadError> {
        match &self.follower {
            None => Ok(()),
            Some(follower) => follower.refresh(self),
        }
    }
}
