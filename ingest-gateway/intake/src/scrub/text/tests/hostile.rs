//! Texts made to cost time.

use super::*;

/// Each of these made some naive detector read the rest of the text again and again.
#[test]
fn hostile_texts_are_read_in_linear_time() {
    let hostile = [
        "token:",
        "eyJ-",
        "eyJ.",
        "password=",
        "password: ",
        "\"password\":[",
        "\"password\":{",
        "-----BEGIN PRIVATE KEY-----",
        "cookie: ${ ",
        "ghp_",
        "ghp_-",
        "sk-",
        "bearer a/",
        "4111 ",
        "DE89 ",
        "a@",
        "://",
        "://a@",
        "::",
        "1:",
        "\\\"",
        "\\\\\\\"secret\\\\\\\":",
        "password='\"",
        "basic a",
        "-----BEGIN ",
        "1.",
        "password=\"${",
        "_",
        "secret=[Filtered",
        "cookie: *",
        "values(",
        "(password) values (",
        "(password) values ('",
        "identified by ",
        "password ",
        "password for ",
        "password 'a",
        "('password','",
        "<password>",
        "<password ",
        "<key>password</key><string>",
        "value=",
        "->",
        " --password ",
        " -p",
        "mysql -p",
        " -u a:",
        "www",
        "a:b@tcp(",
        "oracle:thin:a/",
        "password=a(",
    ];
    for part in hostile {
        // To read the rest again at each stop takes minutes.
        crate::growth::assert_linear_in(part, 512 << 10, |text| {
            scrub(text, Kind::Text, Detect(u16::MAX));
        });
    }
}
