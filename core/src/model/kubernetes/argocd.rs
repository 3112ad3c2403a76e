//! The objects of Argo CD: Application, ApplicationSet and AppProject.

use super::generators::{Generator, read_generators};
use crate::build::kustomize::Value;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::Node;
use crate::text::Spanned;

/// An Application: what is deployed, from where and to where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Application {
    pub project: Option<Str>,
    /// `source`, or all of `sources`, which replace it.
    pub sources: Vec<ApplicationSource>,
    pub destination: Destination,
    pub automated: Option<AutomatedSync>,
    pub sync_options: Vec<Str>,
    pub ignore_differences: Vec<IgnoredDifference>,
    pub place: Option<Place>,
}

impl Application {
    /// Whether a sync option is switched on, as `RespectIgnoreDifferences`.
    pub fn has_sync_option(&self, name: &str) -> bool {
        self.sync_options.iter().any(|option| {
            option.split_once('=').is_some_and(|(key, value)| key == name && value == "true")
        })
    }

    /// Returns the source with a `ref`, which lends its files to the values of others.
    pub fn referenced(&self, name: &str) -> Option<&ApplicationSource> {
        let is_named = |source: &&ApplicationSource| {
            source.reference.as_ref().is_some_and(|reference| reference.as_str() == name)
        };
        self.sources.iter().find(is_named)
    }
}

/// Where an Application's manifests come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApplicationSource {
    pub repo_url: Option<Str>,
    /// The folder in the repository; none for a chart of a Helm repository.
    pub path: Option<Str>,
    /// The name of a chart in a Helm repository.
    pub chart: Option<Str>,
    pub target_revision: Option<Str>,
    /// The name under which other sources use the files of this one.
    pub reference: Option<Str>,
    pub helm: Option<HelmOptions>,
    pub kustomize: Option<KustomizeOptions>,
    pub directory: Option<DirectoryOptions>,
    /// Whether a plugin makes the manifests.
    pub has_plugin: bool,
    pub place: Place,
}

/// What a chart is rendered with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HelmOptions {
    pub release_name: Option<Str>,
    pub namespace: Option<Str>,
    /// The later ones win.
    pub value_files: Vec<Str>,
    pub ignores_missing_value_files: bool,
    /// Values as YAML text.
    pub values: Option<Str>,
    /// Values as a mapping, which win over `values`.
    pub values_object: Option<Value>,
    /// Values as with `--set`, which win over all others.
    pub parameters: Vec<HelmParameter>,
    pub file_parameters: Vec<Str>,
    pub kube_version: Option<Str>,
    pub api_versions: Vec<Str>,
    pub skips_crds: bool,
}

/// An entry of `parameters`.
#[derive(Debug, Clone, PartialEq)]
pub struct HelmParameter {
    pub name: Str,
    pub value: Str,
    pub is_string: bool,
}

/// Changes to a kustomization.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KustomizeOptions {
    pub name_prefix: Option<Str>,
    pub name_suffix: Option<Str>,
    pub namespace: Option<Str>,
    pub images: Vec<Str>,
    /// Names of workloads with their numbers of replicas.
    pub replicas: Vec<(Str, Str)>,
    pub common_labels: Vec<(Str, Str)>,
    pub labels_without_selectors: bool,
    pub labels_include_templates: bool,
    pub common_annotations: Vec<(Str, Str)>,
    pub components: Vec<Str>,
    pub patches: Vec<Value>,
}

/// Which files of a folder of plain manifests are applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DirectoryOptions {
    pub recurse: bool,
    pub include: Option<Str>,
    pub exclude: Option<Str>,
}

/// Where an Application is deployed to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Destination {
    pub server: Option<Str>,
    /// The name of the cluster in Argo CD.
    pub name: Option<Str>,
    pub namespace: Option<Str>,
    pub place: Option<Place>,
}

/// `syncPolicy.automated`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutomatedSync {
    pub enabled: Option<Spanned<bool>>,
    pub prune: Option<Spanned<bool>>,
    pub self_heal: Option<Spanned<bool>>,
    pub place: Place,
}

/// An entry of `ignoreDifferences`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IgnoredDifference {
    pub group: Option<Str>,
    pub kind: Option<Str>,
    pub name: Option<Str>,
    pub namespace: Option<Str>,
    pub json_pointers: Vec<Str>,
    pub jq_paths: Vec<Str>,
    pub managers: Vec<Str>,
}

