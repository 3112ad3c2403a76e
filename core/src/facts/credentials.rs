//! Credentials in ConfigMaps and Secrets, as far as the files of the project hold them.

use super::Facts;
use super::plain_credentials::weight;
use crate::knowledge::secrets::{Judgement, judge};
use crate::model::Str;
use crate::model::kubernetes::{Body, Object, SecretKind};
use crate::text::Span;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A credential in an entry of a ConfigMap or Secret.
#[derive(Debug, Clone)]
pub struct Credential<'a> {
    pub key: &'a Str,
    /// The setting inside an entry that is a whole file: `spring.datasource.password`.
    pub setting: Option<String>,
    /// The value, or its line in an entry of several lines.
    pub span: Span,
    /// The line of the object that holds it, where that is another place than the credential itself: the
    /// template that prints a value.
    pub printed: Option<Span>,
    /// Whether it is a password that everybody tries first.
    pub is_weak: bool,
}

impl Credential<'_> {
    /// Returns the name for a message: `` `DB_PASSWORD` ``, or `` `password` in `app.properties` ``.
    pub fn label(&self) -> String {
        match &self.setting {
            Some(setting) => format!("`{setting}` in `{}`", self.key),
            None => format!("`{}`", self.key),
        }
    }
}

impl<'a> Facts<'a> {
    /// Returns the credentials that a ConfigMap or a readable Secret holds in plain text or base64. What
    /// a chart makes up when it is rendered stands in no file, and is left out.
    pub fn credentials(&self, object: &'a Object) -> Vec<Credential<'a>> {
        let mut found = Vec::new();
        match &object.body {
            Body::ConfigMap(map) => {
                for (key, value) in &map.data {
                    self.credentials_in(key, key, value, &value.value, &mut found);
                }
            }
            Body::Secret(secret) if secret.kind == SecretKind::Plain => {
                let name = object.name().map_or("", |it| it.as_str());
                let encoded = secret
                    .data
                    .iter()
                    .filter_map(|(key, value)| Some((key, value, decoded(value)?)));
                let plain = secret.string_data.iter();
                let plain = plain.map(|(key, value)| (key, value, value.value.to_string()));
                for (key, value, text) in encoded.chain(plain) {
                    // In Secret `db`, the key `pass` is that of a password.
                    let full = match key.contains(['_', '-', '.']) {
                        true => key.value.to_string(),
                        false => format!("{name}-{key}"),
                    };
                    self.credentials_in(key, &full, value, &text, &mut found);
                }
            }
            _ => {}
        }
        found
    }

    /// Looks at one entry: its value as a whole, then the settings in its lines.
    fn credentials_in(
        &self,
        key: &'a Str,
        full_key: &str,
        value: &Str,
        text: &str,
        found: &mut Vec<Credential<'a>>,
    ) {
        let is_file = text.trim_end().contains('\n')
            || text.trim_start().starts_with('{')
            || password_in_sql(text).is_some();
        let whole = [key.as_str(), full_key].map(|name| judge(name, text));
        let whole = whole.into_iter().find_map(|it| weight(&it).map(|weak| (it, weak)));
        let whole = whole.filter(|it| !is_sample(&text[it.0.at.0..it.0.at.1]));
        if let Some((judgement, is_weak)) =
            whole.filter(|_| !is_file || is_by_form(&judge("", text)))
        {
            let credential = &text[judgement.at.0..judgement.at.1];
            if let Some(span) = self.place_of(value, text, credential) {
                let printed = printed(value, span);
                found.push(Credential { key, setting: None, span, printed, is_weak });
            }
            return;
        }
        if !is_file {
            return;
        }
        for (setting, setting_value) in settings(text) {
            let judgement = judge(judged_key(setting), setting_value);
            let Some(is_weak) = weight(&judgement).filter(|_| !is_sample(setting_value)) else {
                continue;
            };
            let in_line = self.place_after(value, setting, setting_value);
            if let Some(span) = in_line.or_else(|| self.place_of(value, text, setting_value)) {
                let setting = Some(setting.to_owned());
                let printed = printed(value, span);
                found.push(Credential { key, setting, span, printed, is_weak });
            }
        }
    }

    /// Returns the place of a value in a block scalar: the one behind its key, as the same text may stand
    /// elsewhere in the block. Values often are short words: `otel`.
    fn place_after(&self, block: &Str, key: &str, value: &str) -> Option<Span> {
        let written = self.written(&block.span);
        if !written.starts_with(['|', '>']) {
            return None;
        }
        let mut start = 0;
        for line in written.split_inclusive('\n') {
            if settings(line).any(|it| it == (key, value)) {
                let after = line.find(key)? + key.len();
                let at = start + after + line[after..].find(value)?;
                return Some(block.span.inner(at..at + value.len()));
            }
            start += line.len();
        }
        None
    }

    /// Returns the place of a credential: its line in an entry of several lines, else the whole value.
    /// `None` where no file holds it.
    fn place_of(&self, value: &Str, text: &str, credential: &str) -> Option<Span> {
        let first_line = credential.lines().next().unwrap_or_default().trim();
        let written = self.written(&value.span);
        if let Some(at) = written.find(first_line) {
            let in_lines = written.contains('\n') && written.starts_with(['|', '>']);
            let whole = value.span.inner(0..written.len());
            let end = at + first_line.len();
            return Some(if in_lines { value.span.inner(at..end) } else { whole });
        }
        let mut places = vec![value.span];
        let target = self.built_target(value.span.file);
        places
            .extend(target.and_then(|it| it.target.behind.get(&value.span)).into_iter().flatten());
        let packed = |text: &str| text.split_whitespace().collect::<String>();
        let forms = [packed(value), packed(first_line), STANDARD.encode(text.as_bytes())];
        let holds = |span: &Span| {
            let written = packed(self.written(span));
            forms.iter().any(|form| !form.is_empty() && written.contains(form.as_str()))
        };
        places.into_iter().rev().find(holds)
    }
}

/// Minimum number of letters in the body of a private key that is not an illustration.
const SHORTEST_KEY: usize = 16;

/// Words that end the name of a credential.
const NOUNS: &[&str] = &["password", "passwd", "pass", "token", "secret", "key"];

/// Whether a value only shows where a credential goes: `my-password`, a private key without a body, or
/// a reference to a Secret (`$dex.github.clientSecret`, as Argo CD's documentation has it).
fn is_sample(value: &str) -> bool {
    if value.contains("-----BEGIN") {
        let body = value.lines().filter(|line| !line.contains("-----"));
        return body.flat_map(str::chars).filter(|c| c.is_alphanumeric()).count() < SHORTEST_KEY;
    }
    let is_path = |it: &str| {
        it.contains(['.', ':']) && it.chars().all(|c| c.is_alphanumeric() || "._:-".contains(c))
    };
    let lower = value.to_ascii_lowercase();
    // Documentation writes what is to be filled in with capitals: `PASSWORD`, `DB_PASSWORD`.
    let is_capital = |c: char| c.is_ascii_uppercase() || matches!(c, '_' | '-');
    let noun_of = |text: &str| NOUNS.iter().any(|word| text.ends_with(word));
    if value.chars().all(is_capital) && noun_of(&lower) {
        return true;
    }
    let noun = lower.strip_prefix("my-").or_else(|| lower.strip_prefix("my_"));
    value.strip_prefix('$').is_some_and(is_path) || noun.is_some_and(noun_of)
}

/// Whether a text without a key is a credential: a token, a private key or a connection string.
fn is_by_form(judgement: &Judgement) -> bool {
    weight(judgement).is_some()
}

/// Returns the text behind base64, where it is text.
fn decoded(value: &Str) -> Option<String> {
    let packed: String = value.chars().filter(|it| !it.is_whitespace()).collect();
    String::from_utf8(STANDARD.decode(packed).ok()?).ok()
}

/// Statements of SQL that may give a password to a user.
const SQL_STATEMENTS: &[&str] = &["create user", "create role", "alter user", "alter role"];

/// Returns the password that a line of SQL gives to a user, with the words before it: `PASSWORD 'x'`, `IDENTIFIED BY 'x'`,
/// `IDENTIFIED WITH mysql_native_password BY 'x'`. The statement may begin on a line before.
fn password_in_sql(line: &str) -> Option<(&str, &str)> {
    let lower = line.to_ascii_lowercase();
    let indent = line.len() - line.trim_start().len();
    let start = match ["password", "identified"].iter().any(|it| lower[indent..].starts_with(it)) {
        true => indent,
        false => SQL_STATEMENTS.iter().find_map(|it| lower.find(it))?,
    };
    if lower[..start].trim_end().chars().next_back().is_some_and(|it| it != ';') {
        return None;
    }
    let marks = ["password", "by"].into_iter().flat_map(|word| lower.match_indices(word));
    let (words, password) = marks.filter(|(at, _)| *at >= start).find_map(|(at, word)| {
        let end = at + word.len();
        let (password, _) = line[end..].trim_start().strip_prefix('\'')?.split_once('\'')?;
        Some((&line[start_of_words(&lower[..at], word)?..end], password))
    })?;
    (!password.is_empty() && !is_hash_in_sql(password)).then_some((words, password))
}

/// Returns where the words begin that announce a password in SQL and end with `password` or `by`, by the text before the
/// last of them.
fn start_of_words(before: &str, last: &str) -> Option<usize> {
    if before.ends_with(|it: char| !it.is_ascii_whitespace()) {
        return None;
    }
    if last == "password" {
        return Some(before.len());
    }
    let before = before.trim_end();
    let identified = before.strip_suffix("identified").or_else(|| {
        let plugin = before.rfind(|it: char| it.is_ascii_whitespace())?;
        before[..plugin].trim_end().strip_suffix("with")?.trim_end().strip_suffix("identified")
    });
    identified.map(str::len)
}

/// Whether a text is a password as PostgreSQL or MySQL stores it.
///
/// Sources: PostgreSQL documentation, "pg_authid"; MySQL reference manual, "Native Pluggable Authentication".
fn is_hash_in_sql(text: &str) -> bool {
    let digits_behind = |prefix: &str, count: usize| {
        text.strip_prefix(prefix)
            .is_some_and(|it| it.len() == count && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    text.starts_with("SCRAM-SHA-256$") || digits_behind("md5", 32) || digits_behind("*", 40)
}

/// Returns the key by which a setting is judged: SQL may give a password without calling it so.
fn judged_key(setting: &str) -> &str {
    let is_sql = setting.to_ascii_lowercase().starts_with("identified ");
    if is_sql { "password" } else { setting }
}

/// Returns the settings of a file: `key = value`, `key: value`, the members of JSON objects, and the passwords
/// that SQL gives to users.
fn settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let json = text.trim_start().starts_with('{');
    let separators: &[char] = if json { &['\n', ',', '{', '}'] } else { &['\n'] };
    text.split(separators).filter_map(|line| {
        let line = line.trim();
        if line.starts_with(['#', ';', '!', '/']) {
            return None;
        }
        if let Some(found) = password_in_sql(line) {
            return Some(found);
        }
        let (key, value) = line.split_once(['=', ':'])?;
        let key = key.trim().trim_start_matches("- ").trim_matches(['"', '\'']);
        let value = value.trim().trim_end_matches([',', ';']).trim_matches(['"', '\'']);
        let is_key = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        (!key.is_empty() && key.chars().all(is_key) && !value.is_empty()).then_some((key, value))
    })
}

/// Returns the place of an entry whose credential stands in another file.
fn printed(entry: &Str, credential: Span) -> Option<Span> {
    (entry.span.file != credential.file).then_some(entry.span)
}

#[cfg(test)]
mod tests {
    use super::{is_sample, settings};

    #[test]
    fn settings_of_the_usual_formats_are_read() {
        let read = |text: &'static str| settings(text).collect::<Vec<_>>();
        assert_eq!(read("a.b=c\n# d=e\n"), [("a.b", "c")]);
        assert_eq!(read("db:\n  password: \"x y\"\n"), [("password", "x y")]);
        assert_eq!(read("{\"a\": \"b\", \"c\": {\"d\":\"e\"}}"), [("a", "b"), ("d", "e")]);
        assert!(read("location / { return 200; }").is_empty());
    }

    #[test]
    fn passwords_in_sql_are_read() {
        for (line, expected) in [
            ("CREATE USER admin WITH LOGIN PASSWORD 'eis#40:0';", Some(("PASSWORD", "eis#40:0"))),
            ("create user 'a'@'%' identified by 'b=c';", Some(("identified by", "b=c"))),
            ("      PASSWORD 'eis#40:0';", Some(("PASSWORD", "eis#40:0"))),
            ("CREATE USER password_admin PASSWORD 'b=c';", Some(("PASSWORD", "b=c"))),
            (
                "CREATE USER 'a'@'%' IDENTIFIED WITH mysql_native_password BY 'b=c';",
                Some(("IDENTIFIED WITH mysql_native_password BY", "b=c")),
            ),
            (
                "  identified with 'caching_sha2_password'  by 'b=c';",
                Some(("identified with 'caching_sha2_password'  by", "b=c")),
            ),
            ("CREATE USER password_admin;", None),
            ("CREATE ROLE web PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a=:b=';", None),
            ("ALTER ROLE web PASSWORD 'md5d41d8cd98f00b204e9800998ecf8427e';", None),
            (
                "ALTER USER a IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29';",
                None,
            ),
            (
                "ALTER USER a IDENTIFIED WITH mysql_native_password AS '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29';",
                None,
            ),
            ("-- create user admin password 'x'", None),
            ("CREATE ROLE web PASSWORD :'password';", None),
            ("SELECT 'create user' AS password, 'x';", None),
            ("CREATE ROLE web NOLOGIN;", None),
        ] {
            assert_eq!(settings(line).find(|it| it.0 != "x"), expected, "{line}");
        }
    }

    #[test]
    fn samples_are_told_from_credentials() {
        for sample in [
            "my-password",
            "MY_API_TOKEN",
            "PASSWORD",
            "DB_PASSWORD",
            "$dex.github.clientSecret",
            "$oidc:client-secret",
            "-----BEGIN OPENSSH PRIVATE KEY-----\n...\n-----END OPENSSH PRIVATE KEY-----",
        ] {
            assert!(is_sample(sample), "{sample}");
        }
        for real in ["hunter2!x", "$ecret", "my-tr0ub4dor"] {
            assert!(!is_sample(real), "{real}");
        }
    }
}
