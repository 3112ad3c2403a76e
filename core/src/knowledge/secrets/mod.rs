//! Whether a value is a credential in plain text.
//!
//! Source: the secret variables that image pages document; `tokens.rs` and `connection.rs` name
//! their own sources.
//!
//! A key alone proves nothing (`TOKEN_URL`, `PASSWORD_MIN_LENGTH`), nor does an odd value: both
//! must agree, unless the value has a form that only credentials have.

mod connection;
mod tokens;

use crate::knowledge::data::words;
pub use connection::password_in;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;
use tokens::by_form;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not a credential, as far as can be known.
    No,
    /// A placeholder for a credential: empty, `changeme`, `${DB_PASSWORD}`.
    Placeholder,
    /// A credential that everybody tries first: `postgres`, `admin`, `password`.
    WeakDefault,
    /// A credential.
    Literal,
}

/// Why a value is taken for a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The key says so.
    Key,
    /// A connection string or URL contains a password.
    ConnectionString,
    /// A PEM private key.
    PrivateKey,
    /// A token in the format of this service.
    Token(&'static str),
}

/// A verdict with its reason and the range of the credential's bytes in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub why: Why,
    pub at: (usize, usize),
}

/// Judges a variable, ConfigMap entry or label.
#[must_use]
pub fn judge(key: &str, value: &str) -> Judgement {
    let no = Judgement { verdict: Verdict::No, why: Why::Key, at: (0, value.len()) };
    if let Some(found) = by_form(value) {
        return found;
    }
    if let Some((start, end)) = password_in(value) {
        let verdict = grade(&value[start..end]);
        return Judgement { verdict, why: Why::ConnectionString, at: (start, end) };
    }
    let Some(kind) = key_kind(key) else { return no };
    let text = value.trim();
    if is_not_a_credential(text, kind) {
        return no;
    }
    let grade = match grade(text) {
        Verdict::Literal => repeats_key(key, text).unwrap_or(Verdict::Literal),
        other => other,
    };
    // A short value of a key that ends in `TOKEN` or `KEY` may be a mode or a name.
    let short = kind == KeyKind::Token && text.len() < 12;
    let verdict = if grade == Verdict::Literal && short { Verdict::No } else { grade };
    Judgement { verdict, ..no }
}

/// Judges an argument of a command, a build argument, a label or an annotation. There, a key that ends in
/// `secret` or `token` mostly names a Secret or says something about one, so that it counts only with a value
/// that looks random.
#[must_use]
pub fn judge_setting(key: &str, value: &str) -> Judgement {
    let judgement = judge(key, value);
    let is_by_key = judgement.why == Why::Key && judgement.verdict != Verdict::No;
    let is_token = key_kind(key) == Some(KeyKind::Token);
    let is_about = words_of(key).split('_').any(|word| DIGEST_WORDS.contains(&word));
    if is_by_key && (is_about || is_token && !looks_random(value.trim())) {
        return Judgement { verdict: Verdict::No, ..judgement };
    }
    judgement
}

/// Words in keys whose value is made from a credential and does not reveal it.
const DIGEST_WORDS: &[&str] = &["CHECKSUM", "HASH", "DIGEST", "SHA", "SHA256", "REVISION"];

/// Minimum length of a value that looks random.
const SHORTEST_RANDOM: usize = 16;

/// Whether a value looks like a generated one: letters and digits mixed, without the dashes and dots of a
/// name.
fn looks_random(value: &str) -> bool {
    value.len() >= SHORTEST_RANDOM
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_".contains(&b))
}

/// Returns the verdict on a value that only repeats its key: `DB_PASSWORD=db_password` is a weak
/// default, and `API_KEY=API_KEY_VALUE` is a placeholder.
fn repeats_key(key: &str, text: &str) -> Option<Verdict> {
    let (key, value) = (squeezed(key), squeezed(text));
    if key.len() > 5 && value.len() > key.len() && value.starts_with(&key) {
        return Some(Verdict::Placeholder);
    }
    (value.len() > 5 && key.ends_with(&value)).then_some(Verdict::WeakDefault)
}

/// What a key promises.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Password,
    Token,
}

/// Words that end the key of a password.
const PASSWORD_WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PWD",
    "REQUIREPASS",
    "MASTERAUTH",
    "PGPASSWORD",
    "PASSWORT",
];

/// Words that end the key of a token.
const TOKEN_WORDS: &[&str] =
    &["TOKEN", "APIKEY", "SECRET", "CREDENTIALS", "AUTHTOKEN", "AUTHKEY", "SECRETKEY", "MASTERKEY"];

