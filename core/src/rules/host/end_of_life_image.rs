use crate::facts::{Change, Facts, Image, Purpose, Service, Unit, in_shell};
use crate::knowledge::end_of_life::{AS_OF, Fate, Support, cycle_of, withdrawal_of};
use crate::knowledge::families::{Class, family_of};
use crate::knowledge::image::ImageRef;
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashSet};

rule! {
    /// An image is of a version that its makers no longer maintain, or of a repository that they withdrew.
    ///
    /// ## Why it hurts
    /// Security holes that are found from now on stay open: no fixed image will come.
    ///
    /// ## What helps
    /// Plan the step to a maintained version while it is still a plan: for a database with a dump and a
    /// rehearsal. For a withdrawn repository take its successor, or keep a copy in a registry of your own.
    ///
    /// ## How to troubleshoot
    /// Pull the image on a machine that does not have it yet. The page that the finding names has the
    /// makers' own table.
    ///
    /// ## When to ignore
    /// Where somebody else maintains the version for you, as with extended support.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:12 # <- `postgres:12` gets no more fixes: PostgreSQL 12 was maintained until November 2024
    ///   cache:
    ///     image: bitnami/redis:7.0 # <- `bitnami/redis:7.0` can no longer be pulled: its makers withdrew it in September 2025
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///   cache:
    ///     image: redis:8.2
    /// ```
    PLM812 "end-of-life-image" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

/// Finding about an image that is past its end of life or was withdrawn.
struct Verdict {
    severity: Severity,
    message: String,
    help: String,
    /// Why it hurts, where that is not what the rule says.
    why: Option<&'static str>,
    is_gone: bool,
    /// The product version or image that one upgrade replaces.
    cause: String,
}

/// The command that shows the age and the variables of an image.
const INSPECT: &str = "docker image inspect --format '{{.Created}} {{.Config.Env}}'";

/// Why an image that cannot be pulled any more hurts.
const GONE: &str = "What was pulled before still runs, but a new machine or a replaced node cannot pull the image and cannot start its containers.";

fn check(facts: &Facts, out: &mut Findings) {
    check_bases(facts, out);
    check_bases_of_containers(facts, out);
    let mut images: IndexMap<Cause<'_>, Used<'_, '_>, FxBuildHasher> = IndexMap::default();
    for unit in facts.units() {
        let Some(image) = &unit.image else { continue };
        let is_built = facts.service_of(unit).is_some_and(|it| it.is_built());
        if is_built || facts.unit_role(unit) == Role::Development {
            continue;
        }
        let entry = images.entry(Cause::of(facts, unit, image));
        let (_, places) = entry.or_insert_with(|| (unit, IndexSet::default()));
        places.insert(image.span);
    }
    for (Cause { image, changed, .. }, (unit, places)) in images {
        let Some(verdict) = verdict(image) else { continue };
        let Some(first) = places.first() else { continue };
        let set_at = match changed {
            Changed::SetAt(span) => Some(span),
            Changed::With(_) => None,
        };
        let finding = out.at(&set_at.unwrap_or(*first), verdict.message);
        if set_at.is_some() {
            finding.subject(facts.subject_at(*first)).also(first, "the image is used here");
        }
        if facts.purpose_of(first.file) != Purpose::Production {
            finding.severity(Severity::Info);
        }
        finding.severity(verdict.severity).help(verdict.help).cause(verdict.cause);
        if let Some(why) = verdict.why {
            finding.why(why);
        }
        for other in places.iter().skip(1) {
            finding.also(other, "the same image again");
        }
        if verdict.is_gone {
            finding.check(format!("docker manifest inspect {}", in_shell(image)));
        } else if let Some(workload) = facts.workload_of(unit) {
            // The tag, which says the version; an image ID is a digest.
            finding.check(workload.pods("get pods", "-o jsonpath='{..image}'"));
        } else {
            finding.check(facts.image_command(unit));
        }
    }
}

/// Reports the images on which the images of services are built, each `FROM` once.
fn check_bases(facts: &Facts, out: &mut Findings) {
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    let is_deployed = |service: &&Service<'_>| {
        let counterpart = facts.counterpart_of(service.index);
        let file = counterpart.map(|it| facts.pair(it).1.object.file);
        service.role != Role::Development
            || file.is_some_and(|it| facts.file_role(it) != Role::Development)
    };
    for service in facts.services().iter().filter(is_deployed) {
        let (Some(base), Some(from)) = (facts.base_image(service), facts.base_from(service)) else {
            continue;
        };
        let Some(verdict) = verdict(&base).filter(|_| seen.insert(from)) else { continue };
        let is_deployed = facts.purpose_of(service.span().file) == Purpose::Production;
        let finding = out.at(&from, verdict.message);
        finding
            .severity(if is_deployed { verdict.severity } else { Severity::Info })
            .help(verdict.help)
            .cause(verdict.cause)
            .also(&service.unit.image_or_name(), format!("`{}` is built on it", service.name))
            .check(ask_base(facts, service, &base));
    }
}

/// Reports the images on which images of the cluster are built that no Compose service builds.
fn check_bases_of_containers(facts: &Facts, out: &mut Findings) {
    for (file, unit) in facts.dockerfiles_of_containers() {
        if facts.unit_role(unit) == Role::Development {
            continue;
        }
        let Some((base, from)) = facts.base_of_dockerfile(file) else { continue };
        let Some(verdict) = verdict(&base) else { continue };
        let image = in_shell(unit.image.as_ref().map_or("", |it| it.text));
        let is_deployed = facts.purpose_of(unit.name.span.file) == Purpose::Production;
        out.at(&from, verdict.message)
            .severity(if is_deployed { verdict.severity } else { Severity::Info })
            .confidence(Confidence::Likely)
            .help(verdict.help)
            .cause(verdict.cause)
            .also(&unit.image_or_name(), format!("{} runs the image", unit.label))
            .check(match is_distribution(&base) {
                true => facts.exec(unit, "cat /etc/os-release"),
                false => format!("docker pull -q {image} && {INSPECT} {image}"),
            });
    }
}

