use crate::facts::{Facts, MANY, nearest};
use crate::model::compose::{ProblemKind, Project};
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::FileId;
use rustc_hash::FxHashMap;
use std::cell::LazyCell;

rule! {
    /// A service names a network, volume, secret, config or service that is not defined.
    ///
    /// ## Why it hurts
    /// `docker compose` refuses the whole project, also for the services that are right. A service
    /// whose profile is not switched on counts as not defined.
    ///
    /// ## What helps
    /// Define it at the top level, correct the name, or mark it `external: true` where it exists. What
    /// is needed without a profile gets none, or `required: false` where it is waited for.
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
    let defined = LazyCell::new(|| Defined::new(facts.projects()));
    for project in facts.projects() {
        behind_a_profile(project, out);
        for problem in &project.problems {
            let Some(what) = What::of(problem.kind) else { continue };
            let name = problem.name.as_str();
            // A file that is laid over another one (`-f base -f this`) may name what that one defines.
            if defined.is_in_another(project, what, name) {
                continue;
            }
            let names = what.names(project);
            let near = if names.len() > MANY { None } else { nearest(name, names.into_iter()) };
            let what = if problem.kind == ProblemKind::ExtendsServiceMissing {
                "service to extend"
            } else {
                what.noun()
            };
            let hint = near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            let finding =
                out.at(&problem.span, format!("the {what} `{name}` is not defined{hint}"));
            finding.check("docker compose config -q");
            let written = facts.written(&problem.span);
            // The name alone is replaced; it may stand inside a longer value.
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

/// Waiting for a service that the profiles in force leave out.
fn behind_a_profile(project: &Project, out: &mut Findings) {
    let set = project.dot_env.iter().find(|it| it.name.value == "COMPOSE_PROFILES");
    let always: Vec<&str> = set
        .and_then(|it| it.value.as_ref())
        .map(|it| it.split(',').map(str::trim).collect())
        .unwrap_or_default();
    for service in &project.services {
        // Without a profile it always starts; else with each of its own, perhaps alone.
        let alone: Vec<Option<&str>> = match service.profiles.as_slice() {
            [] => vec![None],
            all => all.iter().map(|it| Some(it.as_str())).collect(),
        };
        for dependency in service.depends_on.iter().filter(|it| it.required) {
            let Some(on) = project.service(&dependency.service.value) else { continue };
            let Some(first) = on.profiles.first() else { continue };
            let enabled = |with: Option<&str>| {
                let on = |it: &str| it == "*" || on.profiles.iter().any(|own| own.value == it);
                always.iter().copied().chain(with).any(on)
            };
            let Some(with) = alone.iter().find(|it| !enabled(**it)) else { continue };
            let (name, needed) = (&service.name, &on.name);
            let message = match with {
                Some(with) => format!(
                    "with profile `{with}` alone `{name}` starts and `{needed}`, which it waits for, is not defined"
                ),
                None => format!(
                    "`{name}` starts without a profile, and `{needed}`, which it waits for, is only defined with profile `{first}`"
                ),
            };
            let finding = out.at(&dependency.service.span, message);
            finding
                .also(&first.span, format!("`{needed}` has a profile"))
                .check("docker compose config -q");
            if with.is_some() {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// What a Compose project defines and names elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Service,
    Network,
    Volume,
    Secret,
    Config,
    Model,
}

impl What {
    const ALL: [What; 6] =
        [What::Service, What::Network, What::Volume, What::Secret, What::Config, What::Model];

    /// What a problem says is not defined.
    fn of(kind: ProblemKind) -> Option<What> {
        Some(match kind {
            ProblemKind::UndefinedService | ProblemKind::ExtendsServiceMissing => What::Service,
            ProblemKind::UndefinedNetwork => What::Network,
            ProblemKind::UndefinedVolume => What::Volume,
            ProblemKind::UndefinedSecret => What::Secret,
            ProblemKind::UndefinedConfig => What::Config,
            ProblemKind::UndefinedModel => What::Model,
            _ => return None,
        })
    }

    fn noun(self) -> &'static str {
        match self {
            What::Service => "service",
            What::Network => "network",
            What::Volume => "volume",
            What::Secret => "secret",
            What::Config => "config",
            What::Model => "model",
        }
    }

    /// The names that a project defines.
    fn names(self, project: &Project) -> Vec<&str> {
        match self {
            What::Service => project.services.iter().map(|it| it.name.as_str()).collect(),
            What::Network => project.networks.iter().map(|it| it.key.as_str()).collect(),
            What::Volume => project.volumes.iter().map(|it| it.key.as_str()).collect(),
            What::Secret => project.secrets.iter().map(|it| it.key.as_str()).collect(),
            What::Config => project.configs.iter().map(|it| it.key.as_str()).collect(),
            What::Model => project.models.iter().map(|it| it.as_str()).collect(),
        }
    }
}

/// The files of the projects that define each name, at most two of them: the one that asks and another.
struct Defined<'p>(FxHashMap<(What, &'p str), Vec<&'p [FileId]>>);

impl<'p> Defined<'p> {
    fn new(projects: &'p [Project]) -> Defined<'p> {
        let mut defined: FxHashMap<(What, &str), Vec<&[FileId]>> = FxHashMap::default();
        for project in projects {
            for what in What::ALL {
                for name in what.names(project) {
                    let by = defined.entry((what, name)).or_default();
                    if by.len() < 2 && !by.contains(&project.files.as_slice()) {
                        by.push(&project.files);
                    }
                }
            }
        }
        Defined(defined)
    }

    /// Whether a project of other files defines a name.
    fn is_in_another(&self, project: &Project, what: What, name: &str) -> bool {
        self.0.get(&(what, name)).is_some_and(|by| by.iter().any(|it| *it != project.files))
    }
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
