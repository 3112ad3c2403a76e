//! Targets that are deployed as they are written: Compose projects and folders of manifests.

use super::FileModel;
use super::compose::{ProblemKind, Project};
use super::kubernetes::Object;
use crate::build::environment_of;
use crate::report::{Environment, Kind, TargetKind};
use crate::text::{FileId, folder_of, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A target that needs no building. Its files speak for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainTarget {
    /// `compose.yaml + compose.prod.yaml` with their folder, or the folder of manifests.
    pub name: String,
    pub kind: TargetKind,
    pub environment: Option<Environment>,
    pub files: Vec<FileId>,
    /// Why the platform would refuse it, or what is missing among the files.
    pub reason: Option<String>,
}

/// Description of a Compose project in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Described<'d> {
    /// Path of one of the project's files, or of its folder.
    pub path: &'d str,
    pub name: Option<&'d str>,
    pub environment: Option<Environment>,
}

impl Described<'_> {
    /// Returns the project that is meant; of several in one folder, the first.
    fn find(&self, files: &[Arc<FileModel>], projects: &[Project]) -> Option<usize> {
        let path = |id: &FileId| files[id.index()].path();
        let has_file = |it: &Project| it.files.iter().any(|id| path(id) == self.path);
        let is_inside =
            |it: &Project| it.files.first().is_some_and(|id| folder_of(path(id)) == self.path);
        projects.iter().position(has_file).or_else(|| projects.iter().position(is_inside))
    }
}

