//! A mail that tells of nothing: to see whether mail is set up.

use askama::Template;
use lettre::{
    AsyncTransport, Message,
    message::{Mailbox, MultiPart},
};

use super::{AutoSubmitted, MailError, Mailer};

#[derive(Template)]
#[template(path = "test.txt")]
struct Text<'a> {
    url: &'a str,
}

#[derive(Template)]
#[template(path = "test.html")]
struct Page<'a> {
    url: &'a str,
}

impl Mailer {
    /// Sends one to this address.
    pub async fn send_test(&self, to: &str, public_url: &str) -> Result<(), MailError> {
        let to: Mailbox = to.parse().map_err(|source| MailError::To {
            address: to.to_owned(),
            source,
        })?;
        let message = render(&self.from, to, public_url)?;
        let sent = self.transport.send(message).await;
        sent.map(|_| ()).map_err(MailError::Send)
    }
}

fn render(from: &Mailbox, to: Mailbox, url: &str) -> Result<Message, MailError> {
    let (text, html) = (Text { url }.render()?, Page { url }.render()?);
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject("Errata: a test mail")
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(MailError::Build)
}
