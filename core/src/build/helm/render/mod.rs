//! Renders a chart for one release.

mod capabilities;
mod hooks;
mod metadata;

pub use hooks::{Document, Hook};

use super::chart::Chart;
use super::exec::{Engine, Namespace};
use super::failure::{Failure, FailureKind, Result};
use super::format;
use super::object::{Files, Object};
use super::template::KnownTemplates;
use super::value::{Data, Dict, Heap, Value};
use super::values::{self, Missing, Node, Nulls};
use super::yaml;
use crate::build::origin::Text;
use crate::syntax::{self, Tree};
use crate::text::{FileId, Span};
use std::rc::Rc;
use std::sync::Arc;

/// Options of a rendering: the release, its values and the cluster.
#[derive(Debug, Clone)]
pub struct ReleaseOptions {
    pub name: String,
    pub namespace: String,
    /// An upgrade and not a first installation.
    pub is_upgrade: bool,
    pub revision: u32,
    /// The cluster's version, `1.30` or `v1.30.2`; without one, what Helm assumes.
    pub kube_version: Option<String>,
    /// API versions of the cluster besides Kubernetes' own, `monitoring.coreos.com/v1`.
    pub api_versions: Vec<String>,
    /// What `now` is, in seconds since 1970. The core reads no clock.
    pub now: i64,
    /// Values over those of the chart, later ones over earlier ones.
    pub values: Vec<Layer>,
    /// Whether the chart's own `values.yaml` is left out. Those of its subcharts stay.
    pub replaces_own_values: bool,
    /// What `required` gives in the place of an empty value; without it, the rendering stops, as in Helm.
    pub stand_in: Option<&'static str>,
}

impl Default for ReleaseOptions {
    fn default() -> ReleaseOptions {
        ReleaseOptions {
            name: "release-name".to_owned(),
            namespace: "default".to_owned(),
            is_upgrade: false,
            revision: 1,
            kube_version: None,
            api_versions: Vec::new(),
            now: 0,
            values: Vec::new(),
            replaces_own_values: false,
            stand_in: None,
        }
    }
}

/// Values that are given for a release.
#[derive(Debug, Clone)]
pub enum Layer {
    /// A values file: `--values`.
    File(Arc<Text>),
    /// Assignments: `--set`, or `--set-string` where all values are strings. `place` is where
    /// somebody wrote them.
    Set { assignments: String, strings: bool, place: Option<Span> },
}

/// Result of rendering a chart.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The manifests, in the order of their paths. Empty if a problem stopped the rendering.
    pub templates: Vec<RenderedTemplate>,
    /// Why something is missing. `Stopped` is the only one that leaves nothing.
    pub problems: Vec<Problem>,
    /// Steps that the rendering took of its budget.
    pub steps: u64,
}

/// A template or CRD file with its text.
#[derive(Debug, Clone)]
pub struct RenderedTemplate {
    /// Path as Helm prints it: `chart/templates/deployment.yaml`.
    pub path: String,
    pub kind: TemplateKind,
    pub text: Text,
    /// The text as YAML, with places in the text.
    pub tree: Tree,
    /// What is wrong with the text as YAML.
    pub yaml_problems: Vec<syntax::Problem>,
    /// The text's YAML documents and the hooks that they are.
    pub documents: Vec<Document>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateKind {
    Manifest,
    /// A file of `crds/`, which is installed before everything else and is not a template.
    Crd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub message: String,
    /// Place of the problem, if that is in a file of the project.
    pub span: Option<Span>,
    /// The whole error in Helm's words, with all templates on the way.
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// Helm stops: nothing is rendered.
    Stopped(FailureKind),
    /// The values break `values.schema.json`: Helm refuses them, and the rest is what it would
    /// render otherwise.
    Schema,
    /// A dependency is not in `charts/`: it was left out.
    MissingDependency,
}

/// Renders a chart. Never fails: what went wrong is in the problems.
pub fn render(chart: &Chart, options: &ReleaseOptions) -> Rendered {
    render_again(chart, options, &KnownTemplates::default())
}

/// Renders a chart, some of whose templates may have been parsed before.
pub fn render_again(chart: &Chart, options: &ReleaseOptions, known: &KnownTemplates) -> Rendered {
    let mut heap = Heap::default();
    heap.stand_in = options.stand_in;
    let mut rendered = Rendered::default();
    match Rendering::new(chart, options, &heap, &mut rendered.problems)
        .and_then(|rendering| rendering.templates(known))
    {
        Ok(templates) => rendered.templates = templates,
        Err(failure) => rendered.problems.push(stopped(&failure)),
    }
    rendered.steps = heap.budget.steps_spent();
    rendered
}

/// The failure as the problem of a whole chart.
pub fn stopped(failure: &Failure) -> Problem {
    Problem {
        kind: ProblemKind::Stopped(failure.kind),
        message: failure.message.clone(),
        span: failure.place(),
        detail: Some(failure.to_string()),
    }
}

/// A chart with everything that its templates see.
struct Rendering<'r> {
    heap: &'r Heap,
    node: Node<'r>,
    options: &'r ReleaseOptions,
    values: Dict,
}

