//! Read-only mappings of segments, and the mapped publication page: the only module with unsafe code.
//!
//! Owns the mapping of a segment and the number of bytes of it that may be looked at. Invariant (the contract on which
//! the unsafe blocks rest): bytes below `readable` have been written and synced before `readable` was raised above
//! them, and no one writes to them again while any mapping lives; the file is never made shorter than `readable`.
//! The writer never stores through a mapping, it uses `pwrite` above `readable` only. Recovery writes below the
//! valid end of a tail segment only before a mapping of it exists in the process, and with the writer's lock held.
//!
//! A simulated disk cannot be mapped: it hands out copies of the same bytes, behind the same type.
//!
//! The publication page is shared memory: every process accesses its words by atomic operations alone, a mapping for
//! reading is only loaded from (`publish` sees to both), and its file stays one page long for good.
//!
//! Fails by SIGBUS when the disk cannot deliver a page, as every mapping does, or does not take one that is stored to.
//! In a process that has called [`install_sigbus_handler`] the first ends the process, which says which byte of which
//! segment it was; the second cuts the writer off from its page, and is no end. Any other process just dies of it.
#![allow(
    unsafe_code,
    reason = "slices over a mapping cannot be formed without; each block is argued"
)]

mod ranges;
mod report;
#[cfg(all(test, not(loom)))]
mod tests;

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use memmap2::{MmapOptions, MmapRaw};

use self::ranges::{Listed, TABLE};
use self::report::Text;
use crate::format::FRAME_ALIGN_BYTES;
use crate::io::{LogFile, read_up_to};
use crate::publish::{PAGE_BYTES, WORDS_AT, Words};

/// A mapped segment.
#[derive(Debug)]
pub struct Mapping {
    source: Source,
    readable: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Source {
    /// Dropped in this order.
    Mapped(Listed, MmapRaw),
    Copied(Arc<dyn LogFile>),
}

impl Mapping {
    /// Maps the whole of `file`. `readable` is the number of bytes, from its start, that the contract holds for.
    pub(crate) fn new(file: &File, readable: Arc<AtomicU64>) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let length =
            usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let raw = MmapOptions::new().len(length).map_raw_read_only(file)?;
        Ok(Self {
            source: Source::Mapped(listed(&raw, 0), raw),
            readable,
        })
    }

    /// For a file that cannot be mapped: every window is read from it.
    pub fn copied(file: Arc<dyn LogFile>, readable: Arc<AtomicU64>) -> Self {
        Self {
            source: Source::Copied(file),
            readable,
        }
    }

    /// Says which segment it is, for the message when it cannot be read.
    pub(crate) fn named(self, segment: u64) -> Self {
        if let Source::Mapped(listed, _) = &self.source {
            listed.name(segment);
        }
        self
    }

    /// The readable bytes from `start` on, kept mapped for as long as they or any slice of them live.
    #[doc(hidden)]
    pub fn window(self: &Arc<Self>, start: u64) -> io::Result<Bytes> {
        // Acquire pairs with the writer's release store after the sync: the bytes are seen as written.
        let readable = self.readable.load(Ordering::Acquire);
        match &self.source {
            Source::Mapped(_, raw) => {
                let end = readable.min(raw.len() as u64);
                Ok(Bytes::from_owner(Window {
                    mapping: Arc::clone(self),
                    start: start.min(end) as usize,
                    end: end as usize,
                }))
            }
            Source::Copied(file) => {
                // Aligned like its offset, as in a mapping: payloads are looked at in place.
                let residue = (start % FRAME_ALIGN_BYTES as u64) as usize;
                let wanted = readable.saturating_sub(start) as usize;
                let mut bytes = vec![0; 2 * FRAME_ALIGN_BYTES + wanted];
                let skip = padding(&bytes) + residue;
                let count = read_up_to(file.as_ref(), &mut bytes[skip..skip + wanted], start)?;
                Ok(Bytes::from(bytes).slice(skip..skip + count))
            }
        }
    }
}

/// Bytes to skip at the start of `buffer` so that what follows is aligned for every payload.
pub(crate) fn padding(buffer: &[u8]) -> usize {
    buffer.as_ptr().addr().wrapping_neg() % FRAME_ALIGN_BYTES
}

fn listed(raw: &MmapRaw, segment: u64) -> Listed {
    let start = raw.as_ptr().expose_provenance();
    TABLE.list(&(start..start + raw.len()), segment)
}

struct Window {
    mapping: Arc<Mapping>,
    start: usize,
    end: usize,
}

impl AsRef<[u8]> for Window {
    fn as_ref(&self) -> &[u8] {
        let Source::Mapped(_, raw) = &self.mapping.source else {
            return &[];
        };
        // SAFETY: `start <= end <= raw.len()` by the only constructor, so the range lies inside of one mapping that
        // `self.mapping` keeps alive for the slice's lifetime; a mapping is at most `isize::MAX` bytes. `end` is at
        // most `readable`, below which the module's contract says that the bytes are initialised and never change,
        // in this process or another, so a shared slice over them is sound. `u8` has no alignment and no invalid
        // values.
        unsafe { std::slice::from_raw_parts(raw.as_ptr().add(self.start), self.end - self.start) }
    }
}

