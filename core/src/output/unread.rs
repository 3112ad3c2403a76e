//! What a report says nothing about: targets that were not built in full, and files that were not read.

use super::columns::escape_line;
use super::place::count;
use crate::report::{Report, SkipReason, TargetEntry, TargetKind};

/// Maximum number of targets of one kind that are named with their reasons.
const MAX_NAMED: usize = 3;

/// Maximum number of bytes of the name of a target and of its reason.
const MAX_REASON: usize = 300;

/// Returns which targets were not built in full, and why, a part of a sentence for each kind: "1 chart not rendered
/// in full: edge, a value is wanted". The first of each kind are named.
pub(super) fn unbuilt(report: &Report) -> Vec<String> {
    TargetKind::ALL.into_iter().filter_map(|kind| unbuilt_of_kind(report, kind)).collect()
}

fn unbuilt_of_kind(report: &Report, kind: TargetKind) -> Option<String> {
    let of_kind = report.targets.iter().filter(|target| target.kind == kind && !target.built);
    let unbuilt: Vec<&TargetEntry> = of_kind.collect();
    if unbuilt.is_empty() {
        return None;
    }
    let [one, many, what] = match kind {
        TargetKind::Application => {
            let applications = count(unbuilt.len(), "application", "applications");
            return Some(format!("the sources of {applications} are not in the project"));
        }
        TargetKind::Kustomization => ["kustomization", "kustomizations", "not built in full"],
        TargetKind::Chart => ["chart", "charts", "not rendered in full"],
        TargetKind::Compose => ["Compose project", "Compose projects", "refused"],
        TargetKind::Manifests => {
            ["folder of manifests", "folders of manifests", "not read in full"]
        }
    };
    let counted = count(unbuilt.len(), one, many);
    let mut reasons: Vec<String> = unbuilt.iter().take(MAX_NAMED).map(|it| reason(it)).collect();
    if unbuilt.len() > MAX_NAMED {
        reasons.push(format!("and {} more", unbuilt.len() - MAX_NAMED));
    }
    Some(format!("{counted} {what}: {}", reasons.join("; ")))
}

/// Returns the name of a target and why it was not built in full.
fn reason(target: &TargetEntry) -> String {
    let reason = target.reason.as_deref().unwrap_or("nothing in it was built");
    let mut said = format!("{}, {}", escape_line(&target.name), escape_line(reason));
    if said.len() > MAX_REASON {
        said.truncate(said.floor_char_boundary(MAX_REASON));
        said.push('…');
    }
    said
}

/// Returns everything that a check says nothing about, a part of a sentence each, for those who read no list of files.
/// What is hidden, vendored, ignored or linked was left out on purpose.
pub(super) fn unchecked(report: &Report) -> Vec<String> {
    let lost = SkipReason::ALL.into_iter().filter_map(|reason| {
        let [one, many] = match reason {
            SkipReason::Hidden | SkipReason::Vendored | SkipReason::Ignored | SkipReason::Link => {
                return None;
            }
            SkipReason::Unreadable => ["unreadable file", "unreadable files"],
            SkipReason::TooLarge => ["file too large", "files too large"],
            SkipReason::Outside => ["link out of the project", "links out of the project"],
            SkipReason::Special => ["pipe or device", "pipes or devices"],
        };
        let number = report.skipped.iter().filter(|it| it.reason == reason).count();
        (number > 0).then(|| count(number, one, many))
    });
    unbuilt(report).into_iter().chain(lost).collect()
}

/// Returns how many files were not read for each reason: "not read: 2 hidden, 1 too large".
pub(super) fn skipped(report: &Report) -> Option<String> {
    let reasons = SkipReason::ALL.into_iter().filter_map(|reason| {
        let number = report.skipped.iter().filter(|it| it.reason == reason).count();
        (number > 0).then(|| format!("{number} {}", reason.words()))
    });
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| format!("not read: {}", reasons.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::super::{Length, Style, agent, github, markdown, text};
    use crate::report::{Report, SkipReason, Skipped, TargetEntry, TargetKind};

    /// A report without findings on a chart of a name that was not rendered, beside a file that was not read.
    fn without_findings(name: &str) -> Report {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings.clear();
        report.targets = vec![TargetEntry {
            name: name.to_owned(),
            kind: TargetKind::Chart,
            environment: None,
            files: Vec::new(),
            built: false,
            reason: Some("a value is wanted".to_owned()),
        }];
        report.skipped = vec![Skipped { path: "b.yaml".to_owned(), reason: SkipReason::TooLarge }];
        report
    }

    #[test]
    fn formats_for_pipelines_say_what_was_not_checked() {
        let report = without_findings("edge");
        let chart = "1 chart not rendered in full: edge, a value is wanted";
        assert_eq!(
            agent(&report),
            format!(
                "summary: no findings; {chart}; 1 not read, see: plimsoll check --show-files\n"
            )
        );
        assert_eq!(github(&report), format!("not checked: {chart}; 1 file too large\n"));
        let page = markdown(&report);
        let end = format!("\nNot checked: {chart}; 1 file too large.\n");
        assert!(page.ends_with(&end), "{page}");
    }

    #[test]
    fn what_was_left_out_on_purpose_is_no_gap_in_a_check() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings.clear();
        let left_out =
            [SkipReason::Hidden, SkipReason::Vendored, SkipReason::Ignored, SkipReason::Link];
        report.skipped =
            left_out.map(|reason| Skipped { path: ".github".to_owned(), reason }).to_vec();
        assert_eq!(github(&report), "");
        assert!(!markdown(&report).contains("Not checked"));
        let all = text(&report, Style::default(), true, Length::Readable);
        assert!(all.contains("not read: 1 hidden, 1 vendored, 1 ignored, 1 link"), "{all}");
    }

    #[test]
    fn many_targets_are_counted_and_the_first_of_them_named() {
        let mut report = without_findings("edge");
        report.skipped.clear();
        let mut target = report.targets[0].clone();
        target.reason = Some("a value is wanted: ".to_owned() + &"ü".repeat(5_000));
        report.targets = (0..900)
            .map(|at| TargetEntry { name: format!("chart {at}"), ..target.clone() })
            .collect();
        let formats =
            [agent(&report), github(&report), text(&report, Style::default(), true, Length::All)];
        for said in formats.into_iter().chain([markdown(&report)]) {
            assert!(said.contains("900 charts not rendered in full: chart 0, a value"), "{said}");
            assert!(said.contains("; and 897 more") && !said.contains("chart 3,"), "{said}");
            assert!(said.len() < 1_500, "{}", said.len());
        }
    }

    #[test]
    fn names_steer_nothing() {
        let report = without_findings("x\n::error::`<b>");
        assert_eq!(github(&report).lines().count(), 1);
        let page = markdown(&report);
        assert!(!page.contains("<b>") && !page.contains("\n::"), "{page}");
    }

    #[test]
    fn what_was_checked_in_full_is_not_mentioned() {
        let report = report("a.yaml", "x: 1\n", 3..4);
        for text in [agent(&report), github(&report), markdown(&report)] {
            assert!(!text.contains("not checked") && !text.contains("Not checked"), "{text}");
            assert!(!text.contains("not read"), "{text}");
        }
    }
}