/// A template with the values of its chart.
struct Job {
    path: String,
    base_path: String,
    text: Arc<Text>,
    top: Dict,
}

impl<'r> Rendering<'r> {
    fn new(
        chart: &'r Chart,
        options: &'r ReleaseOptions,
        heap: &'r Heap,
        problems: &mut Vec<Problem>,
    ) -> Result<Rendering<'r>> {
        let given = given_values(&options.values, heap)?;
        let mut node = Node::new(chart, heap)?;
        if options.replaces_own_values {
            node.defaults = heap.dict_of([])?;
        }
        let missing = values::process(&mut node, &given, heap)?;
        problems.extend(missing.iter().map(missing_problem));
        let values = values::coalesce(&node, &given, Nulls::Remove, heap)?;
        check_schemas(&node, &values, heap, problems)?;
        Ok(Rendering { heap, node, options, values })
    }

    fn templates(&self, known: &KnownTemplates) -> Result<Vec<RenderedTemplate>> {
        let release = super::render::capabilities::release(self.options, self.heap)?;
        let shared = Shared {
            release: Data::Dict(release).into(),
            capabilities: capabilities::capabilities(self.options),
        };
        let mut jobs = Vec::new();
        self.jobs(&self.node, &self.values, "", &shared, &mut jobs)?;
        // Helm goes from the deepest paths to the shortest, so that a parent's definition of a
        // template replaces a subchart's.
        jobs.sort_by(|a, b| {
            let key = |job: &Job| (job.path.matches('/').count(), job.path.clone());
            key(b).cmp(&key(a))
        });
        let mut namespace = Namespace::default();
        for job in &jobs {
            namespace.add(&*known.parse(&job.path, &job.text)?);
        }
        let namespace = Rc::new(namespace);
        let engine = Engine::new(self.heap, self.options.now);
        let mut templates = Vec::new();
        for job in &jobs {
            let name = job.path.rsplit('/').next().unwrap_or(&job.path);
            if name.starts_with('_') {
                continue;
            }
            let Some(template) = namespace.get(&job.path) else { continue };
            job.top.set("Template", self.template_info(job)?);
            let text = engine.execute(template, &namespace, &Data::Dict(job.top.clone()).into())?;
            let text = text.replace(format::NO_VALUE, &Text::new());
            if name != "NOTES.txt" {
                templates.push(manifest(job.path.clone(), TemplateKind::Manifest, text));
            }
        }
        self.crds(&self.node, "", &mut templates);
        templates.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(templates)
    }

    fn template_info(&self, job: &Job) -> Result<Value> {
        let dict = self.heap.dict_of([
            ("Name", Value::string(job.path.as_str())),
            ("BasePath", Value::string(job.base_path.as_str())),
        ])?;
        Ok(Data::Dict(dict).into())
    }

    /// Collects the templates of a chart and its subcharts; returns what templates see of it.
    fn jobs(
        &self,
        node: &Node<'_>,
        values: &Dict,
        parent: &str,
        shared: &Shared,
        jobs: &mut Vec<Job>,
    ) -> Result<Dict> {
        let path = if parent.is_empty() {
            node.name.clone()
        } else {
            format!("{parent}/charts/{}", node.name)
        };
        let subcharts = self.heap.dict_of([])?;
        let files = node.chart.files.iter();
        let files = files.map(|file| (file.path.as_str().into(), Rc::new((*file.text).clone())));
        let files = Object::Files(Files::new(files.collect()));
        let about = metadata::chart(node.chart, &node.name, parent.is_empty(), self.heap)?;
        let top = self.heap.dict_of([
            ("Chart", Data::Dict(about).into()),
            ("Files", Data::Object(Rc::new(files)).into()),
            ("Release", shared.release.clone()),
            ("Capabilities", shared.capabilities.clone()),
            ("Values", Data::Dict(values.clone()).into()),
            ("Subcharts", Data::Dict(subcharts.clone()).into()),
        ])?;
        for child in &node.children {
            let own = match values.get(&child.name) {
                Some(Value { data: Data::Dict(own), .. }) => own,
                _ => self.heap.dict_of([])?,
            };
            let inner = self.jobs(child, &own, &path, shared, jobs)?;
            subcharts.set(&child.name, Data::Dict(inner).into());
        }
        for file in &node.chart.templates {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if node.chart.metadata.library && !name.starts_with('_') {
                continue;
            }
            jobs.push(Job {
                path: format!("{path}/{}", file.path),
                base_path: format!("{path}/templates"),
                text: Arc::clone(&file.text),
                top: top.clone(),
            });
        }
        Ok(top)
    }

    fn crds(&self, node: &Node<'_>, parent: &str, templates: &mut Vec<RenderedTemplate>) {
        let path = if parent.is_empty() {
            node.name.clone()
        } else {
            format!("{parent}/charts/{}", node.name)
        };
        for file in node.chart.crds() {
            let text = (*file.text).clone();
            templates.push(manifest(format!("{path}/{}", file.path), TemplateKind::Crd, text));
        }
        for child in &node.children {
            self.crds(child, &path, templates);
        }
    }
}

