//! What every report must be, whatever it is about.

use plimsoll_core::output::{self, Include, Length, Style, wire};
use plimsoll_core::report::Severity;
use plimsoll_core::text::Span;
use plimsoll_core::{Analysis, Report};
use std::collections::BTreeMap;

/// Panics where a place of a report is not a part of its file's text, or a format is not what it must be.
pub fn assert_sound(report: &Report) {
    for span in spans(report) {
        let entry = report.files.get(span.file.index());
        let text = entry.map(|it| &*it.file.text);
        let is_part = text.is_some_and(|text| text.get(span.range()).is_some());
        assert!(is_part, "{span:?} is no part of {:?}", entry.map(|it| &it.file.path));
    }
    for finding in &report.findings {
        assert!(!finding.message.is_empty(), "{}", finding.code);
        for fix in &finding.fixes {
            let ordered = fix
                .edits
                .windows(2)
                .all(|it| it[0].span.end <= it[1].span.start || it[0].span.file != it[1].span.file);
            assert!(ordered, "edits overlap: {fix:?}");
        }
    }
    let paths =
        report.findings.iter().map(|it| (&report.entry(it.span.file).file.path, it.span.start));
    assert!(paths.is_sorted(), "findings are not sorted");
}

/// Returns every place that a report names.
fn spans(report: &Report) -> Vec<Span> {
    let mut spans = Vec::new();
    for finding in &report.findings {
        spans.push(finding.span);
        spans.extend(finding.related.iter().map(|it| it.span));
        spans.extend(finding.others.iter().map(|it| it.span));
        let fixes = finding.fixes.iter().chain(&finding.untried);
        spans.extend(fixes.flat_map(|fix| &fix.edits).map(|edit| edit.span));
    }
    for system in &report.systems {
        let evidence = system.decision.questions.iter().flat_map(|it| &it.evidence);
        spans.extend(evidence.filter_map(|it| it.span));
        spans.extend(system.decision.steps.iter().filter_map(|it| it.span));
    }
    spans.extend(report.map.nodes.iter().filter_map(|it| it.span));
    spans.extend(report.map.edges.iter().filter_map(|it| it.span));
    spans
}

/// Writes a report in every format, and reads those that are JSON.
pub fn assert_every_format(report: &Report, analysis: Option<&Analysis>) {
    let all = Include { decision: true, map: true };
    let plain = Style::default();
    for text in [
        output::text(report, plain, true, Length::Readable),
        output::text(report, plain, false, Length::All),
        output::concise(report, plain, true),
        output::statistics(report, plain, true),
        output::github(report),
        output::agent(report),
        output::markdown(report),
        output::decision(report, plain, true),
        output::decision_markdown(report),
    ] {
        let is_control = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
        assert!(!text.contains(is_control), "a control character in {text:?}");
    }
    let mut documents = vec![
        wire::checked_json(report, all),
        wire::decision_json(report),
        output::sarif(report),
        output::gitlab(report),
        output::rdjson(report),
        output::statistics_json(report),
    ];
    documents.extend(output::json_lines(report).lines().map(str::to_owned));
    if let Some(analysis) = analysis {
        let comparison = analysis.comparison();
        output::comparison(report, &comparison, plain);
        output::comparison_markdown(report, &comparison);
        documents.push(output::comparison_json(report, &comparison));
    }
    for document in documents {
        let read = serde_json::from_str::<serde_json::Value>(&document);
        assert!(read.is_ok(), "{read:?} in {document}");
    }
    output::text(report, Style { color: true, ..plain }, true, Length::Readable);
    output::junit(report);
}

/// Returns how often each error is found: code, path and subject.
pub fn errors(report: &Report) -> BTreeMap<(&'static str, String, String), usize> {
    let mut errors = BTreeMap::new();
    for finding in report.findings.iter().filter(|it| it.severity == Severity::Error) {
        let path = report.entry(finding.span.file).file.path.to_string();
        *errors.entry((finding.code, path, finding.subject.clone())).or_default() += 1;
    }
    errors
}
