//! Commands to paste: what to type in the root of the project to ask Docker Compose or a cluster about
//! one of its objects.

use super::Facts;
use crate::model::compose::{Project, is_default_name};
use crate::model::kubernetes::Object;
use crate::text::folder_of;

impl Facts<'_> {
    /// Returns a `docker compose` command for a project, with the `-f` options that it needs when it
    /// is typed in the root.
    pub fn compose_command(&self, project: &Project, command: &str) -> String {
        let mut line = "docker compose".to_owned();
        let paths: Vec<&str> = project.files.iter().map(|it| self.file(*it).path()).collect();
        let is_found = project.folder.is_empty() && paths.iter().all(|it| is_picked_up(it));
        if !is_found {
            for path in &paths {
                line.push_str(&format!(" -f {}", in_shell(path)));
            }
            if paths.first().is_some_and(|it| folder_of(it) != project.folder) {
                let folder = if project.folder.is_empty() { "." } else { &project.folder };
                line.push_str(&format!(" --project-directory {}", in_shell(folder)));
            }
        }
        format!("{line} {command}")
    }
}

impl super::Service<'_> {
    /// Returns a `docker compose` command about this service, as [`Facts::compose_command`], with the
    /// profile that enables the service.
    pub fn command(&self, facts: &Facts<'_>, command: &str) -> String {
        let command = match self.model.profiles.first() {
            Some(profile) => format!("--profile {} {command}", in_shell(profile)),
            None => command.to_owned(),
        };
        facts.compose_command(self.project, &command)
    }
}

/// Returns a `kubectl` command about one object: `kubectl get configmap -n shop web`, and what follows.
pub fn kubectl(verb: &str, object: &Object, options: &str) -> String {
    let kind = object.kind.to_ascii_lowercase();
    let name = object.name().map_or("NAME", |it| it.as_str());
    let namespace = match &object.meta.namespace {
        Some(namespace) => format!(" -n {namespace}"),
        None => String::new(),
    };
    format!("kubectl {verb} {kind}{namespace} {name} {options}").trim_end().to_owned()
}

/// Whether Compose reads a file without being asked: it has a default name, or is the override of one.
fn is_picked_up(path: &str) -> bool {
    is_default_name(path) || is_default_name(&path.replacen(".override.", ".", 1))
}

/// Returns a word for a POSIX shell, in quotes where it needs them.
pub fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::workspace::Workspace;

    fn command(files: &[&str]) -> String {
        let mut workspace = Workspace::default();
        for path in files {
            workspace.set(path, "services: {web: {image: 'acme/web:1'}}\n");
        }
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        facts.compose_command(&facts.projects()[0], "ps web")
    }

    #[test]
    fn files_that_compose_does_not_find_are_named() {
        assert_eq!(command(&["compose.yaml"]), "docker compose ps web");
        let both = ["docker-compose.yml", "docker-compose.override.yml"];
        assert_eq!(command(&both), "docker compose ps web");
        assert_eq!(command(&["compose.prod.yaml"]), "docker compose -f compose.prod.yaml ps web");
        assert_eq!(
            command(&["shop/compose.yaml"]),
            "docker compose -f shop/compose.yaml ps web",
            "the folder of the first file is the project's own"
        );
        assert_eq!(
            command(&["my shop/compose.yaml"]),
            "docker compose -f 'my shop/compose.yaml' ps web"
        );
    }
}
