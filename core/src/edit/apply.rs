//! Applies fixes to texts.

use crate::report::{Edit, Report, Safety};
use crate::text::{File, FileId};

/// The files with fixes applied, and how many were. The first fix of each finding counts; one that
/// touches what an earlier one changed is left for the next run.
pub fn apply(files: &[File], report: &Report, unsafe_too: bool) -> (Vec<File>, usize) {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut applied = 0;
    for finding in &report.findings {
        let wanted = finding.fixes.iter().find(|it| unsafe_too || it.safety == Safety::Safe);
        let Some(fix) = wanted else { continue };
        // Taken edits are sorted and apart from one another: only the neighbours can collide.
        let near = |new: &Edit| {
            let at = edits.partition_point(|it| it.span < new.span);
            edits[at.saturating_sub(1)..edits.len().min(at + 1)].to_vec()
        };
        let free = fix.edits.iter().all(|new| !near(new).into_iter().any(|old| collide(old, new)));
        let twice = fix.edits.iter().all(|new| near(new).contains(&new));
        if free {
            for edit in &fix.edits {
                // Behind its equals: two insertions of one fix at one place keep their order.
                edits.insert(edits.partition_point(|it| it.span <= edit.span), edit);
            }
            applied += 1;
        } else if twice {
            applied += 1;
        }
    }
    let result = files
        .iter()
        .map(|file| {
            let id = report.files.iter().position(|it| it.file.path == file.path);
            let Some(id) = id.and_then(|it| u32::try_from(it).ok()).map(FileId) else {
                return file.clone();
            };
            let mine: Vec<&Edit> = edits.iter().copied().filter(|it| it.span.file == id).collect();
            if mine.is_empty() {
                file.clone()
            } else {
                File::new(&file.path, splice(&file.text, mine))
            }
        })
        .collect();
    (result, applied)
}

/// Two insertions at one place cannot be ordered, so they collide too.
fn collide(a: &Edit, b: &Edit) -> bool {
    a.span.file == b.span.file && a.span.start <= b.span.end && b.span.start <= a.span.end
}

/// A text with non-overlapping edits made.
pub fn splice<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|it| it.span);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        let (Some(kept), true) = (text.get(at..range.start), text.is_char_boundary(range.end))
        else {
            continue;
        };
        result.push_str(kept);
        result.push_str(&edit.text);
        at = range.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}
