use crate::edit::Yaml;
use crate::facts::{Facts, in_shell, kubectl};
use crate::knowledge::annotations::{Effect, OldAnnotation, old_annotation};
use crate::model::kubernetes::{Body, Claim, Container, Meta, Object, PodSpec};
use crate::model::{Place, Str};
use crate::report::{Edit, Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// An annotation asks for something that its platform no longer reads.
    ///
    /// ## Why it hurts
    /// The API server takes every annotation and says nothing. What the annotation asks for, a seccomp
    /// profile, a toleration, a priority, is simply off, and shows only when it is needed.
    ///
    /// ## What helps
    /// Write the field that took its place. Annotations that are deprecated but still read should follow
    /// before the version that drops them.
    ///
    /// ## How to troubleshoot
    /// `kubectl get` with `-o yaml` shows the field empty beside the annotation.
    ///
    /// ## When to ignore
    /// Where an older cluster that still reads the annotation gets the same manifest. The field may stand
    /// beside it; the class of an Ingress has to be the same in both then.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: agent
    ///   annotations:
    ///     scheduler.alpha.kubernetes.io/critical-pod: "" # <- Kubernetes has not read the annotation `scheduler.alpha.kubernetes.io/critical-pod` since 1.16, so what it asks for is off; `spec.priorityClassName` took its place
    /// spec:
    ///   containers:
    ///     - name: agent
    ///       image: acme/agent:1
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: agent
    /// spec:
    ///   priorityClassName: system-node-critical
    ///   containers:
    ///     - name: agent
    ///       image: acme/agent:1
    /// ```
    PLM815 "dead-annotation" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for object in facts.objects() {
        check_meta(facts, out, &Carrier::of(object, &object.meta));
        // The metadata of a Pod are those of its template.
        let template = object.workload().map(|it| &it.template.meta);
        if let Some(meta) =
            template.filter(|it| it.annotations_place != object.meta.annotations_place)
        {
            check_meta(facts, out, &Carrier::of(object, meta));
        }
        let claims = object.workload().map_or(&[][..], |it| &it.volume_claim_templates);
        for template in claims {
            let carrier = Carrier { object, meta: &template.meta, claim: Some(&template.claim) };
            check_meta(facts, out, &carrier);
        }
    }
}

/// What carries annotations: an object, its Pod template or a template of its claims.
struct Carrier<'o> {
    object: &'o Object,
    meta: &'o Meta,
    claim: Option<&'o Claim>,
}

impl<'o> Carrier<'o> {
    fn of(object: &'o Object, meta: &'o Meta) -> Carrier<'o> {
        let claim = match &object.body {
            Body::Claim(it) => Some(&**it),
            _ => None,
        };
        Carrier { object, meta, claim }
    }
}

fn check_meta(facts: &Facts, out: &mut Findings, carrier: &Carrier<'_>) {
    let Carrier { object, meta, .. } = carrier;
    for (key, value) in &meta.annotations {
        let Some(old) = old_annotation(key) else { continue };
        if let Some(class) = contradicting_class(carrier, key, value) {
            report_contradiction(facts, object, (key, value), class, out);
            continue;
        }
        if field_says_it(carrier, key, &old) || asks_for_nothing(value) {
            continue;
        }
        let (platform, since) = (old.platform, old.since);
        let instead = old
            .replacement
            .map(|it| if it.contains(' ') { it.to_owned() } else { format!("`{it}`") });
        let message = match old.effect {
            Effect::Dead => {
                let instead =
                    instead.map(|it| format!("; {it} took its place")).unwrap_or_default();
                let since = since.map(|it| format!(" since {it}")).unwrap_or_default();
                format!(
                    "{platform} has not read the annotation `{key}`{since}, so what it asks for is off{instead}"
                )
            }
            Effect::Deprecated => {
                let instead = instead.map(|it| format!("; use {it}")).unwrap_or_default();
                let since = since.map(|it| format!(" since {platform} {it}")).unwrap_or_default();
                format!("the annotation `{key}` is deprecated{since}{instead}")
            }
        };
        let finding = out.at(&key.span, message);
        if old.effect == Effect::Deprecated {
            finding.severity(Severity::Info);
        }
        finding.deprecated = true;
        finding.check(kubectl("get", object, "-o yaml"));
        finding.maybe_fix(fix(facts, carrier, key, value, &old));
    }
}

