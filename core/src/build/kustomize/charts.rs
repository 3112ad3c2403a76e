//! `helmCharts`: charts in the project, rendered and added to the objects of a kustomization, where
//! Kustomize runs `helm template`.

use super::Builder;
use super::accumulated::{Accumulated, Kustomization};
use super::load::add_objects;
use super::sources::Found;
use super::value::{Data, Value};
use crate::build::helm::{
    self, Chart, ChartFile, Hook, Layer, ProblemKind, ReleaseOptions, RenderedTemplate,
    TemplateKind,
};
use crate::build::origin::Text;
use crate::syntax::Scalar;
use crate::text::{Span, join_path};
use std::rc::Rc;
use std::sync::Arc;

/// How `valuesInline` and the values file meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValuesMerge {
    /// The values in the kustomization win.
    Override,
    /// The values file wins.
    Merge,
    /// The values file is not read.
    Replace,
}

impl Builder<'_, '_> {
    /// Renders the charts of a kustomization and adds their objects. Returns whether the result is the same
    /// for all that use the kustomization: a chart without a namespace gets that of an overlay.
    pub(super) fn charts(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) -> bool {
        let mut complete = true;
        for entry in kustomization.list("helmCharts") {
            self.chart(kustomization, entry, all);
            complete &= entry.str_at(&["namespace"]).is_some()
                || kustomization.value.str_at(&["namespace"]).is_some();
        }
        for entry in kustomization.list("helmChartInflationGenerator") {
            let name = entry.str_at(&["chartName"]).unwrap_or("a chart");
            let message = format!("helmChartInflationGenerator: `{name}` is not rendered here");
            all.not_built(entry.span, message);
        }
        complete
    }

    fn chart(&mut self, kustomization: &Kustomization<'_>, entry: &Value, all: &mut Accumulated) {
        let Some(name) = entry.str_at(&["name"]) else {
            all.refuse(entry.span, "an entry of `helmCharts` needs a `name`");
            return;
        };
        let Some(folder) = self.chart_folder(kustomization, entry, name) else {
            let message = match entry.str_at(&["repo"]) {
                Some(repository) => format!("the chart `{name}` comes from `{repository}`"),
                None => format!("the chart `{name}` is not in the project"),
            };
            all.not_built(entry.span, message);
            return;
        };
        let Some(values) = self.chart_values(kustomization, entry, &folder, all) else { return };
        let files: Vec<ChartFile> =
            self.sources.below(&folder).map(|file| file.in_chart(&folder)).collect();
        all.read.extend(files.iter().map(|file| file.file));
        let chart = match Chart::load(&files) {
            Ok(chart) => chart,
            Err(failure) => {
                all.refuse(failure.place().unwrap_or(entry.span), failure.to_string());
                return;
            }
        };
        let mut options = options(entry, values);
        let inherited = self.namespaces.iter().rev().flatten().next();
        if let Some(namespace) = entry.str_at(&["namespace"]).or(inherited.map(String::as_str)) {
            options.namespace = namespace.to_owned();
        }
        let rendered = helm::render(&chart, &options);
        for problem in rendered.problems {
            let span = problem.span.unwrap_or(entry.span);
            match problem.kind {
                ProblemKind::MissingDependency => all.not_built(span, problem.message),
                ProblemKind::Stopped(_) | ProblemKind::Schema => all.refuse(span, problem.message),
            }
        }
        let is_set = |key: &str| entry.get(key).is_some_and(Value::is_true);
        let (with_crds, no_hooks, no_tests) =
            (is_set("includeCRDs"), is_set("skipHooks"), is_set("skipTests"));
        let file = self.sources.file(&join_path(&folder, "Chart.yaml"));
        let file = file.map_or(kustomization.file, |file| file.id);
        let mut objects = Vec::new();
        for template in rendered.templates {
            if template.kind == TemplateKind::Crd && !with_crds {
                continue;
            }
            let is_left_out = |hooks: &[Hook]| {
                (no_hooks && !hooks.is_empty()) || (no_tests && hooks.contains(&Hook::Test))
            };
            for document in self.rendered_documents(&template, &is_left_out, entry.span, all) {
                add_objects(document, file, &mut objects, all);
            }
        }
        objects.iter_mut().for_each(|object| object.from_chart = true);
        all.append(objects, &Rc::clone(&self.schema));
    }

    /// Returns the folder of a chart, if it lies in the project.
    fn chart_folder(
        &self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        name: &str,
    ) -> Option<String> {
        let home = kustomization.value.str_at(&["helmGlobals", "chartHome"]).unwrap_or("charts");
        let home = join_path(kustomization.folder, home);
        let plain = join_path(&home, name);
        let mut folders = vec![plain];
        if let (Some(version), Some(_)) = (entry.str_at(&["version"]), entry.str_at(&["repo"])) {
            // Where Kustomize has pulled this version to.
            folders.insert(0, join_path(&home, &format!("{name}-{version}/{name}")));
        }
        let is_chart =
            |folder: &String| self.sources.file(&join_path(folder, "Chart.yaml")).is_some();
        folders.into_iter().find(is_chart)
    }

