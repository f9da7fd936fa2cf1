//! A durable, segmented, memory-mapped, append-only log of byte records.
