#!/usr/bin/env bash
# One part of `make test`, for machines that run the parts side by side (.github/workflows/ci.yml): lane.sh LANE…
#
# | lane | what |
# | --- | --- |
# | check | rules of messages and documents, rustfmt, the TypeScript packages with their builds and sizes |
# | unit | clippy, all Rust tests but the end-to-end ones |
# | e2e | the end-to-end tests, the differential test |
# | proof | the soak program with the simulated disk, interleavings by loom |
#
# All four together are what tests/scripts/test.sh runs in one.
source "$(dirname "$0")/common.sh"

for lane in "${@:?a lane: check, unit, e2e, proof}"; do
    case $lane in
    check)
        habits
        rust_format
        typescript_checks
        typescript_builds
        ;;
    unit)
        system_tools
        # With the lane e2e, all there are.
        rust_tests --lib --bins --test '[!e]*'
        ;;
    e2e)
        system_tools
        # The server that is tested serves the built UI, and the tests load the built SDK.
        npm_install sdk-ts
        npm_install web-ui
        typescript_builds
        e2e_clients
        rust_tests --test 'e*'
        differential
        ;;
    proof) proof ;;
    *)
        echo "no lane \"$lane\": check, unit, e2e, proof" >&2
        exit 2
        ;;
    esac
done
