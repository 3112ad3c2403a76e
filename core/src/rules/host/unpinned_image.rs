use crate::facts::{
    Backing, Change, DocumentedVariables, Facts, Image, Mounted, Part, Purpose, Service, Unit,
    braces, in_shell,
};
use crate::knowledge::end_of_life::withdrawal_of;
use crate::knowledge::families::Class;
use crate::knowledge::image::{Pin, is_official};
use crate::report::{Confidence, Findings, Kind, Precedence, Role, Severity, TargetKind};
use crate::rules::rule;
use crate::text::{FileId, Span, folder_of, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

rule! {
    /// An image has no tag, or a tag that its owner moves from version to version.
    ///
    /// ## Why it hurts
    /// A restart on another machine brings another version, a bad release has no named predecessor to
    /// go back to, and a new major version may refuse the data of the old one, or convert it for good.
    ///
    /// ## What helps
    /// A version as exact as the image offers, and a tool that proposes updates to it. A digest is
    /// the firmest pin.
    ///
    /// ## How to troubleshoot
    /// `docker image inspect --format '{{.RepoDigests}} {{.Created}}' IMAGE`, or the Pod's
    /// `status.containerStatuses`, shows which image is really running.
    ///
    /// ## When to ignore
    /// Where the newest build is what you want, as on a machine for trying things out, or where something
    /// else pins the image, such as a registry of your own that you fill by hand.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres # <- `postgres` has no tag, which means `latest`: what runs depends on when it was pulled (and 1 more like it)
    ///   web:
    ///     image: ghcr.io/acme/web:${TAG:-latest}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///   web:
    ///     image: ghcr.io/acme/web:${TAG:?set a release}
    /// ```
    PLM801 "unpinned-image" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let elsewhere = Elsewhere::new(facts);
    let built = built_images(facts);
    let documented = DocumentedVariables::new(facts);
    // What is pinned in one go is reported once.
    let mut causes: IndexMap<Cause<'_>, Vec<(&Unit<'_>, &Image<'_>)>, FxBuildHasher> =
        IndexMap::default();
    for unit in facts.units() {
        let Some(image) = &unit.image else { continue };
        let is_unpinned = matches!(image.pin, Pin::Absent | Pin::Moving)
            && !image.text.is_empty()
            && !image.text.ends_with(':');
        // On the machine of a developer the newest image is mostly what is wanted.
        if !is_unpinned
            || is_placeholder(facts, unit, image)
            || facts.unit_role(unit) == Role::Development
            || is_local(facts, unit, &built)
            || elsewhere.builds(facts, unit, image)
            || is_built_by_hand(unit, image)
            || documented.pins(facts, unit, image)
            // What was withdrawn has no better tag, and is reported by PLM812.
            || withdrawal_of(image.text).is_some()
        {
            continue;
        }
        let all = causes.entry(Cause::of(facts, unit, image)).or_default();
        if all.iter().all(|(_, other)| other.span != image.span) {
            all.push((unit, image));
        }
    }
    for mut all in causes.into_values() {
        // Data leads, then the first file; within a file the order of the keys says nothing.
        if let Some(file) = all.first().map(|(_, image)| image.span.file) {
            all.sort_by_cached_key(|(unit, image)| {
                // The Pods of a Job are gone when somebody looks.
                let is_job = facts.workload_of(unit).is_some_and(|it| it.kind().is_job());
                let is_worse = (is_in_swarm(facts, unit), !is_store(unit), is_job);
                let place = (image.span.file != file, image.span.file);
                (is_worse, place, unit.label.clone(), image.span)
            });
        }
        report(facts, &all, &elsewhere, out);
    }
}

/// Reports images that are pinned in one go: one image in many places, or several images of one publisher.
fn report<'a>(
    facts: &Facts<'a>,
    all: &[(&Unit<'a>, &Image<'a>)],
    elsewhere: &Elsewhere<'_>,
    out: &mut Findings,
) {
    let Some((&(unit, image), others)) = all.split_first() else { return };
    let text = facts.image_to_show(unit, image);
    let rest = "what runs depends on when it was pulled";
    let is_missing = !names_a_version(image) && WITHOUT_LATEST.contains(&&*image.repository);
    let message = if is_missing {
        format!("`{text}` names no version, and there is no `latest` of it: it cannot be pulled")
    } else if image.pin == Pin::Moving {
        format!("the tag of `{text}` moves: {rest}")
    } else {
        format!("`{text}` has no tag, which means `latest`: {rest}")
    };
    let set_at = set_at(facts, unit, image);
    let finding = out.at(&set_at.unwrap_or(image.span), message);
    if set_at.is_some() {
        finding.subject(facts.subject_at(image.span));
        finding.also(&image.span, "the image is used here");
    }
    if facts.purpose_of(image.span.file) != Purpose::Production {
        finding.severity(Severity::Info);
    }
    let is_given = |unit: &Unit<'_>, image: &Image<'_>| {
        // A kustomization that sets `latest` itself gives the image no other tag.
        let is_set_here = facts.file(image.span.file).kind == Kind::Kustomization;
        !unit.is_compose() && !is_set_here && {
            let part = facts.part_of(image.span.file);
            elsewhere.tagged.contains(&(part, without_latest(image.text)))
        }
    };
    let is_given_here = all.iter().all(|(unit, image)| is_given(unit, image));
    if is_given_here {
        finding.severity(Severity::Info).confidence(Confidence::Possible);
    }
    let is_within_version = all.iter().all(|(_, image)| names_a_version(image));
    let is_helper = all.iter().all(|(unit, _)| is_helper(unit));
    let is_pinned_by_swarm = all.iter().all(|(unit, _)| is_in_swarm(facts, unit));
    let is_chosen = all.iter().all(|(unit, _)| {
        let service = facts.service_of(unit).filter(|_| !is_store(unit));
        service.is_some_and(|it| facts.is_watched(it) || is_optional(facts, it))
    });
    if is_within_version || is_helper || is_pinned_by_swarm || is_chosen {
        finding.severity(Severity::Info);
    }
    // An application without versions has one habit to change.
    finding.cause(match (is_missing, is_given_here, is_within_version) {
        (true, ..) => "no such tag",
        (false, true, _) => "tagged elsewhere",
        (false, false, true) => "moves within a version",
        (false, false, false) if is_chosen => "moves on purpose",
        (false, false, false) => "no versions",
    });
    let is_same = |other: &Image<'_>| without_latest(other.text) == without_latest(image.text);
    // Each place counts, and each of the other images is named before the same one is named again.
    let mut seen: FxHashSet<&str> = FxHashSet::from_iter([without_latest(image.text)]);
    let (new, again): (Vec<_>, Vec<_>) =
        others.iter().partition(|(_, other)| seen.insert(without_latest(other.text)));
    let places: Vec<(Span, String)> = new
        .into_iter()
        .chain(again)
        .filter(|(_, other)| Some(other.span) != set_at)
        .map(|(unit, other)| {
            let name = || without_latest(facts.image_to_show(unit, other));
            let what = match is_same(other) {
                true => "the same image again".to_owned(),
                false => format!("`{}` has no version either", name()),
            };
            (other.span, what)
        })
        .collect();
    finding.stands_for(&places);
    let fetched = FETCHED_AT_START.iter().find(|(it, _)| *it == image.repository);
    if is_missing {
        finding.why("Its publisher tags releases only. A machine that has the image from before goes on, and every new one fails with \"manifest unknown\".");
    } else if let Some((_, variable)) = fetched {
        finding.why(format!("The image fetches its program each time the container starts: without `{variable}` that is the newest release, whatever the tag of the image says, and what it has done to the data cannot be taken back."));
        finding.help(format!("Set `{variable}` to a release, and give the image a tag."));
    } else if is_pinned_by_swarm {
        finding.why("Swarm looks the tag up when the stack is deployed, and every node then runs that build. The next deployment brings whatever the tag means by then, and nothing in the file names the build to go back to.");
    } else if !all.iter().any(|(unit, _)| keeps_data(facts, unit)) {
        finding.why(WITHOUT_DATA);
    }
    finding.check(match is_missing {
        true => format!("docker pull {}", in_shell(text)),
        false => facts.digest_command(unit),
    });
    finding.precedence(if is_pinned_by_swarm {
        Precedence::Last
    } else if is_store(unit) {
        Precedence::First
    } else {
        Precedence::Usual
    });
}

