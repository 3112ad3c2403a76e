//! JUnit XML, which most CI systems can show: one suite per file, one case per finding.
//!
//! Errors and warnings are failures; an info or a hint is a passed case with output. A file without
//! findings has one passed case, which shows that the file was read.

use super::columns;
use super::place::Place;
use crate::explain;
use crate::report::{Finding, Kind, Report, Severity};

/// Renders the report as JUnit XML.
pub fn junit(report: &Report) -> String {
    let mut by_file: Vec<Vec<&Finding>> = vec![Vec::new(); report.files.len()];
    for finding in &report.findings {
        by_file[finding.span.file.index()].push(finding);
    }
    let mut files: Vec<_> = report
        .files
        .iter()
        .zip(by_file)
        .filter(|(entry, own)| entry.kind != Kind::Unknown || !own.is_empty())
        .collect();
    files.sort_by(|a, b| a.0.file.path.cmp(&b.0.file.path));
    let failures = report.findings.iter().filter(|finding| fails(finding)).count();
    let mut suites = String::new();
    let mut cases = 0;
    for (entry, own) in files {
        let path = attribute(&entry.file.path);
        let failed = own.iter().filter(|finding| fails(finding)).count();
        let tests = own.len().max(1);
        cases += tests;
        suites.push_str(&format!(
            "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">\n"
        ));
        if own.is_empty() {
            suites.push_str(&format!(
                "    <testcase name=\"no findings\" classname=\"{path}\" file=\"{path}\"/>\n"
            ));
        }
        for finding in own {
            suites.push_str(&case(report, finding, &path));
        }
        suites.push_str("  </testsuite>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"plimsoll\" tests=\"{cases}\" failures=\"{failures}\" errors=\"0\">\n\
         {suites}</testsuites>\n"
    )
}

/// Whether a finding counts as a failed case.
fn fails(finding: &Finding) -> bool {
    finding.severity <= Severity::Warning
}

fn case(report: &Report, finding: &Finding, path: &str) -> String {
    let place = Place::of(report, finding.span);
    let name = format!("{} {} at {}:{}", finding.code, finding.name, place.line, place.column);
    let line = |place: Place<'_>| columns::escape_line(&place.to_string());
    let mut body = format!("{}\n{}\n", line(place), columns::escape_line(&finding.message));
    for also in &finding.related {
        let message = columns::escape_line(&also.message);
        body.push_str(&format!("{}: {message}\n", line(Place::of(report, also.span))));
    }
    for (title, text) in [("Why", explain::why(finding)), ("Help", explain::help(finding))] {
        if !text.is_empty() {
            body.push_str(&format!("\n{title}: {text}\n"));
        }
    }
    let head = format!(
        "    <testcase name=\"{}\" classname=\"{path}\" file=\"{path}\" line=\"{}\">\n",
        attribute(&name),
        place.line
    );
    let inner = if fails(finding) {
        format!(
            "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
            finding.severity.name(),
            attribute(&finding.message),
            escape(&body)
        )
    } else {
        format!("      <system-out>{}</system-out>\n", escape(&body))
    };
    format!("{head}{inner}    </testcase>\n")
}

/// Escapes text for XML 1.0, which cannot express most control characters: they are shown as on a terminal.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in columns::escape(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            other => out.push(other),
        }
    }
    out
}

/// Escapes the value of an attribute, where a parser would turn line breaks into spaces.
fn attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn what_xml_forbids_is_escaped_or_replaced() {
        let mut report = report("a&b.yaml", "x: 1\n", 3..4);
        report.findings[0].message = "<\u{1b}\"\n>".into();
        let xml = junit(&report);
        assert!(xml.contains(r#"message="&lt;\u{1b}&quot;&#10;&gt;""#), "{xml}");
        assert!(xml.contains("<testsuite name=\"a&amp;b.yaml\" tests=\"1\" failures=\"1\""));
    }

    #[test]
    fn an_info_passes_and_a_clean_file_has_a_case() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings[0].severity = Severity::Info;
        assert!(junit(&report).contains("failures=\"0\"") && junit(&report).contains("system-out"));
        report.findings.clear();
        assert!(junit(&report).contains("name=\"no findings\""));
    }
}
