//! A mail that tells of nothing: to see whether mail is set up.

use lettre::{
    AsyncTransport, Message,
    message::{Mailbox, MultiPart},
};

use super::{AutoSubmitted, MailError, Mailer, escape};

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

fn render(from: &Mailbox, to: Mailbox, public_url: &str) -> Result<Message, MailError> {
    let said = "This is a test mail: alerts of Errata would reach you here.";
    let html = format!(
        "<!doctype html><html><body><p>{said}</p><p><a href=\"{url}\">{url}</a></p></body></html>",
        url = escape(public_url)
    );
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject("Errata: a test mail")
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(
            format!("{said}\n\n{public_url}\n"),
            html,
        ))
        .map_err(MailError::Build)
}