/// Images without a tag `latest`. Source: the pages of the images on Docker Hub ("The `latest` tag is not
/// supported"), such as <https://hub.docker.com/_/elasticsearch>.
const WITHOUT_LATEST: [&str; 3] = ["elasticsearch", "kibana", "logstash"];

/// Images that fetch their program at each start, with the variable that names its version.
/// Source: <https://docker-minecraft-server.readthedocs.io/en/latest/versions/minecraft/>, read on 2026-11-30.
const FETCHED_AT_START: [(&str, &str); 2] =
    [("itzg/minecraft-server", "VERSION"), ("itzg/minecraft-bedrock-server", "VERSION")];

/// Whether losing the data of a container loses something.
fn is_store(unit: &Unit<'_>) -> bool {
    unit.family().is_some_and(|it| it.persistent)
}

/// Whether a container keeps data that a new version may refuse. Compose hands the anonymous volumes of a store
/// over to its next container; a Pod keeps only what it mounts.
fn keeps_data<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> bool {
    let is_lasting = |mount: &Mounted<'_>| match mount.backing {
        Backing::Volume(_) | Backing::Claim(..) | Backing::ClaimTemplate(_) | Backing::Network => {
            true
        }
        Backing::Host(_) => is_store(unit) && !mount.read_only,
        Backing::Anonymous
        | Backing::Memory
        | Backing::Scratch
        | Backing::Config
        | Backing::Unknown => false,
    };
    let is_kept_by_compose = facts.service_of(unit).is_some() && is_store(unit);
    is_kept_by_compose || facts.mounted(unit).iter().any(is_lasting)
}

