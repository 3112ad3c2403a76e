//! Applies the fixes of a report to its files.

use crate::report::{Edit, Fix, Report, Safety};
use crate::text::File;
use rustc_hash::FxHashMap;

/// Returns the files with fixes applied, and the number of fixes. The first fix of each finding is used;
/// one that touches the changes of an earlier fix is left for the next run.
pub fn apply(files: &[File], report: &Report, unsafe_too: bool) -> (Vec<File>, usize) {
    let usable = |fix: &&Fix| unsafe_too || fix.safety == Safety::Safe;
    let wanted = report.findings.iter().filter_map(|it| it.fixes.iter().find(usable));
    let (files, applied) = apply_all(files, report, wanted);
    (files, applied.iter().filter(|it| **it).count())
}

/// Returns the files with fixes of a report applied, and for each fix whether it was. One that touches the
/// changes of an earlier fix is not.
pub fn apply_all<'r>(
    files: &[File],
    report: &'r Report,
    fixes: impl IntoIterator<Item = &'r Fix>,
) -> (Vec<File>, Vec<bool>) {
    let path = |edit: &Edit| Some(&*report.files.get(edit.span.file.index())?.file.path);
    apply_at(files, fixes, &path)
}

/// Returns the files with fixes applied, and for each fix whether it was. `path` knows the files that edits
/// are in.
pub fn apply_at<'r>(
    files: &[File],
    fixes: impl IntoIterator<Item = &'r Fix>,
    path: &dyn Fn(&'r Edit) -> Option<&'r str>,
) -> (Vec<File>, Vec<bool>) {
    let mut edits: Vec<&'r Edit> = Vec::new();
    let mut applied = Vec::new();
    for fix in fixes {
        // The accepted edits are sorted and do not overlap: only the neighbours can collide.
        let near = |new: &Edit| {
            let at = edits.partition_point(|old| old.span < new.span);
            edits[at.saturating_sub(1)..edits.len().min(at + 1)].to_vec()
        };
        let free = fix.edits.iter().all(|new| !near(new).into_iter().any(|old| collide(old, new)));
        let twice = fix.edits.iter().all(|new| near(new).contains(&new));
        if free {
            for edit in &fix.edits {
                // Two insertions of one fix at the same position keep their order.
                edits.insert(edits.partition_point(|old| old.span <= edit.span), edit);
            }
        }
        applied.push(free || twice);
    }
    let mut by_path: FxHashMap<&str, Vec<&Edit>> = FxHashMap::default();
    for edit in edits {
        if let Some(path) = path(edit) {
            by_path.entry(path).or_default().push(edit);
        }
    }
    let changed = |file: &File| match by_path.get(&*file.path) {
        Some(edits) => File::new(&file.path, splice(&file.text, edits.iter().copied())),
        None => file.clone(),
    };
    (files.iter().map(changed).collect(), applied)
}

/// Whether two edits overlap. Two insertions at one position collide too, since they have no order.
fn collide(a: &Edit, b: &Edit) -> bool {
    a.span.file == b.span.file && a.span.start <= b.span.end && b.span.start <= a.span.end
}

/// Applies edits that do not overlap to a text.
pub fn splice<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| edit.span);
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
