use crate::facts::Facts;
use crate::model::compose::{Problem, ProblemKind, Project, is_default_name};
use crate::report::Findings;
use crate::rules::rule;
use crate::syntax;
use crate::text::Span;

rule! {
    /// A value that `docker compose` refuses, so that no service of the project starts.
    ///
    /// ## Why it hurts
    /// Compose reads everything before it starts anything. One port out of range, one key of the
    /// wrong type or a circle of `include` stops the whole project, and often only on the server,
    /// because the file that is wrong is the one nobody runs at home.
    ///
    /// ## What helps
    /// Correct the value; the message says what Compose takes there.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` says nothing when all is well, and else names the first refusal. Run it
    /// in CI with the same `-f` files as on the server.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports:
    ///       - "80800:80" # <- Compose refuses this: `80800` is no port of the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports:
    ///       - "8080:80"
    /// ```
    PLM009 "refused-by-compose" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // What a file lacks, one that is laid over it (`-f this -f that`) may bring, and a file with a name
    // of its own may be the one that is laid over.
    let base =
        |it: &Project| it.files.first().is_some_and(|it| is_default_name(facts.file(*it).path()));
    let alone = facts.projects().len() == 1 && facts.projects().iter().all(base);
    let circle = |it: &Problem| it.kind == ProblemKind::DependencyCycle;
    let circles = facts.projects().iter().any(|it| it.problems.iter().any(circle))
        && !facts.dependency_cycles().is_empty();
    for project in facts.projects() {
        // What is refused is not read either, so something may seem to be missing because of it.
        let whole = alone && project.problems.iter().all(|it| it.kind.is_absence());
        // A word where an override file should have a mapping: Compose passes over it.
        let shape = |it: &&Problem| {
            it.kind == ProblemKind::Conflict && matches!(it.name.as_str(), "environment" | "labels")
        };
        let passed_over: Vec<Span> =
            project.problems.iter().filter(shape).map(|it| it.span).collect();
        let told = |it: &&Problem| {
            !passed_over.contains(&it.span)
                && !is_told_elsewhere(it, project, circles)
                && (whole || !it.kind.is_absence())
                && is_whole(facts, it)
        };
        for problem in project.problems.iter().filter(told) {
            let message = match problem.message.starts_with("Compose ") {
                true => problem.message.clone(),
                false => format!("Compose refuses this: {}", problem.message),
            };
            out.at(&problem.span, message).check("docker compose config -q");
        }
    }
}

/// Whether another rule speaks of it, or what is refused may well be there where the project lives.
fn is_told_elsewhere(problem: &Problem, project: &Project, circles: bool) -> bool {
    use ProblemKind as P;
    match problem.kind {
        // PLM007, PLM002, PLM808
        P::Limit | P::DuplicateKey | P::UnknownKey => true,
        // PLM111 tells those of `depends_on`; `links` and `volumes_from` make them too.
        P::DependencyCycle => circles,
        // PLM515
        P::UndefinedService
        | P::UndefinedNetwork
        | P::UndefinedVolume
        | P::UndefinedSecret
        | P::UndefinedConfig
        | P::UndefinedModel
        | P::ExtendsServiceMissing => true,
        // PLM709
        P::Conflict => problem.name == "container_name" && problem.service.is_some(),
        // The shell may set it.
        P::RequiredVariable => true,
        kind => kind.is_missing_file() || project.is_interpolated(problem.span),
    }
}

/// Whether the file was read as it stands: a repair, or an alias without an anchor, may be all that
/// is refused.
fn is_whole(facts: &Facts, problem: &Problem) -> bool {
    use syntax::ProblemKind as S;
    let broken = |it: &syntax::Problem| matches!(it.kind, S::Syntax | S::UnknownAnchor | S::Limit);
    !facts.file(problem.span.file).problems.iter().any(broken)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    const NONE: [&str; 0] = [];

    #[test]
    fn what_compose_refuses_is_told_in_words() {
        for (text, words) in [
            ("services: {a: {image: x:1, ports: ['99999:80']}}", "`99999` is no port of the host"),
            ("services: {a: {image: x:1, mem_limit: 12q}}", "is no size"),
            ("services: {a: {image: 'x:${Y'}}", "a plain dollar sign is written `$$`"),
            ("services: {a: {}}", "neither `image` nor `build`"),
            (
                "services: {a: {image: x:1, links: [b]}, b: {image: x:1, links: [a]}}",
                "wait for one another: a -> b -> a",
            ),
            ("include: [compose.yaml]\nservices: {a: {image: x:1}}", "leads back to this file"),
        ] {
            let told = messages(&RULE, text);
            assert!(told.len() == 1 && told[0].contains(words), "{text}: {told:?}");
        }
    }

    #[test]
    fn what_another_rule_tells_or_a_shell_may_mend_is_silent() {
        for text in [
            "services: {a: {image: x:1, networks: [none]}}",
            "services: {a: {image: x:1, depends_on: [b]}, b: {image: x:1, depends_on: [a]}}",
            "services: {a: {image: 'x:${Y:?set it}', ports: ['${P}:80']}}",
            "services: {a: {image: x:1, env_file: gone.env}}",
            "services: {a: {image: x:1, container_name: app, scale: 2}}",
        ] {
            assert_eq!(messages(&RULE, text), NONE, "{text}");
        }
    }

    #[test]
    fn half_a_project_and_a_broken_file_are_silent() {
        let half = "# file: compose.yaml\nservices: {a: {image: x:1}}\n# file: extra/web.yaml\nservices: {a: {ports: ['80:80']}}\n";
        assert_eq!(messages(&RULE, half), NONE);
        let over = "# file: compose.prod.yaml\nservices: {a: {ports: ['80:80']}}\n";
        assert_eq!(messages(&RULE, over), NONE);
        assert_eq!(
            messages(&RULE, "services:\n  a:\n    image: x:1\n    ports: [99999:80\n"),
            NONE
        );
        assert_eq!(messages(&RULE, "services: {a: {image: x:1, ports: *gone}}\n"), NONE);
    }
}
