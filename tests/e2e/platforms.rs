//! An event of each platform, as its SDK sends it: what people see of it in the list,
//! on the page and in the mail.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Mailbox, OWNER_EMAIL, OWNER_PASSWORD, Server, node};

#[test]
fn every_platform_is_shown_as_its_people_expect() {
    let mailbox = Mailbox::start(0);
    // A mail for each of them: none goes into a digest.
    let server = Server::start_with(&[
        ("ERRATA_SMTP__URL", &mailbox.url()),
        ("ERRATA_ALERTS__MAILS_PER_HOUR_MAX", "1000"),
    ]);
    let output = node(
        "platforms.mjs",
        &[&server.url, &server.dsn(), OWNER_EMAIL, OWNER_PASSWORD],
    );
    let shown: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(shown.len() > 20, "{output}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let issues: BTreeSet<String> = shown.iter().map(|line| text(&line["issue"])).collect();
    let titles: BTreeSet<String> = shown.iter().map(|line| text(&line["title"])).collect();
    let mails = mailbox.wait_for_mails(issues.len());
    // Long subjects are folded on the way, and cut.
    let unfolded = |subject: &Value| text(subject).replace(['\r', '\n'], "");
    let mut mailed: BTreeSet<String> = BTreeSet::new();
    for mail in &mails {
        let subject = unfolded(&mail["headers"]["subject"]);
        let title = subject.strip_prefix("[default] New: ").unwrap();
        let title = title.trim_end_matches('…');
        let full = titles.iter().find(|full| full.starts_with(title));
        mailed.insert(full.unwrap_or_else(|| panic!("{subject}")).clone());
    }
    assert_eq!(mailed, titles);
}