/// An ApplicationSet: a template of Applications, and what fills it in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApplicationSet {
    pub generators: Vec<Generator>,
    /// Whether the template is one of Go; otherwise only `{{name}}` is replaced.
    pub go_template: bool,
    pub go_template_options: Vec<Str>,
    /// `metadata` and `spec` of the Applications, with placeholders.
    pub template: Option<Value>,
    /// A patch of the Applications, as template text.
    pub template_patch: Option<Str>,
    /// The template read as it stands, with its placeholders.
    pub application: Application,
}

impl ApplicationSet {
    /// Whether a missing parameter is an error, and not an empty place in the Application.
    pub fn refuses_missing_keys(&self) -> bool {
        self.go_template
            && self.go_template_options.iter().any(|option| option.as_str() == "missingkey=error")
    }
}

/// An AppProject: which sources may be deployed to which destinations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppProject {
    pub source_repos: Vec<Str>,
    pub destinations: Vec<Destination>,
}

pub(crate) fn read_application(reader: &mut Reader, spec: Node<'_>) -> Application {
    let mut it = Application { place: Some(reader.place(spec)), ..Application::default() };
    let mut sources = Vec::new();
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "project" => reader.read(value, &mut it.project),
            "source" => it.sources.push(read_source(reader, value)),
            "sources" => {
                sources = reader.list(value, |reader, item| Some(read_source(reader, item)))
            }
            "destination" => it.destination = read_destination(reader, value),
            "syncPolicy" => read_sync_policy(reader, value, &mut it),
            "ignoreDifferences" => it.ignore_differences = reader.list(value, read_difference),
            _ => {}
        }
        true
    });
    if !sources.is_empty() {
        it.sources = sources;
    }
    it
}

fn read_sync_policy(reader: &mut Reader, node: Node<'_>, application: &mut Application) {
    reader.each(node, "", |reader, key, entry| {
        match key {
            "automated" => application.automated = Some(read_automated(reader, entry.value)),
            "syncOptions" => reader.read(entry.value, &mut application.sync_options),
            _ => {}
        }
        true
    });
}

fn read_automated(reader: &mut Reader, node: Node<'_>) -> AutomatedSync {
    let mut it = AutomatedSync { place: reader.place(node), ..AutomatedSync::default() };
    reader.each(node, "", |reader, key, entry| {
        match key {
            "enabled" => reader.read(entry.value, &mut it.enabled),
            "prune" => reader.read(entry.value, &mut it.prune),
            "selfHeal" => reader.read(entry.value, &mut it.self_heal),
            _ => {}
        }
        true
    });
    it
}

fn read_source(reader: &mut Reader, node: Node<'_>) -> ApplicationSource {
    let mut it = ApplicationSource { place: reader.place(node), ..ApplicationSource::default() };
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "repoURL" => reader.read(value, &mut it.repo_url),
            "path" => reader.read(value, &mut it.path),
            "chart" => reader.read(value, &mut it.chart),
            "targetRevision" => reader.read(value, &mut it.target_revision),
            "ref" => reader.read(value, &mut it.reference),
            "helm" => it.helm = Some(read_helm(reader, value)),
            "kustomize" => it.kustomize = Some(read_kustomize(reader, value)),
            "directory" => it.directory = Some(read_directory(reader, value)),
            "plugin" => it.has_plugin = true,
            _ => {}
        }
        true
    });
    it
}

fn read_helm(reader: &mut Reader, node: Node<'_>) -> HelmOptions {
    let mut it = HelmOptions::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "releaseName" => reader.read(value, &mut it.release_name),
            "namespace" => reader.read(value, &mut it.namespace),
            "valueFiles" => reader.read(value, &mut it.value_files),
            "ignoreMissingValueFiles" => it.ignores_missing_value_files = is_on(reader, value),
            "values" => reader.read(value, &mut it.values),
            "valuesObject" => it.values_object = Value::of(value),
            "parameters" => it.parameters = reader.list(value, read_parameter),
            "fileParameters" => {
                it.file_parameters =
                    reader.list(value, |reader, item| reader.str(item.get("name")?));
            }
            "kubeVersion" => reader.read(value, &mut it.kube_version),
            "apiVersions" => reader.read(value, &mut it.api_versions),
            "skipCrds" => it.skips_crds = is_on(reader, value),
            _ => {}
        }
        true
    });
    it
}

