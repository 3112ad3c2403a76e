//! Takes out findings that somebody has read and accepted, and says which acceptances are stale.

use crate::model::Suppression;
use crate::report::{Finding, Findings};
use crate::rules;

/// Takes out what is silenced, and reports suppressions that silence nothing. `ran` tells whether a
/// rule took part in this run: a suppression of one that did not is not stale.
pub fn apply(
    findings: &mut Vec<Finding>,
    suppressions: &[&Suppression],
    ran: &dyn Fn(&rules::Rule) -> bool,
    out: &mut Findings,
) -> usize {
    let mut used: Vec<Vec<bool>> = Vec::new();
    for it in suppressions {
        used.push(vec![false; it.selectors.len().max(1)]);
    }
    let before = findings.len();
    findings.retain(|finding| {
        let mut silenced = false;
        for (suppression, used) in suppressions.iter().zip(&mut used) {
            let covers = suppression.covers;
            if covers.file != finding.span.file
                || finding.span.start < covers.start
                || finding.span.start > covers.end
            {
                continue;
            }
            if suppression.selectors.is_empty() {
                used[0] = true;
                silenced = true;
            }
            let rule = rules::find(finding.code);
            for (selector, used) in suppression.selectors.iter().zip(used) {
                if rule.is_some_and(|it| it.is(&selector.0)) {
                    *used = true;
                    silenced = true;
                }
            }
        }
        !silenced
    });
    for (suppression, used) in suppressions.iter().zip(&used) {
        if suppression.selectors.is_empty() && !used[0] && rules::all().all(ran) {
            out.at(&suppression.span, "this suppression silences nothing").unnecessary = true;
        }
        for ((selector, span), used) in suppression.selectors.iter().zip(used) {
            let known = rules::all().any(|it| it.is(selector));
            if !known {
                out.at(span, format!("`{selector}` is no rule"));
            } else if !used && rules::all().filter(|it| it.is(selector)).all(ran) {
                out.at(span, format!("`{selector}` finds nothing here any more")).unnecessary =
                    true;
            }
        }
    }
    before - findings.len()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::files;
    use crate::{Options, analyze};

    /// The codes that are left, and how many findings were silenced.
    fn left(text: &str) -> (Vec<&'static str>, usize) {
        let report = analyze(
            &files(text),
            &Options { select: vec!["PLM309".into(), "PLM006".into()], ..Options::default() },
        );
        (report.findings.iter().map(|it| it.code).collect(), report.suppressed)
    }

    const MOUNT: &str = "      - /home/ann/data:/data";

    #[test]
    fn a_comment_covers_its_line_the_next_one_or_a_node() {
        let service = |before: &str, on_name: &str, behind: &str| {
            format!(
                "services:\n{before}  web:{on_name}\n    image: x:1\n    volumes:\n{MOUNT}{behind}\n"
            )
        };
        assert_eq!(left(&service("", "", "")), (vec!["PLM309"], 0));
        assert_eq!(left(&service("", "", " # plimsoll: ignore PLM309 -- only here")), (vec![], 1));
        assert_eq!(
            left(&service("  # plimsoll: ignore machine-specific-path\n", "", "")),
            (vec![], 1)
        );
        assert_eq!(left(&service("", " # plimsoll: ignore PLM3", "")), (vec![], 1));
        assert_eq!(left(&service("# plimsoll: ignore-file PLM309\n", "", "")), (vec![], 1));
    }

    #[test]
    fn stale_and_unknown_ones_are_told() {
        let text =
            "services:\n  web: # plimsoll: ignore PLM309\n    image: x:1 # plimsoll: ignore PLM9\n";
        assert_eq!(left(text), (vec!["PLM006", "PLM006"], 0));
        // A rule that did not run cannot make its suppression stale.
        assert_eq!(
            left("services:\n  web: # plimsoll: ignore PLM101\n    image: x:1\n"),
            (vec![], 0)
        );
    }

    #[test]
    fn accepting_one_place_says_nothing_about_the_others() {
        let web = |name: &str, said: &str| {
            format!("  {name}: # {said}\n    image: nginx\n    ports: [80]\n")
        };
        let said = "plimsoll: ignore PLM801 PLM802 -- only this one";
        let text = format!("services:\n{}{}{}", web("a", said), web("b", "-"), web("c", "-"));
        let options = Options {
            select: vec!["PLM801".into(), "PLM802".into(), "PLM006".into()],
            ..Options::default()
        };
        let report = analyze(&files(&text), &options);
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|it| (it.code, it.subject.as_str(), it.related.len()))
            .collect();
        assert_eq!(found, [("PLM802", "service b", 1), ("PLM801", "service b", 1)]);
        assert_eq!(report.suppressed, 2);
    }

    #[test]
    fn words_that_mean_nothing_are_told() {
        let text =
            |comment: &str| format!("services:\n  web: # plimsoll: {comment}\n    image: x:1\n");
        for comment in ["igonre PLM309", "role=prod"] {
            assert_eq!(left(&text(comment)), (vec!["PLM006"], 0), "{comment}");
        }
        assert_eq!(left(&text("role=production")), (vec![], 0));
    }

    #[test]
    fn an_annotation_of_a_list_covers_its_item_alone() {
        let pod = |annotations: &str| {
            format!(
                "  - apiVersion: v1\n    kind: Pod\n    metadata: {{name: a, annotations: {{{annotations}}}}}\n    spec: {{containers: [{{name: a, image: a}}]}}\n"
            )
        };
        let text = format!(
            "apiVersion: v1\nkind: List\nitems:\n{}{}",
            pod(""),
            pod("plimsoll.dev/ignore: PLM607 PLM101")
        );
        let options = Options {
            select: vec!["PLM607".into(), "PLM006".into(), "PLM101".into()],
            ..Options::default()
        };
        let report = analyze(&files(&text), &options);
        let found: Vec<_> =
            report.findings.iter().map(|it| (it.code, &text[it.span.range()])).collect();
        assert_eq!(found, [("PLM607", "a"), ("PLM006", "PLM101")]);
        assert_eq!(report.suppressed, 1);
    }

    #[test]
    fn an_annotation_covers_its_object() {
        let pod = |annotation: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations: {{{annotation}}}\nspec: {{containers: [{{name: a, image: a}}]}}\n"
            )
        };
        let count = |text: &str| {
            let report = analyze(
                &files(text),
                &Options { select: vec!["PLM607".into()], ..Options::default() },
            );
            (report.findings.len(), report.suppressed)
        };
        assert_eq!(count(&pod("")), (1, 0));
        assert_eq!(count(&pod("plimsoll.dev/ignore: 'PLM606, PLM607'")), (0, 1));
    }

    #[test]
    fn configuration_changes_severities_and_switches_off() {
        let text = format!(
            "# file: compose.yaml\nservices:\n  web:\n    image: x:1\n    volumes:\n{MOUNT}\n# file: plimsoll.yaml\n"
        );
        let run = |config: &str| {
            let report = analyze(
                &files(&format!("{text}{config}")),
                &Options { select: vec!["PLM309".into()], ..Options::default() },
            );
            report.findings.iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(run("role: unknown\n"), ["warning"]);
        assert_eq!(run("rules: {machine-specific-path: error}\n"), ["error"]);
        assert_eq!(run("ignore: [PLM3]\n"), [""; 0]);
        assert_eq!(run("role: development\n"), ["info"]);
    }
}
