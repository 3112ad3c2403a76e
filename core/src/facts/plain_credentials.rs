//! Credentials in plain text at a container or an object: in variables, arguments, labels and annotations.

use super::{Facts, Site, Unit, Var, VarSource, is_placeholder_host};
use crate::knowledge::net::endpoints as endpoints_in;
use crate::knowledge::secrets::{Judgement, Verdict, Why, judge, judge_setting};
use crate::knowledge::shell::{Command, Word, base_name, is_assignment};
use crate::model::compose::{KeyValue, Service, VariableForm, VariableUse};
use crate::model::kubernetes::{Meta, Object};
use crate::text::Span;

/// A credential that is written where a container is described.
#[derive(Debug, Clone)]
pub struct PlainCredential {
    /// The setting that holds it, for messages: `` `DB_PASSWORD` ``, "argument `--token`".
    pub what: String,
    /// The name of the setting, which a search finds in the file.
    pub name: String,
    pub span: Span,
    /// The credential itself, without what stands around it in a connection string.
    pub value: String,
    /// Whether it is a password that everybody tries first.
    pub is_weak: bool,
    /// Whether its form shows that a service on the internet gave it out.
    pub is_given_out: bool,
    /// The Compose variable that it is the default of, where no file sets the variable.
    pub default_of: Option<String>,
}

impl PlainCredential {
    /// Returns the credential that a text holds; `None` where the judgement finds none.
    fn new(
        what: String,
        name: &str,
        span: Span,
        text: &str,
        judgement: &Judgement,
    ) -> Option<PlainCredential> {
        Some(PlainCredential {
            what,
            name: name.to_owned(),
            span,
            value: credential_in(text, judgement),
            is_weak: weight(judgement)?,
            is_given_out: is_given_out(judgement),
            default_of: None,
        })
    }
}

/// Short options that take a password, by the program. Sources: the manual pages of the programs.
const SHORT_OPTIONS: &[(&str, &str)] = &[
    ("mysql", "-p"),
    ("mysqladmin", "-p"),
    ("mysqldump", "-p"),
    ("mariadb", "-p"),
    ("mariadb-admin", "-p"),
    ("mariadb-dump", "-p"),
    ("mongo", "-p"),
    ("mongosh", "-p"),
    ("mongodump", "-p"),
    ("redis-cli", "-a"),
    ("valkey-cli", "-a"),
    ("sshpass", "-p"),
];

impl<'a> Facts<'a> {
    /// Returns the credentials that are written at a container: in variables, in arguments of its start
    /// command, and at a Compose service in labels, annotations and build arguments.
    pub fn plain_credentials(&self, unit: &Unit<'a>) -> Vec<PlainCredential> {
        let mut found = Vec::new();
        let inline = unit.env.iter().filter(|it| it.literal && it.source == VarSource::Inline);
        for var in inline {
            let Some(text) = var.value else { continue };
            let what = format!("`{}`", var.name);
            let judgement = judge(var.name, text);
            found.extend(PlainCredential::new(what, var.name, var.value_span, text, &judgement));
        }
        for command in &unit.start.commands {
            self.in_command(unit, command, &mut found);
        }
        if let Site::Service(at) = unit.site {
            found.extend(unit.env.iter().filter_map(|var| self.in_default(at, var)));
            let model = self.services()[at].model;
            for (what, entries) in settings(model) {
                self.in_settings(at, what, entries, &mut found);
            }
        }
        found
    }

    /// Returns the credential of a variable of a container that comes from the default of a Compose variable which no
    /// file sets: `${DB_PASSWORD:-hV9kq2Zr7LmX}`.
    fn in_default(&self, service: usize, var: &Var<'a>) -> Option<PlainCredential> {
        let text = var.value.filter(|_| !var.literal && var.source == VarSource::Inline)?;
        let judgement = judge(var.name, text);
        let value = credential_in(text, &judgement);
        // The default may be the credential, or the address that holds it.
        let is_its_source = |it: &&VariableUse| {
            let VariableForm::Default { empty } = it.form else { return false };
            it.value.as_ref().is_none_or(|set| empty && set.is_empty())
                && (it.word.as_str() == value || it.word.as_str() == text)
        };
        let mut uses = self.services()[service].project.variables_in(var.value_span);
        let used = uses.find(is_its_source)?;
        let what = format!("`{}`", var.name);
        let found = PlainCredential::new(what, &used.name, used.span, text, &judgement)?;
        Some(PlainCredential { default_of: Some(used.name.to_string()), ..found })
    }

