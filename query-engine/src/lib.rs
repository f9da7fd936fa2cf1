//! gRPC, gRPC-Web and REST reads over the read model; live streams; the web UI's files.
