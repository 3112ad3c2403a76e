use crate::facts::{Facts, Site, Together, Unit, Var, VarSource};
use crate::report::{Confidence, Edit, Findings, Fix, phrases};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxHashSet;

rule! {
    /// The quotes around a value of a variable are part of the value.
    ///
    /// ## Why it hurts
    /// In a shell, quotes around a value are taken off. In a list of `environment` they are not, nor
    /// inside the quotes of YAML, nor in an env file that Kustomize reads. The program gets a password,
    /// a path or a number with quotation marks around it, and often does not say so.
    ///
    /// ## What helps
    /// Write the value without the inner quotes: `- NAME=x y`, `value: "x y"`.
    ///
    /// ## How to troubleshoot
    /// `printenv NAME` in the container shows the quotes.
    ///
    /// ## When to ignore
    /// If the program reads the value as JSON, or evaluates it in a shell.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       - TITLE="My shop" # <- the quotes around the value of `TITLE` are part of what service `web` gets
    ///       - LOG_LEVEL=info
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       - TITLE=My shop
    ///       - LOG_LEVEL=info
    /// ```
    PLM519 "literal-quotes-in-env" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // An anchor or a ConfigMap may set a variable for many containers.
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    // What is started together and quoted alike has one cause.
    let mut found: IndexMap<(Together<'_>, Option<Span>, String), Vec<Quoted<'_, '_>>> =
        IndexMap::new();
    for unit in facts.units().filter(|it| !takes_quotes_off(it)) {
        let quoted = unit.env.iter().filter(|it| is_quoted(facts, unit, it));
        let quoted: Vec<&Var<'_>> = quoted.filter(|it| seen.insert(it.value_span)).collect();
        // What a comment accepts gets a finding of its own for the comment to suppress.
        let (accepted, open): (Vec<&Var<'_>>, Vec<&Var<'_>>) = quoted
            .into_iter()
            .partition(|it| facts.stands_alone(it.value_span, &|selector| RULE.is(selector)));
        for variables in accepted.chunks(1).chain([open.as_slice()]) {
            let Some(first) = variables.first() else { continue };
            let alone = accepted.iter().any(|it| it.value_span == first.value_span);
            let names: Vec<&str> = variables.iter().map(|it| it.name).collect();
            let names = phrases::first_named(&names, 5);
            let key = (facts.started_with(unit), alone.then_some(first.value_span), names);
            found.entry(key).or_default().push(Quoted { unit, variables: variables.to_vec() });
        }
    }
    for ((_, _, names), quoted) in &found {
        report(facts, names, quoted, out);
    }
}

/// A container with the variables whose quotes reach it.
struct Quoted<'u, 'a> {
    unit: &'u Unit<'a>,
    variables: Vec<&'u Var<'a>>,
}

/// Whether the program fills variables into its own file before it takes the quotes in there off, as Caddy does for
/// `{$NAME}` in a Caddyfile: <https://caddyserver.com/docs/caddyfile/concepts#environment-variables>.
fn takes_quotes_off(unit: &Unit<'_>) -> bool {
    unit.is_family("caddy") || unit.program().split(['-', '_']).any(|it| it == "caddy")
}

/// Whether the quotes around the value of a variable reach the container.
fn is_quoted(facts: &Facts, unit: &Unit<'_>, variable: &Var<'_>) -> bool {
    let may_be_read = match (variable.source, unit.site) {
        (VarSource::Inline | VarSource::ConfigMap, _) => true,
        // Compose takes the quotes off, unless the file is read as it is.
        (VarSource::EnvFile, Site::Service(at)) => {
            let files = &facts.services()[at].model.env_files;
            let own = files.iter().find(|it| it.file == Some(variable.value_span.file));
            own.is_some_and(|it| it.format.as_ref().is_some_and(|it| it.value == "raw"))
        }
        (VarSource::EnvFile | VarSource::Secret | VarSource::Field, _) => false,
    };
    may_be_read && variable.value.is_some_and(|it| inner(it).is_some())
}

/// Returns what stands between the quotes of a value; `None` for a value without quotes around it, and
/// for JSON.
fn inner(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_json = quote == '"' && (inner.contains('\\') || inner.starts_with(['{', '[']));
    (!inner.contains(quote) && !is_json).then_some(inner)
}

/// Reports all containers that get quotes around the same variables.
fn report(facts: &Facts, names: &str, quoted: &[Quoted<'_, '_>], out: &mut Findings) {
    let [Quoted { unit, variables }, ..] = quoted else { return };
    let [first, more @ ..] = variables.as_slice() else { return };
    let and_others = match quoted.len() {
        1 => String::new(),
        2 => format!(" and {}", quoted[1].unit.label),
        count => format!(" and {} more", count - 1),
    };
    let message = if more.is_empty() && first.value.and_then(inner) == Some("") {
        format!(
            "{names} of {}{and_others} is not empty: its value is two quotation marks",
            unit.label
        )
    } else {
        let value = if more.is_empty() { "the value" } else { "the values" };
        let get = if quoted.len() == 1 { "gets" } else { "get" };
        format!(
            "the quotes around {value} of {names} are part of what {}{and_others} {get}",
            unit.label
        )
    };
    let finding = out.at(&first.value_span, message);
    finding.gathers(names);
    finding.confidence(Confidence::Likely);
    let all =
        || quoted.iter().flat_map(|it| it.variables.iter().map(|variable| (it.unit, *variable)));
    for (unit, variable) in all().skip(1) {
        let note = format!("`{}` of {} has quotes here too", variable.name, unit.label);
        finding.also(&variable.value_span, note);
    }
    let edits: Option<Vec<Edit>> = all().map(|it| without_quotes(facts, it.1)).collect();
    finding
        .maybe_fix(edits.map(|it| Fix::r#unsafe("Take the inner quotes off", it)))
        .check(facts.show_variable(unit, first.name));
}

/// Whether a place is in an item of a block list, where commas and brackets mean nothing.
fn is_block_item(facts: &Facts, span: Span) -> bool {
    let before = facts.file(span.file).text().get(..span.range().start).unwrap_or_default();
    before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("- "))
}

/// Returns the edit that takes the inner quotes off, where the rest is the same value to every reader.
fn without_quotes(facts: &Facts, variable: &Var<'_>) -> Option<Edit> {
    let value = variable.value?;
    let inner = inner(value)?;
    let written = facts.written(&variable.value_span);
    if written == value {
        // An item of a list, `NAME="x"`: what follows the name must stay one plain scalar.
        let is_plain = !inner.contains(['#', '$', '\n']) && inner.trim() == inner;
        let is_safe = match is_block_item(facts, variable.value_span) {
            true => !inner.contains(": ") && !inner.ends_with(':'),
            false => !inner.contains([':', ',', '[', ']', '{', '}']),
        };
        let is_plain = is_plain && is_safe;
        return is_plain.then(|| facts.replace(&variable.value_span, inner));
    }
    // The default of a variable: `${NAME:-"x"}`.
    let default = format!("-{value}}}");
    if let [(at, _)] = written.match_indices(&default).collect::<Vec<_>>()[..] {
        let is_plain = !inner.contains(['#', '$', '\n', '}', ':', ',', '[', ']', '{', ' ']);
        let place = variable.value_span.inner(at + 1..at + 1 + value.len());
        return is_plain.then(|| facts.replace(&place, inner));
    }
    let outer = written.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    // The inner quotes may be escaped: `'''x'''`, `"\"x\""`.
    let escaped = match outer {
        '"' => value.replace('"', "\\\""),
        _ => value.replace('\'', "''"),
    };
    let bare = written.strip_prefix(outer).and_then(|it| it.strip_suffix(outer));
    let is_whole = bare.is_some_and(|it| it == value || it == escaped);
    let stays_in_quotes = !inner.contains(['"', '\'', '\\']);
    (is_whole && stays_in_quotes)
        .then(|| facts.replace(&variable.value_span, &format!("{outer}{inner}{outer}")))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

    fn compose(environment: &str) -> Vec<String> {
        let text =
            format!("services:\n  web:\n    image: web:1\n    environment:\n{environment}\n");
        messages(&RULE, &text)
    }

    fn pod(env: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: a\n      env:\n        - name: X\n          value: {env}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn inner_quotes_reach_the_container() {
        for bad in [
            "      - X=\"a b\"",
            "      - X='a'",
            "      - \"X='a'\"",
            "      - 'X=\"a\"'",
            "      X: \"'a'\"",
            "      X: '\"a\"'",
            "      - X='{\"a\":1}'",
        ] {
            assert_eq!(compose(bad).len(), 1, "{bad}");
        }
        assert_eq!(
            compose("      - X=\"\""),
            ["`X` of service `web` is not empty: its value is two quotation marks"]
        );
        assert_eq!(pod("\"'a'\""), 1);
        assert_eq!(pod("'\"a\"'"), 1);
    }

    #[test]
    fn quotes_of_yaml_and_json_are_silent() {
        for fine in [
            "      X: \"a b\"",
            "      X: 'a b'",
            "      - \"X=a b\"",
            "      - X=it's",
            "      - X='a' 'b'",
            "      X: '{\"a\": \"b\"}'",
            "      X: '[\"a\", \"b\"]'",
            "      X: '\"{\\\"a\\\": 1}\"'",
        ] {
            assert!(compose(fine).is_empty(), "{fine}");
        }
        assert_eq!(pod("\"a\""), 0);
        assert_eq!(pod("'{\"a\": \"b\"}'"), 0);
    }

    #[test]
    fn the_readers_of_env_files_differ() {
        let file = |form: &str| {
            messages(
                &RULE,
                &format!(
                    "# file: compose.yaml\nservices: {{web: {{image: 'web:1', env_file: [{{path: web.env{form}}}]}}}}\n# file: web.env\nX=\"a b\"\n"
                ),
            )
            .len()
        };
        assert_eq!(file(""), 0, "Compose takes the quotes off");
        assert_eq!(file(", format: raw"), 1);
        let kustomize = "# file: kustomization.yaml\nresources: [pod.yaml]\nconfigMapGenerator: [{name: c, envs: [web.env]}]\n# file: web.env\nX=\"a b\"\n# file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, envFrom: [{configMapRef: {name: c}}]}]}\n";
        assert_eq!(messages(&RULE, kustomize).len(), 1, "Kustomize keeps them");
    }

    #[test]
    fn what_has_one_cause_is_one_finding_and_one_fix() {
        let text = "services:\n  web:\n    image: web:1\n    environment:\n      - X=\"a b\" # a comment\n      - Y='c'\n";
        assert_eq!(findings(&RULE, text).len(), 1);
        let two = "services:\n  a: {image: 'a:1', environment: [TZ='UTC']}\n  b: {image: 'b:1', environment: [TZ='UTC']}\n";
        assert_eq!(
            messages(&RULE, two),
            [
                "the quotes around the value of `TZ` are part of what service `a` and service `b` get"
            ]
        );
        let before = files(text);
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert_eq!(
            &*after[0].text,
            "services:\n  web:\n    image: web:1\n    environment:\n      - X=a b # a comment\n      - Y=c\n"
        );
    }

    #[test]
    fn a_fix_takes_the_quotes_off_a_default() {
        for (written, fixed) in [
            ("X=${X:-\"\"}", "X=${X:-}"),
            ("X=${X-'a'}", "X=${X-a}"),
            ("X=${X:-\"a\"}", "X=${X:-a}"),
        ] {
            let text = |item: &str| {
                format!("services:\n  web:\n    image: web:1\n    environment:\n      - {item}\n")
            };
            let before = files(&text(written));
            let after = apply_fixes(&before, &run(&RULE, &before));
            assert_eq!(&*after[0].text, text(fixed));
        }
    }

    #[test]
    fn a_fix_leaves_the_outer_quotes() {
        let text = "services: {web: {image: 'web:1', environment: {X: \"'a'\"}}}\n";
        let before = files(text);
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert_eq!(&*after[0].text, "services: {web: {image: 'web:1', environment: {X: \"a\"}}}\n");
    }

    #[test]
    fn caddy_takes_quotes_off_by_itself() {
        let count = |image: &str| {
            let text = format!(
                "services:\n  edge:\n    image: {image}\n    environment:\n      - BASE_URL=\":80\"\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count("caddy:2.8"), 0);
        assert_eq!(count("ghcr.io/acme/caddy-l4:1"), 0);
        assert_eq!(count("nginx:1.29"), 1);
    }

    #[test]
    fn a_fix_reads_inner_quotes_that_are_escaped() {
        for (written, fixed) in
            [("'''x y'''", "'x y'"), ("\"\\\"x\\\"\"", "\"x\""), ("'\"x\"'", "'x'")]
        {
            let text = |value: &str| {
                format!("services: {{web: {{image: 'a/b:1', environment: {{NAME: {value}}}}}}}\n")
            };
            let before = files(&text(written));
            let after = apply_fixes(&before, &run(&RULE, &before));
            assert_eq!(&*after[0].text, text(fixed));
        }
    }
}
