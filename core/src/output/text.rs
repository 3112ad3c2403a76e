//! Findings for a person at a terminal.
//!
//! A finding is a place, a sentence, the source lines with their labels, and what to do. The "why"
//! and the "help" of a rule are printed with its first finding only.

use super::columns::{escape, escape_line, wrap};
use super::place::{Place, count, counts, files_read};
use super::snippet::snippets;
use super::statistics::grouped;
use super::style::Style;
use super::unread;
use crate::explain;
use crate::report::phrases::{PLACEHOLDER, RELEASE};
use crate::report::{Finding, Report, Safety, Severity, TargetKind};
use rustc_hash::FxHashSet;

/// What has been printed already: each "why" and each "help" with its code, since a finding may have its
/// own.
#[derive(Default)]
struct Explained<'r> {
    why: FxHashSet<(&'static str, Option<&'r str>)>,
    help: FxHashSet<(&'static str, Option<&'r str>)>,
    /// Whether a command has shown the word that stands for the name of a release.
    release: bool,
}

/// Maximum number of findings that are printed in full unless all are asked for.
const MAX_IN_FULL: usize = 200;

/// Number of places that are named for each rule where findings are grouped.
const PLACES: usize = 3;

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// A long list is grouped by rule.
    Readable,
    /// Every finding in full.
    All,
}

/// Renders the findings and, with `summary`, a last line that counts them.
pub fn text(report: &Report, style: Style, summary: bool, length: Length) -> String {
    let mut out = String::new();
    if length == Length::Readable && report.findings.len() > MAX_IN_FULL {
        out.push_str(&grouped(report, style, PLACES));
        out.push_str(
            "\nEvery finding in full: --all; a line for each: --format concise; one rule: --select CODE\n",
        );
    } else {
        let mut explained = Explained::default();
        for finding in &report.findings {
            write_finding(&mut out, report, finding, style, &mut explained);
        }
    }
    if summary {
        last_line(&mut out, report, style);
    }
    out
}

pub(super) fn last_line(out: &mut String, report: &Report, style: Style) {
    let worst = report.findings.iter().map(|finding| finding.severity).min();
    let counted = counts(report);
    let counted = match worst {
        Some(severity) => style.severity(severity, &counted),
        None => style.good(&counted),
    };
    out.push_str(&counted);
    out.push_str(&format!(" in {}", count(files_read(report), "file", "files")));
    if report.targets.len() > 1 {
        out.push_str(&format!(" and {}", count(report.targets.len(), "target", "targets")));
    }
    for part in unread::unbuilt(report) {
        out.push_str(&format!("; {part}"));
    }
    if report.suppressed > 0 {
        out.push_str(&format!("; {} suppressed", report.suppressed));
    }
    if report.baselined > 0 {
        out.push_str(&format!("; {} in the baseline", report.baselined));
    }
    if report.excluded > 0 {
        out.push_str(&format!("; {} excluded", count(report.excluded, "file", "files")));
    }
    if let Some(skipped) = unread::skipped(report) {
        out.push_str(&format!("; {skipped} (see --show-files)"));
    }
    if report.elsewhere > 0 {
        out.push_str(&format!("; {} in other files", report.elsewhere));
    }
    // Infos and hints are mended where their rules are selected.
    let fixable = |safety| {
        let has_fix = |finding: &&Finding| {
            finding.severity <= Severity::Warning
                && finding.fixes.iter().any(|fix| fix.safety == safety)
        };
        report.findings.iter().filter(has_fix).count()
    };
    let with = |command: &str| format!(" fixable with `{}`", escape_line(&report.command(command)));
    match (fixable(Safety::Safe), fixable(Safety::Unsafe)) {
        (0, 0) => {}
        (0, risky) => out.push_str(&format!("; {risky}{}", with("plimsoll fix --unsafe"))),
        (safe, _) => out.push_str(&format!("; {safe}{}", with("plimsoll fix"))),
    }
    out.push('\n');
}

/// Whether naming the target of a finding tells it from another one: several are built.
fn has_built_targets(report: &Report) -> bool {
    let is_built = |kind: TargetKind| match kind {
        TargetKind::Kustomization | TargetKind::Chart => true,
        TargetKind::Compose | TargetKind::Manifests | TargetKind::Application => false,
    };
    report.targets.iter().filter(|target| is_built(target.kind)).count() > 1
}

