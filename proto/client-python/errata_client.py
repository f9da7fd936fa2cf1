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


# What travels.

Level = Literal["debug", "info", "warning", "error", "fatal"]

Event = TypedDict(
    "Event",
    {
        "error": "Error",
        "level": NotRequired["Level"],
        "platform": NotRequired[str],
        "release": NotRequired[str],
        "environment": NotRequired[str],
        "timestamp": NotRequired[Union[str, float]],
        "id": NotRequired[str],
        "client": NotRequired["Client"],
        "user": NotRequired["User"],
        "context": NotRequired["Context"],
        "tags": NotRequired[Dict[str, str]],
        "fingerprint": NotRequired[List[str]],
        "extra": NotRequired[Dict[str, Any]],
        "count": NotRequired[int],
    },
)

Error = TypedDict(
    "Error",
    {
        "type": NotRequired[str],
        "message": NotRequired[str],
        "stack": NotRequired[str],
        "frames": NotRequired[List["Frame"]],
        "causes": NotRequired[List["Error"]],
        "handled": NotRequired[bool],
        "mechanism": NotRequired[str],
    },
)

Frame = TypedDict(
    "Frame",
    {
        "function": NotRequired[str],
        "module": NotRequired[str],
        "filename": NotRequired[str],
        "abs_path": NotRequired[str],
        "lineno": NotRequired[int],
        "colno": NotRequired[int],
        "in_app": NotRequired[bool],
        "context_line": NotRequired[str],
        "pre_context": NotRequired[List[str]],
        "post_context": NotRequired[List[str]],
        "vars": NotRequired[Dict[str, Any]],
    },
)

Client = TypedDict(
    "Client",
    {
        "url": NotRequired[str],
        "user_agent": NotRequired[str],
        "language": NotRequired[str],
        "resolution": NotRequired[str],
        "os": NotRequired[str],
        "hostname": NotRequired[str],
    },
)

User = TypedDict(
    "User",
    {
        "id": NotRequired[str],
        "session_id": NotRequired[str],
        "email": NotRequired[str],
        "username": NotRequired[str],
        "ip_address": NotRequired[str],
    },
)

Context = TypedDict(
    "Context",
    {
        "breadcrumbs": NotRequired[List["Breadcrumb"]],
        "state": NotRequired[Dict[str, Any]],
        "metrics": NotRequired[Dict[str, Any]],
    },
)

Breadcrumb = TypedDict(
    "Breadcrumb",
    {
        "timestamp": NotRequired[Union[str, float]],
        "type": NotRequired[str],
        "category": NotRequired[str],
        "level": NotRequired["Level"],
        "message": NotRequired[str],
        "data": NotRequired[Dict[str, Any]],
    },
)

Batch = TypedDict(
    "Batch",
    {
        "errors": List["Event"],
        "discarded_events": NotRequired[List["DiscardedEvents"]],
    },
)

DiscardedEvents = TypedDict(
    "DiscardedEvents",
    {
        "reason": str,
        "category": NotRequired[str],
        "quantity": int,
    },
)

Accepted = TypedDict(
    "Accepted",
    {
        "id": str,
    },
)

BatchResult = TypedDict(
    "BatchResult",
    {
        "results": List[Union["Accepted", Dict[str, Any]]],
        "discarded_events_error": NotRequired["Problem"],
    },
)

Problem = TypedDict(
    "Problem",
    {
        "code": Literal["invalid", "unauthenticated", "forbidden", "not_found", "not_retained", "method_not_allowed", "timed_out", "conflict", "too_large", "unsupported_encoding", "unsupported_type", "limited", "overloaded", "internal"],
        "message": str,
        "field": Union[str, None],
        "position": NotRequired[Dict[str, Any]],
        "suggestion": NotRequired[Union[str, None]],
    },
)

ErrorLine = TypedDict(
    "ErrorLine",
    {
        "id": str,
        "issue_id": str,
        "project_id": int,
        "timestamp": str,
        "received_at": str,
        "level": Literal["debug", "info", "warning", "error", "fatal"],
        "type": str,
        "message": str,
        "culprit": str,
        "release": str,
        "environment": str,
        "platform": str,
        "count": NotRequired[int],
    },
)

