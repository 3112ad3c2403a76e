use crate::facts::{
    Counterpart, Facts, Namesakes, Releases, Service, Unit, Var, VarSource, Workload,
};
use crate::knowledge::env::{
    is_environment_switch, is_place, is_platform_only, is_without_effect, link_prefix,
    repeats_a_port, setting_of, switch,
};
use crate::knowledge::families::by_id;
use crate::report::{Confidence, Finding, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

rule! {
    /// One side, Compose or the cluster, sets variables that the other does not.
    ///
    /// ## Why it hurts
    /// The program falls back to a default that nobody chose, on one side only. That is how a cache
    /// ends up switched off in production, or mail goes to the test server.
    ///
    /// ## What helps
    /// Keep one list of variables for both sides: in Compose through `environment` or `env_file`,
    /// in Kubernetes through a ConfigMap or Secret with `envFrom`.
    ///
    /// ## How to troubleshoot
    /// Print the sorted environment of both containers and compare.
    ///
    /// ## When to ignore
    /// Where the image sets the variable by itself, or one side does without the feature on purpose.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment: # <- Compose sets `CACHE_URL`, `MAIL_HOST` for `web`, but container `web` of Deployment `web` gets none of them
    ///       CACHE_URL: redis://cache:6379
    ///       MAIL_HOST: smtp.acme.example
    ///       LOG_LEVEL: info
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1
    ///           env: [{ name: LOG_LEVEL, value: info }]
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       LOG_LEVEL: info
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1
    ///           env: [{ name: LOG_LEVEL, value: info }]
    /// ```
    PLM506 "env-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

/// The names that only Compose sets and those that only the cluster sets, for one pair.
struct Drift<'f, 'a> {
    pair: &'f Counterpart,
    here: Vec<&'f Var<'a>>,
    there: Vec<&'f Var<'a>>,
    weight: Weight,
    releases: Releases,
    /// Whether all of them choose between what each side has.
    is_choice: bool,
}

/// How much it matters that one side lacks a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Nothing changes: it belongs to one platform, repeats a default, or is for another container.
    Low,
    /// The image may well say the same by itself.
    Medium,
    High,
}

/// What pairs with the same drift have in common: one list of variables that somebody forgot to carry over.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'f> {
    part: usize,
    severity: Severity,
    here: Vec<&'f str>,
    there: Vec<&'f str>,
    accepted_at: Option<Span>,
    /// Whether the releases of the two sides may be all that differs.
    is_of_release: bool,
    /// Whether the variables choose between what each side has.
    is_choice: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    let others = Namesakes::new(facts);
    let mut causes: IndexMap<Cause<'_>, Vec<Drift<'_, '_>>, FxBuildHasher> = IndexMap::default();
    let alike = facts.counterparts().iter().filter(|pair| !facts.is_other_publisher(pair));
    for drift in alike.filter_map(|pair| drift_of(facts, pair, &others)) {
        if let Some(span) = drift.span(facts) {
            causes.entry(drift.cause(facts, span)).or_default().push(drift);
        }
    }
    for (cause, drifts) in causes {
        let Some((first, others)) = drifts.split_first() else { continue };
        let Some(finding) = report(facts, first, out) else { continue };
        finding.confidence(Confidence::Likely).severity(cause.severity);
        if cause.is_of_release {
            finding.cause("another release").why(
                "By the tags of their images, the two sides may run different releases. A variable that one \
                 release reads may mean nothing to the other; once both run the same, the program falls back to a \
                 default on the side that lacks it.",
            );
        }
        if cause.is_choice {
            finding
                .cause("another back end")
                .why("The two sides use different back ends, each with a switch of its own. That may be intended, but a test on one side says nothing about the back end of the other.")
                .help("If both sides should run the same back end, set the same switches on both. Otherwise keep the difference, and test each side separately.");
        }
        let others = others.iter().filter_map(|it| {
            let (service, _, unit) = facts.pair(it.pair);
            Some((it.span(facts)?, format!("the same for `{}` and {}", service.name, unit.label)))
        });
        finding.stands_for(&others.collect::<Vec<_>>());
    }
}

