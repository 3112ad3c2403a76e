use crate::facts::{Facts, nearest};
use crate::model::compose::{Problem, ProblemKind, Project};
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// A service names a network, volume, secret, config or service that is not defined.
    ///
    /// ## Why it hurts
    /// `docker compose` refuses the whole project, including the services that are right. A service
    /// whose profile is not enabled counts as not defined.
    ///
    /// ## What helps
    /// Define the name at the top level, correct it, or mark it `external: true` if it exists
    /// elsewhere. If services without a profile need one that has a profile, drop that profile, or
    /// set `required: false` where they only wait for it.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` reports the first of them.
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
        hidden_by_profiles(project, out);
        for problem in &project.problems {
            let Some((what, names)) = meant(project, problem) else { continue };
            // An override file (`-f base -f this`) may name what its base file defines.
            let others = facts.projects().iter().filter(|it| it.files != project.files);
            let defined_in_base = others
                .filter_map(|it| meant(it, problem))
                .any(|it| it.1.contains(&problem.name.as_str()));
            if defined_in_base {
                continue;
            }
            let name = problem.name.as_str();
            let near = nearest(name, names.into_iter());
            let hint = near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            let finding =
                out.at(&problem.span, format!("the {what} `{name}` is not defined{hint}"));
            finding.check("docker compose config -q");
            let written = facts.written(&problem.span);
            // Only the name is replaced, because it may be part of a longer value.
            if let Some(near) = near
                && written.matches(name).count() == 1
                && let Some(at) = written.find(name)
            {
                let span = problem.span.inner(at..at + name.len());
                let edit = facts.replace(&span, near);
                finding.fix(Fix::r#unsafe(format!("Use the {what} `{near}`"), [edit]));
            }
        }
    }
}

/// Reports services that wait for a service left out by the enabled profiles.
fn hidden_by_profiles(project: &Project, out: &mut Findings) {
    let setting = project.dot_env.iter().find(|it| it.name.value == "COMPOSE_PROFILES");
    let always: Vec<&str> = setting
        .and_then(|it| it.value.as_ref())
        .map(|it| it.split(',').map(str::trim).collect())
        .unwrap_or_default();
    for service in &project.services {
        // A service without profiles always starts; another one starts with each of its profiles,
        // perhaps with that one alone.
        let starts_with: Vec<Option<&str>> = match service.profiles.as_slice() {
            [] => vec![None],
            all => all.iter().map(|it| Some(it.as_str())).collect(),
        };
        for dependency in service.depends_on.iter().filter(|it| it.required) {
            let Some(on) = project.service(&dependency.service.value) else { continue };
            let Some(first) = on.profiles.first() else { continue };
            let enabled = |with: Option<&str>| {
                let starts = |profile: &str| {
                    profile == "*" || on.profiles.iter().any(|own| own.value == profile)
                };
                always.iter().copied().chain(with).any(starts)
            };
            let Some(with) = starts_with.iter().find(|it| !enabled(**it)) else { continue };
            let (name, needed) = (&service.name, &on.name);
            let message = match with {
                Some(with) => format!(
                    "with only profile `{with}` enabled, `{name}` starts, but `{needed}`, which it waits for, is not defined"
                ),
                None => format!(
                    "`{name}` starts without a profile, but `{needed}`, which it waits for, is defined only with profile `{first}`"
                ),
            };
            let finding = out.at(&dependency.service.span, message);
            finding
                .also(&first.span, format!("`{needed}` has a profile here"))
                .check("docker compose config -q");
            if with.is_some() {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// Returns what kind of name a problem is about, and the names of this kind that could be meant.
fn meant<'p>(project: &'p Project, problem: &Problem) -> Option<(&'static str, Vec<&'p str>)> {
    let services = || project.services.iter().map(|it| it.name.as_str()).collect();
    Some(match problem.kind {
        ProblemKind::UndefinedService => ("service", services()),
        ProblemKind::ExtendsServiceMissing => ("service to extend", services()),
        ProblemKind::UndefinedNetwork => {
            ("network", project.networks.iter().map(|it| it.key.as_str()).collect())
        }
        ProblemKind::UndefinedVolume => {
            ("volume", project.volumes.iter().map(|it| it.key.as_str()).collect())
        }
        ProblemKind::UndefinedSecret => {
            ("secret", project.secrets.iter().map(|it| it.key.as_str()).collect())
        }
        ProblemKind::UndefinedConfig => {
            ("config", project.configs.iter().map(|it| it.key.as_str()).collect())
        }
        ProblemKind::UndefinedModel => {
            ("model", project.models.iter().map(|it| it.as_str()).collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

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
    fn what_a_profile_leaves_out_is_not_defined() {
        let count = |web: &str, db: &str, env: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: x:1, {web}}}, db: {{image: x:1, {db}}}}}\n# file: .env\n{env}\n"
            );
            findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        let waits = "depends_on: [db]";
        assert_eq!(count(waits, "profiles: [p]", ""), ["error"]);
        assert_eq!(count(waits, "profiles: [p]", "COMPOSE_PROFILES=q,p"), [""; 0]);
        assert_eq!(count(waits, "", ""), [""; 0]);
        let optional = "depends_on: {db: {condition: service_started, required: false}}";
        assert_eq!(count(optional, "profiles: [p]", ""), [""; 0]);
        let web = |profiles: &str| format!("{waits}, profiles: [{profiles}]");
        assert_eq!(count(&web("q"), "profiles: [p]", ""), ["warning"]);
        assert_eq!(count(&web("p"), "profiles: [p, q]", ""), [""; 0]);
        assert_eq!(count(&web("p, q"), "profiles: [p]", ""), ["warning"]);
    }

    #[test]
    fn an_override_file_is_silent() {
        let text = "# file: compose.yaml\nservices: {db: {image: postgres:17}}\n# file: extensions/web.yml\nservices: {web: {image: x:1, depends_on: [db]}}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn external_and_defined_names_are_silent() {
        let text = "services: {a: {image: x:1, networks: [back], volumes: ['data:/d']}}\nnetworks: {back: {external: true}}\nvolumes: {data: }\n";
        assert!(messages(&RULE, text).is_empty());
    }
}
