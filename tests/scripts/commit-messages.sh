#!/usr/bin/env bash
# What a commit's message must be: CONTRIBUTING.md, "Commits".
#
#   tests/scripts/commit-messages.sh RANGE             every commit of a range, like main..HEAD
#   tests/scripts/commit-messages.sh --message FILE    one message, as .githooks/commit-msg has it
#   tests/scripts/commit-messages.sh --self-test       the rules themselves, by a table
#
# Exit code 0: all are in order; 1: one is not, and says why; 2: could not look. A length beyond what is aimed at is
# told and passes; beyond the bound it is refused. The bounds are what the project's history meets.
set -euo pipefail
# Lengths in characters, whatever the machine's locale is.
export LC_ALL=C.UTF-8

SUBJECT_CHARS_AIM=72
SUBJECT_CHARS_MAX=105
BODY_LINE_CHARS_AIM=100
# A paragraph may stand in one line: whoever reads it wraps it. A longer one is a pasted output.
BODY_LINE_CHARS_MAX=1000

# First words that tell what was done, or what the commit does, instead of what to do.
NO_IMPERATIVE='Adds|Allows|Bumps|Changes|Cleans|Creates|Fixes|Gets|Handles|Implements|Improves|Introduces|Makes|Moves|Refactors|Removes|Renames|Replaces|Sets|Supports|Updates|Uses|WIP|Wip|Various|Misc|Some|This|The|A|An|I|We'
# Imperatives that end like a participle.
IMPERATIVE='Bring|Cling|Ping|Ring|String|Swing|Bed|Bleed|Breed|Embed|Exceed|Feed|Heed|Need|Proceed|Seed|Shed|Shred|Speed|Spread|Succeed|Weed|Wed'

