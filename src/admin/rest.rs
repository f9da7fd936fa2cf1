//! REST over `admin.sock` of the running server.

use std::{io::Write, path::Path};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixStream;

/// The host that requests name; the socket asks for none.
pub(super) const HOST: &str = "admin";

/// Sends a request, and has `taken` take the answer's body if it is one of success.
pub(super) async fn ask<T, F: Future<Output = Result<T>>>(
    socket: &Path,
    request: Request<Full<Bytes>>,
    taken: impl FnOnce(Incoming) -> F,
) -> Result<T> {
    let stream = UnixStream::connect(socket).await.with_context(|| {
        format!(
            "reach a running server at {}: queries are for its query role",
            socket.display()
        )
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response: Response<Incoming> = sender.send_request(request).await?;
    let is_answered = response.status().is_success();
    let body = response.into_body();
    let answer = if is_answered {
        taken(body).await
    } else {
        let body = body.collect().await?.to_bytes();
        bail!("{}", refused(&body))
    };
    connection.abort();
    answer
}

/// Prints an answer as it comes, so that a long one takes no memory here. Fails if it ends early.
pub(super) async fn print(mut body: Incoming) -> Result<()> {
    let mut out = std::io::stdout().lock();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.context("the answer ended early")?.into_data() {
            out.write_all(&bytes)?;
        }
    }
    Ok(out.flush()?)
}

#[derive(Deserialize)]
struct Refused {
    error: Told,
}

/// What is wrong.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) message: String,
    position: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    offset: usize,
}

fn refused(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Refused>(bytes) {
        Ok(Refused { error }) => match error.position {
            Some(place) => format!("{} (at character {})", error.message, place.offset + 1),
            None => error.message,
        },
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_where() {
        let bytes = br#"{"error": {"message": "there is no table \"x\"", "position": {"offset": 14, "length": 1}}}"#;
        assert_eq!(refused(bytes), "there is no table \"x\" (at character 15)");
    }
}
