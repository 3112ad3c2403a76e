use crate::facts::{Facts, MANY, Service, nearest};
use crate::model::Str;
use crate::model::compose::{Dependency, Problem, ProblemKind, Project};
use crate::report::phrases::first_named;
use crate::report::{Edit, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::FileId;
use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use std::cell::LazyCell;

rule! {
    /// A service names a network, volume, secret, config or service that is not defined.
    ///
    /// ## Why it hurts
    /// `docker compose` refuses the whole project, including the services that are right. A service
    /// whose profile is not enabled counts as not defined: for `depends_on`, and just so for `links`,
    /// `volumes_from`, `network_mode`, `pid` and `ipc`.
    ///
    /// ## What helps
    /// Define the name at the top level, correct it, or mark it `external: true` if it exists
    /// elsewhere. If services without a profile need one that has a profile, drop that profile, or
    /// set `required: false` where they only wait for it. Where an example such as
    /// `compose.override.yaml.example` defines the name, copy it.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` reports the first of them.
    ///
    /// ## When to ignore
    /// Where the file is used only together with another one that defines the name, and that one is not
    /// in the repository.
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
        // Services that lack the same thing have one cause.
        let mut found: IndexMap<(Kind, Option<&str>), Vec<Undefined<'_>>> = IndexMap::new();
        for problem in &project.problems {
            let Some((kind, what)) = meant(problem) else { continue };
            let name = problem.name.as_str();
            // An override file (`-f base -f this`) may name what its base file defines.
            if definitions.has_another(facts, project, kind, name) {
                continue;
            }
            let names = kind.names(project);
            let near = if names.len() > MANY { None } else { nearest(name, names.into_iter()) };
            let undefined = Undefined { problem, kind, what, near };
            if facts.stands_alone(problem.span, &|selector| RULE.is(selector)) {
                report(facts, project, &[undefined], out);
                continue;
            }
            // A misspelt name and a missing service are mended one by one.
            let alone = near.is_some() || kind == Kind::Service;
            found.entry((kind, alone.then_some(name))).or_default().push(undefined);
        }
        found.values().for_each(|all| report(facts, project, all, out));
    }
}

/// A name that is not defined.
struct Undefined<'p> {
    problem: &'p Problem,
    kind: Kind,
    what: &'static str,
    /// A defined name that is nearly the same.
    near: Option<&'p str>,
}

