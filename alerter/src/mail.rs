//! E-mail: what a notification says, and handing it to the SMTP server.
//!
//! Invariant: whatever an event holds, the mail stays well formed: subjects are one
//! line of bounded length, HTML is escaped, addresses are parsed. Fails with
//! [`MailError`], which tells a retry from a refusal.

use std::{fmt::Write as _, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
};
use proto::v1::{Issue, Level};

use crate::{config::SmtpConfig, rule::Rule};

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

/// What a mail tells of.
#[derive(Debug, Clone)]
pub struct Notice {
    /// 32 hex digits; the Message-ID.
    pub notification_id: String,
    /// Why it is sent.
    pub rule: Rule,
    /// The issue as it is now.
    pub issue: Issue,
    /// The project's name.
    pub project_name: String,
    /// Of the event that caused it; may be empty.
    pub release: String,
    /// Of the event that caused it; may be empty.
    pub environment: String,
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

    /// Hands one notice to the server.
    pub async fn send(
        &self,
        notice: &Notice,
        to: &[Mailbox],
        public_url: &str,
    ) -> Result<(), MailError> {
        let message = render(notice, &self.from, to, public_url)?;
        self.transport
            .send(message)
            .await
            .map_err(MailError::Send)?;
        Ok(())
    }
}

/// The whole mail.
pub fn render(
    notice: &Notice,
    from: &Mailbox,
    to: &[Mailbox],
    public_url: &str,
) -> Result<Message, MailError> {
    let domain = from.email.domain();
    let thread = format!("<issue-{}@{domain}>", notice.issue.id);
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(subject(notice))
        .message_id(Some(format!("<{}@{domain}>", notice.notification_id)))
        // All mails of one issue fall into one thread.
        .references(thread.clone())
        .in_reply_to(thread)
        // Keeps out-of-office answers away.
        .header(AutoSubmitted);
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let url = format!("{public_url}/issues/{}", notice.issue.id);
    builder
        .multipart(MultiPart::alternative_plain_html(
            text_body(notice, &url),
            html_body(notice, &url),
        ))
        .map_err(MailError::Build)
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

fn subject(notice: &Notice) -> String {
    let what = match notice.rule {
        Rule::NewIssue => "New",
        Rule::Regression => "Back again",
    };
    let text = format!("[{}] {what}: {}", notice.project_name, notice.issue.title);
    let line = one_line(&text);
    if line.chars().count() <= SUBJECT_CHARS_MAX {
        return line;
    }
    let cut: String = line.chars().take(SUBJECT_CHARS_MAX - 1).collect();
    format!("{cut}…")
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn headline(notice: &Notice) -> String {
    match notice.rule {
        Rule::NewIssue => format!("A new issue in {}", notice.project_name),
        Rule::Regression => format!("A resolved issue in {} came back", notice.project_name),
    }
}

fn facts(notice: &Notice) -> Vec<(&'static str, String)> {
    let issue = &notice.issue;
    let level = match issue.level() {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Fatal => "fatal",
        Level::Error | Level::Unspecified => "error",
    };
    let mut facts = vec![("Level", level.to_owned())];
    for (name, value) in [
        ("Environment", &notice.environment),
        ("Release", &notice.release),
    ] {
        if !value.is_empty() {
            facts.push((name, value.clone()));
        }
    }
    facts.push(("Events", issue.count.to_string()));
    if issue.users > 0 {
        facts.push(("Users", issue.users.to_string()));
    }
    if let Some(first) = issue
        .first_seen
        .as_ref()
        .and_then(|t| jiff::Timestamp::from_second(t.seconds).ok())
    {
        facts.push((
            "First seen",
            first.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        ));
    }
    facts
}

fn text_body(notice: &Notice, url: &str) -> String {
    let mut text = format!(
        "{}\n\n{}\n",
        headline(notice),
        one_line(&notice.issue.title)
    );
    if !notice.issue.culprit.is_empty() {
        let _ = writeln!(text, "in {}", notice.issue.culprit);
    }
    text.push('\n');
    for (name, value) in facts(notice) {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = write!(text, "\n{url}\n");
    text
}

fn html_body(notice: &Notice, url: &str) -> String {
    let rows = facts(notice).into_iter().fold(String::new(), |mut rows, (name, value)| {
        let _ = write!(
            rows,
            "<tr><td style=\"padding:2px 16px 2px 0;color:#667085\">{name}</td><td>{}</td></tr>",
            escape(&value)
        );
        rows
    });
    let culprit = if notice.issue.culprit.is_empty() {
        String::new()
    } else {
        format!(
            "<p style=\"margin:4px 0 0;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;color:#475467\">{}</p>",
            escape(&notice.issue.culprit)
        )
    };
    format!(
        "<!doctype html><html><body style=\"margin:0;padding:24px;background:#f7f8fa;color:#101828;\
         font:14px/1.5 system-ui,-apple-system,Segoe UI,sans-serif\"><div style=\"max-width:600px;margin:auto;\
         background:#fff;border:1px solid #e4e7ec;border-radius:8px;padding:24px\">\
         <p style=\"margin:0 0 12px;color:#667085\">{}</p>\
         <h1 style=\"margin:0;font-size:17px;line-height:1.4\">{}</h1>{culprit}\
         <table style=\"margin:16px 0;border-collapse:collapse;font-size:14px\">{rows}</table>\
         <a href=\"{}\" style=\"display:inline-block;background:#3f51d1;color:#fff;text-decoration:none;\
         padding:8px 16px;border-radius:6px\">Open the issue</a></div></body></html>",
        escape(&headline(notice)),
        escape(&one_line(&notice.issue.title)),
        escape(url),
    )
}

fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
            out
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn notice(title: &str) -> Notice {
        Notice {
            notification_id: "0123456789abcdef0123456789abcdef".to_owned(),
            rule: Rule::NewIssue,
            issue: Issue {
                id: "00000000000000aa".to_owned(),
                title: title.to_owned(),
                culprit: "priceFor(<cart.ts>)".to_owned(),
                level: Level::Fatal.into(),
                count: 3,
                first_seen: Some(prost_types::Timestamp {
                    seconds: 1_700_000_000,
                    nanos: 0,
                }),
                ..Issue::default()
            },
            project_name: "shop".to_owned(),
            release: "1.4.2".to_owned(),
            environment: String::new(),
        }
    }

    fn rendered(notice: &Notice) -> String {
        let from = "Errata <errata@example.com>".parse().unwrap();
        let to = [
            "dev@example.com".parse().unwrap(),
            "ops@example.com".parse().unwrap(),
        ];
        String::from_utf8(
            render(notice, &from, &to, "https://errata.example.com")
                .unwrap()
                .formatted(),
        )
        .unwrap()
    }

    #[test]
    fn a_mail_names_issue_facts_link_and_thread() {
        let mail = rendered(&notice("TypeError: x is not a function"));
        for part in [
            "Subject: [shop] New: TypeError: x is not a function",
            "Message-ID: <0123456789abcdef0123456789abcdef@example.com>",
            "In-Reply-To: <issue-00000000000000aa@example.com>",
            "Auto-Submitted: auto-generated",
            "To: dev@example.com, ops@example.com",
            "https://errata.example.com/issues/00000000000000aa",
            "Level: fatal",
            "Release: 1.4.2",
            "First seen: 2023-11-14 22:13:20 UTC",
        ] {
            assert!(mail.contains(part), "{part:?} is missing in\n{mail}");
        }
        assert!(!mail.contains("Environment:"), "empty facts are left out");
    }

    #[test]
    fn an_event_can_neither_inject_headers_nor_markup() {
        let mail = rendered(&notice(
            "boom\r\nBcc: evil@example.com <script>alert(1)</script>",
        ));
        assert!(!mail.contains("\r\nBcc:"), "{mail}");
        assert!(!html_body(&notice("<script>alert(1)</script>"), "u").contains("<script>"));
        assert!(html_body(&notice("<b>"), "u").contains("&lt;b&gt;"));
    }

    #[test]
    fn a_long_title_is_cut_on_a_character() {
        let subject = subject(&notice(&"ä".repeat(5000)));
        assert_eq!(subject.chars().count(), SUBJECT_CHARS_MAX);
        assert!(subject.ends_with('…'));
    }
}
