//! What may stand in the templates of a chart beside its values: named templates, what a chart says about itself,
//! variables, and the names of ports.

use super::context::{Context, Slot, Step};
use super::values::chart_of;
use super::{CompletionKind, Offer, Offers};
use crate::ide::charts::template_names;
use crate::ide::here::Here;
use crate::ide::words::place;
use crate::model::chart::Field;
use crate::model::kubernetes::Object;

/// The fields of `.Chart`.
///
/// Source: <https://helm.sh/docs/chart_template_guide/builtin_objects/>
const CHART_FIELDS: [&str; 10] = [
    "Name",
    "Version",
    "AppVersion",
    "Type",
    "APIVersion",
    "Description",
    "Home",
    "KubeVersion",
    "Annotations",
    "Dependencies",
];

/// Returns what may stand at the end of an action that is not closed yet; `None` where values are meant.
pub(super) fn in_action(here: &Here<'_>, before: &str, action: &str) -> Option<Offers> {
    named_templates(here, action)
        .or_else(|| chart_fields(here, action))
        .or_else(|| variables(before, action))
}

/// Returns the named templates of the chart, behind `include "` and `template "`.
fn named_templates(here: &Here<'_>, action: &str) -> Option<Offers> {
    let (ahead, typed) = action.rsplit_once('"')?;
    let word = ahead.trim_end();
    let is_named =
        word.len() < ahead.len() && (word.ends_with("include") || word.ends_with("template"));
    if !is_named || typed.contains(char::is_whitespace) {
        return None;
    }
    let chart = here.facts.chart_folder(here.file.id)?;
    let own = here.facts.files().iter().filter(|it| here.facts.chart_folder(it.id) == Some(chart));
    let names = own.flat_map(|file| template_names(file.text(), file.id));
    let offers = names.filter(|(_, _, is_definition)| *is_definition).map(|(name, span, _)| {
        Offer::new(CompletionKind::NamedTemplate, name).detail(place(here.facts, span))
    });
    Some(Offers { typed: typed.len(), offers: offers.collect() })
}

/// Returns what a chart says about itself, behind `.Chart.`.
fn chart_fields(here: &Here<'_>, action: &str) -> Option<Offers> {
    let (ahead, typed) = action.rsplit_once(".Chart.")?;
    let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '.');
    if ahead.ends_with(is_part) || !typed.chars().all(char::is_alphanumeric) {
        return None;
    }
    let (chart, _) = chart_of(here)?;
    let value = |name: &str| {
        let field: Option<&Field> = match name {
            "Name" => chart.name.as_ref(),
            "Version" => chart.version.as_ref(),
            "AppVersion" => chart.app_version.as_ref(),
            "Type" => chart.chart_type.as_ref(),
            "APIVersion" => chart.api_version.as_ref(),
            _ => None,
        };
        field.map(|it| it.text.to_string()).unwrap_or_default()
    };
    let offers = CHART_FIELDS.iter();
    let offers = offers.map(|it| Offer::new(CompletionKind::Value, *it).detail(value(it)));
    Some(Offers { typed: typed.len(), offers: offers.collect() })
}

/// Returns the variables that the template sets above, behind a `$`.
fn variables(before: &str, action: &str) -> Option<Offers> {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let typed = &action[action.trim_end_matches(is_name).len()..];
    if !action[..action.len() - typed.len()].ends_with('$') {
        return None;
    }
    let above = &before[..before.len() - action.len()];
    let mut offers: Vec<Offer> = Vec::new();
    for (at, _) in above.match_indices('$') {
        let rest = &above[at + 1..];
        let name = &rest[..rest.len() - rest.trim_start_matches(is_name).len()];
        let behind = rest[name.len()..].trim_start();
        // `$key, $value := .Values.map` sets both.
        let is_set = behind.starts_with(":=") || behind.starts_with(", $");
        if is_set && !name.is_empty() && !offers.iter().any(|it| it.label == name) {
            offers.push(Offer::new(CompletionKind::Variable, name));
        }
    }
    Some(Offers { typed: typed.len(), offers })
}

/// Returns the names of the ports that the containers of the chart have, where a probe, a Service or a route names one.
pub(super) fn ports(here: &Here<'_>, text: &str, offset: usize) -> Option<Offers> {
    let context = Context::at(text, offset).filter(|it| it.slot == Slot::Value)?;
    let kind = context.top("kind").unwrap_or_default();
    let is_port = match &context.path()[..] {
        [.., Step::Key("httpGet" | "tcpSocket" | "grpc"), Step::Key("port")] => true,
        [.., Step::Key("ports"), Step::Item, Step::Key("targetPort")] => kind == "Service",
        _ => false,
    };
    let folder = here.facts.chart_folder(here.file.id).filter(|_| is_port)?;
    let is_own = |it: &&&Object| here.facts.chart_folder(it.name_span().file) == Some(folder);
    let objects = here.facts.objects().iter().filter(is_own);
    let specs = objects.filter_map(|it| Some(&it.workload()?.template.spec));
    let containers = specs.flat_map(|it| it.all_containers());
    let offers = super::kubernetes::port_names(containers);
    Some(Offers { typed: context.typed.len(), offers })
}

#[cfg(all(test, feature = "targets"))]
mod tests {
    use crate::ide::completion::testing::{labels, offered};

    /// A chart with a Deployment, and a template with the text.
    fn template(text: &str) -> String {
        format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.2.3\n# file: c/templates/_helpers.tpl\n{{{{ define \"shop.name\" }}}}x{{{{ end }}}}\n# file: c/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: '{{{{ .Chart.Name }}}}', image: 'a:1', ports: [{{name: http, containerPort: 80}}]}}]}}\n# file: c/templates/a.yaml\n{text}"
        )
    }

    #[test]
    fn named_templates_and_fields_of_the_chart_are_offered() {
        assert_eq!(labels(&template("a: {{ include \"‸")), ["shop.name"]);
        assert_eq!(labels(&template("a: {{- template \"shop.‸\" . }}\n")), ["shop.name"]);
        let fields = offered(&template("a: {{ .Chart.‸"));
        assert_eq!(
            (fields[1].label.as_str(), fields[1].detail.as_deref()),
            ("Version", Some("1.2.3"))
        );
        assert_eq!(labels(&template("a: {{ .x.Chart.‸")), [""; 0]);
    }

    #[test]
    fn variables_that_are_set_above_are_offered() {
        let text =
            "{{ $name := 1 }}\n{{ range $key, $value := .Values.x }}\na: {{ $‸ }}\n{{ end }}\n";
        assert_eq!(labels(&template(text)), ["name", "key", "value"]);
    }

    #[test]
    fn ports_of_the_charts_containers_are_offered() {
        let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  ports:\n    - port: 80\n      targetPort: ‸\n";
        assert_eq!(labels(&template(service)), ["http"]);
    }
}
