"""The event payloads of the captured requests, as the SDKs made them."""
import base64
import gzip
import json
import zlib
from pathlib import Path

import brotli

CAPTURES = Path(__file__).resolve().parents[2] / "ingest-gateway/tests/captures"


def decode(body, encoding):
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "br":
        return brotli.decompress(body)
    return body


def items(body):
    """Type and payload of each item of an envelope."""
    at = body.find(b"\n") + 1
    while at > 0 and at < len(body):
        end = body.find(b"\n", at)
        header = body[at : end if end >= 0 else len(body)]
        if not header.strip():
            return
        header = json.loads(header)
        start = end + 1
        length = header.get("length")
        stop = start + length if length is not None else body.find(b"\n", start)
        stop = len(body) if stop < 0 else stop
        yield header.get("type"), body[start:stop]
        at = stop + 1


def payload_of_store(body):
    """JSON, or base64 of zlib of it, as legacy clients send."""
    if body.lstrip()[:1] == b"{":
        return body
    return zlib.decompress(base64.b64decode(body))


def captured():
    """(name, payload) of each event, in the order of the captures; JSON, parsed."""
    for path in sorted(CAPTURES.glob("*.jsonl.gz")):
        if path.name.startswith("expected"):
            continue
        with gzip.open(path, "rt") as lines:
            for line in lines:
                request = json.loads(line)
                body = decode(base64.b64decode(request["body_b64"]), request.get("content_encoding", ""))
                name = f"{path.name.split('.jsonl')[0]}:{request['line']} {request['scenario']}"
                if "/store" in request["path"]:
                    payloads = [payload_of_store(body)] if request.get("method", "POST") == "POST" and body else []
                elif "/envelope" in request["path"] or request["path"].startswith("/tunnel"):
                    payloads = [payload for kind, payload in items(body) if kind == "event"]
                else:
                    payloads = []
                for payload in payloads:
                    yield name, json.loads(payload)