/// Returns the command that shows on which version an image that is built here stands. A builder keeps no copy of the
/// base: a distribution says it in a file, and most others in a variable of the image on top of them.
fn ask_base(facts: &Facts<'_>, service: &Service<'_>, base: &str) -> String {
    let name = in_shell(service.name);
    if is_distribution(base) {
        return facts.compose(service, &format!("exec {name} cat /etc/os-release"));
    }
    let image = facts.compose(service, &format!("images -q {name}"));
    format!("{INSPECT} $({image})")
}

/// Whether an image is a distribution, which says its version in a file.
fn is_distribution(base: &str) -> bool {
    let family = family_of(&ImageRef::parse(base).repository());
    family.is_some_and(|it| it.0.class == Class::Base)
}

/// A unit that runs an image, and the places that name the image.
type Used<'f, 'a> = (&'f Unit<'a>, IndexSet<Span, FxBuildHasher>);

/// What is mended at once: an image in a Compose project, in a target, or in the manifests of one
/// application.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'a> {
    image: &'a str,
    changed: Changed,
    /// Where a comment accepts the finding, which does not cover the same image elsewhere.
    accepted_at: Option<Span>,
}

/// Where a version is changed.
#[derive(PartialEq, Eq, Hash)]
enum Changed {
    /// In the files themselves.
    With(Change),
    /// In an environment file or a value of a chart, which several projects may share.
    SetAt(Span),
}

impl<'a> Cause<'a> {
    fn of(facts: &Facts<'a>, unit: &Unit<'a>, image: &Image<'a>) -> Cause<'a> {
        let span = image.span;
        let is_alone = facts.stands_alone(span, &|selector| RULE.is(selector));
        let is_accepted = facts.is_accepted_at(span, &|selector| RULE.is(selector));
        let set_at = facts.version_set_at(unit, image).filter(|_| !is_accepted);
        let in_files = || Changed::With(facts.changed_with(unit));
        Cause {
            image: image.text,
            changed: set_at.map_or_else(in_files, Changed::SetAt),
            accepted_at: is_alone.then_some(span),
        }
    }
}

fn verdict(image: &str) -> Option<Verdict> {
    let shown = image.split('@').next().unwrap_or(image);
    if let Some(withdrawn) = withdrawal_of(image) {
        let since = withdrawn.since.month_and_year();
        let message = match withdrawn.fate {
            Fate::Gone => {
                format!("`{shown}` can no longer be pulled: its makers withdrew it in {since}")
            }
            Fate::Frozen => {
                format!(
                    "`{shown}` gets no more fixes: the last release of this image was in {since}"
                )
            }
        };
        let instead = match withdrawn.replacement_of(image) {
            Some(other) if withdrawal_of(&other).is_some() => {
                format!("`{other}` can still be pulled, but gets no more fixes either.")
            }
            Some(other) => {
                let only = withdrawn.runs_only_on.map(|it| format!(" (for {it} only)"));
                format!("`{other}`{} takes its place.", only.unwrap_or_default())
            }
            None => "Its makers offer nothing in its place.".to_owned(),
        };
        return Some(Verdict {
            severity: Severity::Warning,
            message,
            help: format!("{instead} Source: {}, as of {AS_OF}.", withdrawn.source),
            why: (withdrawn.fate == Fate::Gone).then_some(GONE),
            is_gone: withdrawn.fate == Fate::Gone,
            // The parts of a product end together. What is gone, or a whole registry, is replaced image by image.
            cause: match withdrawn.fate {
                Fate::Frozen if !withdrawn.repository.ends_with('/') => {
                    format!("{} {since}", withdrawn.source)
                }
                Fate::Frozen | Fate::Gone => image.to_owned(),
            },
        });
    }
    let cycle = cycle_of(image)?;
    let (product, version) = (cycle.product, cycle.version);
    let until = cycle.last_day.month_and_year();
    let is_overtaken = cycle.is_short && !cycle.is_long_over();
    let (severity, message) = match cycle.support() {
        Support::Ended => (
            if is_overtaken { Severity::Info } else { Severity::Warning },
            format!(
                "`{shown}` gets no more fixes: {product} {version} was maintained until {until}"
            ),
        ),
        Support::EndsSoon if cycle.is_short => return None,
        Support::EndsSoon => (
            Severity::Info,
            format!(
                "`{shown}` soon gets no more fixes: {product} {version} is maintained until {until}"
            ),
        ),
        Support::Maintained => return None,
    };
    let to = if cycle.is_short {
        "a newer version, or to one with long-term support"
    } else {
        "a maintained version"
    };
    Some(Verdict {
        severity,
        message,
        help: format!("Move to {to}. Source: {}, as of {AS_OF}.", cycle.source),
        why: cycle.is_short.then_some("Each of these versions is maintained for a few weeks, until the next one: fixes come with the next version alone."),
        is_gone: false,
        // The products of the Elastic Stack have one table, and are upgraded together.
        cause: format!("{} {version}", cycle.source),
    })
}

#[cfg(test)]
mod tests;
