//! Selectors that mean no rule, and the rules that were probably meant.

use super::{all, find, is_known};
use crate::text::{did_you_mean, near};

/// Returns what is wrong with a selector that means no rule, and which rules were probably meant; `None` for
/// a selector that means a rule.
pub fn unknown(selector: &str) -> Option<String> {
    if is_known(selector) {
        return None;
    }
    Some(format!("`{selector}` is not a known rule{}", did_you_mean(&nearest(selector))))
}

/// Returns the codes or names that were probably meant by one that no rule has, the nearest first.
pub fn nearest(code_or_name: &str) -> Vec<&'static str> {
    let word = code_or_name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    if let Some(digits) = digits_of(&word) {
        return codes_near(&digits);
    }
    let by_letters = near(&word, all().map(|rule| rule.name));
    if !by_letters.is_empty() {
        return by_letters;
    }
    if let Some(rule) = find(&word) {
        return vec![rule.name];
    }
    let words: Vec<&str> = word.split('-').filter(|it| it.len() > 3).collect();
    let mut shared: Vec<(usize, &str)> = all()
        .map(|rule| {
            let parts: Vec<&str> = rule.name.split('-').collect();
            (words.iter().filter(|it| parts.contains(it)).count(), rule.name)
        })
        .filter(|(count, _)| *count > 0)
        .collect();
    shared.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    // Rules that share fewer words than the best ones are not meant.
    let best = shared.first().map_or(0, |it| it.0);
    shared.into_iter().take_while(|it| it.0 == best).map(|it| it.1).collect()
}

/// Maximum distance between the number of a code and one that may have been meant.
const MAX_APART: u32 = 10;

/// Returns the digits of something that looks like a code: `PML101`, `plm-101`, `PLM1O1`, `101`, `PLM4242`.
fn digits_of(word: &str) -> Option<String> {
    let letters = word.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(word.len());
    let is_prefix =
        matches!(letters, 0 | 2..=4) && word[..letters].chars().all(|it| "plmn".contains(it));
    let digits: String = word[letters..]
        .trim_start_matches('-')
        .chars()
        .map(|letter| match letter {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let is_number = digits.len() >= 3 && digits.chars().all(|digit| digit.is_ascii_digit());
    (is_prefix && is_number).then_some(digits)
}

/// Returns the code that begins with these digits, or else the codes just below and above in the same family.
fn codes_near(digits: &str) -> Vec<&'static str> {
    if let Some(rule) = all().find(|rule| digits.starts_with(&rule.code["PLM".len()..])) {
        return vec![rule.code];
    }
    let Some(number) = digits.parse::<u32>().ok().filter(|_| digits.len() == 3) else {
        return Vec::new();
    };
    let codes = all().filter_map(|rule| Some((rule.code["PLM".len()..].parse().ok()?, rule.code)));
    let is_near = |code: &u32| code / 100 == number / 100 && code.abs_diff(number) <= MAX_APART;
    let near: Vec<(u32, &str)> = codes.filter(|(code, _)| is_near(code)).collect();
    let below = near.iter().filter(|(code, _)| *code < number).max();
    let above = near.iter().filter(|(code, _)| *code > number).min();
    below.into_iter().chain(above).map(|(_, code)| *code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_code_means_the_code_with_its_digits() {
        for word in ["PML101", "plm-101", "PLM1O1", "101", "PLM 101", "PLM1011"] {
            assert_eq!(nearest(word), ["PLM101"], "{word}");
        }
        assert_eq!(nearest("PLM9999"), [""; 0]);
        assert_eq!(nearest("PLM000"), ["PLM001"]);
    }

    #[test]
    fn a_misspelt_name_means_the_nearest_ones() {
        assert_eq!(nearest("depends-on-startd-only"), ["depends-on-started-only"]);
        assert_eq!(nearest("unpinned_image"), ["unpinned-image"]);
        assert!(nearest("readiness").contains(&"missing-readiness-probe"));
        assert_eq!(nearest("latest"), [""; 0]);
    }

    #[test]
    fn what_is_known_is_not_misspelt() {
        for selector in ["PLM101", "plm1", "PLM", "depends-on-started-only"] {
            assert_eq!(unknown(selector), None, "{selector}");
        }
        assert_eq!(
            unknown("PML101").as_deref(),
            Some("`PML101` is not a known rule; did you mean `PLM101`?")
        );
        assert_eq!(unknown("nonsense").as_deref(), Some("`nonsense` is not a known rule"));
    }
}
