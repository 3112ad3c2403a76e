//! Patterns of paths in a configuration: `exclude`, and the `files` of overrides.

use super::read::{Reader, entries, text};
use crate::report::{Level, Role};
use crate::syntax::Node;
use crate::text::{folder_of, glob};

/// A pattern of paths below the folder of a configuration.
///
/// Without a slash it means files and folders of this name anywhere in the folder; with a slash, a path from
/// the folder. A folder that it means stands for everything in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// The folder of the configuration: its absolute path, or its path in the project where that is not
    /// known.
    folder: String,
    glob: String,
    is_anywhere: bool,
}

impl Pattern {
    /// Reads a pattern, or says what is wrong with it.
    fn read(written: &str) -> Result<Pattern, String> {
        if written.is_empty() {
            return Err("a pattern of paths must not be empty".to_owned());
        }
        if written.starts_with('!') {
            return Err(format!(
                "`{written}` begins with `!`, but patterns cannot be negated: list what is meant"
            ));
        }
        if written.contains(['[', '\\']) {
            return Err(format!(
                "`{written}` is not a pattern of paths: use `*`, `?`, `**` and `{{a,b}}`, and `/` between folders"
            ));
        }
        if written.matches('{').count() != written.matches('}').count() {
            return Err(format!("the braces of `{written}` do not match"));
        }
        if written.split('/').any(|part| part == "..") {
            return Err(format!(
                "`{written}` leads out of the folder of the configuration, which has a say only about files in it"
            ));
        }
        let trimmed = written.strip_prefix("./").unwrap_or(written).trim_end_matches('/');
        Ok(Pattern {
            folder: String::new(),
            glob: trimmed.trim_start_matches('/').to_owned(),
            is_anywhere: !trimmed.contains('/'),
        })
    }

    /// Whether such a path is meant, or a folder around it.
    fn matches(&self, path: &str) -> bool {
        let below = match path.strip_prefix(self.folder.as_str()) {
            Some(below) if self.folder.is_empty() => below,
            Some(below) if below.starts_with('/') => &below[1..],
            Some(_) | None => return false,
        };
        if self.is_anywhere {
            return below.split('/').any(|name| glob::matches(&self.glob, name));
        }
        let folders = std::iter::successors(Some(below), |path| Some(folder_of(path)));
        folders.take_while(|path| !path.is_empty()).any(|path| glob::matches(&self.glob, path))
    }
}

/// Files of a project that several patterns mean together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any pattern means a path, which is absolute where the folder of the patterns is.
    pub fn match_path(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(path))
    }

    pub(super) fn extend(&mut self, other: Patterns) {
        self.0.extend(other.0);
    }

    /// Returns the patterns of a configuration in this folder.
    #[must_use]
    pub(super) fn below(mut self, folder: &str) -> Patterns {
        for pattern in &mut self.0 {
            folder.clone_into(&mut pattern.folder);
        }
        self
    }

    /// Returns a pattern that means every file in a folder; an empty one stands for the project.
    pub(super) fn everything(folder: &str) -> Patterns {
        let folder = folder.to_owned();
        Patterns(vec![Pattern { folder, glob: "*".to_owned(), is_anywhere: true }])
    }

    /// Returns a pattern that means the file with this path or name.
    pub(super) fn file(folder: &str, path_or_name: &str) -> Patterns {
        let is_anywhere = !path_or_name.contains('/');
        let (folder, glob) = (folder.to_owned(), path_or_name.to_owned());
        Patterns(vec![Pattern { folder, glob, is_anywhere }])
    }
}

/// Settings for some of the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Override {
    pub files: Patterns,
    /// Codes, families or names of rules, and their levels.
    pub rules: Vec<(String, Level)>,
    pub role: Option<Role>,
    /// Whether these are the settings of a configuration further down for all of its folder, which hold there
    /// instead of those before.
    pub is_configuration: bool,
}

impl Reader<'_> {
    /// Reads a pattern or a list of patterns.
    pub(super) fn patterns(&mut self, key: &str, value: Node<'_>) -> Patterns {
        let items = if value.is_sequence() { value.items().collect() } else { vec![value] };
        let mut patterns = Patterns::default();
        for item in items {
            let read = match item.as_str() {
                Some(written) => Pattern::read(written),
                None => Err(format!("`{key}` lists patterns of paths, such as `examples/**`")),
            };
            match read {
                Ok(pattern) => patterns.0.push(pattern),
                Err(message) => self.problem(item.span(), message),
            }
        }
        patterns
    }

    /// Reads the list of overrides.
    pub(super) fn overrides(&mut self, overrides: Node<'_>) {
        if !overrides.is_sequence() {
            self.problem(overrides.span(), "`overrides` must be a list");
        }
        for item in overrides.items() {
            let Some(settings) = entries(item) else {
                let message = "an override maps `files` to patterns, with `rules` or a `role`";
                self.problem(item.span(), message);
                continue;
            };
            let mut read = Override::default();
            let mut names_files = false;
            for entry in settings {
                match text(entry.key) {
                    "files" => {
                        names_files =
                            !entry.value.is_sequence() || entry.value.items().next().is_some();
                        read.files = self.patterns("files", entry.value);
                    }
                    "rules" => read.rules = self.levels(entry.value),
                    "role" => read.role = self.role(entry.value),
                    unknown => {
                        let known = ["files", "rules", "role"];
                        self.unknown_key(entry.key.span(), unknown, "an override", &known);
                    }
                }
            }
            if !names_files {
                self.problem(item.span(), "an override names its `files`");
            }
            self.config.overrides.push(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::read(pattern).expect("the pattern is sound").matches(path)
    }

    #[test]
    fn a_name_is_meant_anywhere_and_a_path_from_the_folder() {
        assert!(matches("*.dev.yaml", "deploy/compose.dev.yaml"));
        assert!(
            matches("fixtures", "a/fixtures/b/c.yaml") && matches("fixtures/", "fixtures/c.yaml")
        );
        assert!(matches("deploy/*.yaml", "deploy/a.yaml"));
        assert!(!matches("deploy/*.yaml", "app/deploy/a.yaml"));
        assert!(matches("./compose.yaml", "compose.yaml") && matches("/a/b", "a/b/c/d.yaml"));
        assert!(matches("**/test/**", "a/test/b.yaml") && !matches("**/test/**", "a/tests/b.yaml"));
        assert!(matches("k8s/{dev,test}", "k8s/dev/web.yaml"));
    }

    #[test]
    fn a_pattern_is_about_files_below_its_folder() {
        let mut pattern = Pattern::read("k8s/*").expect("the pattern is sound");
        pattern.folder = "shop".to_owned();
        assert!(pattern.matches("shop/k8s/web.yaml"));
        assert!(!pattern.matches("shop-2/k8s/web.yaml") && !pattern.matches("k8s/web.yaml"));
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_refused() {
        for pattern in ["", "!a", "a[bc]", "{a,b", "../a", "a\\b"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
