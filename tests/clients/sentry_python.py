"""Sends one error with the official sentry-sdk and prints its event id."""

import sys

import sentry_sdk

dsn = sys.argv[1]
sentry_sdk.init(dsn, release="billing@2.0", environment="production", include_local_variables=True)
sentry_sdk.set_tag("region", "eu")
sentry_sdk.set_user({"id": "7", "username": "grace"})


def invoice(customer, password):
    lines = []
    return lines[0] / customer


try:
    # Put together at run time: source lines are sent as they are.
    invoice({"name": "Grace"}, "-".join(["hun" + "ter2", "python"]))
except IndexError as error:
    event_id = sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)
print(event_id)
