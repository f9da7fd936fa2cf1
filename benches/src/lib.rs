//! Load generator, micro- and end-to-end benchmarks.
