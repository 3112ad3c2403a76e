use crate::facts::{Facts, in_shell};
use crate::model::chart::{Chart, Field, VersionForm};
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::folder_of;
use rustc_hash::FxHashMap;

rule! {
    /// `Chart.yaml` lacks what Helm needs, or says something that Helm reads otherwise.
    ///
    /// ## Why it hurts
    /// Helm refuses to load a chart without `apiVersion`, `name` and a `version`. A version that is no
    /// semantic version cannot be packaged or compared; a dependency without a version may be another
    /// one tomorrow; and `appVersion: 1.10` without quotes is the number 1.1.
    ///
    /// ## What helps
    /// Give `apiVersion: v2`, a name, a version of three numbers, and each dependency a version or a
    /// range. Put versions in quotes where YAML would take them for numbers.
    ///
    /// ## How to troubleshoot
    /// `helm lint .` names the same fields; `helm show chart .` prints them as Helm reads them.
    ///
    /// ## When to ignore
    /// A version says nothing where the chart is rendered from its folder alone, and never packaged. What Helm refuses
    /// cannot be ignored.
    ///
    /// ## Bad
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: latest # <- the version `latest` of chart `shop` is not a semantic version such as `1.2.3`, so Helm refuses the chart
    /// appVersion: 1.10 # <- `appVersion: 1.10` is read as the number 1.1; put it in quotes
    /// dependencies:
    ///   - name: redis # <- the dependency `redis` of chart `shop` has no version, so that any version may be fetched
    ///     repository: https://charts.example
    /// ```
    ///
    /// ## Good
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// appVersion: "1.10"
    /// dependencies:
    ///   - name: redis
    ///     version: ^20.1.0
    ///     repository: https://charts.example
    /// ```
    PLM908 "chart-metadata" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for chart in facts.charts().iter().filter(|chart| chart.is_readable) {
        let before = out.count();
        check_required(chart, out);
        check_version(facts, chart, out);
        check_app_version(facts, chart, out);
        check_api_version(facts, chart, out);
        check_dependencies(chart, out);
        let folder = folder_of(facts.file(chart.place.span.file).path());
        let folder = if folder.is_empty() { "." } else { folder };
        for finding in out.since(before) {
            finding.subject(format!("chart {}", chart.label()));
            finding.check(format!("helm lint {}", in_shell(folder)));
        }
    }
}

/// What Helm refuses to load a chart without, and what it refuses.
fn check_required(chart: &Chart, out: &mut Findings) {
    let fields =
        [("apiVersion", &chart.api_version), ("name", &chart.name), ("version", &chart.version)];
    for (key, field) in fields {
        if field.is_none() {
            let span = chart.name.as_ref().map_or(chart.place.span, |name| name.span);
            let message = format!("`Chart.yaml` has no `{key}`, so Helm refuses the chart");
            out.at(&span, message).severity(Severity::Error);
        }
    }
    if let Some(name) = chart.name.as_ref().filter(|name| name.text.contains('/')) {
        let message = format!("the name `{}` holds a path, so Helm refuses the chart", name.text);
        out.at(&name.span, message).severity(Severity::Error);
    }
    if let Some(kind) = &chart.chart_type
        && !matches!(kind.text.as_str(), "" | "application" | "library")
    {
        let message = format!(
            "`{}` is not a type of charts, so Helm refuses the chart; write `application` or `library`",
            kind.text
        );
        out.at(&kind.span, message).severity(Severity::Error);
    }
}

fn check_version(facts: &Facts, chart: &Chart, out: &mut Findings) {
    let Some(version) = &chart.version else { return };
    let (text, label) = (&version.text, chart.label());
    match version.version_form() {
        VersionForm::Strict => {}
        VersionForm::Loose => {
            let message = format!(
                "the version `{text}` of chart `{label}` is not a full semantic version such as `1.2.3`"
            );
            out.at(&version.span, message).maybe_fix(full_version(facts, version));
        }
        VersionForm::Invalid => {
            let message = format!(
                "the version `{text}` of chart `{label}` is not a semantic version such as `1.2.3`, so Helm refuses the chart"
            );
            out.at(&version.span, message).severity(Severity::Error);
        }
    }
}

