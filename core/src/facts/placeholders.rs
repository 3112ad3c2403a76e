//! Placeholders of tools that fill in a manifest before it is applied, and that nothing here knows: `{name}`.

use super::Facts;
use crate::report::Kind;
use crate::text::{FileId, Span};

impl<'a> Facts<'a> {
    /// Returns the first name or image of a manifest that a tool fills in, as in `name: {name}`.
    pub fn filled_in(&self, file: FileId) -> Option<Span> {
        let model = self.file(file);
        if model.kind != Kind::Kubernetes {
            return None;
        }
        let mut at = 0;
        // The indentation of a block scalar's key, while its lines go by. The file may be too broken for a tree.
        let mut block: Option<usize> = None;
        for line in model.text().split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let is_inside = block.is_some_and(|key| indent > key || line.trim().is_empty());
            if !is_inside {
                block = opens_block(line).then_some(indent);
                if let Some((start, end)) = placeholder_of_name(line) {
                    return Some(Span::new(file, at + start, at + end));
                }
            }
            at += line.len();
        }
        None
    }

    /// Whether the line of a place has a placeholder, in a manifest that a tool fills in.
    pub fn is_filled_in_at(&self, place: Span) -> bool {
        let text = self.file(place.file).text();
        let start = text[..place.range().start].rfind('\n').map_or(0, |it| it + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        braces(line).is_some() && self.filled_in(place.file).is_some()
    }
}

/// Whether the lines below this one are the text of a block scalar: `config: |-`.
fn opens_block(line: &str) -> bool {
    let last = line.split_whitespace().next_back().unwrap_or_default();
    last.starts_with(['|', '>']) && last[1..].chars().all(|it| "+-123456789".contains(it))
}

/// Returns where a line gives a name or an image a placeholder in single braces, which YAML takes for a mapping.
fn placeholder_of_name(line: &str) -> Option<(usize, usize)> {
    let entry = line.trim_start().trim_start_matches("- ").trim_start();
    ["name:", "image:"].iter().find(|key| entry.starts_with(**key))?;
    braces(line)
}

/// Returns the range of a word in single braces: `{name}`, but neither `${NAME}` nor `{{ name }}`.
pub fn braces(text: &str) -> Option<(usize, usize)> {
    let mut opened = text.match_indices('{').map(|it| it.0);
    opened.find_map(|at| {
        let rest = &text[at + 1..];
        let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?;
        let is_word = end > 0 && rest[end..].starts_with('}') && !rest[end..].starts_with("}}");
        let is_single = !text[..at].ends_with(['$', '{', '#']);
        (is_word && is_single).then_some((at, at + end + 2))
    })
}

#[cfg(test)]
mod tests {
    use super::{braces, opens_block};

    #[test]
    fn a_block_scalar_is_opened_at_the_end_of_a_line() {
        assert!(opens_block("  mail.txt: |\n") && opens_block("- >-\n") && opens_block("a: |2+"));
        assert!(!opens_block("a: b|\n") && !opens_block("a: |x") && !opens_block("\n"));
    }

    #[test]
    fn words_in_single_braces_are_placeholders() {
        assert_eq!(braces("image: acme/{name}"), Some((12, 18)));
        assert_eq!(braces("name: {name}-worker"), Some((6, 12)));
        for text in
            ["acme/${NAME}", "{{ name }}", "{{name}}", "{}", "{a: b}", "{ name: web }", "name: web"]
        {
            assert_eq!(braces(text), None, "{text}");
        }
    }
}
