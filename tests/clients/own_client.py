"""Uses proto/client-python against a server: URL TOKEN KEY. Prints what a person would look at."""

import inspect
import json
import subprocess
import sys
import time
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "proto" / "client-python"
sys.path.insert(0, str(CLIENT))
sys.dont_write_bytecode = True

from errata_client import Errata, ErrataError  # noqa: E402


def until(what, look):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"never: {what}")


def refused(call, status, code):
    try:
        call()
    except ErrataError as error:
        assert (error.status, error.code) == (status, code), error
        assert error.request_id, error
        return error
    raise SystemExit("was not refused")


url, token, key = sys.argv[1:]
subprocess.run([sys.executable, "-B", str(CLIENT / "generate.py"), "--check"], check=True)

sender, reader = Errata(url, token=key), Errata(url, token=token)
ids = [
    sender.send_error({"error": {"type": f"Python{n}", "message": "client"}, "release": "1.0"})["id"]
    for n in range(5)
]
until("five events", lambda: len(reader.list_errors()["errors"]) == 5)
until("five issues", lambda: len(reader.list_issues()["issues"]) == 5)

# Pages of two hold the same as one of all, each once.
pages = [issue["id"] for issue in reader.each_of_list_issues(limit=2, sort="first_seen")]
assert sorted(pages) == sorted(issue["id"] for issue in reader.list_issues()["issues"]), pages
assert len(set(pages)) == 5, pages
events = [event["id"] for event in reader.each_of_list_errors(limit=2)]
assert sorted(events) == sorted(ids), events

[found] = reader.list_issues(query="Python3")["issues"]
assert found["title"].startswith("Python3"), found
assert reader.get_issue(found["id"], fingerprints=True)["fingerprints"], found
event = reader.get_error(ids[3])
assert event["issue_id"] == found["id"], event
assert reader.explain_grouping(ids[3]), "how it was grouped"
assert reader.query_stats(group_by="type", before=True), "figures"
rows = reader.query_sql({"query": "SELECT count(*) AS n FROM events"})
assert rows["rows"] == [[5]] or rows["rows"] == [{"n": 5}], json.dumps(rows)
then = until("issues of before", lambda: reader.list_issues(at="-1h"))
assert then["issues"] == [], then

error = refused(lambda: reader.list_issues(query="(("), 400, "invalid")
assert error.field == "query", error
refused(lambda: reader.get_error("e" * 32), 404, "not_found")
refused(lambda: sender.list_issues(), 403, "forbidden")
refused(lambda: sender.send_error({"error": {"type": 5}}), 400, "invalid")

# Whatever a token may do has a method.
document = json.loads((CLIENT.parents[1] / "docs" / "openapi.json").read_text())
operations = [
    operation
    for verbs in document["paths"].values()
    for operation in verbs.values()
    if any("token" in way for way in operation.get("security", []))
]
methods = [name for name, _ in inspect.getmembers(Errata, inspect.isfunction)]
assert len(operations) > 15 and len(methods) >= len(operations), (len(operations), methods)
print(f"{len(methods)} methods")