    /// Whether a credential opens something outside of the project, whoever starts the container: a service gave it out,
    /// or it is one half of a key beside the address of a host elsewhere.
    pub fn opens_outside(&self, unit: &Unit<'a>, credential: &PlainCredential) -> bool {
        credential.is_given_out
            || KEY_HALVES.iter().any(|end| {
                let prefix = credential.name.strip_suffix(end).filter(|it| it.ends_with('_'));
                prefix.is_some_and(|it| has_whole_key(unit, it) && has_outside_host(unit, it))
            })
    }

    /// Returns the credentials in the labels and annotations of an object, and in those of its Pods.
    pub fn credentials_in_metadata(&self, object: &Object) -> Vec<PlainCredential> {
        let mut found = Vec::new();
        let template = object.workload().map(|it| &it.template.meta);
        for meta in [&object.meta].into_iter().chain(template) {
            in_metadata(meta, &mut found);
        }
        found
    }

    fn in_command(&self, unit: &Unit<'a>, command: &Command, found: &mut Vec<PlainCredential>) {
        let mut note = |word: &Word, setting: Option<&str>, judgement: &Judgement, text: &str| {
            if weight(judgement).is_none() {
                return;
            }
            let credential = text.get(judgement.at.0..judgement.at.1).unwrap_or_default();
            let Some(span) = self.credential_in_word(unit, word, credential) else { return };
            let what = match setting {
                Some(setting) => format!("argument `{setting}`"),
                None => "an argument".to_owned(),
            };
            let name = setting.unwrap_or(credential);
            found.extend(PlainCredential::new(what, name, span, text, judgement));
        };
        for word in &command.assignments {
            if let Some((name, value)) = word.text.split_once('=') {
                note(word, Some(name), &judge(name, value), value);
            }
        }
        let program = command.words.first().map_or("", |word| base_name(&word.text));
        let mut words = command.words.iter().peekable();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if let Some((name, value)) = text.split_once('=').filter(|_| has_name(text)) {
                let key = name.strip_prefix("-D").unwrap_or(name);
                note(word, Some(name), &judge_setting(key, value), value);
            } else if let Some((option, value)) = attached(program, text) {
                note(word, Some(option), &judge("password", value), value);
            } else if text.starts_with('-') {
                let Some(next) = words.peek().filter(|next| !next.text.starts_with('-')) else {
                    continue;
                };
                let is_short = SHORT_OPTIONS.contains(&(program, text));
                let key = if is_short { "password" } else { text };
                note(next, Some(text), &judge_setting(key, &next.text), &next.text);
                // The value of the option is no argument by itself.
                words.next();
            } else {
                note(word, None, &judge("", text), text);
            }
        }
    }

    /// Returns the place of a credential in a word of a command; `None` where a variable brings it.
    fn credential_in_word(&self, unit: &Unit<'a>, word: &Word, credential: &str) -> Option<Span> {
        let whole = unit.start.span_of(word);
        let written = self.written(&whole);
        let at = written.find(credential).filter(|_| !credential.is_empty());
        let span = at.map(|at| whole.inner(at..at + credential.len()));
        let is_interpolated = match unit.site {
            Site::Service(at) => self.services()[at].project.is_interpolated(whole),
            Site::Container(..) => false,
        };
        if is_interpolated {
            span.filter(|_| !written.contains(":-"))
        } else {
            span.or(Some(whole))
        }
    }

    fn in_settings(
        &self,
        service: usize,
        what: &str,
        entries: &[KeyValue],
        found: &mut Vec<PlainCredential>,
    ) {
        let project = self.services()[service].project;
        for entry in entries {
            let Some(value) = entry.value.as_ref() else { continue };
            // A build argument without a value takes that of a variable.
            if value.span == entry.key.span || project.is_interpolated(value.span) {
                continue;
            }
            let what = format!("{what} `{}`", entry.key);
            let judgement = judge_setting(&entry.key, value);
            found.extend(PlainCredential::new(what, &entry.key, value.span, value, &judgement));
        }
    }
}

/// Ends of the names of variables that hold one half of a key: what names the key, and what proves it.
///
/// Sources: the settings of the SDKs for S3 (AWS "Environment variables", MinIO, Cloudflare R2 "S3 API").
const KEY_HALVES: &[&str] = &["ACCESS_KEY", "ACCESS_KEY_ID", "SECRET_KEY", "SECRET_ACCESS_KEY"];