/// Returns the first names of a list and the number of the others.
fn first_names(names: &[String]) -> String {
    const SHOWN: usize = 3;
    match names.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

fn write_finding<'r>(
    out: &mut String,
    report: &'r Report,
    finding: &'r Finding,
    style: Style,
    explained: &mut Explained<'r>,
) {
    let place = Place::of(report, finding.span);
    out.push_str(&format!(
        "{} {} {} {}\n",
        style.bold(&escape_line(&place.to_string())),
        style.severity(finding.severity, finding.severity.name()),
        style.rule(finding.code, finding.name),
        style.dim(finding.name)
    ));
    let subject = finding.subject.replace(RELEASE, PLACEHOLDER);
    let subject = match subject.as_str() {
        subject if names_all(&finding.message, subject) => String::new(),
        subject => format!("{}: ", escape_line(subject)),
    };
    field(out, style, "", &format!("{subject}{}", escape(&finding.message)));
    if !finding.targets.is_empty() && has_built_targets(report) {
        field(out, style, "in", &escape(&first_names(&finding.targets)));
    }
    snippets(out, report, finding, style);
    if explained.why.insert((finding.code, finding.why.as_deref())) {
        field(out, style, "why", &escape(explain::why(finding)));
    }
    if explained.help.insert((finding.code, finding.help.as_deref())) {
        field(out, style, "help", &escape(explain::help(finding)));
    }
    // Commands are never wrapped, because people copy them.
    for (index, line) in finding.check.iter().flat_map(|command| command.lines()).enumerate() {
        let title = if index == 0 { "check" } else { "" };
        let pad = 7 - title.len();
        out.push_str(&format!("  {}{:pad$}{}\n", style.dim(title), "", escape_line(line)));
    }
    if finding.names_release && !explained.release {
        explained.release = true;
        let note =
            format!("`{PLACEHOLDER}` stands for the name of the release: `helm list -A` shows it.");
        field(out, style, "note", &note);
    }
    for fix in &finding.fixes {
        let how = match fix.safety {
            Safety::Safe => "",
            Safety::Unsafe => " (unsafe: review it first)",
        };
        field(out, style, "fix", &format!("{}{how}", escape(&fix.title)));
    }
    out.push('\n');
}

/// Whether a message already names everything in `Deployment shop/api, container web`.
fn names_all(message: &str, subject: &str) -> bool {
    // `Deployment shop/api` is named by `api`.
    let mut names = subject.split(", ").filter_map(|part| part.rsplit([' ', '/']).next());
    names.all(|name| name.is_empty() || message.contains(&format!("`{name}`")))
}

