use crate::facts::{Facts, PlainCredential, Site, Unit, in_shell};
use crate::model::Str;
use crate::model::compose::Port;
use crate::report::{Confidence, Findings, Fix, Precedence, Role, Severity, short_digest};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A credential is written in plain text in a file that is shared and committed.
    ///
    /// ## Why it hurts
    /// Everybody who can read the repository, the image's labels or the output of `docker inspect`
    /// has the credential, and it stays in the history after it is removed.
    ///
    /// ## What helps
    /// In Compose: `secrets` with a file, or `${NAME:?}` with the value in an `.env` file that is
    /// not committed. In Kubernetes: a `secretKeyRef` to a Secret that an operator or SOPS keeps
    /// out of the repository. Change the credential: it is already known.
    ///
    /// ## How to troubleshoot
    /// `git log -S VALUE` shows when the credential entered the repository.
    ///
    /// ## When to ignore
    /// Where the credential opens nothing but a container that is made for a test and thrown away.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: hV9kq2Zr7LmX # <- `DB_PASSWORD` of service `web` is in plain text in the file
    ///       SMTP_PASSWORD: ${SMTP_PASSWORD:-Zq9kVh2Xm7Lr} # <- `SMTP_PASSWORD` of service `web` falls back to a credential in plain text
    ///   cache:
    ///     image: redis:8.2
    ///     command: redis-server --requirepass Xm7Lr2Zq9kVh # <- argument `--requirepass` of service `cache` is in plain text in the file
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: ${DB_PASSWORD:?}
    ///       SMTP_PASSWORD: ${SMTP_PASSWORD:?}
    ///   cache:
    ///     image: redis:8.2
    ///     command: redis-server --requirepass ${CACHE_PASSWORD:?}
    /// ```
    PLM502 "literal-secret" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

/// A credential with its owner.
struct Held<'f, 'a> {
    credential: PlainCredential,
    /// The container, or `None` for the metadata of an object.
    unit: Option<&'f Unit<'a>>,
    owner: String,
    role: Role,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut all: Vec<Held<'_, '_>> = Vec::new();
    for unit in facts.units() {
        for mut credential in facts.plain_credentials(unit) {
            credential.is_weak |= is_guessed(facts, unit, &credential.value);
            let (owner, role) = (unit.label.clone(), facts.unit_role(unit));
            all.push(Held { credential, unit: Some(unit), owner, role });
        }
    }
    for &object in facts.objects() {
        for credential in facts.credentials_in_metadata(object) {
            let (owner, role) = (object.label(), facts.object_role(object));
            all.push(Held { credential, unit: None, owner, role });
        }
    }
    // What repeats a name at one end of a connection is as weak at the other end.
    let key = |it: &PlainCredential| (facts.part_of(it.span.file), it.value.clone());
    let weak = all.iter().filter(|it| it.credential.is_weak).map(|it| key(&it.credential));
    let weak: FxHashSet<(usize, String)> = weak.collect();
    for mut held in all {
        held.credential.is_weak = weak.contains(&key(&held.credential));
        report(facts, &held, out);
    }
}

/// Words that end the names of variables whose values say who logs in, and where.
const NAMES_BESIDE: &[&str] = &["USER", "USERNAME", "DB", "DATABASE", "NAME", "LOGIN"];

/// Whether a password is the name of something beside it, which everybody tries first: the user, the
/// database, the service or the image.
fn is_guessed(facts: &Facts, unit: &Unit<'_>, password: &str) -> bool {
    let is_same = |name: &str| name.eq_ignore_ascii_case(password);
    let is_name = |key: &str| {
        let key = key.to_ascii_uppercase();
        NAMES_BESIDE.iter().any(|word| key.ends_with(word))
    };
    let beside = unit.env.iter().filter(|it| is_name(it.name)).filter_map(|it| it.value);
    let is_part_of_names = |name: &str| {
        name.split(['-', '_', '.']).any(is_same) && password.len() > 2 || is_same(name)
    };
    is_part_of_names(unit.name)
        || is_part_of_names(unit.program())
        || beside.into_iter().any(is_same)
        || facts.is_service_name(unit.name.span.file, &password.to_ascii_lowercase())
}

