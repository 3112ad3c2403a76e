//! The aspects of a service that are compared, one by one.

mod ports;

use super::question::Question;
use crate::facts::{Backing, Pair, Why, is_engine_socket, probe_words};
use crate::knowledge::image::{ImageRef, has_variable};
use crate::model::compose::{self, FileReference, MountKind};
use crate::model::kubernetes::{Probe, Quantity, Resource, WorkloadKind};
use crate::report::phrases::first_named;
use crate::report::{Aspect, Compared, Drift, Role};
use crate::text::Span;
use ports::ports;

/// Maximum number of names in a list.
const NAMES: usize = 5;

/// Compares every aspect that the Compose service writes.
pub fn all(pair: &Pair<'_, '_>) -> Vec<Compared> {
    let all = [
        image(pair),
        command(pair),
        environment(pair),
        ports(pair),
        volumes(pair),
        health(pair),
        resources(pair),
        replicas(pair),
    ];
    all.into_iter().flatten().collect()
}

/// Both sides of an aspect before they have their places.
struct Sides {
    drift: Drift,
    compose: String,
    cluster: String,
    span: Option<Span>,
}

fn compared(aspect: Aspect, sides: Sides, cluster_span: Option<Span>) -> Compared {
    let Sides { drift, compose, cluster, span } = sides;
    Compared { aspect, drift, compose, cluster, span, cluster_span }
}

fn image(pair: &Pair<'_, '_>) -> Option<Compared> {
    let own = pair.service.model.image.as_ref()?;
    let other = pair.container.image.as_ref();
    let (drift, cluster) = match other {
        None => (Drift::Lost, "no image".to_owned()),
        Some(other) => {
            let (a, b) = (ImageRef::parse(own), ImageRef::parse(other));
            // Without a tag and a digest, `latest` is meant.
            let tag = |it: &ImageRef<'_>| match (it.tag, it.digest) {
                (None, None) => Some("latest".to_owned()),
                (tag, _) => tag.map(str::to_owned),
            };
            // A tag that is filled in later may be any.
            let is_open = [&a, &b].iter().any(|it| it.tag.is_some_and(has_variable));
            let same = a.repository() == b.repository()
                && (is_open || tag(&a) == tag(&b) && a.digest == b.digest);
            (if same { Drift::Same } else { Drift::Drifted }, format!("`{}`", other.value))
        }
    };
    let compose = format!("`{}`", own.value);
    let sides = Sides { drift, compose, cluster, span: Some(own.span) };
    Some(compared(Aspect::Image, sides, other.map(|it| it.span)))
}

/// Returns the command in backticks, or "the command of the image".
fn command_words<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.collect();
    match words[..] {
        [] => "the command of the image".to_owned(),
        _ => format!("`{}`", words.join(" ")),
    }
}

fn command(pair: &Pair<'_, '_>) -> Option<Compared> {
    let model = pair.service.model;
    let own = &pair.service.unit.start;
    let other = &pair.unit.start;
    if own.is_empty() || pair.is_other_publisher() {
        return None;
    }
    let texts = |start: &crate::facts::Start<'_>| -> Vec<String> {
        start.words.iter().map(|it| it.value.to_string()).collect()
    };
    let (a, b) = (texts(own), texts(other));
    let drift = match (a == b, b.is_empty()) {
        (true, _) => Drift::Same,
        (false, true) => Drift::Lost,
        (false, false) => Drift::Drifted,
    };
    let written = model.command.as_ref().or(model.entrypoint.as_ref());
    let sides = Sides {
        drift,
        compose: command_words(a.iter().map(String::as_str)),
        cluster: command_words(b.iter().map(String::as_str)),
        span: written.map(|it| it.span),
    };
    Some(compared(Aspect::Command, sides, other.span))
}

