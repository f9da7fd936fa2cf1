//! Minidumps: the few streams that say what crashed and where.
//!
//! Read: the header and directory, the exception, the system, the list of modules.
//! Layouts as in Microsoft's `minidumpapiset.h`; all little-endian; offsets (RVAs)
//! from the beginning of the file. Invariant: total on any bytes, every list bounded,
//! nothing outside of the file is read. Stacks are not walked: that needs symbols.

use std::collections::HashSet;

mod event;
#[cfg(test)]
pub(super) mod tests;

pub(super) use event::payload;

/// Streams looked at: a dump has some twenty.
const STREAMS_MAX: u32 = 1_000;
/// Modules kept: large browsers load some hundred.
const MODULES_MAX: u32 = 1_000;
/// Longest name of a module, UTF-16 units.
const NAME_UNITS_MAX: usize = 1_024;
const DIRECTORY_BYTES: usize = 12;
const MODULE_BYTES: usize = 108;

const STREAM_THREADS: u32 = 3;
const STREAM_MODULES: u32 = 4;
const STREAM_EXCEPTION: u32 = 6;
const STREAM_SYSTEM: u32 = 7;

/// What a minidump says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Minidump {
    pub(super) time_s: u32,
    pub(super) exception: Option<Exception>,
    pub(super) system: Option<System>,
    pub(super) modules: Vec<Module>,
    pub(super) threads: u32,
}

/// The exception that ended the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) thread_id: u32,
    pub(super) code: u32,
    pub(super) flags: u32,
    /// Of the instruction; on Unix of the memory that was touched.
    pub(super) address: u64,
    pub(super) parameters: Vec<u64>,
    /// The instruction pointer of the crashed thread; 0: unknown.
    pub(super) instruction: u64,
}

/// What it ran on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct System {
    pub(super) architecture: u16,
    pub(super) platform: u32,
    pub(super) version: (u32, u32, u32),
    pub(super) service_pack: String,
    pub(super) processors: u8,
}

/// A loaded binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) base: u64,
    pub(super) size: u32,
    pub(super) name: String,
    pub(super) debug_id: String,
    pub(super) debug_file: String,
}

/// Whether bytes begin like a minidump.
pub(super) fn is_minidump(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MDMP")
}

/// Reads a dump; none if it is none, or cut before its directory.
pub(super) fn read(bytes: &[u8]) -> Option<Minidump> {
    if !is_minidump(bytes) || u32_at(bytes, 4)? & 0xffff != 0xa793 {
        return None;
    }
    let (count, directory) = (u32_at(bytes, 8)?, u32_at(bytes, 12)? as usize);
    let mut dump = Minidump {
        time_s: u32_at(bytes, 20)?,
        ..Minidump::default()
    };
    let mut exception = None;
    // The first of each kind counts: a list that many entries name is read once.
    let mut seen = HashSet::new();
    for index in 0..count.min(STREAMS_MAX) as usize {
        let at = directory.checked_add(index * DIRECTORY_BYTES)?;
        let Some((kind, size, rva)) = entry(bytes, at) else {
            break;
        };
        let Some(stream) = slice(bytes, rva, size) else {
            continue;
        };
        if !seen.insert(kind) {
            continue;
        }
        match kind {
            STREAM_THREADS => dump.threads = u32_at(stream, 0).unwrap_or_default(),
            STREAM_MODULES => dump.modules = modules(bytes, stream),
            STREAM_EXCEPTION => exception = Some(stream),
            STREAM_SYSTEM => dump.system = system(bytes, stream),
            _ => {}
        }
    }
    // The registers' layout is the architecture's.
    let architecture = dump.system.as_ref().map(|system| system.architecture);
    dump.exception = exception.and_then(|stream| read_exception(bytes, stream, architecture));
    Some(dump)
}

fn entry(bytes: &[u8], at: usize) -> Option<(u32, usize, usize)> {
    Some((
        u32_at(bytes, at)?,
        u32_at(bytes, at.checked_add(4)?)? as usize,
        u32_at(bytes, at.checked_add(8)?)? as usize,
    ))
}

