use crate::facts::{Change, Counterpart, Facts, Image, Part, Unit, in_shell};
use crate::knowledge::families::Class;
use crate::knowledge::image::{ImageRef, Version};
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::cmp::Reverse;

rule! {
    /// Compose and the cluster run different images or versions of the same program.
    ///
    /// ## Why it hurts
    /// What was tested on one side is not what runs on the other. With data stores, one major
    /// version may not even read the files of another, and a dump loads in one direction only.
    ///
    /// ## What helps
    /// Use one version on both sides, and change both in the same commit.
    ///
    /// ## How to troubleshoot
    /// Ask both running programs for their version.
    ///
    /// ## When to ignore
    /// Where one side tries out the next version on purpose, and with data of its own.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   db:
    ///     image: postgres:17 # <- Compose runs `postgres:17` as `db`, but container `db` of StatefulSet `db` runs `postgres:15`
    /// ```
    /// ```yaml file=k8s/db.yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: db }
    /// spec:
    ///   serviceName: db
    ///   selector: { matchLabels: { app: db } }
    ///   template:
    ///     metadata: { labels: { app: db } }
    ///     spec: { containers: [{ name: db, image: "postgres:15" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    /// ```
    /// ```yaml file=k8s/db.yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: db }
    /// spec:
    ///   serviceName: db
    ///   selector: { matchLabels: { app: db } }
    ///   template:
    ///     metadata: { labels: { app: db } }
    ///     spec: { containers: [{ name: db, image: "postgres:17" }] }
    /// ```
    PLM313 "image-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

/// What is mended at once: the version of one image in a Compose project and in what it is compared with.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'a> {
    change: Change,
    here: (&'a str, &'a str),
    there: (&'a str, &'a str),
    sides: Sides,
}

/// What is as old as something else: the images that one file of the cluster says for one Compose file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sides {
    project: usize,
    here: FileId,
    severity: Severity,
    /// Where a comment accepts the finding, which does not cover the same drift elsewhere.
    accepted_at: Option<Span>,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut causes: IndexMap<Cause<'_>, Vec<&Counterpart>, FxBuildHasher> = IndexMap::default();
    let by_name = images_by_name(facts);
    for pair in facts.counterparts() {
        let (service, _, unit) = facts.pair(pair);
        let (Some(here), Some(there)) = (&service.unit.image, &unit.image) else { continue };
        // An image that is built here may have a different name in each registry.
        let is_own = service.is_built() && here.repository == there.repository;
        if service.is_built() && !is_own || ImageRef::parse(here.text).has_variable_repository() {
            continue;
        }
        let Some(severity) = drift(here, there) else { continue };
        // One of several definitions of the same thing runs what Compose runs.
        let is_program =
            |other: &&Image<'_>| name_of(&other.repository) == name_of(&here.repository);
        let twins = by_name.get(&(facts.part_of(here.span.file), service.name));
        let mut twins = twins.into_iter().flatten().copied().filter(is_program);
        if twins.any(|other| other.tag == here.tag) {
            continue;
        }
        let is_development = service.role == Role::Development;
        let accepted = facts.stands_alone(here.span, &|selector| RULE.is(selector));
        let sides = Sides {
            project: service.project_index,
            here: here.span.file,
            severity: if is_development { Severity::Info } else { severity },
            accepted_at: accepted.then_some(here.span),
        };
        let change = facts.changed_with(unit);
        let cause = Cause { change, here: release(here), there: release(there), sides };
        causes.entry(cause).or_default().push(pair);
    }
    let mut files: IndexMap<(Sides, FileId), Vec<&Counterpart>, FxBuildHasher> =
        IndexMap::default();
    for (cause, pairs) in causes {
        let Some(first) = pairs.first() else { continue };
        let (.., unit) = facts.pair(first);
        files.entry((cause.sides, unit.image_or_name().file)).or_default().extend(pairs);
    }
    for ((sides, _), mut pairs) in files {
        // The greatest distance leads where one finding stands for several.
        pairs.sort_by_cached_key(|it| Reverse(distance(facts, it)));
        report(facts, sides.severity, &pairs, out);
    }
}

