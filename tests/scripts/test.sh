#!/usr/bin/env bash
# `make test`: everything. Installs what the tests need into project-local folders;
# only Chromium may come from the system's packages.
source "$(dirname "$0")/common.sh"

habits
say "rustfmt"
cargo fmt --all --check

say "tools and chromium"
tests/scripts/tools.sh
tests/scripts/chromium.sh

typescript_checks

say "builds of the SDK and the web UI, and their sizes"
(cd sdk-ts && npm run --silent build && npm run --silent size)
(cd web-ui && npm run --silent gen:check && npm run --silent build && npm run --silent size)

say "clients for the end-to-end tests"
npm_install tests/clients
if ! cmp -s tests/clients/requirements.txt tests/clients/.venv/.installed; then
    rm -rf tests/clients/.venv
    python3 -m venv tests/clients/.venv
    tests/clients/.venv/bin/pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
    cp tests/clients/requirements.txt tests/clients/.venv/.installed
fi

say "clippy, Rust tests, end-to-end tests"
cargo test --workspace --locked --no-fail-fast --lib --bins --tests

say "the differential test against Relay"
tests/scripts/differential.sh

say "the soak program, which needs the simulated disk"
cargo test --locked -p log-core --features simulation --example soak

say "interleavings of the log's publication and tickets (loom)"
# Its types are other ones, so its build stays apart.
RUSTFLAGS="--cfg loom" cargo test --locked -p log-core --lib --target-dir target/loom loom_