/// Returns the class that the field of an Ingress states, where the annotation states another one. The API server does
/// not create such an Ingress; since Kubernetes 1.27 it takes both where they agree.
///
/// Source: <https://github.com/kubernetes/kubernetes/pull/115447>
fn contradicting_class<'o>(carrier: &Carrier<'o>, key: &str, value: &str) -> Option<&'o Str> {
    let Body::Routes(routes) = &carrier.object.body else { return None };
    let is_known = |it: &str| !it.contains('$');
    let differs = |it: &&Str| it.as_str() != value && is_known(it) && is_known(value);
    let class = routes.class.as_ref().filter(differs)?;
    (key == "kubernetes.io/ingress.class" && carrier.object.kind.as_str() == "Ingress")
        .then_some(class)
}

fn report_contradiction(
    facts: &Facts,
    object: &Object,
    (key, value): (&Str, &Str),
    class: &Str,
    out: &mut Findings,
) {
    let label = object.label();
    let finding = out.at(
        &key.span,
        format!(
            "the annotation `{key}` of {label} says `{value}` and `ingressClassName` says `{class}`, so the API server does not create it"
        ),
    );
    finding
        .severity(Severity::Error)
        .also(&class.span, "the field says another class")
        .why("An update of an Ingress that is there already is accepted, but in a new cluster or namespace `kubectl apply` ends with \"must match `ingressClassName` when both are specified\".")
        .help("Remove the annotation, and check that `ingressClassName` is the class that is meant.");
    finding.deprecated = true;
    let removed = remove(facts, key, value);
    finding.maybe_fix(removed.map(|it| Fix::r#unsafe("Remove the annotation", [it])));
    finding.check(match facts.is_built(object.file) {
        true => kubectl("get", object, "-o yaml"),
        false => {
            let path = in_shell(facts.file(object.file).path());
            format!("kubectl create --dry-run=server -f {path}")
        }
    });
}

/// Whether an annotation asks for what holds anyway.
fn asks_for_nothing(value: &Str) -> bool {
    matches!(value.trim(), "unconfined" | "[]" | "{}")
}

/// Returns the name at the end of a field's path: `tolerations` for `spec.tolerations`.
fn field_of(old: &OldAnnotation) -> Option<&'static str> {
    old.replacement.and_then(|it| it.rsplit('.').next())
}

/// Returns the container that the end of an annotation names.
fn container_of<'o>(spec: &'o PodSpec, key: &str) -> Option<&'o Container> {
    let name = key.rsplit('/').next()?;
    spec.all_containers().find(|it| it.name.as_ref().is_some_and(|it| it.as_str() == name))
}

/// Whether the field that took the place of an annotation is written too.
fn field_says_it(carrier: &Carrier<'_>, key: &str, old: &OldAnnotation) -> bool {
    let Carrier { object, meta, claim } = carrier;
    let Some(replacement) = old.replacement else { return false };
    if replacement.contains('/') {
        return meta.annotation(replacement).is_some();
    }
    let spec = object.workload().map(|it| &it.template.spec);
    let security = spec.and_then(|it| it.security.as_ref());
    let container = spec.and_then(|it| container_of(it, key)).and_then(|it| it.security.as_ref());
    match field_of(old).unwrap_or_default() {
        "seccompProfile" => {
            let own = container.is_some_and(|it| it.seccomp.is_some());
            own || security.is_some_and(|it| it.seccomp.is_some())
        }
        "appArmorProfile" => container.is_some_and(|it| it.apparmor.is_some()),
        "priorityClassName" => spec.is_some_and(|it| it.priority_class_name.is_some()),
        "tolerations" => spec.is_some_and(|it| !it.tolerations.is_empty()),
        "affinity" => spec.is_some_and(|it| {
            let affinity = &it.affinity;
            affinity.node.or(affinity.pod).or(affinity.anti).is_some()
        }),
        "schedulerName" => spec.is_some_and(|it| it.scheduler_name.is_some()),
        "initContainers" => spec.is_some_and(|it| !it.init_containers.is_empty()),
        "ingressClassName" => match &object.body {
            Body::Routes(it) => it.class.is_some(),
            _ => false,
        },
        "storageClassName" => match (claim, &object.body) {
            (Some(claim), _) => claim.storage_class.is_some(),
            (None, Body::PersistentVolume(it)) => it.storage_class.is_some(),
            _ => false,
        },
        "publishNotReadyAddresses" => match &object.body {
            Body::Service(it) => it.publish_not_ready_addresses.is_some(),
            _ => false,
        },
        _ => false,
    }
}

