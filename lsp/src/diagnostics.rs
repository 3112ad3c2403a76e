//! The diagnostics of a project, file by file. Only files whose findings changed are converted again.

use crate::convert::{Addresses, Outgoing};
use crate::project::Snapshot;
use plimsoll_core::Report;
use plimsoll_core::report::Finding;
use plimsoll_core::text::FileId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tower_lsp_server::ls_types::{Diagnostic, DiagnosticSeverity, Range};

/// The diagnostics of the files that have any, by the name of the file.
pub type Diagnostics = BTreeMap<String, Arc<FileDiagnostics>>;

#[derive(Debug, PartialEq)]
pub struct FileDiagnostics {
    /// The number of the change that the list goes back to, by which the client knows whether it has the list
    /// already.
    pub id: u64,
    pub list: Vec<Diagnostic>,
}

/// Maximum number of findings of one file that are shown.
const MAX_SHOWN: usize = 500;

/// Converts the findings of a report. Files whose findings and texts are those of the previous snapshot keep their
/// diagnostics; so do files whose diagnostics turn out the same.
pub fn convert(out: Outgoing<'_>, previous: Option<&Snapshot>, change: u64) -> Diagnostics {
    let unchanged = Unchanged::since(out, previous);
    let old = previous.map(|it| findings_of_files(&it.report)).unwrap_or_default();
    let mut all = Diagnostics::new();
    for (file, findings) in findings_of_files(out.report) {
        let name = &*out.report.entry(file).file.path;
        let before = previous.and_then(|it| it.diagnostics.get(name));
        if let Some(before) = before
            && unchanged.all(&findings)
            && old.get(&file) == Some(&findings)
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
struct Unchanged {
    files: Vec<bool>,
}

impl Unchanged {
    fn since(out: Outgoing<'_>, previous: Option<&Snapshot>) -> Unchanged {
        let Some(previous) = previous else { return Unchanged { files: Vec::new() } };
        let uri =
            |addresses: &Addresses, name: &str| addresses.open.get(name).map(|it| it.0.clone());
        let is_same = |at: usize| {
            let (new, old) = (&out.report.files[at].file, &previous.report.files[at].file);
            let name = &*new.path;
            new.path == old.path
                && (Arc::ptr_eq(&new.text, &old.text) || new.text == old.text)
                && uri(out.addresses, name) == uri(&previous.addresses, name)
        };
        let known = out.report.files.len().min(previous.report.files.len());
        Unchanged { files: (0..known).map(is_same).collect() }
    }

    /// Whether every place that findings speak about is in a file that is unchanged.
    fn all(&self, findings: &[&Finding]) -> bool {
        let is_unchanged = |file: FileId| self.files.get(file.index()) == Some(&true);
        findings.iter().all(|finding| {
            let related = finding.related.iter().map(|it| it.span);
            let edits = finding.fixes.iter().flat_map(|fix| &fix.edits).map(|it| it.span);
            [finding.span].into_iter().chain(related).chain(edits).all(|it| is_unchanged(it.file))
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
        let ids = |it: &Snapshot| it.diagnostics.values().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!((ids(&old), ids(&new)), (vec![1, 1], vec![2, 1]));
        let kept = |it: &Snapshot| Arc::clone(&it.diagnostics["b/compose.yaml"]);
        assert!(Arc::ptr_eq(&kept(&old), &kept(&new)));
    }

    #[test]
    fn the_worst_are_shown_with_the_number_of_the_others() {
        let mut text = String::from("services:\n  a:\n    image: x\n");
        for number in 0..600 {
            text.push_str(&format!("    k{number}: 1\n    k{number}: 2\n"));
        }
        let view = view(&[("compose.yaml", &text)]);
        let list = &view.snapshot.diagnostics["compose.yaml"].list;
        assert_eq!(list.len(), MAX_SHOWN + 1);
        let last = list.last().unwrap();
        assert!(last.message.contains("more findings in this file are not shown"), "{last:?}");
        assert_eq!(last.severity, Some(DiagnosticSeverity::INFORMATION));
    }
}
