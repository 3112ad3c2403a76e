use crate::facts::{Facts, Service, in_shell};
use crate::report::phrases::first_named;
use crate::report::{Findings, Role};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A service is built from sources, and the image that comes out has no name of its own.
    ///
    /// ## Why it hurts
    /// Compose calls the image after the folder and the service, without a registry and without a
    /// version. There is nothing to push, nothing that another server or a cluster could pull, and after
    /// the next build nothing to go back to.
    ///
    /// ## What helps
    /// Add `image` beside `build`, with the registry and a version: Compose then builds under this name,
    /// and `docker compose push` sends it.
    ///
    /// ## How to troubleshoot
    /// `docker compose images` lists the name that each container's image has.
    ///
    /// ## When to ignore
    /// Where the images never leave the machine that builds them.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     build: . # <- `web` is built here without an `image` that names what to push and deploy
    ///   db:
    ///     image: postgres:17.2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    ///   db:
    ///     image: postgres:17.2
    /// ```
    PLM311 "build-without-image" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // A file that belongs to several projects, each with another override file, is read once.
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    for at in 0..facts.projects().len() {
        let services = facts.services_of(at).iter();
        let unnamed = services.filter(|it| is_unnamed(it) && seen.insert(place(it)));
        let (accepted, open): (Vec<_>, Vec<_>) =
            unnamed.partition(|it| facts.stands_alone(place(it), &|selector| RULE.is(selector)));
        for service in accepted {
            report(facts, &[service], out);
        }
        // That images get no names is one habit of a project.
        if !open.is_empty() {
            report(facts, &open, out);
        }
    }
}

/// Whether a service for more than development is built and nothing names the image.
fn is_unnamed(service: &Service<'_>) -> bool {
    let model = service.model;
    let tagged = model.build.as_ref().is_none_or(|it| !it.tags.is_empty());
    service.role != Role::Development && model.image.is_none() && !tagged
}

/// Returns the place of `build`.
fn place(service: &Service<'_>) -> Span {
    service.model.key("build").map_or(service.span(), |it| it.name.span)
}

fn report<'a>(facts: &Facts<'a>, services: &[&Service<'a>], out: &mut Findings) {
    let Some((first, others)) = services.split_first() else { return };
    let names: Vec<&str> = services.iter().map(|it| it.name).collect();
    let verb = if others.is_empty() { "is" } else { "are" };
    let finding = out.at(
        &place(first),
        format!(
            "{} {verb} built here without an `image` that names what to push and deploy",
            first_named(&names, 4)
        ),
    );
    finding.gathers("images without a name");
    for other in others {
        finding.also(&place(other), format!("`{}` has no `image` either", other.name));
    }
    finding.check(facts.compose(first, &format!("images {}", in_shell(first.name))));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn a_build_in_either_form_needs_a_name() {
        for build in ["build: .", "build: {context: ., dockerfile: a.Dockerfile}"] {
            let text = format!("services: {{web: {{{build}}}}}");
            assert_eq!(messages(&RULE, &text).len(), 1, "{build}");
        }
        for body in [
            "build: ., image: 'acme/web:1'",
            "build: ., image: '${REGISTRY}/web'",
            "build: {context: ., tags: ['acme/web:1']}",
            "image: 'acme/web:1'",
        ] {
            let text = format!("services: {{web: {{{body}}}}}");
            assert!(messages(&RULE, &text).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_project_is_one_finding() {
        let text = "services: {a: {build: a}, b: {build: b}, c: {image: c}}";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert!(all[0].message.starts_with("`a`, `b` are built here"));
        assert_eq!((all[0].severity.name(), all[0].related.len()), ("info", 1));
    }

    #[test]
    fn an_override_file_may_name_the_image() {
        let text = "# file: compose.yaml\nservices: {a: {build: a}}\n# file: compose.override.yaml\nservices: {a: {image: 'acme/a:1'}}\n";
        assert!(findings(&RULE, text).is_empty());
    }

    #[test]
    fn a_file_of_two_projects_is_reported_once() {
        let text = "# file: compose.yaml\nservices: {a: {build: a}}\n# file: extra.compose.yaml\nservices: {a: {restart: always}}\n";
        assert_eq!(findings(&RULE, text).len(), 1);
    }

    #[test]
    fn development_is_silent() {
        assert!(messages(&RULE, "# file: compose.dev.yaml\nservices: {a: {build: .}}").is_empty());
    }

    #[test]
    fn one_service_can_be_accepted() {
        let text = "services:\n  a:\n    build: a # plimsoll: ignore PLM311 -- never pushed\n  b:\n    build: b\n";
        assert_eq!(
            messages(&RULE, text),
            ["`b` is built here without an `image` that names what to push and deploy"]
        );
    }
}
