//! Which names are secret. A name is split into words at `_`, `-`, `.`, blanks and
//! changes of case, so that `api_key`, `apiKey`, `X-API-Key` and `API.KEY` are one
//! and `author` or `tokens_used` are none.

use super::super::json::Json;

/// Most words of a name looked at.
const WORDS_MAX: usize = 12;

/// Words that make a name secret wherever they stand.
const SECRET_WORDS: [&str; 54] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "pwd",
    "secret",
    "secrets",
    "apikey",
    "apikeys",
    "apitoken",
    "apisecret",
    "authorization",
    "credential",
    "credentials",
    "creds",
    "jwt",
    "bearer",
    "csrf",
    "xsrf",
    "csrftoken",
    "xsrftoken",
    "csrfmiddlewaretoken",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "idtoken",
    "sessiontoken",
    "usertoken",
    "sessionid",
    "sessid",
    "phpsessid",
    "jsessionid",
    "sentrysid",
    "accesskey",
    "secretkey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "creditcard",
    "cardnumber",
    "cvv",
    "cvc",
    "ssn",
    "otp",
    "totp",
    "iban",
    "passwds",
    "storepass",
    "keypass",
    "userpass",
    "dbpass",
    "sharedaccesssignature",
];
/// Pairs of words that make a name secret.
const SECRET_PAIRS: [(&str, &str); 12] = [
    ("two", "factor"),
    ("credit", "card"),
    ("card", "number"),
    ("connection", "string"),
    ("set", "cookie"),
    ("security", "code"),
    ("social", "security"),
    ("bank", "account"),
    ("routing", "number"),
    ("passport", "number"),
    ("tax", "id"),
    ("national", "id"),
];
/// Words after which "key" is secret.
const KEY_OWNERS: [&str; 14] = [
    "api",
    "private",
    "secret",
    "access",
    "encryption",
    "encrypt",
    "signing",
    "auth",
    "master",
    "ssh",
    "rsa",
    "account",
    "storage",
    "license",
];
/// Words after "token" or "auth" that tell of it and do not hold it.
const HARMLESS_AFTER: [&str; 26] = [
    "count",
    "counts",
    "limit",
    "usage",
    "used",
    "type",
    "types",
    "expires",
    "expiry",
    "expiration",
    "ttl",
    "length",
    "name",
    "method",
    "methods",
    "provider",
    "mode",
    "scheme",
    "url",
    "uri",
    "status",
    "time",
    "level",
    "required",
    "enabled",
    "error",
];

/// Whether a value of this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    if !may_be_secret(name.as_bytes()) {
        return false;
    }
    let mut words = [""; WORDS_MAX];
    let count = split(name, &mut words);
    let words = &words[..count];
    words.iter().enumerate().any(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let harmless_next = is_one_of(next, &HARMLESS_AFTER);
        let is = |text: &str| word.eq_ignore_ascii_case(text);
        if is("token") || is("auth") {
            return !harmless_next;
        }
        if is("tokens") {
            // "access_tokens" holds some; "max_tokens" counts.
            let owner = at.checked_sub(1).map_or("", |before| words[before]);
            return is_one_of(
                owner,
                &["access", "refresh", "auth", "api", "session", "csrf"],
            );
        }
        if is("key") || is("keys") {
            let owner = at.checked_sub(1).map_or("", |before| words[before]);
            return is_one_of(owner, &KEY_OWNERS);
        }
        if is("pass") {
            return count == 1 || (at > 0 && at + 1 == count);
        }
        if is("cookie") || is("cookies") {
            return count == 1;
        }
        let is_pair =
            |(first, second): &(&str, &str)| is(first) && next.eq_ignore_ascii_case(second);
        SECRET_PAIRS.iter().any(is_pair) || is_one_of(word, &SECRET_WORDS) || glued(word)
    })
}

/// Names before a `:` or `=` in a text; `equals`: before a `=`.
pub(super) fn is_secret_in_text(name: &str, equals: bool) -> bool {
    is_secret(name) || (equals && is_one_of(name, &["sig", "X-Amz-Signature"]))
}

/// Headers: also those that carry cookies.
pub(super) fn is_secret_header(name: &str) -> bool {
    name.eq_ignore_ascii_case("cookie") || is_secret(name)
}

/// A field called "card" that holds a card's number.
pub(super) fn is_card(name: &str, value: &Json<'_>) -> bool {
    if !name.eq_ignore_ascii_case("card") {
        return false;
    }
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    match value {
        Json::String(text) => (12..=19).contains(&digits(text)),
        Json::Number(number) => (12..=19).contains(&digits(&number.to_string())),
        _ => false,
    }
}

/// Names that shells give the working directory: short for "password" elsewhere.
pub(super) fn is_directory(name: &str) -> bool {
    is_one_of(name, &["pwd", "oldpwd", "old_pwd"])
}

/// Whether a text begins as a path does.
pub(super) fn is_path(text: &str) -> bool {
    let drive = text
        .as_bytes()
        .get(1..3)
        .is_some_and(|b| matches!(b, b":\\" | b":/"));
    drive || text.starts_with(['/', '~', '\\'])
}

