//! What a report says nothing about: targets that were not built in full, and files that were not read.

use super::columns::escape_line;
use super::place::count;
use crate::report::{Report, SkipReason, TargetKind};

/// Returns which targets were not built in full, and why, a part of a sentence for each kind: "1 chart not rendered
/// in full: edge, a value is wanted".
pub(super) fn unbuilt(report: &Report) -> Vec<String> {
    TargetKind::ALL.into_iter().filter_map(|kind| unbuilt_of_kind(report, kind)).collect()
}

fn unbuilt_of_kind(report: &Report, kind: TargetKind) -> Option<String> {
    let of_kind = report.targets.iter().filter(|target| target.kind == kind && !target.built);
    let reasons: Vec<String> = of_kind
        .map(|target| {
            let reason = target.reason.as_deref().unwrap_or("nothing in it was built");
            format!("{}, {}", escape_line(&target.name), escape_line(reason))
        })
        .collect();
    if reasons.is_empty() {
        return None;
    }
    let [one, many, what] = match kind {
        TargetKind::Application => {
            let applications = count(reasons.len(), "application", "applications");
            return Some(format!("the sources of {applications} are not in the project"));
        }
        TargetKind::Kustomization => ["kustomization", "kustomizations", "not built in full"],
        TargetKind::Chart => ["chart", "charts", "not rendered in full"],
        TargetKind::Compose => ["Compose project", "Compose projects", "refused"],
        TargetKind::Manifests => {
            ["folder of manifests", "folders of manifests", "not read in full"]
        }
    };
    let counted = count(reasons.len(), one, many);
    Some(format!("{counted} {what}: {}", reasons.join("; ")))
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
    use super::super::{agent, github, markdown};
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
        let not_read = format!("not read: 1 {}", SkipReason::TooLarge.words());
        assert_eq!(github(&report), format!("not checked: {chart}; {not_read}\n"));
        let page = markdown(&report);
        assert!(page.ends_with(&format!("\nNot checked: {chart}; {not_read}.\n")), "{page}");
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