/// Words before `KEY` that make it the key of a token.
const SECRET_KEYS: &[&str] = &[
    "API",
    "SECRET",
    "PRIVATE",
    "ENCRYPTION",
    "MASTER",
    "SIGNING",
    "AUTH",
    "JWT",
    "ACCESS",
    "ACCOUNT",
    "SHARED",
    "APP",
    "SESSION",
    "COOKIE",
    "DEPLOY",
    "INGESTION",
    "HMAC",
    "CRYPTO",
    "CIPHER",
    "AES",
];

/// Words in keys that say something about a password, such as `PASSWORD_MIN_LENGTH`, without
/// holding one.
const ABOUT_PASSWORDS: &[&str] = &[
    "ALLOW",
    "EMPTY",
    "RANDOM",
    "REQUIRE",
    "REQUIRED",
    "USE",
    "ENABLE",
    "ENABLED",
    "DISABLE",
    "DISABLED",
    "MIN",
    "MAX",
    "FORGOT",
    "RESET",
    "SHOW",
    "HAS",
    "IS",
    "NO",
    "NUM",
    "COUNT",
    "PUBLIC",
    "SKIP",
    "VALIDATE",
    "CHECK",
    "GENERATE",
    "CREATE",
    "PARTITION",
    "SORT",
    "PRIMARY",
    "FOREIGN",
    "CACHE",
    "EXISTING",
    "WITH",
    "WITHOUT",
    "ROTATE",
];

/// Returns what a key promises, if that is a password or token.
fn key_kind(key: &str) -> Option<KeyKind> {
    let words = words_of(key);
    let mut words: Vec<&str> = words.split('_').collect();
    while words.len() > 1 && words.last().is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit())) {
        words.pop();
    }
    let kind = match words.as_slice() {
        // The shell's working directory.
        ["PWD" | "OLDPWD"] => return None,
        [.., last] if PASSWORD_WORDS.contains(last) || ends_in_password(last) => KeyKind::Password,
        [_, .., "PASS"] => KeyKind::Password,
        [.., last] if TOKEN_WORDS.contains(last) => KeyKind::Token,
        [.., of, "KEY"] if SECRET_KEYS.contains(of) => KeyKind::Token,
        [.., "SECRET", "KEY", "BASE"] | [.., "ERLANG", "COOKIE"] => KeyKind::Token,
        _ => return None,
    };
    let about = words.iter().any(|it| ABOUT_PASSWORDS.contains(it));
    (!about).then_some(kind)
}

/// Whether a word is written together with the word for a password: `DATASOURCEPASSWORD`.
fn ends_in_password(word: &str) -> bool {
    let written_together = ["PASSWORD", "PASSWD", "PASSPHRASE"];
    let before = written_together.iter().find_map(|it| word.strip_suffix(it));
    // `NOPASSWORD` and the like say something about a password.
    before.is_some_and(|it| !ABOUT_PASSWORDS.contains(&it))
}

