use crate::facts::{Facts, Image};
use crate::knowledge::image::{ImageRef, Version};
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;
use crate::text::name_of;

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

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let (Some(here), Some(there)) = (&service.unit.image, &unit.image) else { continue };
        // An image that is built here may have a different name in each registry.
        if service.is_built() || ImageRef::parse(here.text).has_variable_repository() {
            continue;
        }
        let Some(severity) = drift(here, there) else { continue };
        let severity = if service.role == Role::Development { Severity::Info } else { severity };
        out.at(
            &here.span,
            format!(
                "Compose runs `{}` as `{}`, but {} runs `{}`",
                here.text, service.name, unit.label, there.text
            ),
        )
        .severity(severity)
        .also(&there.span, format!("the counterpart, matched by {}", pair.why.says()))
        .check(facts.compose(service, &format!("images {}", service.name)))
        .check(format!(
            "kubectl get{} {} -o jsonpath='{{..image}}'",
            workload.namespace_flag(),
            workload.reference()
        ));
    }
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
    use crate::rules::testing::findings;

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
    }

    #[test]
    fn what_cannot_be_compared_is_silent() {
        assert_eq!(sides("image: redis", "redis:8.0"), [""; 0], "no version to compare");
        assert_eq!(sides("build: ., image: 'acme/x:1'", "acme/x:2"), [""; 0], "built here");
        assert_eq!(sides("image: 'acme/x:1'", "corp.example/x:2"), [""; 0], "matched by name only");
    }
}
