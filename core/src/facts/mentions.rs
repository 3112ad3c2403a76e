//! The hosts that a container names in its variables and its start command.

use super::Facts;
use super::host_options::{HostOption, Piece, host_options};
use super::unit::{Unit, VarSource};
use crate::knowledge::net;
use crate::model::kubernetes::{Container, EnvValue};
use crate::text::Span;
use std::fmt;

/// A host that a container names.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'a> {
    /// The variable, or `None` for a word of the start command.
    pub key: Option<&'a str>,
    pub host: &'a str,
    pub port: Option<u16>,
    pub scheme: Option<&'a str>,
    /// The host and its port, as precisely as the text allows.
    pub span: Span,
    /// The host alone, and the port alone; equal to the whole value where the text has escapes.
    pub host_span: Span,
    pub port_span: Option<Span>,
    /// Whether it is written out, without a Compose variable in it.
    pub literal: bool,
    pub source: Option<VarSource>,
}

impl Mention<'_> {
    /// Returns the port, or the default port of the scheme.
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or_else(|| self.scheme.and_then(net::default_port))
    }

    /// Returns the port that is written for the host, with its place: beside it, or in `DB_PORT` for the host in
    /// `DB_HOST`. An env file may hold ports for other readers, such as those that Compose publishes.
    pub fn written_port(&self, unit: &Unit<'_>) -> Option<(u16, Span)> {
        if let Some(port) = self.port {
            return Some((port, self.port_span.unwrap_or(self.span)));
        }
        let key = self.key.filter(|_| self.scheme.is_none())?;
        let var = unit.var(&net::key_of_port(key)?).filter(|it| it.source != VarSource::EnvFile)?;
        Some((var.value?.trim().parse().ok()?, var.value_span))
    }

    pub fn is_loopback(&self) -> bool {
        net::is_loopback(self.host)
    }

    /// Returns where the host is named, for a message: `DB_URL`, or "the start command".
    pub fn place(&self) -> Named<'_> {
        Named(self.key)
    }
}

/// See [`Mention::place`].
#[derive(Debug, Clone, Copy)]
pub struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "`{key}`"),
            None => f.write_str("the start command"),
        }
    }
}

impl<'a> Facts<'a> {
    /// Returns the hosts that a container names, in the order of the files.
    pub fn mentions<'f>(&self, unit: &'f Unit<'a>) -> &'f [Mention<'a>] {
        &unit.mentions
    }

    /// Returns the hosts that a container in the cluster names by means of its other variables, as in
    /// `http://$(DB_HOST):5432`. Compose expands no such references.
    ///
    /// Source: <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>
    pub fn hosts_by_reference(&self, unit: &Unit<'a>) -> Vec<String> {
        if unit.is_compose() {
            return Vec::new();
        }
        let variables = unit.env.iter().filter_map(|var| Some((var.name, var.value?)));
        let words = unit.start.words.iter().map(|it| ("", it.value.as_str()));
        let texts = variables.chain(words).filter(|(_, text)| text.contains("$("));
        let mut hosts = Vec::new();
        for (name, text) in texts {
            let text = with_references(text, |name| unit.value(name));
            hosts.extend(net::endpoints_of(name, &text).iter().map(|it| it.host.to_owned()));
        }
        hosts
    }

    pub(super) fn find_mentions(&self, unit: &Unit<'a>) -> Vec<Mention<'a>> {
        let mut found = Vec::new();
        for var in &unit.env {
            let Some(value) = var.value else { continue };
            let from = (Some(var.name), Some(var.source), var.literal);
            for endpoint in net::endpoints_of(var.name, value) {
                found.push(self.mention(from, &endpoint, value, var.value_span));
            }
        }
        for word in &unit.start.words {
            for endpoint in net::endpoints(&word.value) {
                found.push(self.mention((None, None, true), &endpoint, &word.value, word.span));
            }
        }
        let place = |part: Piece<'a>| {
            let word = unit.start.words[part.word];
            self.inside(word.span, &word.value, part.at)
        };
        for HostOption { host, port } in host_options(&unit.start) {
            let span = place(host);
            found.push(Mention {
                key: None,
                host: host.text,
                port: port.map(|it| it.0),
                scheme: None,
                span,
                host_span: span,
                port_span: port.map(|it| place(it.1)),
                literal: true,
                source: None,
            });
        }
        found
    }

