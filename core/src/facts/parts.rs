//! The parts of a project: the files that are about one application.
//!
//! A repository may hold one application, with its Compose file at the root and its manifests in `k8s/`, or
//! many applications side by side. Nothing states which, so the folders decide: a folder with a Compose file,
//! a manifest or the like belongs together with everything below it, and so does a folder with a `k8s/` or a
//! `helm/` in it, or with little else than a `dev/` and a `prod/`, since such names say what is inside and
//! not for which application. What a target or a Compose project is made of belongs together wherever it
//! lies.

use super::disjoint::DisjointSets;
use crate::knowledge::folder_names::{is_form_folder, is_stage_folder};
use crate::model::FileModel;
use crate::report::Kind;
use crate::text::{FileId, folder_of, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The part of each file, and what is known of the parts as a whole.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    of_file: Vec<usize>,
    /// Whether the parts are [samples](super::samples) that lie side by side.
    pub are_samples: bool,
}

impl Parts {
    /// Finds the parts. `joined` are lists of files that belong together wherever they lie.
    pub fn new<'g>(files: &[Arc<FileModel>], joined: impl Iterator<Item = &'g [FileId]>) -> Parts {
        let holding = holding_folders(files);
        let mut numbers: FxHashMap<&str, usize> = FxHashMap::default();
        let mut own: Vec<usize> = Vec::with_capacity(files.len());
        for file in files {
            let folder = folder_of(&file.file.path);
            let root = ancestors(folder).filter(|it| holding.contains(it)).last();
            let next = numbers.len();
            own.push(*numbers.entry(root.unwrap_or(folder)).or_insert(next));
        }
        let mut sets = DisjointSets::new(numbers.len());
        for group in joined {
            for pair in group.windows(2) {
                sets.join(own[pair[0].index()], own[pair[1].index()]);
            }
        }
        let of_file = own.into_iter().map(|part| sets.find(part)).collect();
        Parts { of_file, are_samples: false }
    }

    /// Returns the part of a file.
    pub fn of(&self, file: FileId) -> usize {
        self.of_file.get(file.index()).copied().unwrap_or_default()
    }
}

/// Counts of the subfolders of a folder, by the meaning of their names.
#[derive(Debug, Default)]
struct Children {
    count: usize,
    forms: usize,
    stages: usize,
}

/// Maximum number of folders beside each other of which one called `deploy` says that they are one application.
/// Among more of them it is one of many.
const MAX_BESIDE_FORM: usize = 20;

/// Returns the folders that belong together with everything below them. The folders that all files lie in say
/// where somebody keeps the project, and nothing about its parts; only a `k8s/` that holds everything is
/// one application whatever is in it.
fn holding_folders(files: &[Arc<FileModel>]) -> FxHashSet<&str> {
    let common = common_folder(files.iter().map(|file| folder_of(&file.file.path)));
    let mut holding: FxHashSet<&str> = FxHashSet::default();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut children: FxHashMap<&str, Children> = FxHashMap::default();
    for file in files.iter().filter(|file| is_deployed(file)) {
        let folder = folder_of(&file.file.path);
        holding.insert(folder);
        for folder in ancestors(folder).take_while(|it| !it.is_empty() && it.len() >= common.len())
        {
            if !seen.insert(folder) {
                break;
            }
            let of_parent = children.entry(folder_of(folder)).or_default();
            of_parent.count += 1;
            of_parent.forms += usize::from(is_form(name_of(folder)));
            let is_stage = folder != common && is_stage_folder(name_of(folder));
            of_parent.stages += usize::from(is_stage);
        }
    }
    let is_one = |it: &Children| {
        let of_form = it.forms > 0 && it.count <= MAX_BESIDE_FORM;
        let of_stages = it.count > 1 && it.stages * 2 > it.count;
        of_form || of_stages
    };
    holding.extend(children.iter().filter(|(_, it)| is_one(it)).map(|(folder, _)| *folder));
    holding
}