/// Returns the variables of a pair that only one side sets, of those that matter most.
fn drift_of<'f, 'a>(
    facts: &'f Facts<'a>,
    pair: &'f Counterpart,
    others: &Namesakes<'_>,
) -> Option<Drift<'f, 'a>> {
    let (service, workload, unit) = facts.pair(pair);
    let (mut here, mut there) = (Vec::new(), Vec::new());
    if !facts.has_unknown_source(workload, workload.container(pair.unit)) {
        here = missing(&service.unit, unit);
        // A bare name that nothing sets is not passed to the container.
        here.retain(|it| it.value.is_some() && !others.sets_in_cluster(facts, pair, it.name));
    }
    // What a Job takes from the ConfigMap of all is mostly for the others.
    let is_for_others = |it: &Var<'_>| {
        workload.kind().is_job() && matches!(it.source, VarSource::ConfigMap | VarSource::Secret)
    };
    if service.model.env_files.iter().all(|it| it.file.is_some()) {
        there = missing(unit, &service.unit);
        there.retain(|it| !is_for_others(it));
        there
            .retain(|it| !unit.refers_to(it.name) && !others.sets_in_compose(facts, pair, it.name));
    }
    let releases = Releases::of(&service.unit, unit);
    let is_important =
        |it: &&&Var<'_>| !makes_no_difference(it) && !facts.is_in_copied_dot_env(service, it.name);
    let important = here.iter().chain(&there).filter(is_important).count();
    // A newer release may bring the variable, or need it no more.
    let most = match releases {
        Releases::Different => Weight::Medium,
        Releases::Unknown if important == 1 => Weight::Medium,
        Releases::Unknown | Releases::Same => Weight::High,
    };
    let chooses_here = |it: &Var<'_>| {
        chooses_back_end(it, unit, &service.unit) || switches_on_store(facts, it, pair)
    };
    let chooses_there = |it: &Var<'_>| {
        chooses_back_end(it, &service.unit, unit) || switches_on_store(facts, it, pair)
    };
    let weigh_here = |it: &&Var<'_>| match it.source {
        // A file for many services sets more than each of them reads.
        VarSource::EnvFile if others.share_env_file(facts, service, it) => Weight::Low,
        _ if chooses_here(it) => weight_here(service, it).min(Weight::Medium),
        _ => weight_here(service, it).min(most),
    };
    let weigh_there = |it: &&Var<'_>| match facts.is_in_copied_dot_env(service, it.name) {
        true => Weight::Low,
        // An object for many programs sets more than each of them reads.
        false if others.share_object(it) => Weight::Low,
        false if chooses_there(it) => weight_there(workload, unit, it).min(Weight::Medium),
        false => weight_there(workload, unit, it).min(most),
    };
    let is_for_all = |it: &&Var<'_>| others.is_for_all(facts, service, it);
    if here.iter().chain(&there).all(is_for_all) {
        return None;
    }
    let weight = here.iter().map(weigh_here).chain(there.iter().map(weigh_there)).max()?;
    here.retain(|it| weigh_here(it) == weight);
    there.retain(|it| weigh_there(it) == weight);
    let is_choice = weight == Weight::Medium
        && here.iter().all(|it| chooses_here(it))
        && there.iter().all(|it| chooses_there(it));
    Some(Drift { pair, here, there, weight, releases, is_choice })
}

/// Whether a variable is one of several switches of which a program takes one: `USE_LOCAL_LLM=true` on one side,
/// and `USE_AZURE_OPENAI=true` on the other alone.
fn chooses_back_end(variable: &Var<'_>, other_side: &Unit<'_>, own_side: &Unit<'_>) -> bool {
    let is_on =
        |it: &Var<'_>| it.name.starts_with("USE_") && it.value.and_then(switch) == Some(true);
    let is_only_there = |it: &&Var<'_>| own_side.var(it.name).is_none_or(|own| !is_on(own));
    is_on(variable) && other_side.env.iter().filter(|it| is_on(it)).any(|it| is_only_there(&it))
}

