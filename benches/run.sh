#!/usr/bin/env bash
# End-to-end figures beside the machine's own limit, in one run: a bare hyper server
# that only reads and inflates, then Errata, then Errata at half its own rate.
# Everything runs on this machine, loopback only. Prints JSON; takes about 2 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
key=0123456789abcdef0123456789abcdef
token=errata_bench_token_0123456789
seconds=${BENCH_SECONDS:-10}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
load() { target/release/load --key $key --seconds "$seconds" "$@"; }

echo "machine: $(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(uname -sr)"

target/release/bare --listen 127.0.0.1:8479 >/dev/null &
sleep 0.5
for size in small large; do
    echo "== bare server, $size, closed loop"
    load --address 127.0.0.1:8479 --size $size | tee "$work/bare-$size.json"
done

for size in small large; do
    start=$(date +%s%N)
    ERRATA_BOOTSTRAP_KEY=$key ERRATA_BOOTSTRAP_TOKEN=$token ERRATA_BOOTSTRAP_OWNER=bench@example.com:bench-password \
        ERRATA_TELEMETRY__FILTER=warn target/release/errata serve --data-dir "$work/$size" --listen 127.0.0.1:8478 >/dev/null &
    pid=$!
    until curl -fs -o /dev/null http://127.0.0.1:8471/readyz; do sleep 0.005; done
    echo "== errata, $size: ready after $(( ($(date +%s%N) - start) / 1000000 )) ms, cold start"
    sleep 2
    echo "idle memory: $(grep RssAnon /proc/$pid/status | xargs)"
    echo "== errata, $size, closed loop"
    load --address 127.0.0.1:8478 --token $token --pid $pid --size $size | tee "$work/errata-$size.json"
    rate=$(python3 -c "import json,sys; print(int(json.load(open('$work/errata-$size.json'))['load']['accepted_per_s'] / 2))")
    echo "== errata, $size, open loop at half that rate ($rate/s)"
    load --address 127.0.0.1:8478 --token $token --pid $pid --size $size --rate "$rate" --probes 20
    echo "disk: $(du -sb "$work/$size" | cut -f1) bytes; logs $(du -sb "$work/$size/log" | cut -f1)"
    kill -TERM $pid
    wait $pid || true
    python3 - "$work/bare-$size.json" "$work/errata-$size.json" <<'PY'
import json, sys
bare, errata = (json.load(open(path))["load"]["accepted_per_s"] for path in sys.argv[1:])
print(f"== ratio: {errata / bare:.2f} of the bare server ({errata:.0f}/s of {bare:.0f}/s)")
PY
done