    fn mention(
        &self,
        (key, source, literal): (Option<&'a str>, Option<VarSource>, bool),
        endpoint: &net::Endpoint<'a>,
        value: &str,
        span: Span,
    ) -> Mention<'a> {
        let at = |range: (usize, usize)| self.inside(span, value, range);
        Mention {
            key,
            host: endpoint.host,
            port: endpoint.port,
            scheme: endpoint.scheme,
            span: at(endpoint.at()),
            host_span: at(endpoint.host_at),
            port_span: endpoint.port_at.map(at),
            literal,
            source,
        }
    }

    /// Returns the span of a part of a value, or of the whole value where the text does not show it
    /// letter by letter. In a text with variables, the part is found if it is written out beside them
    /// exactly once.
    pub fn inside(&self, span: Span, value: &str, range: (usize, usize)) -> Span {
        let written = self.file(span.file).text().get(span.range()).unwrap_or_default();
        let quoted = || written.get(1..written.len().saturating_sub(1)) == Some(value);
        let at = if written == value {
            Some(0)
        } else if quoted() {
            Some(1)
        } else if value.len() < written.len() {
            written.find(value)
        } else {
            None
        };
        match at {
            Some(at) if !value.is_empty() => span.inner(at + range.0..at + range.1),
            _ => {
                let part = value.get(range.0..range.1).unwrap_or_default();
                match written_once(written, part) {
                    Some(at) => span.inner(at..at + part.len()),
                    None => span,
                }
            }
        }
    }
}

/// Returns a word of a probe's command as the kubelet runs it. For a probe, unlike for the container's own command, it
/// knows only the variables that have a `value`; those with `valueFrom` are empty.
///
/// Source: Kubernetes, `pkg/kubelet/container/helpers.go`, `ExpandContainerCommandOnlyStatic`.
pub fn as_probe_word(container: &Container, word: &str) -> String {
    with_references(word, |name| {
        let variable = container.env.iter().rev().find(|it| it.name.as_str() == name)?;
        match &variable.value {
            EnvValue::Literal(value) => Some(value.as_str()),
            _ => Some(""),
        }
    })
}

/// Replaces `$(NAME)` by the value of a variable. An unknown name stays as it is written, and so does `$$(NAME)`.
fn with_references<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        let (before, reference) = rest.split_at(at);
        replaced.push_str(before);
        let Some(end) = reference.find(')').map(|end| end + 1) else {
            replaced.push_str(reference);
            return replaced;
        };
        let (whole, after) = reference.split_at(end);
        let name = whole.trim_start_matches("$(").trim_end_matches(')');
        match value(name).filter(|_| !before.ends_with('$')) {
            Some(value) => replaced.push_str(value),
            None => replaced.push_str(whole),
        }
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// Returns where a word stands in a text that holds `${...}`, if it stands outside of them exactly
/// once.
fn written_once(text: &str, word: &str) -> Option<usize> {
    if word.is_empty() || !text.contains("${") {
        return None;
    }
    let joins =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.') || !it.is_ascii();
    let mut found = text.match_indices(word).map(|it| it.0).filter(|at| {
        let before = &text[..*at];
        let inside = before.rsplit('}').next().is_some_and(|it| it.contains("${"));
        let after = &text[at + word.len()..];
        !inside && !before.ends_with(joins) && !after.starts_with(joins)
    });
    let first = found.next()?;
    if found.next().is_some() { None } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::with_references;

    #[test]
    fn references_to_known_variables_are_replaced() {
        let value = |name: &str| match name {
            "HOST" => Some("db"),
            "PORT" => Some("5432"),
            _ => None,
        };
        let replaced = |text: &str| with_references(text, value);
        assert_eq!(replaced("http://$(HOST):$(PORT)/x"), "http://db:5432/x");
        assert_eq!(replaced("$(OTHER):$(PORT)"), "$(OTHER):5432");
        assert_eq!(replaced("$$(HOST)"), "$$(HOST)");
        assert_eq!(replaced("$(HOST"), "$(HOST");
        assert_eq!(replaced("plain"), "plain");
    }
}
