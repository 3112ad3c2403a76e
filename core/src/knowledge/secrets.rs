//! Whether a value is a credential written out.
//!
//! Sources: the published token formats of the services named in [`TOKENS`], RFC 7468 (PEM), RFC
//! 7519 (JWT), RFC 3986 (user information in URLs), and the secret variables that image pages name.
//! A key alone proves nothing (`TOKEN_URL`, `PASSWORD_MIN_LENGTH`), nor does an odd value: both must
//! agree, unless the value has a shape that only credentials have.

use crate::words::{Words, begins_with_one_of, find, is_among, stands_in};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No credential, or nothing that could be told.
    No,
    /// A credential's place, held by something to be replaced: empty, `changeme`, `${DB_PASSWORD}`.
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
    /// A connection string or URL holds a password.
    ConnectionString,
    /// A PEM private key.
    PrivateKey,
    /// A token in the format of this service.
    Token(&'static str),
}

/// A verdict with its reason and the bytes of the credential in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub why: Why,
    pub at: (usize, usize),
}

/// Prefixes of tokens, how many characters follow at least, and whose they are.
const TOKENS: &[(&str, usize, &str)] = &[
    ("ghp_", 36, "GitHub"),
    ("gho_", 36, "GitHub"),
    ("ghu_", 36, "GitHub"),
    ("ghs_", 36, "GitHub"),
    ("ghr_", 36, "GitHub"),
    ("github_pat_", 40, "GitHub"),
    ("glpat-", 20, "GitLab"),
    ("glrt-", 20, "GitLab"),
    ("AKIA", 16, "AWS"),
    ("ASIA", 16, "AWS"),
    ("sk_live_", 20, "Stripe"),
    ("rk_live_", 20, "Stripe"),
    ("whsec_", 30, "Stripe"),
    ("xoxb-", 20, "Slack"),
    ("xoxp-", 20, "Slack"),
    ("xapp-", 20, "Slack"),
    ("npm_", 36, "npm"),
    ("pypi-AgEI", 40, "PyPI"),
    ("AIza", 35, "Google"),
    ("GOCSPX-", 24, "Google"),
    ("hf_", 30, "Hugging Face"),
    ("sk-ant-", 40, "Anthropic"),
    ("sk-proj-", 40, "OpenAI"),
    ("dop_v1_", 60, "DigitalOcean"),
    ("shpat_", 32, "Shopify"),
    ("hvs.", 24, "Vault"),
    ("dckr_pat_", 20, "Docker"),
    ("SG.", 60, "SendGrid"),
];

/// Judges one variable, ConfigMap entry or label.
#[must_use]
pub fn judge(key: &str, value: &str) -> Judgement {
    let no = Judgement { verdict: Verdict::No, why: Why::Key, at: (0, value.len()) };
    if let Some(found) = by_shape(value) {
        return found;
    }
    if let Some((start, end)) = password_in(value) {
        let verdict = grade(&value[start..end]);
        return Judgement { verdict, why: Why::ConnectionString, at: (start, end) };
    }
    let Some(kind) = key_kind(key) else { return no };
    let text = value.trim();
    if is_no_credential(text, kind) {
        return no;
    }
    let grade = match grade(text) {
        Verdict::Literal => repeats_key(key, text).unwrap_or(Verdict::Literal),
        other => other,
    };
    // A short word behind `TOKEN` or `KEY` may be a mode or a name.
    let short = kind == KeyKind::Token && text.len() < 12;
    let verdict = if grade == Verdict::Literal && short { Verdict::No } else { grade };
    Judgement { verdict, ..no }
}

/// A value that only says its key again: `DB_PASSWORD=db_password` is a first guess, and
/// `API_KEY=API_KEY_VALUE` keeps a place.
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

