//! Examples that a project asks to be copied: of its `.env`, and of a Compose file.

use super::{Facts, Image, Unit};
use crate::knowledge::env::{is_example, is_example_of};
use crate::knowledge::image::{ImageRef, Pin};
use crate::model::compose::{Project, parse_env_file};
use crate::report::Kind;
use crate::syntax;
use crate::text::{FileId, folder_of, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// A variable that an env file sets which Compose does not read by itself.
#[derive(Debug, Clone, Copy)]
pub struct DocumentedVariable {
    pub file: FileId,
    pub is_empty: bool,
}

/// The variables that the env files beside Compose projects set, without those of `.env` and without what
/// only the containers read.
#[derive(Debug, Default)]
pub struct DocumentedVariables {
    /// By the number of the application and the name of the variable.
    by_name: FxHashMap<(usize, SmolStr), (DocumentedVariable, SmolStr)>,
    /// The variables that an example has in a comment only, `# REGION=`, by the number of the application.
    optional: FxHashSet<(usize, SmolStr)>,
    /// The numbers of the applications with an example.
    with_example: FxHashSet<usize>,
}

impl DocumentedVariables {
    pub fn new(facts: &Facts<'_>) -> DocumentedVariables {
        let mut folders: FxHashMap<&str, FxHashSet<usize>> = FxHashMap::default();
        for project in facts.projects() {
            let part = facts.part_of(facts.base_of(project));
            folders.entry(&project.folder).or_default().insert(part);
        }
        // What `env_file` names reaches a container, and no variable in the Compose file.
        let read_by_services: FxHashSet<&str> = facts
            .services()
            .iter()
            .flat_map(|it| &it.model.env_files)
            .map(|it| name_of(&it.path))
            .filter(|name| *name != ".env")
            .collect();
        let is_for_services = |name: &str| {
            let reads = |read: &&str| *read == name || is_example_of(name, read);
            read_by_services.iter().any(reads) && !is_example_of(name, ".env")
        };
        let is_candidate = |name: &str| name != ".env" && !is_for_services(name);
        let mut files: Vec<_> = facts
            .files()
            .iter()
            .filter(|it| it.kind == Kind::EnvFile && is_candidate(name_of(it.path())))
            .collect();
        files.sort_by_key(|it| {
            let name = name_of(it.path());
            (!is_example_of(name, ".env"), !is_example(name), it.path())
        });
        let mut documented = DocumentedVariables::default();
        for file in files {
            let Some(parts) = folders.get(folder_of(file.path())) else { continue };
            if is_example(name_of(file.path())) {
                documented.with_example.extend(parts);
                let names = file.text().lines().filter_map(commented_variable);
                let of_parts = names.flat_map(|name| parts.iter().map(move |it| (*it, name)));
                documented.optional.extend(of_parts.map(|(part, name)| (part, SmolStr::new(name))));
            }
            for variable in parse_env_file(file.id, file.text()) {
                let value = variable.value.map(|it| it.value).unwrap_or_default();
                let entry = DocumentedVariable { file: file.id, is_empty: value.is_empty() };
                for part in parts {
                    let key = (*part, variable.name.value.clone());
                    documented.by_name.entry(key).or_insert_with(|| (entry, value.clone()));
                }
            }
        }
        documented
    }

    /// Returns the file that sets a variable in an application; an example of `.env` comes first.
    pub fn get(&self, part: usize, name: &str) -> Option<DocumentedVariable> {
        self.by_name.get(&(part, SmolStr::new(name))).map(|it| it.0)
    }

    /// Whether the tag of an image is a variable with a default, and the example of `.env` gives it a tag that does
    /// not move: `app:${APP_TAG:-develop}` with `APP_TAG=23.04`.
    pub fn pins(&self, facts: &Facts<'_>, unit: &Unit<'_>, image: &Image<'_>) -> bool {
        let Some(service) = facts.service_of(unit) else { return false };
        let part = facts.part_of(image.span.file);
        let uses = service.project.variables_in(image.span);
        let mut used = uses.filter(|it| it.set_by.is_none());
        let (Some(used), None) = (used.next(), used.next()) else { return false };
        let is_tag =
            image.tag.is_some_and(|it| used.value.as_deref() == Some(it) || used.word == it);
        let value = self.value(part, &used.name).filter(|it| is_tag && !it.is_empty());
        value.is_some_and(|it| {
            let image = format!("{}:{it}", image.repository);
            !matches!(ImageRef::parse(&image).pin(), Pin::Moving | Pin::Absent | Pin::Unknown)
        })
    }

    /// Returns the value that a variable has in that file.
    fn value(&self, part: usize, name: &str) -> Option<&str> {
        self.by_name.get(&(part, SmolStr::new(name))).map(|it| it.1.as_str())
    }

    /// Whether an application has an example of an env file.
    pub fn has_example(&self, part: usize) -> bool {
        self.with_example.contains(&part)
    }

    /// Whether an example has a variable in a comment only, and so says that it may be left out.
    pub fn is_optional(&self, part: usize, name: &str) -> bool {
        self.get(part, name).is_none() && self.optional.contains(&(part, SmolStr::new(name)))
    }
}

/// Returns the name of the variable that a comment would set: `REGION` in `# REGION=eu-west-1`.
fn commented_variable(line: &str) -> Option<&str> {
    let commented = line.trim_start().strip_prefix('#')?.trim_start_matches('#').trim_start();
    let (name, _) = commented.strip_prefix("export ").unwrap_or(commented).split_once('=')?;
    let is_name = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    is_name.then_some(name)
}

impl Facts<'_> {
    /// Returns the path of an example of a Compose file, in the folder of a project, that defines all of some
    /// names in a section such as `secrets`.
    pub fn example_defining(
        &self,
        project: &Project,
        section: &str,
        names: &[&str],
    ) -> Option<&str> {
        let beside = self.files().iter().filter(|it| folder_of(it.path()) == project.folder);
        let mut examples = beside.filter(|it| {
            let copied = name_of(it.path()).rsplit_once('.');
            copied.is_some_and(|(copied, ending)| is_yaml(copied) && is_example(ending))
        });
        let defines_all = |text| {
            let (tree, _) = syntax::parse(FileId(0), text, None);
            let sections = tree.roots().filter_map(|root| root.get(section));
            let entries: Vec<_> = sections.flat_map(syntax::Node::merged_entries).collect();
            names.iter().all(|name| entries.iter().any(|it| it.key.as_str() == Some(*name)))
        };
        examples.find(|it| defines_all(&it.file.text)).map(|it| it.path())
    }
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}
