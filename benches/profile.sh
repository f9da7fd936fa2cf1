#!/usr/bin/env bash
# Where a server's time goes under load: by thread, and by function of each thread.
# Takes `perf` (Debian: linux-perf); without it only the threads are told. Starts a server
# of its own on free ports, with a data directory that is removed; prints, writes nothing.
#
#   PROFILE_SIZE=small|large (large)   PROFILE_SECONDS=10   PROFILE_RATE=0 (as fast as answered)
#   PROFILE_PROGRAM=target/release/errata
set -euo pipefail
cd "$(dirname "$0")/.."
size=${PROFILE_SIZE:-large}
seconds=${PROFILE_SECONDS:-10}
rate=${PROFILE_RATE:-0}
key=0123456789abcdef0123456789abcdef
work=$(mktemp -d target/profile.XXXXXX)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
metrics=$(free_port)

ERRATA_BOOTSTRAP_KEY=$key ERRATA_BOOTSTRAP_OWNER=bench@example.com:bench-password ERRATA_TELEMETRY__FILTER=warn ERRATA_LIMITS__ENABLED=false \
    "${PROFILE_PROGRAM:-target/release/errata}" serve --data-dir "$work/data" --listen "127.0.0.1:$port" --metrics-listen "127.0.0.1:$metrics" >/dev/null &
server=$!
for _ in $(seq 1000); do
    curl -fs -o /dev/null "http://127.0.0.1:$metrics/readyz" && break
    kill -0 "$server" || { echo "the server ended"; exit 1; }
    sleep 0.02
done

# Nanoseconds on a processor, by thread.
threads() {
    for task in /proc/"$server"/task/*; do
        echo "$(sed 's/-[0-9]*$//' "$task/comm") $(cut -d' ' -f1 "$task/schedstat")"
    done 2>/dev/null | awk '{ns[$1] += $2} END {for (name in ns) print name, ns[name]}' | sort
}
threads > "$work/before"
target/release/load --address "127.0.0.1:$port" --key $key --size "$size" --rate "$rate" --seconds "$seconds" > "$work/load.json" &
load=$!
if command -v perf >/dev/null; then
    perf record -q -e cpu-clock -F 997 -g --call-graph fp -p "$server" -o "$work/perf.data" -- sleep "$((seconds - 1))" >/dev/null 2>&1 || true
fi
wait "$load"
threads > "$work/after"

accepted=$(python3 -c "import json; print(json.load(open('$work/load.json'))['load']['accepted'])")
echo "== $size events, $accepted accepted in $seconds s: µs of each thread an event"
join "$work/before" "$work/after" | awk -v n="$accepted" '{printf "%-20s %8.1f\n", $1, ($3 - $2) / 1000 / n}' | sort -k2 -nr
if [ -s "$work/perf.data" ]; then
    echo "== by thread and function, % of all samples (below 0.3 % left out)"
    perf report -i "$work/perf.data" --no-children -g none --sort comm,symbol --percent-limit 0.3 --stdio 2>/dev/null | grep -v '^#' | grep -v '^$' | cut -c1-150
else
    echo "perf is not installed (Debian: linux-perf): functions are not told"
fi