/// What all charts of a release see alike.
struct Shared {
    release: Value,
    capabilities: Value,
}

fn manifest(path: String, kind: TemplateKind, text: Text) -> RenderedTemplate {
    let (tree, yaml_problems) = syntax::parse(FileId(0), &text.as_str().into(), None);
    let documents = hooks::documents(text.as_str(), &tree);
    RenderedTemplate { path, kind, text, tree, yaml_problems, documents }
}

fn missing_problem(missing: &Missing) -> Problem {
    let Missing { parent, name, place } = missing;
    Problem {
        kind: ProblemKind::MissingDependency,
        message: format!(
            "`{name}` is a dependency of `{parent}` and is not in its `charts/` folder"
        ),
        span: *place,
        detail: None,
    }
}

/// The values of all layers, later ones over earlier ones.
fn given_values(layers: &[Layer], heap: &Heap) -> Result<Dict> {
    let given = heap.dict_of([])?;
    for layer in layers {
        match layer {
            Layer::File(text) => {
                let whole = text.locate(0..text.len()).map(|place| place.span);
                let placed = |mut failure: Box<Failure>| {
                    failure.span = failure.span.or(whole);
                    failure
                };
                for document in yaml::read_all(text, heap).map_err(placed)? {
                    match document.data {
                        Data::Null => {}
                        Data::Dict(dict) => values::merge_over(&given, &dict, heap)?,
                        _ => {
                            return Err(placed(Failure::new("a values file is a mapping")));
                        }
                    }
                }
            }
            Layer::Set { assignments, strings, place } => {
                values::apply_set(&given, assignments, *strings, *place, heap)?;
            }
        }
    }
    Ok(given)
}

/// Checks the values of each chart that has a schema.
fn check_schemas(
    node: &Node<'_>,
    values: &Dict,
    heap: &Heap,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    if let Some(schema) = &node.chart.schema {
        let value = Data::Dict(values.clone()).into();
        let errors = values::validate(&value, schema.as_str(), heap)?;
        if !errors.is_empty() {
            let message = format!(
                "the values of `{}` break its values.schema.json: {}",
                node.name,
                errors.join("; ")
            );
            let span = schema.locate(0..schema.len()).map(|place| place.span);
            let detail = Some(errors.join("\n"));
            problems.push(Problem { kind: ProblemKind::Schema, message, span, detail });
        }
    }
    for child in &node.children {
        if let Some(Value { data: Data::Dict(own), .. }) = values.get(&child.name) {
            check_schemas(child, &own, heap, problems)?;
        }
    }
    Ok(())
}
