//! What must hold of any bytes: the functions that the fuzzers call, and the tests with the fuzzers' seeds.
//!
//! Each takes an input, builds from it what a disk could hold, and asserts what the modules promise about it; being
//! free of panics is the least of it. Invariant: total, deterministic, and of bounded work: of an input only the first
//! [`INPUT_BYTES_MAX`] are looked at. Units: bytes.
//!
//! Checksums would end nearly every input at its first one. So the lowest bit of an input's first byte decides: 0,
//! the rest is taken as it is; 1, it is mended first, or read as a `recipe` of sound and unsound frames.
//!
//! Fails by panicking with what does not hold.

mod bytes;
mod recipe;
mod recovery;
#[cfg(test)]
mod tests;

pub use bytes::{frame, manifest, sealed, segment};
pub use recovery::{cursor, recovery};

/// Bytes of an input that are looked at: twice the longest seed. A scan of hostile bytes may take their square.
pub const INPUT_BYTES_MAX: usize = 24 * 1024;

/// A function that holds for all inputs.
pub type Target = fn(&[u8]);

/// All of them, by the names of their seeds' directories.
pub const TARGETS: [(&str, Target); 6] = [
    ("cursor", cursor),
    ("frame", frame),
    ("manifest", manifest),
    ("recovery", recovery),
    ("sealed", sealed),
    ("segment", segment),
];

/// Whether the input is to be mended, and what is left of it.
fn split(input: &[u8]) -> Option<(u8, &[u8])> {
    let (&how, rest) = input[..input.len().min(INPUT_BYTES_MAX)].split_first()?;
    Some((how, rest))
}

/// Whether the first byte says that checksums shall hold.
fn is_mended(how: u8) -> bool {
    how & 1 != 0
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}
