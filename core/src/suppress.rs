//! Suppressions: removes the findings that somebody has accepted, and reports suppressions that no
//! longer have any effect.

use crate::model::Suppression;
use crate::report::{Finding, Findings};
use crate::rules::{self, Rule};
use crate::text::{FileId, Span};
use rustc_hash::FxHashSet;

/// The words of annotations that have silenced findings on built objects already, each with its place.
pub type Used = FxHashSet<(Span, String)>;

/// Removes the silenced findings and returns their number. Suppressions without effect are added to
/// `out`, unless a rule that they name did not take part in this run in their file, which `ran` says.
pub fn apply(
    findings: &mut Vec<Finding>,
    suppressions: &[Suppression],
    used_before: &Used,
    ran: &dyn Fn(&Rule, FileId) -> bool,
    out: &mut Findings,
) -> usize {
    let mut places: Vec<Place> = findings.iter().enumerate().map(Place::of).collect();
    places.sort_by_key(|place| place.span);
    for suppression in suppressions {
        let covered = covered(&mut places, suppression.covers);
        let file = suppression.span.file;
        let was_used = |selector: &str| {
            // Most runs have no annotations.
            !used_before.is_empty()
                && used_before.contains(&(suppression.span, selector.to_owned()))
        };
        if suppression.selectors.is_empty() {
            let used = silence(covered, |_| true) || was_used("");
            if !used && rules::all().all(|rule| ran(rule, file)) {
                out.at(&suppression.span, "this suppression silences nothing").unnecessary = true;
            }
        }
        for (selector, span) in &suppression.selectors {
            let used = silence(covered, |rule| rule.is(selector)) || was_used(selector);
            if let Some(mistake) = rules::unknown(selector) {
                out.at(span, with_reason(mistake, selector, suppression));
            } else if !used && rules::all().filter(|it| it.is(selector)).all(|it| ran(it, file)) {
                let message = format!("`{selector}` no longer finds anything here");
                out.at(span, message).unnecessary = true;
            }
        }
    }
    let before = findings.len();
    places.sort_by_key(|place| place.index);
    let mut places = places.into_iter();
    findings.retain(|_| places.next().is_some_and(|place| !place.silenced));
    before - findings.len()
}

/// Adds where a reason belongs to what is wrong with a selector, if the selector looks like one of its words.
fn with_reason(mistake: String, selector: &str, suppression: &Suppression) -> String {
    let is_first = suppression.selectors.first().is_some_and(|it| it.0 == selector);
    match !is_first && !mistake.contains("did you mean") {
        true => format!("{mistake}; a reason stands behind ` -- `"),
        false => mistake,
    }
}

/// Where a finding stands, and whether a suppression silences it.
struct Place {
    /// The index of the finding.
    index: usize,
    span: Span,
    rule: Option<&'static Rule>,
    silenced: bool,
}

impl Place {
    fn of((index, finding): (usize, &Finding)) -> Place {
        Place { index, span: finding.span, rule: rules::find(finding.code), silenced: false }
    }
}

/// Returns the findings that start inside a span, out of all sorted by their spans.
fn covered(places: &mut [Place], covers: Span) -> &mut [Place] {
    let from =
        places.partition_point(|it| (it.span.file, it.span.start) < (covers.file, covers.start));
    let to =
        places.partition_point(|it| (it.span.file, it.span.start) <= (covers.file, covers.end));
    &mut places[from..to]
}

