//! How many files and connections this process may have open.
//!
//! The soft limit is often 1,024 where the hard one is half a million: it is raised to
//! the hard one before anything is opened. Connections get what is left above a
//! [`RESERVE`], so that no number of clients can keep the logs, the read model or the
//! metrics listener from opening what they need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::server::Bounds;

/// Descriptors kept for everything but connections: 64 sealed segments a log and reader,
/// the four connections of SQLite with two files each, tantivy's segments while they are
/// merged, Parquet files, blobs, 64 connections each of metrics and admin socket, and
/// those to peers and mail servers. Of a limit below twice this, half is kept.
const RESERVE: u64 = 512;

/// Raises the soft limit to the hard one; the limit now.
pub(crate) fn raise_limit() -> u64 {
    let found = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: found.maximum,
        maximum: found.maximum,
    };
    // Refused nowhere we know of; then the old one stays, and connections are fewer.
    let _ = setrlimit(Resource::Nofile, wanted);
    limit()
}

/// The soft limit.
fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// `bounds` as far as this process has descriptors for them.
pub(crate) fn bound(bounds: Bounds) -> Bounds {
    let limit = limit();
    let affordable = affordable(limit);
    if affordable < bounds.connections {
        tracing::warn!(
            limit,
            connections = affordable,
            wanted = bounds.connections,
            "fewer connections than limits.connections_max: raise the limit of open files (LimitNOFILE, ulimit -Hn)"
        );
    }
    let connections = bounds.connections.min(affordable);
    Bounds {
        connections,
        // A share that is everything is none.
        address_connections: bounds.address_connections.min(connections.div_ceil(2)),
        ..bounds
    }
}

/// Connections under a limit of open files.
fn affordable(limit: u64) -> usize {
    let reserve = RESERVE.min(limit / 2);
    usize::try_from(limit - reserve).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_kept_under_every_limit() {
        for (limit, connections) in [(0, 0), (100, 50), (1024, 512), (4096, 3584)] {
            assert_eq!(affordable(limit), connections, "{limit}");
        }
        assert!(affordable(u64::MAX) > 1_000_000);
    }
}