# Sets FAULTS and NOTES, a line each, for a message. No process is started: a thousand are read in a second.
judge() {
    local message=$1 subject line number=0 chars word
    FAULTS='' NOTES=''
    fault() { FAULTS+="$1"$'\n'; }
    note() { NOTES+="$1"$'\n'; }
    # A line that begins with # is git's own comment while a message is written.
    subject=${message%%$'\n'*}
    chars=${#subject}
    word=${subject%% *}
    if [[ -z ${subject//[[:space:]]/} ]]; then
        fault "the subject is empty"
        return
    fi
    if ((chars > SUBJECT_CHARS_MAX)); then
        fault "the subject has $chars characters, at most $SUBJECT_CHARS_MAX are allowed"
    elif ((chars > SUBJECT_CHARS_AIM)); then
        note "the subject has $chars characters, $SUBJECT_CHARS_AIM are aimed at"
    fi
    if [[ $subject =~ ^[A-Za-z0-9_./-]+(\([^\)]*\))?!?: ]]; then
        fault "the subject has a prefix (\"${BASH_REMATCH[0]}\"): it begins with what is done"
    elif [[ $subject == [\[\(]* ]]; then
        fault "the subject has a prefix: it begins with what is done"
    elif [[ ! $subject =~ ^[[:upper:]] ]]; then
        fault "the subject does not begin with a capital letter"
    elif [[ $word =~ ^($NO_IMPERATIVE)$ ]] ||
        { [[ $word =~ ^[[:upper:]][[:lower:]]+(ed|ing)$ ]] && [[ ! $word =~ ^($IMPERATIVE)$ ]]; }; then
        fault "the subject begins with \"$word\": an imperative is expected, like \"Add\" for \"Added\""
    elif [[ $subject != *' '* ]]; then
        fault "the subject is one word: a sentence is expected"
    fi
    [[ $subject == *[.\;:,] ]] && fault "the subject ends with \"${subject: -1}\""
    [[ $subject == *' ' || $subject == *$'\t'* ]] && fault "the subject has blanks that nobody sees"
    while IFS= read -r line; do
        number=$((number + 1))
        ((number == 2)) && [[ -n $line ]] && fault "the second line is not blank"
        ((number < 3)) && continue
        chars=${#line}
        if ((chars > BODY_LINE_CHARS_MAX)); then
            fault "line $number has $chars characters, at most $BODY_LINE_CHARS_MAX are allowed"
        elif ((chars > BODY_LINE_CHARS_AIM)) && [[ $line == *' '* ]]; then
            note "line $number has $chars characters, $BODY_LINE_CHARS_AIM are aimed at"
        fi
    done <<<"$message"
    return 0
}

# Prints what `judge` found under a title; whether nothing is wrong.
tell() {
    local title=$1 line
    while IFS= read -r line; do
        [[ -n $line ]] && printf '%s: %s\n' "$title" "$line"
    done <<<"$FAULTS$NOTES" >&2
    [[ -z $FAULTS ]]
}

check_range() {
    local range=$1 commits commit message failed=0 count=0
    # One process for all: a message ends with a zero byte, its commit's hash is its first line.
    commits=$(git rev-list --no-merges "$range" --) || exit 2
    [[ -z $commits ]] && { echo "no commit in $range"; return 0; }
    while IFS= read -r -d '' message; do
        commit=${message%%$'\n'*}
        message=${message#*$'\n'}
        judge "${message%$'\n'}"
        tell "$commit \"${message%%$'\n'*}\"" || failed=1
        count=$((count + 1))
    done < <(git log -z --no-merges --format='%h%n%B' "$range" --)
    echo "$count commit messages looked at"
    return $failed
}

check_message() {
    local message line text=''
    message=$(<"$1") || exit 2
    # What git itself will cut off: comments, and all below its scissors.
    while IFS= read -r line; do
        [[ $line == '# ------------------------ >8 ------------------------' ]] && break
        [[ $line == '#'* ]] || text+=$line$'\n'
    done <<<"$message"
    while [[ $text == $'\n'* ]]; do text=${text#$'\n'}; done
    while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
    # Joined with another one before it is pushed; a range is not let through with it.
    [[ $text =~ ^(fixup|squash|amend)'! ' ]] && return 0
    judge "$text"
    tell "commit message"
}

self_test() {
    local failed=0 cases=0 long
    # A message, and a part of the fault or note it must have; "" for none at all.
    expect() {
        cases=$((cases + 1))
        judge "$1"
        if [[ -z $2 && -n $FAULTS$NOTES ]] || [[ -n $2 && ${3:-$FAULTS} != *"$2"* ]]; then
            printf 'for %q: expected "%s", found: %s\n' "$1" "$2" "$FAULTS$NOTES" >&2
            failed=1
        fi
    }
    expect_note() {
        judge "$1"
        expect "$1" "$2" "$NOTES"
        [[ -z $FAULTS ]] || { printf 'for %q: only a note was expected: %s\n' "$1" "$FAULTS" >&2; failed=1; }
    }
    printf -v long '%*s' 2000 ''
    long=${long// /x}
    expect 'Wake threads only when one sleeps' ''
    expect $'Seal segments in the background\n\nWhy, and what was measured.\n\n- a list\n- too' ''
    expect 'Bring the cursor to disk twice' ''
    expect 'Embed the web UI in the binary' ''
    expect 'Say in SECURITY.md whose the data are: the user'"'"'s' ''
    expect 'Revert "Wake threads only when one sleeps"' ''
    expect '' 'is empty'
    expect $'  \n\nbody' 'is empty'
    expect 'wake threads only when one sleeps' 'capital letter'
    expect '3 more tests' 'capital letter'
    expect 'feat: wake threads' 'has a prefix ("feat:")'
    expect 'Fix(log): wake threads' 'has a prefix ("Fix(log):")'
    expect 'fix!: wake threads' 'has a prefix'
    expect 'log-core: wake threads' 'has a prefix'
    expect '[log] Wake threads' 'has a prefix'
    expect 'fixup! Wake threads' 'capital letter'
    expect 'Added a test of wakes' 'begins with "Added"'
    expect 'Adds a test of wakes' 'begins with "Adds"'
    expect 'Fixing what wakes threads' 'begins with "Fixing"'
    expect 'WIP on wakes' 'begins with "WIP"'
    expect 'The threads wake' 'begins with "The"'
    expect 'Cleanup' 'one word'
    expect 'Wake threads only when one sleeps.' 'ends with "."'
    expect 'Wake threads, or not:' 'ends with ":"'
    expect 'Wake threads ' 'blanks'
    expect $'Wake threads\nonly when one sleeps' 'second line is not blank'
    expect_note "Wake ${long:0:67}" '' # 72
    expect_note "Wake ${long:0:68}" '73 characters, 72 are aimed at'
    expect_note "Wake ${long:0:100}" '105 characters'
    expect "Wake ${long:0:101}" '106 characters, at most 105'
    # Characters are counted, not bytes.
    expect_note "Wäke ${long:0:67}" ''
    expect_note $'Wake threads\n\n'"a ${long:0:99}" 'line 3 has 101 characters'
    expect_note $'Wake threads\n\nhttps://example.com/'"${long:0:200}" ''
    expect $'Wake threads\n\n'"${long:0:1001}" 'line 3 has 1001 characters, at most 1000'
    ((failed == 0)) && echo "commit messages: $cases cases"
    return $failed
}

case ${1:-} in
--self-test) self_test ;;
--message) check_message "${2:?a file with the message}" ;;
'' | -*)
    echo "usage: $0 RANGE | --message FILE | --self-test" >&2
    exit 2
    ;;
*) check_range "$1" ;;
esac
