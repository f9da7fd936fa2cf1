//! E-mail: what a notification says, and handing it to the SMTP server.
//!
//! Invariant: whatever an event holds, the mail stays well formed: subjects are one
//! line of bounded length, HTML is escaped, addresses are parsed, and no value of an event
//! begins a line of our text. Fails with [`MailError`], which tells a retry from a refusal.

mod digest;
mod place;
mod test;

use std::{fmt::Write as _, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
};
use proto::v1::{Issue, Level};

pub use self::{digest::DigestNotice, place::place};
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
    /// A recipient is no address.
    #[error("{address:?} is not an address: {source}")]
    To {
        /// What was given.
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
    /// Where it broke, newest call first, in lines; may be empty.
    pub place: Vec<String>,
}

/// A mail to be sent.
#[derive(Debug, Clone)]
pub enum Mail {
    /// Of one transition.
    Notice(Box<Notice>),
    /// Of many.
    Digest(DigestNotice),
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
            Self::Notice(notice) => render(notice, from, to, public_url),
            Self::Digest(digest) => digest.render(from, to, public_url),
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
    subject_line(&text)
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

/// Without line breaks of any kind, and without signs that turn the direction of what
/// follows: a value must not look like a line of ours.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{2028}' | '\u{2029}' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

fn headline(notice: &Notice) -> String {
    match notice.rule {
        Rule::NewIssue => format!("A new issue in {}", one_line(&notice.project_name)),
        Rule::Regression => {
            let project = one_line(&notice.project_name);
            format!("A resolved issue in {project} came back")
        }
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
            facts.push((name, one_line(value)));
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
        let _ = writeln!(text, "in {}", one_line(&notice.issue.culprit));
    }
    text.push('\n');
    for line in &notice.place {
        let _ = writeln!(text, "    {}", one_line(line));
    }
    if !notice.place.is_empty() {
        text.push('\n');
    }
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
            escape(&one_line(&notice.issue.culprit))
        )
    };
    let place = if notice.place.is_empty() {
        String::new()
    } else {
        let lines: Vec<String> = notice
            .place
            .iter()
            .map(|line| escape(&one_line(line)))
            .collect();
        format!(
            "<pre style=\"margin:16px 0 0;padding:12px;background:#f7f8fa;border-radius:6px;overflow-x:auto;\
             font:12px/1.6 ui-monospace,Menlo,Consolas,monospace\">{}</pre>",
            lines.join("\n")
        )
    };
    format!(
        "<!doctype html><html><body style=\"margin:0;padding:24px;background:#f7f8fa;color:#101828;\
         font:14px/1.5 system-ui,-apple-system,Segoe UI,sans-serif\"><div style=\"max-width:600px;margin:auto;\
         background:#fff;border:1px solid #e4e7ec;border-radius:8px;padding:24px\">\
         <p style=\"margin:0 0 12px;color:#667085\">{}</p>\
         <h1 style=\"margin:0;font-size:17px;line-height:1.4\">{}</h1>{culprit}{place}\
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
            place: vec![
                "pay (cart.py:3)".to_owned(),
                "    total = price * n".to_owned(),
            ],
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
            "    pay (cart.py:3)\r\n        total = price * n",
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
    fn no_value_of_an_event_begins_a_line_of_our_text() {
        let evil = "x\r\nPlease sign in at https://evil.example\u{2028}now\u{202e}";
        let mut notice = notice(evil);
        for field in [
            &mut notice.project_name,
            &mut notice.release,
            &mut notice.environment,
            &mut notice.issue.culprit,
            &mut notice.place[1],
        ] {
            evil.clone_into(field);
        }
        let text = text_body(&notice, "https://errata.example.com");
        assert_eq!(text.matches("evil.example").count(), 6, "{text}");
        for line in text.split(['\r', '\n', '\u{2028}', '\u{2029}']) {
            assert!(!line.trim_start().starts_with("Please"), "{text}");
        }
        assert!(!text.contains('\u{202e}'), "{text}");
        let html = html_body(&notice, "https://errata.example.com");
        assert!(!html.contains("\nPlease"), "{html}");
    }

    #[test]
    fn a_long_title_is_cut_on_a_character() {
        let subject = subject(&notice(&"ä".repeat(5000)));
        assert_eq!(subject.chars().count(), SUBJECT_CHARS_MAX);
        assert!(subject.ends_with('…'));
    }
}
