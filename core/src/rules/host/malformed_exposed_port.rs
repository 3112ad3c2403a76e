use crate::facts::{Facts, Service, in_shell, nearest};
use crate::model::Str;
use crate::model::compose::{Port, Problem, ProblemKind};
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A port is written in a form that Compose refuses or that nothing reads.
    ///
    /// ## Why it hurts
    /// `expose` lists ports of the container: with a colon the entry is no port, and tools that read the
    /// list, as proxies and converters do, get nothing. A malformed entry of `ports` stops the whole
    /// project before anything starts.
    ///
    /// ## What helps
    /// `expose: ["80"]` or `["80/udp"]`, `ports: ["8080:80"]`, ranges from the lower to the higher port,
    /// and `tcp`, `udp` or `sctp` after the slash.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` prints the ports as they were understood, or the first error.
    ///
    /// ## When to ignore
    /// Never: without the entry nothing changes, except that the project starts.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   queue:
    ///     image: ghcr.io/acme/queue:1
    ///     expose:
    ///       - "1616:1616" # <- `expose` of `queue` lists `1616:1616`, which is no port of a container, so that nothing reads it
    ///   web:
    ///     image: nginx:1.29
    ///     ports:
    ///       - "8080:80/tpc" # <- Compose refuses this: `tpc` is not a port protocol: use `tcp`, `udp` or `sctp`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   queue:
    ///     image: ghcr.io/acme/queue:1
    ///     expose:
    ///       - "1616"
    ///   web:
    ///     image: nginx:1.29
    ///     ports:
    ///       - "8080:80/tcp"
    /// ```
    PLM816 "malformed-exposed-port" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// The protocols that the engine publishes ports for.
const PROTOCOLS: &[&str] = &["tcp", "udp", "sctp"];

fn check(facts: &Facts, out: &mut Findings) {
    for (at, project) in facts.projects().iter().enumerate() {
        let check = facts.compose_of(project, "config -q");
        let is_ours = |it: &&Problem| {
            it.kind == ProblemKind::InvalidPort
                && !project.is_interpolated(it.span)
                && facts.is_read_as_written(it.span.file)
        };
        for problem in project.problems.iter().filter(is_ours) {
            let finding =
                out.at(&problem.span, format!("Compose refuses this: {}", problem.message));
            finding.severity(Severity::Error).check(check.as_str());
            if let Some(meant) = corrected(&problem.name) {
                finding.maybe_fix(rewrite(facts, problem.span, &problem.name, &meant));
            }
        }
        for service in facts.services_of(at) {
            for entry in &service.model.expose {
                exposed(facts, service, entry, out);
            }
            for port in service.model.ports.iter().filter(|it| !it.short_form) {
                long_form(facts, service, port, out);
            }
        }
    }
}

/// Reports an entry of `expose` that names no port.
fn exposed<'a>(facts: &Facts<'a>, service: &Service<'a>, entry: &Str, out: &mut Findings) {
    if service.project.is_interpolated(entry.span) || is_container_port(entry) {
        return;
    }
    let name = service.name;
    let finding = out.at(
        &entry.span,
        format!(
            "`expose` of `{name}` lists `{entry}`, which is no port of a container, so that nothing reads it"
        ),
    );
    finding.check(facts.compose(service, &format!("config {}", in_shell(name))));
    let container = entry.rsplit(':').next().unwrap_or_default();
    let meant = if is_container_port(container) {
        Some(container.to_owned())
    } else {
        corrected(container)
    };
    if let Some(meant) = meant {
        finding.maybe_fix(rewrite(facts, entry.span, entry, &meant));
    }
}

/// Whether a text is a port or a range of ports, perhaps with a protocol.
fn is_container_port(text: &str) -> bool {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    PROTOCOLS.contains(&protocol.to_ascii_lowercase().as_str())
        && range(ports).is_some_and(|(first, last)| first <= last)
}

/// Returns the first and the last port of `80` or `80-90`, in the order as written.
fn range(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        if digits { text.parse::<u16>().ok() } else { None }
    };
    match text.split_once('-') {
        Some((first, last)) => Some((number(first)?, number(last)?)),
        None => number(text).map(|it| (it, it)),
    }
}

/// Returns a port with its ranges from low to high and a protocol that exists, if that is all it takes.
fn corrected(text: &str) -> Option<String> {
    let (address, protocol) = match text.split_once('/') {
        Some((address, protocol)) => (address, Some(protocol)),
        None => (text, None),
    };
    let parts: Option<Vec<String>> = address.split(':').map(in_order).collect();
    let mut meant = parts?.join(":");
    if let Some(protocol) = protocol {
        meant.push_str(&format!("/{}", known_protocol(protocol)?));
    }
    (meant != text).then_some(meant)
}

