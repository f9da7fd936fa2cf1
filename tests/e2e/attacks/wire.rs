//! Requests as bytes: what no well-behaved client would send.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use tokio::net::TcpSocket;

use crate::support::{DEADLINE, Server, block_on};

/// Where a server listens.
pub(crate) fn address(server: &Server) -> SocketAddr {
    server.url.trim_start_matches("http://").parse().unwrap()
}

/// An open connection to a server.
pub(crate) fn connect(server: &Server) -> TcpStream {
    connect_from(Ipv4Addr::LOCALHOST, address(server), DEADLINE).unwrap()
}

/// The same from an address of this host's own: as far as fairness goes, from somebody
/// else. Reads and writes fail after `patience`.
pub(crate) fn connect_from(
    from: Ipv4Addr,
    to: SocketAddr,
    patience: Duration,
) -> io::Result<TcpStream> {
    let stream = block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect(to).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The head of a POST whose body is so long.
pub(crate) fn head(path: &str, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n");
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        head = head + name + ": " + value + "\r\n";
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// One request on a connection of its own; the status, or 0 if it was ended without.
pub(crate) fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8]) -> u16 {
    let mut stream = connect(server);
    // A server that refuses may close while the body is still being written.
    let _ = stream.write_all(&head(path, headers, body.len()));
    let _ = stream.write_all(body);
    status(&mut stream)
}

/// The status of the next answer; 0 if there is none.
pub(crate) fn status(stream: &mut TcpStream) -> u16 {
    let mut start = [0; 12];
    match stream.read_exact(&mut start) {
        Ok(()) => String::from_utf8_lossy(&start[9..]).parse().unwrap_or(0),
        Err(_) => 0,
    }
}

/// A gRPC message with the frame before it.
pub(crate) fn framed(message: &[u8], is_compressed: bool) -> Vec<u8> {
    let mut frame = vec![u8::from(is_compressed)];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame
}
