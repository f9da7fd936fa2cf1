"""Reads exports as others do: argument a folder with export.jsonl, export.csv and export.parquet.

Prints JSON {"jsonl", "csv", "parquet"}: of each a list of rows [event_id, title, level, received_at, body.message text,
tag "number"], in the file's order; and "columns" of the Parquet file and "groups", its row groups.
"""

import csv
import json
import sys

import duckdb

folder = sys.argv[1]
csv.field_size_limit(1 << 30)


def row(event_id, title, level, project, body, tags):
    return [event_id, title, level, int(project), body.get("message", ""), tags.get("number")]


with open(f"{folder}/export.jsonl", encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
with open(f"{folder}/export.csv", encoding="utf-8", newline="") as file:
    cells = list(csv.DictReader(file))
parquet = f"read_parquet('{folder}/export.parquet')"
connection = duckdb.connect()
columns = [each[0] for each in connection.execute(f"DESCRIBE SELECT * FROM {parquet}").fetchall()]
rows = connection.execute(
    f"SELECT event_id, title, level, project_id, body, tags['number'] FROM {parquet}"
).fetchall()
groups = connection.execute(
    f"SELECT count(DISTINCT row_group_id) FROM parquet_metadata('{folder}/export.parquet')"
).fetchone()[0]


def plain(cell):
    """Takes the apostrophe off that keeps a cell from being a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@\t\r" else cell


def of_parquet(each):
    number = each[5][0] if isinstance(each[5], list) and each[5] else each[5]
    return row(each[0], each[1], each[2], each[3], json.loads(each[4]), {"number": number or None})


print(json.dumps({
    "jsonl": [row(e["event_id"], e["title"], e["level"], e["project_id"], e["body"], e["tags"]) for e in lines],
    "csv": [
        row(e["event_id"], plain(e["title"]), e["level"], e["project_id"], json.loads(e["body"]), json.loads(e["tags"]))
        for e in cells
    ],
    "parquet": [of_parquet(each) for each in rows],
    "marked": sum(e["title"].startswith("'=") for e in cells),
    "columns": columns,
    "groups": groups,
}))
