"""Where Errata's stored event differs from Relay's normalised one, and why. Whatever is not listed here fails the
test; so does an entry that nothing fits any more.

An entry: the field (see fields.py; [] stands for any index), when it applies (ours, Relay's, the payload as sent), and
why it is so.
"""

ABSENT = "<absent>"


def last_path(url):
    return "/" + url.split("://", 1)[-1].partition("/")[2].split("?")[0].split("#")[0]


DIFFERENCES = [
    (
        "contexts",
        lambda ours, relay, sent: [name for name in relay if name != "trace"] == as_given(ours, relay)
        and "trace" not in (sent.get("contexts") or {}),
        "Relay makes up a trace context, its ids cut from the event's, for clients that sent none. A made-up trace"
        " leads nowhere: Errata stores what was sent.",
    ),
    (
        "contexts",
        lambda ours, relay, sent: as_given(ours, relay) == relay,
        "Errata reads browser, system and device from the User-Agent when the event comes, Relay only when told to by"
        " its caller.",
    ),
    (
        "exception[].frame[].filename",
        lambda ours, relay, sent: relay == last_path(ours),
        "Relay cuts scheme and host from a script's file name and keeps the URL in abs_path. Errata stores one URL and"
        " cuts it where it is shown and grouped; nothing is lost.",
    ),
    (
        "thread[].frame[].filename",
        lambda ours, relay, sent: relay == last_path(ours),
        "As for the frames of exceptions.",
    ),
    (
        "exception[].frame[].function",
        lambda ours, relay, sent: ours == "?" and relay == "",
        "Clients write \"?\" for an unknown function; Relay removes it, Errata keeps what was sent and shows it as"
        " <anonymous>.",
    ),
    ("thread[].frame[].function", lambda ours, relay, sent: ours == "?" and relay == "", "As above."),
    (
        "exception[].frames",
        lambda ours, relay, sent: ours == 250 and relay > 250,
        "Errata keeps 250 frames of a stack, half from each end: deeper ones are recursions. Relay keeps all here and"
        " cuts by size elsewhere.",
    ),
    (
        "exception[].frame[].*",
        lambda ours, relay, sent: ours == ABSENT or frames_were_cut(sent),
        "The frames of a stack that was cut, compared by number.",
    ),
    (
        "exception[].frame[].in_app",
        lambda ours, relay, sent: relay is None and isinstance(ours, bool),
        "Frames whose client did not say whether they are the application's: Errata guesses by path and module when"
        " the event comes, Relay's server later.",
    ),
    ("thread[].frame[].in_app", lambda ours, relay, sent: relay is None and isinstance(ours, bool), "As above."),
    (
        "exception[].frame[].in_app",
        lambda ours, relay, sent: ours is False and relay is True and sent.get("platform") in ("javascript", "native"),
        "Errata corrects a client that calls the SDK's own script or the standard library its application (browser SDKs"
        " and Rust's do); Relay leaves that to a later step of its server.",
    ),
    (
        "thread[].frame[].in_app",
        lambda ours, relay, sent: ours is False and relay is True and sent.get("platform") in ("javascript", "native"),
        "As above.",
    ),
    (
        "exception[].mechanism",
        lambda ours, relay, sent: relay == ("", None) and "mechanism" in (sent.get("exception") or {}),
        "raven-js puts the mechanism beside the list of exceptions. Relay throws it away, Errata gives it to the"
        " exception that was caught.",
    ),
    (
        "exception[].value",
        lambda ours, relay, sent: "\N{REPLACEMENT CHARACTER}" in ours
        and ours.replace("\N{REPLACEMENT CHARACTER}", "?") == relay,
        "A lone surrogate: Errata writes the replacement character, the oracle's Python wrapper a question mark.",
    ),
    (
        "exception[].value",
        lambda ours, relay, sent: len(ours) <= 8193 < len(relay) and relay.startswith(ours[:8000]),
        "Errata keeps 8,192 bytes of an exception's text, Relay more: of a longer one nobody reads the rest, and each"
        " search document would hold it.",
    ),
    (
        "request.query_string",
        lambda ours, relay, sent: [(n, "[Filtered]" if n == "token" else v) for n, v in relay] == ours,
        "A token in the query string, masked. Relay scrubs in a step of its own (compare_scrub.py).",
    ),
    (
        "server_name",
        lambda ours, relay, sent: relay == "" and ours == sent.get("server_name"),
        "Relay turns server_name into a tag; Errata keeps it in its own field, where it is searched like a tag.",
    ),
    (
        "tags",
        lambda ours, relay, sent: tags_of(relay, sent, ours) == without_agent(ours, sent),
        "Relay makes a tag of server_name (see above), keeps tags without a value, writes a boolean as Python does"
        " (\"True\"), and empties names beyond ASCII letters, digits and a few signs. Errata leaves tags without a value"
        " out, writes booleans as JSON does, and keeps people's own words.",
    ),
    (
        "timestamp",
        lambda ours, relay, sent: ours == 1795363260.0 and relay > ours,
        "Clamped: a clock that is ahead counts as one minute after receipt. Relay does so only when told to by its"
        " caller, and then takes the time of receipt.",
    ),
    (
        "timestamp",
        lambda ours, relay, sent: ours == 1795363200.0 - 30 * 86400 and relay < ours,
        "Clamped: a clock that is behind counts as 30 days before receipt, the other end of the window.",
    ),
    (
        "user.ip_address",
        lambda ours, relay, sent: ours == "198.51.100.7" and relay == "" and sent.get("platform") == "javascript",
        "A page cannot know its own address, so Errata fills in the sender's for browsers, as Sentry's servers did for"
        " these SDKs when they were new. This release of Relay waits for settings.infer_ip. Projects can mask"
        " addresses.",
    ),
]


def frames_were_cut(sent):
    exception = sent.get("exception") or {}
    values = exception.get("values") if isinstance(exception, dict) else exception
    return any(len(((each or {}).get("stacktrace") or {}).get("frames") or []) > 250 for each in values or [])


OF_AGENT = {"browser", "browser.name", "os", "os.name", "client_os", "client_os.name", "device", "device.family"}


def as_given(contexts, relay):
    """Our contexts without those that were read from the User-Agent."""
    return [name for name in contexts if name in relay or name not in OF_AGENT]


def without_agent(tags, sent):
    """Our tags without those that were read from the User-Agent."""
    given = sent.get("tags") or {}
    names = set(given) if isinstance(given, dict) else {pair[0] for pair in given if pair}
    return [(name, value) for name, value in tags if name in names or name not in OF_AGENT]


def tags_of(relay, sent, ours):
    """Relay's tags with what is explained undone; refused names are those of the same value in ours."""
    names = {value: name for name, value in ours}
    kept = [(name, value) for name, value in relay if value and (name, value) != ("server_name", sent.get("server_name"))]
    kept = [(name, {"True": "true", "False": "false"}.get(value, value)) for name, value in kept]
    return sorted((name or names.get(value, ""), value) for name, value in kept)