/// Completes a version that has one or two numbers.
fn full_version(facts: &Facts, version: &Field) -> Option<Fix> {
    let text = version.text.strip_prefix('v').unwrap_or(&version.text);
    let numbers: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    if numbers.len() > 3 || !numbers.iter().all(is_number) {
        return None;
    }
    let full = [text, &".0".repeat(3 - numbers.len())].concat();
    let edit = facts.replace_scalar(&version.span, &full);
    Some(Fix::r#unsafe(format!("Write the version as `{full}`"), [edit]))
}

fn check_app_version(facts: &Facts, chart: &Chart, out: &mut Findings) {
    let Some(version) = &chart.app_version else { return };
    let Some(number) = &version.reads_as else { return };
    let text = &version.text;
    let message = format!("`appVersion: {text}` is read as the number {number}; put it in quotes");
    let edit = facts.replace(&version.span, &format!("\"{text}\""));
    out.at(&version.span, message).fix(Fix::r#unsafe(format!("Put `{text}` in quotes"), [edit]));
}

/// What the first version of charts does not have, and what the second no longer has.
fn check_api_version(facts: &Facts, chart: &Chart, out: &mut Findings) {
    let Some(version) = &chart.api_version else { return };
    let label = chart.label();
    match version.text.as_str() {
        "v2" => {
            if let Some(file) = chart.requirements {
                let first_line = facts.file(file).text().find('\n').unwrap_or(0);
                let span = crate::text::Span::new(file, 0, first_line);
                let message = format!(
                    "chart `{label}` has `apiVersion: v2`, in which dependencies belong in `Chart.yaml` and not in `requirements.yaml`"
                );
                out.at(&span, message)
                    .severity(Severity::Info)
                    .why("Helm still reads the file, and asks with every command to move the dependencies. Tools that only read `Chart.yaml` do not see them.")
                    .help("Move the list to `dependencies` in `Chart.yaml`, and rename `requirements.lock` to `Chart.lock`.");
            }
        }
        "v1" => {
            let has = |is_there: bool, key: &'static str| is_there.then_some(key);
            let keys = [
                has(chart.dependencies_key.is_some(), "dependencies"),
                has(chart.chart_type.is_some(), "type"),
            ];
            let keys: Vec<&str> = keys.into_iter().flatten().collect();
            if let [first, ..] = keys.as_slice() {
                let message =
                    format!("`{first}` belongs to `apiVersion: v2`; chart `{label}` says `v1`");
                let edit = facts.replace_scalar(&version.span, "v2");
                let fix = Fix::r#unsafe("Write `apiVersion: v2`", [edit]);
                out.at(&version.span, message).fix(fix);
            }
        }
        other => {
            let message = format!("`{other}` is not a version of charts; write `v2`");
            let edit = facts.replace_scalar(&version.span, "v2");
            let fix = Fix::safe("Write `apiVersion: v2`", [edit]);
            out.at(&version.span, message).severity(Severity::Error).fix(fix);
        }
    }
}

fn check_dependencies(chart: &Chart, out: &mut Findings) {
    let label = chart.label();
    let mut known = FxHashMap::default();
    for dependency in &chart.dependencies {
        let Some(name) = &dependency.name else {
            let message =
                format!("a dependency of chart `{label}` has no name, so that Helm cannot find it");
            out.at(&dependency.span, message).severity(Severity::Error);
            continue;
        };
        // The chart in a folder of the project is the one that is there.
        let is_local =
            dependency.repository.as_ref().is_none_or(|it| it.text.starts_with("file://"));
        if dependency.version.is_none() && !is_local {
            let message = format!(
                "the dependency `{}` of chart `{label}` has no version, so that any version may be fetched",
                name.text
            );
            out.at(&name.span, message);
        }
        let key = dependency.alias.as_ref().unwrap_or(name);
        if let Some(first) = known.insert(key.text.as_str(), key.span) {
            let message = format!(
                "two dependencies of chart `{label}` are called `{}`, so Helm refuses the chart; give one an `alias`",
                key.text
            );
            out.at(&key.span, message).severity(Severity::Error).also(&first, "the first one");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    fn severities(chart: &str) -> Vec<Severity> {
        let found = findings(&RULE, &format!("# file: Chart.yaml\n{chart}"));
        found.into_iter().map(|it| it.severity).collect()
    }

    #[test]
    fn required_fields_are_errors() {
        assert_eq!(severities("apiVersion: v2\nversion: 1.0.0\n"), [Severity::Error]);
        assert_eq!(severities("apiVersion: v2\nname: a\n"), [Severity::Error]);
        assert_eq!(severities("name: a\nversion: 1.0.0\n"), [Severity::Error]);
        assert_eq!(severities("apiVersion: v2\nname:\nversion: 1.0.0\n"), [Severity::Error]);
        assert_eq!(severities("apiVersion: v2\nname: a/b\nversion: 1.0.0\n"), [Severity::Error]);
        assert_eq!(severities("apiVersion: v3\nname: a\nversion: 1.0.0\n"), [Severity::Error]);
        let kind = "apiVersion: v2\nname: a\nversion: 1.0.0\ntype: app\n";
        assert_eq!(severities(kind), [Severity::Error]);
    }

    #[test]
    fn versions_are_semantic() {
        for version in ["1.0.0", "1.2.3-rc.1+build.5", "\"0.0.1\""] {
            let chart = format!("apiVersion: v2\nname: a\nversion: {version}\n");
            assert!(severities(&chart).is_empty(), "{version}");
        }
        for version in ["v1.2.3", "1.2", "1"] {
            let chart = format!("apiVersion: v2\nname: a\nversion: {version}\n");
            assert_eq!(severities(&chart), [Severity::Warning], "{version}");
        }
        assert_eq!(severities("apiVersion: v2\nname: a\nversion: one\n"), [Severity::Error]);
    }

    #[test]
    fn an_app_version_that_is_a_number_loses_digits() {
        let chart = |version: &str| {
            format!("apiVersion: v2\nname: a\nversion: 1.0.0\nappVersion: {version}\n")
        };
        assert_eq!(severities(&chart("1.20")), [Severity::Warning]);
        for version in ["1.16", "\"1.20\"", "1.20.0", "7", "latest"] {
            assert!(severities(&chart(version)).is_empty(), "{version}");
        }
    }

    #[test]
    fn dependencies_have_names_versions_and_one_place() {
        let chart = "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies:\n";
        let one = |entry: &str| severities(&format!("{chart}  - {entry}\n"));
        assert_eq!(one("{name: b, repository: 'https://x'}"), [Severity::Warning]);
        assert_eq!(one("{version: 1.0.0, repository: 'https://x'}"), [Severity::Error]);
        assert!(one("{name: b, repository: 'file://../b'}").is_empty());
        assert!(one("{name: b, version: 1.x, repository: 'https://x'}").is_empty());
        let twice = "  - {name: b, version: 1.0.0}\n  - {name: b, version: 2.0.0}\n";
        assert_eq!(severities(&format!("{chart}{twice}")), [Severity::Error]);
        let alias = "  - {name: b, version: 1.0.0}\n  - {name: b, alias: c, version: 2.0.0}\n";
        assert!(severities(&format!("{chart}{alias}")).is_empty());
    }

    #[test]
    fn each_api_version_has_its_own_fields() {
        let old = "name: a\nversion: 1.0.0\n";
        assert!(severities(&format!("apiVersion: v1\n{old}")).is_empty());
        assert_eq!(
            severities(&format!("apiVersion: v1\n{old}type: application\n")),
            [Severity::Warning]
        );
        let requirements =
            "# file: requirements.yaml\ndependencies:\n  - {name: b, version: 1.0.0}\n";
        let with = |version: &str| {
            format!("# file: Chart.yaml\napiVersion: {version}\n{old}{requirements}")
        };
        let found = findings(&RULE, &with("v2"));
        assert_eq!((found[0].severity, found[0].subject.as_str()), (Severity::Info, "chart a"));
        assert!(messages(&RULE, &with("v1")).is_empty());
    }
}
