#!/usr/bin/env bash
# What Errata would store of each captured event, beside what Relay (the PyPI package sentry-relay, a test's oracle and
# no part of the product) makes of it. See tests/differential.
source "$(dirname "$0")/common.sh"

folder=tests/differential
if ! cmp -s $folder/requirements.txt $folder/.venv/.installed; then
    rm -rf $folder/.venv
    python3 -m venv $folder/.venv
    $folder/.venv/bin/pip install --quiet --disable-pip-version-check -r $folder/requirements.txt
    cp $folder/requirements.txt $folder/.venv/.installed
fi
# The whole workspace, so that its crates are the ones that the tests have built.
cargo build --locked --workspace --example normalise
$folder/.venv/bin/python -B $folder/compare.py "${CARGO_TARGET_DIR:-target}/debug/examples/normalise"