/// Returns the edit that writes the field that took the place of an annotation. The annotation stays:
/// nothing reads it.
fn fix(
    facts: &Facts,
    carrier: &Carrier<'_>,
    key: &Str,
    value: &Str,
    old: &OldAnnotation,
) -> Option<Fix> {
    let Carrier { object, claim, .. } = carrier;
    let replacement = old.replacement?;
    // The field takes effect, which the annotation did not: the Pods may be placed elsewhere or refused.
    let with = |edit: Edit| Fix::r#unsafe(format!("Write `{replacement}`"), [edit]);
    if replacement.contains('/') && !replacement.contains(' ') {
        return Some(with(facts.replace_scalar(&key.span, replacement)));
    }
    let field = field_of(old)?;
    let template = object.workload().map(|it| &it.template.spec);
    let pod = template.and_then(|it| it.place.as_ref());
    let insert = |place: Option<&Place>, value: Yaml<'_>| facts.insert_entry(place?, field, &value);
    let text = value.as_str().trim();
    let edit = match field {
        "priorityClassName" => insert(pod, Yaml::str("system-cluster-critical")),
        "schedulerName" => insert(pod, Yaml::str(text)),
        "tolerations" | "affinity" | "initContainers" => {
            // JSON is YAML as it stands, in one line.
            let json = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_json = json.starts_with(['[', '{']) && json.ends_with([']', '}']);
            is_json.then(|| insert(pod, Yaml::raw(json))).flatten()
        }
        "seccompProfile" => seccomp(facts, template?, key, text),
        // Before Kubernetes 1.27 an Ingress with both is not created.
        "ingressClassName" => {
            let Body::Routes(it) = &object.body else { return None };
            let written = insert(it.place.as_ref(), Yaml::str(text))?;
            let edits = [written, remove(facts, key, value)?];
            return Some(Fix::r#unsafe("Write `ingressClassName` in its place", edits));
        }
        "storageClassName" if old.effect == Effect::Deprecated => {
            insert(claim.and_then(|it| it.place.as_ref()), Yaml::str(text))
        }
        "publishNotReadyAddresses" => match &object.body {
            Body::Service(it) if text == "true" => insert(it.place.as_ref(), Yaml::bool(true)),
            _ => None,
        },
        _ => None,
    };
    edit.map(with)
}

fn remove(facts: &Facts, key: &Str, value: &Str) -> Option<Edit> {
    facts.editor(key.span.file).remove_entry(key.span.to(value.span))
}

/// Returns the edit that writes the seccomp profile of a Pod or of one of its containers.
fn seccomp(facts: &Facts, spec: &PodSpec, key: &str, text: &str) -> Option<Edit> {
    let profile = match text.split_once('/') {
        Some(("runtime" | "docker", "default")) => {
            Yaml::map([("type", Yaml::str("RuntimeDefault"))])
        }
        Some(("localhost", path)) => {
            Yaml::map([("type", Yaml::str("Localhost")), ("localhostProfile", Yaml::str(path))])
        }
        _ => return None,
    };
    let (security, place) = if key.starts_with("container.") {
        let container = container_of(spec, key)?;
        (container.security.as_ref(), &container.place)
    } else {
        (spec.security.as_ref(), spec.place.as_ref()?)
    };
    match security {
        Some(security) => facts.insert_entry(&security.place, "seccompProfile", &profile),
        None => {
            let context = Yaml::map([("seccompProfile", profile)]);
            facts.insert_entry(place, "securityContext", &context)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, findings, run};

    fn severities(text: &str) -> Vec<&'static str> {
        findings(&RULE, text).iter().map(|it| it.severity.name()).collect()
    }

    fn pod(annotation: &str, spec: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    {annotation}\nspec:\n  {spec}\n  containers:\n    - name: web\n      image: a:1\n"
        )
    }

    const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod: runtime/default";

    #[test]
    fn annotations_that_nothing_reads() {
        for annotation in [
            SECCOMP,
            "container.seccomp.security.alpha.kubernetes.io/web: localhost/web.json",
            "scheduler.alpha.kubernetes.io/critical-pod: ''",
            "scheduler.alpha.kubernetes.io/tolerations: '[{\"key\": \"a\"}]'",
            "scheduler.alpha.kubernetes.io/affinity: '{\"nodeAffinity\": {}}'",
        ] {
            assert_eq!(severities(&pod(annotation, "nodeName: a")), ["warning"], "{annotation}");
        }
    }

    #[test]
    fn what_asked_for_a_volume_in_an_alpha_is_read_no_longer() {
        let claim = |spec: &str| {
            severities(&format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: a, annotations: {{volume.alpha.kubernetes.io/storage-class: fast}}}}\nspec: {{accessModes: [ReadWriteOnce]{spec}}}\n"
            ))
        };
        assert_eq!(claim(""), ["warning"]);
        assert!(claim(", storageClassName: fast").is_empty());
    }

    #[test]
    fn a_template_and_its_owner_are_both_read() {
        let annotations = format!("annotations: {{{SECCOMP}}}");
        let text = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a, {annotations}}}\nspec: {{jobTemplate: {{spec: {{template: {{metadata: {{{annotations}}}, spec: {{containers: [{{name: a, image: a}}]}}}}}}}}}}\n"
        );
        assert_eq!(severities(&text), ["warning", "warning"]);
    }

    #[test]
    fn the_field_that_says_the_same_is_enough() {
        let profile = "securityContext: {seccompProfile: {type: RuntimeDefault}}";
        assert!(severities(&pod(SECCOMP, profile)).is_empty());
        let critical = "scheduler.alpha.kubernetes.io/critical-pod: ''";
        assert!(severities(&pod(critical, "priorityClassName: system-node-critical")).is_empty());
        let tolerations = "scheduler.alpha.kubernetes.io/tolerations: '[{\"key\": \"a\"}]'";
        assert!(severities(&pod(tolerations, "tolerations: [{key: a}]")).is_empty());
        let unconfined = "seccomp.security.alpha.kubernetes.io/pod: unconfined";
        assert!(severities(&pod(unconfined, "nodeName: a")).is_empty());
    }

    #[test]
    fn annotations_that_are_still_read_are_an_info() {
        let ingress = |spec: &str| {
            severities(&format!(
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, annotations: {{kubernetes.io/ingress.class: nginx}}}}\nspec: {{{spec}}}\n"
            ))
        };
        assert_eq!(ingress("rules: []"), ["info"]);
        assert!(ingress("ingressClassName: nginx").is_empty());
        assert_eq!(ingress("ingressClassName: traefik"), ["error"], "which is not created");
        let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, annotations: {volume.beta.kubernetes.io/storage-class: fast}}\nspec: {accessModes: [ReadWriteOnce]}\n";
        assert_eq!(severities(claim), ["info"]);
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}, volumeClaimTemplates: [{metadata: {name: d, annotations: {volume.beta.kubernetes.io/storage-class: fast}}, spec: {accessModes: [ReadWriteOnce]}}]}\n";
        assert_eq!(severities(set), ["info"]);
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {scheduler.alpha.kubernetes.io/node-selector: 'a=b'}}\n";
        assert_eq!(severities(namespace), ["info"]);
        assert!(severities(&pod("prometheus.io/scrape: 'true'", "nodeName: a")).is_empty());
    }

    #[test]
    fn the_class_of_an_ingress_is_written_once() {
        let ingress = |spec: &str| {
            files(&format!(
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  annotations:\n    kubernetes.io/ingress.class: nginx\n    acme.com/a: b\nspec:\n{spec}  rules: []\n"
            ))
        };
        let expected = "  annotations:\n    acme.com/a: b\nspec:\n";
        for (spec, class) in [("", "nginx"), ("  ingressClassName: traefik\n", "traefik")] {
            let before = ingress(spec);
            let after = apply_fixes(&before, &run(&RULE, &before));
            assert!(after[0].text.contains(expected), "{}", after[0].text);
            let field = format!("  ingressClassName: {class}\n");
            assert!(after[0].text.contains(&field), "{}", after[0].text);
        }
    }

    #[test]
    fn fixes_write_the_field() {
        for (annotation, expected) in [
            (SECCOMP, "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n"),
            (
                "container.seccomp.security.alpha.kubernetes.io/web: localhost/web.json",
                "      securityContext:\n        seccompProfile:\n          type: Localhost\n          localhostProfile: web.json\n",
            ),
            (
                "scheduler.alpha.kubernetes.io/tolerations: '[{\"key\": \"a\"}]'",
                "  tolerations: [{\"key\": \"a\"}]\n",
            ),
        ] {
            let before = files(&pod(annotation, "nodeName: a"));
            let after = apply_fixes(&before, &run(&RULE, &before));
            assert!(after[0].text.contains(expected), "{}", after[0].text);
            assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
        }
    }
}