/// Returns the repository and the version of an image, without what follows the version in the tag: images of
/// one project often share a repository (`demo:2.1.3-cart`, `demo:2.1.3-web`).
fn release<'i>(image: &'i Image<'_>) -> (&'i str, &'i str) {
    let tag = image.tag.unwrap_or_default();
    (&image.repository, tag.split('-').next().unwrap_or(tag))
}

/// Returns how far apart the versions of two images are: the major versions first, then the minor ones.
fn distance(facts: &Facts, pair: &Counterpart) -> (u64, u64) {
    let (service, _, unit) = facts.pair(pair);
    let version = |unit: &Unit<'_>| Version::parse(unit.image.as_ref()?.tag?);
    let (Some(a), Some(b)) = (version(&service.unit), version(unit)) else { return (0, 0) };
    let minors = a.minor.zip(b.minor).map_or(0, |(a, b)| a.abs_diff(b));
    (a.major.abs_diff(b.major), minors)
}

/// Returns the images of the workloads of each application, by the name of the workload. What an init container
/// runs is no second definition of the program.
fn images_by_name<'f, 'a>(facts: &'f Facts<'a>) -> FxHashMap<(usize, &'a str), Vec<&'f Image<'a>>> {
    let mut images: FxHashMap<(usize, &str), Vec<&Image<'_>>> = FxHashMap::default();
    for workload in facts.workloads() {
        let key = (facts.part_of(workload.object.file), workload.name);
        let main = workload.units.iter().filter(|it| it.part == Part::Main);
        let own = main.filter_map(|it| it.image.as_ref());
        images.entry(key).or_default().extend(own);
    }
    images
}

/// Reports all services of a Compose file whose counterparts in one file run other images.
fn report(facts: &Facts, severity: Severity, pairs: &[&Counterpart], out: &mut Findings) {
    let Some((first, others)) = pairs.split_first() else { return };
    let (service, workload, unit) = facts.pair(first);
    let (Some(here), Some(there)) = (&service.unit.image, &unit.image) else { return };
    let place = major_of_database(facts, here, there).unwrap_or(here.span);
    let finding = out.at(
        &place,
        format!(
            "Compose runs `{}` as `{}`, but {} runs `{}`",
            here.text, service.name, unit.label, there.text
        ),
    );
    finding
        .severity(severity)
        .also(&there.span, format!("the counterpart, matched by {}", first.why.says()))
        .check(facts.compose(service, &format!("images {}", in_shell(service.name))))
        .check(format!(
            "kubectl get{} {} -o jsonpath='{{..image}}'",
            workload.namespace_flag(),
            workload.reference()
        ));
    for (workload, other) in facts.other_forms(first) {
        let form = format!("another form of {}, which is not compared", workload.label);
        finding.also(&other.image_or_name(), form);
    }
    for pair in pairs {
        let (service, ..) = facts.pair(pair);
        for variable in service.project.variables_in(service.unit.image_or_name()) {
            let Some(place) = facts.value_set_by(variable) else { continue };
            if !finding.related.iter().any(|it| it.span == place) {
                finding.also(&place, format!("`{}` is set here", variable.name));
            }
        }
    }
    let others = others.iter().filter_map(|pair| {
        let (service, _, unit) = facts.pair(pair);
        let (here, there) = (service.unit.image.as_ref()?, unit.image.as_ref()?);
        let message = format!(
            "`{}` runs `{}`, but {} runs `{}`",
            service.name, here.text, unit.label, there.text
        );
        Some((here.span, message))
    });
    finding.stands_for(&others.collect::<Vec<_>>());
    // What one file says of several programs is as old as the file.
    let file = facts.file(there.span.file).path();
    finding.cause_in_this_run(format!("{file} {}", severity));
    finding.gathers(format!("images, {severity}"));
}

/// Returns the tag of a database of another major version, whose data the other side cannot read. PLM812 marks the
/// whole image where the version is not maintained any more, which is another matter.
fn major_of_database(facts: &Facts, here: &Image<'_>, there: &Image<'_>) -> Option<Span> {
    let is_database = here.family.is_some_and(|it| it.class == Class::Database);
    let tag = here.tag.filter(|_| is_database && here.major != there.major)?;
    let start = here.text.rfind(tag)?;
    Some(facts.inside(here.span, here.text, (start, start + tag.len())))
}

