//! Charts as their authors wrote them: `Chart.yaml`, values files, and what the templates read.

mod values;

use super::{FileModel, Place};
use crate::build::helm::{ChartFile, Content, KnownTemplates, Version, uses};
use crate::build::{chart_folders, is_further_values_file};
use crate::report::Kind;
use crate::syntax::{Node, Scalar, Tree};
use crate::text::{FileId, Span, join_path, name_of};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::sync::Arc;
use values::MAX_DEPTH;

pub use crate::build::helm::uses::{Condition, Missing, ValueRead, ValueUses, Wanted};
pub use values::{Value, ValueKind, Values, ValuesFile, value_at};

/// A chart that is not vendored into another one.
#[derive(Debug)]
pub struct Chart {
    /// Path of the folder; empty for the root of the project.
    pub folder: String,
    /// `Chart.yaml`.
    pub file: FileId,
    pub api_version: Option<Field>,
    pub name: Option<Field>,
    pub version: Option<Field>,
    pub app_version: Option<Field>,
    /// The place of the mapping in `Chart.yaml`.
    pub place: Place,
    /// `type`: `application` or `library`.
    pub chart_type: Option<Field>,
    pub dependencies: Vec<Dependency>,
    /// `requirements.yaml`, in which charts of the first version name their dependencies.
    pub requirements: Option<FileId>,
    /// The key `dependencies` in `Chart.yaml`.
    pub dependencies_key: Option<Span>,
    /// `values.yaml`.
    pub values: Option<ValuesFile>,
    /// The values files for further environments, sorted by path.
    pub further: Vec<ValuesFile>,
    /// The paths that `values.schema.json` requires.
    pub required: Vec<Vec<SmolStr>>,
    /// The names of the charts in `charts/`.
    pub vendored: Vec<String>,
    pub uses: ValueUses,
    /// The values that texts of values and files read, where texts are rendered as templates.
    pub text_reads: Vec<Vec<SmolStr>>,
    /// Whether `Chart.yaml` could be read as a mapping without problems.
    pub is_readable: bool,
}

/// A scalar of `Chart.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub text: SmolStr,
    pub key: Span,
    pub span: Span,
    /// The value of an unquoted number, if YAML reads it as other text: `1.1` for `1.10`.
    pub reads_as: Option<String>,
}

/// How a version is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionForm {
    /// `1.2.3`, as semantic versioning has it.
    Strict,
    /// `1.2` or `v1.2.3`, which Helm takes as well.
    Loose,
    Invalid,
}

/// A chart that another one asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The file that names it: `Chart.yaml` or `requirements.yaml`.
    pub span: Span,
    pub name: Option<Field>,
    pub version: Option<Field>,
    pub repository: Option<Field>,
    pub alias: Option<Field>,
    pub condition: Option<Field>,
    /// Whether values of the dependency are taken over: `import-values`.
    pub imports: bool,
}

impl Field {
    fn read(node: Node<'_>, key: &str) -> Option<Field> {
        let entry = node.entry(key)?;
        let text = entry.value.as_str()?;
        if entry.value.is_null() {
            return None;
        }
        let reads_as = match entry.value.scalar() {
            Some(Scalar::Float(number)) => Some(number.to_string()).filter(|it| it != text),
            _ => None,
        };
        let span = entry.value.span();
        Some(Field { text: text.into(), key: entry.key.span(), span, reads_as })
    }

    /// Returns how the field is written as a version.
    pub fn version_form(&self) -> VersionForm {
        match Version::parse(&self.text) {
            None => VersionForm::Invalid,
            Some(version) if version.to_string() == self.text => VersionForm::Strict,
            Some(_) => VersionForm::Loose,
        }
    }
}

impl Dependency {
    fn read(node: Node<'_>) -> Dependency {
        Dependency {
            span: node.span(),
            name: Field::read(node, "name"),
            version: Field::read(node, "version"),
            repository: Field::read(node, "repository"),
            alias: Field::read(node, "alias"),
            condition: Field::read(node, "condition"),
            imports: node.get("import-values").is_some_and(|imports| imports.items().len() > 0),
        }
    }

    /// Returns the name under which the parent gives values.
    pub fn key(&self) -> Option<&str> {
        self.alias.as_ref().or(self.name.as_ref()).map(|field| field.text.as_str())
    }

    /// Returns the folder that the dependency has by its path (`file://`). `chart` is the folder of the
    /// chart that asks for it.
    pub fn local_folder(&self, chart: &str) -> Option<String> {
        let path = self.repository.as_ref()?.text.strip_prefix("file://")?;
        Some(join_path(chart, path))
    }
}

impl Chart {
    pub fn is_library(&self) -> bool {
        self.chart_type.as_ref().is_some_and(|field| field.text.eq_ignore_ascii_case("library"))
    }

    /// Returns the name, or that of the folder.
    pub fn label(&self) -> &str {
        self.name.as_ref().map_or(name_of(&self.folder), |field| field.text.as_str())
    }