/// Writes a title and, beside it, text that is wrapped with a hanging indent.
fn field(out: &mut String, style: Style, title: &str, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let indent = if title.is_empty() { 2 } else { 9 };
    let mut first = true;
    for line in wrap(text, style.prose_width().saturating_sub(indent)) {
        let head = if first { title } else { "" };
        first = false;
        if line.is_empty() {
            out.push('\n');
        } else if indent == 2 {
            out.push_str(&format!("  {line}\n"));
        } else {
            // Padded by hand: colour codes must not count as columns.
            let pad = 7 - head.len();
            out.push_str(&format!("  {}{:pad$}{line}\n", style.dim(head), ""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;
    use crate::text::{FileId, Span};

    #[test]
    fn a_finding_reads_as_one_story() {
        let yaml = "services:\n  db: {}\n  app:\n    depends_on: [db]\n";
        let [db, needed] = [yaml.find("db").unwrap(), yaml.rfind("db").unwrap()];
        let mut report = report("compose.yaml", yaml, needed..needed + 2);
        report.findings[0].related[0].span = Span::new(FileId(0), db, db + 2);
        assert_eq!(
            text(&report, Style::default(), true, Length::Readable),
            "compose.yaml:4:18 warning PLM101 depends-on-started-only\n  \
             `app` may start before `db` can answer\n    \
             2 │   db: {}\n      │   -- `db` has no healthcheck\n      ·\n    \
             4 │     depends_on: [db]\n      │                  ^^\n  \
             why    Unless it says `condition: service_healthy`, `depends_on` waits until the other \
             container\n         has *started*, not until the program inside accepts connections. On a \
             slow or busy host the\n         dependent connects too early, then crash-loops or returns \
             errors until someone looks.\n  \
             help   Wait for it.\n  \
             check  docker compose logs db\n  \
             fix    Wait for `db`\n\n\
             1 warning in 1 file; 1 fixable with `plimsoll fix`\n"
        );
    }

    #[test]
    fn a_rule_is_explained_with_its_first_finding_only() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings.push(report.findings[0].clone());
        let text = text(&report, Style::default(), false, Length::Readable);
        assert_eq!(text.matches("a.yaml:1:4").count(), 2);
        assert_eq!(text.matches("  why ").count(), 1);
        assert_eq!(text.matches("  help ").count(), 1);
    }

    #[test]
    fn a_long_list_is_grouped_and_says_how_to_see_all() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings = vec![report.findings[0].clone(); 201];
        let short = text(&report, Style::default(), true, Length::Readable);
        assert!(
            short.starts_with("201 warning PLM101 depends-on-started-only in 1 file"),
            "{short}"
        );
        assert!(short.contains("and 198 more") && short.contains("--all"), "{short}");
        assert_eq!(short.matches("a.yaml:1:4").count(), 3);
        let long = text(&report, Style::default(), true, Length::All);
        assert_eq!(long.matches("a.yaml:1:4").count(), 201);
    }

    #[test]
    fn codes_lead_to_the_pages_of_rules() {
        let report = report("a.yaml", "x: 1\n", 3..4);
        let style = Style { links: true, ..Style::default() };
        let link = "\x1b]8;;https://plimsoll.dev/rules/PLM101-depends-on-started-only\x1b\\PLM101\x1b]8;;\x1b\\";
        let head = format!("a.yaml:1:4 warning {link} depends-on-started-only\n");
        assert!(text(&report, style, false, Length::Readable).starts_with(&head));
    }

    #[test]
    fn the_subject_is_named_where_the_message_does_not_name_it() {
        assert!(names_all("`web` of `api` waits", "Deployment shop/api, container web"));
        assert!(!names_all("`web` waits", "Deployment shop/api, container web"));
        assert!(names_all("anything", ""));
    }

    #[test]
    fn the_subject_in_a_chart_is_named_by_the_placeholder_of_its_release() {
        let mut report = report("a.yaml", "replicas: 2\n", 0..8);
        report.findings[0].subject = "Deployment release-name-web".into();
        report.findings[0].message = "Deployment `RELEASE-web` has 2 replicas".into();
        let shown = text(&report, Style::default(), true, Length::Readable);
        assert!(shown.contains("\n  Deployment `RELEASE-web` has 2 replicas\n"), "{shown}");
        report.findings[0].message = "2 replicas".into();
        let shown = text(&report, Style::default(), true, Length::Readable);
        assert!(shown.contains("\n  Deployment RELEASE-web: 2 replicas\n"), "{shown}");
        let note = "note   `RELEASE` stands for the name of the release";
        assert!(!shown.contains(note), "no command names it");
        report.findings[0].check = vec!["docker pull minio/minio:RELEASE.2024-01-01".into()];
        let shown = text(&report, Style::default(), true, Length::Readable);
        assert!(!shown.contains(note), "the tag is the image's own");
        report.findings[0].check = vec!["kubectl get deploy RELEASE-web".into()];
        report.findings[0].names_release = true;
        let second = report.findings[0].clone();
        report.findings.push(second);
        let shown = text(&report, Style::default(), true, Length::Readable);
        assert_eq!(shown.matches(note).count(), 1, "{shown}");
    }

    #[test]
    fn control_characters_are_shown_and_do_not_steer_the_terminal() {
        let mut report = report("a.yaml", "x: \x1b[31m\n", 3..4);
        report.findings[0].message = "\x1b]0;title\x07 \u{202E}x".into();
        std::sync::Arc::make_mut(&mut report.files)[0].file.path = "a\n\x1b.yaml".into();
        let text = text(&report, Style::default(), true, Length::Readable);
        assert!(!text.contains(['\x1b', '\x07', '\u{202E}']), "{text:?}");
        assert!(text.starts_with(r"a\n\u{1b}.yaml:1:4 "), "{text}");
        assert!(text.contains(r"\u{1b}]0;title\u{7} \u{202e}x"), "{text}");
        assert!(text.contains(r"1 │ x: \u{1b}[31m"), "{text}");
    }
}
