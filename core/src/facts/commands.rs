//! Commands for a shell in the root of the project, with the options that these files need.

use super::{Facts, Service, Site, Unit};
use crate::model::compose::{Project, is_default_name};
use crate::text::{folder_of, name_of};

impl<'a> Facts<'a> {
    /// Returns the `docker compose` command for a project: with `-f` for each file, unless Compose finds
    /// them by itself in the root.
    pub fn compose_of(&self, project: &Project, arguments: &str) -> String {
        format!("docker compose{} {arguments}", self.compose_files(project))
    }

    /// Returns the `docker compose` command about a service, with the profile that it needs.
    pub fn compose(&self, service: &Service<'a>, arguments: &str) -> String {
        let files = self.compose_files(service.project);
        let profile = service.model.profiles.first();
        let profile = profile.map(|it| format!(" --profile {it}")).unwrap_or_default();
        format!("docker compose{files}{profile} {arguments}")
    }

    /// Returns the `docker compose` command about a container that is a Compose service.
    pub fn compose_for(&self, unit: &Unit<'a>, arguments: &str) -> String {
        match unit.site {
            Site::Service(at) => self.compose(&self.services[at], arguments),
            Site::Container(..) => format!("docker compose {arguments}"),
        }
    }

    fn compose_files(&self, project: &Project) -> String {
        let paths: Vec<&str> = project.files.iter().map(|it| self.file(*it).path()).collect();
        let is_found = |path: &&str| {
            folder_of(path).is_empty()
                && (is_default_name(path) || name_of(path).contains(".override."))
        };
        if paths.iter().all(is_found) {
            return String::new();
        }
        paths.iter().map(|path| format!(" -f {}", quoted(path))).collect()
    }
}

/// Returns a path for a shell, in quotes where it needs them.
fn quoted(path: &str) -> String {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '/');
    if path.chars().all(is_plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn paths_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quoted("shop/compose.yaml"), "shop/compose.yaml");
        assert_eq!(quoted("my shop/compose.yaml"), "'my shop/compose.yaml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
