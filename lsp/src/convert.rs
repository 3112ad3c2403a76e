//! Conversion between the core's byte offsets and the protocol's lines and characters: pure functions
//! only.

use plimsoll_core::Report;
use plimsoll_core::output::wire::rule_url;
use plimsoll_core::report::{Finding, Fix, Severity};
use plimsoll_core::rules;
use plimsoll_core::text::{Encoding, FileId, LineColumn, LineIndex, Span};
use serde_json::json;
use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use tower_lsp_server::ls_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    DocumentChanges, Location, NumberOrString, OneOf, OptionalVersionedTextDocumentIdentifier,
    Position, PositionEncodingKind, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

/// Picks the position encoding: UTF-8, which the core counts in, where the client offers it; else the first one that
/// is known; else UTF-16, the protocol's default.
pub fn negotiate(offered: Option<&[PositionEncodingKind]>) -> (Encoding, PositionEncodingKind) {
    let known = [
        (Encoding::Utf8, PositionEncodingKind::UTF8),
        (Encoding::Utf16, PositionEncodingKind::UTF16),
        (Encoding::Utf32, PositionEncodingKind::UTF32),
    ];
    let offered = offered.unwrap_or_default();
    if offered.contains(&PositionEncodingKind::UTF8) {
        return known[0].clone();
    }
    let mut choices = offered.iter().filter_map(|kind| known.iter().find(|it| it.1 == *kind));
    choices.next().unwrap_or(&known[1]).clone()
}

pub fn position(at: LineColumn) -> Position {
    Position { line: at.line, character: at.column }
}

pub fn offset(lines: &LineIndex, at: Position, encoding: Encoding) -> usize {
    lines.offset(LineColumn { line: at.line, column: at.character }, encoding)
}

/// The files of a project as the client knows them: by URI, the open ones with their versions.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    pub root: PathBuf,
    /// The open documents of the project, by the name of the file.
    pub open: HashMap<String, (Uri, i32)>,
}

impl Addresses {
    /// Whether every file has the same URI as before.
    pub fn are_same(&self, old: &Addresses) -> bool {
        let has_same = |(name, (uri, _)): (&String, &(Uri, i32))| {
            old.open.get(name).is_some_and(|(before, _)| before == uri)
        };
        self.root == old.root && self.open.len() == old.open.len() && self.open.iter().all(has_same)
    }

    /// Returns the URI of a file, in the client's own spelling where the client has the file open.
    pub fn uri(&self, name: &str) -> Option<Uri> {
        if let Some((uri, _)) = self.open.get(name) {
            return Some(uri.clone());
        }
        if !self.root.is_absolute() {
            return Uri::from_str(self.root.to_str()?).ok();
        }
        Uri::from_file_path(self.root.join(name))
    }

    /// Returns the version of a file; `None` where the file is not open.
    pub fn version(&self, name: &str) -> Option<i32> {
        self.open.get(name).map(|(_, version)| *version)
    }
}

/// A report in the client's terms: its position encoding, and its addresses of the report's files.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'r> {
    pub report: &'r Report,
    pub encoding: Encoding,
    pub addresses: &'r Addresses,
}

