use crate::facts::{Facts, nearest};
use crate::model::compose::{Problem, ProblemKind, Project};
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A service names a network, volume, secret, config or service that is not defined.
    ///
    /// ## Why it hurts
    /// `docker compose` refuses the whole project, also for the services that are right.
    ///
    /// ## What helps
    /// Define it at the top level, correct the name, or mark it `external: true` where it exists.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` names the first of them.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     volumes:
    ///       - pgdta:/var/lib/postgresql/data # <- the volume `pgdta` is not defined; did you mean `pgdata`?
    /// volumes:
    ///   pgdata: {}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     volumes:
    ///       - pgdata:/var/lib/postgresql/data
    /// volumes:
    ///   pgdata: {}
    /// ```
    PLM515 "undefined-name" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for project in facts.projects() {
        for problem in &project.problems {
            let Some((what, names)) = meant(project, problem) else { continue };
            // A file that is laid over another one (`-f base -f this`) may name what that one defines.
            let others = facts.projects().iter().filter(|it| it.files != project.files);
            let overlay = others
                .filter_map(|it| meant(it, problem))
                .any(|it| it.1.contains(&problem.name.as_str()));
            if overlay {
                continue;
            }
            let name = problem.name.as_str();
            let near = nearest(name, names.into_iter());
            let hint = near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            let finding = out.at(problem.span, format!("the {what} `{name}` is not defined{hint}"));
            finding.check("docker compose config -q");
            let written =
                facts.file(problem.span.file).text().get(problem.span.range()).unwrap_or_default();
            // The name alone is replaced; it may stand inside a longer value.
            if let Some(near) = near
                && written.matches(name).count() == 1
                && let Some(at) = written.find(name)
            {
                let span = problem.span.inner(at..at + name.len());
                let edit = facts.editor(span.file).replace(span, near);
                finding.fix(Fix::r#unsafe(format!("Use the {what} `{near}`"), [edit]));
            }
        }
    }
}

/// What a problem is about, and the names that could have been meant.
fn meant<'p>(project: &'p Project, problem: &Problem) -> Option<(&'static str, Vec<&'p str>)> {
    Some(match problem.kind {
        ProblemKind::UndefinedService => {
            ("service", project.services.iter().map(|it| it.name.value.as_str()).collect())
        }
        ProblemKind::UndefinedNetwork => {
            ("network", project.networks.iter().map(|it| it.key.value.as_str()).collect())
        }
        ProblemKind::UndefinedVolume => {
            ("volume", project.volumes.iter().map(|it| it.key.value.as_str()).collect())
        }
        ProblemKind::UndefinedSecret => {
            ("secret", project.secrets.iter().map(|it| it.key.value.as_str()).collect())
        }
        ProblemKind::UndefinedConfig => {
            ("config", project.configs.iter().map(|it| it.key.value.as_str()).collect())
        }
        ProblemKind::UndefinedModel => {
            ("model", project.models.iter().map(|it| it.value.as_str()).collect())
        }
        ProblemKind::ExtendsServiceMissing => (
            "service to extend",
            project.services.iter().map(|it| it.name.value.as_str()).collect(),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn every_kind_of_name_is_looked_up() {
        for (text, message) in [
            ("services: {a: {image: x:1, networks: [back]}}", "the network `back` is not defined"),
            ("services: {a: {image: x:1, secrets: [key]}}", "the secret `key` is not defined"),
            ("services: {a: {image: x:1, models: [llm]}}", "the model `llm` is not defined"),
            ("services: {a: {image: x:1, depends_on: [b1]}}", "the service `b1` is not defined"),
        ] {
            assert_eq!(messages(&RULE, text), [message], "{text}");
        }
    }

    #[test]
    fn a_file_to_be_laid_over_another_is_silent() {
        let text = "# file: compose.yaml\nservices: {db: {image: postgres:17}}\n# file: extensions/web.yml\nservices: {web: {image: x:1, depends_on: [db]}}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn external_and_defined_ones_are_silent() {
        let text = "services: {a: {image: x:1, networks: [back], volumes: ['data:/d']}}\nnetworks: {back: {external: true}}\nvolumes: {data: }\n";
        assert!(messages(&RULE, text).is_empty());
    }
}
