# Shared by check.sh and test.sh: one build of the Rust tree serves lints and tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# clippy as the workspace's compiler: `cargo test` then lints what it builds, and
# nothing is compiled twice. The separator is clippy's own.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver
export CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"

# Begins a step. At the end of the script it is told how long each took.
STEPS=()
say() {
    printf '\n== %s\n' "$*"
    STEPS+=("$SECONDS $*")
}
tell_times() {
    local code=$? at end
    [ ${#STEPS[@]} -gt 1 ] || return $code
    printf '\n== minutes by step\n'
    STEPS+=("$SECONDS end")
    for ((at = 0; at + 1 < ${#STEPS[@]}; at++)); do
        end=${STEPS[at + 1]%% *}
        printf '%3d:%02d  %s\n' $(((end - ${STEPS[at]%% *}) / 60)) $(((end - ${STEPS[at]%% *}) % 60)) "${STEPS[at]#* }"
    done
    return $code
}
trap tell_times EXIT

# What a moment holds: the rules of commit messages, links and decisions of the documents.
habits() {
    say "commit messages, links and decisions of the documents"
    tests/scripts/commit-messages.sh --self-test
    node tests/scripts/documents.mjs --self-test
    node tests/scripts/documents.mjs
}

# node_modules that match their lock file.
npm_install() {
    if ! cmp -s "$1/package-lock.json" "$1/node_modules/.lock-installed"; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
        cp "$1/package-lock.json" "$1/node_modules/.lock-installed"
    fi
}

typescript_checks() {
    for package in sdk-ts web-ui; do
        say "$package: types, lint, unit tests"
        npm_install "$package"
        (cd "$package" && npm run --silent format:check && npm run --silent typecheck && npm run --silent lint && npm test --silent)
    done
}

# Of both, with their sizes.
typescript_builds() {
    say "builds of the SDK and the web UI, and their sizes"
    (cd sdk-ts && npm run --silent build && npm run --silent size)
    (cd web-ui && npm run --silent gen:check && npm run --silent build && npm run --silent size)
}

rust_format() {
    say "rustfmt"
    cargo fmt --all --check
}

system_tools() {
    say "tools and chromium"
    tests/scripts/tools.sh
    tests/scripts/chromium.sh
}

# The official SDKs, and what speaks to a browser and a mail server.
e2e_clients() {
    say "clients for the end-to-end tests"
    npm_install tests/clients
    if ! cmp -s tests/clients/requirements.txt tests/clients/.venv/.installed; then
        rm -rf tests/clients/.venv
        python3 -m venv tests/clients/.venv
        tests/clients/.venv/bin/pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
        cp tests/clients/requirements.txt tests/clients/.venv/.installed
    fi
}

# Of the whole workspace always: with a package alone its dependencies would have other features, and be built anew.
rust_tests() {
    say "clippy and Rust tests ($*)"
    cargo test --workspace --locked --no-fail-fast "$@"
}

differential() {
    say "the differential test against Relay"
    tests/scripts/differential.sh
}

proof() {
    say "the soak program"
    cargo test --workspace --locked --example soak

    say "interleavings of the log's publication and tickets (loom)"
    # Its types are other ones, so its build stays apart.
    RUSTFLAGS="--cfg loom" cargo test --locked -p log-core --lib --target-dir target/loom loom_
}
