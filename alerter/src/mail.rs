//! E-mail: what a notification says, and handing it to the SMTP server.
//!
//! Invariant: whatever an event holds, the mail stays well formed: subjects are one
//! line of bounded length, addresses are parsed, and no value gets into a text but through
//! [`clean`]. What mails say is in `templates/`. Fails with [`MailError`], which tells a
//! retry from a refusal.

pub(crate) mod clean;
mod digest;
mod notice;
mod place;
mod quota;
mod test;

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header},
};

use self::clean::one_line;
pub use self::{digest::DigestNotice, notice::Notice, place::place, quota::QuotaNotice};
use crate::config::SmtpConfig;

/// Longest subject, characters; longer ones are cut by mail clients anyway.
const SUBJECT_CHARS_MAX: usize = 180;
/// How long the SMTP server may take for one command.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// `smtp.url` cannot be used.
    #[error("smtp.url is not usable: {0}")]
    Url(#[source] lettre::transport::smtp::Error),
    /// `smtp.from` is no address.
    #[error("smtp.from {address:?} is not an address: {source}")]
    From {
        /// What was configured.
        address: String,
        /// lettre's reason.
        source: lettre::address::AddressError,
    },
    /// A recipient is no address.
    #[error("{address:?} is not an address: {source}")]
    To {
        /// What was given.
        address: String,
        /// lettre's reason.
        source: lettre::address::AddressError,
    },
    /// What it says could not be written.
    #[error("mail could not be written: {0}")]
    Write(#[from] askama::Error),
    /// The message could not be built.
    #[error("mail could not be built: {0}")]
    Build(#[source] lettre::error::Error),
    /// The server refused or could not be reached.
    #[error("smtp server: {0}")]
    Send(#[source] lettre::transport::smtp::Error),
}

impl MailError {
    /// Whether trying again cannot help.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Send(error) => error.is_permanent(),
            _ => true,
        }
    }
}

/// A mail to be sent.
#[derive(Debug, Clone)]
pub enum Mail {
    /// Of one transition.
    Notice(Box<Notice>),
    /// Of many.
    Digest(DigestNotice),
    /// Of a quota.
    Quota(QuotaNotice),
}

impl Mail {
    /// The whole mail.
    pub fn render(
        &self,
        from: &Mailbox,
        to: &[Mailbox],
        public_url: &str,
    ) -> Result<Message, MailError> {
        match self {
            Self::Notice(notice) => notice.render(from, to, public_url),
            Self::Digest(digest) => digest.render(from, to, public_url),
            Self::Quota(quota) => quota.render(from, to, public_url),
        }
    }
}

/// Sends mail. Keeps one pool of connections.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// A mailer for these settings; connects with the first mail.
    pub fn new(config: &SmtpConfig) -> Result<Self, MailError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.url)
            .map_err(MailError::Url)?
            .timeout(Some(SMTP_TIMEOUT))
            .build();
        let from = config.from.parse().map_err(|source| MailError::From {
            address: config.from.clone(),
            source,
        })?;
        Ok(Self { transport, from })
    }

    /// Hands one mail to the server.
    pub async fn send(
        &self,
        mail: &Mail,
        to: &[Mailbox],
        public_url: &str,
    ) -> Result<(), MailError> {
        let message = mail.render(&self.from, to, public_url)?;
        self.transport
            .send(message)
            .await
            .map_err(MailError::Send)?;
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// One line, cut to what a subject may have.
fn subject_line(text: &str) -> String {
    let line = one_line(text);
    if line.chars().count() <= SUBJECT_CHARS_MAX {
        return line;
    }
    let cut: String = line.chars().take(SUBJECT_CHARS_MAX - 1).collect();
    format!("{cut}…")
}
