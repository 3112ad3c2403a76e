use crate::facts::Facts;
use crate::model::compose::{Problem, ProblemKind, Project, is_default_name};
use crate::report::Findings;
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashMap;

rule! {
    /// `docker compose` refuses a value, so no service of the project starts.
    ///
    /// ## Why it hurts
    /// Compose reads everything before it starts anything. One size with an unknown unit, one key of the
    /// wrong type or one cycle of `include` stops the whole project, and often only on the server,
    /// because the faulty file is the one that nobody runs locally.
    ///
    /// ## What helps
    /// Correct the value; the message says what Compose accepts there.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` prints nothing when all is well, and otherwise reports the first
    /// error. Run it in CI with the same `-f` files as on the server.
    ///
    /// ## When to ignore
    /// Where only a newer Compose than the one whose rules are known here reads the file, and takes it.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     mem_limit: 512q # <- Compose refuses this: `512q` is not a size, as `512m` or `1.5g`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     mem_limit: 512m
    /// ```
    PLM009 "refused-by-compose" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // What one file lacks, an override file (`-f this -f that`) may add; and a file without a
    // default name may itself be an override file.
    let is_base = |project: &Project| {
        project.files.first().is_some_and(|file| is_default_name(facts.file(*file).path()))
    };
    let mut in_part: FxHashMap<usize, usize> = FxHashMap::default();
    let part_of = |project: &Project| facts.part_of(facts.base_of(project));
    for project in facts.projects() {
        *in_part.entry(part_of(project)).or_default() += 1;
    }
    let is_alone =
        |project: &Project| in_part.get(&part_of(project)) == Some(&1) && is_base(project);
    let is_cycle = |problem: &Problem| problem.kind == ProblemKind::DependencyCycle;
    let cycles = facts.projects().iter().any(|it| it.problems.iter().any(is_cycle))
        && !facts.dependency_cycles().is_empty();
    for project in facts.projects() {
        // A refused value is not read, so something may only seem to be missing because of it.
        let whole = is_alone(project) && project.problems.iter().all(|it| it.kind.is_absence());
        // Compose ignores a scalar where an override file should have a mapping.
        let wrong_shape = |it: &&Problem| {
            it.kind == ProblemKind::Conflict && matches!(it.name.as_str(), "environment" | "labels")
        };
        let ignored: Vec<Span> =
            project.problems.iter().filter(wrong_shape).map(|it| it.span).collect();
        // PLM004
        let is_merge = |it: &&Problem| {
            let odd = || facts.file(it.span.file).tree.odd_merges();
            it.name == "<<"
                && (it.kind == ProblemKind::WrongType
                    || odd().iter().any(|odd| odd.span == it.span))
        };
        let is_ours = |it: &&Problem| {
            !ignored.contains(&it.span)
                && !is_merge(it)
                && !is_reported_elsewhere(it, project, cycles)
                && (whole || !it.kind.is_absence())
                && facts.is_read_as_written(it.span.file)
        };
        for problem in project.problems.iter().filter(is_ours) {
            let message = if problem.message.starts_with("Compose ") {
                problem.message.clone()
            } else {
                format!("Compose refuses this: {}", problem.message)
            };
            out.at(&problem.span, message).check(facts.compose_of(project, "config -q"));
        }
    }
}

/// Whether another rule reports the problem, or the value may be right where the project runs.
fn is_reported_elsewhere(problem: &Problem, project: &Project, cycles: bool) -> bool {
    use ProblemKind as P;
    match problem.kind {
        // PLM007, PLM002, PLM808
        P::Limit | P::DuplicateKey | P::UnknownKey => true,
        // PLM111 reports the cycles of `depends_on`; `links` and `volumes_from` make cycles too.
        P::DependencyCycle => cycles,
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
        // PLM816
        P::InvalidPort => true,
        // The shell may set it.
        P::RequiredVariable => true,
        kind => kind.is_missing_file() || project.is_interpolated(problem.span),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    const NONE: [&str; 0] = [];

    #[test]
    fn what_compose_refuses_is_reported_with_the_reason() {
        for (text, words) in [
            ("services: {a: {image: x:1, mem_limit: 12q}}", "is not a size"),
            ("services: {a: {image: 'x:${Y!}'}}", "write `$$` for a literal dollar sign"),
            (
                "services: {a: {image: 'x:${Y:-web'}}",
                "the closing brace of this variable is missing",
            ),
            ("services: {a: {}}", "neither `image` nor `build`"),
            ("services: {a: {image: ''}}", "the `image` of the service `a` is empty"),
            ("services: {a: {restart: always}}", "neither `image` nor `build`"),
            (
                "services: {a: {image: x:1, links: [b]}, b: {image: x:1, links: [a]}}",
                "wait for one another: a -> b -> a",
            ),
            ("include: [compose.yaml]\nservices: {a: {image: x:1}}", "leads back to this file"),
        ] {
            let found = messages(&RULE, text);
            assert!(found.len() == 1 && found[0].contains(words), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_another_rule_reports_or_a_shell_may_set_is_silent() {
        for text in [
            "services: {a: {image: x:1, networks: [none]}}",
            "services: {a: {image: x:1, depends_on: [b]}, b: {image: x:1, depends_on: [a]}}",
            "services: {a: {image: 'x:${Y:?set it}', mem_limit: '${P}q'}}",
            "services: {a: {image: x:1, ports: ['99999:80']}}",
            "services: {a: {image: x:1, env_file: gone.env}}",
            "services: {a: {image: '${IMAGE}'}}",
            "services: {a: {image: x:1, container_name: app, scale: 2}}",
            "services: {a: {image: '${A_IMAGE:?}'}}",
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
            messages(&RULE, "services:\n  a:\n    image: x:1\n    links: [b]\n    mem_limit: [1\n"),
            NONE
        );
        assert_eq!(messages(&RULE, "services: {a: {image: x:1, mem_limit: *gone}}\n"), NONE);
    }
}