/// Returns a part of a port, a range with its lower port first. An address stays as it is.
fn in_order(part: &str) -> Option<String> {
    match range(part) {
        Some((first, last)) if first > last => Some(format!("{last}-{first}")),
        Some(_) => Some(part.to_owned()),
        None => crate::knowledge::ip::is_ip(part).then(|| part.to_owned()),
    }
}

/// Returns the protocol that was meant: that of the transport for one of the layers above.
fn known_protocol(written: &str) -> Option<&'static str> {
    let lower = written.to_ascii_lowercase();
    let exact = PROTOCOLS.iter().copied().find(|it| *it == lower);
    let above = matches!(
        lower.as_str(),
        "http" | "https" | "http2" | "grpc" | "ws" | "wss" | "tls" | "ssl"
    );
    exact
        .or(above.then_some("tcp"))
        .or_else(|| transposed(&lower))
        .or_else(|| nearest(&lower, PROTOCOLS.iter().copied()))
}

/// Returns the protocol with the same letters in another order: `tpc`, `upd`.
fn transposed(written: &str) -> Option<&'static str> {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    PROTOCOLS.iter().copied().find(|it| sorted(it) == sorted(written))
}

/// Builds the fix. Compose refuses the entry, or nothing reads it, so that nothing can stop working.
fn rewrite(facts: &Facts<'_>, span: Span, old: &str, new: &str) -> Option<Fix> {
    // In another spelling than plain or quoted, as in a block scalar, the text is not that of the file.
    let written = facts.written(&span);
    let plain = written.trim_matches(['"', '\'']) == old;
    plain.then(|| Fix::safe(format!("Write `{new}`"), [port_scalar(facts, span, written, new)]))
}

/// Replaces a port. One that was quoted stays quoted; a plain number stays a number.
fn port_scalar(facts: &Facts<'_>, span: Span, written: &str, new: &str) -> crate::report::Edit {
    match written.chars().next() {
        Some(quote @ ('"' | '\'')) => facts.replace(&span, &format!("{quote}{new}{quote}")),
        _ if new.contains(':') => facts.replace(&span, &format!("\"{new}\"")),
        _ => facts.replace(&span, new),
    }
}

/// Reports what is wrong in the long form of a port, which Compose passes on unread.
fn long_form<'a>(facts: &Facts<'a>, service: &Service<'a>, port: &Port, out: &mut Findings) {
    let name = service.name;
    let known = PROTOCOLS.iter().any(|it| port.protocol.eq_ignore_ascii_case(it));
    // What `extends` brings from another file is merged, so that the mapping has no place of its own there.
    let protocol = port.protocol_span.filter(|it| !service.project.is_interpolated(*it));
    if !known && let Some(span) = protocol {
        let written = port.protocol.as_str();
        let finding = out.at(
            &span,
            format!("`{written}` is not a port protocol, so that `{name}` cannot publish port {}: use `tcp`, `udp` or `sctp`", port.target.value),
        );
        finding.check(facts.compose(service, &format!("config {}", in_shell(name))));
        if let Some(meant) = known_protocol(written) {
            finding.maybe_fix(rewrite(facts, span, written, meant));
        }
    }
    let Some(place) = &port.place else { return };
    if service.project.is_interpolated(place.span) {
        return;
    }
    if port.published.is_none()
        && let Some((span, written)) = value_of(facts, place.span, "published")
        && range(&written).is_some_and(|(first, last)| first > last)
        && let Some(meant) = in_order(&written)
    {
        let finding = out.at(
            &span,
            format!("the range `{written}` of host ports of `{name}` goes from the higher to the lower port"),
        );
        finding.check(facts.compose(service, &format!("config {}", in_shell(name))));
        finding.maybe_fix(rewrite(facts, span, &written, &meant));
    }
}

