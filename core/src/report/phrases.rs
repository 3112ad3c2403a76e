//! Phrases that several messages share.

use super::Platform;

/// The name of the release where nobody has given it one, as `helm template` has it.
pub const RELEASE: &str = "release-name";

/// The word that stands for the name of the release in messages and commands.
pub const PLACEHOLDER: &str = "RELEASE";

/// Returns names in backticks, separated by commas: `` `a`, `b` ``.
pub fn named(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Returns at most `most` words, and how many are left out: `a, b and 3 more`.
pub fn first_of(words: &[impl AsRef<str>], most: usize) -> String {
    let shown: Vec<&str> = words.iter().take(most).map(AsRef::as_ref).collect();
    match words.len() - shown.len() {
        0 => in_sentence(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns words as a sentence lists them: `a, b and c`.
fn in_sentence(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// Returns at most `most` names, and how many are left out: `` `a`, `b` and 3 more ``.
pub fn first_named(names: &[&str], most: usize) -> String {
    if names.len() > most { named_in_sentence(names, most) } else { named(names) }
}

/// Returns at most `most` names as a sentence lists them: `` `a`, `b` and `c` ``, `` `a`, `b` and 3 more ``.
pub fn named_in_sentence(names: &[&str], most: usize) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    first_of(&quoted, most)
}

/// Returns a number with its noun: `1 line`, `2 lines`.
pub fn amount(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Returns a platform in words.
pub fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Compose => "Compose",
        Platform::LargerServer => "Compose on a larger server",
        Platform::Swarm => "Compose in Swarm mode",
        Platform::Either => "either of the two",
        Platform::Kubernetes => "Kubernetes",
    }
}

/// Returns a text with a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The words between a message and how many other places it stands for.
const AND: &str = " (and ";
const SAME_IN: &str = " (the same in ";
const LIKE_IT: &str = " more like it";

/// Returns what follows a message that stands for other places as well: their number, and the other files
/// that they are in. `is_same` says whether the message holds for each of them word by word.
pub fn more_like_it(more: usize, files: &[&str], is_same: bool) -> String {
    let named = named_files(files);
    match files.len() {
        _ if more == 0 => String::new(),
        0 => format!("{AND}{more}{LIKE_IT})"),
        1 if is_same && more == 1 => format!("{SAME_IN}{named})"),
        count if is_same && more == count => format!("{SAME_IN}{count} more files: {named})"),
        _ => format!("{AND}{more}{LIKE_IT}, also in {named})"),
    }
}

/// Returns the names of at most three files, and how many are left out.
fn named_files(files: &[&str]) -> String {
    const SHOWN: usize = 3;
    match files.len().saturating_sub(SHOWN) {
        0 => named(files),
        1 => format!("{} and 1 more file", named(&files[..SHOWN])),
        left => format!("{} and {left} more files", named(&files[..SHOWN])),
    }
}

/// Returns a message without what [`more_like_it`] has added to it.
pub fn without_more(message: &str) -> &str {
    if let Some(at) = message.rfind(SAME_IN) {
        return &message[..at];
    }
    match message.rsplit_once(AND) {
        Some((one, more))
            if more.trim_start_matches(|it: char| it.is_ascii_digit()).starts_with(LIKE_IT) =>
        {
            one
        }
        _ => message,
    }
}

const NOT_LISTED: &str = " not listed)";

/// Returns what follows the last of the related places where some are left out.
pub fn unlisted(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => format!(" (1 more is{NOT_LISTED}"),
        _ => format!(" ({count} more are{NOT_LISTED}"),
    }
}

/// Returns a message without what [`unlisted`] has added to it.
pub fn without_unlisted(message: &str) -> &str {
    match message.rsplit_once(" (") {
        Some((one, _)) if message.ends_with(NOT_LISTED) => one,
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_are_not_listed_are_counted() {
        for (count, expected) in
            [(0, "x"), (1, "x (1 more is not listed)"), (7, "x (7 more are not listed)")]
        {
            let said = format!("x{}", unlisted(count));
            assert_eq!(said, expected);
            assert_eq!(without_unlisted(&said), "x");
        }
        assert_eq!(without_unlisted("x (is not)"), "x (is not)");
    }

    #[test]
    fn a_noun_agrees_with_its_number() {
        assert_eq!(amount(1, "line", "lines"), "1 line");
        assert_eq!(amount(0, "line", "lines"), "0 lines");
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(named(&["a", "b"]), "`a`, `b`");
        assert_eq!(first_named(&["a", "b", "c"], 2), "`a`, `b` and 1 more");
        assert_eq!(first_named(&["a", "b"], 2), "`a`, `b`");
        assert_eq!(named_in_sentence(&["a", "b", "c"], 3), "`a`, `b` and `c`");
        assert_eq!(named_in_sentence(&["a", "b", "c"], 1), "`a` and 2 more");
        assert_eq!(first_of(&["a"], 2), "a");
        assert_eq!(first_of(&[""; 0], 2), "");
    }

    #[test]
    fn other_places_are_counted_and_their_files_named() {
        let files = ["a.yml", "b.yml", "c.yml", "d.yml", "e.yml"];
        let said = |more, files: &[&str]| format!("x{}", more_like_it(more, files, true));
        let other = |more, files: &[&str]| format!("x{}", more_like_it(more, files, false));
        let all = [
            (said(0, &[]), "x"),
            (said(3, &[]), "x (and 3 more like it)"),
            (said(1, &files[..1]), "x (the same in `a.yml`)"),
            (other(1, &files[..1]), "x (and 1 more like it, also in `a.yml`)"),
            (said(3, &files[..3]), "x (the same in 3 more files: `a.yml`, `b.yml`, `c.yml`)"),
            (said(4, &files[..2]), "x (and 4 more like it, also in `a.yml`, `b.yml`)"),
            (
                said(4, &files[..4]),
                "x (the same in 4 more files: `a.yml`, `b.yml`, `c.yml` and 1 more file)",
            ),
            (
                other(5, &files),
                "x (and 5 more like it, also in `a.yml`, `b.yml`, `c.yml` and 2 more files)",
            ),
        ];
        for (said, expected) in all {
            assert_eq!(said, expected);
            assert_eq!(without_more(&said), "x");
        }
        assert_eq!(without_more("`a` (and `b`)"), "`a` (and `b`)");
    }
}