fn key_kind(key: &str) -> Option<KeyKind> {
    // What these words say about a password is not the password.
    const ABOUT: Words = Words::new(
        "ALLOW EMPTY RANDOM REQUIRE REQUIRED USE ENABLE ENABLED DISABLE DISABLED MIN MAX FORGOT \
        RESET SHOW HAS IS NO NUM COUNT PUBLIC SKIP VALIDATE CHECK GENERATE CREATE PARTITION SORT \
        PRIMARY FOREIGN CACHE EXISTING WITH WITHOUT ROTATE",
    );
    // Most names end in three letters that none of the patterns below ends in.
    let last = key.as_bytes().iter().rposition(|it| it.is_ascii_alphabetic())?;
    let end = key.as_bytes()[..=last].last_chunk::<3>()?.map(|it| it.to_ascii_uppercase());
    if !matches!(
        &end,
        b"ORD"
            | b"SWD"
            | b"PWD"
            | b"ASE"
            | b"ASS"
            | b"ORT"
            | b"UTH"
            | b"KEN"
            | b"KEY"
            | b"RET"
            | b"ALS"
            | b"KIE"
    ) {
        return None;
    }
    let all = words_of(key);
    let mut words: Vec<&str> = all.split('_').collect();
    while words.len() > 1 && words.last().is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit())) {
        words.pop();
    }
    const PASSWORDS: &str =
        "PASSWORD PASSWD PASSPHRASE PWD REQUIREPASS MASTERAUTH PGPASSWORD PASSWORT";
    const TOKENS: &str = "TOKEN APIKEY SECRET CREDENTIALS AUTHTOKEN AUTHKEY SECRETKEY MASTERKEY";
    const SECRET_KEYS: &str = "API SECRET PRIVATE ENCRYPTION MASTER SIGNING AUTH JWT ACCESS \
        ACCOUNT SHARED APP SESSION COOKIE DEPLOY INGESTION HMAC CRYPTO CIPHER AES";
    let kind = match words.as_slice() {
        // The shell's own working directory.
        ["PWD" | "OLDPWD"] => None,
        [.., last] if is_among(PASSWORDS, last) => Some(KeyKind::Password),
        [_, .., "PASS"] => Some(KeyKind::Password),
        [.., last] if is_among(TOKENS, last) => Some(KeyKind::Token),
        [.., of, "KEY"] if is_among(SECRET_KEYS, of) => Some(KeyKind::Token),
        [.., "SECRET", "KEY", "BASE"] | [.., "ERLANG", "COOKIE"] => Some(KeyKind::Token),
        _ => None,
    };
    kind.filter(|_| !words.iter().any(|it| ABOUT.has(it)))
}

/// The letters and digits alone, in lower case.
fn squeezed(text: &str) -> String {
    let mut squeezed = text.to_ascii_lowercase();
    squeezed.retain(|it| it.is_ascii_alphanumeric());
    squeezed
}

/// The words of a key in upper case, with `_` between them: `dbPassword`, `db-password` and
/// `DB__PASSWORD` are all `DB_PASSWORD`.
fn words_of(key: &str) -> String {
    let mut words = String::with_capacity(key.len() + 4);
    let mut lower_before = false;
    let mut border = false;
    for b in key.bytes() {
        let sign = !b.is_ascii_alphanumeric();
        border |= sign || (b.is_ascii_uppercase() && lower_before);
        if !sign {
            if border && !words.is_empty() {
                words.push('_');
            }
            border = false;
            words.push(b.to_ascii_uppercase() as char);
        }
        lower_before = b.is_ascii_lowercase() || b.is_ascii_digit();
    }
    words
}

/// Values that are no credential though their key ends like one.
fn is_no_credential(text: &str, kind: KeyKind) -> bool {
    const SWITCHES: &str = "true false yes no on off none null enabled disabled optional required";
    // A place where the credential lies, and references that a tool resolves.
    const PLACES: &str = "/ ~ ./ file: vault: op: arn: ref+ ENC[ sm: secretsmanager: doppler:";
    if is_among(SWITCHES, &text.to_ascii_lowercase())
        || begins_with_one_of(PLACES, text)
        || text.contains("://")
    {
        return true;
    }
    // Numbers and durations behind `TOKEN` are lifetimes; words with spaces are prose.
    let number =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b's' | b'm' | b'h' | b'd'));
    kind == KeyKind::Token && (number && !text.is_empty() || text.contains(' '))
}

/// How much of a credential a value is, once its place is known to be one.
fn grade(text: &str) -> Verdict {
    let text = text.trim();
    if is_placeholder(text) {
        return Verdict::Placeholder;
    }
    const WEAK: &str = "password passw0rd password1 password123 pass postgres postgresql root \
        admin administrator admin123 secret guest user test testing toor qwerty letmein welcome \
        default mysql mariadb mongo mongodb redis rabbitmq rabbit minio minioadmin minio123 \
        elastic keycloak grafana dev development local demo app django rails laravel wordpress \
        supersecret mysecretpassword docker myuser mypassword sa neo4j 12345 123456 1234 \
        12345678 123456789 123 0000 1111 pgpassword p@ssw0rd passwd rootpassword root_password \
        rootpass dbpassword db_password insecure notsecure";
    if is_among(WEAK, &text.to_ascii_lowercase()) {
        return Verdict::WeakDefault;
    }
    Verdict::Literal
}

/// Whether a value only keeps a credential's place.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() || stands_in("${ $( {{ <%", text) {
        return true;
    }
    // `$VAR` and `%VAR%`, but not a dollar sign inside a password.
    let name =
        |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if text.strip_prefix('$').is_some_and(name)
        || text.strip_prefix("__").is_some_and(|it| it.ends_with("__"))
    {
        return true;
    }
    if text.starts_with(['<', '[']) && text.ends_with(['>', ']']) {
        return true;
    }
    let first = text.chars().next().unwrap_or_default();
    if matches!(first, 'x' | 'X' | '*' | '.' | '-' | '_' | '?' | '#')
        && text.chars().all(|it| it == first)
    {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    let squeezed = squeezed(text);
    const WHOLE: &str =
        "example todo tbd fixme dummy fake sample redacted hidden removed somesecret";
    const START: &str = "your changeme changethis changeit replaceme fake replacewith \
        replacethis pleasechange insert setme putyour enteryour placeholder generateme fillin \
        addyour";
    const INSIDE: &str =
        "changeme changethis placeholder replaceme pleasechange changeinproduction donotuse";
    is_among(WHOLE, &squeezed)
        || begins_with_one_of(START, &squeezed)
        || stands_in(INSIDE, &squeezed)
        || text.contains("EXAMPLE")
        || begins_with_one_of("example- example_", &lower)
        || lower.contains("xxxxx")
}

