//! One mail of many transitions: what went beyond the mails of an hour.

use askama::Template;
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use proto::v1::Transition;

use super::{AutoSubmitted, MailError, subject_line};
use crate::rule::Rule;

/// Longest title of an issue in the list, characters.
const TITLE_CHARS_MAX: usize = 200;

/// What a digest tells of.
#[derive(Debug, Clone)]
pub struct DigestNotice {
    /// 32 hex digits; the Message-ID.
    pub notification_id: String,
    /// Transitions in all.
    pub count: u64,
    /// The first of them.
    pub items: Vec<Transition>,
}

/// What both forms of it say.
struct Said {
    headline: String,
    lines: Vec<Line>,
    /// How many are not named.
    rest: u64,
    url: String,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct Text<'a> {
    said: &'a Said,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Page<'a> {
    said: &'a Said,
}

struct Line {
    project: String,
    what: &'static str,
    title: String,
    url: String,
}

impl DigestNotice {
    /// The whole mail.
    pub fn render(
        &self,
        from: &Mailbox,
        to: &[Mailbox],
        public_url: &str,
    ) -> Result<Message, MailError> {
        let domain = from.email.domain();
        let mut builder = Message::builder()
            .from(from.clone())
            .subject(self.subject())
            .message_id(Some(format!("<{}@{domain}>", self.notification_id)))
            .header(AutoSubmitted);
        for mailbox in to {
            builder = builder.to(mailbox.clone());
        }
        let said = self.said(public_url);
        let (text, html) = (
            Text { said: &said }.render()?,
            Page { said: &said }.render()?,
        );
        builder
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(MailError::Build)
    }

    fn said(&self, public_url: &str) -> Said {
        let items = self.items.iter();
        Said {
            headline: self.headline(),
            lines: items.map(|item| line(item, public_url)).collect(),
            rest: self.count.saturating_sub(self.items.len() as u64),
            url: format!("{public_url}/issues"),
        }
    }

    fn subject(&self) -> String {
        let mut projects: Vec<&str> = self
            .items
            .iter()
            .map(|item| item.project_name.as_str())
            .collect();
        projects.sort_unstable();
        projects.dedup();
        let of = match projects[..] {
            [one] if self.count == self.items.len() as u64 => format!("[{one}] "),
            _ => String::new(),
        };
        subject_line(&format!("{of}{}", self.headline()))
    }

    fn headline(&self) -> String {
        match self.count {
            1 => "1 more new or returned issue".to_owned(),
            n => format!("{n} more new or returned issues"),
        }
    }
}

fn line(transition: &Transition, public_url: &str) -> Line {
    let issue = transition.issue.clone().unwrap_or_default();
    let what = match Rule::for_kind(transition.kind()) {
        Some(Rule::Regression) => "back again",
        _ => "new",
    };
    Line {
        project: transition.project_name.clone(),
        what,
        title: issue.title.chars().take(TITLE_CHARS_MAX).collect(),
        url: format!("{public_url}/issues/{}", issue.id),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proto::v1::{Issue, TransitionKind};

    use super::*;
    use crate::mail::clean::tests::{HOSTILE, lines, tags};

    fn digest(titles: &[&str], count: u64) -> DigestNotice {
        let items = titles.iter().map(|title| Transition {
            kind: TransitionKind::New.into(),
            project_name: "shop".to_owned(),
            issue: Some(Issue {
                id: "00000000000000aa".to_owned(),
                title: (*title).to_owned(),
                ..Issue::default()
            }),
            ..Transition::default()
        });
        DigestNotice {
            notification_id: "0123456789abcdef0123456789abcdef".to_owned(),
            count,
            items: items.collect(),
        }
    }

    #[test]
    fn a_digest_names_its_issues_and_counts_the_rest() {
        let digest = digest(&["TypeError: x", "b\r\nBcc: evil@example.com <b>"], 40);
        let from = "Errata <errata@example.com>".parse().unwrap();
        let to = ["dev@example.com".parse().unwrap()];
        let mail = digest.render(&from, &to, "https://errata.example.com");
        let mail = String::from_utf8(mail.unwrap().formatted()).unwrap();
        for part in [
            "Subject: 40 more new or returned issues",
            "Message-ID: <0123456789abcdef0123456789abcdef@example.com>",
            "Auto-Submitted: auto-generated",
            "- [shop] new: TypeError: x",
            "https://errata.example.com/issues/00000000000000aa",
            "- and 38 more",
        ] {
            assert!(mail.contains(part), "{part:?} is missing in\n{mail}");
        }
        assert!(!mail.contains("\r\nBcc:"), "{mail}");
    }

    #[test]
    fn whatever_things_are_called_a_digest_has_the_same_lines_and_the_same_markup() {
        let written = |name: &str| {
            let mut digest = digest(&[name, name], 3);
            for item in &mut digest.items {
                name.clone_into(&mut item.project_name);
            }
            let said = digest.said("https://errata.example.com");
            let (text, html) = (Text { said: &said }, Page { said: &said });
            (text.render().unwrap(), html.render().unwrap())
        };
        let (calm_text, calm_html) = written("cart");
        assert_eq!(calm_text.matches("cart").count(), 4, "{calm_text}");
        assert_eq!(calm_html.matches("cart").count(), 4, "{calm_html}");
        for hostile in HOSTILE {
            let (text, html) = written(hostile);
            assert_eq!(lines(&text), lines(&calm_text), "{hostile:?}: {text}");
            assert_eq!(tags(&html), tags(&calm_html), "{hostile:?}: {html}");
        }
    }

    #[test]
    fn a_digest_of_one_project_says_so_in_the_subject() {
        assert_eq!(
            digest(&["a", "b"], 2).subject(),
            "[shop] 2 more new or returned issues"
        );
    }
}
