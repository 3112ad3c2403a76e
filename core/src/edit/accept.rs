//! Comments that accept findings. A comment is offered only where it is read as one and covers the finding: not
//! inside a block of text, for example.

use super::guard;
use crate::model::{FileModel, Suppression, is_template_name};
use crate::report::{Edit, Kind};
use crate::text::{File, Span, folder_of, join_path};

/// The mark that some editors put at the start of a file.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Maximum number of bytes that are read to find out where the comments of one file can stand.
const MAX_READ: usize = 16 << 20;

/// What to accept on one line.
#[derive(Debug, Clone)]
pub struct Line<'c> {
    /// The offset of the first finding there.
    pub at: usize,
    pub codes: Vec<&'c str>,
}

/// Where a comment can stand that accepts what is found on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    At(Edit),
    Nowhere,
    /// Too many other lines had to be tried first.
    Untried,
}

/// Whether a chart renders a file, with or without an action in it: it lies in the folder `templates` of a chart. `has`
/// says whether a file is there.
pub fn is_rendered(path: &str, has: &dyn Fn(&str) -> bool) -> bool {
    let folders: Vec<&str> = folder_of(path).split('/').collect();
    let charts = (0..folders.len()).filter(|at| folders[*at] == "templates");
    charts.map(|at| folders[..at].join("/")).any(|chart| has(&join_path(&chart, "Chart.yaml")))
}

/// Returns for each of these lines, which are in the order of the file, where a comment can stand. All comments are
/// tried at once, and those of halves only where something is wrong with them. In a file that a chart renders, comments
/// are those of the template language: the others would be printed.
pub fn lines(file: &FileModel, is_rendered: bool, lines: &[Line<'_>], reason: &str) -> Vec<Answer> {
    let mut search = Search { file, is_rendered, reason, left: MAX_READ, answers: Vec::new() };
    search.find(lines);
    search.answers
}

/// Returns the text with edits that insert something, in the order of their places.
pub fn inserted<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut all = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        let place = edit.span.start as usize;
        all.push_str(&text[copied..place]);
        all.push_str(&edit.text);
        copied = place;
    }
    all.push_str(&text[copied..]);
    all
}

/// A search for places of comments in one file.
struct Search<'s> {
    file: &'s FileModel,
    is_rendered: bool,
    reason: &'s str,
    /// Number of bytes that may still be read.
    left: usize,
    answers: Vec<Answer>,
}

impl Search<'_> {
    fn find(&mut self, lines: &[Line<'_>]) {
        let readings = if lines.len() == 1 { 2 } else { 1 };
        let cost = readings * self.file.text().len();
        if cost > self.left {
            self.answers.extend(lines.iter().map(|_| Answer::Untried));
            return;
        }
        self.left -= cost;
        if let [line] = lines {
            let found = here(self.file, self.is_rendered, line.at, &line.codes, self.reason);
            self.answers.push(found.map_or(Answer::Nowhere, Answer::At));
            return;
        }
        let likely = |line: &Line<'_>| {
            let [behind, above] =
                candidates(self.file, self.is_rendered, line.at, &line.codes, self.reason)?;
            let text = self.file.text()[..behind.span.start as usize].lines().next_back();
            let has_comment = || text.is_some_and(|it| it.contains('#'));
            let is_plain = self.file.kind != Kind::Template;
            Some(if is_plain && has_comment() { above } else { behind })
        };
        let edits: Option<Vec<Edit>> = lines.iter().map(likely).collect();
        match edits.filter(|edits| accept_all(self.file, self.is_rendered, lines, edits)) {
            Some(edits) => self.answers.extend(edits.into_iter().map(Answer::At)),
            None => {
                let (first, second) = lines.split_at(lines.len() / 2);
                self.find(first);
                self.find(second);
            }
        }
    }
}

/// Returns an edit that accepts what some rules find at an offset: a comment at the end of the line, or on a
/// line of its own above where there is a comment already. See [`lines`] for what a chart renders.
pub fn here(
    file: &FileModel,
    is_rendered: bool,
    at: usize,
    codes: &[&str],
    reason: &str,
) -> Option<Edit> {
    let line = Line { at, codes: codes.to_vec() };
    let accepts = |edit: &Edit| {
        accept_all(file, is_rendered, std::slice::from_ref(&line), std::slice::from_ref(edit))
    };
    candidates(file, is_rendered, at, codes, reason)?.into_iter().find(accepts)
}