/// Whether a variable switches on the use of a store that only one of the two sides has: `SESSION_REDIS=true`.
fn switches_on_store(facts: &Facts, variable: &Var<'_>, pair: &Counterpart) -> bool {
    if variable.value.and_then(switch) != Some(true) {
        return false;
    }
    let (service, workload, _) = facts.pair(pair);
    let runs = |unit: &Unit<'_>, id: &str| unit.family().is_some_and(|it| it.id == id);
    let in_compose = |id: &str| facts.siblings(service).iter().any(|it| runs(&it.unit, id));
    let part = facts.part_of(workload.object.file);
    let in_cluster = |id: &str| {
        let near = facts.workloads().iter().filter(|it| facts.part_of(it.object.file) == part);
        near.flat_map(|it| &it.units).any(|it| runs(it, id))
    };
    let name = variable.name.to_ascii_lowercase();
    let stores = name.split('_').filter_map(by_id).filter(|it| it.is_data_store());
    stores.map(|it| it.id).any(|id| in_compose(id) != in_cluster(id))
}

/// Returns how much a variable matters that only Compose sets.
fn weight_here(service: &Service<'_>, variable: &Var<'_>) -> Weight {
    let ports = service.listens_on();
    let is_low = is_platform_only(variable.name)
        || repeats_a_port(variable.name, variable.value, &ports)
        || makes_no_difference(variable);
    if is_low { Weight::Low } else { Weight::High }
}

/// Whether a program does the same without a variable.
fn makes_no_difference(variable: &Var<'_>) -> bool {
    match variable.value {
        Some(value) => is_without_effect(variable.name, value),
        // A variable without a value, as opposed to one whose value is kept elsewhere.
        None => variable.source == VarSource::Inline,
    }
}

/// Returns how much a variable matters that only the cluster sets. The image may well say by itself in which
/// environment it runs, and may have the addresses that fit Compose.
fn weight_there(workload: &Workload<'_>, unit: &Unit<'_>, variable: &Var<'_>) -> Weight {
    let name = variable.name;
    let listed = workload.running().flat_map(|it| &it.1.ports).filter_map(|it| it.container_port);
    let mut ports: Vec<u16> = listed.filter_map(|it| u16::try_from(it.value).ok()).collect();
    ports.extend(unit.family().into_iter().flat_map(|it| it.ports()));
    let is_for_neighbour = workload.units.iter().any(|it| {
        let prefix = format!("{}_", link_prefix(it.name));
        it.site != unit.site && it.var(name).is_some() && name.starts_with(&prefix)
    });
    let is_low = is_platform_only(name)
        || is_for_neighbour
        || repeats_a_port(variable.name, variable.value, &ports)
        || makes_no_difference(variable);
    if is_low {
        Weight::Low
    } else if is_environment_switch(name) || is_place(name) {
        Weight::Medium
    } else {
        Weight::High
    }
}

impl<'f, 'a> Drift<'f, 'a> {
    /// Returns the place of the finding; `None` where the two sides set the same names.
    fn span(&self, facts: &Facts) -> Option<Span> {
        let (service, ..) = facts.pair(self.pair);
        let Some(first) = self.here.first() else {
            return self.there.first().map(|it| it.name_span);
        };
        let is_list = self.here.len() > 1 && first.source == VarSource::Inline;
        let block = service.model.key("environment").filter(|_| is_list);
        Some(block.map_or(first.name_span, |it| it.name.span))
    }