/// Returns the severity of the difference between two images, or `None` if there is no difference
/// or no way to compare them.
fn drift(here: &Image<'_>, there: &Image<'_>) -> Option<Severity> {
    if here.repository != there.repository {
        // Images of one program from two publishers differ. The same name in another registry may
        // be a mirror, and images of unknown programs cannot be compared.
        let same_program = here.family.zip(there.family).is_some_and(|it| it.0.id == it.1.id);
        let mirror = name_of(&here.repository) == name_of(&there.repository);
        return (same_program && !mirror).then_some(Severity::Warning);
    }
    let (a, b) = (Version::parse(here.tag?)?, Version::parse(there.tag?)?);
    if here.major != there.major {
        return Some(Severity::Warning);
    }
    let minor_differs = a.minor.zip(b.minor).is_some_and(|it| it.0 != it.1);
    let patch_differs = a.patch.zip(b.patch).is_some_and(|it| it.0 != it.1);
    let data_store = here.family.is_some_and(|it| it.is_data_store());
    match (minor_differs, patch_differs) {
        (true, _) if !data_store => Some(Severity::Warning),
        (true, _) | (_, true) => Some(Severity::Info),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{files, findings};
    use crate::{Options, analyze};
    use rustc_hash::FxHashSet;

    fn sides(compose: &str, cluster: &str) -> Vec<&'static str> {
        let text = format!(
            "# file: compose.yaml\nservices: {{x: {{{compose}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\n\
             spec: {{containers: [{{name: x, image: '{cluster}'}}]}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn the_part_of_the_version_that_differs_decides_the_severity() {
        assert_eq!(sides("image: 'redis:7.2'", "redis:8.0"), ["warning"]);
        assert_eq!(sides("image: 'redis:7.2.1'", "redis:7.2.4"), ["info"]);
        assert_eq!(sides("image: 'acme/web:1.2'", "acme/web:1.3"), ["warning"]);
        assert_eq!(sides("image: 'redis:7.2-alpine'", "redis:7.2"), [""; 0]);
        assert_eq!(sides("image: 'postgres:17.1'", "postgres:17.2"), ["info"]);
        assert_eq!(sides("image: 'postgres:17.1'", "postgres:17.1"), [""; 0]);
        assert_eq!(sides("image: 'acme/web:v1.2'", "acme/web:v1.3"), ["warning"]);
    }

    #[test]
    fn images_of_one_program_from_two_publishers_differ() {
        assert_eq!(sides("image: 'postgres:17'", "bitnami/postgresql:17"), ["warning"]);
        assert_eq!(sides("image: 'postgres:17'", "mirror.example/postgres:17"), [""; 0]);
    }

    /// Returns the codes of the warnings about a version on both sides, those about its end of life included.
    fn codes(compose: &str, cluster: &str) -> FxHashSet<&'static str> {
        let text = format!(
            "# file: compose.yaml\nservices: {{db: {{image: '{compose}', volumes: ['d:/d']}}}}\nvolumes: {{d: {{}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: '{cluster}'}}]}}\n"
        );
        let select = vec!["PLM313".to_owned(), "PLM812".to_owned()];
        let options = Options { select, ..Options::default() };
        let report = analyze(&files(&text), &options);
        let warnings = report.findings.iter().filter(|it| it.severity <= Severity::Warning);
        warnings.map(|it| it.code).collect()
    }

    #[test]
    fn another_major_version_of_a_database_stays_beside_its_end_of_life() {
        let codes = codes("postgres:13.2-alpine", "postgres:11-alpine");
        assert_eq!(codes, FxHashSet::from_iter(["PLM313", "PLM812"]));
    }

    #[test]
    fn another_version_without_data_is_left_to_its_end_of_life() {
        assert_eq!(codes("nginx:1.18", "nginx:1.16"), FxHashSet::from_iter(["PLM812"]));
    }

    #[test]
    fn own_images_of_one_release_are_one_finding() {
        let names = ["cart", "web", "ads"];
        let services =
            names.map(|it| format!("  {it}: {{build: ./{it}, image: 'acme/demo:2.2.0-{it}'}}\n"));
        let pods = names.map(|it| {
            format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {it}}}\nspec: {{containers: [{{name: {it}, image: 'acme/demo:2.1.3-{it}'}}]}}\n")
        });
        let text = format!(
            "# file: compose.yaml\nservices:\n{}  cache: {{image: 'redis:8.0'}}\n# file: k.yaml\n{}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: cache}}\nspec: {{containers: [{{name: cache, image: 'redis:6.2'}}]}}\n",
            services.concat(),
            pods.concat()
        );
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("Compose runs `redis:8.0`"), "{}", found[0].message);
        assert!(found[0].message.ends_with("(and 3 more like it)"), "{}", found[0].message);
    }

    #[test]
    fn an_equal_twin_of_the_counterpart_is_silent() {
        let pod = |path: &str, image: &str| {
            format!(
                "# file: {path}\napiVersion: v1\nkind: Pod\nmetadata: {{name: bot}}\nspec: {{containers: [{{name: bot, image: '{image}'}}]}}\n"
            )
        };
        let compose =
            "# file: compose.yaml\nservices: {bot: {image: 'registry.example/acme/bot:v11'}}\n";
        let old = pod("training/bot.yaml", "registry.example/acme/bot:v10");
        assert_eq!(findings(&RULE, &format!("{compose}{old}")).len(), 1);
        let new = pod("deploy/bot.yaml", "mirror.example/acme/bot:v11");
        assert!(findings(&RULE, &format!("{compose}{old}{new}")).is_empty());
    }

    #[test]
    fn an_init_container_of_the_same_release_hides_no_drift() {
        let text = |init: &str, main: &str| {
            format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/shop:3.4.1'}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{initContainers: [{{name: migrate, image: 'acme/shop:{init}'}}], containers: [{{name: web, image: 'acme/shop:{main}'}}]}}\n"
            )
        };
        assert_eq!(findings(&RULE, &text("3.4.1", "2.0.0")).len(), 1);
        assert!(findings(&RULE, &text("2.0.0", "3.4.1")).is_empty());
    }

    #[test]
    fn the_form_that_is_not_compared_is_named() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'acme/web:2.0'}]}\n";
        let compose = "# file: compose.yaml\nservices: {web: {image: 'acme/web:1.0'}}\n";
        let chart = format!(
            "# file: chart/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: chart/templates/web.yaml\n{pod}"
        );
        let says = |text: &str| {
            let found = findings(&RULE, text);
            found[0].related.iter().any(|it| it.message.contains("which is not compared"))
        };
        assert!(!says(&format!("{compose}{chart}")));
        let manifest = pod.replace("2.0", "3.0");
        assert!(says(&format!("{compose}{chart}# file: k8s/web.yaml\n{manifest}")));
    }

    #[test]
    fn the_variables_behind_an_image_are_named_and_one_file_is_one_cause() {
        let text = "# file: .env\nWEB=1.2\n# file: compose.yaml\nservices: {web: {image: 'acme/web:${WEB}'}, api: {image: 'acme/api:2.0'}}\n# file: k8s/all.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'acme/web:1.1'}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: api}\nspec: {containers: [{name: api, image: 'acme/api:1.9'}]}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("(and 1 more like it)"));
        assert!(found[0].related.iter().any(|it| it.message == "`WEB` is set here"));
    }

    #[test]
    fn one_version_of_several_services_is_one_finding() {
        let pod = |name: &str| {
            format!(
                "# file: k8s/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: 'mongo:4.4.6'}}]}}\n"
            )
        };
        let text = format!(
            "# file: compose.yaml\nservices: {{db-a: {{image: 'mongo:5.0'}}, db-b: {{image: 'mongo:5.0'}}}}\n{}{}",
            pod("db-a"),
            pod("db-b")
        );
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "Compose runs `mongo:5.0` as `db-a`, but container `db-a` of Pod `db-a` runs `mongo:4.4.6` (and 1 more like it)"
        );
    }

    #[test]
    fn what_cannot_be_compared_is_silent() {
        assert_eq!(sides("image: redis", "redis:8.0"), [""; 0], "no version to compare");
        assert_eq!(sides("build: ., image: 'acme/x:1'", "corp/y:2"), [""; 0], "built here");
        assert_eq!(sides("build: ., image: 'acme/x:latest'", "acme/x:2"), [""; 0]);
        assert_eq!(sides("image: 'acme/x:1'", "corp.example/x:2"), [""; 0], "matched by name only");
    }
}
