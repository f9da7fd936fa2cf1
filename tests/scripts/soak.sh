#!/usr/bin/env bash
# `make soak`: crashes by the thousand, of the log alone and of the whole server. Needs
# root: it cuts the power of file systems of its own. SOAK_ARGS goes to the log's
# program (see its --help), ERRATA_TEST_FAULT_ROUNDS to the server's tests.
source "$(dirname "$0")/common.sh"

say "the log: kill -9, power cuts, simulated disks"
(
    # Released as users get it; the lints are for the tests.
    unset RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
    cargo build --release --locked -p log-sim --example soak
)
# shellcheck disable=SC2086 # several arguments
"${CARGO_TARGET_DIR:-target}/release/examples/soak" ${SOAK_ARGS:-}

say "the server: kill -9, power cuts, full disks, hostile clients"
export ERRATA_TEST_FAULT_ROUNDS=${ERRATA_TEST_FAULT_ROUNDS:-50}
cargo test --workspace --locked --test e2e -- faults
