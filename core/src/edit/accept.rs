//! Comments that accept findings. A comment is offered only where it is read as one and covers the finding: not
//! inside a block of text, for example.

use super::guard;
use crate::model::FileModel;
use crate::report::{Edit, Kind};
use crate::text::{File, Span};

/// The mark that some editors put at the start of a file.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Returns an edit that accepts what some rules find at an offset: a comment at the end of the line, or on a
/// line of its own above where there is a comment already.
pub fn here(file: &FileModel, at: usize, codes: &[&str], reason: &str) -> Option<Edit> {
    let comment = format!("# plimsoll: ignore {} -- {reason}", codes.join(", "));
    let text = file.text();
    let start = text.get(..at)?.rfind('\n').map_or(0, |line_break| line_break + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let content = line.trim_start_matches([' ', BYTE_ORDER_MARK]);
    let column = line.len() - content.len();
    let indent = line[..column].trim_start_matches(BYTE_ORDER_MARK);
    let new_line = new_line(text);
    let insert =
        |offset: usize, text: String| Edit { span: Span::new(file.id, offset, offset), text };
    let behind = insert(start + line.len(), format!(" {comment}"));
    let above = insert(start + column, format!("{comment}{new_line}{indent}"));
    [behind, above].into_iter().find(|edit| accepts(file, at, codes, edit))
}

/// Returns an edit that accepts everything that a rule finds in a file of which it finds something at an offset:
/// a comment in the first line, or behind those that a Dockerfile has for its parser.
pub fn in_file(file: &FileModel, at: usize, code: &str, reason: &str) -> Option<Edit> {
    let text = file.text();
    let start = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
    let start =
        if file.kind == Kind::Dockerfile { start_of_dockerfile(text, start) } else { start };
    let comment = format!("# plimsoll: ignore-file {code} -- {reason}{}", new_line(text));
    let edit = Edit { span: Span::new(file.id, start, start), text: comment };
    accepts(file, at, &[code], &edit).then_some(edit)
}

/// Whether an edit does no damage to a file and accepts what some rules find at an offset.
fn accepts(file: &FileModel, at: usize, codes: &[&str], edit: &Edit) -> bool {
    let place = edit.span.start as usize;
    let text = [&file.text()[..place], &edit.text, &file.text()[place..]].concat();
    let after = FileModel::read(file.id, File::new(file.path(), text), None);
    let moved = if at >= place { at + edit.text.len() } else { at };
    let covers = |span: Span| span.start as usize <= moved && moved <= span.end as usize;
    guard::damage(file, &after).is_none()
        && after.directives.suppressions.iter().any(|it| {
            let names = |code: &&str| it.selectors.iter().any(|(word, _)| word == code);
            covers(it.covers) && codes.iter().all(names)
        })
}

/// Returns the end of the lines that speak to the parser of a Dockerfile, such as `# syntax=docker/dockerfile:1`. Behind
/// any other comment they would be comments themselves.
fn start_of_dockerfile(text: &str, start: usize) -> usize {
    let is_directive = |line: &&str| {
        let name = line.trim().strip_prefix('#').and_then(|it| it.split_once('='));
        name.is_some_and(|(name, _)| {
            let name = name.trim().to_ascii_lowercase();
            matches!(name.as_str(), "syntax" | "escape" | "check")
        })
    };
    let lines = text[start..].split_inclusive('\n').take_while(is_directive);
    start + lines.map(str::len).sum::<usize>()
}

fn new_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    /// Returns the text with a comment that accepts PLM801 at a word.
    fn accepted(text: &str, word: &str) -> Option<String> {
        let file = FileModel::read(FileId(0), File::new("compose.yaml", text), None);
        let edit = here(&file, text.find(word).unwrap(), &["PLM801"], "x")?;
        let mut text = text.to_owned();
        text.insert_str(edit.span.start as usize, &edit.text);
        Some(text)
    }

    #[test]
    fn a_comment_stands_where_it_is_a_comment() {
        let text = "a: 1\nb: 2 # two\nc: |\n  text\n";
        let start = "a: 1 # plimsoll: ignore PLM801 -- x\nb";
        assert!(accepted(text, "1").is_some_and(|it| it.starts_with(start)));
        let above = "\n# plimsoll: ignore PLM801 -- x\nb: 2 # two\n";
        assert!(accepted(text, "2").is_some_and(|it| it.contains(above)));
        assert_eq!(accepted(text, "text"), None, "inside of a text");
    }

    #[test]
    fn line_ends_and_byte_order_marks_stay() {
        let text = "\u{FEFF}a: 1 # one\r\nb:\r\n  c: 2";
        assert_eq!(
            accepted(text, "1").as_deref(),
            Some("\u{FEFF}# plimsoll: ignore PLM801 -- x\r\na: 1 # one\r\nb:\r\n  c: 2")
        );
        assert_eq!(
            accepted(text, "2").as_deref(),
            Some("\u{FEFF}a: 1 # one\r\nb:\r\n  c: 2 # plimsoll: ignore PLM801 -- x")
        );
    }

    #[test]
    fn files_without_comments_at_the_ends_of_lines_have_them_above() {
        let at = |path: &str, text: &str, word: &str| {
            let file = FileModel::read(FileId(0), File::new(path, text), None);
            let place = text.find(word).unwrap();
            let edits =
                [here(&file, place, &["PLM812"], "x"), in_file(&file, place, "PLM812", "x")];
            edits.map(|edit| {
                let (edit, mut text) = (edit.unwrap(), text.to_owned());
                text.insert_str(edit.span.start as usize, &edit.text);
                text
            })
        };
        assert_eq!(
            at(".env", "A=1\nB=2\n", "2"),
            [
                "A=1\n# plimsoll: ignore PLM812 -- x\nB=2\n",
                "# plimsoll: ignore-file PLM812 -- x\nA=1\nB=2\n"
            ]
        );
        assert_eq!(
            at("Dockerfile", "# syntax=docker/dockerfile:1\nFROM a:1\nENV A=1 \\\n  B=2\n", "ENV"),
            [
                "# syntax=docker/dockerfile:1\nFROM a:1\n# plimsoll: ignore PLM812 -- x\nENV A=1 \\\n  B=2\n",
                "# syntax=docker/dockerfile:1\n# plimsoll: ignore-file PLM812 -- x\nFROM a:1\nENV A=1 \\\n  B=2\n"
            ]
        );
    }

    #[test]
    fn a_comment_for_the_file_stands_first() {
        let text = "\u{FEFF}services:\r\n  web: {image: nginx}\r\n";
        let file = FileModel::read(FileId(0), File::new("compose.yaml", text), None);
        let edit = in_file(&file, text.find("nginx").unwrap(), "PLM801", "x").unwrap();
        assert_eq!(edit.span.start, 3);
        assert_eq!(edit.text, "# plimsoll: ignore-file PLM801 -- x\r\n");
    }
}