/// Whether each `envFrom` of the container names an object whose keys the files show.
pub fn shows_all_variables(pair: &Pair<'_, '_>) -> bool {
    use crate::model::kubernetes::EnvSource;
    let home = pair.workload.object.file;
    pair.container.env_from.iter().all(|from| {
        let Some(name) = &from.name else { return false };
        let secret = from.source == EnvSource::Secret;
        let keys = pair.facts.keys(home, pair.workload.namespace, name, secret);
        // An object without a key is filled in by something else.
        let is_shown = keys.is_some_and(|it| it.complete && !it.entries.is_empty());
        is_shown && from.prefix.is_none()
    })
}

/// Returns the value that the image of the counterpart brings for a variable, where that is the image which is built
/// for the service.
fn value_in_image(pair: &Pair<'_, '_>, name: &str) -> Option<String> {
    let is_own_image = match pair.found.why {
        Why::ImageAndName | Why::ImageAndCommand | Why::Image => true,
        Why::Name | Why::BareName | Why::Kind => false,
    };
    if is_own_image { pair.facts.variable_of_image(pair.service, name) } else { None }
}

/// Returns the variables with a value that the counterpart does not get by any route that the files show: from the
/// manifest, or from the image.
pub fn missing_variables<'p>(pair: &'p Pair<'_, '_>) -> Vec<&'p str> {
    let wanted = pair.service.model.environment.iter().filter(|it| it.value.is_some());
    let names = wanted.map(|it| it.name.value.as_str());
    let is_missing = |name: &&str| {
        pair.unit.var(name).is_none()
            && !pair.unit.is_set_by_argument(name)
            && value_in_image(pair, name).is_none()
    };
    names.filter(is_missing).collect()
}

/// Compares variables by name, and their values where both sides show them. Values are never repeated, since
/// they may be credentials.
pub fn environment(pair: &Pair<'_, '_>) -> Option<Compared> {
    if pair.is_other_publisher() {
        return None;
    }
    let wanted: Vec<&compose::EnvVar> =
        pair.service.model.environment.iter().filter(|it| it.value.is_some()).collect();
    let first = wanted.first()?;
    let missing = missing_variables(pair);
    let different: Vec<&str> = wanted
        .iter()
        .filter(|it| {
            let own = it.value.as_ref().map(|value| value.as_str());
            let name = it.name.value.as_str();
            let in_image = || value_in_image(pair, name).filter(|_| pair.unit.var(name).is_none());
            let other = pair.unit.value(name).map(str::to_owned).or_else(in_image);
            !it.interpolated && other.is_some() && other.as_deref() != own
        })
        .map(|it| it.name.value.as_str())
        .collect();
    let hidden = !shows_all_variables(pair);
    let drift = match (missing.is_empty(), different.is_empty()) {
        (true, true) => Drift::Same,
        (false, _) if !hidden => Drift::Lost,
        (_, _) => Drift::Drifted,
    };
    let count = wanted.len() - missing.len();
    let noun = if wanted.len() == 1 { "variable" } else { "variables" };
    let mut cluster = format!("{count} of {} {noun}", wanted.len());
    if !missing.is_empty() {
        let may = if hidden { "may come from `envFrom`" } else { "missing" };
        cluster.push_str(&format!("; {may}: {}", first_named(&missing, NAMES)));
    }
    if !different.is_empty() {
        cluster.push_str(&format!("; other values: {}", first_named(&different, NAMES)));
    }
    let compose = format!("{} {noun}", wanted.len());
    let sides = Sides { drift, compose, cluster, span: Some(first.span) };
    let place = pair.container.env_place.map(|it| it.span);
    Some(compared(Aspect::Environment, sides, place))
}

/// A mount of a Compose service for which its counterpart needs an equivalent.
struct Wanted {
    path: String,
    content: Content,
    span: Span,
}

/// What a mount must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Data that outlives the container.
    Data,
    /// Files that are there before the container starts.
    Files,
    /// A secret or a config.
    Delivered,
}

impl Content {
    /// Whether what backs a path brings this content.
    fn is_in(self, backing: Backing<'_>) -> bool {
        match (self, backing) {
            (_, Backing::Unknown | Backing::Anonymous | Backing::Memory | Backing::Scratch) => {
                false
            }
            (Content::Files | Content::Delivered, Backing::Config) => true,
            // A CSI driver may deliver secrets.
            (Content::Delivered, Backing::Network) => true,
            (Content::Delivered, _) | (Content::Data, Backing::Config) => false,
            (Content::Data | Content::Files, _) => true,
        }
    }
}

