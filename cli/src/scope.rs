//! Which targets the paths of `plimsoll render` mean, and which files these need.

use crate::Failure;
use crate::args::{self, Input};
use crate::input::{self, Project, Source};
use crate::render::Wanted;
use crate::terminal::Terminal;
use plimsoll_core::build::{
    Assignment, Edits, KUSTOMIZATION_FILES, Recipe, Release, Request, Target,
};
use plimsoll_core::syntax::{Node, parse};
use plimsoll_core::text::{FileId, Span, Spanned, folder_of, join_path, name_of, normalise_path};
use std::path::{Path, PathBuf};

/// Maximum number of kustomizations that lead to one another, each outside of the folders before it.
const MAX_ROUNDS: usize = 64;

/// The targets that paths mean.
pub struct Scope {
    input: Input,
    /// The charts and kustomizations among the paths.
    pub requests: Vec<Request>,
    /// The other folders, whose targets are all meant.
    folders: Vec<String>,
    /// The folder that references of kustomizations must not leave.
    boundary: Option<PathBuf>,
}

impl Scope {
    /// Looks at what lies at each path. A list of targets and names of targets go through all variants of
    /// a chart, and not only through the one with its own values.
    pub fn of(mut input: Input, wanted: &Wanted) -> Result<Scope, Failure> {
        if input.paths.is_empty() {
            input.paths.push(PathBuf::from("."));
        }
        let release = &wanted.release;
        let is_direct = release.is_given() || (!wanted.list && wanted.names.is_empty());
        let mut requests = Vec::new();
        let mut folders = Vec::new();
        for path in &input.paths {
            let folder = normalise_path(&path.to_string_lossy());
            let kustomization = KUSTOMIZATION_FILES.iter().any(|it| path.join(it).is_file());
            let recipe = if path.join("Chart.yaml").is_file() {
                Some(Recipe::Chart(self::release(&input, release)))
            } else {
                kustomization.then(|| Recipe::Kustomization(Edits::default()))
            };
            match recipe.filter(|_| is_direct) {
                Some(recipe) => {
                    let request = Request::new(&folder, recipe);
                    requests.push(Request { is_exclusive: true, ..request });
                }
                None => folders.push(folder),
            }
        }
        let has_chart = requests.iter().any(|it| matches!(it.recipe, Recipe::Chart(_)));
        if release.is_given() && !has_chart {
            return Err(Failure(
                "`--values`, `--set`, `--release` and `--namespace` are for a chart: name its folder as PATH"
                    .to_owned(),
            ));
        }
        let boundary =
            input.within.clone().or_else(|| input.paths.first().and_then(|path| boundary(path)));
        input.paths.extend(release.values.iter().cloned());
        Ok(Scope { input, requests, folders, boundary })
    }

    /// Whether the paths mean a target.
    pub fn holds(&self, target: &Target) -> bool {
        let is_requested = |it: &Request| it.folder == target.folder && it.kind() == target.kind;
        self.requests.iter().any(is_requested) || self.holds_file(&target.folder)
    }

    /// Whether a file or a folder lies below one of the paths whose targets are all meant.
    pub fn holds_file(&self, path: &str) -> bool {
        let is_above = |folder: &String| {
            folder.is_empty() || path == folder || path.starts_with(&format!("{folder}/"))
        };
        self.folders.iter().any(is_above)
    }

    /// Reads the files of the targets, with the bases and components that lie beside the paths.
    pub fn gather(&self, terminal: &Terminal) -> Result<Project, Failure> {
        let mut input = self.input.clone();
        let mut project = input::gather(&input, terminal)?;
        let has_kustomization =
            self.requests.iter().any(|it| matches!(it.recipe, Recipe::Kustomization(_)));
        for _ in 0..MAX_ROUNDS {
            if !has_kustomization {
                break;
            }
            let more = self.outside(&input.paths, &project.sources);
            if more.is_empty() {
                break;
            }
            input.paths.extend(more);
            project = input::gather(&input, terminal)?;
        }
        Ok(project)
    }

    /// Returns what kustomizations refer to outside of the paths and inside of the boundary.
    fn outside(&self, paths: &[PathBuf], sources: &[Source]) -> Vec<PathBuf> {
        let Some(boundary) = &self.boundary else { return Vec::new() };
        let known: Vec<PathBuf> = paths.iter().filter_map(|it| it.canonicalize().ok()).collect();
        let mut found: Vec<PathBuf> = Vec::new();
        for file in sources.iter().map(|source| &source.file) {
            if !KUSTOMIZATION_FILES.contains(&name_of(&file.path)) {
                continue;
            }
            let (tree, _) = parse(FileId(0), &file.text, None);
            let texts = tree.nodes().filter_map(Node::as_str);
            for text in texts.filter(|text| text.starts_with("..")) {
                let path = PathBuf::from(join_path(folder_of(&file.path), text));
                let Ok(canonical) = path.canonicalize() else { continue };
                let is_known = known.iter().any(|known| canonical.starts_with(known));
                if canonical.starts_with(boundary) && !is_known && !found.contains(&path) {
                    found.push(path);
                }
            }
        }
        found
    }
}

/// Returns what the options say about a release.
fn release(input: &Input, given: &args::Release) -> Release {
    let name = |path: &PathBuf| match path.as_os_str() == "-" {
        true => normalise_path(&input.stdin_filename),
        false => normalise_path(&path.to_string_lossy()),
    };
    let files = given.values.iter().map(name);
    let set = given.set.iter().map(|text| Assignment {
        text: text.clone(),
        span: None,
        is_string: false,
    });
    Release {
        values_files: files.map(|path| Spanned::new(path, Span::default())).collect(),
        set: set.collect(),
        name: given.release.clone(),
        namespace: given.namespace.clone(),
        ..Release::default()
    }
}

/// Returns the folder that references from a file or a folder must not leave: its repository, or else the
/// current folder, or else the file or folder itself.
pub fn boundary(path: &Path) -> Option<PathBuf> {
    let own = path.canonicalize().ok()?;
    let repository = own.ancestors().find(|folder| folder.join(".git").exists());
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let boundary = repository.map(Path::to_owned);
    Some(boundary.or(here.filter(|here| own.starts_with(here))).unwrap_or(own))
}
