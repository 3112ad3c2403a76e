//! Which targets the paths of `plimsoll render` mean, and which files these need.

use crate::Failure;
use crate::args::{self, Input};
use crate::input::{self, Project};
use crate::render::Wanted;
use crate::terminal::Terminal;
use plimsoll_core::build::{
    Assignment, Edits, KUSTOMIZATION_FILES, Recipe, Release, Request, Target,
};
use plimsoll_core::text::{Span, Spanned, normalise_path};
use plimsoll_files::repository;
use std::path::{Path, PathBuf};

/// The targets that paths mean.
pub struct Scope {
    input: Input,
    /// The charts and kustomizations among the paths.
    pub requests: Vec<Request>,
    /// The other folders, whose targets are all meant.
    folders: Vec<String>,
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
        input.paths.extend(release.values.iter().cloned());
        Ok(Scope { input, requests, folders })
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

    /// Reads the files of the targets.
    pub fn gather(&self, terminal: &Terminal) -> Result<Project, Failure> {
        input::gather(&self.input, terminal)
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
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let boundary = repository(&own).map(Path::to_owned);
    // A program that is started in the root of the disk, as in a container, may not read all of the disk.
    let is_around = |here: &PathBuf| here.parent().is_some() && own.starts_with(here);
    Some(boundary.or(here.filter(is_around)).unwrap_or(own))
}