/// Credentials that their shape gives away.
fn by_shape(value: &str) -> Option<Judgement> {
    // The shortest token of the table has this length, and most values are shorter.
    const SHORTEST: usize = 20;
    if value.len() < SHORTEST {
        return None;
    }
    if let Some(start) = find(value, "-----BEGIN ")
        && value[start..].lines().next().is_some_and(|it| it.contains("PRIVATE KEY"))
    {
        return Some(Judgement {
            verdict: Verdict::Literal,
            why: Why::PrivateKey,
            at: (start, value.len()),
        });
    }
    let in_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let mut next = 0;
    for token in value.as_bytes().split(|it| !in_token(*it)) {
        let (start, end) = (next, next + token.len());
        next = end + 1;
        if token.len() < SHORTEST {
            continue;
        }
        for &(prefix, least, service) in TOKENS {
            let Some(rest) = token.strip_prefix(prefix.as_bytes()) else { continue };
            let exact = service != "AWS"
                || (rest.len() == 16
                    && rest.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            if rest.len() >= least && exact {
                let verdict = if is_placeholder(&value[start..end]) {
                    Verdict::Placeholder
                } else {
                    Verdict::Literal
                };
                return Some(Judgement { verdict, why: Why::Token(service), at: (start, end) });
            }
        }
    }
    // A JSON Web Token: three parts, the first two of which are JSON objects in base64.
    let start = find(value, "eyJ").filter(|it| *it == 0 || !in_token(value.as_bytes()[it - 1]))?;
    let end = start + value.as_bytes()[start..].iter().take_while(|b| in_token(**b)).count();
    let parts: Vec<&str> = value[start..end].split('.').collect();
    let jwt = parts.len() == 3 && parts[1].starts_with("eyJ") && parts[2].len() >= 20;
    jwt.then_some(Judgement { verdict: Verdict::Literal, why: Why::Token("JWT"), at: (start, end) })
}

/// The bytes of the password in a URL or a connection string.
#[must_use]
pub fn password_in(value: &str) -> Option<(usize, usize)> {
    memchr::memchr2(b'@', b'=', value.as_bytes())?;
    let mut from = 0;
    while let Some(found) = find(&value[from..], "://") {
        let start = from + found + 3;
        let end = value[start..]
            .find(['/', '?', '#', ' ', '"', '\'', '\n'])
            .map_or(value.len(), |it| start + it);
        // A variable's braces may hold a slash or a question mark.
        if let Some(at) = value[start..end].rfind('@')
            && let Some(colon) = value[start..start + at].find(':')
            && colon + 1 < at
        {
            return Some((start + colon + 1, start + at));
        }
        from = start;
    }
    // Go's MySQL driver: `user:password@tcp(host)/db`.
    if let Some(at) = find(value, "@tcp(")
        && let Some(colon) = value[..at].find(':')
        && colon + 1 < at
    {
        return Some((colon + 1, at));
    }
    // `Password=…;`, `password=…` of libpq and `&password=…` of JDBC.
    let connection = value.contains(';') || stands_in("host= jdbc:", value);
    if !connection {
        return None;
    }
    const NAMES: &str = "password pwd accountkey sharedaccesskey";
    let lower = value.to_ascii_lowercase();
    for name in NAMES.split(' ') {
        for (start, _) in lower.match_indices(name) {
            let before =
                start == 0 || matches!(lower.as_bytes()[start - 1], b';' | b' ' | b'&' | b'?');
            let after = start + name.len();
            let Some(rest) = lower[after..].trim_start().strip_prefix('=') else { continue };
            if !before {
                continue;
            }
            let from = value.len() - rest.len();
            let end = value[from..].find([';', ' ', '&']).map_or(value.len(), |it| from + it);
            if end > from {
                return Some((from, end));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(key: &str, value: &str) -> Verdict {
        judge(key, value).verdict
    }

    #[test]
    fn finds_literals() {
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
    fn leaves_what_is_no_credential() {
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
    fn knows_placeholders_and_first_guesses() {
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
    fn points_at_the_credential() {
        let value = "postgres://app:s3cr3tZ@db:5432/x";
        let (start, end) = judge("DATABASE_URL", value).at;
        assert_eq!(&value[start..end], "s3cr3tZ");
    }
}
