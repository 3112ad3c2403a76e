//! Passwords in URLs and connection strings.
//!
//! Sources: RFC 3986 (user information in URLs) and the connection string pages of PostgreSQL,
//! Microsoft, Go's MySQL driver and JDBC.

/// Returns the range of the password's bytes in a URL or a connection string.
#[must_use]
pub fn password_in(value: &str) -> Option<(usize, usize)> {
    if !value.contains(['@', '=']) {
        return None;
    }
    password_in_url(value)
        .or_else(|| password_in_go_dsn(value))
        .or_else(|| password_before_host(value))
        .or_else(|| password_in_pairs(value))
}

/// Finds the password of `postgres://user:password@host/db`, in any of the URLs of a value.
fn password_in_url(value: &str) -> Option<(usize, usize)> {
    value.match_indices("://").find_map(|(at, separator)| {
        let start = at + separator.len();
        let end = value[start..]
            .find(['/', '?', '#', ' ', '"', '\'', '\n'])
            .map_or(value.len(), |length| start + length);
        password_before(value, start, value[start..end].rfind('@').map(|it| start + it)?)
    })
}

/// Finds the password of Go's MySQL driver: `user:password@tcp(host)/db`.
fn password_in_go_dsn(value: &str) -> Option<(usize, usize)> {
    password_before(value, 0, value.find("@tcp(")?)
}

/// Finds the password of `user:password@host` and `user:password@host:5432/db`, a URL without a scheme.
fn password_before_host(value: &str) -> Option<(usize, usize)> {
    let at = value.rfind('@').filter(|_| !value.contains("://"))?;
    let host = value[at + 1..].split(['/', ':', '?', ',']).next()?;
    let is_host = host.starts_with(|it: char| it.is_ascii_alphabetic())
        && host.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_'));
    let (start, end) = password_before(value, 0, at)?;
    let user = &value[..start - 1];
    let is_user = user.starts_with(|it: char| it.is_ascii_alphabetic())
        && user.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_'));
    let is_plain = !value[start..end].contains([' ', '/', ':', '"', '\'', ',']);
    // `mailto:someone@host` and `image:tag@sha256` have no password.
    let is_other = matches!(user, "mailto" | "sip" | "xmpp" | "acct" | "git") || host == "sha256";
    (is_host && is_user && is_plain && !is_other).then_some((start, end))
}

/// Returns the range between the first colon after `start` and the at sign at `at`.
fn password_before(value: &str, start: usize, at: usize) -> Option<(usize, usize)> {
    let password = start + value[start..at].find(':')? + 1;
    (password < at).then_some((password, at))
}

/// Finds the password of `Password=…;`, of libpq's `password=…` and of JDBC's `&password=…`.
fn password_in_pairs(value: &str) -> Option<(usize, usize)> {
    let lower = value.to_ascii_lowercase();
    // `http://minio:9000?accessKey=…&secretKey=…` has both ends of a credential.
    let has_keys = ["accesskey=", "secretkey="].iter().all(|it| lower.contains(it));
    if !has_keys && ![";", "host=", "jdbc:"].iter().any(|it| value.contains(it)) {
        return None;
    }
    let names = ["password", "pwd", "accountkey", "sharedaccesskey", "secretkey"];
    let mut places = names.iter().flat_map(|name| lower.match_indices(name));
    places.find_map(|(at, name)| {
        if at > 0 && !lower[..at].ends_with([';', ' ', '&', '?']) {
            return None;
        }
        let rest = lower[at + name.len()..].trim_start().strip_prefix('=')?;
        let start = value.len() - rest.len();
        let end = value[start..].find([';', ' ', '&']).map_or(value.len(), |it| start + it);
        (start < end).then_some((start, end))
    })
}