/// Returns a text reduced to its letters and digits, in lower case.
fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns the words of a key in upper case, with `_` between them: `dbPassword`, `db-password` and
/// `DB__PASSWORD` are all `DB_PASSWORD`.
fn words_of(key: &str) -> String {
    let mut words = String::with_capacity(key.len() + 4);
    let mut lower_before = false;
    let mut word_begins = false;
    for c in key.chars() {
        let separator = !c.is_ascii_alphanumeric();
        word_begins |= separator || (c.is_ascii_uppercase() && lower_before);
        if !separator {
            if word_begins && !words.is_empty() {
                words.push('_');
            }
            word_begins = false;
            words.push(c.to_ascii_uppercase());
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words
}

/// Values that switch something on or off.
const SWITCH_WORDS: &[&str] = &[
    "true", "false", "yes", "no", "on", "off", "none", "null", "enabled", "disabled", "optional",
    "required",
];

/// Prefixes of paths and of references that a secret store or another tool resolves.
const REFERENCES: &[&str] = &[
    "/",
    "~",
    "./",
    "file:",
    "vault:",
    "op:",
    "arn:",
    "ref+",
    "ENC[",
    "sm:",
    "secretsmanager:",
    "doppler:",
];

/// Whether a value is not a credential although its key promises one.
fn is_not_a_credential(text: &str, kind: KeyKind) -> bool {
    if SWITCH_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || REFERENCES.iter().any(|prefix| text.starts_with(prefix))
        || text.contains("://")
    {
        return true;
    }
    // Under a key that ends in `TOKEN`, a number or duration is a lifetime, and a text with spaces is
    // prose.
    let number = text.bytes().all(|b| b.is_ascii_digit() || b".smhd".contains(&b));
    kind == KeyKind::Token && (number && !text.is_empty() || text.contains(' '))
}

/// Passwords that everybody tries first.
static COMMON_PASSWORDS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/common_passwords.txt")));

/// Judges a text in the place of a credential.
fn grade(text: &str) -> Verdict {
    let text = text.trim();
    if is_placeholder(text) {
        Verdict::Placeholder
    } else if COMMON_PASSWORDS.contains(text.to_ascii_lowercase().as_str()) {
        Verdict::WeakDefault
    } else {
        Verdict::Literal
    }
}

/// Whole placeholders, reduced to letters and digits.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "todo",
    "tbd",
    "fixme",
    "dummy",
    "fake",
    "sample",
    "redacted",
    "hidden",
    "removed",
    "somesecret",
];

/// Prefixes of placeholders, reduced to letters and digits.
const PLACEHOLDER_PREFIXES: &[&str] = &[
    "your",
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "fake",
    "replacewith",
    "replacethis",
    "pleasechange",
    "insert",
    "setme",
    "putyour",
    "enteryour",
    "placeholder",
    "generateme",
    "fillin",
    "addyour",
];

/// Parts of placeholders, reduced to letters and digits.
const PLACEHOLDER_PARTS: &[&str] = &[
    "changeme",
    "changethis",
    "placeholder",
    "replaceme",
    "pleasechange",
    "changeinproduction",
    "donotuse",
    "demosecret",
    "masked",
];

/// Whether a value is a placeholder for a credential.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() || is_expression(text) {
        return true;
    }
    // `xxxx`, `****`, `...`
    let first = text.chars().next().unwrap_or_default();
    if "xX*.-_?#".contains(first) && text.chars().all(|c| c == first) {
        return true;
    }
    let plain = squeezed(text);
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.contains(&plain.as_str())
        || PLACEHOLDER_PREFIXES.iter().any(|it| plain.starts_with(it))
        || PLACEHOLDER_PARTS.iter().any(|it| plain.contains(it))
        || text.contains("EXAMPLE")
        || lower.starts_with("example-")
        || lower.starts_with("example_")
        || lower.contains("xxxxx")
}

