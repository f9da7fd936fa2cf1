"""Captures errors one after the other with the official sentry-sdk, waiting for each, and
ends as a program does: what it was told not to send it reports."""

import sys

import sentry_sdk

dsn, count = sys.argv[1], int(sys.argv[2])
sentry_sdk.init(dsn, default_integrations=False)
for number in range(count):
    sentry_sdk.capture_exception(ValueError(f"failure {number}"))
    sentry_sdk.flush(10)
sentry_sdk.get_client().close(timeout=10)
