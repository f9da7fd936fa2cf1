"""Makes errata_client.py of docs/openapi.json.

    python3 client-python/generate.py            writes it
    python3 client-python/generate.py --check    exit code 1 if it is not what it would write

Of the document it takes what an API token may do and, for scripts that report errors, the native
doors of ingestion. A method is named after its operationId; a parameter of the path is positional,
one of the query a keyword; schemas become TypedDicts. Only the standard library is used, here and
in what is made.
"""

import json
import keyword
import re
import sys
from pathlib import Path
from textwrap import wrap

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "openapi.json"
MADE = HERE / "errata_client.py"
RUNTIME = HERE / "runtime.py"
WIDTH = 96


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def safe(name):
    return name + "_" if keyword.iskeyword(name) else name


def lines_of(text, indent):
    lines = []
    for paragraph in text.split("\n"):
        lines += [" " * indent + line for line in wrap(paragraph, WIDTH - indent)] or [""]
    return lines


def type_of(schema):
    """The Python type of a schema, as text."""
    if "$ref" in schema:
        return f'"{schema["$ref"].rsplit("/", 1)[1]}"'
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = list(dict.fromkeys(type_of(one) for one in schema[word]))
            return f"Union[{', '.join(kinds)}]" if len(kinds) > 1 else kinds[0]
    if "enum" in schema:
        return "Literal[" + ", ".join(json.dumps(value) for value in schema["enum"]) + "]"
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [type_of({**schema, "type": one}) for one in kind]
        return f"Union[{', '.join(kinds)}]"
    if kind == "array":
        return f"List[{type_of(schema.get('items', {}))}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            return f"Dict[str, {type_of(values)}]"
        return "Dict[str, Any]"
    return {
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "null": "None",
    }.get(kind, "Any")


def typed_dict(name, schema):
    """A class for an object's schema; an alias for another's."""
    if schema.get("type") != "object" or "properties" not in schema:
        return [f"{name} = {type_of(schema)}", ""]
    properties, required = schema["properties"], set(schema.get("required", []))
    rows = []
    for key, value in properties.items():
        kind = type_of(value)
        rows.append(f"        {json.dumps(key)}: {kind if key in required else f'NotRequired[{kind}]'},")
    # By call: keys may be words of the language.
    return [f"{name} = TypedDict(", f'    "{name}",', "    {", *rows, "    },", ")", ""]


def answer_of(operation):
    """Type and form of what a success holds."""
    for status, response in operation["responses"].items():
        if not status.startswith("2"):
            continue
        content = response.get("content", {})
        for form, body in content.items():
            if form == "application/json":
                return type_of(body.get("schema", {})), "json"
        if content:
            return "bytes", "bytes"
        return "None", "none"
    raise SystemExit(f"{operation['operationId']} has no success")


def body_of(operation):
    """Type and form of what is sent; none."""
    body = operation.get("requestBody")
    if body is None:
        return None
    content = body["content"]
    if "application/json" in content:
        kind = type_of(content["application/json"].get("schema", {}))
        return kind, "json", body.get("required", False)
    form = next(iter(content))
    return "str", form, body.get("required", False)


