//! The diagnostics of a project, file by file. Only files whose findings changed are converted again.

use crate::convert::{Addresses, Outgoing};
use crate::project::Snapshot;
use plimsoll_core::model::FileModel;
use plimsoll_core::report::Finding;
use plimsoll_core::text::FileId;
use plimsoll_core::{Applications, Report};
use std::collections::BTreeMap;
use std::sync::Arc;
use tower_lsp_server::ls_types::{Diagnostic, DiagnosticSeverity, Range};

/// The diagnostics of the files that have any, by the name of the file.
pub type Diagnostics = BTreeMap<String, Arc<FileDiagnostics>>;

#[derive(Debug, PartialEq)]
pub struct FileDiagnostics {
    /// Number of the change that produced the list. Clients send it back to say which list they have.
    pub id: u64,
    pub list: Vec<Diagnostic>,
}

/// Maximum number of findings of one file that are shown.
const MAX_SHOWN: usize = 500;

/// Converts the findings of an application. Files whose findings and texts are those of the previous snapshot
/// keep their diagnostics; so do files whose diagnostics turn out the same.
pub fn convert(
    out: Outgoing<'_>,
    checked: &Applications,
    previous: Option<&Snapshot>,
    change: u64,
) -> Diagnostics {
    let unchanged = Unchanged { files: checked.files(), addresses: out.addresses, previous };
    let findings = findings_of_files(out.report);
    // The files of one application were one application before, unless files came or went.
    let first = findings.keys().next().map(|file| &*out.report.entry(*file).file.path);
    let old = previous.zip(first).and_then(|(previous, first)| previous.part_named(first));
    let old = old.map(|old| findings_of_files(&old.application.report)).unwrap_or_default();
    let mut all = Diagnostics::new();
    for (file, findings) in findings {
        let name = &*out.report.entry(file).file.path;
        let before = previous.and_then(|it| it.diagnostics_of(name));
        if let Some(before) = before
            && old.get(&file) == Some(&findings)
            && unchanged.all(&findings)
        {
            all.insert(name.to_owned(), Arc::clone(before));
            continue;
        }
        let list = shown(out, &findings);
        let kept = before.filter(|it| it.list == list).map(Arc::clone);
        let new = kept.unwrap_or_else(|| Arc::new(FileDiagnostics { id: change, list }));
        all.insert(name.to_owned(), new);
    }
    all
}

fn findings_of_files(report: &Report) -> BTreeMap<FileId, Vec<&Finding>> {
    let mut files: BTreeMap<FileId, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        files.entry(finding.span.file).or_default().push(finding);
    }
    files
}

/// Returns the diagnostics of one file: all findings, or the worst ones and the number of the others.
fn shown(out: Outgoing<'_>, findings: &[&Finding]) -> Vec<Diagnostic> {
    if findings.len() <= MAX_SHOWN {
        return findings.iter().map(|it| out.diagnostic(it)).collect();
    }
    let mut worst: Vec<&Finding> = findings.to_vec();
    worst.sort_by_key(|it| it.severity);
    worst.truncate(MAX_SHOWN);
    worst.sort_by_key(|it| it.span);
    let mut list: Vec<Diagnostic> = worst.iter().map(|it| out.diagnostic(it)).collect();
    let hidden = findings.len() - MAX_SHOWN;
    list.push(Diagnostic {
        range: Range::default(),
        severity: Some(DiagnosticSeverity::INFORMATION),
        source: Some("plimsoll".to_owned()),
        message: format!(
            "{hidden} more findings in this file are not shown; `plimsoll check` prints them all"
        ),
        ..Diagnostic::default()
    });
    list
}

/// Which files have the same text and address as in the previous snapshot.
struct Unchanged<'s> {
    files: &'s [Arc<FileModel>],
    addresses: &'s Addresses,
    previous: Option<&'s Snapshot>,
}

impl Unchanged<'_> {
    fn is_unchanged(&self, file: FileId) -> bool {
        let Some(previous) = self.previous else { return false };
        let old = previous.applications.files().get(file.index());
        let Some((new, old)) = self.files.get(file.index()).zip(old) else { return false };
        let (new, old) = (&new.file, &old.file);
        let uri = |of: &Addresses| of.open.get(&*new.path).map(|it| it.0.clone());
        new.path == old.path
            && (Arc::ptr_eq(&new.text, &old.text) || new.text == old.text)
            && uri(self.addresses) == uri(&previous.addresses)
    }

    /// Whether every place that findings speak about is in a file that is unchanged.
    fn all(&self, findings: &[&Finding]) -> bool {
        findings.iter().all(|finding| {
            let related = finding.related.iter().map(|it| it.span);
            let edits = finding.fixes.iter().flat_map(|fix| &fix.edits).map(|it| it.span);
            [finding.span]
                .into_iter()
                .chain(related)
                .chain(edits)
                .all(|it| self.is_unchanged(it.file))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::{snapshot, view};

    #[test]
    fn only_what_changed_is_converted_and_gets_a_new_id() {
        let twice = "services:\n  a:\n    image: x\n    image: y\n";
        let old = snapshot(&[("a/compose.yaml", twice), ("b/compose.yaml", twice)], None, 1);
        let edited = format!("# a\n{twice}");
        let files = [("a/compose.yaml", edited.as_str()), ("b/compose.yaml", twice)];
        let new = snapshot(&files, Some(&old), 2);
        let ids = |it: &Snapshot| {
            let mut all: Vec<_> =
                it.diagnostics().map(|(name, it)| (name.clone(), it.id)).collect();
            all.sort();
            all.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
        };
        assert_eq!((ids(&old), ids(&new)), (vec![1, 1], vec![2, 1]));
        let kept = |it: &Snapshot| Arc::clone(it.diagnostics_of("b/compose.yaml").unwrap());
        assert!(Arc::ptr_eq(&kept(&old), &kept(&new)));
    }

    #[test]
    fn the_worst_are_shown_with_the_number_of_the_others() {
        let mut text = String::from("services:\n  a:\n    image: x\n");
        for number in 0..600 {
            text.push_str(&format!("    k{number}: 1\n    k{number}: 2\n"));
        }
        let view = view(&[("compose.yaml", &text)]);
        let list = &view.part.diagnostics["compose.yaml"].list;
        assert_eq!(list.len(), MAX_SHOWN + 1);
        let last = list.last().unwrap();
        assert!(last.message.contains("more findings in this file are not shown"), "{last:?}");
        assert_eq!(last.severity, Some(DiagnosticSeverity::INFORMATION));
    }
}
