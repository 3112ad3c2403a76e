//! The values of a chart: in its templates, and in the values files of its environments.

use super::context::{Slot, Step};
use super::{CompletionKind, Cursor, Offer, Offers, templates};
use crate::facts::shortened;
use crate::ide::here::Here;
use crate::model::chart::{Chart, Value, ValueKind, Values, ValuesFile, value_at};
use smol_str::SmolStr;

/// Returns the innermost chart that the file lies in, and the path of the file from there.
pub(super) fn chart_of<'a>(here: &Here<'a>) -> Option<(&'a Chart, &'a str)> {
    let path = here.file.path();
    let inside = here.facts.charts().iter().filter_map(|chart| {
        let rest = match chart.folder.as_str() {
            "" => path,
            folder => path.strip_prefix(folder)?.strip_prefix('/')?,
        };
        Some((&**chart, rest))
    });
    inside.min_by_key(|it| it.1.len())
}

/// Returns what may stand in an action of a template, as the values behind `.Values`; `None` for any other place.
pub(super) fn in_template(here: &Here<'_>, before: &str) -> Option<Offers> {
    let action = &before[before.rfind("{{")?..];
    if action.contains("}}") {
        return None;
    }
    if let Some(offers) = templates::in_action(here, before, action) {
        return Some(offers);
    }
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '$');
    let start = action.trim_end_matches(is_part).len();
    let path = action[start..].trim_start_matches('$').strip_prefix(".Values.")?;
    let (parents, typed) = path.rsplit_once('.').unwrap_or(("", path));
    let parents: Vec<SmolStr> =
        parents.split('.').filter(|it| !it.is_empty()).map(SmolStr::from).collect();
    let (chart, _) = chart_of(here)?;
    let mut offers: Vec<Offer> = Vec::new();
    for file in chart.values_files() {
        for (key, value) in below(&file.values, &parents).into_iter().flatten() {
            // A key with a dash is no name in a template.
            let is_name = key.chars().all(|it| it.is_alphanumeric() || it == '_');
            if is_name && !offers.iter().any(|it| it.label == *key) {
                offers.push(offer(here, file, key, value));
            }
        }
    }
    Some(Offers { typed: typed.len(), offers })
}

/// Returns the values of the chart that an environment may set at the cursor; `None` where the file is not
/// one of an environment.
pub(super) fn in_values_file(cursor: &Cursor<'_, '_>) -> Option<Vec<Offer>> {
    let here = cursor.here;
    let (chart, _) = chart_of(here)?;
    let is_own = |it: &ValuesFile| it.file == here.file.id;
    let own = chart.further.iter().find(|it| is_own(it))?;
    let base = chart.values.as_ref().filter(|it| it.file != own.file)?;
    let path = cursor.context.path();
    let keys = path.iter().map(|it| match it {
        Step::Key(key) => Some(SmolStr::from(*key)),
        Step::Item => None,
    });
    let Some(parents) = keys.collect::<Option<Vec<SmolStr>>>() else { return Some(Vec::new()) };
    if cursor.context.slot != Slot::Key {
        return Some(Vec::new());
    }
    let taken = cursor.context.keys();
    let values = below(&base.values, &parents).into_iter().flatten();
    let offers = values.filter(|(key, _)| !taken.contains(&key.as_str())).map(|(key, value)| {
        let end = if value.kind == ValueKind::Mapping { ":" } else { ": " };
        offer(here, base, key, value).insert(format!("{key}{end}"))
    });
    Some(offers.collect())
}

/// Returns the values below a path of keys.
fn below<'v>(values: &'v Values, parents: &[SmolStr]) -> Option<&'v Values> {
    match parents {
        [] => Some(values),
        parents => Some(&value_at(values, parents)?.below),
    }
}

fn offer(here: &Here<'_>, file: &ValuesFile, key: &str, value: &Value) -> Offer {
    let written = here.facts.written(&value.span);
    let detail = match value.kind {
        ValueKind::Mapping | ValueKind::List => value.kind.name().to_owned(),
        ValueKind::Null | ValueKind::Bool | ValueKind::Number | ValueKind::Text => {
            shortened(written.lines().next().unwrap_or_default())
        }
    };
    Offer::new(CompletionKind::Value, key)
        .detail(detail)
        .documentation(format!("Set in {}", here.facts.file(file.file).path()))
}

#[cfg(all(test, feature = "targets"))]
mod tests {
    use crate::ide::completion::testing::{labels, offered, taken};

    fn chart(file: &str) -> String {
        format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\nimage:\n  repository: acme/web\n  tag: '1.2'\nreplicas: 2\nlist: [a]\n{file}"
        )
    }

    #[test]
    fn a_template_is_offered_the_values_below_a_path() {
        let template = |action: &str| {
            chart(&format!(
                "# file: c/templates/a.yaml\n# é\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {{name: a}}\r\ndata:\r\n  a: {action}"
            ))
        };
        assert_eq!(labels(&template("{{ .Values.‸")), ["image", "replicas", "list"]);
        assert_eq!(labels(&template("{{ $.Values.image.t‸ }}\r\n")), ["repository", "tag"]);
        assert_eq!(labels(&template("{{ .Values.image.tag.‸")), [""; 0]);
        assert_eq!(labels(&template("{{ .Values.image }} .Values.‸")), [""; 0]);
        let all = offered(&template("{{ .Values.image.‸"));
        assert_eq!(all[1].detail.as_deref(), Some("'1.2'"));
        assert_eq!(all[1].documentation.as_deref(), Some("Set in c/values.yaml"));
        let text = template("{{ .Values.image.ta‸ | quote }}\r\n");
        assert!(taken(&text)[1].ends_with("  a: {{ .Values.image.tag | quote }}\r\n"));
    }

    #[test]
    fn an_environment_is_offered_the_values_of_the_chart() {
        let values = |text: &str| chart(&format!("# file: c/values-prod.yaml\n{text}"));
        assert_eq!(labels(&values("replicas: 3\n‸")), ["image", "list"]);
        assert_eq!(labels(&values("image:\n  t‸\nreplicas: 3\n")), ["repository", "tag"]);
        assert_eq!(labels(&values("image:\n  tag: ‸\n")), [""; 0]);
        assert!(taken(&values("image:\n  t‸\n"))[1].ends_with("image:\n  tag: \n"));
    }
}
