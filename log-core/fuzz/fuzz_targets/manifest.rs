//! Runs `log_sim::fuzzing::manifest` on what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| log_sim::fuzzing::manifest(input));