    /// Returns `values.yaml` and the further values files.
    pub fn values_files(&self) -> impl Iterator<Item = &ValuesFile> {
        self.values.iter().chain(&self.further)
    }
}

/// Charts that were read before, by their folders.
#[derive(Debug, Default)]
pub struct ChartCache(FxHashMap<String, Known>);

/// A chart and the files that it was read from.
#[derive(Debug)]
struct Known {
    files: Vec<Arc<FileModel>>,
    templates: KnownTemplates,
    chart: Arc<Chart>,
}

/// A file of a chart, with its path from the chart's folder.
type ChartSource<'f> = (&'f str, &'f Arc<FileModel>);

/// Reads the charts of a project, sorted by folder. Charts of which no file has changed are taken from the
/// cache.
pub fn charts(files: &[Arc<FileModel>], cache: &mut ChartCache) -> Vec<Arc<Chart>> {
    let mut sorted: Vec<&Arc<FileModel>> = files.iter().filter(|file| !file.is_neighbour).collect();
    sorted.sort_by_key(|file| file.path());
    let mut known = FxHashMap::default();
    let mut charts = Vec::new();
    for folder in chart_folders(sorted.iter().map(|file| file.path())) {
        let sources = Sources::new(folder, &sorted);
        let from = sources.all();
        let old = cache.0.remove(folder);
        let now = match old {
            Some(old) if are_same(&old.files, &from) => old,
            old => {
                let templates = old.map(|old| old.templates).unwrap_or_default();
                let Some(chart) = read_chart(&sources, &templates) else { continue };
                let files = from.into_iter().map(Arc::clone).collect();
                Known { files, templates, chart: Arc::new(chart) }
            }
        };
        charts.push(Arc::clone(&now.chart));
        known.insert(folder.to_owned(), now);
    }
    cache.0 = known;
    charts
}

/// Whether two lists hold the same readings of the same files.
fn are_same(old: &[Arc<FileModel>], new: &[&Arc<FileModel>]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| Arc::ptr_eq(old, new))
}

/// Returns the files below a folder, with their paths from there. `files` are sorted by path.
fn files_in<'f>(files: &[&'f Arc<FileModel>], folder: &str) -> Vec<ChartSource<'f>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let start = files.partition_point(|file| file.path() < prefix.as_str());
    let inside = files[start..].iter().map_while(|file| {
        let rest = file.path().strip_prefix(prefix.as_str())?;
        Some((rest, *file))
    });
    inside.collect()
}

/// The files that a chart is read from.
struct Sources<'f, 's> {
    folder: &'s str,
    /// The files below the chart's folder.
    own: Vec<ChartSource<'f>>,
    dependencies: Vec<Dependency>,
    /// The files of the dependencies that are named by their path.
    helpers: Vec<Vec<ChartSource<'f>>>,
    /// Whether it is vendored into another chart, whose named templates it may use.
    is_subchart: bool,
}

impl<'f, 's> Sources<'f, 's> {
    fn new(folder: &'s str, files: &[&'f Arc<FileModel>]) -> Sources<'f, 's> {
        let own = files_in(files, folder);
        let lists = ["Chart.yaml", "requirements.yaml"].into_iter().filter_map(|name| {
            let (_, file) = own.iter().find(|(path, _)| *path == name)?;
            file.tree.roots().next()?.get("dependencies")
        });
        let items = lists.flat_map(Node::items).filter(|it| it.is_mapping());
        let dependencies: Vec<Dependency> = items.map(Dependency::read).collect();
        let folders = dependencies.iter().filter_map(|it| it.local_folder(folder));
        let helpers =
            folders.filter(|path| path != folder).map(|path| files_in(files, &path)).collect();
        let is_chart = |parent: &str| {
            let path = crate::text::join_path(parent, "Chart.yaml");
            files.binary_search_by(|file| file.path().cmp(&path)).is_ok()
        };
        let above = folder.rsplit_once('/').map_or("", |it| it.0);
        let is_subchart = match above.strip_suffix("charts") {
            Some(parent) if parent.is_empty() || parent.ends_with('/') => {
                is_chart(parent.trim_end_matches('/'))
            }
            _ => false,
        };
        Sources { folder, own, dependencies, helpers, is_subchart }
    }

    /// Returns every file.
    fn all(&self) -> Vec<&'f Arc<FileModel>> {
        self.own.iter().chain(self.helpers.iter().flatten()).map(|(_, file)| *file).collect()
    }

    fn file(&self, name: &str) -> Option<&'f Arc<FileModel>> {
        self.own.iter().find(|(path, _)| *path == name).map(|(_, file)| *file)
    }
}

