//! One mail of many transitions: what went beyond the mails of an hour.

use std::fmt::Write as _;

use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use proto::v1::Transition;

use super::{AutoSubmitted, MailError, escape, one_line, subject_line};
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
        let lines: Vec<Line> = self
            .items
            .iter()
            .map(|item| line(item, public_url))
            .collect();
        let list_url = format!("{public_url}/issues");
        builder
            .multipart(MultiPart::alternative_plain_html(
                self.text(&lines, &list_url),
                self.html(&lines, &list_url),
            ))
            .map_err(MailError::Build)
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

    /// How many are not named; empty: all are.
    fn rest(&self) -> String {
        match self.count - self.items.len() as u64 {
            0 => String::new(),
            n => format!("and {n} more"),
        }
    }

    fn text(&self, lines: &[Line], list_url: &str) -> String {
        let mut text = format!(
            "{}\n\nSo much happened that single mails would have flooded you.\n\n",
            self.headline()
        );
        for line in lines {
            let _ = writeln!(
                text,
                "- [{}] {}: {}\n  {}",
                line.project, line.what, line.title, line.url
            );
        }
        if !self.rest().is_empty() {
            let _ = writeln!(text, "- {}", self.rest());
        }
        let _ = write!(text, "\n{list_url}\n");
        text
    }

    fn html(&self, lines: &[Line], list_url: &str) -> String {
        let rows = lines.iter().fold(String::new(), |mut rows, line| {
            let _ = write!(
                rows,
                "<tr><td style=\"padding:6px 0;border-top:1px solid #e4e7ec\"><span style=\"color:#667085\">{} · {}</span>\
                 <br><a href=\"{}\" style=\"color:#3f51d1\">{}</a></td></tr>",
                escape(&line.project),
                line.what,
                escape(&line.url),
                escape(&line.title)
            );
            rows
        });
        format!(
            "<!doctype html><html><body style=\"margin:0;padding:24px;background:#f7f8fa;color:#101828;\
             font:14px/1.5 system-ui,-apple-system,Segoe UI,sans-serif\"><div style=\"max-width:600px;margin:auto;\
             background:#fff;border:1px solid #e4e7ec;border-radius:8px;padding:24px\">\
             <h1 style=\"margin:0;font-size:17px;line-height:1.4\">{}</h1>\
             <p style=\"margin:4px 0 16px;color:#667085\">So much happened that single mails would have flooded you.</p>\
             <table style=\"width:100%;border-collapse:collapse;font-size:14px\">{rows}</table>\
             <p style=\"margin:8px 0 16px;color:#667085\">{}</p>\
             <a href=\"{}\" style=\"display:inline-block;background:#3f51d1;color:#fff;text-decoration:none;\
             padding:8px 16px;border-radius:6px\">Open the issues</a></div></body></html>",
            escape(&self.headline()),
            escape(&self.rest()),
            escape(list_url),
        )
    }
}

fn line(transition: &Transition, public_url: &str) -> Line {
    let issue = transition.issue.clone().unwrap_or_default();
    let what = match Rule::for_kind(transition.kind()) {
        Some(Rule::Regression) => "back again",
        _ => "new",
    };
    Line {
        project: one_line(&transition.project_name),
        what,
        title: one_line(&issue.title)
            .chars()
            .take(TITLE_CHARS_MAX)
            .collect(),
        url: format!("{public_url}/issues/{}", issue.id),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proto::v1::{Issue, TransitionKind};

    use super::*;

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
        let lines: Vec<Line> = digest.items.iter().map(|item| line(item, "u")).collect();
        assert!(!digest.html(&lines, "u").contains("<b>"));
    }

    #[test]
    fn a_digest_of_one_project_says_so_in_the_subject() {
        assert_eq!(
            digest(&["a", "b"], 2).subject(),
            "[shop] 2 more new or returned issues"
        );
    }
}