/// Whether a container is an init container with the tools of a base image, which copies files or waits.
fn is_helper(unit: &Unit<'_>) -> bool {
    unit.part == Part::Init && unit.family().is_some_and(|it| it.class == Class::Base)
}

fn is_in_swarm<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> bool {
    facts.service_of(unit).is_some_and(|it| facts.is_for_swarm(it))
}

/// Whether a tag that moves names a version all the same: `2022-latest`, `latest-v24.2`.
fn names_a_version(image: &Image<'_>) -> bool {
    let starts = |tag: &str| tag.starts_with(|it: char| it.is_ascii_digit());
    image.tag.is_some_and(|tag| {
        let behind = tag.strip_prefix("latest-").map(|it| it.strip_prefix('v').unwrap_or(it));
        starts(tag) || behind.is_some_and(starts)
    })
}

/// Whether a service is a helper that somebody starts on purpose, with a profile, and that no other one needs.
fn is_optional<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    service.has_profile() && facts.waiters(service).next().is_none()
}

/// Whether an image without a registry and an owner is none that everybody knows: somebody builds the image by hand,
/// and there is nothing to pull.
fn is_built_by_hand(unit: &Unit<'_>, image: &Image<'_>) -> bool {
    unit.is_compose()
        && !image.text.contains('/')
        && image.family.is_none()
        && !is_official(&image.repository)
}

/// Why a moving image hurts that keeps no data.
const WITHOUT_DATA: &str = "A restart on another machine brings another version, and a bad release has no named predecessor to go back to.";

/// Returns an image without the tag that a missing one means.
fn without_latest(image: &str) -> &str {
    image.strip_suffix(":latest").unwrap_or(image)
}

/// What is pinned in one go: the images of one publisher, or one image without a publisher, in a Compose
/// project, in a target or in the manifests of one application.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'a> {
    /// `None` where one value elsewhere is the tag of all, which several projects may share.
    change: Option<Change>,
    set_at: Option<Span>,
    name: &'a str,
    /// Where a comment accepts the finding, which does not cover the same image elsewhere.
    accepted_at: Option<Span>,
}

impl<'a> Cause<'a> {
    fn of(facts: &Facts<'a>, unit: &Unit<'a>, image: &'a Image<'a>) -> Cause<'a> {
        let span = image.span;
        let accepted = facts.stands_alone(span, &|selector| RULE.is(selector));
        // What a chart prints from values mostly has a value for each image, or one for all.
        let target = facts.built_target(span.file);
        let is_printed = target.is_some_and(|it| {
            it.target.kind == TargetKind::Chart && it.target.behind.contains_key(&span)
        });
        let publisher = publisher(&image.repository).filter(|_| !is_printed);
        let name = publisher.unwrap_or(without_latest(image.text));
        let set_at = set_at(facts, unit, image);
        Cause {
            change: set_at.is_none().then(|| facts.changed_with(unit)),
            set_at,
            name: if set_at.is_some() { "" } else { name },
            accepted_at: accepted.then_some(span),
        }
    }
}

