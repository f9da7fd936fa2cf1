//! Cold: every event, whole, as Parquet files by day of receipt. The files' schema
//! is documented for others to read in docs/formats/parquet.md.
