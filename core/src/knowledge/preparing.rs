//! Names of services and containers that prepare something for others and end.
//!
//! Source: see `data/preparing_names.txt`.

use super::data::blocks;
use std::sync::LazyLock;

/// The words by where in a name they stand.
#[derive(Default)]
struct Words {
    beginnings: Vec<&'static str>,
    whole: Vec<&'static str>,
    parts: Vec<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words::default();
    for block in blocks(include_str!("data/preparing_names.txt")) {
        let of_block = match block.heading {
            "beginning" => &mut words.beginnings,
            "word" => &mut words.whole,
            "part" => &mut words.parts,
            other => panic!("internal error: the heading {other} of preparing names"),
        };
        of_block.extend(block.lines.into_iter().map(|(word, _)| word));
    }
    words
});

/// Whether the name of a service begins like that of a preparation: `createbuckets`, `Init-DB`.
#[must_use]
pub fn begins_as_preparation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    WORDS.beginnings.iter().any(|it| name.starts_with(it))
}

/// Whether a word of the name of a service says that it writes files for others: `certs-generator`.
#[must_use]
pub fn names_preparation(name: &str) -> bool {
    name.split(['-', '_', '.']).any(|it| WORDS.whole.contains(&it))
}

/// Whether the name of a container says that it handles files while their owner is down: `db-migrations`.
#[must_use]
pub fn looks_after_files(name: &str) -> bool {
    WORDS.parts.iter().any(|it| name.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_at_their_place_in_a_name() {
        assert!(begins_as_preparation("createbuckets") && !begins_as_preparation("recreate"));
        assert!(names_preparation("certs-generator") && !names_preparation("generators"));
        assert!(looks_after_files("db-migrations") && !looks_after_files("db"));
    }
}
