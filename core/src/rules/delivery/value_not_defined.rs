use crate::facts::{Facts, UndefinedValue, in_shell};
use crate::model::chart::Chart;
use crate::report::{Edit, Finding, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::{Span, name_of, nearest};

/// Maximum number of further places that a finding lists.
const MAX_PLACES: usize = 3;

rule! {
    /// A template reads a value that `values.yaml` does not define and that no default covers.
    ///
    /// ## Why it hurts
    /// Helm prints nothing where a value is missing, so the manifest says `image: nginx:` or
    /// `replicas:` and fails at the API server, or quietly means something else. Where the parent
    /// is missing too, rendering stops with a nil pointer.
    ///
    /// ## What helps
    /// Define the value in `values.yaml`, which is also where people look for what they can set. If
    /// it is optional, say so where it is read: `default`, `if`, `with`. If it has to be given, use
    /// `required`, which tells people what is missing.
    ///
    /// ## How to troubleshoot
    /// `helm template .` shows what is printed; `helm show values .` lists what the chart defines.
    ///
    /// ## When to ignore
    /// Where every user of the chart gives the value, and the installation is documented elsewhere.
    ///
    /// ## Bad
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// image:
    ///   repository: acme/shop
    ///   tag: "1.4"
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: shop
    /// spec:
    ///   containers:
    ///     - name: shop
    ///       image: "{{ .Values.image.repository }}:{{ .Values.image.tags }}" # <- the template reads `.Values.image.tags`, which `values.yaml` does not define and no default covers; did you mean `.Values.image.tag`?
    /// ```
    ///
    /// ## Good
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// image:
    ///   repository: acme/shop
    ///   tag: "1.4"
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: shop
    /// spec:
    ///   containers:
    ///     - name: shop
    ///       image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
    ///       imagePullPolicy: {{ .Values.image.pullPolicy | default "IfNotPresent" }}
    /// ```
    PLM905 "value-not-defined" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for chart in facts.charts() {
        // Where some environments set the value, they disagree, which is another finding.
        let values = facts.undefined_values(chart).into_iter().filter(|it| it.set.is_empty());
        // Without `values.yaml` every value is undefined, which is one mistake.
        let most = if chart.values.is_some() { usize::MAX } else { 1 };
        values.take(most).for_each(|value| report(facts, chart, &value, out));
    }
}

fn report(facts: &Facts, chart: &Chart, value: &UndefinedValue<'_>, out: &mut Findings) {
    let UndefinedValue { path, absent, .. } = value;
    let near = value.near.as_ref();
    let near = near.map(|near| format!("; did you mean `.Values.{near}`?")).unwrap_or_default();
    let in_block = path.rsplit_once(".Values.");
    let (block, wanted) = in_block.unwrap_or_default();
    let message = match (&chart.values, path == absent) {
        (Some(_), _) if in_block.is_some() && block == wanted => format!(
            "`.Values.{wanted}` is read inside a block that has already set the dot to that value: rendering fails as soon as the value is set"
        ),
        (Some(_), _) if in_block.is_some() => format!(
            "`.Values.{wanted}` is looked up in `.Values.{block}`, to which this block sets the dot: rendering fails as soon as that value is set"
        ),
        (None, _) => {
            format!("the template reads `.Values.{path}`, but the chart has no `values.yaml`")
        }
        (Some(_), true) => format!(
            "the template reads `.Values.{path}`, which `values.yaml` does not define and no default covers{near}"
        ),
        (Some(_), false) => format!(
            "the template reads `.Values.{path}`, but `values.yaml` does not define `{absent}`, so that rendering fails{near}"
        ),
    };
    let finding = out.at(&value.span, message);
    finding.subject(format!("chart {}", chart.label()));
    if in_block.is_some() {
        about_the_dot(facts, value, (block, wanted), finding);
    } else if name_of(facts.file(value.span.file).path()) == "NOTES.txt" {
        // The notes of a chart are left behind as a whole.
        finding.cause_in_this_run(format!("notes of {}", chart.folder)).gathers("notes").why("Helm prints the notes after each installation and upgrade. Where the value is missing, what they tell people to run is cut short or refused.");
    } else if path != absent || is_rendered(facts, &value.span) {
        finding.why("Helm cannot go on from a value that is not there: rendering stops with an error, so that nothing can be installed or upgraded, as soon as this place is reached.");
    }
    // What one switch brings is missing in one go.
    let parent = absent.rsplit_once('.').map_or("", |it| it.0);
    if finding.cause.is_none() && near.is_empty() && path == absent && !value.reached_by.is_empty()
    {
        finding.cause_in_this_run(format!(
            "{} of {} behind {:?}",
            parent, chart.folder, value.reached_by
        ));
    }
    for other in value.others.iter().take(MAX_PLACES) {
        finding.also(other, "read here too");
    }
    if is_field_with_default(facts, &value.span) {
        finding.severity(Severity::Hint).why("Helm prints nothing where the value is missing, and Kubernetes takes its default for a field without a value. People cannot see in `values.yaml` that they may set it.");
    }
    finding.maybe_fix(near_fix(facts, value));
    finding.check(command(facts, chart, value));
}

/// Says what to write inside of `with` and `range`, where the dot is another one. `path` has the value that
/// the dot stands for and the one that is wanted.
fn about_the_dot(
    facts: &Facts,
    value: &UndefinedValue<'_>,
    (block, wanted): (&str, &str),
    finding: &mut Finding,
) {
    let (meant, help) = match block == wanted {
        true => {
            (".".to_owned(), format!("Write `.`, which is `.Values.{block}` inside of this block."))
        }
        false => (
            format!("$.Values.{wanted}"),
            format!(
                "`with` and `range` set the dot to their own argument. Write `$.Values.{wanted}` for the value of the chart."
            ),
        ),
    };
    if facts.written(&value.span) == format!(".Values.{wanted}") {
        let edit = facts.replace(&value.span, &meant);
        finding.fix(Fix::r#unsafe(format!("Write `{meant}`"), [edit]));
    }
    finding
        .help(help)
        .why("Inside of `with` and `range` the dot is no longer the context of the chart. With the default values the block is skipped and the mistake stays hidden; setting the value makes the chart fail to render.")
        .cause("the dot of a block");
}

/// Whether the value is handed to `tpl`, which fails where it is missing.
fn is_rendered(facts: &Facts, span: &Span) -> bool {
    let text = facts.file(span.file).text();
    let before = text.get(..span.start as usize).unwrap_or_default();
    before.trim_end_matches(['(', ' ', '$']).rsplit(|it: char| !it.is_alphanumeric()).next()
        == Some("tpl")
}

/// Returns the command that prints what the place becomes, with the values that open the blocks around it.
fn command(facts: &Facts, chart: &Chart, value: &UndefinedValue<'_>) -> String {
    let folder = in_shell(if chart.folder.is_empty() { "." } else { &chart.folder });
    let is_vendored = |name: &str| chart.vendored.iter().any(|it| it == name);
    let lacks_charts = chart
        .dependencies
        .iter()
        .any(|it| it.name.as_ref().is_some_and(|name| !is_vendored(&name.text)));
    let first =
        if lacks_charts { format!("helm dependency build {folder} && ") } else { String::new() };
    let settings: String = value
        .reached_by
        .iter()
        .map(|(path, given)| {
            // What is rendered itself has to be a text.
            let is_text = given == "true"
                && value.near.as_ref() == Some(path)
                && is_rendered(facts, &value.span);
            match is_text {
                true => format!(" --set-string {}", in_shell(&format!("{path}=a"))),
                false => format!(" --set {}", in_shell(&format!("{path}={given}"))),
            }
        })
        .collect();
    let path = facts.file(value.span.file).path();
    // `helm template` leaves the notes out.
    if name_of(path) == "NOTES.txt" {
        return format!(
            "{first}helm install {} {folder} --dry-run=client{settings}",
            in_shell(chart.label())
        );
    }
    let inside = path.strip_prefix(&chart.folder).unwrap_or(path).trim_start_matches('/');
    // Helpers print nothing by themselves.
    let only = match name_of(path).starts_with('_') {
        true => String::new(),
        false => format!(" -s {}", in_shell(inside)),
    };
    format!("{first}helm template {folder}{only}{settings}")
}

/// Fields that Kubernetes fills in where they have no value.
const FIELDS_WITH_DEFAULTS: &[&str] = &[
    "replicas",
    "imagePullPolicy",
    "restartPolicy",
    "revisionHistoryLimit",
    "sessionAffinity",
    "terminationGracePeriodSeconds",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "backoffLimit",
];

/// Whether an action is all that a field gets, and Kubernetes knows a default for the field.
fn is_field_with_default(facts: &Facts, span: &Span) -> bool {
    let text = facts.file(span.file).text();
    let before = text.get(..span.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let Some((key, rest)) = line.split_once(':') else { return false };
    FIELDS_WITH_DEFAULTS.contains(&key.trim().trim_start_matches("- "))
        && matches!(rest.trim(), "{{" | "{{-")
}

/// Returns the fix that reads the value which was probably meant. A value whose name is only like it, such as
/// `port` for `internalPort`, may be another one.
fn near_fix(facts: &Facts, value: &UndefinedValue<'_>) -> Option<Fix> {
    let near = value.near.as_ref()?;
    let (parent, name) = near.rsplit_once('.').unwrap_or(("", near));
    let (own_parent, own_name) = value.absent.rsplit_once('.').unwrap_or(("", &value.absent));
    let written = facts.written(&value.span);
    let is_last = written.strip_suffix(own_name).is_some_and(|it| it.ends_with('.'));
    let is_misspelt = nearest(own_name, std::iter::once(name)).is_some();
    if !is_misspelt
        || parent != own_parent
        || value.path != value.absent
        || !is_last
        || !value.others.is_empty()
    {
        return None;
    }
    let start = value.span.end as usize - own_name.len();
    let span = Span::new(value.span.file, start, value.span.end as usize);
    let edit = Edit { span, text: name.to_owned() };
    Some(Fix::r#unsafe(format!("Read `.Values.{near}`"), [edit]))
}
#[cfg(test)]
mod tests;
