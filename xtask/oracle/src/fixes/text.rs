//! What fixes may do to a text: keep its comments, and change lines only at the edits.

use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use std::ops::Range;
use std::sync::Arc;

/// Returns the comments of a text that another one lacks.
pub fn lost_comments(before: &str, after: &str) -> Vec<String> {
    let mut left = comments(after);
    let mut lost = Vec::new();
    for comment in comments(before) {
        match left.iter().position(|other| *other == comment) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => lost.push(comment),
        }
    }
    lost
}

fn comments(text: &str) -> Vec<String> {
    let (tree, _) = parse(FileId(0), &Arc::from(text), None);
    let comments = tree.comments();
    comments.iter().map(|it| text[it.span.range()].trim_end().to_owned()).collect()
}

/// Returns the lines of a text that another one does not have in the same order, as ranges of lines; an
/// empty range stands where lines were only added.
pub fn changed_lines(before: &str, after: &str) -> Vec<Range<usize>> {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let (old_part, new_part) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    // The longest common subsequence of what differs.
    let width = new_part.len() + 1;
    let mut longest = vec![0_u32; (old_part.len() + 1) * width];
    for at in (0..old_part.len()).rev() {
        for other in (0..new_part.len()).rev() {
            longest[at * width + other] = if old_part[at] == new_part[other] {
                longest[(at + 1) * width + other + 1] + 1
            } else {
                longest[(at + 1) * width + other].max(longest[at * width + other + 1])
            };
        }
    }
    let (mut at, mut other) = (0, 0);
    let mut changed: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    while at < old_part.len() || other < new_part.len() {
        let is_same =
            at < old_part.len() && other < new_part.len() && old_part[at] == new_part[other];
        if is_same {
            if let Some(from) = open.take() {
                changed.push(start + from..start + at);
            }
            (at, other) = (at + 1, other + 1);
            continue;
        }
        open.get_or_insert(at);
        let down = longest.get((at + 1) * width + other).copied().unwrap_or(0);
        let right = longest.get(at * width + other + 1).copied().unwrap_or(0);
        if other >= new_part.len() || at < old_part.len() && down >= right {
            at += 1;
        } else {
            other += 1;
        }
    }
    if let Some(from) = open {
        changed.push(start + from..start + at);
    }
    changed
}
