//! Steps that create a file which the project names and does not have.

use super::Facts;
use crate::knowledge::env::{is_env_file, is_example_of, template_paths};
use crate::knowledge::preparing::names_preparation;
use crate::model::compose::MountKind;
use crate::text::{FileId, Span, folder_of, join_path, name_of};

impl Facts<'_> {
    /// Returns the place of a step that may create a missing file of a Compose project, and what it is in words. A step
    /// is a template of the file, a service that writes into its folder before others start, or a script that
    /// names it.
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

/// Whether a file of this name may write others: a script, or a list of tasks such as a `Makefile`.
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
    fn a_text_names_a_file_by_its_whole_name() {
        for text in ["cp a conf/.env\n", "> \".env\"", ".env"] {
            assert!(names(text, ".env"), "{text}");
        }
    }

    #[test]
    fn a_part_of_another_name_does_not_name_a_file() {
        for text in ["cp .env.example x\n", "cat x.env\n", ""] {
            assert!(!names(text, ".env"), "{text}");
        }
    }
}