/// Whether a value is an expression that a template engine, a shell or a person replaces:
/// `${NAME}`, `$NAME`, `{{ name }}`, `__NAME__`, `<name>`.
fn is_expression(text: &str) -> bool {
    // In a password a dollar sign may be followed by anything.
    let is_name =
        |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    ["${", "$(", "{{", "<%"].iter().any(|it| text.contains(it))
        || text.strip_prefix('$').is_some_and(is_name)
        || text.strip_prefix("__").is_some_and(|it| it.ends_with("__"))
        || text.starts_with(['<', '[']) && text.ends_with(['>', ']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(key: &str, value: &str) -> Verdict {
        judge(key, value).verdict
    }

    #[test]
    fn a_password_in_any_spelling() {
        for key in
            ["DATASOURCEPASSWORD", "datasourcePassword", "spring.datasource.password", "dbpasswd"]
        {
            assert_eq!(verdict(key, "hV9kq2Zr7LmX"), Verdict::Literal, "{key}");
        }
        for key in ["NOPASSWORD", "PASSWORDLESS_LOGIN", "PASSWORD_MIN_LENGTH"] {
            assert_eq!(verdict(key, "hV9kq2Zr7LmX"), Verdict::No, "{key}");
        }
    }

    #[test]
    fn a_setting_that_names_a_secret_is_no_credential() {
        let verdict = |key: &str, value: &str| judge_setting(key, value).verdict;
        for (key, value) in [
            ("--requirepass", "hV9kq2Zr7LmX"),
            ("acme.example/db-password", "hV9kq2Zr7LmX"),
            ("--api-token", "9f86d081884c7d659a2feaa0c55ad015"),
            ("--url", "postgres://web:hV9kq2Zr7LmX@db/web"),
        ] {
            assert_eq!(verdict(key, value), Verdict::Literal, "{key}={value}");
        }
        for (key, value) in [
            ("nginx.ingress.kubernetes.io/auth-secret", "monitoring-basic-auth"),
            ("--tls-secret", "webhook-server-certificate"),
            ("checksum/secret", "9f86d081884c7d659a2feaa0c55ad015"),
            ("checksum/db-password", "9f86d081884c7d659a2feaa0c55ad015"),
            ("--password-file", "/run/secrets/db"),
            ("--token", "short"),
        ] {
            assert_eq!(verdict(key, value), Verdict::No, "{key}={value}");
        }
        assert_eq!(verdict("--password", "${DB_PASSWORD}"), Verdict::Placeholder);
        assert_eq!(verdict("--password", "$(DB_PASSWORD)"), Verdict::Placeholder);
    }

    #[test]
    fn credentials_before_a_host_without_a_scheme() {
        for value in ["app:hV9kq2Zr7LmX@db", "app:hV9kq2Zr7LmX@db.corp:5432/shop"] {
            assert_eq!(verdict("DATABASE", value), Verdict::Literal, "{value}");
        }
        assert_eq!(verdict("DATABASE", "app:${PW}@db"), Verdict::Placeholder);
        for value in [
            "mailto:me@acme.example",
            "git@github.com:acme/web.git",
            "acme/web:1@sha256:0123456789abcdef",
            "someone@example.com",
            "12:30@noon",
            "user: name@host",
        ] {
            let found = verdict("NOTE", value);
            assert!(matches!(found, Verdict::No | Verdict::Placeholder), "{value}: {found:?}");
        }
    }

    #[test]
    fn literal_credentials() {
        for (key, value) in [
            ("DB_PASSWORD", "tR0ub4dor&3"),
            ("dbPassword", "hunter2!x"),
            ("SMTP_PASS", "kdf93k"),
            ("JWT_SECRET", "9f86d081884c7d659a2feaa0c55ad015"),
            ("SECRET_KEY_BASE", "9f86d081884c7d659a2f"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCY"),
            ("DATABASE_URL", "postgres://app:s3cr3tZ@db:5432/x"),
            ("REDIS_URL", "redis://:kd93kfj@cache:6379"),
            ("ConnectionStrings__Default", "Server=db;User Id=sa;Password=Kd93k_f;"),
            ("X", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
            ("X", "ghp_0123456789abcdefghij0123456789abcdef"),
            ("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl"),
        ] {
            assert_eq!(verdict(key, value), Verdict::Literal, "{key}={value}");
        }
    }

    #[test]
    fn values_that_are_not_credentials() {
        for (key, value) in [
            ("PASSWORD_MIN_LENGTH", "12"),
            ("TOKEN_URL", "https://auth.example.com/token"),
            ("SECRET_NAME", "db-credentials"),
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("DB_PASSWORD", "/run/secrets/db"),
            ("KEY_PREFIX", "app:"),
            ("PUBLIC_KEY", "abcdefghijklmnop"),
            ("ALLOW_EMPTY_PASSWORD", "yes"),
            ("ACCESS_TOKEN_TTL", "3600"),
            ("REFRESH_TOKEN", "3600"),
            ("PWD", "/app"),
            ("CACHE_KEY", "abcdefghijklmnopqrst"),
            ("AUTH_TOKEN", "header"),
            ("API_URL", "http://user@host/x"),
            ("X", "postgres://db:5432/app"),
            ("NEXT_PUBLIC_API_KEY", "pk_abcdefghijklmnop"),
            ("X", "task-ghp_short"),
            ("COMPASS", "north-by-northwest"),
            ("BYPASS", "something-long-enough"),
        ] {
            assert_eq!(verdict(key, value), Verdict::No, "{key}={value}");
        }
    }

    #[test]
    fn placeholders_and_weak_defaults() {
        for value in [
            "",
            "changeme",
            "CHANGE_ME",
            "your-password-here",
            "<password>",
            "${DB_PASSWORD}",
            "$DB_PASSWORD",
            "xxxx",
            "********",
            "example",
            "{{ .Values.pw }}",
            "please-change-me",
        ] {
            assert_eq!(verdict("DB_PASSWORD", value), Verdict::Placeholder, "{value}");
        }
        for value in ["postgres", "admin", "password", "123456", "minioadmin"] {
            assert_eq!(verdict("DB_PASSWORD", value), Verdict::WeakDefault, "{value}");
        }
        assert_eq!(verdict("POSTGRES_PASSWORD", "postgres_password"), Verdict::WeakDefault);
        assert_eq!(verdict("GOOGLE_API_KEY", "GOOGLE_API_KEY_VALUE"), Verdict::Placeholder);
        assert_eq!(verdict("U", "postgres://app:${PW}@db/x"), Verdict::Placeholder);
        assert_eq!(verdict("U", "postgres://postgres:postgres@db/x"), Verdict::WeakDefault);
        assert_eq!(verdict("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), Verdict::Placeholder);
    }

    #[test]
    fn a_judgement_points_at_the_credential() {
        let value = "postgres://app:s3cr3tZ@db:5432/x";
        let (start, end) = judge("DATABASE_URL", value).at;
        assert_eq!(&value[start..end], "s3cr3tZ");
    }
}
