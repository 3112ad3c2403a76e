//! The order of values files: what a general file takes back that a specific one sets.

use super::requests::{ValueFile, source_folder, value_file};
use super::{App, Project};
use crate::build::environment_of;
use crate::build::kustomize::Value;
use crate::model::kubernetes::ApplicationSource;
use crate::model::read::Str;
use crate::text::{Spanned, name_of};

/// Words that say that a values file is for everybody.
const GENERAL: &[&str] =
    &["values", "common", "base", "default", "defaults", "global", "shared", "all"];

/// Maximum depth of values that are compared.
const MAX_DEPTH: usize = 32;

/// A value that a specific file sets and a general one, which is read later, sets to something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Defeated {
    pub general: Str,
    pub specific: Str,
    /// The path of the value, with dots.
    pub key: String,
    pub general_value: Spanned<String>,
    pub specific_value: Spanned<String>,
    /// Whether the two files are listed one after the other.
    pub are_neighbours: bool,
}

/// Returns the values of a source that a general values file takes back, one for each general file.
pub fn defeated_values(
    project: &Project<'_>,
    app: &App,
    source: &ApplicationSource,
) -> Vec<Defeated> {
    let files = source.helm.as_ref().map_or(&[][..], |helm| &helm.value_files);
    if files.len() < 2 {
        return Vec::new();
    }
    let folder = source_folder(project, app.file, source).map(|(folder, _)| folder);
    let content = |entry: &Str| match value_file(
        project,
        app,
        folder.as_deref().unwrap_or_default(),
        entry,
    ) {
        ValueFile::Path(path) => project.content(&path),
        ValueFile::Missing(_) | ValueFile::UnknownReference(_) | ValueFile::Unknown => None,
    };
    let mut found = Vec::new();
    for (at, general) in files.iter().enumerate().filter(|(_, file)| is_general(file)) {
        let before = files[..at]
            .iter()
            .enumerate()
            .filter(|(_, file)| environment_of(name_of(file)).is_some());
        for (other, specific) in before {
            let (Some(over), Some(base)) = (content(general), content(specific)) else { continue };
            if let Some((key, general_value, specific_value)) = first_difference(&over, &base, 0) {
                found.push(Defeated {
                    general: general.clone(),
                    specific: specific.clone(),
                    key,
                    general_value,
                    specific_value,
                    are_neighbours: other + 1 == at,
                });
                break;
            }
        }
    }
    found
}

/// Whether the name of a values file is that of one for everybody.
fn is_general(path: &str) -> bool {
    let name = name_of(path).to_ascii_lowercase();
    let stem = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    environment_of(&name).is_none()
        && stem.split(['-', '.', '_']).all(|word| GENERAL.contains(&word))
}

/// Returns the first scalar that two values both have and that differs, with its path.
fn first_difference(
    a: &Value,
    b: &Value,
    depth: usize,
) -> Option<(String, Spanned<String>, Spanned<String>)> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let (Some(x), Some(y)) = (a.as_str(), b.as_str()) {
        let differs = !a.same(b);
        let text = |text: &str, value: &Value| Spanned::new(text.to_owned(), value.span);
        return differs.then(|| (String::new(), text(x, a), text(y, b)));
    }
    for (key, field) in a.as_map()? {
        let Some(other) = b.get(key) else { continue };
        if let Some((rest, x, y)) = first_difference(&field.value, other, depth + 1) {
            let path = if rest.is_empty() { key.to_string() } else { format!("{key}.{rest}") };
            return Some((path, x, y));
        }
    }
    None
}
