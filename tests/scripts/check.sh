#!/usr/bin/env bash
# `make check`: fast. Formatting, lints, unit tests; no end-to-end tests.
source "$(dirname "$0")/common.sh"

habits
rust_format
say "clippy and unit tests"
cargo test --workspace --locked --lib --bins
cargo test --locked -p errata --test tidy
typescript_checks
