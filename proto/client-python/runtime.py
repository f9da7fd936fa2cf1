"""A client of Errata's HTTP interface. Made by generate.py of docs/openapi.json: do not edit.

    errata = Errata("https://errata.example", token="…")
    for issue in errata.each_of_list_issues(query="is:unresolved level:error"):
        print(issue["id"], issue["title"], issue["count"])

Python 3.9 and later, nothing but the standard library. A refusal is an ErrataError; 429 and 503
are tried again as often and as late as the server says, at most `attempts` times.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, Iterator, List, Literal, Optional, TypedDict, Union

try:
    from typing import NotRequired
except ImportError:  # before 3.11: the key is then said to be always there

    class _Anything:
        def __getitem__(self, kind):
            return kind

    NotRequired = _Anything()

# Longest wait between two attempts, seconds.
WAIT_MAX_S = 60.0


class ErrataError(Exception):
    """A refusal: its code, the field that it is about, and the HTTP status."""

    def __init__(self, status: int, code: str, message: str, field: str, request_id: str):
        super().__init__(f"{status} {code}: {message}" + (f" ({field})" if field else ""))
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.request_id = request_id


def _part(value: Any) -> str:
    return urllib.parse.quote(str(value), safe="")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Caller:
    """Sends requests; `token` is an API token, or a project's key for sending errors."""

    def __init__(self, url: str, *, token: str, timeout_s: float = 30.0, attempts: int = 3):
        self._url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._attempts = attempts

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Dict[str, Any],
        form: str,
        body: Any = None,
        sent: str = "json",
    ) -> Any:
        given = {name: _text(value) for name, value in query.items() if value is not None}
        url = self._url + path + ("?" + urllib.parse.urlencode(given) if given else "")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if form == "bytes":
            headers["Accept"] = "*/*"
        data = None
        if body is not None:
            data = (json.dumps(body) if sent == "json" else body).encode()
            headers["Content-Type"] = "application/json" if sent == "json" else sent
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        for attempt in range(1, self._attempts + 1):
            try:
                with urllib.request.urlopen(request, timeout=self._timeout_s) as response:
                    content = response.read()
            except urllib.error.HTTPError as error:
                if error.code in (429, 503) and attempt < self._attempts:
                    after = error.headers.get("Retry-After", "1")
                    error.close()
                    time.sleep(min(float(after) if after.isdigit() else 1.0, WAIT_MAX_S))
                    continue
                raise _refusal(error) from None
            if form == "json":
                return json.loads(content)
            return content if form == "bytes" else None
        raise AssertionError("the last attempt returns or raises")


def _refusal(error: urllib.error.HTTPError) -> ErrataError:
    with error:
        content = error.read()
    try:
        told = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        told = {}
    return ErrataError(
        error.code,
        told.get("code", ""),
        told.get("message", content[:200].decode(errors="replace")),
        told.get("field", ""),
        error.headers.get("x-request-id", ""),
    )


# --- generated from here ---
