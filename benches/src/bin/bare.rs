//! The limit: a bare hyper server that only reads the body, inflates it, and answers
//! like a Sentry endpoint.
#![allow(clippy::print_stdout, reason = "prints its address, once")]

use std::{convert::Infallible, io::Read};

use anyhow::Result;
use bytes::Bytes;
use clap::Parser;
use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A bare server that reads and inflates.
#[derive(Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8479")]
    listen: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind(&Args::parse().listen).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)),
        );
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut inflated = Vec::new();
    let read = match request.into_body().collect().await {
        Ok(body) => GzDecoder::new(body.to_bytes().as_ref())
            .read_to_end(&mut inflated)
            .is_ok(),
        Err(_) => false,
    };
    let status = if read && !inflated.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    let mut response = Response::new(Full::new(Bytes::from_static(
        b"{\"id\":\"00000000000000000000000000000000\"}",
    )));
    *response.status_mut() = status;
    Ok(response)
}
