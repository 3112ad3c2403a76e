use crate::edit::quote_scalar;
use crate::facts::{Facts, Service, Unit, in_shell};
use crate::model::Str;
use crate::model::kubernetes::{Body, Object};
use crate::report::{Findings, Fix, Kind, Severity, TargetKind};
use crate::rules::rule;
use crate::syntax::{Scalar, Style};
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// An unquoted value means something else to a reader of YAML than to the person who wrote it.
    ///
    /// ## Why it hurts
    /// `no` and `on` are booleans in YAML 1.1 and words in YAML 1.2, `0755` is an octal number, `22:22`
    /// counts in sixties, and `1.10` is the number 1.1. The container gets another text than the file
    /// shows, or the platform refuses the object; and which of them happens depends on the program that
    /// reads the file. In a list of variables, `"NAME:value"` is one long name. What Compose reads as it is
    /// written is a hint, unless manifests stand beside the Compose file.
    ///
    /// ## What helps
    /// Put the value in quotes. Where Compose has passed on the number so far, look first at what the
    /// program makes of the text as it is written.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` and `kubectl apply --dry-run=client -o yaml -f FILE` print the values as
    /// the platform reads them.
    ///
    /// ## When to ignore
    /// Where Compose is the only reader of the file, and the program expects the value as Compose
    /// passes it on.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     build:
    ///       context: .
    ///       args:
    ///         PYTHON_VERSION: 3.10 # <- Compose reads the unquoted `3.10` of `PYTHON_VERSION` as `3.1`
    ///     ports:
    ///       - 2222:22 # <- to readers of YAML 1.1, the unquoted port `2222:22` is a number in base 60
    /// ```
    /// ```yaml file=k8s.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data:
    ///   SEND_MAIL: no # <- Kubernetes takes the unquoted `no` of `SEND_MAIL` for a boolean, and accepts only strings there
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     build:
    ///       context: .
    ///       args:
    ///         PYTHON_VERSION: "3.10"
    ///     ports:
    ///       - "2222:22"
    /// ```
    /// ```yaml file=k8s.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data:
    ///   SEND_MAIL: "no"
    /// ```
    PLM511 "yaml-surprise" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Values that several services share through an anchor are reported once.
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    for service in facts.services() {
        compose(facts, service, &mut seen, out);
    }
    for unit in facts.units() {
        printed_by_helm(facts, unit, &mut seen, out);
    }
    for &object in facts.objects() {
        for wrong in object.wrong.iter().filter(|it| it.expected == "a string") {
            refused(facts, object, wrong.span, &mut seen, out);
        }
        let spec = object.workload().map(|it| &it.template.spec);
        for container in spec.into_iter().flat_map(|it| it.all_containers()) {
            for word in container.words() {
                refused(facts, object, word.span, &mut seen, out);
            }
        }
        if let Body::ConfigMap(map) = &object.body {
            for (key, _) in &map.data {
                renamed_key(facts, object, key, &mut seen, out);
            }
        }
    }
}

fn compose(facts: &Facts, service: &Service<'_>, seen: &mut FxHashSet<Span>, out: &mut Findings) {
    let model = service.model;
    let variables = model.environment.iter().filter(|it| !it.list_form && !it.interpolated);
    for variable in variables {
        let Some(value) = &variable.value else { continue };
        changed(facts, service, &variable.name, value, seen, out);
        let written = facts.written(&value.span);
        if Scalar::yaml_1_1_bool(written).is_some() {
            let message = format!(
                "to readers of YAML 1.1, the unquoted `{written}` of `{}` is a boolean",
                variable.name
            );
            other_readers(facts, service, value.span, message, seen, out);
        } else if is_base_60(written) {
            let message = format!(
                "to readers of YAML 1.1, the unquoted `{written}` of `{}` is a number in base 60",
                variable.name
            );
            other_readers(facts, service, value.span, message, seen, out);
        }
    }
    for variable in model.environment.iter().filter(|it| it.list_form && it.value.is_none()) {
        name_with_colon(facts, service, &variable.name, seen, out);
    }
    let arguments = model.build.iter().flat_map(|it| &it.args);
    for entry in model.labels.iter().chain(arguments) {
        // An argument without a value takes that of a variable.
        if let Some(value) = entry.value.as_ref().filter(|it| it.span != entry.key.span) {
            changed(facts, service, &entry.key, value, seen, out);
        }
    }
    let ports = model.ports.iter().filter(|it| it.short_form).map(|it| ("port", it.span));
    let user = model.user.iter().map(|it| ("user", it.span));
    for (what, span) in ports.chain(user) {
        let written = facts.written(&span);
        if is_base_60(written) {
            let message = format!(
                "to readers of YAML 1.1, the unquoted {what} `{written}` is a number in base 60"
            );
            other_readers(facts, service, span, message, seen, out);
        }
    }
    if let Some(restart) = model.restart.as_ref().filter(|it| facts.written(&it.span) == "no") {
        let message = "to readers of YAML 1.1, the unquoted `restart: no` is a boolean, which is not a restart policy";
        other_readers(facts, service, restart.span, message.to_owned(), seen, out);
    }
}

