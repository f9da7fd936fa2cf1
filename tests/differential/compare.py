"""Compares what Errata would store of each captured event with what Relay, Sentry's own front door, makes of it.

compare.py NORMALISE: the built example `normalise` of event-intake. Fails with each difference that is not listed in
differences.py, and with each entry of that list that nothing fits.
"""
import json
import re
import subprocess
import sys
from collections import Counter

from sentry_relay.processing import StoreNormalizer

from compare_scrub import compare_scrub
from differences import ABSENT, DIFFERENCES
from events import captured
from fields import of_ours, of_relay

RECEIVED_AT = "2026-11-22T16:00:00Z"
CLIENT_IP = "198.51.100.7"
SHOWN_MAX = 20


def normalise(binary, payloads):
    """What Errata would store of each."""
    lines = "".join(json.dumps(payload) + "\n" for payload in payloads)
    done = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def reason_for(field, ours, relay, sent):
    """The number of the entry that explains the difference."""
    name = re.sub(r"\[\d+\]", "[]", field)
    for number, (pattern, applies, _) in enumerate(DIFFERENCES):
        fits = name == pattern or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
        if fits and applies(ours, relay, sent):
            return number
    return None


def compare_events(binary):
    names, payloads = zip(*captured())
    stored = normalise(binary, payloads)
    assert len(stored) == len(payloads), f"{len(stored)} answers for {len(payloads)} payloads"
    relay = StoreNormalizer(project_id=42, received_at=RECEIVED_AT, client_ip=CLIENT_IP)
    used, unlisted, compared = Counter(), [], 0
    for name, sent, event in zip(names, payloads, stored):
        assert event is not None, f"{name} would not be stored"
        ours, theirs = of_ours(event), of_relay(relay.normalize_event(sent))
        for field in sorted(ours.keys() | theirs.keys()):
            compared += 1
            mine, other = ours.get(field, ABSENT), theirs.get(field, ABSENT)
            if mine == other:
                continue
            number = reason_for(field, mine, other, sent)
            if number is None:
                unlisted.append(f"{name}: {field}\n  ours  {mine!r:.300}\n  relay {other!r:.300}")
            else:
                used[number] += 1
    print(f"{len(payloads)} events, {compared} values compared, {sum(used.values())} listed differences of {len(used)} kinds")
    stale = [f"{field}: {why}" for number, (field, _, why) in enumerate(DIFFERENCES) if number not in used]
    return unlisted, stale


def main():
    [binary] = sys.argv[1:]
    failed = False
    for what, (unlisted, stale) in (("events", compare_events(binary)), ("scrub", compare_scrub(binary, normalise))):
        for each in unlisted[:SHOWN_MAX]:
            print(f"{what}: a difference that is not listed: {each}")
        for each in stale:
            print(f"{what}: listed, and nothing fits it: {each}")
        if len(unlisted) > SHOWN_MAX:
            print(f"{what}: and {len(unlisted) - SHOWN_MAX} more")
        failed = failed or unlisted or stale
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