/// Returns the Compose projects and the folders of manifests, sorted by name. `built_files` were built
/// into another target.
pub fn plain_targets(
    files: &[Arc<FileModel>],
    projects: &[Project],
    built_files: &FxHashSet<FileId>,
    described: &[Described<'_>],
) -> Vec<PlainTarget> {
    let mut targets: Vec<PlainTarget> =
        projects.iter().map(|project| compose_target(files, project)).collect();
    for description in described {
        let Some(at) = description.find(files, projects) else { continue };
        if let Some(name) = description.name {
            name.clone_into(&mut targets[at].name);
        }
        targets[at].environment = description.environment.or(targets[at].environment);
    }
    let mut loose: Vec<&FileModel> = files
        .iter()
        .map(|file| &**file)
        .filter(|file| matches!(file.kind, Kind::Kubernetes | Kind::ArgoCd))
        .filter(|file| file.objects.iter().any(is_applied) && !built_files.contains(&file.id))
        .collect();
    // Below a folder stands everything in it, with the folder's own files first.
    loose.sort_by_key(|file| {
        let path = file.path();
        (folder_of(path).split('/').collect::<Vec<_>>(), name_of(path))
    });
    targets.extend(manifest_targets(&loose));
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    targets
}

/// API groups of tools that read their configuration from a file in the form of a manifest. No cluster
/// knows them.
const TOOLS: &[&str] = &[
    "ctlptl.dev",
    "eksctl.io",
    "k3d.io",
    "kind.x-k8s.io",
    "kubeadm.k8s.io",
    "kustomize.config.k8s.io",
    "skaffold",
];

/// Whether an object is for a cluster, and not for a tool.
fn is_applied(object: &Object) -> bool {
    !TOOLS.contains(&object.group())
}

fn compose_target(files: &[Arc<FileModel>], project: &Project) -> PlainTarget {
    let path = |id: &FileId| files[id.index()].path();
    let mut paths = project.files.iter().map(path);
    let mut name = paths.next().unwrap_or_default().to_owned();
    for path in paths {
        name.push_str(" + ");
        name.push_str(name_of(path));
    }
    let environment = project.files.iter().rev().find_map(|id| environment_of(path(id)));
    let mut all: Vec<FileId> = project.files.iter().chain(&project.included).copied().collect();
    all.sort_unstable_by_key(path);
    all.dedup();
    let stops = |kind: ProblemKind| match kind {
        // A shell may set the variable, and the file may only not have been handed over.
        ProblemKind::RequiredVariable | ProblemKind::EnvFileMissing => false,
        ProblemKind::IncludeFileMissing | ProblemKind::ExtendsFileMissing => true,
        other => other.is_refused() && !other.is_absence(),
    };
    let problem = project.problems.iter().find(|problem| stops(problem.kind));
    PlainTarget {
        name,
        kind: TargetKind::Compose,
        environment,
        files: all,
        reason: problem.map(|problem| problem.message.clone()),
    }
}

/// Groups manifests by the folder that one command applies: the outermost one that holds a manifest,
/// with everything below it. Where two folders of it define the same object, only one of them is
/// applied, and each folder is a target by itself. The files are sorted by folder.
fn manifest_targets(files: &[&FileModel]) -> Vec<PlainTarget> {
    let mut targets = Vec::new();
    let mut rest = files;
    while let Some(first) = rest.first() {
        let folder = folder_of(first.path());
        let is_below = |file: &&FileModel| {
            let rest = folder_of(file.path()).strip_prefix(folder);
            folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let below = rest.iter().take_while(|file| is_below(file)).count();
        let own = rest.iter().take_while(|file| folder_of(file.path()) == folder).count();
        let count = if has_alternatives(&rest[..below]) { own } else { below };
        targets.push(PlainTarget {
            name: if folder.is_empty() { ".".to_owned() } else { folder.to_owned() },
            kind: TargetKind::Manifests,
            environment: environment_of(folder),
            files: rest[..count].iter().map(|file| file.id).collect(),
            reason: None,
        });
        rest = &rest[count..];
    }
    targets
}

/// Whether files in two folders define the same object.
fn has_alternatives(files: &[&FileModel]) -> bool {
    let mut defined: FxHashMap<(&str, &str, &str), &str> = FxHashMap::default();
    let mut objects = files.iter().flat_map(|file| {
        file.objects.iter().map(|object: &Object| (folder_of(file.path()), object))
    });
    objects.any(|(folder, object)| {
        let Some(name) = object.name() else { return false };
        let key = (object.kind.as_str(), object.namespace(), name.as_str());
        *defined.entry(key).or_insert(folder) != folder
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::compose::{FileInput, projects};
    use crate::text::File;

    fn targets(files: &[(&str, &str)]) -> Vec<PlainTarget> {
        targets_with(files, &[])
    }

    fn targets_with(files: &[(&str, &str)], described: &[Described<'_>]) -> Vec<PlainTarget> {
        let files: Vec<Arc<FileModel>> = files
            .iter()
            .zip(0..)
            .map(|(&(path, text), id)| {
                Arc::new(FileModel::read(FileId(id), File::new(path, text), None))
            })
            .collect();
        let inputs: Vec<FileInput<'_>> = files
            .iter()
            .map(|it| FileInput {
                id: it.id,
                path: it.path(),
                text: &it.file.text,
                tree: Some(&it.tree),
                compose: it.kind == Kind::Compose,
            })
            .collect();
        plain_targets(&files, &projects(&inputs), &FxHashSet::default(), described)
    }

    fn named(targets: &[PlainTarget]) -> Vec<(&str, usize, Option<Environment>)> {
        targets.iter().map(|it| (it.name.as_str(), it.files.len(), it.environment)).collect()
    }

    const WEB: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    const DB: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\n";

    #[test]
    fn a_folder_of_manifests_is_one_target_with_the_folders_below_it() {
        let targets =
            targets(&[("k8s/web.yaml", WEB), ("k8s/db/db.yaml", DB), ("k8s-old/a.yaml", WEB)]);
        assert_eq!(named(&targets), [("k8s", 2, None), ("k8s-old", 1, None)]);
    }

    #[test]
    fn the_configuration_of_a_tool_is_not_deployed() {
        let skaffold = "apiVersion: skaffold/v4beta11\nkind: Config\nmetadata: {name: web}\n";
        let targets = targets(&[("skaffold.yaml", skaffold), ("k8s/web.yaml", WEB)]);
        assert_eq!(named(&targets), [("k8s", 1, None)]);
    }

    #[test]
    fn folders_that_define_the_same_object_are_targets_of_their_own() {
        let targets = targets(&[
            ("k8s/db.yaml", DB),
            ("k8s/prod/web.yaml", WEB),
            ("k8s/staging/web.yaml", WEB),
        ]);
        let expected = [
            ("k8s", 1, None),
            ("k8s/prod", 1, Some(Environment::Production)),
            ("k8s/staging", 1, Some(Environment::Staging)),
        ];
        assert_eq!(named(&targets), expected);
    }

    #[test]
    fn a_compose_project_has_the_name_that_it_is_given() {
        let web = "services: {web: {image: 'web:1'}}\n";
        let files = [("a/compose.yaml", web), ("b/compose.yaml", web), ("c/compose.yaml", web)];
        let described = |path, name, environment| Described { path, name, environment };
        let named_by = [
            described("a", Some("shop"), None),
            described("b/compose.yaml", None, Some(Environment::Staging)),
            described("d", Some("lost"), None),
        ];
        let targets = targets_with(&files, &named_by);
        let expected = [
            ("b/compose.yaml", 1, Some(Environment::Staging)),
            ("c/compose.yaml", 1, None),
            ("shop", 1, None),
        ];
        assert_eq!(named(&targets), expected);
    }

    #[test]
    fn a_compose_project_is_named_after_its_files() {
        let base = "services: {web: {image: 'web:1'}}\n";
        let more = "services: {web: {restart: always}}\n";
        let all = targets(&[("a/compose.yaml", base), ("a/compose.override.yaml", more)]);
        assert_eq!(named(&all), [("a/compose.yaml + compose.override.yaml", 2, None)]);
        let refused = targets(&[("compose.yaml", "services: {web: {image: [1]}}\n")]);
        assert!(refused[0].reason.is_some());
        let whole = targets(&[("compose.yaml", "services: {web: {image: \"${TAG:?}\"}}\n")]);
        assert_eq!(whole[0].reason, None);
    }
}
