#!/usr/bin/env bash
# `make test`: everything. Installs what the tests need into project-local folders;
# only Chromium may come from the system's packages. tests/scripts/lane.sh runs parts of it.
source "$(dirname "$0")/common.sh"

habits
rust_format
system_tools
typescript_checks
typescript_builds
e2e_clients
rust_tests --lib --bins --tests
differential
proof