/// Silences the findings of the rules that `means` accepts, and returns whether there were any.
fn silence(covered: &mut [Place], means: impl Fn(&Rule) -> bool) -> bool {
    let mut any = false;
    for place in covered {
        if place.rule.is_some_and(&means) {
            place.silenced = true;
            any = true;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::files;
    use crate::{Options, analyze};

    /// Returns the codes of the findings that remain, and how many were silenced.
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
    fn stale_and_unknown_selectors_are_reported() {
        let text = "services:\n  web: # plimsoll: ignore PLM309\n    image: x:1 # plimsoll: ignore PLM999\n";
        assert_eq!(left(text), (vec!["PLM006", "PLM006"], 0));
        // A rule that did not run cannot make its suppression stale.
        assert_eq!(
            left("services:\n  web: # plimsoll: ignore PLM101\n    image: x:1\n"),
            (vec![], 0)
        );
    }

    #[test]
    fn accepting_one_place_keeps_the_findings_of_the_others() {
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
    fn unknown_directives_are_reported() {
        let text =
            |comment: &str| format!("services:\n  web: # plimsoll: {comment}\n    image: x:1\n");
        for comment in ["igonre PLM309", "role=prod"] {
            assert_eq!(left(&text(comment)), (vec!["PLM006"], 0), "{comment}");
        }
        assert_eq!(left(&text("role=production")), (vec![], 0));
    }

    #[test]
    fn an_annotation_inside_a_list_covers_its_item_alone() {
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
    fn configuration_changes_severities_and_switches_rules_off() {
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

    fn messages(text: &str, select: &[&str]) -> Vec<(String, String)> {
        let select = select.iter().map(|it| (*it).to_owned()).collect();
        let report = analyze(&files(text), &Options { select, ..Options::default() });
        let said = report
            .findings
            .iter()
            .map(|it| (report.snippet(it.span).to_owned(), format!("{} {}", it.code, it.message)));
        said.collect()
    }

    #[test]
    fn what_is_misspelt_is_answered_with_the_nearest() {
        let text =
            |comment: &str| format!("services:\n  web: # plimsoll: {comment}\n    image: x:1\n");
        for (comment, place, expected) in [
            ("ignore PML309", "PML309", "did you mean `PLM309`?"),
            (
                "ignore machine-specific-pth",
                "machine-specific-pth",
                "did you mean `machine-specific-path`?",
            ),
            ("ignore PLM309 because it is fine", "because", "a reason stands behind ` -- `"),
            ("ingore PLM309", "ingore", "did you mean `ignore`?"),
        ] {
            let said = messages(&text(comment), &["PLM006"]);
            let is_it = |it: &&(String, String)| it.0 == place && it.1.contains(expected);
            assert!(said.iter().any(|it| is_it(&it)), "{comment}: {said:?}");
        }
    }

    fn deployment(own: &str, of_pod: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations: {{{own}}}\nspec:\n  template:\n    metadata:\n      annotations: {{{of_pod}}}\n    spec: {{containers: [{{name: a, image: a}}]}}\n"
        )
    }

    const IGNORE: &str = "plimsoll.dev/ignore: PLM607 -- the nodes are ours";
    const SELECT: [&str; 2] = ["PLM607", "PLM006"];

    #[test]
    fn the_annotation_of_a_pod_template_covers_its_workload() {
        assert_eq!(messages(&deployment("", ""), &SELECT).len(), 1);
        assert_eq!(messages(&deployment("", IGNORE), &SELECT), []);
        let twice =
            messages(&deployment("plimsoll.dev/ignore: 'PLM607,PLM101,PML101'", ""), &["PLM"]);
        let about: Vec<_> = twice.iter().filter(|it| it.1.starts_with("PLM006")).collect();
        assert_eq!(about.len(), 2, "{about:?}");
        assert!(about[0].0 == "PLM101" && about[1].1.contains("did you mean `PLM101`?"));
    }

    #[cfg(feature = "targets")]
    #[test]
    fn an_annotation_covers_its_object_in_rendered_charts() {
        let chart = |own: &str| {
            format!(
                "# file: shop/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n# file: shop/values.yaml\nname: web\n# file: shop/templates/web.yaml\n{}",
                deployment(own, "").replace("name: web", "name: {{ .Values.name }}")
            )
        };
        assert_eq!(messages(&chart(""), &SELECT).len(), 1);
        assert_eq!(messages(&chart(IGNORE), &SELECT), []);
        let stale =
            messages(&chart("plimsoll.dev/ignore: PLM607 PLM605"), &["PLM605", "PLM607", "PLM006"]);
        assert_eq!(stale.len(), 1, "{stale:?}");
        assert_eq!(
            stale[0],
            ("PLM605".to_owned(), "PLM006 `PLM605` no longer finds anything here".to_owned())
        );
    }

    #[cfg(feature = "targets")]
    #[test]
    fn an_annotation_covers_its_object_in_built_overlays() {
        let overlay = |own: &str, common: &str| {
            format!(
                "# file: base/kustomization.yaml\nresources: [web.yaml]\n# file: base/web.yaml\n{}# file: prod/kustomization.yaml\nresources: [../base]\ncommonAnnotations: {{{common}}}\n",
                deployment(own, "")
            )
        };
        assert_eq!(messages(&overlay("", ""), &SELECT).len(), 1);
        assert_eq!(messages(&overlay(IGNORE, ""), &SELECT), []);
        assert_eq!(messages(&overlay("", IGNORE), &SELECT), [], "the overlay accepts it");
        let stale = messages(&overlay("", "plimsoll.dev/ignore: PLM605"), &["PLM605", "PLM006"]);
        assert_eq!(stale.len(), 1, "{stale:?}");
    }

    #[test]
    fn an_accepted_object_is_not_accepted_for_others() {
        let text = format!(
            "{}---\n{}",
            deployment("plimsoll.dev/ignore: PLM606", ""),
            deployment("", "").replace("name: web", "name: api")
        );
        let said = messages(&text, &["PLM606", "PLM006"]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].1.contains("`api`") && !said[0].1.contains("more like it"), "{said:?}");
    }

    #[test]
    fn a_rule_that_an_override_switches_off_makes_no_suppression_stale() {
        let text = |config: &str| {
            format!(
                "# file: compose.yaml\nservices:\n  web: # plimsoll: ignore PLM309\n    image: x:1\n    volumes:\n{MOUNT}\n# file: plimsoll.yaml\n{config}\n"
            )
        };
        let off = "overrides: [{files: '*.yaml', rules: {PLM309: off}}]";
        assert_eq!(messages(&text(off), &["PLM309", "PLM006"]), []);
    }
}
