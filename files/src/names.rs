//! Which files belong to an analysis, by their names alone.

use plimsoll_core::knowledge::env::{is_env_file, is_example};
use plimsoll_core::knowledge::pipelines;
use plimsoll_core::model::detect::is_unread_pipeline;
use plimsoll_core::text::normalise_path;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The names under which a configuration is found, in order of preference.
const CONFIGS: &[&str] = &["plimsoll.yaml", "plimsoll.yml", ".plimsoll.yaml", ".plimsoll.yml"];

/// Folders that hold other people's files.
const VENDORED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "vendor",
    "site-packages",
    "__pycache__",
];

/// Whether a file of this name takes part in an analysis.
pub fn belongs(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return false };
    if is_env(name) || is_config(name) || is_compose_example(name) || is_pipeline(path) {
        return true;
    }
    !name.starts_with('.')
        && (is_yaml(name) || is_template(name) || is_dockerfile(name) || is_kustomization(name))
}

/// Whether a file is one of a CI system that is read although its name or its folder is hidden, or that is no YAML.
pub fn is_pipeline(path: &Path) -> bool {
    let Some(path) = path.to_str() else { return false };
    let path = normalise_path(path);
    is_unread_pipeline(&path) || pipelines::is_pipeline(&path) && !is_yaml(&path)
}

/// Whether a file makes its folder a chart or a kustomization, which may read any file below it.
pub fn is_build_file(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| name == "Chart.yaml" || is_kustomization(name))
}

fn is_kustomization(name: &str) -> bool {
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Returns the name of the configuration that lies in a folder itself.
pub fn own_config(folder: &Path) -> Option<&'static str> {
    CONFIGS.iter().copied().find(|name| folder.join(name).is_file())
}

/// Whether this is the name of a configuration file.
pub fn is_config(name: &str) -> bool {
    CONFIGS.contains(&name)
}

pub(crate) fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

pub(crate) fn is_json(name: &str) -> bool {
    name.ends_with(".json")
}

fn is_template(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".tpl")
}

/// `Dockerfile`, `Dockerfile.dev`, `api.dockerfile`, and the same for `Containerfile`.
fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["dockerfile", "containerfile"].into_iter().any(|kind| {
        lower == kind
            || lower.starts_with(&format!("{kind}."))
            || lower.ends_with(&format!(".{kind}"))
    })
}

/// Whether a file of this name sets environment variables: `.env`, `.env-sample`, `app.env`, `env.example`;
/// not `.env.d.ts`.
pub fn is_env(name: &str) -> bool {
    is_env_file(name)
}

/// Whether a file of this name is an example of a Compose file: `compose.override.yaml.example`.
fn is_compose_example(name: &str) -> bool {
    let copied = name.rsplit_once('.').filter(|(_, ending)| is_example(ending));
    copied.is_some_and(|(copied, _)| is_yaml(copied) && copied.contains("compose"))
}

/// Whether a walk does not enter folders of this name.
pub fn is_left_out(folder: &OsStr) -> bool {
    folder.to_str().is_some_and(|name| name.starts_with('.') || is_vendored(name))
}

/// Whether a folder of this name holds other people's files.
pub(crate) fn is_vendored(folder: &str) -> bool {
    VENDORED.contains(&folder)
}

/// Whether `path` lies in a folder that a walk of `root` does not enter.
pub fn is_outside_walk(root: &Path, path: &Path) -> bool {
    let below_root = path.strip_prefix(root).unwrap_or(path);
    let folders = below_root.parent().into_iter().flat_map(Path::components);
    let mut names = folders.filter_map(|folder| match folder {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    names.any(is_left_out)
}

/// Returns the configuration of `folder` or of the closest folder above it, as a path relative to
/// `folder`. The search ends at the root of the repository.
pub fn nearest_config(folder: &Path) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for ancestor in folder.ancestors() {
        if let Some(name) = CONFIGS.iter().find(|name| ancestor.join(name).is_file()) {
            return Some(relative.join(name));
        }
        if ancestor.join(".git").exists() {
            return None;
        }
        relative.push("..");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;
    use std::fs;

    #[test]
    fn names_decide_what_belongs() {
        for name in [
            "compose.yaml",
            "app.yml",
            "_helpers.tpl",
            "Dockerfile",
            "Dockerfile.dev",
            "api.Dockerfile",
            "Containerfile",
            ".env",
            ".env.example",
            ".env-sample",
            ".env_web",
            "app.env",
            "compose.override.yaml.example",
            ".plimsoll.yaml",
            ".plimsoll.yml",
            ".gitlab-ci.yml",
            ".github/workflows/deploy.yml",
            "Jenkinsfile",
        ] {
            assert!(belongs(Path::new(name)), "{name}");
        }
        for name in [
            "main.py",
            ".env.d.ts",
            ".travis.yml",
            "Dockerfiles",
            "yaml",
            "notes.md",
            "a.yaml.example",
        ] {
            assert!(!belongs(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn hidden_and_vendored_folders_are_outside_a_walk() {
        let outside = |path: &str| is_outside_walk(Path::new("/w"), Path::new(path));
        assert!(outside("/w/.deploy/compose.yaml"));
        assert!(outside("/w/web/node_modules/a/b.yaml"));
        assert!(!outside("/w/.env"));
        assert!(!outside("/w/k8s/app.yaml"));
        // A root that is hidden itself was chosen on purpose.
        assert!(!is_outside_walk(Path::new("/w/.deploy"), Path::new("/w/.deploy/compose.yaml")));
    }

    #[test]
    fn the_nearest_configuration_is_found_up_to_the_root_of_the_repository() {
        let root =
            tree(&["plimsoll.yaml", "shop/app/a.yaml", "other/.plimsoll.yml", "other/b.yaml"]);
        let nearest = |folder: &str| nearest_config(&root.path().join(folder));
        assert_eq!(nearest("shop/app"), Some("../../plimsoll.yaml".into()));
        assert_eq!(nearest("other"), Some(".plimsoll.yml".into()));
        fs::create_dir(root.path().join("shop/.git")).unwrap();
        assert_eq!(nearest("shop/app"), None);
    }
}
