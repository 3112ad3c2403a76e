//! Names of folders that do not say to which application their content belongs.
//!
//! Source: see `data/folder_names.txt`.

use super::data::blocks;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// The names by what they say.
struct Names {
    forms: FxHashSet<&'static str>,
    stages: FxHashSet<&'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { forms: FxHashSet::default(), stages: FxHashSet::default() };
    for block in blocks(include_str!("data/folder_names.txt")) {
        let of_block = match block.heading {
            "form" => &mut names.forms,
            "stage" => &mut names.stages,
            other => panic!("internal error: the heading {other} of folder names"),
        };
        of_block.extend(block.lines.into_iter().map(|(name, _)| name));
    }
    names
});

/// Whether the name of a folder, perhaps a hidden one, says what is in it: `k8s`, `helm`, `.docker`.
#[must_use]
pub fn is_form_folder(name: &str) -> bool {
    NAMES.forms.contains(&*plain(name))
}

/// Whether the name of a folder says the same only among others of its kind: `dev` beside `prod`.
#[must_use]
pub fn is_stage_folder(name: &str) -> bool {
    NAMES.stages.contains(&*plain(name))
}

fn plain(name: &str) -> String {
    name.trim_start_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{is_form_folder, is_stage_folder};

    #[test]
    fn case_and_dots_do_not_matter() {
        assert!(is_form_folder("K8s") && is_form_folder(".docker") && !is_form_folder("shop"));
        assert!(is_stage_folder("Prod") && !is_stage_folder("k8s"));
    }
}