/// Reports names of one kind that a project does not define.
fn report(facts: &Facts, project: &Project, all: &[Undefined<'_>], out: &mut Findings) {
    let Some(first) = all.first() else { return };
    let mut names: Vec<&str> = Vec::new();
    for name in all.iter().map(|it| it.problem.name.as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (the, are) = match names.len() {
        1 => (first.what.to_owned(), "is"),
        _ => (format!("{}s", first.what), "are"),
    };
    let listed = first_named(&names, 5);
    let example = first.kind.section().and_then(|it| facts.example_defining(project, it, &names));
    let copied = example.and_then(|it| Some((it, it.rsplit_once('.')?.0)));
    let message = match (copied, first.near) {
        (Some((example, copy)), _) => {
            format!(
                "the {the} {listed} {are} not defined until somebody copies `{example}` to `{copy}`"
            )
        }
        (None, Some(near)) => {
            format!("the {the} {listed} {are} not defined; did you mean `{near}`?")
        }
        (None, None) => format!("the {the} {listed} {are} not defined"),
    };
    let finding = out.at(&first.problem.span, message);
    finding.gathers(match first.near.is_some() || first.kind == Kind::Service {
        true => format!("{} {}", first.what, first.problem.name),
        false => first.what.to_owned(),
    });
    for other in &all[1..] {
        let problem = other.problem;
        finding.also(&problem.span, format!("`{}` is used here", problem.name));
    }
    finding.check(facts.compose_of(project, "config -q"));
    if let Some((example, copy)) = copied {
        finding.severity(Severity::Info).help(format!("Copy `{example}` to `{copy}`."));
    }
    let Some(near) = first.near else { return };
    let edits: Option<Vec<Edit>> = all.iter().map(|it| renamed(facts, it.problem, near)).collect();
    finding
        .maybe_fix(edits.map(|it| Fix::r#unsafe(format!("Use the {} `{near}`", first.what), it)));
}

/// Returns the edit that puts another name in the place of an undefined one, which may be part of a longer
/// value.
fn renamed(facts: &Facts, problem: &Problem, near: &str) -> Option<Edit> {
    let (name, written) = (problem.name.as_str(), facts.written(&problem.span));
    let at = written.find(name).filter(|_| written.matches(name).count() == 1)?;
    Some(facts.replace(&problem.span.inner(at..at + name.len()), near))
}

/// Reports services that need a service left out by the enabled profiles.
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
        for dependency in service.model.dependencies().filter(|it| it.required) {
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
            let why = need(service, dependency);
            let message = match with {
                Some(with) => format!(
                    "with only profile `{with}` enabled, `{name}` starts, but `{needed}`, {why}, is not defined"
                ),
                None => format!(
                    "`{name}` starts without a profile, but `{needed}`, {why}, is defined only with profile `{first}`"
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

/// Returns what a service needs another one for, as a clause about the other one.
fn need(service: &Service<'_>, on: &Dependency) -> &'static str {
    let model = service.model;
    let name = on.service.as_str();
    let is_named = |mode: &Option<Str>| {
        mode.as_ref().is_some_and(|it| it.strip_prefix("service:") == Some(name))
    };
    let is_first = |it: &Str| it.split(':').next() == Some(name);
    if model.depends_on(name).is_some() {
        "which it waits for"
    } else if model.links.iter().any(is_first) {
        "to which it links"
    } else if is_named(&model.network_mode) {
        "whose network it uses"
    } else if model.volumes_from.iter().any(is_first) {
        "whose volumes it mounts"
    } else {
        "which it needs"
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

    /// Returns the top-level section that defines names of this kind, where an example may do so.
    fn section(self) -> Option<&'static str> {
        match self {
            Kind::Network => Some("networks"),
            Kind::Volume => Some("volumes"),
            Kind::Secret => Some("secrets"),
            Kind::Config => Some("configs"),
            Kind::Service | Kind::Model => None,
        }
    }

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
            (
                "services: {a: {image: x:1, volumes: ['data:/d']}}",
                "the volume `data` is not defined",
            ),
            ("services: {a: {image: x:1, secrets: [key]}}", "the secret `key` is not defined"),
            ("services: {a: {image: x:1, configs: [app]}}", "the config `app` is not defined"),
            ("services: {a: {image: x:1, models: [llm]}}", "the model `llm` is not defined"),
            ("services: {a: {image: x:1, depends_on: [b1]}}", "the service `b1` is not defined"),
            (
                "services: {a: {extends: {service: b1}, image: x:1}}",
                "the service to extend `b1` is not defined",
            ),
            (
                "services: {a: {extends: b1, image: x:1}}",
                "the service to extend `b1` is not defined",
            ),
        ] {
            assert_eq!(messages(&RULE, text), [message], "{text}");
        }
    }

    #[test]
    fn a_name_that_only_the_environment_knows_is_silent() {
        for service in [
            "depends_on: ['${D:?}']",
            "networks: ['net-${D:?}']",
            "secrets: ['${D:?}']",
            "network_mode: 'service:${D:?}'",
            "extends: {service: '${D:?}'}",
        ] {
            let text = format!("services: {{a: {{image: x:1, {service}}}, net: {{image: x:1}}}}");
            assert_eq!(messages(&RULE, &text), [""; 0], "{text}");
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
    fn every_way_to_need_a_hidden_service_is_refused() {
        for (needs, why) in [
            ("links: [db]", "to which it links"),
            ("links: ['db:store']", "to which it links"),
            ("volumes_from: ['db:ro']", "whose volumes it mounts"),
            ("network_mode: 'service:db'", "whose network it uses"),
            ("pid: 'service:db'", "which it needs"),
            ("ipc: 'service:db'", "which it needs"),
        ] {
            let project = |profiles: &str| {
                let text = format!(
                    "services: {{web: {{image: x:1, {needs}}}, db: {{image: x:1{profiles}}}}}"
                );
                messages(&RULE, &text)
            };
            let expected = format!(
                "`web` starts without a profile, but `db`, {why}, is defined only with profile `p`"
            );
            assert_eq!(project(", profiles: [p]"), [expected], "{needs}");
            assert!(project("").is_empty(), "{needs}");
        }
        let container = "services: {web: {image: x:1, volumes_from: ['container:db']}, db: {image: x:1, profiles: [p]}}";
        assert!(messages(&RULE, container).is_empty());
    }

    const SECRETS: &str = "# file: compose.yaml\nservices:\n  web: {image: x:1, secrets: [key, token]}\n  db: {image: x:1, secrets: [key]}\n";

    #[test]
    fn the_undefined_names_of_one_kind_are_one_finding() {
        let found = findings(&RULE, SECRETS);
        assert_eq!((found.len(), found[0].severity.name()), (1, "error"));
        assert_eq!(found[0].message, "the secrets `key`, `token` are not defined");
        assert_eq!(found[0].related.len(), 2);
        let near = "services:\n  a: {image: x:1, volumes: ['dta:/d', 'none:/n']}\n  b: {image: x:1, volumes: ['dta:/d']}\nvolumes: {data: }\n";
        let found = findings(&RULE, near);
        let said: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "the volume `dta` is not defined; did you mean `data`?",
                "the volume `none` is not defined"
            ]
        );
        assert_eq!(found[0].fixes[0].edits.len(), 2);
    }

    #[test]
    fn what_an_example_defines_is_to_be_copied() {
        let example = |secrets: &str| {
            let text =
                format!("{SECRETS}# file: compose.override.yaml.example\nsecrets: {{{secrets}}}\n");
            findings(&RULE, &text)
        };
        let found = example("key: {environment: KEY}, token: {environment: TOKEN}");
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
        assert_eq!(
            found[0].message,
            "the secrets `key`, `token` are not defined until somebody copies `compose.override.yaml.example` to `compose.override.yaml`"
        );
        assert_eq!(example("key: {environment: KEY}")[0].severity.name(), "error");
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
        let external = "services: {a: {image: x:1, volumes: ['data:/d'], secrets: [s], configs: [c]}}\nvolumes: {data: {external: true}}\nsecrets: {s: {external: true}}\nconfigs: {c: {external: true}}\n";
        assert!(messages(&RULE, external).is_empty());
    }

    #[test]
    fn the_long_syntaxes_are_read() {
        for body in [
            "networks: {n: {aliases: [b]}}",
            "volumes: [{type: volume, source: n, target: /d}]",
            "secrets: [{source: n, target: /s}]",
            "configs: [{source: n, target: /c}]",
            "depends_on: {n: {condition: service_healthy}}",
            "build: {context: ., secrets: [n]}",
        ] {
            let text = format!("services: {{a: {{image: x:1, {body}}}}}\n");
            assert_eq!(messages(&RULE, &text).len(), 1, "{body}");
        }
    }

    #[test]
    fn a_service_to_extend_is_looked_up_in_its_file() {
        let extends = |service: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{a: {{extends: {{file: common.yaml, service: {service}}}}}}}\n# file: common.yaml\nservices: {{base: {{image: x:1}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(extends("gone"), 1);
        assert_eq!(extends("base"), 0);
    }

    #[test]
    fn names_of_an_included_file_are_defined() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "# file: compose.yaml\ninclude: [net.yaml]\nservices: {web: {image: 'a/b:1', networks: [back]}}\n# file: net.yaml\nnetworks: {back: {}}\nservices: {db: {image: 'postgres:17', networks: [back]}}\n"
            ),
            0
        );
        assert_eq!(
            count(
                "# file: compose.yaml\ninclude: [net.yaml]\nservices: {web: {image: 'a/b:1', networks: [front]}}\n# file: net.yaml\nnetworks: {back: {}}\nservices: {db: {image: 'postgres:17', networks: [back]}}\n"
            ),
            1
        );
    }
}
