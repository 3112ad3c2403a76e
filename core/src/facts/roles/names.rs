//! What the names of files and folders, and the comments at the head of a file, say about its role.

use crate::knowledge::development_words::for_development;
use crate::knowledge::folder_uses::{FolderUse, is_for_trial};
use crate::report::Role;
use crate::text::{folder_of, name_of};

/// Whether one of the folders in a path has a use.
pub(in crate::facts) fn lies_below(path: &str, wanted: FolderUse) -> bool {
    folder_of(path).split('/').any(|folder| wanted.fits(folder))
}

/// Whether a path says that its file is not for production.
pub(in crate::facts) fn is_aside(path: &str) -> bool {
    let aside =
        [FolderUse::Development, FolderUse::Test, FolderUse::Demonstration, FolderUse::Aside];
    aside.into_iter().any(|it| lies_below(path, it)) || is_for_trial(path)
}

/// Whether the comments at the head of a file say that it is an example, which is not used as it is.
pub(in crate::facts) fn calls_itself_an_example(text: &str) -> bool {
    const SAID: &[&str] = &[
        "only an example",
        "just an example",
        "is an example",
        "example only",
        "edit this",
        "for demonstration",
        "not for production",
    ];
    // Generated files carry a "do not edit" notice, which is no invitation to edit.
    head(text).any(|line| {
        !line.contains("not edit")
            && !line.contains("n't edit")
            && SAID.iter().any(|it| line.contains(it))
    })
}

/// Whether the comments at the head of a file say that it is for development, and not which other file is.
pub(super) fn calls_itself_development(text: &str) -> bool {
    const SAID: &[&str] = &["local development", "development stack", "development environment"];
    let is_said = head(text).any(|line| {
        let names_a_file = line.contains(".yml") || line.contains(".yaml");
        // Such lines say what to read or to run, or name several environments.
        let is_about_use = ["prod", "see ", "use ", "run "].iter().any(|it| line.contains(it));
        !names_a_file
            && !is_about_use
            && !line.contains("not ")
            && SAID.iter().any(|it| line.contains(it))
    });
    is_said || title(text).is_some_and(|it| is_about_development(&it))
}

/// Returns the first words in the comments at the head of a file, without a frame around them.
fn title(text: &str) -> Option<String> {
    let is_frame = |it: char| it.is_whitespace() || matches!(it, '#' | '=' | '-' | '*' | '─' | '═');
    let mut lines = head(text).map(|line| line.trim_matches(is_frame).to_lowercase());
    lines.find(|line| !line.is_empty())
}

/// Whether a title begins with the word for development, and says nothing of a command or of another file.
fn is_about_development(title: &str) -> bool {
    const GOES_ON: [&str; 6] = [":", "：", " -", " –", " —", " ("];
    let is_use = title.contains("docker") || title.contains(".yml") || title.contains(".yaml");
    let is_whole = |rest: &str| rest.is_empty() || GOES_ON.iter().any(|it| rest.starts_with(it));
    !is_use && for_development().any(|word| title.strip_prefix(word).is_some_and(is_whole))
}

/// Returns the comments at the head of a file, in lower case.
fn head(text: &str) -> impl Iterator<Item = String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let lines = text.lines().map(str::trim);
    lines.take_while(|it| it.is_empty() || it.starts_with('#')).map(str::to_ascii_lowercase)
}

/// Whether the name of a file says only that it is for Swarm, and not for which environment.
pub(super) fn is_for_swarm_by_name(path: &str) -> bool {
    let words = || name_of(path).split(['.', '-', '_']);
    words().any(|it| is_among(&["swarm", "stack"], it))
        && !words().any(|it| is_among(&["prod", "production", "live"], it))
}

/// Returns the role that the words in the names of a file and its folders give it.
pub(in crate::facts) fn by_path(path: &str) -> Option<Role> {
    const DEVELOPMENT: &[&str] = &[
        "dev",
        "development",
        "override",
        "local",
        "test",
        "tests",
        "testing",
        "e2e",
        "ci",
        "debug",
        "demo",
    ];
    const PRODUCTION: &[&str] = &["prod", "production", "live", "deploy", "swarm", "stack"];
    let mut development = false;
    for word in name_of(path).split(['.', '-', '_']) {
        if is_among(PRODUCTION, word) {
            return Some(Role::Production);
        }
        development |= is_among(DEVELOPMENT, word);
    }
    if development {
        return Some(Role::Development);
    }
    folder_of(path).rsplit('/').find_map(|folder| {
        if FolderUse::Development.fits(folder) || FolderUse::Test.fits(folder) {
            Some(Role::Development)
        } else if FolderUse::Production.fits(folder) {
            Some(Role::Production)
        } else {
            None
        }
    })
}

/// Whether nothing but a folder called `local` says that a file is for development. Some mean by that what runs on a
/// server of one's own.
pub(super) fn is_local_by_folder(path: &str) -> bool {
    let elsewhere: Vec<&str> =
        path.split('/').filter(|it| !it.eq_ignore_ascii_case("local")).collect();
    by_path(path) == Some(Role::Development)
        && by_path(&elsewhere.join("/")) != Some(Role::Development)
}

/// Whether a word, in upper or lower case, is one of a list.
pub(super) fn is_among(list: &[&str], word: &str) -> bool {
    list.iter().any(|it| word.eq_ignore_ascii_case(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is_for() {
        assert_eq!(by_path("compose.override.yaml"), Some(Role::Development));
        assert_eq!(by_path("docker-compose.prod.yml"), Some(Role::Production));
        assert_eq!(by_path(".devcontainer/docker-compose.yml"), Some(Role::Development));
        assert_eq!(by_path("compose.yaml"), None);
        assert_eq!(by_path("shop/devices/compose.yaml"), None);
    }
}
