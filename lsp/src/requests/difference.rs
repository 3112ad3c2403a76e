//! The edits between two texts of a file.

use plimsoll_core::report::Edit;
use plimsoll_core::text::{FileId, Span};
use std::collections::HashMap;

/// Returns the edits that turn the text of a file into another one: one for each run of changed lines. Lines that each
/// text has exactly once, and in the same order, are what stays between them.
pub fn differences(file: FileId, old: &str, new: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let (mut old_start, mut new_start) = (0, 0);
    let end = (old.len(), new.len(), 0);
    for (old_end, new_end, length) in common_lines(old, new).into_iter().chain([end]) {
        let gap = (&old[old_start..old_end], &new[new_start..new_end]);
        edits.extend(difference(file, old_start, gap.0, gap.1));
        (old_start, new_start) = (old_end + length, new_end + length);
    }
    edits
}

/// Returns the places of the lines that both texts have exactly once, in the same order, with their length.
fn common_lines(old: &str, new: &str) -> Vec<(usize, usize, usize)> {
    let mut places: HashMap<&str, (usize, usize)> = HashMap::new();
    for (at, line) in lines(new) {
        places.entry(line).or_insert((at, 0)).1 += 1;
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    lines(old).for_each(|(_, line)| *counts.entry(line).or_default() += 1);
    let mut found = Vec::new();
    let mut next = 0;
    for (at, line) in lines(old).filter(|(_, line)| counts[line] == 1) {
        if let Some((place, 1)) = places.get(line).filter(|it| it.0 >= next) {
            found.push((at, *place, line.len()));
            next = place + line.len();
        }
    }
    found
}

/// Returns the lines of a text with their places.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = next;
        next += line.len();
        (at, line)
    })
}

/// Returns the edit that turns a part of a file into another text.
fn difference(file: FileId, offset: usize, old: &str, new: &str) -> Option<Edit> {
    if old == new {
        return None;
    }
    let same = |(a, b): &(u8, u8)| a == b;
    let start = old.bytes().zip(new.bytes()).take_while(same).count();
    let start = old.floor_char_boundary(start);
    let rest = (old.len() - start).min(new.len() - start);
    let end = old.bytes().rev().zip(new.bytes().rev()).take(rest).take_while(same).count();
    let end = old.len() - old.ceil_char_boundary(old.len() - end);
    let span = Span::new(file, offset + start, offset + old.len() - end);
    Some(Edit { span, text: new[start..new.len() - end].to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what each edit replaces and by what.
    fn edits<'t>(old: &'t str, new: &str) -> Vec<(&'t str, String)> {
        let edits = differences(FileId(0), old, new);
        let mut text = old.to_owned();
        edits.iter().rev().for_each(|it| text.replace_range(it.span.range(), &it.text));
        assert_eq!(text, new);
        edits.into_iter().map(|it| (&old[it.span.range()], it.text)).collect()
    }

    #[test]
    fn an_edit_lies_between_characters() {
        for (old, new) in [("aüb", "aöb"), ("ab", "abb"), ("🎵", "🎶"), ("aaa", "a"), ("", "x")]
        {
            assert_eq!(edits(old, new).len(), 1);
        }
        assert_eq!(edits("a", "a"), []);
    }

    #[test]
    fn each_run_of_changed_lines_is_an_edit() {
        let change = |old, new: &str| (old, new.to_owned());
        assert_eq!(
            edits("a: 1\nb: 2\nc: 3\nd: 4\n", "a: 9\nb: 2\nc: 3\nd: 8\ne: 5\n"),
            [change("1", "9"), change("4", "8\ne: 5")]
        );
        assert_eq!(
            edits("x\na\nx\nb\n", "a\nb\nx\n"),
            [change("x\n", ""), change("x\n", ""), change("", "x\n")]
        );
        assert_eq!(edits("a\nb\n", "b\na\n").len(), 2, "what moved is changed");
    }
}