/// Returns the mounts that the cluster needs too. Sources that a bind mount lays over the image are for
/// development.
fn wanted(pair: &Pair<'_, '_>) -> Vec<Wanted> {
    let service = pair.service;
    let model = service.model;
    let mut all = Vec::new();
    for mount in &model.volumes {
        let needed = match mount.kind {
            MountKind::Volume | MountKind::Cluster => true,
            MountKind::Bind => {
                let socket = mount.source.as_ref().is_some_and(|it| is_engine_socket(it));
                let sources = service.covered_sources(mount).is_some();
                let development = service.role == Role::Development && service.is_built();
                !(socket || sources || development)
            }
            MountKind::Anonymous | MountKind::Tmpfs | MountKind::Npipe | MountKind::Image => false,
        };
        if needed {
            let content =
                if mount.kind == MountKind::Bind { Content::Files } else { Content::Data };
            all.push(Wanted { path: mount.target.to_string(), content, span: mount.span });
        }
    }
    let files =
        [(&model.secrets, FileReference::SECRETS), (&model.configs, FileReference::CONFIGS)];
    for (references, folder) in files {
        for it in references {
            let path = it.path(folder);
            all.push(Wanted { path, content: Content::Delivered, span: it.span });
        }
    }
    all
}

fn volumes(pair: &Pair<'_, '_>) -> Option<Compared> {
    let wanted = wanted(pair);
    let first = wanted.first()?.span;
    let drift_of = |it: &Wanted| match pair.backing(&it.path) {
        None => Drift::Lost,
        Some(backing) if it.content.is_in(backing) => Drift::Same,
        Some(_) => Drift::Drifted,
    };
    let drift = wanted.iter().map(drift_of).max().unwrap_or(Drift::Same);
    let paths: Vec<&str> = wanted.iter().map(|it| it.path.as_str()).collect();
    let words = |it: &Wanted| {
        format!("{} at `{}`", pair.mounted_words(&it.path), pair.path_in_cluster(&it.path))
    };
    let mut cluster: Vec<String> = wanted.iter().take(NAMES).map(words).collect();
    if wanted.len() > NAMES {
        cluster.push(format!("{} more", wanted.len() - NAMES));
    }
    let sides = Sides {
        drift,
        compose: first_named(&paths, NAMES),
        cluster: cluster.join(", "),
        span: Some(first),
    };
    Some(compared(Aspect::Volumes, sides, pair.container.mounts_place.map(|it| it.span)))
}

fn health(pair: &Pair<'_, '_>) -> Option<Compared> {
    let check = pair.service.model.healthcheck.as_ref().filter(|it| !it.disabled)?;
    let container = pair.container;
    let probes: [(&str, &Option<Box<Probe>>); 3] = [
        ("readiness", &container.readiness),
        ("liveness", &container.liveness),
        ("startup", &container.startup),
    ];
    let written: Vec<String> = probes
        .iter()
        .filter_map(|(name, probe)| {
            let asked = probe_words(probe.as_deref()?);
            Some(format!("a {name} probe ({asked})"))
        })
        .collect();
    let asked = check.test.as_ref().and_then(Question::of_test);
    let drift = match (&container.readiness, written.is_empty()) {
        (_, true) => Drift::Lost,
        (Some(ready), false)
            if asked.is_some() && asked == Question::of_probe(ready, container) =>
        {
            Drift::Same
        }
        // A liveness probe alone restarts what a healthcheck would only have marked.
        (_, false) => Drift::Drifted,
    };
    let compose = match &check.test {
        Some(test) => format!("`{}`", test.joined()),
        None => "the check of the image with other times".to_owned(),
    };
    let cluster = match &written[..] {
        [] => "no probe".to_owned(),
        all => all.join(" and "),
    };
    let place = probes.iter().find_map(|it| it.1.as_ref()).map(|it| it.place.span);
    let sides = Sides { drift, compose, cluster, span: Some(check.span) };
    Some(compared(Aspect::Health, sides, place))
}

