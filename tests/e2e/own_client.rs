//! The Python client that is generated of the OpenAPI document, against a running server.

use crate::support::{KEY, Server, TOKEN, python};

#[test]
fn the_generated_client_sends_reads_walks_pages_and_tells_refusals() {
    let server = Server::start();
    let said = python("own_client.py", &[&server.url, TOKEN, KEY]);
    assert!(said.contains("methods"), "{said}");
}
