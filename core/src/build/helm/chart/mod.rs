//! A chart as it is stored: its metadata, values, templates and other files, and its subcharts.

#[cfg(feature = "archives")]
mod archive;
#[cfg(not(feature = "archives"))]
#[path = "no_archive.rs"]
mod archive;
mod ignore;
mod metadata;

pub use metadata::{Dependency, ImportValue, Metadata};

use super::failure::{Failure, Result};
use super::value::Heap;
use super::yaml;
use crate::build::origin::Text;
use crate::text::{FileId, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Maximum number of charts inside one another.
const MAX_SUBCHARTS: usize = 20;

/// A file of a chart's folder.
#[derive(Debug, Clone)]
pub struct ChartFile {
    /// Path from the chart's folder, with `/`.
    pub path: String,
    /// The project's file that spans name.
    pub file: FileId,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub enum Content {
    Text(Arc<str>),
    /// A packed subchart, `charts/name-1.2.3.tgz`.
    Archive(Arc<[u8]>),
}

/// A file with the places of its text. What comes out of an archive is placed at the archive.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub path: String,
    pub text: Arc<Text>,
}

/// A loaded chart.
#[derive(Debug, Clone)]
pub struct Chart {
    pub metadata: Metadata,
    /// `Chart.yaml`, which templates see in full.
    pub chart_file: Arc<Text>,
    /// `values.yaml`.
    pub values: Option<Arc<Text>>,
    /// `values.schema.json`.
    pub schema: Option<Arc<Text>>,
    /// Everything below `templates/`.
    pub templates: Vec<SourceFile>,
    /// Everything else that templates can read with `.Files`.
    pub files: Vec<SourceFile>,
    pub subcharts: Vec<Chart>,
}

impl Chart {
    /// Loads a chart from the files of its folder. The failure says what Helm would say.
    pub fn load(files: &[ChartFile]) -> Result<Chart> {
        let rules = ignore::Rules::of(files);
        let mut sources = Vec::new();
        let mut archives = Vec::new();
        for file in files.iter().filter(|file| !rules.ignores(&file.path)) {
            match &file.content {
                Content::Text(text) => {
                    let span = Span::new(file.file, 0, text.len());
                    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
                    let span = Span { start: span.end - text_length(text), ..span };
                    let text = Arc::new(Text::written(text, span));
                    sources.push(SourceFile { path: file.path.clone(), text });
                }
                Content::Archive(bytes) => {
                    archives.push(Packed { path: file.path.clone(), file: file.file, bytes });
                }
            }
        }
        load(sources, &archives, 0)
    }

    /// Whether the chart only helps others and renders nothing by itself.
    pub fn is_library(&self) -> bool {
        self.metadata.library
    }

    /// The files below `crds/`, which Helm installs as they are.
    pub fn crds(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| {
            let name = file.path.rsplit('.').next().unwrap_or_default();
            file.path.starts_with("crds/") && matches!(name, "yaml" | "yml" | "json")
        })
    }
}

fn text_length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// An archive in `charts/`.
struct Packed<'p> {
    path: String,
    file: FileId,
    bytes: &'p [u8],
}

fn load(sources: Vec<SourceFile>, archives: &[Packed<'_>], depth: usize) -> Result<Chart> {
    if depth > MAX_SUBCHARTS {
        let message = format!("charts lie more than {MAX_SUBCHARTS} deep in one another");
        return Err(Failure::limit(message));
    }
    let find = |path: &str| sources.iter().find(|file| file.path == path);
    let Some(chart_file) = find("Chart.yaml").map(|file| Arc::clone(&file.text)) else {
        return Err(Failure::new("Chart.yaml file is missing"));
    };
    let heap = Heap::default();
    let read = yaml::read_one(&chart_file, &heap);
    let read = read.map_err(|failure| prefixed("cannot load Chart.yaml: ", failure))?;
    let requirements = match find("requirements.yaml") {
        Some(file) => Some(yaml::read_one(&file.text, &heap)?),
        None => None,
    };
    let metadata = Metadata::read(&read, requirements.as_ref(), &chart_file)?;
    let mut chart = Chart {
        metadata,
        chart_file,
        values: find("values.yaml").map(|file| Arc::clone(&file.text)),
        schema: find("values.schema.json").map(|file| Arc::clone(&file.text)),
        templates: Vec::new(),
        files: Vec::new(),
        subcharts: Vec::new(),
    };
    let mut folders: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
    for file in sources {
        if file.path.starts_with("templates/") {
            chart.templates.push(file);
        } else if let Some(rest) = file.path.strip_prefix("charts/") {
            if let Some((name, path)) = rest.split_once('/') {
                let text = Arc::clone(&file.text);
                let inside = SourceFile { path: path.to_owned(), text };
                folders.entry(name.to_owned()).or_default().push(inside);
            }
        } else if !is_special(&file.path) {
            chart.files.push(file);
        }
    }
    for (name, files) in folders {
        if name.starts_with(['_', '.']) {
            continue;
        }
        chart.subcharts.push(subchart(&chart.metadata.name, &name, files, archives, depth)?);
    }
    for archive in archives {
        let Some(name) = archive.path.strip_prefix("charts/") else { continue };
        if name.contains('/') || name.starts_with(['_', '.']) {
            continue;
        }
        let files = archive::unpack(archive.bytes, archive.file)
            .map_err(|failure| unpacking(&chart.metadata.name, name, failure))?;
        chart.subcharts.push(subchart(&chart.metadata.name, name, files, &[], depth)?);
    }
    Ok(chart)
}

/// Files that are read for themselves and that `.Files` does not show.
fn is_special(path: &str) -> bool {
    matches!(path, "Chart.yaml" | "Chart.lock" | "values.yaml" | "values.schema.json")
}

fn subchart(
    parent: &str,
    name: &str,
    files: Vec<SourceFile>,
    archives: &[Packed<'_>],
    depth: usize,
) -> Result<Chart> {
    let prefix = format!("charts/{name}/");
    let inner: Vec<Packed<'_>> = archives
        .iter()
        .filter_map(|archive| {
            let path = archive.path.strip_prefix(&prefix)?.to_owned();
            Some(Packed { path, file: archive.file, bytes: archive.bytes })
        })
        .collect();
    load(files, &inner, depth + 1).map_err(|failure| unpacking(parent, name, failure))
}

fn unpacking(parent: &str, name: &str, failure: Box<Failure>) -> Box<Failure> {
    prefixed(&format!("error unpacking subchart {name} in {parent}: "), failure)
}

fn prefixed(prefix: &str, mut failure: Box<Failure>) -> Box<Failure> {
    failure.message = format!("{prefix}{}", failure.message);
    failure
}
