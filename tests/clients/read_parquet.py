"""Reads the cold tier with DuckDB: prints JSON {"rows", "distinct_ids", "columns", "sample"}."""

import json
import sys

import duckdb

folder = sys.argv[1]
files = f"{folder}/events/date=*/*.parquet"
connection = duckdb.connect()
table = f"read_parquet('{files}', hive_partitioning = true)"
rows, ids = connection.execute(f"SELECT count(*), count(DISTINCT event_id) FROM {table}").fetchone()
columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]
found = [row[0] for row in connection.execute(f"SELECT event_id FROM {table} ORDER BY position").fetchall()]
whole = connection.execute(f"SELECT body FROM {table} ORDER BY position LIMIT 1").fetchone()[0]
print(json.dumps({
    "rows": rows, "distinct_ids": ids, "columns": columns,
    "ids": [i if isinstance(i, str) else bytes(i).hex() for i in found], "sample": json.loads(whole),
}))