    fn cause(&self, facts: &Facts<'a>, span: Span) -> Cause<'f> {
        let (service, workload, unit) = facts.pair(self.pair);
        let sorted = |vars: &[&'f Var<'a>]| {
            let mut names: Vec<&'f str> = vars.iter().map(|it| it.name).collect();
            names.sort_unstable();
            names
        };
        let accepted = facts.stands_alone(span, &|selector| RULE.is(selector));
        Cause {
            part: facts.part_of(workload.object.file),
            severity: match self.weight {
                Weight::Low => Severity::Hint,
                Weight::Medium => Severity::Info,
                Weight::High => severity(service, unit, facts.object_role(workload.object)),
            },
            here: sorted(&self.here),
            there: sorted(&self.there),
            accepted_at: accepted.then_some(span),
            is_choice: self.is_choice,
            is_of_release: self.weight == Weight::Medium
                && !self.is_choice
                && match self.releases {
                    Releases::Different => true,
                    Releases::Unknown => self.here.len() + self.there.len() == 1,
                    Releases::Same => false,
                },
        }
    }
}

/// Reports the variables that only Compose sets and those that only the cluster sets, in one finding.
fn report<'f>(
    facts: &Facts,
    drift: &Drift<'_, '_>,
    out: &'f mut Findings,
) -> Option<&'f mut Finding> {
    let Drift { pair, here, there, .. } = drift;
    let (service, workload, unit) = facts.pair(pair);
    let name = service.name;
    let span = drift.span(facts)?;
    let message = match here.as_slice() {
        [] => format!(
            "{} gets {}, but service `{name}` in Compose {}",
            unit.label,
            names(there),
            lacks(there)
        ),
        _ => {
            let mut message = format!(
                "Compose sets {} for `{name}`, but {} {}",
                names(here),
                unit.label,
                lacks(here)
            );
            if !there.is_empty() {
                message
                    .push_str(&format!(", and gets {}, which Compose does not set", names(there)));
            }
            message
        }
    };
    let finding = out.at(&span, message);
    let counterpart = format!("the counterpart, matched by {}", pair.why.says());
    if here.is_empty() {
        finding.also(&service.span(), counterpart);
    } else {
        finding.also(&workload.container(pair.unit).span(), counterpart);
        if let Some(first) = there.first() {
            finding.also(&first.name_span, format!("only the cluster sets `{}`", first.name));
        }
    }
    for (workload, other) in facts.other_forms(pair) {
        let form = format!("another form of {}, which is not compared", workload.label);
        finding.also(&other.image_or_name(), form);
    }
    // Nobody can look into a Job that has ended.
    let cluster = Some(unit).filter(|_| !workload.kind().is_job());
    for unit in [Some(&service.unit), cluster].into_iter().flatten() {
        finding.check(match (here.as_slice(), there.as_slice()) {
            ([only], []) | ([], [only]) => facts.show_variable(unit, only.name),
            _ => facts.show_environment(unit),
        });
    }
    Some(finding)
}

/// Returns the variables that only `here` has.
fn missing<'u, 'a>(here: &'u Unit<'a>, other: &Unit<'a>) -> Vec<&'u Var<'a>> {
    let there: FxHashSet<String> = other.env.iter().map(|it| setting_of(it.name)).collect();
    here.env
        .iter()
        .filter(|var| var.source != VarSource::Field)
        .filter(|var| !there.contains(&setting_of(var.name)))
        .filter(|var| !other.is_set_by_argument(var.name))
        .collect()
}

/// Maximum number of variables that a message names.
const MAX_NAMES: usize = 8;

fn names(vars: &[&Var<'_>]) -> String {
    let mut shown: Vec<String> =
        vars.iter().take(MAX_NAMES).map(|var| format!("`{}`", var.name)).collect();
    if vars.len() > MAX_NAMES {
        shown.push(format!("and {} more", vars.len() - MAX_NAMES));
    }
    shown.join(", ")
}

/// Returns the end of the message, for one variable or several.
fn lacks(vars: &[&Var<'_>]) -> &'static str {
    if vars.len() == 1 { "does not get it" } else { "gets none of them" }
}

/// Returns the severity of a drift, lower where differences are normal: the chart of a public product often
/// sets other variables than its Compose file.
fn severity(service: &Service<'_>, unit: &Unit<'_>, role: Role) -> Severity {
    let is_development = service.role == Role::Development || role == Role::Development;
    let is_public = service.unit.family().or(unit.family()).is_some();
    match is_development || is_public {
        true => Severity::Info,
        false => Severity::Warning,
    }
}

#[cfg(test)]
mod tests;