ErrorList = TypedDict(
    "ErrorList",
    {
        "errors": List["ErrorLine"],
        "next_cursor": Union[str, None],
    },
)

StoredFrame = TypedDict(
    "StoredFrame",
    {
        "function": str,
        "module": str,
        "filename": str,
        "abs_path": str,
        "lineno": Union[int, None],
        "colno": Union[int, None],
        "package": str,
        "instruction_addr": str,
        "in_app": bool,
        "client_in_app": Union[bool, None],
        "context_line": str,
        "context_start": int,
        "pre_context": List[str],
        "post_context": List[str],
        "vars": Dict[str, Any],
    },
)

StoredMechanism = TypedDict(
    "StoredMechanism",
    {
        "type": str,
        "handled": Union[bool, None],
        "synthetic": bool,
        "exception_id": Union[int, None],
        "parent_id": Union[int, None],
        "is_exception_group": bool,
        "source": str,
        "data": Dict[str, Any],
    },
)

StoredException = TypedDict(
    "StoredException",
    {
        "type": str,
        "value": str,
        "module": str,
        "thread_id": str,
        "mechanism": Union["StoredMechanism", None],
        "frames": List["StoredFrame"],
    },
)

StoredThread = TypedDict(
    "StoredThread",
    {
        "id": str,
        "name": str,
        "crashed": bool,
        "current": bool,
        "frames": List["StoredFrame"],
    },
)

StoredBreadcrumb = TypedDict(
    "StoredBreadcrumb",
    {
        "timestamp": Union[str, None],
        "type": str,
        "category": str,
        "level": Literal["debug", "info", "warning", "error", "fatal"],
        "message": str,
        "data": Dict[str, Any],
    },
)

StoredAttachment = TypedDict(
    "StoredAttachment",
    {
        "number": int,
        "name": str,
        "content_type": str,
        "attachment_type": str,
        "size_bytes": int,
        "sha256": str,
        "received_at": str,
    },
)

ErrorDetail = TypedDict(
    "ErrorDetail",
    {
        "id": str,
        "issue_id": str,
        "project_id": int,
        "timestamp": str,
        "received_at": str,
        "level": Literal["debug", "info", "warning", "error", "fatal"],
        "type": str,
        "message": str,
        "culprit": str,
        "release": str,
        "environment": str,
        "platform": str,
        "exceptions": List["StoredException"],
        "threads": List["StoredThread"],
        "tags": Dict[str, str],
        "user": Union[Dict[str, Any], None],
        "request": Union[Dict[str, Any], None],
        "contexts": Dict[str, Any],
        "breadcrumbs": List["StoredBreadcrumb"],
        "extra": Dict[str, Any],
        "fingerprint": List[str],
        "sdk": Union[Dict[str, Any], None],
        "transaction": str,
        "logger": str,
        "dist": str,
        "server_name": str,
        "modules": Dict[str, Any],
        "attachments": List["StoredAttachment"],
        "log_message": str,
        "stack": str,
        "problems": List[Dict[str, Any]],
    },
)

Grouping = TypedDict(
    "Grouping",
    {
        "id": str,
        "issue_id": str,
        "fingerprint": str,
        "title": str,
        "culprit": str,
        "algorithm_version": int,
        "root": "GroupingComponent",
    },
)

GroupingComponent = TypedDict(
    "GroupingComponent",
    {
        "name": str,
        "value": str,
        "raw": str,
        "counts": bool,
        "why": str,
        "index": Union[int, None],
        "parts": List["GroupingComponent"],
    },
)

Issue = TypedDict(
    "Issue",
    {
        "id": str,
        "project_id": int,
        "title": str,
        "culprit": str,
        "type": str,
        "level": Literal["debug", "info", "warning", "error", "fatal"],
        "status": Literal["unresolved", "resolved", "ignored"],
        "count": int,
        "users": int,
        "first_seen": str,
        "last_seen": str,
        "assignee": Union[Dict[str, Any], None],
        "fingerprints": NotRequired[List["IssueFingerprint"]],
    },
)