/// Returns the place that says the tag of an image, where that is not the image itself. What is accepted at
/// the image stays there.
fn set_at<'a>(facts: &Facts<'a>, unit: &Unit<'a>, image: &Image<'a>) -> Option<Span> {
    let is_accepted = || facts.is_accepted_at(image.span, &|it| RULE.is(it));
    facts.version_set_at(unit, image).filter(|_| !is_accepted())
}

/// Returns who publishes an image, as far as the name tells: `acme` or `ghcr.io/acme`. `None` for the images
/// of many publishers that Docker Hub keeps without a name.
fn publisher(repository: &str) -> Option<&str> {
    let (publisher, _) = repository.rsplit_once('/')?;
    // A registry by itself publishes nothing.
    let is_registry = !publisher.contains('/') && publisher.contains(['.', ':']);
    (!is_registry).then_some(publisher)
}

/// Returns the images that services build, each with the index of its project.
fn built_images<'a>(facts: &Facts<'a>) -> FxHashSet<(usize, Option<&'a str>)> {
    let built = facts.services().iter().filter(|it| it.is_built());
    built.map(|it| (it.project_index, it.unit.image.as_ref().map(|image| image.text))).collect()
}

/// Whether an image is built here or put on the node by hand, so that no registry can change it.
fn is_local(facts: &Facts<'_>, unit: &Unit<'_>, built: &FxHashSet<(usize, Option<&str>)>) -> bool {
    if let Some(service) = facts.service_of(unit) {
        let image = unit.image.as_ref().map(|it| it.text);
        let never = service
            .model
            .pull_policy
            .as_ref()
            .is_some_and(|it| matches!(it.as_str(), "never" | "build"));
        // The image of a sibling that builds it is built here too.
        let built = built.contains(&(service.project_index, image));
        return service.is_built() || never || built || is_scratch(unit);
    }
    pull_policy(facts, unit).is_some_and(|it| it == "Never") || is_scratch(unit)
}

/// Whether a container is told to pull its image whatever is on the node, so that what Compose builds does not
/// matter to it.
fn is_always_pulled(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    pull_policy(facts, unit).is_some_and(|it| it == "Always")
}

fn pull_policy<'f>(facts: &'f Facts<'_>, unit: &Unit<'_>) -> Option<&'f str> {
    let workload = facts.workload_of(unit)?;
    let at = workload.units.iter().position(|it| it.site == unit.site)?;
    workload.container(at).image_pull_policy.as_ref().map(|it| it.as_str())
}

/// Whether an image is `scratch`, which has no tags, or a placeholder to be filled in.
fn is_scratch(unit: &Unit<'_>) -> bool {
    unit.image.as_ref().is_some_and(|it| it.repository == "scratch" || it.text.contains(['<', '%']))
}

/// Whether the image of a workload is only its own name, as in manifests to be filled in when they are built:
/// no registry has an image of that name.
fn is_placeholder(facts: &Facts<'_>, unit: &Unit<'_>, image: &Image<'_>) -> bool {
    if !unit.is_compose() && braces(image.text).is_some() {
        return true;
    }
    let workload = facts.workload_of(unit).and_then(|it| it.object.name());
    let is_own = workload.is_some_and(|name| name.as_str() == image.text);
    image.pin == Pin::Absent && image.family.is_none() && is_own
}

/// The API group of Flux's own `Kustomization`.
///
/// Source: <https://fluxcd.io/flux/components/kustomize/kustomizations/#images>
const FLUX: &str = "kustomize.toolkit.fluxcd.io";

