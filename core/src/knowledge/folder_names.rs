//! Names of folders that say what is in them, and not to which application it belongs.
//!
//! Source: see `data/folder_names.txt`.

use super::data::blocks;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// What the name of a folder says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Says {
    Form,
    Stage,
    Release,
    Source,
    Data,
    Image,
}

impl Says {
    /// Returns what a heading of the data stands for.
    fn from_word(word: &str) -> Option<Says> {
        Some(match word {
            "form" => Says::Form,
            "stage" => Says::Stage,
            "release" => Says::Release,
            "source" => Says::Source,
            "data" => Says::Data,
            "image" => Says::Image,
            _ => return None,
        })
    }

    fn fits(self, name: &str) -> bool {
        NAMES.get(&self).is_some_and(|it| it.contains(name))
    }
}

static NAMES: LazyLock<FxHashMap<Says, FxHashSet<&str>>> = LazyLock::new(|| {
    let blocks = blocks(include_str!("data/folder_names.txt"));
    let names = blocks.into_iter().map(|block| {
        let says = Says::from_word(block.heading).expect("internal error: an unknown heading");
        (says, block.lines.into_iter().map(|(name, _)| name).collect())
    });
    names.collect()
});

/// Whether the name of a folder, perhaps a hidden one, says what is in it: `k8s`, `helm`, `.docker`.
#[must_use]
pub fn is_form_folder(name: &str) -> bool {
    Says::Form.fits(&plain(name))
}

/// Whether the name of a folder says the same only among others of its kind: `dev` beside `prod`.
#[must_use]
pub fn is_stage_folder(name: &str) -> bool {
    Says::Stage.fits(&plain(name))
}

/// Whether the name of a folder may be that of a stage: `dev`, and `beta`, which is the name of an application too.
#[must_use]
pub fn may_be_stage_folder(name: &str) -> bool {
    is_stage_folder(name) || Says::Release.fits(name)
}

/// Whether a folder of this name in a build context usually holds source code.
#[must_use]
pub fn is_source_folder(name: &str) -> bool {
    Says::Source.fits(name)
}

/// Whether a program keeps what it was given in a folder of this name inside of its sources.
#[must_use]
pub fn is_data_folder(name: &str) -> bool {
    Says::Data.fits(name)
}

/// Whether a folder of this name holds Dockerfiles and what belongs to them, and no sources.
#[must_use]
pub fn is_image_folder(name: &str) -> bool {
    Says::Image.fits(name)
}

fn plain(name: &str) -> String {
    name.trim_start_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_dots_do_not_matter() {
        assert!(is_form_folder("K8s") && is_form_folder(".docker") && !is_form_folder("shop"));
        assert!(is_stage_folder("Prod") && !is_stage_folder("k8s"));
    }

    #[test]
    fn some_stages_have_the_names_of_applications() {
        assert!(may_be_stage_folder("beta") && may_be_stage_folder("prod"));
        assert!(!is_stage_folder("beta") && !may_be_stage_folder("shop"));
    }
}