fn report(facts: &Facts, held: &Held<'_, '_>, out: &mut Findings) {
    let Held { credential, unit, owner, role } = held;
    let PlainCredential { what, name, span, value, is_weak, default_of, .. } = credential;
    let door = unit.filter(|_| *is_weak).and_then(|it| door_of(facts, it));
    let set = if default_of.is_some() { "falls back to" } else { "is set in the file to" };
    let how = match (is_weak, door) {
        (true, Some(port)) => format!(
            "{set} a password that everybody tries first, and port {} is published on every address",
            port.target.value
        ),
        (true, None) => format!("{set} a password that everybody tries first"),
        (false, _) if default_of.is_some() => "falls back to a credential in plain text".to_owned(),
        (false, _) => "is in plain text in the file".to_owned(),
    };
    // What a template prints is written among the values.
    let set_at = match facts.values_printed_at(*span)[..] {
        [only] => Some(only),
        _ => None,
    };
    let place = set_at.unwrap_or(*span);
    let path = in_shell(facts.file(place.file).path());
    let key = set_at.and_then(|it| key_on_line(facts.file(it.file).text(), it));
    let name = key.unwrap_or(name);
    let finding = out.at(&place, format!("{what} of {owner} {how}"));
    if set_at.is_some() {
        finding.subject(facts.subject_at(*span));
        finding.also(span, "the template prints it here");
    }
    let service = unit.and_then(|it| facts.service_of(it));
    let check = match door.zip(service) {
        Some((port, service)) => facts
            .compose(service, &format!("port {} {}", in_shell(service.name), port.target.value)),
        None => format!("git log --oneline -G {} -- {path}", in_shell(name)),
    };
    finding
        .confidence(Confidence::Likely)
        .check(check)
        // Both ends of a connection, both sides and variants of a file have one credential.
        .cause_in_this_run(value.clone())
        .gathers(format!("secret {:02x}", short_digest(value)));
    let opens_outside = !is_weak && unit.is_some_and(|it| facts.opens_outside(it, credential));
    if opens_outside {
        finding.bites_in_development();
    }
    // PLM412 warns about the port.
    if *role == Role::Development && !opens_outside || *is_weak {
        finding.severity(Severity::Info);
    }
    if let Some(port) = door {
        finding.precedence(Precedence::First).also(&port.span, "everybody gets in here");
    }
    let defined = service
        .and_then(|it| it.project.dot_env.iter().find(|it| it.name.as_str() == name))
        .map(|it| it.name.span);
    if let Some(unit) = unit {
        finding.why(match unit.site {
            Site::Service(_) if door.is_some() => {
                "Scanners find a published store within hours and try the usual passwords. What Docker publishes is \
                 open even behind many a firewall of the host."
            }
            Site::Service(_) => {
                "Everybody who can read the repository or the output of `docker inspect` has the credential, and it \
                 stays in the history after it is removed."
            }
            Site::Container(..) => {
                "Everybody who can read the repository, or the workload in the cluster with `kubectl get -o yaml`, \
                 has the credential, and it stays in the history after it is removed."
            }
        });
        finding.help(help_for(unit, what));
    }
    if let Some(variable) = default_of {
        if door.is_none() {
            finding.why(format!(
                "Wherever nobody sets `{variable}`, the container runs with the credential that everybody can read \
                 in the file, and nothing says so."
            ));
        }
        finding.help(format!(
            "Write `${{{variable}:?}}`, so that Compose refuses to start without a value, and keep the value in an \
             `.env` file that is not committed. Change the credential where it is in use: it is already known."
        ));
        // Whoever relies on the default has to set the variable first.
        let required = format!("${{{variable}:?}}");
        if facts.written(span).starts_with("${") {
            finding.fix(Fix::r#unsafe(
                format!("Require `{variable}`"),
                [facts.replace(span, &required)],
            ));
        }
    }
    if let Some(defined) = defined {
        let file = facts.file(defined.file).path();
        finding.also(&defined, format!("`{name}` is defined here already")).help(format!(
            "`{file}` defines `{name}` already: write `${{{name}:?}}`, keep the file out of the repository, and \
             change the credential, which is already known."
        ));
    }
}

/// Returns the port with which a data store of Compose is open to other machines: one on which its program listens, a
/// console left aside.
fn door_of<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> Option<&'a Port> {
    let service = facts.service_of(unit)?;
    let family = unit.stored()?;
    let is_open = |it: &Str| matches!(it.as_str(), "0.0.0.0" | "::" | "[::]");
    let ports = service.model.ports.iter();
    let mut open = ports.filter(|it| it.host_ip.as_ref().is_none_or(is_open));
    open.find(|it| family.ports().first() == Some(&it.target.value))
}

/// Returns the key before a value on its line.
fn key_on_line(text: &str, value: Span) -> Option<&str> {
    let before = text.get(..value.start as usize)?;
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let key = line.trim_end().strip_suffix(':')?.trim_start_matches([' ', '-']);
    (!key.is_empty()).then_some(key)
}

/// Returns what helps on the side that a container is on. An argument takes a Secret through a variable.
fn help_for(unit: &Unit<'_>, what: &str) -> &'static str {
    match (unit.site, what.starts_with("argument")) {
        (Site::Service(_), _) => {
            "Use `secrets` with a file, or `${NAME:?}` with the value in an `.env` file that is not committed. \
             Change the credential: it is already known."
        }
        (Site::Container(..), false) => {
            "Use a `secretKeyRef` to a Secret that an operator or SOPS keeps out of the repository. Change the \
             credential: it is already known."
        }
        (Site::Container(..), true) => {
            "Set a variable with a `secretKeyRef` to a Secret that an operator or SOPS keeps out of the \
             repository, and write `$(NAME)` in `args`. Change the credential: it is already known."
        }
    }
}

#[cfg(test)]
mod tests;
