//! The `errata.v1` API: messages, clients and servers, generated from the `.proto`
//! files beside this crate. The TypeScript is generated from the same files.
//!
//! Owns the shapes that travel, how errors (`error`) and limits (`rate`) do, and whose each
//! path and service is (`routes`). Must not know domain logic:
//! conversions to and from domain types live with whoever needs them.
//!
//! Without the feature `services` there are the messages alone, and nothing of HTTP.

#[cfg(feature = "services")]
pub mod error;
#[cfg(feature = "services")]
pub mod rate;
#[cfg(feature = "services")]
pub mod routes;

/// Package `errata.v1`.
#[allow(missing_docs, clippy::pedantic, clippy::all, unreachable_pub)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/errata.v1.rs"));
}

/// The file descriptor set, for gRPC server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/errata_descriptor.bin"));