/// Returns the edits that may accept what is found at an offset: behind its line, and above.
fn candidates(
    file: &FileModel,
    is_rendered: bool,
    at: usize,
    codes: &[&str],
    reason: &str,
) -> Option<[Edit; 2]> {
    let directive = format!("plimsoll: ignore {} -- {reason}", codes.join(", "));
    let comment = format!("# {directive}");
    let text = file.text();
    let start = text.get(..at)?.rfind('\n').map_or(0, |line_break| line_break + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    if is_rendered || file.kind == Kind::Template {
        let column = line.len() - line.trim_start_matches([' ', BYTE_ORDER_MARK]).len();
        let behind = behind_in_template(file, start + line.len(), &directive);
        let above = above_in_template(file, start + column, &directive);
        return match (behind, above) {
            (Some(behind), above) => Some([behind.clone(), above.unwrap_or(behind)]),
            (None, above) => above.map(|above| [above.clone(), above]),
        };
    }
    let content = line.trim_start_matches([' ', BYTE_ORDER_MARK]);
    let column = line.len() - content.len();
    let indent = line[..column].trim_start_matches(BYTE_ORDER_MARK);
    let new_line = new_line(text);
    let insert =
        |offset: usize, text: String| Edit { span: Span::new(file.id, offset, offset), text };
    let behind = insert(start + line.len(), format!(" {comment}"));
    let above = insert(start + column, format!("{comment}{new_line}{indent}"));
    Some([behind, above])
}

/// Returns an edit that puts a comment of the template language at the end of a line of a chart. Such a comment
/// prints nothing, wherever the text goes: what a template prints may end up in quotes.
fn behind_in_template(file: &FileModel, end: usize, directive: &str) -> Option<Edit> {
    let before = &file.text()[..end];
    // Trimming is left to the actions around: white space at the end of the line would be lost.
    let is_exact = !before.ends_with([' ', '\t']);
    if !is_exact || !may_stand_in_template(file, end, directive) {
        return None;
    }
    // An action that takes away the line break behind it goes on doing so.
    let closing = if before.ends_with("-}}") { " -}}" } else { "}}" };
    let text = format!(" {{{{- /* {directive} */{closing}");
    Some(Edit { span: Span::new(file.id, end, end), text })
}

/// Returns an edit that puts a comment of the template language on a line of its own above the content of a line, for
/// lines at whose end it would be read as a part of a YAML comment. The comment takes the line break and the indentation
/// behind it away.
fn above_in_template(file: &FileModel, content: usize, directive: &str) -> Option<Edit> {
    let text = file.text();
    // An action at the start of the line may take away the indentation before it.
    if text[content..].starts_with("{{") || !may_stand_in_template(file, content, directive) {
        return None;
    }
    let line = text[..content].rfind('\n').map_or(0, |line_break| line_break + 1);
    let indent = text[line..content].trim_start_matches(BYTE_ORDER_MARK);
    let text = format!("{{{{/* {directive} */ -}}}}{}{indent}", new_line(text));
    Some(Edit { span: Span::new(file.id, content, content), text })
}

/// Whether a comment of the template language with a directive may stand at a place: outside of actions, in a file of a
/// chart.
fn may_stand_in_template(file: &FileModel, at: usize, directive: &str) -> bool {
    let before = &file.text()[..at];
    let opened = before.rfind("{{");
    let is_inside = opened.is_some_and(|opened| !before[opened..].contains("}}"));
    !is_inside && !directive.contains("*/") && !is_template_name(file.path())
}

/// Returns an edit that accepts everything that a rule finds in a file of which it finds something at an offset:
/// a comment in the first line, or behind those that a Dockerfile has for its parser.
pub fn in_file(
    file: &FileModel,
    is_rendered: bool,
    at: usize,
    code: &str,
    reason: &str,
) -> Option<Edit> {
    let text = file.text();
    let start = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
    let start =
        if file.kind == Kind::Dockerfile { start_of_dockerfile(text, start) } else { start };
    let directive = format!("plimsoll: ignore-file {code} -- {reason}");
    let is_of_chart = is_rendered || file.kind == Kind::Template;
    let comment = match is_of_chart && !is_template_name(file.path()) {
        true if directive.contains("*/") => return None,
        // The line break goes with the comment, so that the first line stays the first.
        true => format!("{{{{- /* {directive} */ -}}}}{}", new_line(text)),
        false => format!("# {directive}{}", new_line(text)),
    };
    let edit = Edit { span: Span::new(file.id, start, start), text: comment };
    let line = Line { at, codes: vec![code] };
    accept_all(file, is_rendered, &[line], std::slice::from_ref(&edit)).then_some(edit)
}

/// Whether edits, one for each line, do no damage to a file and accept what some rules find there.
fn accept_all(file: &FileModel, is_rendered: bool, lines: &[Line<'_>], edits: &[Edit]) -> bool {
    let text = inserted(file.text(), edits);
    let after = FileModel::read(file.id, File::new(file.path(), text), None);
    // With its first action a file becomes a template, which has no documents that could be compared. A comment of the
    // template language prints nothing, wherever it stands.
    let becomes_template =
        is_rendered && file.kind != Kind::Template && after.kind == Kind::Template;
    if !becomes_template && guard::damage(file, &after).is_some() {
        return false;
    }
    let mut suppressions: Vec<&Suppression> = after.directives.suppressions.iter().collect();
    suppressions.sort_by_key(|it| it.covers.start);
    let mut before = 0;
    lines.iter().zip(edits).all(|(line, edit)| {
        let is_moved = line.at >= edit.span.start as usize;
        let moved = line.at + before + if is_moved { edit.text.len() } else { 0 };
        before += edit.text.len();
        let near = suppressions.partition_point(|it| it.covers.start as usize <= moved);
        suppressions[near.saturating_sub(MAX_NEAR)..near].iter().any(|it| {
            let names = |code: &&str| it.selectors.iter().any(|(word, _)| word == code);
            moved <= it.covers.end as usize && line.codes.iter().all(names)
        })
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

/// Maximum number of comments before a place that are asked whether they cover it.
const MAX_NEAR: usize = 64;

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
        let edit = here(&file, false, text.find(word).unwrap(), &["PLM801"], "x")?;
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
    fn many_lines_are_tried_at_once_and_alone_where_that_fails() {
        let text = "a: 1\nb: 2 # two\nc: |\n  text\nd: 4\n";
        let file = FileModel::read(FileId(0), File::new("compose.yaml", text), None);
        let line = |word: &str| Line { at: text.find(word).unwrap(), codes: vec!["PLM801"] };
        let all = [line("1"), line("2"), line("text"), line("4")];
        let answers = lines(&file, false, &all, "x");
        assert_eq!(answers[2], Answer::Nowhere);
        let edits: Vec<&Edit> = answers
            .iter()
            .filter_map(|it| match it {
                Answer::At(edit) => Some(edit),
                Answer::Nowhere | Answer::Untried => None,
            })
            .collect();
        assert_eq!(
            inserted(text, edits),
            "a: 1 # plimsoll: ignore PLM801 -- x\n# plimsoll: ignore PLM801 -- x\nb: 2 # two\nc: |\n  text\nd: 4 # plimsoll: ignore PLM801 -- x\n"
        );
    }

    #[test]
    fn lines_beyond_what_may_be_read_are_named() {
        let text = format!("a: |\n{}", "  text\n".repeat(1_000));
        let file = FileModel::read(FileId(0), File::new("compose.yaml", text.as_str()), None);
        let all: Vec<Line<'_>> =
            text.match_indices("text").map(|(at, _)| Line { at, codes: vec!["PLM801"] }).collect();
        let mut search = Search {
            file: &file,
            is_rendered: false,
            reason: "x",
            left: 100 * text.len(),
            answers: Vec::new(),
        };
        search.find(&all);
        let count = |answer: &Answer| search.answers.iter().filter(|it| *it == answer).count();
        assert_eq!(count(&Answer::Nowhere) + count(&Answer::Untried), 1_000);
        assert!((10..100).contains(&count(&Answer::Nowhere)), "{}", count(&Answer::Nowhere));
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
            let edits = [
                here(&file, false, place, &["PLM812"], "x"),
                in_file(&file, false, place, "PLM812", "x"),
            ];
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
    fn a_comment_in_a_chart_prints_nothing() {
        let at = |path: &str, text: &str, word: &str| {
            let file = FileModel::read(FileId(0), File::new(path, text), None);
            let edit = here(&file, false, text.find(word).unwrap(), &["PLM806"], "x")?;
            let mut text = text.to_owned();
            text.insert_str(edit.span.start as usize, &edit.text);
            Some(text)
        };
        let template = "c/templates/_helpers.tpl";
        let text = "{{- define \"c.s\" -}}\n{{- dict \"a\" true | toYaml -}}\nb: 1\n{{- end -}}\n";
        assert_eq!(
            at(template, text, "toYaml").as_deref(),
            Some(
                "{{- define \"c.s\" -}}\n{{- dict \"a\" true | toYaml -}} {{- /* plimsoll: ignore PLM806 -- x */ -}}\nb: 1\n{{- end -}}\n"
            )
        );
        assert!(
            at(template, text, "b:")
                .is_some_and(|it| it.contains("b: 1 {{- /* plimsoll: ignore PLM806 -- x */}}\n"))
        );
        // Inside of an action, and where white space would be lost, it stands above.
        for text in ["a: {{ dict\n  \"a\" 1 }}\n", "a: 1 \n"] {
            let above = format!("{{{{/* plimsoll: ignore PLM806 -- x */ -}}}}\n{text}");
            assert_eq!(at(template, text, "a:"), Some(above), "{text}");
        }
        assert_eq!(at("a.yaml.j2", "a: 1\n{{ b }}: c\n", "1"), None, "another language");
    }

    #[test]
    fn a_file_without_an_action_that_a_chart_renders_gets_comments_that_print_nothing() {
        let text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: 7 # one\n  b: |\n    c\n  d: 8\n";
        let file = FileModel::read(FileId(0), File::new("c/templates/a.yaml", text), None);
        assert_eq!(file.kind, Kind::Kubernetes);
        for (word, expected) in [
            ("8", Some("d: 8 {{- /* plimsoll: ignore PLM503 -- x */}}\n")),
            // Behind the comment it would be read as a part of that.
            ("7", Some("data:\n  {{/* plimsoll: ignore PLM503 -- x */ -}}\n  a: 7 # one\n")),
            ("c\n", None),
        ] {
            let at = text.rfind(word).unwrap();
            let edit = here(&file, true, at, &["PLM503"], "x");
            let with = edit.map(|edit| inserted(text, [&edit]));
            match expected {
                Some(expected) => assert!(with.as_ref().unwrap().contains(expected), "{with:?}"),
                None => assert_eq!(with, None, "inside of a text"),
            }
            let whole = in_file(&file, true, at, "PLM503", "x").unwrap();
            assert_eq!(whole.text, "{{- /* plimsoll: ignore-file PLM503 -- x */ -}}\n");
        }
        let lines_of = |words: [&str; 2]| {
            words.map(|it| Line { at: text.rfind(it).unwrap(), codes: vec!["PLM503"] })
        };
        let answers = lines(&file, true, &lines_of(["7", "8"]), "x");
        assert!(answers.iter().all(|it| matches!(it, Answer::At(_))), "{answers:?}");
    }

    #[test]
    fn a_chart_renders_what_lies_in_its_templates() {
        let has = |path: &str| ["Chart.yaml", "a/charts/b/Chart.yaml"].contains(&path);
        for path in ["templates/a.yaml", "templates/a/b.yaml", "a/charts/b/templates/c.yaml"] {
            assert!(is_rendered(path, &has), "{path}");
        }
        for path in ["a.yaml", "values.yaml", "a/templates/b.yaml", "crds/templates.yaml"] {
            assert!(!is_rendered(path, &has), "{path}");
        }
    }

    #[test]
    fn a_comment_for_the_file_stands_first() {
        let text = "\u{FEFF}services:\r\n  web: {image: nginx}\r\n";
        let file = FileModel::read(FileId(0), File::new("compose.yaml", text), None);
        let edit = in_file(&file, false, text.find("nginx").unwrap(), "PLM801", "x").unwrap();
        assert_eq!(edit.span.start, 3);
        assert_eq!(edit.text, "# plimsoll: ignore-file PLM801 -- x\r\n");
    }
}