def method(path, verb, operation, schemas):
    name = snake(operation["operationId"])
    parameters = operation.get("parameters", [])
    of_path = [one for one in parameters if one["in"] == "path"]
    of_query = [one for one in parameters if one["in"] == "query" and one["name"] != "key"]
    body, (answer, form) = body_of(operation), answer_of(operation)
    head = ["self"] + [f"{safe(one['name'])}: {type_of(one['schema'])}" for one in of_path]
    if body:
        kind, sent, required = body
        head.append(f"body: {kind}" if required else f"body: Optional[{kind}] = None")
    keywords = [
        f"{safe(one['name'])}: Optional[{type_of(one['schema'])}] = None" for one in of_query
    ]
    if keywords:
        head += ["*"] + keywords
    text = operation["summary"] + "."
    if operation.get("description"):
        text += "\n\n" + operation["description"]
    described = [one for one in of_query if one.get("description")]
    docs = lines_of(text, 8)
    if described:
        docs.append("")
        for one in described:
            docs += lines_of(f"{safe(one['name'])}: {one['description']}", 8)
    lines = [f"    def {name}("]
    lines += [f"        {part}," for part in head]
    lines += [f"    ) -> {answer}:", '        """' + docs[0].lstrip(), *docs[1:], '        """']
    url = path
    for one in of_path:
        url = url.replace("{" + one["name"] + "}", "{_part(" + safe(one["name"]) + ")}")
    place = f'f"{url}"' if of_path else f'"{url}"'
    query = "{" + ", ".join(f'"{one["name"]}": {safe(one["name"])}' for one in of_query) + "}"
    lines.append("        return self._call(")
    lines.append(f'            "{verb.upper()}",')
    lines.append(f"            {place},")
    lines.append(f"            query={query if of_query else '{}'},")
    if body:
        lines.append("            body=body,")
        lines.append(f'            sent="{body[1]}",')
    lines.append(f'            form="{form}",')
    lines += ["        )", ""]
    # A list that has pages can be walked.
    row = schemas.get(answer.strip('"'), {}).get("properties", {})
    if "next_cursor" in row and any(one["name"] == "cursor" for one in of_query):
        rows, of = next((key, value) for key, value in row.items() if value.get("type") == "array")
        item = type_of(of["items"])
        keep = [part for part in keywords if not part.startswith("cursor:")]
        lines += [f"    def each_of_{name}(", "        self,"]
        lines += [f"        {part}," for part in head[1 : 1 + len(of_path)]]
        lines += ["        *,", *[f"        {part}," for part in keep]]
        lines += [f"    ) -> Iterator[{item}]:", f'        """Every row of {name}, page by page."""']
        names = [safe(one["name"]) for one in of_path]
        names += [f"{safe(one['name'])}={safe(one['name'])}" for one in of_query if one["name"] != "cursor"]
        lines += ["        cursor = None", "        while True:"]
        lines += [f"            page = self.{name}("]
        lines += [f"                {part}," for part in [*names, "cursor=cursor"]]
        lines += ["            )", f'            yield from page["{rows}"]']
        lines += ['            cursor = page["next_cursor"]']
        lines += ["            if not cursor:", "                return", ""]
    return lines


def refs(value):
    """Names of the schemas that something names."""
    if isinstance(value, dict):
        if "$ref" in value and "/schemas/" in value["$ref"]:
            yield value["$ref"].rsplit("/", 1)[1]
        for one in value.values():
            yield from refs(one)
    elif isinstance(value, list):
        for one in value:
            yield from refs(one)


def wanted(operation):
    return any("token" in way for way in operation.get("security", [])) or "Native" in operation["tags"]


def make(document):
    schemas = document["components"]["schemas"]
    operations = [
        (path, verb, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if wanted(operation)
    ]
    open_names = list(dict.fromkeys(refs([operation for _, _, operation in operations])))
    named = set()
    while open_names:
        name = open_names.pop()
        if name not in named:
            named.add(name)
            open_names += refs(schemas[name])
    lines = [RUNTIME.read_text().split("# --- generated from here ---\n")[0].rstrip(), ""]
    lines += ["", "# What travels.", ""]
    for name, schema in schemas.items():
        if name in named:
            lines += typed_dict(name, schema)
    lines += ["", "class Errata(Caller):", '    """All that an API token or a project\'s key may do over HTTP."""', ""]
    for path, verb, operation in operations:
        lines += method(path, verb, operation, schemas)
    return "\n".join(lines).rstrip() + "\n"


def main():
    made = make(json.loads(DOCUMENT.read_text()))
    if "--check" in sys.argv[1:]:
        if not MADE.exists() or MADE.read_text() != made:
            raise SystemExit("client-python/errata_client.py is stale: python3 client-python/generate.py")
        return
    MADE.write_text(made)


if __name__ == "__main__":
    main()
