//! A mail that much, or all, of an hour's quota is used.

use askama::Template;
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};

use super::{AutoSubmitted, MailError, subject_line};
use crate::quota::Warning;

/// What it tells of.
#[derive(Debug, Clone)]
pub struct QuotaNotice {
    /// 32 hex digits; the Message-ID.
    pub notification_id: String,
    /// What is used, of what.
    pub warning: Warning,
}

/// What both forms of it say.
struct Said {
    headline: String,
    lead: String,
    what_next: &'static str,
    url: String,
}

#[derive(Template)]
#[template(path = "quota.txt")]
struct Text<'a> {
    said: &'a Said,
}

#[derive(Template)]
#[template(path = "quota.html")]
struct Page<'a> {
    said: &'a Said,
}

impl QuotaNotice {
    /// The whole mail.
    pub fn render(
        &self,
        from: &Mailbox,
        to: &[Mailbox],
        public_url: &str,
    ) -> Result<Message, MailError> {
        let domain = from.email.domain();
        let said = self.said(public_url);
        let mut builder = Message::builder()
            .from(from.clone())
            .subject(subject_line(&said.headline))
            .message_id(Some(format!("<{}@{domain}>", self.notification_id)))
            .header(AutoSubmitted);
        for mailbox in to {
            builder = builder.to(mailbox.clone());
        }
        let (text, html) = (
            Text { said: &said }.render()?,
            Page { said: &said }.render()?,
        );
        builder
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(MailError::Build)
    }

    fn said(&self, public_url: &str) -> Said {
        let warning = &self.warning;
        let minutes = (warning.hour_begins_s / 60 + 60).rem_euclid(24 * 60);
        let until = format!("{:02}:{:02} UTC", minutes / 60, minutes % 60);
        let whose = match warning.project_id {
            0 => "All projects together have".to_owned(),
            _ => format!("Project {} has", warning.name),
        };
        Said {
            headline: format!(
                "[{}] {} % of this hour's quota is used",
                warning.name, warning.percent
            ),
            lead: format!(
                "{whose} stored {} of {} events of the hour that ends at {until}.",
                warning.used, warning.quota
            ),
            what_next: if warning.percent < 100 {
                "What comes beyond the quota is turned away and counted until then."
            } else {
                "What comes now is turned away and counted until then."
            },
            url: match warning.project_id {
                0 => format!("{public_url}/projects"),
                id => format!("{public_url}/projects/{id}"),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mail::clean::tests::{HOSTILE, lines, tags};

    fn notice(project_id: u32, name: &str, percent: u32) -> QuotaNotice {
        QuotaNotice {
            notification_id: "0123456789abcdef0123456789abcdef".to_owned(),
            warning: Warning {
                project_id,
                name: name.to_owned(),
                percent,
                used: 800,
                quota: 1_000,
                // 23:00.
                hour_begins_s: 1_795_341_600 + 13 * 3_600,
            },
        }
    }

    #[test]
    fn it_says_whose_quota_how_much_and_until_when() {
        let from = "Errata <errata@example.com>".parse().unwrap();
        let to = ["dev@example.com".parse().unwrap()];
        for (notice, parts) in [
            (
                notice(3, "shop", 80),
                [
                    "Subject: [shop] 80 % of this hour's quota is used",
                    "Project shop has stored 800 of 1000 events of the hour that ends at 00:00 UTC.",
                    "https://errata.example.com/projects/3",
                ],
            ),
            (
                notice(0, "Acme", 100),
                [
                    "Subject: [Acme] 100 % of this hour's quota is used",
                    "All projects together have stored",
                    "What comes now is turned away",
                ],
            ),
        ] {
            let mail = notice.render(&from, &to, "https://errata.example.com");
            let mail = String::from_utf8(mail.unwrap().formatted()).unwrap();
            let joined = mail.replace("=\r\n", "");
            for part in parts {
                assert!(joined.contains(part), "{part:?} is missing in\n{joined}");
            }
        }
    }

    #[test]
    fn whatever_a_project_is_called_it_has_the_same_lines_and_the_same_markup() {
        let written = |name: &str| {
            let said = notice(1, name, 80).said("https://errata.example.com");
            let (text, html) = (Text { said: &said }, Page { said: &said });
            (text.render().unwrap(), html.render().unwrap())
        };
        let (calm_text, calm_html) = written("cart");
        for hostile in HOSTILE {
            let (text, html) = written(hostile);
            assert_eq!(lines(&text), lines(&calm_text), "{hostile:?}: {text}");
            assert_eq!(tags(&html), tags(&calm_html), "{hostile:?}: {html}");
        }
    }
}
