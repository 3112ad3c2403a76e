use crate::facts::{Facts, Unit, braces, in_shell};
use crate::knowledge::image::{self, Flaw};
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// An image reference has a form that no registry accepts.
    ///
    /// ## Why it hurts
    /// The container never starts: Docker reports "invalid reference format", and a Pod stays in
    /// `InvalidImageName`. Nothing is pulled, so no registry's log shows the problem.
    ///
    /// ## What helps
    /// Write `[registry/]repository[:tag][@digest]`: the repository in lower case, at most one tag,
    /// and only a digest after `@`.
    ///
    /// ## How to troubleshoot
    /// `docker pull IMAGE` rejects the reference immediately, without using the network.
    ///
    /// ## When to ignore
    /// Where another tool fills in the reference before anything reads it.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   kafka:
    ///     image: apache/kafka@3.7.0 # <- `apache/kafka@3.7.0` has a tag after `@`, where only a digest may stand
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   kafka:
    ///     image: apache/kafka:3.7.0
    /// ```
    PLM811 "invalid-image-reference" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        let Some(image) = &unit.image else { continue };
        let Some(problem) = image::validate(image.text) else { continue };
        if is_filled_in_later(facts, unit) {
            continue;
        }
        if let (Some(service), Some(at)) = (facts.service_of(unit), lost_dollar(image.text)) {
            let (before, braces) = image.text.split_at(at);
            let better = format!("{before}${braces}");
            let end = braces.find('}').map_or(image.text.len(), |it| at + it + 1);
            let edit = facts.replace_scalar(&image.span, &better);
            out.at(
                &facts.inside(image.span, image.text, (at, end)),
                format!(
                    "`{}` in the image of {} lacks the `$` before it, so Compose does not replace it",
                    &image.text[at..end],
                    unit.label
                ),
            )
            // Whoever forgets it once forgets it in every image of the file.
            .cause("no dollar sign")
            .check(facts.compose(service, "config --images"))
            .fix(Fix::safe("Write the `$`", [edit]));
            continue;
        }
        let message = match problem.flaw {
            Flaw::Empty => format!("the image of {} is empty", unit.label),
            flaw => format!("`{}` {}", image.text, flaw.says()),
        };
        let span = facts.inside(image.span, image.text, (problem.start, problem.end));
        let finding =
            out.at(if problem.flaw == Flaw::Empty { &image.span } else { &span }, message);
        if let Some(better) = problem.suggestion {
            let edit = facts.replace_scalar(&image.span, &better);
            finding.fix(Fix::r#unsafe(format!("Write `{better}`"), [edit]));
        }
        finding.check(format!("docker pull {}", in_shell(image.text)));
    }
}

/// Returns the place of a variable in braces without the dollar sign that makes it one: `web:{TAG:-1.0}`.
fn lost_dollar(text: &str) -> Option<usize> {
    let mut opened =
        text.match_indices('{').map(|it| it.0).filter(|at| !text[..*at].ends_with(['$', '{']));
    opened.find(|at| {
        let rest = &text[at + 1..];
        let name = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        name.is_some_and(|end| end > 0 && rest[end..].starts_with(['}', ':', '-', '?']))
            && rest.contains('}')
    })
}

/// Whether the reference has variables, or placeholders that a script replaces.
fn is_filled_in_later(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    let Some(image) = &unit.image else { return true };
    let capitals = image.text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b == b'-');
    let is_wanted = image
        .text
        .split(['/', ':'])
        .any(|it| it.starts_with("YOUR") && it.bytes().all(|b| !b.is_ascii_lowercase()));
    let marks = ["<", ">", "%", "{{", "}}", "((", "@@", "__", "$("];
    let interpolated =
        facts.service_of(unit).is_some_and(|it| it.project.is_interpolated(image.span));
    let is_placeholder = !unit.is_compose() && braces(image.text).is_some();
    interpolated
        || is_wanted
        || is_placeholder
        || (capitals && !image.text.is_empty())
        || marks.iter().any(|mark| image.text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::edit::apply::apply;
    use crate::rules::testing::{files, messages, run};

    #[test]
    fn a_name_that_the_reader_fills_in_is_left() {
        assert_eq!(pod("ghcr.io/YOUR_USER/api:1"), 0);
        assert_eq!(pod("ghcr.io/YourTeam/api:1"), 1);
    }

    fn pod(image: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec: {{ containers: [{{ name: a, image: \"{image}\" }}] }}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn references_that_no_registry_accepts() {
        for image in [
            "kafka@3.7.0",
            "Acme/web:1",
            "acme/Web:1",
            "nginx:1.27:alpine",
            "nginx: 1.27",
            "nginx:",
            "https://ghcr.io/acme/web:1",
            "",
        ] {
            assert_eq!(pod(image), 1, "{image}");
        }
    }

    #[test]
    fn a_fix_writes_what_can_only_be_meant() {
        for (image, fixed) in [
            ("kafka@3.7.0", Some("kafka:3.7.0")),
            ("acme/Web:1", Some("acme/web:1")),
            ("nginx:", Some("nginx")),
            ("https://ghcr.io/acme/web:1", Some("ghcr.io/acme/web:1")),
            ("nginx:1.27:alpine", None),
            ("nginx: 1.27", None),
        ] {
            let before = files(&format!("services: {{a: {{image: '{image}'}}}}\n"));
            let report = run(&RULE, &before);
            assert_eq!(report.findings.len(), 1, "{image}");
            let fix = report.findings[0].fixes.first().map(|it| it.edits[0].text.as_str());
            assert_eq!(fix.map(|it| it.trim_matches('\'')), fixed, "{image}");
        }
    }

    #[test]
    fn a_variable_without_its_dollar_sign_gets_one() {
        let text =
            "services:\n  web: {image: 'acme/web:{WEB:-1.2}'}\n  db: {image: 'acme/db:{DB}'}\n";
        let before = files(text);
        let report = run(&RULE, &before);
        let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
        assert!(finding.message.contains("lacks the `$`"), "{}", finding.message);
        assert_eq!(finding.related.len(), 1);
        let (after, _) = apply(&before, &report, false);
        assert!(after[0].text.contains("'acme/web:${WEB:-1.2}'"), "{}", after[0].text);
        assert!(after[0].text.contains("'acme/db:${DB}'"), "{}", after[0].text);
    }

    #[test]
    fn good_references_and_placeholders_are_silent() {
        for image in [
            "localhost:5000/web:1",
            "ghcr.io/acme/web:1.2.3-rc.1_4",
            "IMAGE_NAME",
            "<your-image>",
            "__IMAGE__",
            "$(IMAGE)",
            "acme/{name}",
            "acme/web:{tag}",
            "k8s.gcr.io/pause:3.9@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(pod(image), 0, "{image}");
        }
        let compose = "services: { a: { image: 'acme/web:${TAG}' }, b: { image: '${IMAGE}' } }";
        assert!(messages(&RULE, compose).is_empty());
    }
}