/// The mapped publication page.
#[derive(Debug)]
pub(crate) struct PageMap {
    /// Dropped before the mapping is.
    listed: Listed,
    raw: MmapRaw,
}

impl PageMap {
    /// Maps the first page of `file`, shared. The caller has checked that it is that long.
    pub(crate) fn new(file: &File, writable: bool) -> io::Result<Self> {
        if cfg!(loom) {
            // Its words are not those of the memory.
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        let mut options = MmapOptions::new();
        options.len(PAGE_BYTES);
        let (raw, number) = if writable {
            (options.map_raw(file)?, ranges::OWN_PAGE)
        } else {
            (options.map_raw_read_only(file)?, ranges::PAGE)
        };
        let listed = listed(&raw, number);
        Ok(Self { listed, raw })
    }

    /// Whether a store into it was refused: what is stored since goes nowhere.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.listed.is_cut_off()
    }

    /// The words, for as long as the mapping lives.
    #[allow(
        clippy::cast_ptr_alignment,
        reason = "asserted where the words are declared"
    )]
    pub(crate) fn words(&self) -> &Words {
        // SAFETY: the mapping is `PAGE_BYTES` long, starts at a page, and lives as long as the reference. `publish`
        // asserts at compile time that `Words` fits behind `WORDS_AT` and that this offset is aligned for it (under
        // loom, where it might not, no mapping is ever made). All of its fields are atomic, and padding is
        // never looked at, so any bytes are valid and other threads and processes may store to them at any time. In a
        // mapping for reading they are only loaded, relaxed, which Rust allows for read-only memory. When a store into
        // a mapping for writing is refused, other memory takes its place at the same address: to this code that looks
        // like another process that stores zeros.
        unsafe { &*self.raw.as_ptr().add(WORDS_AT).cast::<Words>() }
    }
}

/// What SIGBUS did before.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

/// Lets the process say which byte of which segment could not be read, and abort, when a mapped read fails because the
/// disk failed or somebody made the file shorter; and lets a writer whose file system takes no more stores into the
/// publication page end by itself, with its message, instead of by the signal. To be called once, early, by every
/// program that opens a log for writing; later calls do nothing.
///
/// Any other SIGBUS, of other mappings or sent by somebody, is left to the handler that was there before, for good.
pub fn install_sigbus_handler() -> io::Result<()> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if PREVIOUS.get().is_some() {
        return Ok(());
    }
    // SAFETY: `sigaction` is plain data for which zeros are valid: no flags, an empty mask, the default action. Both
    // pointers are to locals that outlive the call. The handler has the signature that `SA_SIGINFO` asks for, and
    // does only what a handler may: see there.
    let previous = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_sigbus as *const () as usize;
        // On the thread's other stack where it has one: the fault may be of a thread whose own stack is short.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let mut previous: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGBUS, &raw const action, &raw mut previous) != 0 {
            return Err(io::Error::last_os_error());
        }
        previous
    };
    // A fault between the two finds no previous action, and takes the default one.
    let _ = PREVIOUS.set(previous);
    Ok(())
}

/// Runs between any two instructions of any thread: loads and stores of atomics, `write`, `mmap`, `sigaction`, `raise`
/// and `abort` only. POSIX does not list `mmap`; in the libraries of Linux it is the bare system call.
extern "C" fn on_sigbus(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands a valid `siginfo_t` to a handler with `SA_SIGINFO`; the address is set for the faults
    // that the kernel reports, which have positive codes.
    let (is_fault, address) = unsafe { ((*info).si_code > 0, (*info).si_addr().addr()) };
    if let Some(found) = TABLE.find(address).filter(|_| is_fault) {
        // Another thread may have been first.
        if matches!(found.segment, ranges::OWN_PAGE | ranges::CUT_OFF) && replace_page(found.start)
        {
            found.cut_off();
            return;
        }
        let text = Text::lost_page(found.segment, found.offset);
        let bytes = text.as_bytes();
        // SAFETY: the pointer and the length are those of a live slice. Whether it was written does not matter: the
        // next call ends the process.
        unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
        std::process::abort();
    }
    // SAFETY: the pointers are null, or to an action that the system handed out or whose zeros mean the default one.
    // On return the instruction faults again and meets the restored action; a signal that was sent is sent again.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        let action = PREVIOUS.get().unwrap_or(&default);
        libc::sigaction(signal, action, std::ptr::null_mut());
        if !is_fault {
            libc::raise(signal);
        }
    }
}

/// Puts memory in the place of a writer's page that takes no stores any more, so that the store that failed is done
/// again and goes on; whether that worked.
fn replace_page(start: usize) -> bool {
    let page = std::ptr::with_exposed_provenance_mut(start);
    // SAFETY: `start` is where a mapping of `PAGE_BYTES` begins that its owner has not dropped: the thread that faulted
    // holds a reference to it, and it is taken off the table before it is unmapped. So nothing else is replaced. The
    // new memory is zeros, readable and writable: see `words` for why that is sound under its references. Unmapping
    // the range later, by its owner, unmaps the new memory.
    let replaced = unsafe {
        libc::mmap(
            page,
            PAGE_BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    replaced == page
}
