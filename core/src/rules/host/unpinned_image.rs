use crate::facts::{Backing, Change, Facts, Image, Mounted, Part, Purpose, Unit};
use crate::knowledge::end_of_life::withdrawal_of;
use crate::knowledge::families::Class;
use crate::knowledge::image::Pin;
use crate::report::{Confidence, Findings, Kind, Precedence, Role, Severity, TargetKind};
use crate::rules::rule;
use crate::text::{FileId, Span, folder_of, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

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
                let is_worse = (is_in_swarm(facts, unit), !is_store(unit));
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
    let text = image.text;
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
        !unit.is_compose() && {
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
    if is_within_version || is_helper || is_pinned_by_swarm {
        finding.severity(Severity::Info);
    }
    // An application without versions has one habit to change.
    finding.cause(match (is_missing, is_given_here, is_within_version) {
        (true, ..) => "no such tag",
        (false, true, _) => "tagged elsewhere",
        (false, false, true) => "moves within a version",
        (false, false, false) => "no versions",
    });
    let is_same = |other: &Image<'_>| without_latest(other.text) == without_latest(text);
    // Each place counts, and each of the other images is named before the same one is named again.
    let mut seen: FxHashSet<&str> = FxHashSet::from_iter([without_latest(text)]);
    let (new, again): (Vec<_>, Vec<_>) =
        others.iter().partition(|(_, other)| seen.insert(without_latest(other.text)));
    let places: Vec<(Span, String)> = new
        .into_iter()
        .chain(again)
        .filter(|(_, other)| Some(other.span) != set_at)
        .map(|(_, other)| {
            let what = match is_same(other) {
                true => "the same image again".to_owned(),
                false => format!("`{}` has no version either", without_latest(other.text)),
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
        true => format!("docker pull {text}"),
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

/// Whether a tag that moves names a version all the same: `2022-latest`.
fn names_a_version(image: &Image<'_>) -> bool {
    image.tag.is_some_and(|tag| tag.starts_with(|it: char| it.is_ascii_digit()))
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
        let accepted = facts.is_accepted(span, &|selector| RULE.is(selector));
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
    let is_accepted = || facts.is_accepted(image.span, &|it| RULE.is(it));
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
    let policy = facts.workload_of(unit).and_then(|workload| {
        let at = workload.units.iter().position(|it| it.site == unit.site)?;
        workload.container(at).image_pull_policy.as_ref()
    });
    policy.is_some_and(|it| it.value == "Never") || is_scratch(unit)
}

/// Whether an image is `scratch`, which has no tags, or a placeholder to be filled in.
fn is_scratch(unit: &Unit<'_>) -> bool {
    unit.image.as_ref().is_some_and(|it| it.repository == "scratch" || it.text.contains(['<', '%']))
}

/// Whether the image of a workload is only its own name, as in manifests to be filled in when they are built:
/// no registry has an image of that name.
fn is_placeholder(facts: &Facts<'_>, unit: &Unit<'_>, image: &Image<'_>) -> bool {
    let workload = facts.workload_of(unit).and_then(|it| it.object.name());
    let is_own = workload.is_some_and(|name| name.as_str() == image.text);
    image.pin == Pin::Absent && image.family.is_none() && is_own
}

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
                || self.composed.contains(&(part, name)))
    }

    fn new(facts: &Facts<'a>) -> Elsewhere<'a> {
        let mut found = Elsewhere::default();
        for service in facts.services().iter().filter(|it| it.is_built()) {
            let image = service.unit.image.as_ref();
            found.composed.extend(
                image.map(|it| (facts.part_of(service.span().file), without_latest(it.text))),
            );
        }
        for file in facts.files() {
            let name = name_of(file.path());
            if file.kind == Kind::Kustomization && file.text().contains("images:") {
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
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn service(body: &str) -> usize {
        messages(&RULE, &format!("services: {{ a: {{ {body} }} }}\n")).len()
    }

    #[test]
    fn moving_tags() {
        for image in
            ["nginx", "nginx:latest", "nginx:stable", "nginx:alpine", "node:lts", "a/b:main"]
        {
            assert_eq!(service(&format!("image: '{image}'")), 1, "{image}");
        }
        assert_eq!(service("image: 'a:${TAG-latest}'"), 1);
        for tag in ["master", "main", "edge", "main-alpine", "edge-slim", "latest-alpine"] {
            assert_eq!(service(&format!("image: 'a/b:{tag}'")), 1, "{tag}");
        }
    }

    #[test]
    fn an_image_without_a_tag_latest_cannot_be_pulled() {
        let found = |image: &str| {
            let text = format!("services: {{a: {{image: {image}}}}}\n");
            findings(&RULE, &text).into_iter().map(|it| it.message.clone()).collect::<Vec<_>>()
        };
        for image in ["kibana", "'elasticsearch:latest'"] {
            let [message] = &found(image)[..] else { panic!("{image}") };
            assert!(
                message.ends_with("there is no `latest` of it: it cannot be pulled"),
                "{message}"
            );
        }
        assert!(found("'kibana:8.15.0'").is_empty());
        assert!(found("docker.elastic.co/kibana/kibana")[0].contains("depends on when"));
    }

    #[test]
    fn a_commit_or_a_date_behind_a_branch_is_a_pin() {
        for tag in ["main-4f2c1e0", "master-20240501", "latest-4f2c1e0a", "edge-4f2c1e0-alpine"] {
            assert_eq!(service(&format!("image: 'a/b:{tag}'")), 0, "{tag}");
        }
    }

    #[test]
    fn a_withdrawn_image_is_left_to_its_own_rule() {
        assert_eq!(service("image: minio/minio"), 0);
    }

    #[test]
    fn one_image_in_one_file_is_reported_once() {
        let text =
            "services:\n  a: { image: redis }\n  b: { image: redis }\n  c: { image: nginx }\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].related.len(), 2);
    }

    #[test]
    fn an_image_that_compose_builds_is_silent_in_the_cluster() {
        let with = |service: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{ web: {{ {service} }} }}\n# file: k8s/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{ name: web }}\nspec: {{ containers: [{{ name: a, image: 'acme/web:latest' }}] }}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with("build: ., image: acme/web"), 0);
        assert_eq!(with("image: 'acme/web:1'"), 1);
    }

    #[test]
    fn the_command_shows_what_was_pulled() {
        let pod = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: { selector: { matchLabels: { app: a } }, template: { metadata: { labels: { app: a } }, spec: { containers: [{ name: a, image: redis }] } } }\n";
        let command = "kubectl get pods -l app=a -o jsonpath='{..imageID}'";
        assert_eq!(findings(&RULE, pod)[0].check, [command]);
    }

    #[test]
    fn the_files_of_one_application_are_one_cause() {
        let pod = |path: &str, name: &str, image: &str| {
            format!(
                "# file: k8s/{path}/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec: {{ containers: [{{ name: a, image: '{image}' }}] }}\n"
            )
        };
        let same = format!("{}{}", pod("a", "a", "redis"), pod("b", "b", "redis:latest"));
        let found = findings(&RULE, &same);
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
        assert!(found[0].message.starts_with("`redis` has no tag"));
        let two = format!("{}{}", pod("a", "a", "redis"), pod("b", "b", "nginx"));
        let found = findings(&RULE, &two);
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
        let kustomized =
            format!("# file: k8s/kustomization.yaml\nresources: [a/pod.yaml, b/pod.yaml]\n{same}");
        let found = findings(&RULE, &kustomized);
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
    }

    #[test]
    fn two_compose_projects_are_two_causes() {
        let text = "# file: a/compose.yaml\nservices: { a: { image: redis } }\n# file: b/compose.yaml\nservices: { a: { image: redis } }\n";
        assert_eq!(messages(&RULE, text).len(), 2);
    }

    #[test]
    fn the_images_of_one_publisher_are_pinned_in_one_go() {
        let text = "services:\n  a: { image: ghcr.io/acme/web }\n  b: { image: 'ghcr.io/acme/api:latest' }\n  c: { image: 'registry.example.com/web' }\n  d: { image: 'registry.example.com/api' }\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("(and 3 more like it)"), "{}", found[0].message);
        let api = "`ghcr.io/acme/api` has no version either";
        assert!(found[0].related.iter().any(|it| it.message == api), "{:?}", found[0].related);
    }

    #[test]
    fn a_chart_that_writes_its_images_out_has_one_cause() {
        let chart = |web: &str, api: &str| {
            let pod = |name: &str, image: &str| {
                format!(
                    "# file: shop/templates/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n    - name: {name}\n      image: {image}\n"
                )
            };
            let text = format!(
                "# file: shop/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n# file: shop/values.yaml\nweb: acme/web:latest\napi: acme/api:latest\n{}{}",
                pod("web", web),
                pod("api", api)
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(chart("acme/web:latest", "acme/api:latest"), 1);
        assert_eq!(chart("{{ .Values.web }}", "{{ .Values.api }}"), 1);
    }

    #[test]
    fn an_accepted_image_does_not_accept_the_others_of_its_publisher() {
        let text = "services:\n  a: { image: acme/web } # plimsoll: ignore PLM801 - a demo\n  b: { image: acme/api }\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn pins_variables_and_own_builds_are_silent() {
        for body in [
            "image: 'nginx:1.27'",
            "image: 'nginx@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
            "image: 'acme/web:${TAG}'",
            "image: acme/web, build: .",
            "image: acme/web, pull_policy: never",
            "image: acme/web:2024-05-01",
        ] {
            assert_eq!(service(body), 0, "{body}");
        }
        let siblings = "services: { a: { image: web, build: . }, b: { image: web } }";
        assert!(messages(&RULE, siblings).is_empty());
    }

    #[test]
    fn what_is_built_for_the_node_is_silent() {
        let pod = |image: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: {image}\n"
            )
        };
        assert!(
            messages(&RULE, &pod("shop # docker build -f Dockerfile.shop -t shop .")).is_empty()
        );
        assert_eq!(messages(&RULE, &pod("shop # docker build -t other .")).len(), 1);
        let beside = |file: &str, image: &str| {
            let text = format!("# file: k8s/pod.yaml\n{}# file: {file}\nFROM alpine\n", pod(image));
            messages(&RULE, &text).len()
        };
        assert_eq!(beside("k8s/Dockerfile", "shop"), 0);
        assert_eq!(beside("k8s/Dockerfile", "redis"), 1, "an image that everybody knows");
        assert_eq!(beside("k8s/Dockerfile", "acme/shop"), 1, "an image with an owner");
        assert_eq!(beside("other/Dockerfile", "shop"), 1);
    }

    #[test]
    fn a_tag_that_moves_within_a_version_is_a_note() {
        let text = "services:\n  db: {image: 'mcr.microsoft.com/mssql/server:2022-latest'}\n  log: {image: 'datalust/seq:latest'}\n";
        let found: Vec<_> = findings(&RULE, text).iter().map(|it| it.severity.name()).collect();
        assert_eq!(found, ["info", "warning"]);
    }

    #[test]
    fn data_is_spoken_of_where_there_is_some() {
        let why = |image: &str| {
            let text = format!("services: {{a: {{image: {image}}}}}\n");
            findings(&RULE, &text)[0].why.clone()
        };
        assert!(why("postgres").is_none(), "the rule's own sentences");
        assert!(why("acme/web, volumes: ['data:/data']").is_none());
        assert!(!why("busybox").unwrap().contains("data"));
        let pod = |more: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: postgres{more}\n"
            );
            findings(&RULE, &text)[0].why.clone()
        };
        assert!(!pod("}]}").unwrap().contains("data"), "nothing is kept");
        let claim = ", volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]}], volumes: [{name: data, persistentVolumeClaim: {claimName: db}}]}";
        assert!(pod(claim).is_none());
        assert!(why("itzg/minecraft-server").unwrap().contains("`VERSION`"));
    }

    #[test]
    fn data_stores_lead() {
        let text = "services:\n  admin: { image: 'dpage/pgadmin4:latest' }\n  db: { image: 'postgres:latest' }\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject, "service db");
        let words = "the tag of `postgres:latest` moves: what runs depends on when it was pulled";
        assert_eq!(found[0].message, format!("{words} (and 1 more like it)"));
        assert!(found[0].related[0].message.contains("`dpage/pgadmin4:latest` moves"));
    }

    #[test]
    fn every_place_is_counted_and_every_image_named() {
        let services: String =
            (0..14).map(|at| format!("  a{at:02}: {{ image: 'redis:alpine' }}\n")).collect();
        let text = format!("services:\n{services}  z: {{ image: 'memcached:alpine' }}\n");
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("(and 14 more like it)"), "{}", found[0].message);
        let images = found[0].related.iter().filter(|it| it.message.contains("`memcached:alpine`"));
        assert_eq!((images.count(), found[0].related.len()), (1, 10));
        assert!(found[0].related[9].message.ends_with("(4 more are not listed)"));
    }

    #[test]
    fn swarm_pins_what_it_deploys() {
        let stack = "# file: docker-stack.yml\nservices: { cache: { image: 'redis:alpine' } }\n";
        let found = findings(&RULE, stack);
        assert_eq!(found[0].severity.name(), "info");
        assert!(found[0].why.as_ref().unwrap().starts_with("Swarm looks the tag up"));
        let command = "docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' STACK_cache";
        assert_eq!(found[0].check, [command]);
        let compose = "# file: compose.yaml\nservices: { web: { image: 'nginx:alpine' } }\n";
        let found = findings(&RULE, &format!("{stack}{compose}"));
        assert_eq!((found.len(), found[0].severity.name()), (1, "warning"));
        assert_eq!(found[0].subject, "service web");
        assert_eq!(
            found[0].check,
            [
                "docker image inspect --format '{{.RepoDigests}} {{.Created}}' $(docker compose images -q web)"
            ]
        );
    }

    #[test]
    fn a_helper_with_a_base_image_is_a_note() {
        let pod = |list: &str, image: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{{list}: [{{name: a, image: {image}, command: [cp, /a, /b]}}]}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(pod("initContainers", "busybox"), "info");
        assert_eq!(pod("initContainers", "redis"), "warning");
        assert_eq!(pod("containers", "busybox"), "warning");
    }

    #[test]
    fn a_version_from_an_environment_file_is_changed_there() {
        let text = "# file: compose.yaml\nservices: { a: { image: 'acme/web:${TAG}' } }\n# file: .env\nTAG=latest\n";
        let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(text));
        let found = &report.findings[0];
        assert_eq!(&*report.entry(found.span.file).file.path, ".env");
        assert_eq!((found.subject.as_str(), found.related.len()), ("service a", 1));
        assert_eq!(&*report.entry(found.related[0].span.file).file.path, "compose.yaml");
        let literal = text.replace("${TAG}", "latest");
        let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(&literal));
        let found = &report.findings[0];
        assert_eq!(&*report.entry(found.span.file).file.path, "compose.yaml");
        assert!(found.related.is_empty());
    }

    #[test]
    fn the_name_of_the_workload_is_a_placeholder() {
        let deployment = |image: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: web, image: {image}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(deployment("shop"), 0);
        assert_eq!(deployment("'shop:latest'"), 1);
        assert_eq!(deployment("acme/shop"), 1);
    }

    #[test]
    fn a_kustomization_gives_the_tag() {
        let text = "# file: kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
                    resources: [pod.yaml]\nimages: [{ name: web, newTag: '1.2' }]\n\
                    # file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: web }, { name: b, image: db }] }\n";
        let found = messages(&RULE, text);
        assert!(found.len() == 1 && found[0].contains("`db`"), "{found:?}");
    }

    #[test]
    fn images_that_skaffold_builds_are_silent() {
        let text = "# file: skaffold.yaml\napiVersion: skaffold/v4beta1\nkind: Config\nbuild: { artifacts: [{ image: web }] }\n\
                    # file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: web }] }\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn development_is_silent_and_the_cluster_counts() {
        let text = "# file: compose.dev.yaml\nservices: { a: { image: redis } }\n";
        assert!(messages(&RULE, text).is_empty());
        let in_folder = |folder: &str| {
            let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: redis }] }\n";
            messages(&RULE, &format!("# file: {folder}/pod.yaml\n{pod}")).len()
        };
        assert_eq!((in_folder("overlays/dev"), in_folder("attestation")), (0, 1));
        let pod = |policy: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec: {{ containers: [{{ name: a, image: redis{policy} }}] }}\n"
            )
        };
        assert_eq!(messages(&RULE, &pod("")).len(), 1);
        assert!(messages(&RULE, &pod(", imagePullPolicy: Never")).is_empty());
    }
}