/// Reports a value that Compose itself reads as another text than is written.
fn changed(
    facts: &Facts,
    service: &Service<'_>,
    name: &Str,
    value: &Str,
    seen: &mut FxHashSet<Span>,
    out: &mut Findings,
) {
    let written = facts.written(&value.span);
    // `True` becomes `true` for every reader.
    if !is_plain(written)
        || written.contains('$')
        || written.eq_ignore_ascii_case(value)
        || matches!(Scalar::read(written, Style::Plain, None), Scalar::Null)
        || !seen.insert(value.span)
    {
        return;
    }
    let edit = facts.replace(&value.span, &in_quotes(written));
    out.at(&value.span, format!("Compose reads the unquoted `{written}` of `{name}` as `{value}`"))
        .check(facts.compose(service, &format!("config {}", in_shell(service.name))))
        .fix(Fix::r#unsafe("Put the value in quotes", [edit]));
}

/// Reports an item `NAME:value` of a list, all of which is the name of a variable.
fn name_with_colon(
    facts: &Facts,
    service: &Service<'_>,
    name: &Str,
    seen: &mut FxHashSet<Span>,
    out: &mut Findings,
) {
    let written = facts.written(&name.span);
    let Some(colon) = written.find(':').filter(|at| !written[..*at].contains('$')) else { return };
    if !seen.insert(name.span) {
        return;
    }
    let edit = facts.replace(&name.span.inner(colon..colon + 1), "=");
    let item = written.trim_matches(['"', '\'']);
    out.at(
        &name.span,
        format!(
            "Compose takes all of `{item}` for the name of a variable without a value; in a list, `=` ends the name"
        ),
    )
    .why("A list is `NAME=value`, one string an item, so the colon belongs to the name: the container gets a variable of that long name without a value, and the program reads its default.")
    .help("Write `=` after the name, or make the list a map, in which a colon ends the name.")
    .check(facts.show_environment(&service.unit))
    .fix(Fix::r#unsafe("Write `=` after the name", [edit]))
    .cause(format!("colon in {item}"));
}

/// Reports a value that Compose reads as it is written, and older readers do not. Without a cluster side,
/// Compose is the only reader.
fn other_readers(
    facts: &Facts,
    service: &Service<'_>,
    span: Span,
    message: String,
    seen: &mut FxHashSet<Span>,
    out: &mut Findings,
) {
    if !seen.insert(span) {
        return;
    }
    let edit = facts.replace(&span, &in_quotes(facts.written(&span)));
    let finding = out.at(&span, message);
    finding
        .check(facts.compose(service, &format!("config {}", in_shell(service.name))))
        .fix(Fix::safe("Put the value in quotes", [edit]));
    if !facts.has_cluster_side() {
        finding.severity(Severity::Hint);
    }
}

/// Reports a value that Kubernetes does not take for the string that it must be.
fn refused(
    facts: &Facts,
    object: &Object,
    span: Span,
    seen: &mut FxHashSet<Span>,
    out: &mut Findings,
) {
    let written = facts.written(&span);
    let Some(kind) = other_type(written) else { return };
    let is_word = Scalar::yaml_1_1_bool(written).is_some();
    if is_word && facts.is_kustomized(object.file) || !seen.insert(span) {
        return;
    }
    let of = key_before(facts, span).map(|key| format!(" of `{key}`")).unwrap_or_default();
    let edit = facts.replace(&span, &in_quotes(written));
    let path = facts.file(object.file).path();
    out.at(
        &span,
        format!(
            "Kubernetes takes the unquoted `{written}`{of} for {kind}, and accepts only strings there"
        ),
    )
    .check(format!("kubectl apply --dry-run=server -f {}", in_shell(path)))
    .fix(Fix::safe("Put the value in quotes", [edit]));
}

/// Reports a key of a ConfigMap that Kubernetes stores under another name.
fn renamed_key(
    facts: &Facts,
    object: &Object,
    key: &Str,
    seen: &mut FxHashSet<Span>,
    out: &mut Findings,
) {
    let written = facts.written(&key.span);
    let Some(value) = Scalar::yaml_1_1_bool(written) else { return };
    if facts.is_kustomized(object.file) || !seen.insert(key.span) {
        return;
    }
    let edit = facts.replace(&key.span, &in_quotes(written));
    let path = facts.file(object.file).path();
    out.at(&key.span, format!("Kubernetes stores the unquoted key `{written}` as `{value}`"))
        .check(format!("kubectl apply --dry-run=client -o yaml -f {}", in_shell(path)))
        .fix(Fix::r#unsafe("Put the key in quotes", [edit]));
}

/// Reports values of a chart that Helm reads as numbers or booleans, and prints into an image or a variable
/// as another text than is written.
fn printed_by_helm(facts: &Facts, unit: &Unit<'_>, seen: &mut FxHashSet<Span>, out: &mut Findings) {
    let image = unit.image.iter().map(|it| (it.span, it.text, "the image".to_owned()));
    let variables = unit.env.iter().filter_map(|it| {
        Some((it.value_span, it.value.filter(|_| it.literal)?, format!("`{}`", it.name)))
    });
    for (span, text, what) in image.chain(variables) {
        let target = facts.built_target(span.file).map(|it| &it.target);
        let chart = target.filter(|it| it.kind == TargetKind::Chart);
        let values = chart.and_then(|it| it.behind.get(&span)).into_iter().flatten();
        for value in values.filter(|it| facts.file(it.file).kind == Kind::Values) {
            let written = facts.written(value);
            let Some(printed) = reprinted(written, text).filter(|_| seen.insert(*value)) else {
                continue;
            };
            let of =
                key_before(facts, *value).map(|key| format!(" of `{key}`")).unwrap_or_default();
            let edit = facts.replace(value, &in_quotes(written));
            let folder = chart.map_or("", |it| it.folder.as_str());
            out.at(
                value,
                format!(
                    "Helm prints the unquoted `{written}`{of} as `{printed}`: {what} becomes `{text}`"
                ),
            )
            .also(&span, "the chart prints it here")
            .check(format!("helm template {}", in_shell(if folder.is_empty() { "." } else { folder })))
            .fix(Fix::r#unsafe("Put the value in quotes", [edit]));
        }
    }
}

/// Returns what stands in a printed text in the place of a plain number or boolean that is written otherwise.
fn reprinted(written: &str, text: &str) -> Option<String> {
    if !is_plain(written) || text.contains(written) {
        return None;
    }
    let mut words = text.split([':', '/', '@', '-', ',', ' ']);
    if let Some(flag) = Scalar::yaml_1_1_bool(written) {
        return words.any(|word| word == flag.to_string()).then(|| flag.to_string());
    }
    let number = match Scalar::read(written, Style::Plain, None) {
        Scalar::Int(number) => number as f64,
        Scalar::Float(number) => number,
        Scalar::Null | Scalar::Bool(_) | Scalar::NotFinite(_) | Scalar::Str(_) => return None,
    };
    words.find(|word| word.parse() == Ok(number)).map(str::to_owned)
}

/// Returns the type that Kubernetes gives a plain scalar, unless it is a string.
fn other_type(written: &str) -> Option<&'static str> {
    if !is_plain(written) {
        return None;
    }
    if Scalar::yaml_1_1_bool(written).is_some() {
        return Some("a boolean");
    }
    let plain = if written.starts_with(|first: char| first.is_ascii_digit()) {
        written.replace('_', "")
    } else {
        written.to_owned()
    };
    match Scalar::read(&plain, Style::Plain, None) {
        Scalar::Bool(_) => Some("a boolean"),
        Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_) => Some("a number"),
        Scalar::Null | Scalar::Str(_) => None,
    }
}

/// Whether a text is a plain scalar on one line.
fn is_plain(written: &str) -> bool {
    !written.is_empty()
        && !written.contains('\n')
        && !written.starts_with(['"', '\'', '|', '>', '*', '&', '!', '{', '['])
}

/// Whether a text is a number in base 60 to a reader of YAML 1.1: digits, and after each colon at most
/// 59 (YAML 1.1, "Integer Language-Independent Type").
fn is_base_60(written: &str) -> bool {
    let mut parts = written.split(':');
    let first = parts.next().unwrap_or_default();
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
    let rest: Vec<&str> = parts.collect();
    is_number(first)
        && !first.starts_with('0')
        && !rest.is_empty()
        && rest.iter().all(|it| {
            is_number(it) && it.len() <= 2 && it.parse::<u32>().is_ok_and(|part| part < 60)
        })
}

/// Returns a text in quotes.
fn in_quotes(written: &str) -> String {
    let quoted = quote_scalar(written);
    if quoted == written { format!("\"{written}\"") } else { quoted }
}

/// Returns the key in front of a value on the same line.
fn key_before<'f>(facts: &Facts<'f>, span: Span) -> Option<&'f str> {
    let line = Span { start: span.start.saturating_sub(200), end: span.start, ..span };
    let before = facts.written(&line);
    let before = &before[before.rfind(['\n', '{', ',']).map_or(0, |it| it + 1)..];
    let key = before.trim_end().strip_suffix(':')?.trim().trim_start_matches("- ");
    let key = key.trim_matches(['"', '\'']);
    (!key.is_empty() && !key.contains(char::is_whitespace)).then_some(key)
}
#[cfg(test)]
mod tests;