impl Outgoing<'_> {
    pub fn uri(&self, file: FileId) -> Option<Uri> {
        self.addresses.uri(&self.report.entry(file).file.path)
    }

    pub fn range(&self, span: Span) -> Range {
        let entry = self.report.entry(span.file);
        let at = |offset: u32| position(entry.lines.position(offset as usize, self.encoding));
        Range { start: at(span.start), end: at(span.end) }
    }

    pub fn location(&self, span: Span) -> Option<Location> {
        Some(Location { uri: self.uri(span.file)?, range: self.range(span) })
    }

    pub fn diagnostic(&self, finding: &Finding) -> Diagnostic {
        let related = finding.related.iter().filter_map(|related| {
            let location = self.location(related.span)?;
            Some(DiagnosticRelatedInformation { location, message: related.message.clone() })
        });
        let related: Vec<_> = related.collect();
        let mut tags = Vec::new();
        if finding.unnecessary {
            tags.push(DiagnosticTag::UNNECESSARY);
        }
        if finding.deprecated {
            tags.push(DiagnosticTag::DEPRECATED);
        }
        let href = rules::find(finding.code).and_then(|it| Uri::from_str(&rule_url(it)).ok());
        let fixes = finding.fixes.iter().map(|fix| {
            let edits = self.edits(fix).into_iter();
            let changes: HashMap<String, _> =
                edits.map(|(_, uri, edits)| (uri.as_str().to_owned(), edits)).collect();
            json!({ "title": fix.title, "safety": fix.safety.name(), "changes": changes })
        });
        let fixes: Vec<_> = fixes.collect();
        Diagnostic {
            range: self.range(finding.span),
            severity: Some(match finding.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
                Severity::Info => DiagnosticSeverity::INFORMATION,
                Severity::Hint => DiagnosticSeverity::HINT,
            }),
            code: Some(NumberOrString::String(finding.code.to_owned())),
            code_description: href.map(|href| CodeDescription { href }),
            source: Some("plimsoll".to_owned()),
            message: finding.message.clone(),
            related_information: (!related.is_empty()).then_some(related),
            tags: (!tags.is_empty()).then_some(tags),
            data: (!fixes.is_empty()).then(|| json!({ "fixes": fixes })),
        }
    }

    /// Returns the edits of a fix, file by file.
    fn edits(&self, fix: &Fix) -> Vec<(FileId, Uri, Vec<TextEdit>)> {
        let mut files: Vec<(FileId, Uri, Vec<TextEdit>)> = Vec::new();
        for edit in &fix.edits {
            let Some(uri) = self.uri(edit.span.file) else { continue };
            let new = TextEdit { range: self.range(edit.span), new_text: edit.text.clone() };
            match files.iter_mut().find(|it| it.0 == edit.span.file) {
                Some((_, _, edits)) => edits.push(new),
                None => files.push((edit.span.file, uri, vec![new])),
            }
        }
        files
    }

    /// Returns a fix as an edit of the workspace. Where it is `versioned`, the client can refuse an edit that
    /// comes too late.
    pub fn workspace_edit(&self, fix: &Fix, versioned: bool) -> WorkspaceEdit {
        let files = self.edits(fix).into_iter();
        if !versioned {
            let changes = files.map(|(_, uri, edits)| (uri, edits)).collect();
            return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
        }
        let version = |file| self.addresses.version(&self.report.entry(file).file.path);
        let documents = files.map(|(file, uri, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri, version: version(file) },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        });
        WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(documents.collect())),
            ..WorkspaceEdit::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::report::{Edit, FileEntry, Findings};
    use plimsoll_core::text::File;
    use std::sync::Arc;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn utf8_is_used_where_the_client_offers_it() {
        let both = [PositionEncodingKind::UTF16, PositionEncodingKind::UTF8];
        assert_eq!(negotiate(Some(&both)).0, Encoding::Utf8);
        assert_eq!(negotiate(Some(&both[..1])).0, Encoding::Utf16);
        assert_eq!(negotiate(Some(&[PositionEncodingKind::UTF32])).0, Encoding::Utf32);
        assert_eq!(negotiate(None).0, Encoding::Utf16);
    }

    #[test]
    fn a_diagnostic_carries_everything_that_the_finding_has() {
        let text = "🎵: db\n";
        let span = Span::new(FileId(0), 6, 8);
        let mut findings = Findings::new("PLM002", "duplicate-key", Severity::Hint);
        let finding = findings.at(&span, "twice");
        finding.also(&span, "here").unnecessary = true;
        finding.fix(Fix::safe("Drop it", [Edit { span, text: String::new() }]));
        let report = Report {
            files: Arc::new(vec![FileEntry {
                file: File::new("a.yaml", text),
                kind: Default::default(),
                role: None,
                lines: LineIndex::new(&Arc::from(text)),
                is_excluded: false,
                is_pipeline: false,
            }]),
            findings: findings.into_list(),
            ..Report::default()
        };
        let uri = Uri::from_str("file:///w/a.yaml").unwrap();
        let addresses = Addresses { root: "/w".into(), ..Addresses::default() };
        let out = |encoding| Outgoing { report: &report, encoding, addresses: &addresses };
        let utf16 = out(Encoding::Utf16).diagnostic(&report.findings[0]);
        assert_eq!(utf16.range, Range { start: at(0, 4), end: at(0, 6) });
        let utf8 = out(Encoding::Utf8).diagnostic(&report.findings[0]);
        assert_eq!(utf8.range, Range { start: at(0, 6), end: at(0, 8) });
        assert_eq!(utf16.code, Some(NumberOrString::String("PLM002".into())));
        assert!(utf16.code_description.unwrap().href.as_str().contains("PLM002"));
        assert_eq!(utf16.tags, Some(vec![DiagnosticTag::UNNECESSARY]));
        assert_eq!(utf16.related_information.unwrap()[0].location.uri, uri);
        let data = utf16.data.unwrap();
        assert_eq!(data["fixes"][0]["changes"][uri.as_str()][0]["range"]["end"]["character"], 6);

        let edit = out(Encoding::Utf16).workspace_edit(&report.findings[0].fixes[0], false);
        assert_eq!(edit.changes.unwrap()[&uri][0].range.start, at(0, 4));
    }
}
