//! Runs `log_sim::fuzzing::cursor` on what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| log_sim::fuzzing::cursor(input));
