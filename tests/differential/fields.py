"""An event as ours and as Relay's, reduced to the same flat names: what is compared."""


def scalar(value):
    return "" if value is None else value


def relay_list(value):
    """Relay's lists, `{"values": [...]}` or bare, without its nulls."""
    if isinstance(value, dict):
        value = value.get("values")
    return [each for each in value or [] if each is not None]


def frame_of_ours(frame):
    return {
        "function": frame.get("function", ""),
        "module": frame.get("module", ""),
        "filename": frame.get("filename", ""),
        "abs_path": frame.get("abs_path") or frame.get("filename", ""),
        "lineno": frame.get("lineno") or 0,
        "colno": frame.get("colno") or 0,
        "in_app": frame.get("in_app"),
        "context_line": frame.get("context_line", ""),
        "pre_context": len(frame.get("pre_context", [])),
        "post_context": len(frame.get("post_context", [])),
        "vars": sorted(frame.get("vars") or {}),
    }


def frame_of_relay(frame):
    filename = scalar(frame.get("filename"))
    return {
        "function": scalar(frame.get("function")),
        "module": scalar(frame.get("module")),
        "filename": filename,
        "abs_path": scalar(frame.get("abs_path")) or filename,
        "lineno": frame.get("lineno") or 0,
        "colno": frame.get("colno") or 0,
        "in_app": frame.get("in_app"),
        "context_line": scalar(frame.get("context_line")),
        "pre_context": len(frame.get("pre_context") or []),
        "post_context": len(frame.get("post_context") or []),
        "vars": sorted(frame.get("vars") or {}),
    }


def stacks(prefix, frames, found):
    found[f"{prefix}.frames"] = len(frames)
    for at, frame in enumerate(frames):
        for name, value in frame.items():
            found[f"{prefix}.frame[{at}].{name}"] = value


def common(event, found):
    for name in ("platform", "level", "release", "environment", "dist", "server_name", "transaction", "logger"):
        found[name] = scalar(event.get(name))
    found["extra"] = sorted(event.get("extra") or {})
    found["modules"] = sorted(event.get("modules") or {})
    sdk = event.get("sdk") or {}
    found["sdk"] = (scalar(sdk.get("name")), scalar(sdk.get("version")))
    found["contexts"] = sorted(event.get("contexts") or {})


def of_ours(event):
    found = {}
    common(event, found)
    found["timestamp"] = round(event["timestamp_ns"] / 1e9, 3)
    found["tags"] = sorted(map(tuple, event.get("tags", [])))
    user = event.get("user") or {}
    for name in ("id", "email", "ip_address", "username", "name"):
        found[f"user.{name}"] = scalar(user.get(name))
    found["fingerprint"] = event.get("fingerprint", [])
    found["message"] = event.get("message", "")
    found["message_template"] = event.get("message_template", "")
    exceptions = event.get("exceptions", [])
    found["exceptions"] = len(exceptions)
    for at, each in enumerate(exceptions):
        prefix = f"exception[{at}]"
        for name in ("type", "value", "module"):
            found[f"{prefix}.{name}"] = each.get(name, "")
        mechanism = each.get("mechanism") or {}
        found[f"{prefix}.mechanism"] = (mechanism.get("type", ""), mechanism.get("handled"))
        stacks(prefix, [frame_of_ours(frame) for frame in each.get("frames", [])], found)
    threads = event.get("threads", [])
    found["threads"] = len(threads)
    for at, each in enumerate(threads):
        stacks(f"thread[{at}]", [frame_of_ours(frame) for frame in each.get("frames", [])], found)
    crumbs = event.get("breadcrumbs", [])
    found["breadcrumbs"] = len(crumbs)
    for at, each in enumerate(crumbs):
        found[f"breadcrumb[{at}]"] = (each.get("category", ""), each.get("message", ""), each.get("level") or "info")
    request = event.get("request") or {}
    for name in ("method", "url"):
        found[f"request.{name}"] = scalar(request.get(name))
    headers = request.get("headers") or {}
    found["request.headers"] = sorted(name.lower() for name in headers)
    found["request.query_string"] = pairs(request.get("query_string"))
    found["request.cookies"] = sorted(name for name, _ in pairs(request.get("cookies")))
    found["request.data"] = type(request.get("data")).__name__
    return found


def pairs(value):
    """Names and values of a query string or of cookies, in any form."""
    if not value:
        return []
    if isinstance(value, dict):
        return sorted((name, str(scalar(each))) for name, each in value.items())
    if isinstance(value, list):
        return sorted((each[0], str(scalar(each[1]))) for each in value if each)
    separator = ";" if ";" in value else "&"
    parts = [part.strip().partition("=") for part in value.lstrip("?").split(separator)]
    return sorted((name, text) for name, _, text in parts)


def of_relay(event):
    found = {}
    common(event, found)
    found["timestamp"] = round(event["timestamp"], 3)
    found["tags"] = sorted((scalar(each[0]), scalar(each[1])) for each in event.get("tags") or [] if each)
    user = event.get("user") or {}
    for name in ("id", "email", "ip_address", "username", "name"):
        found[f"user.{name}"] = scalar(user.get(name))
    found["fingerprint"] = event.get("fingerprint") or []
    entry = event.get("logentry") or {}
    found["message"] = scalar(entry.get("formatted")) or scalar(entry.get("message"))
    template = scalar(entry.get("message"))
    found["message_template"] = template if template != found["message"] else ""
    exceptions = relay_list(event.get("exception"))
    found["exceptions"] = len(exceptions)
    for at, each in enumerate(exceptions):
        prefix = f"exception[{at}]"
        for name in ("type", "value", "module"):
            found[f"{prefix}.{name}"] = scalar(each.get(name))
        mechanism = each.get("mechanism") or {}
        found[f"{prefix}.mechanism"] = (scalar(mechanism.get("type")), mechanism.get("handled"))
        frames = relay_list((each.get("stacktrace") or {}).get("frames"))
        stacks(prefix, [frame_of_relay(frame) for frame in frames], found)
    threads = relay_list(event.get("threads"))
    bare = event.get("stacktrace")
    if bare and not threads:
        threads = [{"stacktrace": bare}]
    found["threads"] = len(threads)
    for at, each in enumerate(threads):
        frames = relay_list((each.get("stacktrace") or {}).get("frames"))
        stacks(f"thread[{at}]", [frame_of_relay(frame) for frame in frames], found)
    crumbs = relay_list(event.get("breadcrumbs"))
    found["breadcrumbs"] = len(crumbs)
    for at, each in enumerate(crumbs):
        found[f"breadcrumb[{at}]"] = (scalar(each.get("category")), scalar(each.get("message")), each.get("level") or "info")
    request = event.get("request") or {}
    for name in ("method", "url"):
        found[f"request.{name}"] = scalar(request.get(name))
    found["request.headers"] = sorted(each[0].lower() for each in request.get("headers") or [] if each)
    found["request.query_string"] = pairs(request.get("query_string"))
    found["request.cookies"] = sorted(each[0] for each in request.get("cookies") or [] if each)
    found["request.data"] = type(request.get("data")).__name__
    return found
