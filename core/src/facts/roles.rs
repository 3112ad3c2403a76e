//! The roles of Compose files and of objects: development, production or unknown.
//!
//! The configuration decides first, then a comment in the file, the file's name, and its content.
//! Content alone marks a file as development only where the workspace also has a cluster side, because
//! then production runs there. Without a cluster side, a file that looks like development may well be
//! what runs on the server, and the rules should report what they find in it.

use super::{Facts, Workload};
use crate::config::Config;
use crate::model::FileModel;
use crate::model::compose::{MountKind, Project, Service};
use crate::model::kubernetes::Object;
use crate::report::{Kind, Role};
use crate::text::{FileId, folder_of, name_of};
use std::sync::Arc;

pub(super) fn of_files(
    files: &[Arc<FileModel>],
    projects: &[Project],
    config: &Config,
    has_cluster_side: &dyn Fn(FileId) -> bool,
) -> Vec<Option<Role>> {
    let mut roles: Vec<Option<Role>> = files
        .iter()
        .map(|file| {
            if file.kind != Kind::Compose {
                return None;
            }
            let said = config.role_for(&file.file.path).or(file.directives.role);
            Some(said.or_else(|| by_path(&file.file.path)).unwrap_or(Role::Unknown))
        })
        .collect();
    for project in projects {
        let Some(base) = project.files.first() else { continue };
        if roles[base.index()] == Some(Role::Unknown) {
            roles[base.index()] = Some(by_content(project, has_cluster_side(*base)));
        }
    }
    roles
}

/// Names of folders and overlays whose manifests are not for production.
const DEVELOPMENT_MANIFESTS: &[&str] = &["test", "tests", "e2e", "dev", "development", "samples"];

impl<'a> Facts<'a> {
    /// Returns the role of a workload.
    pub fn workload_role(&self, workload: &Workload<'a>) -> Role {
        self.object_role(workload.object)
    }

    /// Returns the role of an object: what an override of the configuration says, or development where a folder of its file, or the overlay that it is
    /// built in, is named so.
    pub fn object_role(&self, object: &Object) -> Role {
        let path = self.files[object.file.index()].path();
        if let Some(role) = self.config.overridden_role(path) {
            return role;
        }
        let target = self.built_target(object.file).map_or("", |it| it.target.folder.as_str());
        let folders = folder_of(path).split('/').chain(target.split('/'));
        if folders.into_iter().any(|it| is_among(DEVELOPMENT_MANIFESTS, it)) {
            Role::Development
        } else {
            Role::Unknown
        }
    }
}

/// Returns the role of a project, which is that of its last file with a role: an override file decides.
pub(super) fn of_project(project: &Project, roles: &[Option<Role>]) -> Role {
    let known = |role: &Role| *role != Role::Unknown;
    let mut all = project.files.iter().filter_map(|it| roles.get(it.index()).copied().flatten());
    all.rfind(known).unwrap_or(Role::Unknown)
}

/// Returns the role that the words in the names of a file and its folders give it.
fn by_path(path: &str) -> Option<Role> {
    const DEVELOPMENT: &[&str] = &[
        "dev",
        "development",
        "override",
        "local",
        "test",
        "tests",
        "testing",
        "e2e",
        "ci",
        "debug",
        "demo",
    ];
    const PRODUCTION: &[&str] = &["prod", "production", "live", "deploy", "swarm", "stack"];
    let mut development = false;
    for word in name_of(path).split(['.', '-', '_']) {
        if is_among(PRODUCTION, word) {
            return Some(Role::Production);
        }
        development |= is_among(DEVELOPMENT, word);
    }
    if development {
        return Some(Role::Development);
    }
    const DEVELOPMENT_FOLDERS: &[&str] =
        &["devcontainer", "dev", "development", "test", "tests", "e2e"];
    const PRODUCTION_FOLDERS: &[&str] = &["prod", "production"];
    path.rsplit('/').skip(1).find_map(|folder| {
        let folder = folder.trim_start_matches('.');
        if is_among(DEVELOPMENT_FOLDERS, folder) {
            Some(Role::Development)
        } else if is_among(PRODUCTION_FOLDERS, folder) {
            Some(Role::Production)
        } else {
            None
        }
    })
}

/// Whether a word, in upper or lower case, is one of a list.
fn is_among(list: &[&str], word: &str) -> bool {
    list.iter().any(|it| word.eq_ignore_ascii_case(it))
}

fn by_content(project: &Project, cluster: bool) -> Role {
    let services = project.services.len();
    if services == 0 {
        return Role::Unknown;
    }
    let development = project.services.iter().any(is_development);
    if development {
        return if cluster { Role::Development } else { Role::Unknown };
    }
    let kept_running = project
        .services
        .iter()
        .filter(|it| {
            it.restart.as_ref().is_some_and(|it| matches!(it.as_str(), "always" | "unless-stopped"))
        })
        .count();
    let limited = project.services.iter().any(|it| it.memory_limit().is_some());
    if kept_running * 2 > services && (limited || kept_running == services) {
        Role::Production
    } else {
        Role::Unknown
    }
}

/// Whether sources are mounted over a built image, or `develop` watches them.
fn is_development(service: &Service) -> bool {
    let mounts_source = service.build.as_ref().is_some_and(|build| {
        service.volumes.iter().any(|it| {
            it.kind == MountKind::Bind
                && it
                    .source
                    .as_ref()
                    .is_some_and(|source| is_below(&source.value, &build.context.value))
        })
    });
    mounts_source || service.develop.is_some()
}

/// Whether the source of a bind mount is the build context or a folder of sources in it, not a file.
fn is_below(source: &str, context: &str) -> bool {
    let context = crate::text::normalise_path(context);
    let source = crate::text::normalise_path(source);
    if source == context {
        return true;
    }
    let inside = context.is_empty() || source.starts_with(&format!("{context}/"));
    inside
        && !name_of(&source).contains('.')
        && matches!(name_of(&source), "src" | "app" | "lib" | "server" | "client")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is_for() {
        assert_eq!(by_path("compose.override.yaml"), Some(Role::Development));
        assert_eq!(by_path("docker-compose.prod.yml"), Some(Role::Production));
        assert_eq!(by_path(".devcontainer/docker-compose.yml"), Some(Role::Development));
        assert_eq!(by_path("compose.yaml"), None);
        assert_eq!(by_path("shop/devices/compose.yaml"), None);
    }
}
