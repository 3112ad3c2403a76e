//! The word for development in the languages in which people write comments.
//!
//! Source: see `data/development_words.txt`.

use super::data::entries;

/// Returns the words for development, in lower case.
pub fn for_development() -> impl Iterator<Item = &'static str> {
    entries(include_str!("data/development_words.txt")).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::for_development;

    #[test]
    fn the_words_are_in_lower_case_and_stand_once() {
        let mut words: Vec<&str> = for_development().collect();
        assert!(words.iter().all(|it| it.to_lowercase() == *it));
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