/// Whether both halves of a key are written at a container, in variables that begin alike.
fn has_whole_key(unit: &Unit<'_>, prefix: &str) -> bool {
    let is_written = |secret: bool| {
        unit.env.iter().filter(|it| it.literal && it.value.is_some_and(|it| !it.is_empty())).any(
            |it| {
                let end = it.name.strip_prefix(prefix).filter(|it| KEY_HALVES.contains(it));
                end.is_some_and(|it| it.starts_with("SECRET") == secret)
            },
        )
    };
    is_written(true) && is_written(false)
}

/// Whether a variable that begins with a prefix names a host on the internet as the endpoint.
fn has_outside_host(unit: &Unit<'_>, prefix: &str) -> bool {
    let endpoints = unit.env.iter().filter(|it| {
        let end = it.name.strip_prefix(prefix);
        it.literal && end.is_some_and(|it| matches!(it, "ENDPOINT" | "ENDPOINT_URL" | "URL"))
    });
    let hosts = endpoints.filter_map(|it| it.value).flat_map(endpoints_in);
    hosts.into_iter().any(|it| is_on_internet(it.host))
}

/// Last words of names that no server on the internet answers to (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const LOCAL_DOMAINS: &[&str] = &[
    "local",
    "localhost",
    "internal",
    "test",
    "example",
    "invalid",
    "arpa",
    "lan",
    "home",
    "svc",
    "localdomain",
];

/// Whether a host is a name in the domain of the internet.
fn is_on_internet(host: &str) -> bool {
    let domain = host.rsplit_once('.').map(|it| it.1.to_ascii_lowercase());
    domain.is_some_and(|it| {
        it.starts_with(|it: char| it.is_ascii_alphabetic()) && !LOCAL_DOMAINS.contains(&&*it)
    }) && !host.contains("localhost.")
        && !is_placeholder_host(host)
}

/// Whether the form of a credential is that of a service which gives out keys. Anybody makes a JSON Web Token.
fn is_given_out(judgement: &Judgement) -> bool {
    matches!(judgement.why, Why::Token(service) if !matches!(service, "JWT" | "Vault"))
}

/// Returns the lists of names and values at a Compose service that end up in an image or at a container.
fn settings(service: &Service) -> Vec<(&'static str, &[KeyValue])> {
    let mut all: Vec<(&'static str, &[KeyValue])> =
        vec![("label", &service.labels), ("annotation", &service.annotations)];
    if let Some(deploy) = &service.deploy {
        all.push(("label", &deploy.labels));
    }
    if let Some(build) = &service.build {
        all.push(("build argument", &build.args));
        all.push(("label", &build.labels));
    }
    all
}

/// The annotation in which kubectl keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn in_metadata(meta: &Meta, found: &mut Vec<PlainCredential>) {
    let labels = meta.labels.iter().map(|it| ("label", it));
    let annotations = meta.annotations.iter().map(|it| ("annotation", it));
    for (what, (key, value)) in labels.chain(annotations) {
        if key.as_str() == LAST_APPLIED {
            continue;
        }
        let what = format!("{what} `{key}`");
        let judgement = judge_setting(key, value);
        found.extend(PlainCredential::new(what, key, value.span, value, &judgement));
    }
}

/// Returns the credential in a text.
fn credential_in(text: &str, judgement: &Judgement) -> String {
    text.get(judgement.at.0..judgement.at.1).unwrap_or(text).trim().to_owned()
}

/// Whether a word is `--option=value`, `-Dproperty=value` or `NAME=value`.
fn has_name(word: &str) -> bool {
    word.starts_with('-') || is_assignment(word)
}

/// Returns the option and the value of a word such as `-psecret`.
fn attached<'w>(program: &str, word: &'w str) -> Option<(&'static str, &'w str)> {
    let options = SHORT_OPTIONS.iter().filter(|(name, _)| *name == program);
    let mut split = options.filter_map(|(_, option)| Some((*option, word.strip_prefix(option)?)));
    split.find(|(_, value)| !value.is_empty() && !word.starts_with("--"))
}

/// Whether a value is a credential, and whether it is a weak one.
pub(super) fn weight(judgement: &Judgement) -> Option<bool> {
    match judgement.verdict {
        Verdict::Literal => Some(false),
        Verdict::WeakDefault => Some(true),
        Verdict::No | Verdict::Placeholder => None,
    }
}