/// Returns the nearest folder above all folders.
pub fn common_folder<'p>(mut folders: impl Iterator<Item = &'p str>) -> &'p str {
    let Some(mut common) = folders.next() else { return "" };
    for folder in folders {
        let is_above = |it: &str| {
            folder.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        while !common.is_empty() && !is_above(common) {
            common = folder_of(common);
        }
    }
    common
}

/// Whether a file is part of a deployment, as opposed to some other YAML file.
fn is_deployed(file: &FileModel) -> bool {
    match file.kind {
        Kind::Compose
        | Kind::Kubernetes
        | Kind::Kustomization
        | Kind::Chart
        | Kind::ArgoCd
        | Kind::EnvFile
        | Kind::Dockerfile => true,
        Kind::Values | Kind::Template | Kind::Config => false,
        Kind::Unknown => name_of(&file.file.path).starts_with("skaffold."),
    }
}

fn is_form(name: &str) -> bool {
    is_form_folder(name)
        || name.starts_with("k8s-")
        || name.starts_with("kubernetes-")
        || name.ends_with("-k8s")
}

/// The folder itself and those above it, up to the root, which is the empty string.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |it| (!it.is_empty()).then(|| folder_of(it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::File;

    fn parts(paths: &[&str], joined: &[&[FileId]]) -> Vec<usize> {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
        let files: Vec<Arc<FileModel>> = paths
            .iter()
            .zip(0..)
            .map(|(&path, id)| {
                let text = if path.ends_with("compose.yaml") { "services: {}\n" } else { service };
                Arc::new(FileModel::read(FileId(id), File::new(path, text), None))
            })
            .collect();
        let parts = Parts::new(&files, joined.iter().copied());
        (0..files.len()).map(|at| parts.of(FileId(u32::try_from(at).unwrap()))).collect()
    }

    #[test]
    fn applications_side_by_side_are_apart() {
        assert_eq!(parts(&["shop/web.yaml", "blog/web.yaml", "blog/db/db.yaml"], &[]), [0, 1, 1]);
        let nested = ["apps/shop/k8s/web.yaml", "apps/shop/src/compose.yaml", "apps/blog/web.yaml"];
        assert_eq!(parts(&nested, &[]), [0, 0, 1]);
        // Among many applications one may well be called like a form.
        let many = (0..MAX_BESIDE_FORM).map(|at| format!("apps/app{at}/web.yaml"));
        let many: Vec<String> = many.chain(["apps/deploy/web.yaml".to_owned()]).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(parts(&many, &[]), (0..=MAX_BESIDE_FORM).collect::<Vec<_>>());
    }

    #[test]
    fn what_lies_below_a_compose_file_or_beside_a_role_belongs_together() {
        assert_eq!(parts(&["compose.yaml", "shop/web.yaml", "blog/web.yaml"], &[]), [0, 0, 0]);
        assert_eq!(parts(&["k8s/web.yaml", "app/compose.yaml"], &[]), [0, 0]);
        assert_eq!(parts(&["dev/web.yaml", "prod/web.yaml"], &[]), [0, 0]);
        assert_eq!(parts(&["dev/web.yaml", "shop/web.yaml"], &[]), [0, 1]);
        // A folder with nothing beside it tells nothing apart.
        let samples = ["tool/test/shop/web.yaml", "tool/test/blog/web.yaml", "site/web.yaml"];
        assert_eq!(parts(&samples, &[]), [0, 1, 2]);
    }

    #[test]
    fn where_a_checkout_lies_does_not_matter() {
        for checkout in ["", "tmp/dev/", "deploy/project/", "tmp/k8s/prod/"] {
            let paths =
                ["shop/web.yaml", "blog/web.yaml", "app/k8s/web.yaml", "app/src/compose.yaml"];
            let paths = paths.map(|it| format!("{checkout}{it}"));
            assert_eq!(parts(&paths.each_ref().map(|it| it.as_str()), &[]), [0, 1, 2, 2]);
        }
    }

    #[test]
    fn a_target_joins_the_parts_of_its_files() {
        let paths = ["shop/web.yaml", "blog/web.yaml", "site/web.yaml"];
        assert_eq!(parts(&paths, &[&[FileId(0), FileId(2)]]), [0, 1, 0]);
    }
}