/// Image names that a kustomization may give a tag, and those that are built here.
#[derive(Default)]
struct Elsewhere<'a> {
    /// By the number of the part of the project.
    tagged: FxHashSet<(usize, &'a str)>,
    /// By the number of the part of the project.
    built: FxHashSet<(usize, &'a str)>,
    /// The images that a comment of a file builds, each with the file.
    in_comments: FxHashSet<(FileId, &'a str)>,
    /// The images that Compose services build, each with the application that it belongs to.
    composed: FxHashSet<(usize, &'a str)>,
    /// The names of the Compose projects that build a service without naming its image, by the application and the
    /// service.
    unnamed: FxHashMap<(usize, &'a str), Vec<&'a str>>,
}

impl<'a> Elsewhere<'a> {
    /// Whether Skaffold builds an image and gives it a tag, or the project builds it with Compose.
    fn builds(&self, facts: &Facts<'_>, unit: &Unit<'_>, image: &Image<'_>) -> bool {
        let name = without_latest(image.text);
        let part = facts.part_of(image.span.file);
        !unit.is_compose()
            && (image.pin == Pin::Absent && self.built.contains(&(part, image.text))
                || self.in_comments.contains(&(image.span.file, name))
                || is_built_beside(facts, image)
                || (self.composed.contains(&(part, name)) || self.is_default_image(part, name))
                    && !is_always_pulled(facts, unit))
    }

    fn new(facts: &Facts<'a>) -> Elsewhere<'a> {
        let mut found = Elsewhere::default();
        for service in facts.services().iter().filter(|it| it.is_built()) {
            let part = facts.part_of(service.span().file);
            match &service.unit.image {
                Some(image) => {
                    found.composed.insert((part, without_latest(image.text)));
                }
                None => {
                    let projects = found.unnamed.entry((part, service.name)).or_default();
                    projects.push(&service.project.name);
                }
            }
        }
        for file in facts.files() {
            let name = name_of(file.path());
            // Flux takes the list of a kustomization too.
            let may_tag = file.kind == Kind::Kustomization || file.text().contains(FLUX);
            if may_tag && file.text().contains("images:") {
                let part = facts.part_of(file.id);
                let names = values(file.text(), "name:");
                found.tagged.extend(names.map(|name| (part, name)));
            } else if name.starts_with("skaffold") {
                let part = facts.part_of(file.id);
                let names = values(file.text(), "image:");
                found.built.extend(names.map(|name| (part, name)));
            } else if file.text().contains(" build ") {
                let lines = file.text().lines().filter_map(|line| Some(line.split_once('#')?.1));
                let names = lines.flat_map(names_that_are_built);
                found.in_comments.extend(names.map(|name| (file.id, without_latest(name))));
            }
        }
        found
    }

    /// Whether an image has the name that Compose gives to what it builds for a service without one: the name of the
    /// project and that of the service. The name of a project in the root is that of a folder which is not known.
    ///
    /// Source: <https://docs.docker.com/reference/compose-file/build/#using-build-and-image>
    fn is_default_image(&self, part: usize, image: &str) -> bool {
        let mut splits =
            image.match_indices(['-', '_']).map(|(at, _)| (&image[..at], &image[at + 1..]));
        let is_built = |(project, service): (&str, &str)| {
            let projects = self.unnamed.get(&(part, service)).into_iter().flatten();
            !project.is_empty() && projects.into_iter().any(|it| it.is_empty() || *it == project)
        };
        !image.contains('/') && !is_official(image) && splits.any(is_built)
    }
}

/// Returns the names that a `docker build` command gives to its image: `docker build -t web .`.
fn names_that_are_built(text: &str) -> Vec<&str> {
    let mut words = text.split_whitespace();
    if !words.any(|word| word == "build") {
        return Vec::new();
    }
    let mut names = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "-t" | "--tag" => names.extend(words.next()),
            _ => names.extend(word.strip_prefix("--tag=")),
        }
    }
    names
}

/// Whether an image without a registry, an owner and a tag is not one that everybody knows, and a Dockerfile
/// lies beside the manifest.
fn is_built_beside(facts: &Facts<'_>, image: &Image<'_>) -> bool {
    let folder = folder_of(facts.file(image.span.file).path());
    let is_own = image.pin == Pin::Absent && !image.text.contains('/') && image.family.is_none();
    is_own
        && facts
            .files()
            .iter()
            .any(|file| file.kind == Kind::Dockerfile && folder_of(file.path()) == folder)
}

/// Returns the words after a key, wherever it occurs in the text.
fn values<'t>(text: &'t str, key: &'static str) -> impl Iterator<Item = &'t str> {
    text.match_indices(key).filter_map(move |(at, _)| {
        let rest = text[at + key.len()..].lines().next()?;
        let word = rest.split([',', '}', '#']).next()?;
        Some(word.trim().trim_matches(['"', '\'']))
    })
}

#[cfg(test)]
mod tests;
