"""Sends an error with files, feedback about it, and what else the official sentry-sdk
sends by itself: prints the error's event id."""

import sys

import sentry_sdk
from sentry_sdk.crons import capture_checkin

dsn = sys.argv[1]


def before_send(event, hint):
    return None if event.get("message") == "not this one" else event


sentry_sdk.init(dsn, release="billing@2.0", environment="production", before_send=before_send, traces_sample_rate=1.0)
with sentry_sdk.new_scope() as scope:
    scope.add_attachment(bytes=b"line 1\nline 2\n", filename="notes.txt", content_type="text/plain")
    scope.add_attachment(bytes=bytes(range(256)), filename="data.bin")
    event_id = sentry_sdk.capture_message("with files", level="error", scope=scope)
sentry_sdk.capture_message("not this one")
capture_checkin(monitor_slug="nightly", status="ok", duration=1.5)
with sentry_sdk.start_transaction(name="job"):
    pass
sentry_sdk.flush(10)
client = sentry_sdk.get_client()
client.close(timeout=10)
print(event_id)
