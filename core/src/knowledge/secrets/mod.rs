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

/// Classification of a value as a credential.
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
        let verdict = match names_its_part(value, (start, end)) {
            true => Verdict::Placeholder,
            false => grade(&value[start..end]),
        };
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
    let short = kind == KeyKind::Token && text.len() < 12 && !looks_made_up(text);
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

/// Whether a short value mixes letters of both cases, digits and signs, as people make up passwords: `Unkn0wn!`.
fn looks_made_up(value: &str) -> bool {
    let has = |is_such: fn(&u8) -> bool| value.bytes().any(|b| is_such(&b));
    value.len() >= 8
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && value.contains(['!', '$', '%', '&', '?', '*', '#', '@', '+'])
}

/// Whether the user and the password of a URL only say what stands in their places: `smtp-user:smtp-password@`.
fn names_its_part(value: &str, (start, end): (usize, usize)) -> bool {
    const USERS: [&str; 2] = ["user", "username"];
    let user = value[..start].trim_end_matches(':').rsplit(['/', ':']).next().unwrap_or_default();
    let parts = |text: &str| {
        text.to_ascii_lowercase()
            .rsplit_once(['-', '_'])
            .map(|it| (it.0.to_owned(), it.1.to_owned()))
    };
    let (Some(user), Some(password)) = (parts(user), parts(&value[start..end])) else {
        return false;
    };
    user.0 == password.0
        && USERS.contains(&user.1.as_str())
        && ["password", "passwd", "pass"].contains(&password.1.as_str())
}

/// Words that say what a credential is. A value of nothing else is one that somebody guesses.
const CREDENTIAL_WORDS: &[&str] = &["password", "passwd", "secret", "key", "token"];

/// Whether a value only says what it is: `password_secret`.
fn is_only_words(text: &str) -> bool {
    let words = || text.split(['_', '-', '.', ' ']);
    words().count() > 1
        && words().all(|it| CREDENTIAL_WORDS.iter().any(|own| it.eq_ignore_ascii_case(own)))
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

/// Kind of credential that the name of a key suggests.
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
    "FERNET",
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
        // Rails takes any text, so that a short one is no mode but a weak key.
        [.., "SECRET", "KEY", "BASE"] => KeyKind::Password,
        [.., "ERLANG", "COOKIE"] => KeyKind::Token,
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
    } else if is_password_hash(text) {
        Verdict::No
    } else if COMMON_PASSWORDS.contains(text.to_ascii_lowercase().as_str()) || is_only_words(text) {
        Verdict::WeakDefault
    } else {
        Verdict::Literal
    }
}

/// Prefixes of hashes of passwords, from which nobody gets the password back in reasonable time.
/// Sources: `crypt(5)`, the PHC string format, and RFC 2307 with the schemes of OpenLDAP.
const HASH_PREFIXES: &[&str] = &[
    "$2a$",
    "$2b$",
    "$2y$",
    "$5$",
    "$6$",
    "$y$",
    "$scrypt$",
    "$argon2i$",
    "$argon2d$",
    "$argon2id$",
    "$pbkdf2$",
    "$pbkdf2-",
    "{SSHA",
    "{ARGON2}",
    "{PBKDF2",
];

/// Whether a text is the hash of a password.
fn is_password_hash(text: &str) -> bool {
    let text = text.strip_prefix("{CRYPT}").unwrap_or(text);
    // Compose doubles the dollar signs.
    let text = text.replace("$$", "$");
    HASH_PREFIXES.iter().any(|it| text.starts_with(it)) && text.len() > 20
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
    "changepassword",
    "changesecret",
    "changekey",
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

/// Ends of placeholders, in small letters.
const PLACEHOLDER_ENDS: &[&str] =
    &["_here", "-here", " here", "keyhere", "passwordhere", "secrethere", "tokenhere"];

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

/// Beginnings of keys that their makers publish for tests, and that protect nothing.
///
/// Sources: <https://developers.google.com/recaptcha/docs/faq>,
/// <https://developers.cloudflare.com/turnstile/troubleshooting/testing/>.
const TEST_KEYS: &[&str] = &["6LeIxAcTAAAAA", "1x0000000000000000000000000000000"];

/// Whether a value is a placeholder for a credential.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() || is_expression(text) {
        return true;
    }
    if TEST_KEYS.iter().any(|it| text.starts_with(it)) {
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
        || PLACEHOLDER_ENDS.iter().any(|it| lower.ends_with(it))
        || text.contains("EXAMPLE")
        || lower.starts_with("example-")
        || lower.starts_with("example_")
        || lower.starts_with("replace_")
        || lower.starts_with("replace-")
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
mod tests;
