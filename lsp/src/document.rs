//! Open documents: which of them are analysed, and where they belong.

use crate::buffer::Buffer;
use plimsoll_core::text::normalise_path;
use std::path::{Path, PathBuf};
use tower_lsp_server::ls_types::Uri;

/// Where a file belongs: the root folder of its project, and its name within the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub root: PathBuf,
    /// Path below the root with `/`, as the report gives it.
    pub name: String,
}

#[derive(Debug)]
pub struct Document {
    pub uri: Uri,
    pub version: i32,
    pub buffer: Buffer,
    pub place: Place,
}

/// Returns the path of a file on disk; `None` for documents of every other scheme.
pub fn path_of(uri: &Uri) -> Option<PathBuf> {
    let path = uri.to_file_path().filter(|_| uri.scheme().as_str() == "file")?;
    Some(path.components().collect())
}

/// Whether a document is analysed: a file that a walk would read, whatever the editor takes it for; a file that the
/// editor takes for one of ours; a document in one of our languages that has not been saved yet. Documents of other
/// schemes are views of something else, such as an older revision.
pub fn is_ours(uri: &Uri, language: &str) -> bool {
    match path_of(uri) {
        Some(path) => plimsoll_files::belongs(&path) || extension_of(language).is_some(),
        None => uri.scheme().as_str() == "untitled" && extension_of(language).is_some(),
    }
}

/// Returns how the name of a file ends that an editor opens in a language.
fn extension_of(language: &str) -> Option<&'static str> {
    // Neovim joins the names of languages with dots: `yaml.docker-compose`.
    let first = language.split('.').next().unwrap_or_default();
    match first {
        "yaml" | "dockercompose" | "docker-compose" | "kubernetes" | "helm" | "helm-template" => {
            Some(".yaml")
        }
        "dockerfile" => Some(".Dockerfile"),
        "env" | "dotenv" => Some(".env"),
        _ => None,
    }
}

/// Returns where a document belongs: to the innermost workspace folder around it, else to the folder that it lies
/// in. A document that is not a file (yet) is a project of its own, with a name that suits its language.
pub fn place(roots: &[PathBuf], uri: &Uri, language: &str) -> Place {
    let Some(path) = path_of(uri) else {
        let name = normalise_path(uri.path().decode().to_string_lossy().as_ref());
        let mut name = name.trim_start_matches('/').to_owned();
        if !plimsoll_files::belongs(Path::new(&name)) {
            name.push_str(extension_of(language).unwrap_or_default());
        }
        return Place { root: PathBuf::from(uri.as_str()), name };
    };
    let around = roots.iter().filter(|it| path.starts_with(it));
    let root = around.max_by_key(|it| it.as_os_str().len()).cloned();
    let root = root.or_else(|| path.parent().map(Path::to_owned)).unwrap_or_default();
    let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy();
    Place { name: normalise_path(&name), root }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn uri(text: &str) -> Uri {
        Uri::from_str(text).unwrap()
    }

    #[test]
    fn a_file_belongs_to_the_innermost_folder_around_it() {
        let roots = ["/w", "/w/sub"].map(PathBuf::from);
        let place = |it| {
            let place = place(&roots, &uri(it), "yaml");
            (place.root.to_string_lossy().into_owned(), place.name)
        };
        assert_eq!(place("file:///w/a%20b.yaml"), ("/w".into(), "a b.yaml".into()));
        assert_eq!(place("file:///w/sub/k/a.yaml"), ("/w/sub".into(), "k/a.yaml".into()));
        assert_eq!(place("file:///other/a.yaml"), ("/other".into(), "a.yaml".into()));
        assert_eq!(place("untitled:Untitled-1").1, "Untitled-1.yaml");
    }

    #[test]
    fn names_and_languages_decide_what_is_analysed() {
        for (document, language) in [
            ("file:///w/compose.yaml", "plaintext"),
            ("file:///w/.env", "properties"),
            ("file:///w/Dockerfile", "dockerfile"),
            ("file:///w/templates/_a.tpl", "helm"),
            ("file:///w/odd.name", "yaml.docker-compose"),
            ("untitled:Untitled-1", "yaml"),
        ] {
            assert!(is_ours(&uri(document), language), "{document}");
        }
        for (document, language) in [
            ("file:///w/notes.md", "markdown"),
            ("git:/w/compose.yaml?ref", "yaml"),
            ("untitled:Untitled-1", "plaintext"),
        ] {
            assert!(!is_ours(&uri(document), language), "{document}");
        }
    }
}
