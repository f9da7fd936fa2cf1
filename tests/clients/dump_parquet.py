"""Prints every row of the cold tier, all columns, a JSON document a line."""

import json
import sys

import duckdb

table = f"read_parquet('{sys.argv[1]}/events/date=*/*.parquet', hive_partitioning = true)"
rows = duckdb.connect().execute(f"SELECT COLUMNS(*)::VARCHAR FROM {table}")
names = [column[0] for column in rows.description]
for row in rows.fetchall():
    print(json.dumps(dict(zip(names, row))))
