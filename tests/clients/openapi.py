"""Holds the OpenAPI document to its own rules, and real answers to the document.

Argument: a JSON file with the document and a list of answers, each with its method, path template, status and body.
Prints what is wrong, a line each.
"""

import copy
import json
import sys

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
document = given["document"]
wrong = [f"document: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]


def closed(schema):
    """The same schema, in which a member that is not described is an error."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


strict = copy.deepcopy(document)
strict["components"]["schemas"] = closed(strict["components"]["schemas"])


def follow(reference):
    part = strict
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


for answer in given["answers"]:
    place = f"{answer['method'].upper()} {answer['path']} {answer['status']}"
    operation = strict["paths"].get(answer["path"], {}).get(answer["method"], {})
    response = operation.get("responses", {}).get(str(answer["status"]))
    if response is None:
        wrong.append(f"{place}: not described")
        continue
    if "$ref" in response:
        response = follow(response["$ref"])
    content = response.get("content", {})
    if not content:
        if answer["body"] not in (None, ""):
            wrong.append(f"{place}: a body where none is described: {answer['body']!r}")
        continue
    schema = content.get(answer["type"], {}).get("schema")
    if answer["type"] not in content:
        wrong.append(f"{place}: {answer['type']} is not described")
    elif schema is not None:
        root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": strict["components"], **closed(schema)}
        validator = Draft202012Validator(root, format_checker=FormatChecker())
        for error in validator.iter_errors(answer["body"]):
            wrong.append(f"{place}: {error.json_path}: {error.message[:300]}")

print("\n".join(wrong))
