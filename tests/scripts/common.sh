# Shared by check.sh and test.sh: one build of the Rust tree serves lints and tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# clippy as the workspace's compiler: `cargo test` then lints what it builds, and
# nothing is compiled twice. The separator is clippy's own.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver
export CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"

say() { printf '\n== %s\n' "$*"; }

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
        (cd "$package" && npm run --silent typecheck && npm run --silent lint && npm test --silent)
    done
}
