//! The mail of one transition.

use askama::Template;
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use proto::v1::{Issue, Level};

use super::{AutoSubmitted, MailError, subject_line};
use crate::rule::Rule;

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

/// What both forms of it say.
struct Said<'a> {
    headline: String,
    title: &'a str,
    culprit: &'a str,
    place: &'a [String],
    facts: Vec<(&'static str, String)>,
    url: &'a str,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Text<'a> {
    said: &'a Said<'a>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Page<'a> {
    said: &'a Said<'a>,
}

impl Notice {
    /// The whole mail.
    pub fn render(
        &self,
        from: &Mailbox,
        to: &[Mailbox],
        public_url: &str,
    ) -> Result<Message, MailError> {
        let domain = from.email.domain();
        let thread = format!("<issue-{}@{domain}>", self.issue.id);
        let mut builder = Message::builder()
        .from(from.clone())
        .subject(self.subject())
        .message_id(Some(format!("<{}@{domain}>", self.notification_id)))
        // All mails of one issue fall into one thread.
        .references(thread.clone())
        .in_reply_to(thread)
        // Keeps out-of-office answers away.
        .header(AutoSubmitted);
        for mailbox in to {
            builder = builder.to(mailbox.clone());
        }
        let url = format!("{public_url}/issues/{}", self.issue.id);
        let said = self.said(&url);
        let (text, html) = (
            Text { said: &said }.render()?,
            Page { said: &said }.render()?,
        );
        builder
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(MailError::Build)
    }

    fn said<'a>(&'a self, url: &'a str) -> Said<'a> {
        Said {
            headline: self.headline(),
            title: &self.issue.title,
            culprit: &self.issue.culprit,
            place: &self.place,
            facts: self.facts(),
            url,
        }
    }

    fn subject(&self) -> String {
        let what = match self.rule {
            Rule::NewIssue => "New",
            Rule::Regression => "Back again",
        };
        let text = format!("[{}] {what}: {}", self.project_name, self.issue.title);
        subject_line(&text)
    }

    fn headline(&self) -> String {
        match self.rule {
            Rule::NewIssue => format!("A new issue in {}", self.project_name),
            Rule::Regression => {
                format!("A resolved issue in {} came back", self.project_name)
            }
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let issue = &self.issue;
        let level = match issue.level() {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Fatal => "fatal",
            Level::Error | Level::Unspecified => "error",
        };
        let mut facts = vec![("Level", level.to_owned())];
        for (name, value) in [
            ("Environment", &self.environment),
            ("Release", &self.release),
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mail::clean::tests::{HOSTILE, lines, tags};

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
            notice
                .render(&from, &to, "https://errata.example.com")
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
    fn an_event_can_not_inject_headers() {
        let mail = rendered(&notice("boom\r\nBcc: evil@example.com"));
        assert!(!mail.contains("\r\nBcc:"), "{mail}");
    }

    #[test]
    fn whatever_things_are_called_a_mail_has_the_same_lines_and_the_same_markup() {
        let named = |name: &str| {
            let mut notice = notice(name);
            for field in [
                &mut notice.project_name,
                &mut notice.release,
                &mut notice.environment,
                &mut notice.issue.culprit,
            ] {
                name.clone_into(field);
            }
            notice.place.fill(name.to_owned());
            notice
        };
        for rule in [Rule::NewIssue, Rule::Regression] {
            let written = |name: &str| {
                let notice = Notice {
                    rule,
                    ..named(name)
                };
                let said = notice.said("https://errata.example.com/issues/1");
                let (text, html) = (Text { said: &said }, Page { said: &said });
                (text.render().unwrap(), html.render().unwrap())
            };
            let (calm_text, calm_html) = written("cart");
            // Headline, title, culprit, two lines of code, two facts.
            assert_eq!(calm_text.matches("cart").count(), 7, "{calm_text}");
            assert_eq!(calm_html.matches("cart").count(), 7, "{calm_html}");
            for hostile in HOSTILE {
                let (text, html) = written(hostile);
                assert_eq!(lines(&text), lines(&calm_text), "{hostile:?}: {text}");
                assert_eq!(tags(&html), tags(&calm_html), "{hostile:?}: {html}");
            }
        }
    }

    #[test]
    fn a_long_title_is_cut_on_a_character() {
        let subject = notice(&"ä".repeat(5000)).subject();
        assert_eq!(subject.chars().count(), crate::mail::SUBJECT_CHARS_MAX);
        assert!(subject.ends_with('…'));
    }
}