    /// Returns the values over those of the chart; `None` where they cannot be known.
    fn chart_values(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        folder: &str,
        all: &mut Accumulated,
    ) -> Option<Vec<Layer>> {
        let inline = entry.get("valuesInline").filter(|values| !values.is_null());
        let merge = match entry.str_at(&["valuesMerge"]) {
            None | Some("" | "override") => ValuesMerge::Override,
            Some("merge") => ValuesMerge::Merge,
            Some("replace") => ValuesMerge::Replace,
            Some(unknown) => {
                let message = format!(
                    "`valuesMerge` must be `merge`, `override` or `replace`, not `{unknown}`"
                );
                all.refuse(entry.span, message);
                return None;
            }
        };
        let file = match entry.get("valuesFile").filter(|file| !file.is_null()) {
            Some(path) => Some(self.values_file(kustomization, path, all)?),
            None => self.sources.file(&join_path(folder, "values.yaml")).map(|file| {
                let text = Text::written(&**file.text, Span::new(file.id, 0, file.text.len()));
                Layer::File(Arc::new(text))
            }),
        };
        let inline = inline.map(|values| {
            let mut text = Text::new();
            write(values, &mut text);
            Layer::File(Arc::new(text))
        });
        let mut layers: Vec<Layer> = match (merge, inline) {
            (_, None) => file.into_iter().collect(),
            (ValuesMerge::Override, inline) => file.into_iter().chain(inline).collect(),
            (ValuesMerge::Merge, inline) => inline.into_iter().chain(file).collect(),
            (ValuesMerge::Replace, inline) => inline.into_iter().collect(),
        };
        for path in entry.get("additionalValuesFiles").map(Value::items).unwrap_or_default() {
            layers.push(self.values_file(kustomization, path, all)?);
        }
        Some(layers)
    }

    fn values_file(
        &mut self,
        kustomization: &Kustomization<'_>,
        path: &Value,
        all: &mut Accumulated,
    ) -> Option<Layer> {
        let text = path.as_str().unwrap_or_default();
        if matches!(self.sources.find(kustomization.folder, text).0, Found::Remote) {
            all.not_built(path.span, format!("remote values file `{text}`"));
            return None;
        }
        let file = self.read_file(kustomization, path, all)?;
        let text = Text::written(&**file.text, Span::new(file.id, 0, file.text.len()));
        Some(Layer::File(Arc::new(text)))
    }

    /// Reads what a template renders, with the places of its sources.
    fn rendered_documents(
        &mut self,
        template: &RenderedTemplate,
        is_left_out: &dyn Fn(&[Hook]) -> bool,
        at: Span,
        all: &mut Accumulated,
    ) -> Vec<Value> {
        let text = &template.text;
        let mut tree = template.tree.clone();
        let left_out: Vec<usize> = template
            .documents
            .iter()
            .filter(|document| is_left_out(&document.hooks))
            .map(|document| document.range.start)
            .collect();
        tree.documents.retain(|document| !left_out.contains(&(document.span.start as usize)));
        // Text that the renderer made itself belongs to the template that surrounds it.
        let fallback = text.pieces().first().map_or(at, |piece| piece.from);
        let place = |span: Span| text.locate(span.range()).map_or(fallback, |place| place.span);
        for problem in &template.yaml_problems {
            let message = format!("what the chart renders is not valid YAML: {}", problem.message);
            all.refuse(place(problem.span), message);
        }
        tree.map_spans(&mut |span| place(span));
        let mut documents = Vec::new();
        for root in tree.roots() {
            match Value::read(root, &mut self.budget) {
                Some(value) if value.is_null() => {}
                Some(value) => documents.push(value),
                None => {
                    all.too_large(at);
                    break;
                }
            }
        }
        documents
    }
}

/// Returns what an entry says about the release. Helm makes up a name where the entry has none.
fn options(entry: &Value, values: Vec<Layer>) -> ReleaseOptions {
    let mut options = ReleaseOptions { values, ..ReleaseOptions::default() };
    if let Some(name) = entry.str_at(&["releaseName"]) {
        options.name = name.to_owned();
    }
    options.kube_version = entry.str_at(&["kubeVersion"]).map(str::to_owned);
    let versions = entry.get("apiVersions").map(Value::items).unwrap_or_default();
    options.api_versions = versions.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
    options
}

/// Writes a value as YAML in flow style, each scalar with the place that it is written at.
fn write(value: &Value, text: &mut Text) {
    match &value.data {
        Data::Scalar(scalar) => {
            let written = match scalar.typed() {
                Scalar::Str(string) => quoted(string),
                Scalar::Null => "null".to_owned(),
                Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_) => {
                    scalar.text.to_string()
                }
            };
            text.push_placed(&written, value.span, false, None);
        }
        Data::List(items) => {
            text.push_placed("[", value.span, false, None);
            for (at, item) in items.iter().enumerate() {
                text.push_plain(if at > 0 { ", " } else { "" });
                write(item, text);
            }
            text.push_placed("]", value.span, false, None);
        }
        Data::Map(map) => {
            text.push_placed("{", value.span, false, None);
            for (at, (key, field)) in map.iter().enumerate() {
                text.push_plain(if at > 0 { ", " } else { "" });
                text.push_placed(&quoted(key), field.key, false, None);
                text.push_plain(": ");
                write(&field.value, text);
            }
            text.push_placed("}", value.span, false, None);
        }
    }
}

/// Returns a string in double quotes, as JSON and YAML read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
