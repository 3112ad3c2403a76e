use crate::facts::{Facts, MANY, Workload, in_shell, namespace_option, nearest};
use crate::model::Str;
use crate::model::kubernetes::{Autoscaler, Body, Object, WorkloadKind};
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// An autoscaler names a workload that does not exist.
    ///
    /// ## Why it hurts
    /// The autoscaler is accepted, finds nothing to scale and says so only in its own status. The workload
    /// stays at the number of replicas that it was created with, also under full load.
    ///
    /// ## What helps
    /// Name the kind and the name of the workload, in the namespace of the autoscaler.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe hpa NAME` shows `FailedGetScale`.
    ///
    /// ## When to ignore
    /// Where another repository defines the workload.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: wbe } # <- HorizontalPodAutoscaler `web` scales Deployment `wbe`, which does not exist; did you mean `web`?
    ///   maxReplicas: 10
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   maxReplicas: 10
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM614 "hpa-target-missing" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for (at, &object) in facts.objects().iter().enumerate() {
        let Body::Autoscaler(scaler) = &object.body else { continue };
        let owns = facts.workloads().iter().any(|it| it.autoscalers.contains(&at));
        if owns || !scaler.scales_replicas() {
            continue;
        }
        if let Some((kind, name)) = target(scaler) {
            report(facts, out, object, kind, name);
        }
    }
}

/// Returns the kind and the name of a target that is an ordinary workload; other kinds may be scaled by
/// their own controllers.
fn target(scaler: &Autoscaler) -> Option<(WorkloadKind, &Str)> {
    let target = scaler.target.as_ref()?;
    let kind = match target.kind.as_ref().map_or("Deployment", |it| it.as_str()) {
        "Deployment" => WorkloadKind::Deployment,
        "StatefulSet" => WorkloadKind::StatefulSet,
        "ReplicaSet" => WorkloadKind::ReplicaSet,
        _ => return None,
    };
    Some((kind, target.name.as_ref()?))
}

fn report(facts: &Facts, out: &mut Findings, object: &Object, scaled: WorkloadKind, name: &Str) {
    let in_reach = |it: &&Workload<'_>| {
        facts.together(it.object.file, object.file)
            && facts.may_share_namespace(it.namespace, object.namespace())
    };
    let here: Vec<&Workload<'_>> = facts.workloads().iter().filter(in_reach).collect();
    // Without any workload the project has only this part of the system.
    if here.is_empty() {
        return;
    }
    let what = format!("{} scales {} `{name}`", object.label(), scaled.name());
    let of_kind = here.iter().filter(|it| it.kind() == scaled);
    let other_kind = here.iter().find(|it| it.name == name.as_str());
    // Kustomize changes the names that it knows of, and not those in custom resources.
    let is_renamed = |it: &&&Workload<'_>| {
        it.name != name.as_str() && facts.written(&it.span()) == name.as_str()
    };
    let renamed = of_kind.clone().find(is_renamed).filter(|_| facts.is_built(object.file));
    let near = if here.len() > MANY { None } else { nearest(name, of_kind.map(|it| it.name)) };
    let finding = match (renamed, other_kind, near) {
        (Some(renamed), ..) => {
            let (now, kind) = (renamed.name, object.kind.as_str());
            let message = format!(
                "{what}, which is called `{now}` here: `namePrefix` and `nameSuffix` do not reach a {kind}"
            );
            out.at(&name.span, message)
                .severity(Severity::Error)
                .also(&renamed.span(), format!("{} gets its name from here", renamed.label))
                .why("Kustomize updates names only in fields that it knows, and it knows no fields of custom resources. The controller finds nothing to scale, so the number of replicas never changes.")
                .help(format!("Name `{now}` in a patch of the overlay, or tell Kustomize of the field: a file under `configurations:` with a `nameReference` from {} to `spec/scaleTargetRef/name` of {kind}.", scaled.name()))
        }
        (None, Some(other), _) => {
            let message = format!("{what}, but `{name}` is a {}", other.kind().name());
            out.at(&name.span, message).severity(Severity::Error).also(&other.span(), "this one")
        }
        (None, None, Some(near)) => out
            .at(&name.span, format!("{what}, which does not exist; did you mean `{near}`?"))
            .severity(Severity::Error)
            .confidence(Confidence::Likely)
            .fix(Fix::r#unsafe(
                format!("Scale `{near}`"),
                [facts.replace_scalar(&name.span, near)],
            )),
        (None, None, None) => out
            .at(&name.span, format!("{what}, which none of these files defines"))
            .confidence(Confidence::Possible),
    };
    let namespace = object.meta.namespace.as_ref().filter(|it| it.as_str() != "default");
    let namespace = namespace_option(namespace);
    let own = object.name().map_or("NAME", |it| it.as_str());
    // KEDA makes an autoscaler of its own only once it has found the target.
    let resource = match object.kind.as_str() {
        "HorizontalPodAutoscaler" => "hpa".to_owned(),
        kind => kind.to_ascii_lowercase(),
    };
    finding.check(format!(
        "kubectl describe {resource}{namespace} {own}",
        resource = in_shell(&resource),
        own = in_shell(own)
    ));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn severities(target: &str, workloads: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{{target}}}, maxReplicas: 3}}\n{workloads}"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    const WEB: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n";

    #[test]
    fn near_misses_and_other_kinds_are_errors() {
        assert_eq!(severities("kind: Deployment, name: webb", WEB), ["error"]);
        assert_eq!(severities("kind: StatefulSet, name: web", WEB), ["error"]);
        assert_eq!(severities("kind: Deployment, name: payments", WEB), ["warning"]);
    }

    #[test]
    fn a_match_an_unknown_kind_and_a_project_without_workloads_are_silent() {
        assert!(severities("kind: Deployment, name: web", WEB).is_empty());
        assert!(severities("kind: Rollout, name: payments", WEB).is_empty());
        assert!(severities("kind: Deployment, name: web", "").is_empty());
    }

    #[test]
    fn a_prefix_does_not_reach_a_custom_resource() {
        let project = |api: &str, kind: &str, more: &str| {
            let text = format!(
                "# file: k/kustomization.yaml\nnamePrefix: prod-\nresources: [app.yaml, scale.yaml]\n# file: k/app.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: worker}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: a}}]}}}}}}\n# file: k/scale.yaml\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: scaler}}\nspec: {{scaleTargetRef: {{{more}name: worker}}}}\n"
            );
            findings(&RULE, &text)
        };
        let found = project("keda.sh/v1alpha1", "ScaledObject", "");
        assert_eq!(
            found[0].message,
            "ScaledObject `prod-scaler` scales Deployment `worker`, which is called `prod-worker` here: `namePrefix` and `nameSuffix` do not reach a ScaledObject"
        );
        assert_eq!(found[0].severity.name(), "error");
        assert_eq!(found[0].check, ["kubectl describe scaledobject prod-scaler"]);
        let kind = "apiVersion: apps/v1, kind: Deployment, ";
        assert!(project("autoscaling/v2", "HorizontalPodAutoscaler", kind).is_empty());
    }

    #[test]
    fn keda_has_a_default_kind_and_vpa_is_left_alone() {
        let text = |kind: &str| {
            format!("apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{name: webb}}}}\n{WEB}")
                .replace("x/v1", "keda.sh/v1alpha1")
        };
        assert_eq!(findings(&RULE, &text("ScaledObject")).len(), 1);
        assert!(findings(&RULE, &text("TriggerAuthentication")).is_empty());
    }
}
