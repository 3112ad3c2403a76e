//! While somebody types a line, the other lines keep their meaning.
//!
//! Every prefix of every line is a state of typing that line, with the rest of the file intact.

#![allow(clippy::unwrap_used)]

mod common;

use plimsoll_core::syntax::{NodeKind, Tree, parse};
use plimsoll_core::text::FileId;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

fn texts() -> Vec<(String, String)> {
    let mut texts = vec![
        ("compose.yaml".to_owned(), include_str!("yaml/compose.yaml").to_owned()),
        ("kubernetes.yaml".to_owned(), include_str!("yaml/kubernetes.yaml").to_owned()),
    ];
    for path in common::yaml_files(&common::examples()) {
        let text = std::fs::read_to_string(&path).unwrap();
        // The work grows with the square of the size; large examples only take time.
        if text.len() < 6_000 && parses(&text) {
            texts.push((path.display().to_string(), text));
        }
    }
    texts
}

fn parses(text: &str) -> bool {
    let (tree, _) = parse(FileId(0), &Arc::from(text), None);
    !tree.documents.iter().any(|it| it.broken || it.is_repaired())
}

/// The start, end and value of each scalar.
type Scalars = HashSet<(usize, usize, String)>;

fn scalars(tree: &Tree) -> Scalars {
    tree.nodes()
        .filter(|it| it.kind() == NodeKind::Scalar && !it.span().is_empty())
        .map(|it| {
            let range = it.span().range();
            (range.start, range.end, it.as_str().unwrap().to_owned())
        })
        .collect()
}

#[derive(Default)]
struct Count {
    states: usize,
    all_kept: usize,
    scalars: usize,
    scalars_kept: usize,
    lost: Vec<String>,
}

impl Count {
    fn share(&self) -> f64 {
        100.0 * self.all_kept as f64 / self.states as f64
    }

    fn say(&self, what: &str) -> String {
        format!(
            "{what}: {:.2} % of {} states keep all other scalars ({:.2} % of the scalars are kept)",
            self.share(),
            self.states,
            100.0 * self.scalars_kept as f64 / self.scalars as f64
        )
    }

    fn add(&mut self, name: &str, state: &str, cut: usize, wanted: &Scalars, found: &Scalars) {
        let kept = wanted.iter().filter(|it| found.contains(*it)).count();
        self.states += 1;
        self.scalars += wanted.len();
        self.scalars_kept += kept;
        if kept == wanted.len() {
            self.all_kept += 1;
        } else {
            let start = state[..cut].rfind('\n').map_or(0, |it| it + 1);
            let lost = wanted.len() - kept;
            let end = state[cut..]
                .char_indices()
                .filter(|it| it.1 == '\n')
                .nth(1)
                .map_or(state.len(), |it| cut + it.0);
            self.lost.push(format!(
                "{name}: {:?} before {:?} lost {lost}",
                &state[start..cut],
                &state[cut..end]
            ));
        }
    }
}

/// Returns the scalars outside the line, at their positions after `removed` bytes of it are gone.
fn outside(all: &Scalars, line: &Range<usize>, removed: usize) -> Scalars {
    all.iter()
        .filter(|it| it.1 <= line.start || it.0 > line.end)
        .map(|(start, end, value)| {
            let shift = if *start > line.end { removed } else { 0 };
            (start - shift, end - shift, value.clone())
        })
        .collect()
}

#[test]
fn other_lines_keep_their_meaning_while_a_line_is_typed() {
    let (mut hinted, mut blind) = (Count::default(), Count::default());
    for (name, text) in texts() {
        let whole = scalars(&parse(FileId(0), &Arc::from(text.as_str()), None).0);
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let range = start..start + content.len();
            for (at, _) in content.char_indices() {
                let cut = start + at;
                let state: Arc<str> = format!("{}{}", &text[..cut], &text[range.end..]).into();
                let wanted = outside(&whole, &range, range.end - cut);
                for (count, hint) in
                    [(&mut hinted, Some(cut.saturating_sub(1)..cut)), (&mut blind, None)]
                {
                    let (tree, _) = parse(FileId(0), &state, hint);
                    count.add(&name, &state, cut, &wanted, &scalars(&tree));
                }
            }
            start += line.len();
        }
    }
    assert!(hinted.states > 2_000, "only {} states", hinted.states);
    let summary = format!(
        "{}\n{}\n{}",
        hinted.say("with the edited range"),
        blind.say("without the edited range"),
        hinted.lost.join("\n")
    );
    println!("{summary}\nwithout the edited range:\n{}", blind.lost.join("\n"));
    assert!(hinted.share() >= 95.0, "{summary}");
    assert!(blind.share() >= 90.0, "{summary}");
}
