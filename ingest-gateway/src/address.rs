//! Whose address a request came from: what [`Addresses`] is asked of a request.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use event_model::proxy::Addresses;
use http::{Extensions, HeaderMap};

/// The client's, as far as it is vouched for.
pub(crate) fn client(
    addresses: &Addresses,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    addresses.client(peer, |name| {
        let lines = headers.get_all(name).iter();
        lines.filter_map(|line| line.to_str().ok())
    })
}