fn read_chart(sources: &Sources<'_, '_>, templates: &KnownTemplates) -> Option<Chart> {
    let Sources { folder, own, dependencies, helpers, is_subchart } = sources;
    let model = sources.file("Chart.yaml")?;
    let root = model.tree.roots().next();
    let field = |key: &str| root.and_then(|root| Field::read(root, key));
    let mut further: Vec<ValuesFile> = own
        .iter()
        .filter(|(path, file)| is_further_values_file(path, "") && file.kind != Kind::Template)
        .map(|(path, file)| ValuesFile::read(path, file))
        .collect();
    further.sort_by(|a, b| a.name.cmp(&b.name));
    let name = field("name");
    let helpers: Vec<Vec<ChartFile>> = helpers.iter().map(|files| chart_files(files)).collect();
    let label = name.as_ref().map_or("", |field: &Field| field.text.as_str());
    // The engine without targets has no parser of templates.
    let uses = match cfg!(feature = "targets") {
        true => {
            let is_complete = dependencies.is_empty() && !is_subchart;
            uses::value_uses(label, &chart_files(own), &helpers, is_complete, templates)
        }
        false => ValueUses { is_open: true, ..ValueUses::default() },
    };
    let text_reads = if uses.renders_texts { text_reads(own) } else { Vec::new() };
    Some(Chart {
        folder: (*folder).to_owned(),
        file: model.id,
        api_version: field("apiVersion"),
        version: field("version"),
        app_version: field("appVersion"),
        place: Place {
            span: root.map_or(Span::new(model.id, 0, 0), Node::span),
            ..Place::default()
        },
        chart_type: field("type"),
        dependencies: dependencies.clone(),
        requirements: sources.file("requirements.yaml").map(|file| file.id),
        dependencies_key: root.and_then(|root| Some(root.entry("dependencies")?.key.span())),
        values: sources.file("values.yaml").map(|file| ValuesFile::read("values.yaml", file)),
        further,
        required: sources
            .file("values.schema.json")
            .map(|it| required(&it.tree))
            .unwrap_or_default(),
        vendored: vendored(own),
        uses,
        text_reads,
        is_readable: model.problems.is_empty() && root.is_some_and(Node::is_mapping),
        name,
    })
}

/// Returns the names of the folders and archives in `charts/`, as far as they tell the charts' names.
fn vendored(own: &[ChartSource<'_>]) -> Vec<String> {
    let inside = own.iter().filter_map(|(path, _)| path.strip_prefix("charts/"));
    let mut names: Vec<String> = inside
        .map(|path| match path.split_once('/') {
            Some((folder, _)) => folder.to_owned(),
            // The version stands behind the last dash before a digit: `redis-1.2.3.tgz`.
            None => {
                let end = path.match_indices('-').find(|(at, _)| {
                    path[at + 1..].starts_with(|letter: char| letter.is_ascii_digit())
                });
                end.map_or(path, |(at, _)| &path[..at]).to_owned()
            }
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

fn chart_files(files: &[ChartSource<'_>]) -> Vec<ChartFile> {
    let file = |(path, model): &ChartSource<'_>| ChartFile {
        path: (*path).to_owned(),
        file: model.id,
        content: match &model.file.bytes {
            Some(bytes) => Content::Archive(bytes.as_ref().into()),
            None => Content::Text(Arc::clone(&model.file.text)),
        },
    };
    files.iter().map(file).collect()
}

/// Returns the paths that a JSON Schema requires, as far as `properties` lead to them.
fn required(schema: &Tree) -> Vec<Vec<SmolStr>> {
    let mut required = Vec::new();
    let mut open: Vec<(Node<'_>, Vec<SmolStr>)> =
        schema.roots().map(|root| (root, Vec::new())).collect();
    while let Some((node, path)) = open.pop() {
        let below = |key: &str| path.iter().cloned().chain([SmolStr::from(key)]).collect();
        let names = node.get("required").into_iter().flat_map(Node::items);
        required.extend(names.filter_map(|name| Some(below(name.as_str()?))));
        if path.len() < MAX_DEPTH {
            let properties = node.get("properties").into_iter().flat_map(Node::entries);
            open.extend(properties.filter_map(|it| Some((it.value, below(it.key.as_str()?)))));
        }
    }
    required
}

/// Returns the paths behind `.Values` in the texts that templates may render: values, and files that are
/// no templates.
fn text_reads(files: &[ChartSource<'_>]) -> Vec<Vec<SmolStr>> {
    let mut reads = Vec::new();
    for (path, file) in files {
        let is_values = *path == "values.yaml" || is_further_values_file(path, "");
        if is_values {
            let texts = file.tree.nodes().filter_map(Node::as_str);
            texts.for_each(|text| named_values(text, &mut reads));
        } else if !path.starts_with("templates/")
            && !path.to_ascii_lowercase().ends_with(".md")
            && !path.ends_with(".gotmpl")
        {
            named_values(file.text(), &mut reads);
        }
    }
    reads
}

/// Adds the paths that a text names as `.Values.a.b`.
fn named_values(text: &str, reads: &mut Vec<Vec<SmolStr>>) {
    for part in text.split(".Values").skip(1) {
        let end = part
            .find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '.'))
            .unwrap_or(part.len());
        let keys = part[..end].split('.').filter(|key| !key.is_empty());
        let path: Vec<SmolStr> = keys.map(SmolStr::from).collect();
        reads.push(path);
    }
}
