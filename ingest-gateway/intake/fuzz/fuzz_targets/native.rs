//! See `native` in `tests/fuzz_seeds/check.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/fuzz_seeds/check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|input: &[u8]| check::native(input));