fn read_exception(bytes: &[u8], stream: &[u8], architecture: Option<u16>) -> Option<Exception> {
    let count = (u32_at(stream, 32)? as usize).min(15);
    let parameters = (0..count).filter_map(|index| u64_at(stream, 40 + index * 8));
    let context = u32_at(stream, 160)
        .zip(u32_at(stream, 164))
        .and_then(|(size, rva)| slice(bytes, rva as usize, size as usize));
    let instruction = context
        .zip(architecture)
        .and_then(|(context, architecture)| instruction(context, architecture));
    Some(Exception {
        thread_id: u32_at(stream, 0)?,
        code: u32_at(stream, 8)?,
        flags: u32_at(stream, 12)?,
        address: u64_at(stream, 24)?,
        parameters: parameters.collect(),
        instruction: instruction.unwrap_or_default(),
    })
}

/// The instruction pointer within a thread's context.
fn instruction(context: &[u8], architecture: u16) -> Option<u64> {
    match architecture {
        // x86: Eip.
        0 => u32_at(context, 0xb8).map(u64::from),
        // x86-64: Rip.
        9 => u64_at(context, 0xf8),
        // ARM: Pc.
        5 => u32_at(context, 0x40).map(u64::from),
        // ARM64: Pc, under Windows' number of it and Breakpad's own.
        12 | 0x8003 => u64_at(context, 0x108),
        _ => None,
    }
}

fn system(bytes: &[u8], stream: &[u8]) -> Option<System> {
    let name = u32_at(stream, 24)? as usize;
    Some(System {
        architecture: u16_at(stream, 0)?,
        processors: *stream.get(6)?,
        version: (u32_at(stream, 8)?, u32_at(stream, 12)?, u32_at(stream, 16)?),
        platform: u32_at(stream, 20)?,
        service_pack: text(bytes, name).unwrap_or_default(),
    })
}

fn modules(bytes: &[u8], stream: &[u8]) -> Vec<Module> {
    let count = u32_at(stream, 0).unwrap_or_default().min(MODULES_MAX) as usize;
    // Some writers align the list to 8 bytes.
    let start = if stream.len() == 8 + count * MODULE_BYTES {
        8
    } else {
        4
    };
    let records =
        (0..count).filter_map(|index| slice(stream, start + index * MODULE_BYTES, MODULE_BYTES));
    records.filter_map(|record| module(bytes, record)).collect()
}

fn module(bytes: &[u8], record: &[u8]) -> Option<Module> {
    let (size, rva) = (u32_at(record, 76)? as usize, u32_at(record, 80)? as usize);
    let (debug_id, debug_file) = slice(bytes, rva, size)
        .and_then(code_view)
        .unwrap_or_default();
    Some(Module {
        base: u64_at(record, 0)?,
        size: u32_at(record, 8)?,
        name: text(bytes, u32_at(record, 20)? as usize).unwrap_or_default(),
        debug_id,
        debug_file,
    })
}

/// Debug id and file of a CodeView record: of Windows ("RSDS"), or a build id ("BpEL").
fn code_view(record: &[u8]) -> Option<(String, String)> {
    let id = |bytes: &[u8]| -> Option<String> {
        Some(format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            u32_at(bytes, 0)?,
            u16_at(bytes, 4)?,
            u16_at(bytes, 6)?,
            u16::from_be_bytes([*bytes.get(8)?, *bytes.get(9)?]),
            bytes
                .get(10..16)?
                .iter()
                .fold(0u64, |n, b| n << 8 | u64::from(*b)),
        ))
    };
    match record.get(..4)? {
        b"RSDS" => {
            let age = u32_at(record, 20)?;
            let name = record.get(24..)?.split(|b| *b == 0).next()?;
            let name = String::from_utf8_lossy(&name[..name.len().min(NAME_UNITS_MAX)]);
            let suffix = if age == 0 {
                String::new()
            } else {
                format!("-{age:x}")
            };
            Some((id(record.get(4..20)?)? + &suffix, name.into_owned()))
        }
        b"BpEL" | b"LEpB" => {
            let mut build_id = [0; 16];
            let given = record.get(4..)?;
            let length = given.len().min(16);
            build_id[..length].copy_from_slice(&given[..length]);
            Some((id(&build_id)?, String::new()))
        }
        _ => None,
    }
}

/// A string: its length in bytes, then UTF-16.
fn text(bytes: &[u8], at: usize) -> Option<String> {
    let length = u32_at(bytes, at)? as usize;
    let units = slice(bytes, at.checked_add(4)?, length.min(2 * NAME_UNITS_MAX))?;
    let units = units
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .take_while(|c| *c != '\0')
        .collect();
    Some(text)
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = slice(bytes, at, 2)?;
    Some(u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    slice(bytes, at, 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    slice(bytes, at, 8)?.try_into().ok().map(u64::from_le_bytes)
}