IssueList = TypedDict(
    "IssueList",
    {
        "issues": List["Issue"],
        "next_cursor": Union[str, None],
    },
)

SimilarIssue = TypedDict(
    "SimilarIssue",
    {
        "issue": "Issue",
        "score": float,
        "shared": str,
        "differs": str,
        "event_id": str,
        "similar_event_id": str,
        "suggested_rule": Union[str, None],
    },
)

SimilarIssueList = TypedDict(
    "SimilarIssueList",
    {
        "issues": List["SimilarIssue"],
        "events": int,
    },
)

Outcome = TypedDict(
    "Outcome",
    {
        "sequence": str,
        "received_at": str,
        "kind": Literal["stored", "not_kept", "refused"],
        "reason": str,
        "explanation": str,
        "advice": str,
        "message": str,
        "field": str,
        "method": str,
        "path": str,
        "http_status": Union[int, None],
        "grpc_code": Union[int, None],
        "client_gone": bool,
        "category": str,
        "item_type": str,
        "quantity": int,
        "event_id": str,
        "sdk": Dict[str, Any],
        "client": str,
        "encoding": str,
        "received_bytes": Union[int, None],
        "decompressed_bytes": Union[int, None],
        "took_us": Union[int, None],
        "public_key": str,
        "project_id": int,
    },
)

OutcomeList = TypedDict(
    "OutcomeList",
    {
        "outcomes": List["Outcome"],
        "newest": str,
    },
)

GroupingRules = TypedDict(
    "GroupingRules",
    {
        "project_id": int,
        "text": str,
        "version": int,
        "algorithm": int,
        "algorithms": List[int],
        "history": List[Dict[str, Any]],
        "applications": List[Dict[str, Any]],
    },
)

CheckedRules = TypedDict(
    "CheckedRules",
    {
        "faults": List[Dict[str, Any]],
        "rules": int,
        "matches": List[Dict[str, Any]],
        "events": int,
        "cut_short": bool,
        "over_budget": int,
        "moved": int,
    },
)

IssueFingerprint = TypedDict(
    "IssueFingerprint",
    {
        "fingerprint": str,
        "issue_id": str,
        "title": str,
        "culprit": str,
        "count": int,
        "users": int,
        "first_seen": str,
        "last_seen": str,
        "sample_event_id": str,
    },
)

RegroupPreview = TypedDict(
    "RegroupPreview",
    {
        "events": int,
        "total": int,
        "end": Literal["all", "events", "time"],
        "reached": Union[str, None],
        "rules": int,
        "algorithm": int,
        "moved": int,
        "issues_before": int,
        "issues_after": int,
        "merges": List["RegroupGroup"],
        "merges_total": int,
        "splits": List["RegroupGroup"],
        "splits_total": int,
        "created": List["RegroupGroup"],
        "created_total": int,
        "over_budget": int,
        "uncounted": int,
    },
)

RegroupGroup = TypedDict(
    "RegroupGroup",
    {
        "issue": Union["RegroupIssue", None],
        "parts": List["RegroupIssue"],
        "parts_total": int,
    },
)

RegroupIssue = TypedDict(
    "RegroupIssue",
    {
        "id": str,
        "title": str,
        "events": int,
        "is_new": bool,
        "is_discarded": bool,
        "samples": List["ErrorLine"],
    },
)

Retention = TypedDict(
    "Retention",
    {
        "events": int,
        "rules": List["RetentionRule"],
    },
)

RetentionRule = TypedDict(
    "RetentionRule",
    {
        "rule": str,
        "source": Literal["configuration", "project", "tried"],
        "gone_before": Union[str, None],
        "goes_before": str,
        "events": int,
        "bytes": int,
    },
)

Stats = TypedDict(
    "Stats",
    {
        "interval": str,
        "values": int,
        "from": Union[str, None],
        "to": Union[str, None],
        "starts": List[str],
        "total": "StatsLine",
        "groups": List["StatsLine"],
        "others": Union["StatsLine", None],
        "before": Union["StatsPeriod", None],
    },
)