/// Names whose only fault is a short word of a longer meaning.
pub(super) fn is_plain_word(name: &str) -> bool {
    is_one_of(name, &["token", "auth", "secret", "pass", "bearer", "pwd"])
}

/// "PGPASSWORD", "userpassword", "mysecret", but not "passwordless".
fn glued(word: &str) -> bool {
    let ends = |tail: &str| {
        word.len() > tail.len()
            && word.is_char_boundary(word.len() - tail.len())
            && word[word.len() - tail.len()..].eq_ignore_ascii_case(tail)
    };
    ends("password") || ends("passwd") || ends("secret") || ends("apikey") || ends("sessionid")
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Cheap and never wrongly false: every secret name holds one of these.
fn may_be_secret(name: &[u8]) -> bool {
    name.windows(3).any(|three| {
        let low = [three[0] | 0x20, three[1] | 0x20, three[2] | 0x20];
        matches!(
            &low,
            b"pas"
                | b"pwd"
                | b"sec"
                | b"key"
                | b"aut"
                | b"cre"
                | b"jwt"
                | b"bea"
                | b"csr"
                | b"xsr"
                | b"tok"
                | b"ses"
                | b"sys"
                | b"sid"
                | b"cvv"
                | b"cvc"
                | b"ssn"
                | b"otp"
                | b"two"
                | b"car"
                | b"con"
                | b"set"
                | b"coo"
                | b"iba"
                | b"soc"
                | b"ban"
                | b"rou"
                | b"tax"
                | b"nat"
                | b"sha"
        )
    })
}

/// Splits into words; returns how many.
fn split<'n>(name: &'n str, words: &mut [&'n str; WORDS_MAX]) -> usize {
    let bytes = name.as_bytes();
    let mut count = 0;
    let mut start = 0;
    let mut push = |from: usize, to: usize| {
        if from < to && count < WORDS_MAX {
            words[count] = &name[from..to];
            count += 1;
        }
    };
    for at in 0..bytes.len() {
        let byte = bytes[at];
        // Bytes of other scripts belong to a word.
        if byte.is_ascii() && !byte.is_ascii_alphanumeric() {
            push(start, at);
            start = at + 1;
        } else if byte.is_ascii_uppercase() && at > start {
            let after_lower = bytes[at - 1].is_ascii_lowercase() || bytes[at - 1].is_ascii_digit();
            let before_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            // "apiKey", and the K of "APIKey"; a plural "IDs" stays whole.
            let acronym_ends = bytes[at - 1].is_ascii_uppercase() && before_lower;
            if after_lower || acronym_ends {
                push(start, at);
                start = at;
            }
        }
    }
    push(start, bytes.len());
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names_are_known() {
        for name in [
            "password",
            "Password",
            "PASSWORD",
            "passwd",
            "user_password",
            "userPassword",
            "new-password",
            "db.password",
            "PGPASSWORD",
            "MYSQL_PWD",
            "password2_password",
            "password_confirmation",
            "passphrase",
            "db_pass",
            "pass",
            "secret",
            "client_secret",
            "clientSecret",
            "SECRET_KEY_BASE",
            "AWS_SECRET_ACCESS_KEY",
            "api_key",
            "apikey",
            "apiKey",
            "APIKey",
            "API_KEY",
            "X-API-Key",
            "api.key",
            "STRIPE_API_KEY",
            "auth",
            "x-auth",
            "Authorization",
            "Proxy-Authorization",
            "credentials",
            "aws_credentials",
            "token",
            "Token",
            "access_token",
            "accessToken",
            "csrf_token",
            "csrftoken",
            "X-CSRFToken",
            "refresh_token",
            "id_token",
            "authToken",
            "private_key",
            "privateKey",
            "ssh_key",
            "jwt",
            "sessionid",
            "PHPSESSID",
            "JSESSIONID",
            "otp",
            "two-factor",
            "cvv",
            "card_number",
            "credit_card",
            "creditCard",
            "connection_string",
            "Set-Cookie",
            "user[password]",
            "--password",
            "access_tokens",
            "geheimes_passwort",
            "mysecret",
            "user%5Bpassword%5D",
            "cookie",
            "Cookies",
            "iban",
            "customer.iban",
            "social_security_number",
            "bankAccount",
            "cardSecurityCode",
            "passport_number",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn harmless_names_are_left_alone() {
        for name in [
            "author",
            "authors",
            "AUTHOR",
            "authored_at",
            "authenticated",
            "tokens_used",
            "max_tokens",
            "total_tokens",
            "token_count",
            "tokenizer",
            "token_type",
            "token_expires",
            "auth_method",
            "auth_provider",
            "key",
            "keys",
            "keyboard",
            "monkey",
            "primary_key",
            "foreign_key",
            "public_key",
            "cache_key",
            "keyword",
            "passenger",
            "compass",
            "passed",
            "pass_count",
            "bypass_cache",
            "passwordless",
            "secretary",
            "session:duration",
            "session_id",
            "session",
            "card",
            "cards",
            "account_number",
            "security",
            "taxonomy_id",
            "national",
            "share",
            "discard",
            "passport",
            "cookie_count",
            "oauth_provider",
            "pixel",
            "path",
            "user",
            "email",
            "id",
            "",
            "größe",
            "日本語",
            "conversation",
            "settings",
            "connection",
            "string",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
