//! The repositories that Applications name, and which of them the project may be.

use super::generate::clean;
use super::{Project, has_placeholder};
use crate::model::kubernetes::{Body, Generator, GeneratorSource, GitGenerator, Object};
use crate::model::read::Str;
use crate::text::FileId;
use crate::text::glob::{is_pattern, matches};

/// Returns what tells the URL of a repository from others: the same repository is named with and without `.git`,
/// by HTTPS and by SSH.
pub fn of_url(url: &str) -> String {
    let url = url.trim().trim_end_matches('/').trim_end_matches(".git");
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let url = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    url.replacen(':', "/", 1).to_ascii_lowercase()
}

/// Whether every repository has a path: the root, or a pattern that starts with a wildcard.
pub(super) fn is_everywhere(path: &str) -> bool {
    let path = clean(path);
    path.is_empty() || path.starts_with(['*', '?'])
}

/// Returns the repositories that an Application or an ApplicationSet takes paths from, each with whether a path is
/// one of the project and of few others.
pub(super) fn named_by(project: &Project<'_>, object: &Object) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut name = |url: &Option<Str>, path: &str| {
        if let Some(url) = url.as_ref().filter(|it| !has_placeholder(it)) {
            found.push((of_url(url), is_here(project, path, object.file)));
        }
    };
    let application = match &object.body {
        Body::Application(application) => application,
        Body::ApplicationSet(set) => {
            for git in set.generators.iter().flat_map(git_generators) {
                let paths = git.directories.iter().chain(&git.files);
                paths.filter(|it| !it.is_excluded).for_each(|it| name(&git.repo_url, &it.pattern));
            }
            &set.application
        }
        _ => return found,
    };
    for source in application.sources.iter().filter(|it| it.chart.is_none()) {
        if let Some(path) = &source.path {
            name(&source.repo_url, path);
        }
    }
    found
}

/// Returns the git generators in a generator.
fn git_generators(generator: &Generator) -> Vec<&GitGenerator> {
    let mut found = Vec::new();
    let mut open = vec![generator];
    while let Some(generator) = open.pop() {
        match &generator.source {
            GeneratorSource::Git(git) => found.push(git),
            GeneratorSource::Matrix(inner) | GeneratorSource::Merge { generators: inner, .. } => {
                open.extend(inner);
            }
            GeneratorSource::List { .. }
            | GeneratorSource::Clusters { .. }
            | GeneratorSource::Outside(_) => {}
        }
    }
    found
}

/// Whether a path, which may be a pattern, is one of the project and not one that every repository has.
fn is_here(project: &Project<'_>, path: &str, file: FileId) -> bool {
    if is_everywhere(path) || has_placeholder(path) {
        return false;
    }
    if !is_pattern(path) {
        return project.folder(path, file).is_some() || project.has_file(clean(path));
    }
    let roots = project.roots_of(file);
    roots.into_iter().any(|root| {
        let mut paths = project.folders_below(root).chain(project.files_below(root));
        paths.any(|it| matches(clean(path), it))
    })
}
