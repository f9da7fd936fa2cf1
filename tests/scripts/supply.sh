#!/usr/bin/env bash
# `make supply`: what the code is made of and how it changes. Licences, sources and advisories of dependencies (cargo
# deny), dependencies nobody uses (cargo machete), spelling (typos), the API's form and what it breaks (buf), messages of
# commits. The tools are no part of the tree: one that is missing is an error that says how to get it.
#
#   SUPPLY_RANGE=main..HEAD     commits whose messages are looked at
#   SUPPLY_AGAINST=v0.1.0       what the API must not break; else the newest tag of a release; before one, nothing
source "$(dirname "$0")/common.sh"

missing=0
tool() {
    "${@:2}" --version >/dev/null 2>&1 && return
    echo "missing: ${*:2}: get it with: cargo install --locked $1" >&2
    missing=1
}
tool cargo-deny cargo deny
tool cargo-machete cargo machete
tool typos-cli typos
[ $missing -eq 0 ] || exit 1

failed=()
step() {
    say "$1"
    "${@:2}" || failed+=("$1")
}

api_breaks() {
    local against old
    against=${SUPPLY_AGAINST:-$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)}
    if [ -z "$against" ]; then
        echo "nothing is released: there is no API that could be broken"
        return 0
    fi
    old=$(mktemp -d)
    git archive "$against" proto | tar -x -C "$old"
    web-ui/node_modules/.bin/buf breaking proto --against "$old/proto" && echo "compared with $against"
    local code=$?
    rm -rf "$old"
    return $code
}

commit_messages() {
    local range=${SUPPLY_RANGE:-}
    if [ -z "$range" ]; then
        # On main itself: the newest commit.
        range=$(git rev-parse --verify --quiet origin/main >/dev/null && echo origin/main..HEAD || echo main..HEAD)
        [ -n "$(git rev-list --max-count=1 "$range" -- 2>/dev/null)" ] || range=HEAD~1..HEAD
    fi
    tests/scripts/commit-messages.sh "$range"
}

# buf is one of the web UI's packages.
npm_install web-ui
step "licences, bans, sources, advisories" cargo deny --workspace check
step "dependencies nobody uses" cargo machete
step "spelling" typos
step "files that documents name" node tests/scripts/documents.mjs --named
step "the API's form" web-ui/node_modules/.bin/buf lint proto
step "what the API breaks" api_breaks
step "commit messages" commit_messages

if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