fn read_parameter(reader: &mut Reader, node: Node<'_>) -> Option<HelmParameter> {
    let is_string = node.get("forceString").is_some_and(|flag| is_on(reader, flag));
    let name = reader.str(node.get("name")?)?;
    let value = reader.str(node.get("value")?)?;
    Some(HelmParameter { name, value, is_string })
}

fn read_kustomize(reader: &mut Reader, node: Node<'_>) -> KustomizeOptions {
    let mut it = KustomizeOptions::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "namePrefix" => reader.read(value, &mut it.name_prefix),
            "nameSuffix" => reader.read(value, &mut it.name_suffix),
            "namespace" => reader.read(value, &mut it.namespace),
            "images" => reader.read(value, &mut it.images),
            "replicas" => {
                it.replicas = reader.list(value, |reader, item| {
                    Some((reader.str(item.get("name")?)?, reader.str(item.get("count")?)?))
                });
            }
            "commonLabels" => it.common_labels = reader.pairs(value),
            "labelWithoutSelector" => it.labels_without_selectors = is_on(reader, value),
            "labelIncludeTemplates" => it.labels_include_templates = is_on(reader, value),
            "commonAnnotations" => it.common_annotations = reader.pairs(value),
            "components" => reader.read(value, &mut it.components),
            "patches" => it.patches = value.items().filter_map(Value::of).collect(),
            _ => {}
        }
        true
    });
    it
}

fn read_directory(reader: &mut Reader, node: Node<'_>) -> DirectoryOptions {
    let mut it = DirectoryOptions::default();
    reader.each(node, "", |reader, key, entry| {
        match key {
            "recurse" => it.recurse = is_on(reader, entry.value),
            "include" => reader.read(entry.value, &mut it.include),
            "exclude" => reader.read(entry.value, &mut it.exclude),
            _ => {}
        }
        true
    });
    it
}

fn is_on(reader: &mut Reader, node: Node<'_>) -> bool {
    reader.bool(node).is_some_and(|flag| flag.value)
}

fn read_destination(reader: &mut Reader, node: Node<'_>) -> Destination {
    let mut it = Destination { place: Some(reader.place(node)), ..Destination::default() };
    reader.each(node, "", |reader, key, entry| {
        match key {
            "server" => reader.read(entry.value, &mut it.server),
            "name" => reader.read(entry.value, &mut it.name),
            "namespace" => reader.read(entry.value, &mut it.namespace),
            _ => {}
        }
        true
    });
    it
}

fn read_difference(reader: &mut Reader, node: Node<'_>) -> Option<IgnoredDifference> {
    let mut it = IgnoredDifference::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "group" => reader.read(value, &mut it.group),
            "kind" => reader.read(value, &mut it.kind),
            "name" => reader.read(value, &mut it.name),
            "namespace" => reader.read(value, &mut it.namespace),
            "jsonPointers" => reader.read(value, &mut it.json_pointers),
            "jqPathExpressions" => reader.read(value, &mut it.jq_paths),
            "managedFieldsManagers" => reader.read(value, &mut it.managers),
            _ => {}
        }
        true
    });
    Some(it)
}

pub(crate) fn read_application_set(reader: &mut Reader, spec: Node<'_>) -> ApplicationSet {
    let mut it = ApplicationSet::default();
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "generators" => it.generators = read_generators(reader, value, 0),
            "goTemplate" => it.go_template = is_on(reader, value),
            "goTemplateOptions" => reader.read(value, &mut it.go_template_options),
            "template" => {
                it.template = Value::of(value);
                // Placeholders stand where numbers and flags will be, which is no mistake.
                let mut lenient = Reader::new();
                let spec = value.get("spec");
                it.application =
                    spec.map(|spec| read_application(&mut lenient, spec)).unwrap_or_default();
            }
            "templatePatch" => reader.read(value, &mut it.template_patch),
            _ => {}
        }
        true
    });
    it
}

pub(crate) fn read_app_project(reader: &mut Reader, spec: Node<'_>) -> AppProject {
    let mut it = AppProject::default();
    reader.each(spec, "", |reader, key, entry| {
        match key {
            "sourceRepos" => reader.read(entry.value, &mut it.source_repos),
            "destinations" => {
                it.destinations =
                    reader.list(entry.value, |reader, item| Some(read_destination(reader, item)));
            }
            _ => {}
        }
        true
    });
    it
}
