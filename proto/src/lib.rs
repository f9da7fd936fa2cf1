//! The `errata.v1` API: messages, clients and servers, generated from the `.proto`
//! files beside this crate. The TypeScript is generated from the same files.
//!
//! Owns the shapes that travel. Must not know domain logic: conversions to and
//! from domain types live with whoever needs them.

/// Package `errata.v1`.
#[allow(missing_docs, clippy::pedantic, clippy::all, unreachable_pub)]
pub mod v1 {
    tonic::include_proto!("errata.v1");
}

/// The file descriptor set, for gRPC server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/errata_descriptor.bin"));
