#!/usr/bin/env bash
# `make fuzz`: every fuzzer for some seconds (FUZZ_SECONDS, 60 each), from the committed seeds. Needs a nightly Rust and
# cargo-fuzz (cargo install --locked cargo-fuzz). What is found lies in the folder `artifacts` beside the fuzzer, and
# belongs among its seeds once it is mended.
#
#   tests/scripts/fuzz.sh [CRATE…]     folders of crates, like log-core; all without
source "$(dirname "$0")/common.sh"
# The fuzzers are workspaces of their own, built by another compiler.
unset RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS

if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "missing: a nightly Rust with cargo-fuzz: rustup toolchain install nightly; cargo install --locked cargo-fuzz" >&2
    exit 1
fi
crates=("$@")
if [ ${#crates[@]} -eq 0 ]; then
    mapfile -t crates < <(find . -path ./target -prune -o -path '*/fuzz/Cargo.toml' -not -path '*/node_modules/*' -print | sed 's#^\./##; s#/fuzz/Cargo.toml$##' | sort)
fi
failed=()
for crate in "${crates[@]}"; do
    for target in "$crate"/fuzz/fuzz_targets/*.rs; do
        name=$(basename "$target" .rs)
        say "$crate: $name"
        # The first folder is written to, the others are read only.
        found=$(mktemp -d)
        seeds=()
        [ -d "$crate/fuzz/corpus/$name" ] && seeds=("fuzz/corpus/$name")
        (cd "$crate" && cargo +nightly fuzz run "$name" "$found" "${seeds[@]}" -- \
            "-max_total_time=${FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1) ||
            failed+=("$crate: $name")
        rm -rf "$found"
    done
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