/// Returns the place and the text of a plain value in a mapping, by its key.
fn value_of(facts: &Facts<'_>, mapping: Span, key: &str) -> Option<(Span, String)> {
    let text = facts.written(&mapping);
    let starts = text.match_indices(key).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|it| matches!(it, ' ' | '\n' | '{' | ',' | '"' | '\''))
    })?;
    let rest = &text[starts.0 + key.len()..];
    let colon = rest.find(':').filter(|it| rest[..*it].trim_matches(['"', '\'']).is_empty())?;
    let value = &rest[colon + 1..];
    let start =
        starts.0 + key.len() + colon + 1 + (value.len() - value.trim_start_matches(' ').len());
    let end = text[start..].find([',', '}', '\n', '#']).map_or(text.len(), |it| start + it);
    let written = text[start..end].trim_end();
    (!written.is_empty()).then(|| {
        let span = mapping.inner(start..start + written.len());
        (span, written.trim_matches(['"', '\'']).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, findings, run};

    fn service(body: &str) -> String {
        format!("services: {{a: {{image: 'x:1', {body}}}}}\n")
    }

    /// The severity of the only finding, and the text after its fix.
    fn fixed(body: &str) -> (&'static str, Option<String>) {
        let before = files(&service(body));
        let report = run(&RULE, &before);
        assert_eq!(report.findings.len(), 1, "{body}: {:?}", report.findings);
        let severity = report.findings[0].severity.name();
        if report.findings[0].fixes.is_empty() {
            return (severity, None);
        }
        let after = apply_fixes(&before, &report);
        assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
        let text = after[0].text.trim().to_owned();
        let start = "services: {a: {image: 'x:1', ".len();
        (severity, Some(text[start..text.len() - 2].to_owned()))
    }

    #[test]
    fn entries_of_expose_that_name_no_port_are_warnings() {
        for (before, after) in [
            ("expose: ['1616:1616']", Some("expose: ['1616']")),
            ("expose: [\"8080:80\"]", Some("expose: [\"80\"]")),
            ("expose: ['90-80']", Some("expose: ['80-90']")),
            ("expose: ['80/tpc']", Some("expose: ['80/tcp']")),
            ("expose: ['80/http']", Some("expose: ['80/tcp']")),
            ("expose: [web]", None),
            ("expose: ['70000']", None),
        ] {
            assert_eq!(fixed(before), ("warning", after.map(str::to_owned)), "{before}");
        }
    }

    #[test]
    fn refused_ports_are_errors() {
        for (before, after) in [
            ("ports: ['80/tpc']", Some("ports: ['80/tcp']")),
            ("ports: ['8080:80/HTTP']", Some("ports: ['8080:80/tcp']")),
            ("ports: ['9090-9080:90-80']", Some("ports: ['9080-9090:80-90']")),
            ("ports: ['127.0.0.1:90-80:90-80/udp']", Some("ports: ['127.0.0.1:80-90:80-90/udp']")),
            ("ports: ['80/quic2']", None),
            ("ports: ['80800:80']", None),
            ("ports: [{target: abc}]", None),
        ] {
            assert_eq!(fixed(before), ("error", after.map(str::to_owned)), "{before}");
        }
    }

    #[test]
    fn the_long_form_is_read_too() {
        assert_eq!(
            fixed("ports: [{target: 80, published: 8080, protocol: tpc}]"),
            ("warning", Some("ports: [{target: 80, published: 8080, protocol: tcp}]".to_owned()))
        );
        assert_eq!(
            fixed("ports: [{target: 80, published: '90-80'}]"),
            ("warning", Some("ports: [{target: 80, published: '80-90'}]".to_owned()))
        );
        let block = "services:\n  a:\n    image: x:1\n    ports:\n      - target: 80\n        protocol: tcpp # here\n        published: 80\n";
        let before = files(block);
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert!(after[0].text.contains("protocol: tcp # here\n"), "{}", after[0].text);
    }

    #[test]
    fn well_formed_ports_and_variables_are_silent() {
        for body in [
            "expose: ['80', 443, '80-90', '53/udp', '53/UDP']",
            "expose: ['${PORT}']",
            "ports: ['80', '8080:80', '8080:80/udp', '80-90:80-90', '127.0.0.1:80:80']",
            "ports: ['${PORT}:80/foo']",
            "ports: [{target: 80, published: '80-90', protocol: udp}]",
            "ports: [{target: 80, app_protocol: http}]",
        ] {
            assert!(findings(&RULE, &service(body)).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_refused_port_has_one_code() {
        let all = crate::analyze(&files(&service("ports: ['80/tpc']")), &crate::Options::default());
        let codes: Vec<_> = all.findings.iter().map(|it| it.code).collect();
        assert!(codes.contains(&"PLM816") && !codes.contains(&"PLM009"), "{codes:?}");
    }

    #[test]
    fn the_long_form_of_a_service_that_another_file_extends_is_read() {
        let with = |protocol: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{a: {{extends: {{file: base.yaml, service: a}}}}}}\n# file: base.yaml\nservices: {{a: {{image: 'x:1', ports: [{{target: 80, published: 80, protocol: {protocol}}}]}}}}\n"
            );
            let before = files(&text);
            let report = run(&RULE, &before);
            let after = apply_fixes(&before, &report);
            (report.findings.len(), run(&RULE, &after).findings.len())
        };
        assert_eq!(with("http"), (1, 0));
        assert_eq!(with("tcp"), (0, 0));
    }
}
