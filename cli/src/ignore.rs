//! `plimsoll fix --add-ignore`: accepts findings where they stand, with comments.

use crate::input::Source;
use crate::terminal::Terminal;
use plimsoll_core::autofix::Fixed;
use plimsoll_core::edit::guard;
use plimsoll_core::model::FileModel;
use plimsoll_core::text::FileId;
use plimsoll_core::{File, Options, Report, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// The codes to accept by file and line, each from 0.
type Wanted = BTreeMap<usize, BTreeMap<usize, BTreeSet<&'static str>>>;

/// Writes comments that accept every finding of a report, and says which findings no comment can accept.
pub fn accept_all(
    sources: &[Source],
    mut workspace: Workspace,
    report: &Report,
    options: &Options,
    reason: &str,
    terminal: &Terminal,
) -> Fixed {
    let wanted = wanted(report);
    let mut files: Vec<File> = sources.iter().map(|source| source.file.clone()).collect();
    let mut applied = 0;
    for (file, lines) in wanted {
        let path = &report.files[file].file.path;
        let Some(at) = sources.iter().position(|source| source.file.path == *path) else {
            continue;
        };
        if !sources[at].exact {
            terminal.warn(&format!("{path}: left unchanged because it is not UTF-8"));
            continue;
        }
        // From the last line to the first, so that the numbers of the others stay as they are.
        for (line, codes) in lines.into_iter().rev() {
            let codes: Vec<&str> = codes.into_iter().collect();
            let comment = format!("# plimsoll: ignore {} -- {reason}", codes.join(", "));
            match with_comment(&files[at], line, &comment) {
                Some(file) => {
                    files[at] = file;
                    applied += 1;
                }
                None => terminal.warn(&format!(
                    "{path}:{}: no comment can stand here to accept {}",
                    line + 1,
                    codes.join(", ")
                )),
            }
        }
    }
    for file in &files {
        workspace.set_file(file.clone());
    }
    let report = workspace.report(options);
    Fixed { files, applied, report, refused: Vec::new() }
}

/// Returns the lines of all findings, and of the places that they stand for.
fn wanted(report: &Report) -> Wanted {
    let mut wanted = Wanted::new();
    for finding in &report.findings {
        let others = finding.others.iter().map(|other| other.span);
        for span in std::iter::once(finding.span).chain(others) {
            let line = report.entry(span.file).lines.line_of(span.start as usize);
            let lines = wanted.entry(span.file.index()).or_default();
            lines.entry(line).or_default().insert(finding.code);
        }
    }
    wanted
}

/// Returns a file with a comment at the end of a line, or on a line of its own above where there is a comment
/// already. `None` where neither of them would be a comment, as in the middle of a text.
fn with_comment(file: &File, line: usize, comment: &str) -> Option<File> {
    let lines: Vec<&str> = file.text.split_inclusive('\n').collect();
    let old = *lines.get(line)?;
    let content = old.trim_end_matches(['\n', '\r']);
    let ending = &old[content.len()..];
    let indent = &content[..content.len() - content.trim_start().len()];
    let behind = format!("{content} {comment}{ending}");
    let line_break = if ending.is_empty() { "\n" } else { ending };
    let above = format!("{indent}{comment}{line_break}{old}");
    let before = FileModel::read(FileId(0), file.clone(), None);
    [behind, above].into_iter().find_map(|new| {
        let (head, tail) = (lines[..line].concat(), lines[line + 1..].concat());
        let changed = File::new(&file.path, format!("{head}{new}{tail}"));
        let after = FileModel::read(FileId(0), changed.clone(), None);
        let count = |model: &FileModel| model.directives.suppressions.len();
        let is_read = count(&after) == count(&before) + 1;
        (is_read && guard::damage(&before, &after).is_none()).then_some(changed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stands_where_it_is_a_comment() {
        let text = "a: 1\nb: 2 # two\nc: |\n  text\n";
        let with = |line: usize| {
            let file = File::new("compose.yaml", text);
            with_comment(&file, line, "# plimsoll: ignore PLM1 -- x").map(|it| it.text.to_string())
        };
        assert!(with(0).is_some_and(|it| it.starts_with("a: 1 # plimsoll: ignore PLM1 -- x\nb")));
        assert!(
            with(1).is_some_and(|it| it.contains("\n# plimsoll: ignore PLM1 -- x\nb: 2 # two\n"))
        );
        assert_eq!(with(3), None, "inside of a text");
    }
}
