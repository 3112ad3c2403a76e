use crate::facts::{Facts, MANY, nearest};
use crate::model::compose::{Problem, ProblemKind, Project};
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::FileId;
use rustc_hash::FxHashMap;
use std::cell::LazyCell;

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
        since: "0.1.0", on: Compose, severity: Error, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let definitions = LazyCell::new(|| Definitions::new(facts));
    for (at, project) in facts.projects().iter().enumerate() {
        hidden_by_profiles(facts, at, out);
        for problem in &project.problems {
            let Some((kind, what)) = meant(problem) else { continue };
            let name = problem.name.as_str();
            // An override file (`-f base -f this`) may name what its base file defines.
            if definitions.has_another(facts, project, kind, name) {
                continue;
            }
            let names = kind.names(project);
            let near = if names.len() > MANY { None } else { nearest(name, names.into_iter()) };
            let hint = near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            let finding =
                out.at(&problem.span, format!("the {what} `{name}` is not defined{hint}"));
            finding.check(facts.compose_of(project, "config -q"));
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
fn hidden_by_profiles(facts: &Facts, index: usize, out: &mut Findings) {
    let project = &facts.projects()[index];
    let setting = project.dot_env.iter().find(|it| it.name.value == "COMPOSE_PROFILES");
    let always: Vec<&str> = setting
        .and_then(|it| it.value.as_ref())
        .map(|it| it.split(',').map(str::trim).collect())
        .unwrap_or_default();
    for service in facts.services_of(index) {
        // A service without profiles always starts; another one starts with each of its profiles,
        // perhaps with that one alone.
        let starts_with: Vec<Option<&str>> = match service.model.profiles.as_slice() {
            [] => vec![None],
            all => all.iter().map(|it| Some(it.as_str())).collect(),
        };
        for dependency in service.model.depends_on.iter().filter(|it| it.required) {
            let Some(on) = facts.sibling(service, &dependency.service) else { continue };
            let on = on.model;
            let Some(first) = on.profiles.first() else { continue };
            let enabled = |with: Option<&str>| {
                let starts = |profile: &str| {
                    profile == "*" || on.profiles.iter().any(|own| own.value == profile)
                };
                always.iter().copied().chain(with).any(starts)
            };
            let Some(with) = starts_with.iter().find(|it| !enabled(**it)) else { continue };
            let (name, needed) = (service.name, &on.name);
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
                .check(facts.compose(service, "config -q"));
            if with.is_some() {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// Returns what kind of name a problem says is not defined, with its noun.
fn meant(problem: &Problem) -> Option<(Kind, &'static str)> {
    Some(match problem.kind {
        ProblemKind::UndefinedService => (Kind::Service, "service"),
        ProblemKind::ExtendsServiceMissing => (Kind::Service, "service to extend"),
        ProblemKind::UndefinedNetwork => (Kind::Network, "network"),
        ProblemKind::UndefinedVolume => (Kind::Volume, "volume"),
        ProblemKind::UndefinedSecret => (Kind::Secret, "secret"),
        ProblemKind::UndefinedConfig => (Kind::Config, "config"),
        ProblemKind::UndefinedModel => (Kind::Model, "model"),
        _ => return None,
    })
}

/// What a Compose project defines under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Service,
    Network,
    Volume,
    Secret,
    Config,
    Model,
}

impl Kind {
    const ALL: [Kind; 6] =
        [Kind::Service, Kind::Network, Kind::Volume, Kind::Secret, Kind::Config, Kind::Model];

    /// Returns the names of this kind that a project defines.
    fn names(self, project: &Project) -> Vec<&str> {
        match self {
            Kind::Service => project.services.iter().map(|it| it.name.as_str()).collect(),
            Kind::Network => project.networks.iter().map(|it| it.key.as_str()).collect(),
            Kind::Volume => project.volumes.iter().map(|it| it.key.as_str()).collect(),
            Kind::Secret => project.secrets.iter().map(|it| it.key.as_str()).collect(),
            Kind::Config => project.configs.iter().map(|it| it.key.as_str()).collect(),
            Kind::Model => project.models.iter().map(|it| it.as_str()).collect(),
        }
    }
}

/// The names that projects define, by the part of the project, each with the files of at most two projects
/// that define it: that which asks, and another one.
struct Definitions<'p>(FxHashMap<(usize, Kind, &'p str), Vec<&'p [FileId]>>);

impl<'p> Definitions<'p> {
    fn new(facts: &Facts<'p>) -> Definitions<'p> {
        let mut definitions: FxHashMap<(usize, Kind, &str), Vec<&[FileId]>> = FxHashMap::default();
        for project in facts.projects() {
            let part = facts.part_of(facts.base_of(project));
            for kind in Kind::ALL {
                for name in kind.names(project) {
                    let by = definitions.entry((part, kind, name)).or_default();
                    if by.len() < 2 && !by.contains(&project.files.as_slice()) {
                        by.push(&project.files);
                    }
                }
            }
        }
        Definitions(definitions)
    }

    /// Whether a project of other files and of the same application defines a name.
    fn has_another(&self, facts: &Facts<'_>, project: &Project, kind: Kind, name: &str) -> bool {
        let part = facts.part_of(facts.base_of(project));
        self.0
            .get(&(part, kind, name))
            .is_some_and(|by| by.iter().any(|files| *files != project.files))
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