/// An amount that the Compose service states, beside the field that stands for it.
struct Amount<'p> {
    field: &'static str,
    /// Thousandths of a byte or of a CPU.
    milli: i128,
    own: String,
    other: Option<&'p Resource>,
    span: Span,
}

fn amounts<'p>(pair: &Pair<'_, 'p>) -> Vec<Amount<'p>> {
    let model = pair.service.model;
    let resources = pair.container.resources.as_ref();
    let limit = |name: &str| resources.and_then(|it| it.limit(name));
    let request = |name: &str| resources.and_then(|it| it.request(name));
    let mut all = Vec::new();
    for (field, own, other) in [
        ("limits.memory", model.memory_limit(), limit("memory")),
        ("requests.memory", model.memory_reservation(), request("memory")),
    ] {
        all.extend(own.map(|own| {
            let milli = i128::from(own.value) * 1000;
            Amount { field, milli, own: bytes(own.value), other, span: own.span }
        }));
    }
    let reserved = model.deploy.as_ref().and_then(|it| it.reservations.as_ref()?.cpus);
    for (field, own, other) in [
        ("limits.cpu", model.cpu_limit(), limit("cpu")),
        ("requests.cpu", reserved, request("cpu")),
    ] {
        all.extend(own.map(|own| {
            let milli = (own.value * 1000.0).round() as i128;
            Amount { field, milli, own: own.value.to_string(), other, span: own.span }
        }));
    }
    all
}

/// Returns bytes in the largest unit that represents them exactly.
fn bytes(amount: i64) -> String {
    for (unit, size) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if amount % size == 0 {
            return format!("{}{unit}", amount / size);
        }
    }
    amount.to_string()
}

fn resources(pair: &Pair<'_, '_>) -> Option<Compared> {
    let amounts = amounts(pair);
    let first = amounts.first()?.span;
    let drift_of = |it: &Amount<'_>| match it.other {
        None => Drift::Lost,
        Some(other) if other.quantity == Some(Quantity { milli: it.milli }) => Drift::Same,
        Some(_) => Drift::Drifted,
    };
    let drift = amounts.iter().map(drift_of).max().unwrap_or(Drift::Same);
    let own: Vec<String> = amounts.iter().map(|it| format!("`{}: {}`", it.field, it.own)).collect();
    let other = |it: &Amount<'_>| match it.other {
        Some(other) => format!("`{}: {}`", it.field, other.raw.value),
        None => format!("no `{}`", it.field),
    };
    let cluster: Vec<String> = amounts.iter().map(other).collect();
    let sides =
        Sides { drift, compose: own.join(", "), cluster: cluster.join(", "), span: Some(first) };
    let place = pair.container.resources.as_ref().map(|it| it.place.span);
    Some(compared(Aspect::Resources, sides, place))
}

/// Compares the number of containers where the Compose service states one. An autoscaler may choose the same.
fn replicas(pair: &Pair<'_, '_>) -> Option<Compared> {
    let model = pair.service.model;
    let own = model.scale.or(model.deploy.as_ref().and_then(|it| it.replicas))?;
    let range = pair.facts.replica_range(pair.workload);
    let drift = match range {
        Some((least, most)) if (least..=most).contains(&own.value) => Drift::Same,
        Some(_) | None => Drift::Drifted,
    };
    let cluster = match range {
        Some((least, most)) if least == most => least.to_string(),
        Some((least, most)) => format!("{least} to {most}"),
        None if pair.workload.kind() == WorkloadKind::DaemonSet => "one on each node".to_owned(),
        None => "a number that the files do not say".to_owned(),
    };
    let compose = own.value.to_string();
    let sides = Sides { drift, compose, cluster, span: Some(own.span) };
    let place = pair.workload.model.replicas.as_ref().map(|it| it.span);
    Some(compared(Aspect::Replicas, sides, place))
}
