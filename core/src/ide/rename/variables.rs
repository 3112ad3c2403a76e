//! Which variables of Compose projects can be renamed: those that a `.env` file sets and that only Compose files
//! use.

use super::super::compose::uses_in;
use super::super::names::Role;
use super::{Name, Plan};
use crate::model::compose::{EnvSource, Project, VariableUse};
use crate::report::Kind;
use crate::text::{FileId, Span};

/// How the names begin that Compose and Docker read themselves.
const READ_BY_DOCKER: &[&str] = &["COMPOSE_", "DOCKER_", "BUILDKIT_", "BUILDX_"];

impl Plan<'_> {
    /// Returns the reason why a variable cannot be renamed; `None` for one that can, and for everything else.
    pub(super) fn variable(&self) -> Option<String> {
        let Name::Variable { name, .. } = self.name else { return None };
        let analysis = self.snapshot.analysis;
        let definitions = self.occurrences.iter().filter(|it| it.role == Role::Definition);
        let files: Vec<FileId> = definitions.map(|it| it.span.file).collect();
        let is_set = files.iter().any(|file| analysis.file(*file).kind == Kind::EnvFile);
        if !is_set || READ_BY_DOCKER.iter().any(|start| name.starts_with(start)) {
            return Some(format!(
                "The variable `{name}` cannot be renamed here, since a shell or another program may set it."
            ));
        }
        if let Some(place) = self.use_in_env_file(name) {
            return Some(format!(
                "{place} names the variable `{name}` in a text that cannot be changed from here."
            ));
        }
        let mut projects: Vec<usize> = Vec::new();
        for occurrence in &self.occurrences {
            if let Name::Variable { project, .. } = self.snapshot.names.name(occurrence.name) {
                projects.push(*project);
            }
        }
        projects.sort_unstable();
        projects.dedup();
        let projects = projects.into_iter().map(|at| &analysis.facts().projects()[at]);
        projects.into_iter().find_map(|project| {
            let hidden = self.hidden_use(project, name);
            hidden.or_else(|| self.handed_over(project, name, &files))
        })
    }

    /// Returns the place where an environment file uses the variable or sets it a second time.
    fn use_in_env_file(&self, name: &str) -> Option<String> {
        let files = self.snapshot.analysis.files().iter();
        files.filter(|file| file.kind == Kind::EnvFile).find_map(|file| {
            let mut is_set = false;
            let at = file.text().lines().position(|line| {
                let line = line.trim_start();
                let line = line.strip_prefix("export ").unwrap_or(line);
                let sets = line.split_once('=').is_some_and(|(key, _)| key.trim() == name);
                sets && std::mem::replace(&mut is_set, true) || uses_in(line, name).next().is_some()
            })?;
            Some(format!("{}:{}", file.path(), at + 1))
        })
    }

    /// Returns the reason why a use whose text is escaped or folded stands in the way.
    fn hidden_use(&self, project: &Project, name: &str) -> Option<String> {
        let is_hidden = |used: &&VariableUse| {
            let inside = |span: Span| used.span.contains(span);
            used.name == name && !self.occurrences.iter().any(|it| inside(it.span))
        };
        let hidden = project.variables.iter().find(is_hidden)?;
        Some(format!(
            "The variable `{name}` is part of the text at {}; change it there by hand.",
            self.at(hidden.span)
        ))
    }

    /// Returns the reason why a container that gets the variable under its own name stands in the way.
    fn handed_over(&self, project: &Project, name: &str, files: &[FileId]) -> Option<String> {
        let service = project.services.iter().find(|service| {
            let reads = service.env_files.iter().filter_map(|it| it.file);
            let is_passed = service.environment.iter().any(|var| {
                // A value that is not written has the place of the name.
                var.name.as_str() == name
                    && var.from == EnvSource::Environment
                    && var.value.as_ref().is_none_or(|it| it.span == var.name.span)
            });
            is_passed || reads.into_iter().any(|file| files.contains(&file))
        })?;
        Some(format!(
            "The service `{}` gets the variable `{name}` under this name.",
            service.name.as_str()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, renamed};

    const VARIABLE: &str = "=== compose.yaml
services:
  web: {image: 'acme/web:${TAG:-1}', labels: {a: \"$TAG-${X:-${TAG}}\"}}
=== .env
A=2
T<>AG=2
";

    #[test]
    fn a_variable_changes_in_the_env_file_and_where_it_is_used() {
        let image =
            "web: {image: 'acme/web:${VERSION:-1}', labels: {a: \"$VERSION-${X:-${VERSION}}\"}}";
        assert_eq!(renamed(VARIABLE, "VERSION"), ["VERSION=2", image]);
        let used = VARIABLE.replace("T<>AG", "TAG").replacen("${TAG", "${T<>AG", 1);
        assert_eq!(renamed(&used, "VERSION"), ["VERSION=2", image]);
        assert_eq!(refused(VARIABLE, "A"), "There is already a variable `A` at .env:1.");
        assert_eq!(refused(VARIABLE, "X"), "There is already a variable `X` at compose.yaml:2.");
    }

    #[test]
    fn a_variable_that_others_read_is_refused() {
        let handed = "The service `web` gets the variable `TAG` under this name.";
        let passed = VARIABLE.replace("labels:", "environment: [TAG], labels:");
        assert_eq!(refused(&passed, "B"), handed);
        let read = VARIABLE.replace("labels:", "env_file: .env, labels:");
        assert_eq!(refused(&read, "B"), handed);
        let in_file = VARIABLE.replace("A=2", "A=${TAG}");
        assert_eq!(
            refused(&in_file, "B"),
            ".env:1 names the variable `TAG` in a text that cannot be changed from here."
        );
        let escaped = VARIABLE.replace("$TAG-${X:-${TAG}}", "\\x24{TAG}");
        assert_eq!(
            refused(&escaped, "B"),
            "The variable `TAG` is part of the text at compose.yaml:2; change it there by hand."
        );
        let profiles = VARIABLE.replace("T<>AG=2", "COMPOSE_PRO<>FILES=a");
        assert_eq!(
            refused(&profiles, "B"),
            "The variable `COMPOSE_PROFILES` cannot be renamed here, since a shell or another program may set it."
        );
    }
}