StatsPeriod = TypedDict(
    "StatsPeriod",
    {
        "from": Union[str, None],
        "to": Union[str, None],
        "starts": List[str],
        "total": "StatsLine",
        "groups": List["StatsLine"],
        "others": Union["StatsLine", None],
    },
)

StatsLine = TypedDict(
    "StatsLine",
    {
        "value": NotRequired[str],
        "label": NotRequired[str],
        "term": NotRequired[str],
        "events": int,
        "errors": int,
        "users": Union[int, None],
        "counts": List[int],
        "user_counts": NotRequired[List[int]],
    },
)

SqlTables = TypedDict(
    "SqlTables",
    {
        "tables": List[Dict[str, Any]],
    },
)

SqlQuery = TypedDict(
    "SqlQuery",
    {
        "query": str,
        "parameters": NotRequired[List[Union[str, float, bool, None]]],
        "limit": NotRequired[int],
    },
)

SqlAnswer = TypedDict(
    "SqlAnswer",
    {
        "columns": List[Dict[str, Any]],
        "rows": List[List[Any]],
        "truncated": bool,
        "elapsed_ms": int,
        "error": NotRequired[Dict[str, Any]],
    },
)


class Errata(Caller):
    """All that an API token or a project's key may do over HTTP."""

    def send_error(
        self,
        body: "Event",
    ) -> "Accepted":
        """Send one error.

        Any content type; gzip, deflate, br and zstd, gzip also recognised by its first bytes.
        202 means that the event is on disk.
        """
        return self._call(
            "POST",
            "/api/errors",
            query={},
            body=body,
            sent="json",
            form="json",
        )

    def list_errors(
        self,
        *,
        project: Optional[int] = None,
        issue: Optional[str] = None,
        query: Optional[str] = None,
        time_zone: Optional[str] = None,
        environment: Optional[str] = None,
        release: Optional[str] = None,
        user: Optional[str] = None,
        tag: Optional[str] = None,
        level: Optional[str] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        order: Optional[Literal["desc", "asc"]] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        after_position: Optional[str] = None,
    ) -> "ErrorList":
        """List events, newest first.

        project: Of one project; all that the caller sees if left out. One that they do not see
        is answered like one that does not exist.
        issue: Of one issue.
        query: A query of the search language (docs/search.md): words, key:value, AND, OR, NOT,
        parentheses, wildcards, comparisons; at most 4,096 bytes; or the id of an event, alone.
        One that cannot be read is refused with the position.
        time_zone: Where the days of the query begin: a name such as Europe/Berlin; UTC if left
        out.
        environment: Of this environment.
        release: Of this release.
        user: Whom it happened to: an id, an e-mail address or a name as sent, or with its kind
        (id:42).
        tag: key:value, or key for any value.
        level: Several with commas.
        from_: Happened from then on: RFC 3339 or Unix seconds.
        to: Happened before then.
        order: asc turns it around.
        limit: How many; 50 if left out.
        cursor: next_cursor of the page before.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            "/api/errors",
            query={"project": project, "issue": issue, "query": query, "time_zone": time_zone, "environment": environment, "release": release, "user": user, "tag": tag, "level": level, "from": from_, "to": to, "order": order, "limit": limit, "cursor": cursor, "after_position": after_position},
            form="json",
        )

    def each_of_list_errors(
        self,
        *,
        project: Optional[int] = None,
        issue: Optional[str] = None,
        query: Optional[str] = None,
        time_zone: Optional[str] = None,
        environment: Optional[str] = None,
        release: Optional[str] = None,
        user: Optional[str] = None,
        tag: Optional[str] = None,
        level: Optional[str] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        order: Optional[Literal["desc", "asc"]] = None,
        limit: Optional[int] = None,
        after_position: Optional[str] = None,
    ) -> Iterator["ErrorLine"]:
        """Every row of list_errors, page by page."""
        cursor = None
        while True:
            page = self.list_errors(
                project=project,
                issue=issue,
                query=query,
                time_zone=time_zone,
                environment=environment,
                release=release,
                user=user,
                tag=tag,
                level=level,
                from_=from_,
                to=to,
                order=order,
                limit=limit,
                after_position=after_position,
                cursor=cursor,
            )
            yield from page["errors"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def send_errors(
        self,
        body: "Batch",
    ) -> "BatchResult":
        """Send several errors.
        """
        return self._call(
            "POST",
            "/api/errors/batch",
            query={},
            body=body,
            sent="json",
            form="json",
        )

    def export_errors(
        self,
        *,
        format: Optional[Literal["jsonl", "csv", "parquet"]] = None,
        project: Optional[int] = None,
        issue: Optional[str] = None,
        query: Optional[str] = None,
        time_zone: Optional[str] = None,
        environment: Optional[str] = None,
        release: Optional[str] = None,
        user: Optional[str] = None,
        tag: Optional[str] = None,
        level: Optional[str] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        order: Optional[Literal["desc", "asc"]] = None,
        after_position: Optional[str] = None,
    ) -> bytes:
        """All events of a list, as a file.

        Without a limit of rows: the events that were indexed, kept and seen by the caller when
        it began, in the order of the list; docs/search.md tells of columns and bounds. Should
        it end early, the connection is broken off. Two exports of one person at once.

        format: The form of the file; by Accept if left out, JSON lines if that names none of
        them.
        project: Of one project; all that the caller sees if left out. One that they do not see
        is answered like one that does not exist.
        issue: Of one issue.
        query: A query of the search language (docs/search.md): words, key:value, AND, OR, NOT,
        parentheses, wildcards, comparisons; at most 4,096 bytes; or the id of an event, alone.
        One that cannot be read is refused with the position.
        time_zone: Where the days of the query begin: a name such as Europe/Berlin; UTC if left
        out.
        environment: Of this environment.
        release: Of this release.
        user: Whom it happened to: an id, an e-mail address or a name as sent, or with its kind
        (id:42).
        tag: key:value, or key for any value.
        level: Several with commas.
        from_: Happened from then on: RFC 3339 or Unix seconds.
        to: Happened before then.
        order: asc turns it around.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            "/api/errors/export",
            query={"format": format, "project": project, "issue": issue, "query": query, "time_zone": time_zone, "environment": environment, "release": release, "user": user, "tag": tag, "level": level, "from": from_, "to": to, "order": order, "after_position": after_position},
            form="bytes",
        )

    def get_error(
        self,
        id: str,
        *,
        after_position: Optional[str] = None,
    ) -> "ErrorDetail":
        """Read one event.

        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            f"/api/errors/{_part(id)}",
            query={"after_position": after_position},
            form="json",
        )

    def explain_grouping(
        self,
        id: str,
        *,
        after_position: Optional[str] = None,
    ) -> "Grouping":
        """Explain why an event is in its issue.

        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            f"/api/errors/{_part(id)}/grouping",
            query={"after_position": after_position},
            form="json",
        )

    def get_attachment(
        self,
        id: str,
        number: int,
        *,
        after_position: Optional[str] = None,
    ) -> bytes:
        """Download a file of an event, or of feedback by its id.

        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            f"/api/errors/{_part(id)}/attachments/{_part(number)}",
            query={"after_position": after_position},
            form="bytes",
        )

    def list_issues(
        self,
        *,
        project: Optional[str] = None,
        query: Optional[str] = None,
        time_zone: Optional[str] = None,
        status: Optional[str] = None,
        level: Optional[str] = None,
        environment: Optional[str] = None,
        release: Optional[str] = None,
        sort: Optional[Literal["last_seen", "first_seen", "count", "users"]] = None,
        order: Optional[Literal["desc", "asc"]] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        after_position: Optional[str] = None,
        at: Optional[str] = None,
    ) -> "IssueList":
        """List issues.

        project: Numbers, separated by commas.
        query: A query of the search language (docs/search.md): words, key:value, AND, OR, NOT,
        parentheses, wildcards, comparisons; at most 4,096 bytes; or the id of an issue or an
        event, alone. One that cannot be read is refused with the position.
        time_zone: Where the days of the query begin: a name such as Europe/Berlin; UTC if left
        out.
        status: unresolved, resolved, ignored; several with commas.
        level: Several with commas.
        environment: Seen there. Times, counts and order are then those of this environment.
        release: Seen in it. Times, counts and order are then those of this release.
        sort: By last_seen if left out.
        order: asc turns it around.
        from_: With an event from then on, and counted from then on: RFC 3339 or Unix seconds.
        Rounded down to the hour; to the minute for a range of less than 24 hours within the
        last 24.
        to: And before then. Rounded up. Now if left out.
        limit: How many; 50 if left out.
        cursor: next_cursor of the page before.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        at: As of a past time: RFC 3339, Unix seconds, or so long ago (-90m, -24h, -7d, -2w, to
        the minute). Ranges end there, and only what had been stored by then is known. 503 with
        Retry-After while it is being built from the logs; 404 (not_retained), with the earliest
        time, where they no longer tell.
        """
        return self._call(
            "GET",
            "/api/issues",
            query={"project": project, "query": query, "time_zone": time_zone, "status": status, "level": level, "environment": environment, "release": release, "sort": sort, "order": order, "from": from_, "to": to, "limit": limit, "cursor": cursor, "after_position": after_position, "at": at},
            form="json",
        )

    def each_of_list_issues(
        self,
        *,
        project: Optional[str] = None,
        query: Optional[str] = None,
        time_zone: Optional[str] = None,
        status: Optional[str] = None,
        level: Optional[str] = None,
        environment: Optional[str] = None,
        release: Optional[str] = None,
        sort: Optional[Literal["last_seen", "first_seen", "count", "users"]] = None,
        order: Optional[Literal["desc", "asc"]] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        limit: Optional[int] = None,
        after_position: Optional[str] = None,
        at: Optional[str] = None,
    ) -> Iterator["Issue"]:
        """Every row of list_issues, page by page."""
        cursor = None
        while True:
            page = self.list_issues(
                project=project,
                query=query,
                time_zone=time_zone,
                status=status,
                level=level,
                environment=environment,
                release=release,
                sort=sort,
                order=order,
                from_=from_,
                to=to,
                limit=limit,
                after_position=after_position,
                at=at,
                cursor=cursor,
            )
            yield from page["issues"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def get_issue(
        self,
        id: str,
        *,
        after_position: Optional[str] = None,
        fingerprints: Optional[bool] = None,
        at: Optional[str] = None,
    ) -> "Issue":
        """Read one issue.

        after_position: Wait, at most 1 s, until a decision at this position is seen.
        fingerprints: `true`: tell what the issue is made of.
        at: As of a past time: RFC 3339, Unix seconds, or so long ago (-90m, -24h, -7d, -2w, to
        the minute). Ranges end there, and only what had been stored by then is known. 503 with
        Retry-After while it is being built from the logs; 404 (not_retained), with the earliest
        time, where they no longer tell.
        """
        return self._call(
            "GET",
            f"/api/issues/{_part(id)}",
            query={"after_position": after_position, "fingerprints": fingerprints, "at": at},
            form="json",
        )

    def list_similar_issues(
        self,
        id: str,
        *,
        limit: Optional[int] = None,
        after_position: Optional[str] = None,
    ) -> "SimilarIssueList":
        """List issues that are much like one.

        limit: How many, at most.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            f"/api/issues/{_part(id)}/similar",
            query={"limit": limit, "after_position": after_position},
            form="json",
        )

    def unmerge_issue(
        self,
        id: str,
        body: Dict[str, Any],
    ) -> Dict[str, Any]:
        """Take fingerprints out of an issue.

        Each is an issue of its own again, with all its numbers; or `together` one. Who triages
        may.
        """
        return self._call(
            "POST",
            f"/api/issues/{_part(id)}/unmerge",
            query={},
            body=body,
            sent="json",
            form="json",
        )

    def merge_issues(
        self,
        body: Dict[str, Any],
    ) -> Dict[str, Any]:
        """Make one issue of several.

        The issue whose first event is the oldest keeps its id; the ids of the others lead to
        it. Exactly undone by `unmerge`. Who triages may.
        """
        return self._call(
            "POST",
            "/api/issues/merge",
            query={},
            body=body,
            sent="json",
            form="json",
        )

    def get_retention(
        self,
        *,
        rule: Optional[str] = None,
    ) -> "Retention":
        """Read by which rules events go, and how many would go now.

        For owners. Rules of configuration and projects, and one that is tried. An event that
        several rules take in is counted at each.

        rule: A rule to try: which events, then for how long, such as `project:3 level:debug
        7d`.
        """
        return self._call(
            "GET",
            "/api/retention",
            query={"rule": rule},
            form="json",
        )

    def query_stats(
        self,
        *,
        query: Optional[str] = None,
        project: Optional[str] = None,
        issue: Optional[str] = None,
        environment: Optional[str] = None,
        release: Optional[str] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        interval: Optional[str] = None,
        time_zone: Optional[str] = None,
        group_by: Optional[str] = None,
        limit: Optional[int] = None,
        users: Optional[Literal["true", "false"]] = None,
        before: Optional[Literal["true", "false"]] = None,
        after_position: Optional[str] = None,
    ) -> "Stats":
        """Count the events of a query over time, by a field.

        The totals are those of GET /api/errors with the same query and range.

        query: A query of the search language (docs/search.md): words, key:value, AND, OR, NOT,
        parentheses, wildcards, comparisons; at most 4,096 bytes; or the id of an event, alone.
        One that cannot be read is refused with the position.
        project: Of these projects, with commas; all that the caller sees if left out. One that
        they do not see is answered like one that does not exist.
        issue: Of one issue.
        environment: Of this environment.
        release: Of this release.
        from_: Happened from then on: RFC 3339 or Unix seconds; 24 hours before the end if left
        out.
        to: Happened before then; now if left out.
        interval: Length of buckets: a number and m, h, d or w (15m, 1h, 1d), or all for one
        bucket; chosen if left out. Hours of more than one, days and weeks are those of the time
        zone. At most 2,400 buckets.
        time_zone: Where days begin, those of the query too: a name such as Europe/Berlin; UTC
        if left out.
        group_by: A field of the search language (docs/statistics.md), or a tag.
        limit: Values with a series of their own.
        users: Whether to count distinct users: exact up to 512, above with a standard error of
        1.7 %.
        before: Whether to count the period of the same length before it, too.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "GET",
            "/api/stats",
            query={"query": query, "project": project, "issue": issue, "environment": environment, "release": release, "from": from_, "to": to, "interval": interval, "time_zone": time_zone, "group_by": group_by, "limit": limit, "users": users, "before": before, "after_position": after_position},
            form="json",
        )

    def get_grouping_rules(
        self,
        id: int,
        *,
        version: Optional[int] = None,
    ) -> "GroupingRules":
        """Read a project's rules of grouping.

        version: One of the history's; without it, or 0: what holds now.
        """
        return self._call(
            "GET",
            f"/api/projects/{_part(id)}/grouping-rules",
            query={"version": version},
            form="json",
        )

    def set_grouping_rules(
        self,
        id: int,
        body: str,
        *,
        expected_version: Optional[int] = None,
    ) -> Dict[str, Any]:
        """Set a project's rules of grouping.

        For events that come after it; those that are there stay in their issues until rules are
        applied to them. Owners only. What cannot be read is refused: the error's field is
        `text:LINE:COLUMN`.

        expected_version: Refused as `conflict` if another version than this one holds by now.
        """
        return self._call(
            "PUT",
            f"/api/projects/{_part(id)}/grouping-rules",
            query={"expected_version": expected_version},
            body=body,
            sent="text/plain",
            form="json",
        )

    def apply_grouping_rules(
        self,
        id: int,
        body: Optional[str] = None,
        *,
        in_force: Optional[bool] = None,
        algorithm: Optional[int] = None,
        expected_version: Optional[int] = None,
    ) -> Dict[str, Any]:
        """Group events that are there by rules.

        Sets them, and groups all events anew that the log keeps. Owners only. What cannot be
        read is refused: the error's field is `text:LINE:COLUMN`.

        in_force: `true`: those that hold, and the body is not read.
        algorithm: By this version of the algorithm; the project's without it.
        expected_version: Refused as `conflict` if another version than this one holds by now.
        """
        return self._call(
            "POST",
            f"/api/projects/{_part(id)}/grouping-rules/apply",
            query={"in_force": in_force, "algorithm": algorithm, "expected_version": expected_version},
            body=body,
            sent="text/plain",
            form="json",
        )

    def undo_grouping_rules(
        self,
        id: int,
        *,
        application: Optional[int] = None,
    ) -> Dict[str, Any]:
        """Take an application of rules back.

        Issues, and what holds for events to come, are what they were. Owners only. Refused as
        `conflict`, with the reason, if it cannot be taken back.

        application: One of `applications`; without it, or 0: the newest.
        """
        return self._call(
            "POST",
            f"/api/projects/{_part(id)}/grouping-rules/undo",
            query={"application": application},
            form="json",
        )

    def check_grouping_rules(
        self,
        id: int,
        body: str,
        *,
        events: Optional[int] = None,
        event: Optional[str] = None,
        after_position: Optional[str] = None,
    ) -> "CheckedRules":
        """Try rules of grouping out.

        Says what is wrong with them, and what of the project's newest events they hold. Sets
        nothing.

        events: Of how many of the newest events they are asked; 100 without it.
        event: Asked of the event with this id alone.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "POST",
            f"/api/projects/{_part(id)}/grouping-rules/check",
            query={"events": events, "event": event, "after_position": after_position},
            body=body,
            sent="text/plain",
            form="json",
        )

    def preview_grouping_rules(
        self,
        id: int,
        body: Optional[str] = None,
        *,
        in_force: Optional[bool] = None,
        algorithm: Optional[int] = None,
        events: Optional[int] = None,
        seconds: Optional[int] = None,
        samples: Optional[int] = None,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        after_position: Optional[str] = None,
    ) -> "RegroupPreview":
        """Preview rules of grouping over what is stored.

        Says what they would make of the project's events that are there: which issues would
        merge, split and begin. Sets nothing. The answer begins when it is done; who closes the
        connection ends the work. One of a project and two in all are under way at once, others
        are refused as `limited`.

        in_force: `true`: those that hold, and the body is not read.
        algorithm: By this version of the algorithm; the project's without it.
        events: Of at most so many events, the newest; 1,000,000 without it.
        seconds: For at most so long; 20 without it.
        samples: Samples of each part of a group; 3 without it.
        from_: Events that happened from then on: RFC 3339, or Unix seconds.
        to: Events that happened before then: RFC 3339, or Unix seconds.
        after_position: Wait, at most 1 s, until a decision at this position is seen.
        """
        return self._call(
            "POST",
            f"/api/projects/{_part(id)}/grouping-rules/preview",
            query={"in_force": in_force, "algorithm": algorithm, "events": events, "seconds": seconds, "samples": samples, "from": from_, "to": to, "after_position": after_position},
            body=body,
            sent="text/plain",
            form="json",
        )

    def list_outcomes(
        self,
        id: str,
        *,
        kind: Optional[Literal["stored", "not_kept", "refused"]] = None,
        after: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> "OutcomeList":
        """What became of the last items of a project.

        after: newest of the list before.
        limit: How many.
        """
        return self._call(
            "GET",
            f"/api/projects/{_part(id)}/ingest",
            query={"kind": kind, "after": after, "limit": limit},
            form="json",
        )

    def list_sql_tables(
        self,
    ) -> "SqlTables":
        """Tables and columns of SQL.
        """
        return self._call(
            "GET",
            "/api/sql",
            query={},
            form="json",
        )

    def query_sql(
        self,
        body: "SqlQuery",
    ) -> "SqlAnswer":
        """Ask in SQL.

        Reads only, of the projects that you see; docs/sql.md tells of tables and bounds. The
        answer is JSON, or by Accept CSV or an Arrow stream; the latter two are broken off where
        they end early. A refusal says at which character of the query, and what may have been
        meant.
        """
        return self._call(
            "POST",
            "/api/sql",
            query={},
            body=body,
            sent="json",
            form="json",
        )
