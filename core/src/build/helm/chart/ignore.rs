//! `.helmignore`: the files of a chart's folder that do not belong to the chart.

use super::{ChartFile, Content};
use crate::build::helm::glob::Pattern;

/// The rules of one chart, and Helm's own: hidden files among the templates.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    negated: bool,
    folders_only: bool,
    /// Compared with the whole path, not with the name alone.
    whole_path: bool,
}

impl Rules {
    pub fn of(files: &[ChartFile]) -> Rules {
        let own = files.iter().find(|file| file.path == ".helmignore");
        let text = match own.map(|file| &file.content) {
            Some(Content::Text(text)) => &**text,
            Some(Content::Archive(_)) | None => "",
        };
        Rules(text.lines().chain(["templates/.?*"]).filter_map(Rule::parse).collect())
    }

    /// Whether the file, or a folder that it lies in, is ignored.
    pub fn ignores(&self, path: &str) -> bool {
        if path == "Chart.yaml" {
            return false;
        }
        let folders = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        folders.chain([(path, false)]).any(|(path, is_folder)| self.ignores_one(path, is_folder))
    }

    fn ignores_one(&self, path: &str, is_folder: bool) -> bool {
        self.0.iter().any(|rule| {
            let matches = rule.matches(path);
            if rule.negated {
                rule.folders_only && !is_folder || !matches
            } else {
                matches && (is_folder || !rule.folders_only)
            }
        })
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Rule> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.contains("**") {
            return None;
        }
        let (negated, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (folders_only, line) = match line.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let whole_path = line.contains('/');
        let pattern = Pattern::new(line.strip_prefix('/').unwrap_or(line));
        Some(Rule { pattern, negated, folders_only, whole_path })
    }

    fn matches(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.pattern.matches(if self.whole_path { path } else { name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    #[test]
    fn names_match_anywhere_and_paths_from_the_top() {
        let text = "# a comment\n.git\n*.txt\nmydir/\n/foo.md\n*/temp*\n";
        let content = Content::Text(text.into());
        let rules =
            Rules::of(&[ChartFile { path: ".helmignore".into(), file: FileId(0), content }]);
        for (path, expected) in [
            (".git/config", true),
            ("docs/a.txt", true),
            ("mydir/a.yaml", true),
            ("docs/mydir", false),
            ("foo.md", true),
            ("docs/foo.md", false),
            ("docs/temporary", true),
            ("a/b/temporary", false),
            ("templates/.hidden.yaml", true),
            ("templates/a.yaml", false),
        ] {
            assert_eq!(rules.ignores(path), expected, "{path}");
        }
    }
}
