"""Secrets and harmless neighbours through both scrubbers, Relay's with its default rules.

Each text stands under a key of `extra`. Both must do what is said, so that a change of either shows here.
"""
from sentry_relay.processing import convert_datascrubbing_config, pii_strip_event

BOTH, NEITHER, RELAY_ONLY, OURS_ONLY = "both mask", "neither masks", "only Relay masks", "only ours masks"

MATCHES_WORDS = "Relay masks a value if its key merely contains the word."
WHOLE_VALUE = "Relay masks the whole text for one word in it; nobody can read what went wrong."

# (key, value, the secret part or None, who masks it, why they differ)
TEXTS = [
    ("password", "hunter2", "hunter2", BOTH, ""),
    ("passwd", "hunter2", "hunter2", BOTH, ""),
    ("secret", "hunter2", "hunter2", BOTH, ""),
    ("api_key", "hunter2", "hunter2", BOTH, ""),
    ("apikey", "hunter2", "hunter2", BOTH, ""),
    ("authorization", "Bearer hunter2", "hunter2", BOTH, ""),
    ("access_token", "hunter2", "hunter2", BOTH, ""),
    ("auth_token", "hunter2", "hunter2", BOTH, ""),
    ("credentials", "hunter2", "hunter2", BOTH, ""),
    ("private_key", "hunter2", "hunter2", BOTH, ""),
    ("note", "sign in with password=hunter2 now", "hunter2", BOTH, ""),
    ("note", "https://ada:hunter2@example.com/cart", "hunter2", BOTH, ""),
    ("note", "nothing to see", None, NEITHER, ""),
    ("status", "ok", None, NEITHER, ""),
    ("release", "shop@1.4.2", None, NEITHER, ""),
    ("order_id", "A-1001", None, NEITHER, ""),
    ("author", "Ada Winter", None, RELAY_ONLY, MATCHES_WORDS),
    ("authority", "example.com:443", None, RELAY_ONLY, MATCHES_WORDS),
    ("tokens_used", "1200", None, RELAY_ONLY, MATCHES_WORDS),
    ("max_tokens", "4096", None, RELAY_ONLY, MATCHES_WORDS),
    ("passwordless", "by mail", None, RELAY_ONLY, MATCHES_WORDS),
    ("note", "my password is wrong", None, RELAY_ONLY, WHOLE_VALUE),
]


def compare_scrub(binary, normalise):
    """Unlisted and stale ones, as of events."""
    rules = convert_datascrubbing_config(
        {"scrubData": True, "scrubDefaults": True, "scrubIpAddresses": False, "sensitiveFields": [], "excludeFields": []}
    )
    events = [{"event_id": f"{number + 1:032x}", "message": "m", "extra": {key: value}} for number, (key, value, *_) in enumerate(TEXTS)]
    stored = normalise(binary, events)
    wrong = []
    for (key, value, secret, who, _), event, ours in zip(TEXTS, events, stored):
        is_masked = lambda kept: (secret or value) not in str(kept)
        theirs = is_masked(pii_strip_event(rules, event)["extra"].get(key))
        mine = is_masked(ours["extra"].get(key))
        found = {(True, True): BOTH, (False, False): NEITHER, (False, True): RELAY_ONLY, (True, False): OURS_ONLY}[mine, theirs]
        if found != who:
            wrong.append(f"{key}: {value}\n  {found}, and {who} is expected; stored {ours['extra']}")
    print(f"{len(TEXTS)} texts through both scrubbers")
    unexplained = [f"{key}: {value}" for key, value, _, who, why in TEXTS if (why == "") != (who in (BOTH, NEITHER))]
    return wrong, unexplained
