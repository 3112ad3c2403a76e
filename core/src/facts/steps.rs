//! Steps that create a file which is not among those of the project.

use super::Facts;
use crate::knowledge::env::{is_env_file, is_example_of, template_paths};
use crate::knowledge::preparing::names_preparation;
use crate::model::compose::MountKind;
use crate::text::{FileId, Span, folder_of, join_path, name_of};

impl Facts<'_> {
    /// Returns the step that creates a file of a Compose project, if the files show one: a template beside it, a
    /// service that writes into its folder, or a script that names it.
    pub fn creating_step(&self, project: usize, path: &str) -> Option<(Span, String)> {
        let start = |id: FileId| Span::new(id, 0, 0);
        let template = template_paths(path).find_map(|it| self.file_at(&it));
        if let Some(id) = template.or_else(|| self.example_below(path)) {
            let name = self.file(id).path();
            let name = name.strip_prefix(folder_of(path)).unwrap_or(name).trim_start_matches('/');
            return Some((start(id), format!("`{name}` is its template")));
        }
        let model = &self.projects()[project];
        for service in self.services_of(project) {
            let prepares = self.is_one_shot(service) || names_preparation(service.name);
            let writes = service.model.volumes.iter().find(|mount| {
                let source = mount.source.as_ref().map_or("", |it| it.as_str());
                let folder = join_path(&model.folder, source);
                mount.kind == MountKind::Bind
                    && !mount.read_only
                    && !source.starts_with(['/', '~'])
                    && (folder.is_empty() || path.starts_with(&format!("{folder}/")))
            });
            if let Some(mount) = writes.filter(|_| prepares) {
                return Some((mount.span, format!("`{}` may create it", service.name)));
            }
        }
        let script = self.files().iter().find(|file| {
            may_write_files(file.path())
                && self.same_part(file.id, self.base_of(model))
                && names(file.text(), name_of(path))
        })?;
        Some((start(script.id), "this script may create it".to_owned()))
    }

    /// Returns the example of an env file in a folder below its own: `scripts/default_env` of `.env`.
    fn example_below(&self, path: &str) -> Option<FileId> {
        let name = name_of(path);
        let mut below = self.files_below(folder_of(path)).filter(|_| is_env_file(name));
        let example = below.find(|it| {
            let folder = folder_of(it).strip_prefix(folder_of(path)).unwrap_or_default();
            is_example_of(name_of(it), name) && folder.trim_matches('/').split('/').count() == 1
        })?;
        self.file_at(example)
    }
}

/// Whether a text has a name as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Whether a file of this name may write others: a script or a list of tasks. The command hands over shell scripts
/// alone; other callers may hand over more.
fn may_write_files(path: &str) -> bool {
    let name = name_of(path);
    let ends = [".sh", ".bash", ".ps1", ".py", ".mk"].iter().any(|it| name.ends_with(it));
    ends || matches!(name, "Makefile" | "makefile" | "justfile" | "Justfile" | "package.json")
        || matches!(name, "Taskfile.yml" | "Taskfile.yaml")
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_is_a_word_of_its_own() {
        assert!(names("cp a conf/.env\n", ".env") && names("> \".env\"", ".env"));
        assert!(!names("cp .env.example x.env\n", ".env"));
    }
}
