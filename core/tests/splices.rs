//! Random texts: pieces of real ones, cut, joined and mixed with characters that mean something to YAML.
//! Each must yield a tree whose spans are inside the text.

#![allow(clippy::unwrap_used)]

mod common;

use common::{TEXTS, check};
use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use std::sync::Arc;

/// A random number generator with a fixed seed, so that every run tries the same texts.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    fn boundary(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn piece<'t>(&mut self, text: &'t str) -> &'t str {
        let (one, two) = (self.boundary(text), self.boundary(text));
        let (start, end) = (one.min(two), one.max(two));
        let mut end = end.min(start + 400);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[start..end]
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

const SEEDS: [&str; 46] = [
    "\n",
    "\r\n",
    "\r",
    " ",
    "  ",
    "\t",
    ":",
    ": ",
    "- ",
    "-",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    " # c\n",
    "&a ",
    "*a",
    "*a ",
    "!t ",
    "!",
    "|",
    "|+\n",
    ">-\n",
    "\"",
    "'",
    "\\",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "--- ",
    "\u{FEFF}",
    "\0",
    "ü",
    "🎵",
    "\u{85}",
    "\u{2028}",
    "<<: *a\n",
    "{{ x }}",
    "\n\n\n",
    "%YAML 1.2\n",
    "!<tag> ",
];

fn text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        let whole = random.pick(&TEXTS);
        text.push_str(random.piece(whole));
        if random.below(3) == 0 {
            text.push_str(random.pick(&SEEDS));
        }
    }
    for _ in 0..random.below(6) {
        let at = random.boundary(&text);
        match random.below(3) {
            0 => text.truncate(at),
            1 => text.insert_str(at, random.pick(&SEEDS)),
            _ => {
                let piece = random.piece(&text).to_owned();
                text.insert_str(at, &piece);
            }
        }
    }
    text
}

#[test]
fn no_text_panics_and_every_span_is_valid() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut whole, mut repaired, mut broken) = (0, 0, 0);
    let rounds = std::env::var("PLIMSOLL_SPLICES").map_or(4_000, |it| it.parse().unwrap());
    for _ in 0..rounds {
        let text: Arc<str> = text(&mut random).into();
        let at = random.below(text.len() + 3);
        let edited = (random.below(3) > 0).then(|| at..at + random.below(5));
        let (tree, problems) = parse(FileId(7), &text, edited);
        check(&text, &tree, &problems);
        let syntax = problems.len();
        match &tree.documents {
            it if it.iter().any(|it| it.broken) => broken += 1,
            it if it.iter().any(|it| it.is_repaired()) => repaired += 1,
            _ => whole += 1,
        }
        assert!(tree.documents.iter().all(|it| !it.broken) || syntax > 0);
    }
    // The texts are only a good test if each outcome is reached.
    assert!(
        whole > rounds / 50 && repaired > rounds / 50 && broken > rounds / 50,
        "{whole} {repaired} {broken}"
    );
}

#[test]
fn combinations_of_two_pieces_are_read() {
    for one in SEEDS {
        for two in SEEDS {
            for three in ["", "a", "\n"] {
                for text in [format!("{one}{two}{three}"), format!("a: {one}{three}{two}\nb: 1\n")]
                {
                    let (tree, problems) = common::read(&text);
                    check(&text, &tree, &problems);
                }
            }
        }
    }
}

#[test]
fn every_prefix_of_every_text_is_read() {
    for whole in TEXTS {
        for (at, _) in whole.char_indices() {
            let text: Arc<str> = whole[..at].into();
            let (tree, problems) = parse(FileId(7), &text, Some(at..at));
            check(&text, &tree, &problems);
        }
    }
}
