//! What the names of folders say about the files below them.
//!
//! Source: see `data/folder_uses.txt`.

use super::data::blocks;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// What the files below a folder are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FolderUse {
    Production,
    Development,
    Test,
    Demonstration,
    /// Documentation, or what is no longer in use.
    Aside,
    /// Something to try out as it is.
    Trial,
    /// The same, where a lesson follows.
    Course,
    Lesson,
}

impl FolderUse {
    /// Returns the use that a heading of the data names.
    fn from_word(word: &str) -> Option<FolderUse> {
        Some(match word {
            "production" => FolderUse::Production,
            "development" => FolderUse::Development,
            "test" => FolderUse::Test,
            "demonstration" => FolderUse::Demonstration,
            "aside" => FolderUse::Aside,
            "trial" => FolderUse::Trial,
            "course" => FolderUse::Course,
            "lesson" => FolderUse::Lesson,
            _ => return None,
        })
    }

    /// Whether a folder of this name has the use.
    #[must_use]
    pub fn fits(self, folder: &str) -> bool {
        let folder = folder.trim_start_matches(['.', '_']);
        let words = USES.get(&self).map_or(&[][..], Vec::as_slice);
        let is_start = |word: &str| word.ends_with('-') && starts_with(folder, word);
        let is_named = words.iter().any(|it| folder.eq_ignore_ascii_case(it) || is_start(it));
        is_named || self == FolderUse::Lesson && is_numbered(folder, words)
    }
}

/// Whether a folder is one of a row: `01-pods`, `lab2`, `module-3-services`.
fn is_numbered(folder: &str, words: &[&str]) -> bool {
    let begins_with_digit = |text: &str| text.starts_with(|it: char| it.is_ascii_digit());
    let is_in_row = |word: &&&str| {
        let rest = folder.get(word.len()..).filter(|_| starts_with(folder, word));
        rest.is_some_and(|it| begins_with_digit(it.trim_start_matches(['-', '_'])))
    };
    begins_with_digit(folder) || words.iter().any(|word| is_in_row(&word))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start))
}

/// Whether a path leads through a folder that holds samples or a course.
#[must_use]
pub fn is_for_trial(path: &str) -> bool {
    let folders: Vec<&str> = path.split('/').collect();
    let (_, folders) = folders.split_last().unwrap_or((&"", &[]));
    let is_course =
        |pair: &[&str]| FolderUse::Course.fits(pair[0]) && FolderUse::Lesson.fits(pair[1]);
    folders.iter().any(|it| FolderUse::Trial.fits(it)) || folders.windows(2).any(is_course)
}

/// Whether a path leads through a folder that says it holds examples, or something to try out.
#[must_use]
pub fn is_for_show(path: &str) -> bool {
    let (folders, _) = path.rsplit_once('/').unwrap_or_default();
    folders.split('/').any(|it| FolderUse::Demonstration.fits(it)) || is_for_trial(path)
}

/// Whether a title says that what is below it is an example: "A demo of Kafka", "Kubernetes by Example".
#[must_use]
pub fn is_title_for_show(title: &str) -> bool {
    let mut words = title.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    words.any(|it| FolderUse::Demonstration.fits(it) || FolderUse::Trial.fits(it))
}

static USES: LazyLock<FxHashMap<FolderUse, Vec<&str>>> = LazyLock::new(|| {
    let blocks = blocks(include_str!("data/folder_uses.txt"));
    let uses = blocks.into_iter().map(|block| {
        let name = FolderUse::from_word(block.heading).expect("internal error: an unknown use");
        (name, block.lines.into_iter().map(|(word, _)| word).collect())
    });
    uses.collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_below_it() {
        assert!(FolderUse::Test.fits("E2E") && FolderUse::Aside.fits("_archived"));
        assert!(FolderUse::Development.fits(".devcontainer"));
        assert!(!FolderUse::Development.fits("devices") && !FolderUse::Demonstration.fits("demon"));
        assert!(FolderUse::Trial.fits("sample-manifests") && !FolderUse::Trial.fits("sampler"));
    }

    #[test]
    fn titles_and_folders_say_that_something_is_an_example() {
        for title in ["A demo of Kafka", "Docker Compose Examples", "kafka-tutorial", "Workshop"] {
            assert!(is_title_for_show(title), "{title}");
        }
        for title in ["Shop", "Demonstrator", "Documentation (docs)", "Legacy API", ""] {
            assert!(!is_title_for_show(title), "{title}");
        }
        assert!(is_for_show("examples/web/compose.yaml") && is_for_show("workshop/web.yaml"));
        assert!(!is_for_show("docs/web.yaml") && !is_for_show("shop/examples.yaml"));
    }

    #[test]
    fn a_lab_or_a_training_is_a_course_only_with_lessons() {
        for path in [
            "quickstart/web.yaml",
            "workshop/web.yaml",
            "sample-manifests/web.yaml",
            "labs/01-pods/pod.yaml",
            "labs/lab2/pod.yaml",
            "training/module-3-services/web.yaml",
            "training/exercise/web.yaml",
        ] {
            assert!(is_for_trial(path), "{path}");
        }
        for path in [
            "labs/web/web.yaml",
            "lab/web.yaml",
            "labs/web.yaml",
            "training/job.yaml",
            "training/models/job.yaml",
            "apps/workshop.yaml",
            "01-pods/pod.yaml",
        ] {
            assert!(!is_for_trial(path), "{path}");
        }
    }
}
