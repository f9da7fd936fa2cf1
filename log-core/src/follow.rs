//! Following a log that another process writes.
//!
//! A follower learns from the publication page how far the log is durable, and from the directory which segments
//! there are. Invariant: it never shows a record that the writer has not published, or, while there is no page, one
//! that the bytes themselves do not prove durable; its end never goes back. It outlives the writer: the next one
//! publishes on the same page, or on a new one that is looked for whenever a wait has timed out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::commit::lock;
use crate::error::{OpenError, ReadError};
use crate::list::{Purpose, inner_segments, list};
use crate::publish::Page;
use crate::segment::Segment;
use crate::store::Store;

/// A wait on the page is cut into pieces, after each of which the page itself is looked for.
const WAIT_STEP: Duration = Duration::from_secs(1);
/// Between two looks for a page that is not there, or for segments that are being changed.
const LOOK_WAIT: Duration = Duration::from_millis(20);
/// Looks at a directory that is changed at the same time.
const LIST_TRIES_MAX: u32 = 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Follower {
    log_id: [u8; 16],
    inside: Mutex<Inside>,
    /// All records below it are shown.
    admitted: AtomicU64,
}

#[derive(Debug)]
struct Inside {
    page: Option<Arc<Page>>,
    /// Generation of the page that the list of segments was made for.
    listed: Option<u64>,
}

impl Follower {
    pub(crate) fn new(log_id: [u8; 16], page: Option<Page>, admitted: u64) -> Self {
        Self {
            log_id,
            inside: Mutex::new(Inside {
                page: page.map(Arc::new),
                listed: None,
            }),
            admitted: AtomicU64::new(admitted),
        }
    }

    /// First sequence number that is not shown, after a look at the page.
    pub(crate) fn end(&self, store: &Store) -> u64 {
        let mut inside = lock(&self.inside);
        if let Some(page) = inside.page.clone() {
            // What cannot be listed now is shown later: an error here would only say "try again".
            let _ = self.take(store, &mut inside, &page);
        }
        self.admitted.load(Ordering::Acquire)
    }

    /// Takes over what the page says.
    fn take(&self, store: &Store, inside: &mut Inside, page: &Page) -> Result<(), OpenError> {
        // In this order: whatever the end covers is in the list and the place.
        let durable = page.durable();
        let place = page.place();
        let generation = page.generation();
        let admitted = self.admitted.load(Ordering::Acquire);
        if durable <= admitted && inside.listed == Some(generation) {
            return Ok(());
        }
        if inside.listed != Some(generation) {
            relist(store)?;
            inside.listed = Some(generation);
        }
        let segments = store.segments();
        let Some(active) = segments
            .iter()
            .rev()
            .find(|segment| segment.header.number == place.segment)
        else {
            // It was started between the look at the generation and the list.
            inside.listed = None;
            return Ok(());
        };
        active.admit(place.offset);
        self.admitted.fetch_max(durable, Ordering::AcqRel);
        Ok(())
    }

    /// Looks at the directory again: a file was not where it was.
    pub(crate) fn refresh(&self, store: &Store) -> Result<(), ReadError> {
        let mut inside = lock(&self.inside);
        inside.listed = None;
        let page = inside.page.clone();
        let looked = match page {
            Some(page) => self.take(store, &mut inside, &page),
            None => relist(store),
        };
        looked.map_err(|error| ReadError::Follow(Box::new(error)))
    }

    pub(crate) fn wait_past(&self, store: &Store, sequence: u64, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            if self.end(store) > sequence {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            match self.page(store) {
                // Published, but not yet listed.
                Some(page) if page.durable() > sequence => thread::sleep(left.min(LOOK_WAIT)),
                Some(page) => {
                    page.wait_through(sequence, left.min(WAIT_STEP));
                }
                None => thread::sleep(left.min(LOOK_WAIT)),
            }
        }
    }

    /// The page of the log's directory, if there is one now.
    fn page(&self, store: &Store) -> Option<Arc<Page>> {
        let mut inside = lock(&self.inside);
        if inside.page.as_ref().is_none_or(|page| !page.is_current()) {
            // Any error says "not yet": a page is written in full before it has its name.
            inside.page = store
                .io
                .follow_page(&store.dir, &self.log_id)
                .ok()
                .map(Arc::new);
            inside.listed = None;
        }
        inside.page.clone()
    }
}

/// Reads the list of segments anew; those that have not changed keep their mappings and open files.
fn relist(store: &Store) -> Result<(), OpenError> {
    let mut tries = 0;
    let listing = loop {
        tries += 1;
        match list(&store.io, &store.dir, &store.cache, Purpose::Read) {
            Err(_) if tries < LIST_TRIES_MAX => thread::sleep(LOOK_WAIT),
            listing => break listing?,
        }
    };
    let Some(tail) = listing.found.last() else {
        let dir = store.dir.clone();
        return Err(OpenError::Empty { dir });
    };
    let mut segments = inner_segments(&store.io, &listing.found, &store.cache);
    let (path, header) = (tail.path.clone(), tail.header.clone());
    let start = crate::format::SEGMENT_HEADER_BYTES as u64;
    segments.push(Arc::new(Segment::new(
        &store.io, path, header, start, None, None,
    )));
    let known = store.segments();
    for segment in &mut segments {
        let same = known.iter().find(|one| one.listed() == segment.listed());
        if let Some(same) = same {
            same.admit(segment.readable());
            if let Some(end) = segment.end() {
                same.complete(end);
            }
            *segment = Arc::clone(same);
        }
    }
    store.set(segments);
    Ok(())
}
