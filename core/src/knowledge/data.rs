//! The format that the data files of this room share.
//!
//! A data file has one entry per line. Blank lines and lines that begin with `#` say nothing to the
//! program; the first lines of a file name its source.

use rustc_hash::FxHashSet;

/// Returns the entries of a data file.
pub fn entries(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    })
}

/// Returns the set of words in a data file with one word per line.
pub fn words(text: &'static str) -> FxHashSet<&'static str> {
    entries(text).map(str::trim_end).collect()
}

/// An entry that goes on over several lines: a heading and the indented lines below it.
#[derive(Debug)]
pub struct Block {
    pub heading: &'static str,
    /// The indented lines, each split into its keyword and the rest.
    pub lines: Vec<(&'static str, &'static str)>,
}

/// Returns the blocks of a data file whose entries go on over several lines.
pub fn blocks(text: &'static str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in entries(text) {
        match (line.strip_prefix("  "), blocks.last_mut()) {
            (Some(line), Some(block)) => {
                block.lines.push(line.split_once(' ').unwrap_or((line, "")));
            }
            _ => blocks.push(Block { heading: line, lines: Vec::new() }),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_left_out() {
        let text = "# source\n\na\n  # a note\nb # c\n";
        assert_eq!(entries(text).collect::<Vec<_>>(), ["a", "b # c"]);
        assert!(words("# source\n\na\nb\n").contains("b"));
    }

    #[test]
    fn a_block_is_a_heading_and_the_indented_lines_below_it() {
        let blocks = blocks("# source\n\na = A\n  x 1 2\n  # a note\n  y = 3\n\nb = B\n");
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].heading, "a = A");
        assert_eq!(blocks[0].lines, [("x", "1 2"), ("y", "= 3")]);
        assert!(blocks[1].lines.is_empty());
    }
}
