use crate::facts::{Facts, Workload};
use crate::model::Str;
use crate::model::kubernetes::{Body, IgnoredDifference, Object};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// An autoscaler changes the replicas of a workload that Argo CD sets back to the number in Git.
    ///
    /// ## Why it hurts
    /// The autoscaler and Argo CD own the same field. The Application is OutOfSync whenever the load is
    /// not exactly what Git says, and every sync throws the scaling away: under load the workload
    /// falls back to the number in Git, in the middle of the peak.
    ///
    /// ## What helps
    /// Leave `replicas` out of the manifest, so that the autoscaler alone owns the field. Where the
    /// manifest has to keep the number, list `/spec/replicas` under `ignoreDifferences` and add
    /// `RespectIgnoreDifferences=true` to `syncOptions`: without the option the difference is only hidden,
    /// and each sync still writes the number.
    ///
    /// ## How to troubleshoot
    /// `argocd app diff NAME` shows `replicas`; `kubectl get deploy NAME --show-managed-fields -o yaml`
    /// shows who wrote the field last.
    ///
    /// ## When to ignore
    /// Where the settings of Argo CD, which these files do not show, make it ignore the replicas of every
    /// Application.
    ///
    /// ## Bad
    /// ```yaml file=argocd/shop.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=deploy/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 2 # <- Argo CD sets Deployment `web` back to the replicas of the manifest, which HorizontalPodAutoscaler `web` changes
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   minReplicas: 2
    ///   maxReplicas: 8
    /// ```
    ///
    /// ## Good
    /// ```yaml file=argocd/shop.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=deploy/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   minReplicas: 2
    ///   maxReplicas: 8
    /// ```
    PLM903 "hpa-drift-loop" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

// Without an Application the same pair of objects is PLM613's: every `kubectl apply` resets the number.
// Where an Application deploys them, only this rule speaks, which knows whether Argo CD ignores the field.
fn check(facts: &Facts, out: &mut Findings) {
    if has_global_setting(facts) {
        return;
    }
    for workload in facts.workloads() {
        let Some(replicas) = workload.model.replicas else { continue };
        let mut scalers = workload.autoscalers.iter().map(|at| facts.objects()[*at]);
        let scales = |object: &Object| match &object.body {
            Body::Autoscaler(scaler) => scaler.scales_replicas(),
            _ => false,
        };
        let Some(scaler) = scalers.find(|scaler| scales(scaler)) else { continue };
        let Some(app) = facts.app_of(workload.object) else { continue };
        let is_ignored = app.application.ignore_differences.iter().any(|it| covers(it, workload));
        let respects = app.application.has_sync_option("RespectIgnoreDifferences");
        if is_ignored && respects {
            continue;
        }
        let mut message = format!(
            "Argo CD sets {} back to the replicas of the manifest, which {} changes",
            workload.label,
            scaler.label()
        );
        if is_ignored {
            message.push_str(": `ignoreDifferences` hides the difference, but without `RespectIgnoreDifferences=true` each sync writes the number");
        }
        out.at(&replicas.span, message)
            .also(&scaler.name_span(), "the autoscaler")
            .also(&app.span, "the Application that deploys the workload")
            .check(format!("argocd app diff {}", app.argument()));
    }
}

/// Whether Argo CD is configured to ignore replicas in all Applications.
fn has_global_setting(facts: &Facts<'_>) -> bool {
    let built = facts.all_targets().iter().flat_map(|target| &target.objects);
    facts.objects().iter().copied().chain(built).any(|object| match &object.body {
        Body::ConfigMap(config) => config.data.iter().any(|(key, value)| {
            key.starts_with("resource.customizations.ignoreDifferences")
                && value.contains("replicas")
        }),
        _ => false,
    })
}

/// Whether an entry of `ignoreDifferences` is about the replicas of a workload.
fn covers(entry: &IgnoredDifference, workload: &Workload<'_>) -> bool {
    let is = |wanted: &Option<Str>, own: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| matches!(wanted.as_str(), "" | "*") || wanted.as_str() == own)
    };
    let about_workload = is(&entry.group, workload.object.group())
        && is(&entry.kind, workload.kind().name())
        && is(&entry.name, workload.name)
        && (workload.namespace == "default" || is(&entry.namespace, workload.namespace));
    let by_path =
        entry.json_pointers.iter().any(|path| matches!(path.as_str(), "/spec/replicas" | "/spec"))
            || entry.jq_paths.iter().any(|path| path.contains("replicas"));
    let by_manager = entry.managers.iter().any(|manager| {
        matches!(
            manager.as_str(),
            "kube-controller-manager" | "keda-operator" | "horizontal-pod-autoscaler"
        )
    });
    about_workload && (by_path || by_manager)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    const SCALED: &str = "# file: deploy/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: a}]}\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 8}\n";

    fn app(spec: &str) -> String {
        format!(
            "{SCALED}# file: app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop}}\nspec: {{source: {{repoURL: r, path: deploy}}, destination: {{namespace: shop}}, {spec}}}\n"
        )
    }

    #[test]
    fn the_difference_must_be_ignored_and_respected() {
        let ignored =
            "ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}]";
        assert_eq!(messages(&RULE, &app("project: a")).len(), 1);
        let hidden = messages(&RULE, &app(ignored));
        assert!(hidden[0].contains("each sync writes the number"), "{hidden:?}");
        let respected =
            format!("{ignored}, syncPolicy: {{syncOptions: [RespectIgnoreDifferences=true]}}");
        assert!(messages(&RULE, &app(&respected)).is_empty());
        let other = respected.replace("kind: Deployment", "kind: StatefulSet");
        assert_eq!(messages(&RULE, &app(&other)).len(), 1);
        let manager = respected.replace(
            "jsonPointers: [/spec/replicas]",
            "managedFieldsManagers: [kube-controller-manager]",
        );
        assert!(messages(&RULE, &app(&manager)).is_empty());
    }

    #[test]
    fn workloads_outside_of_argo_cd_are_left_to_another_rule() {
        assert!(findings(&RULE, SCALED).is_empty());
    }

    #[test]
    fn every_autoscaler_of_replicas_counts() {
        let with = |scaler: &str| {
            let (workload, _) = SCALED.split_once("---\n").unwrap();
            let text = app("project: a").replace(SCALED, &format!("{workload}---\n{scaler}"));
            messages(&RULE, &text).len()
        };
        let meta = "metadata: {name: web}\nspec: ";
        let old = format!(
            "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\n{meta}{{scaleTargetRef: {{kind: Deployment, name: web}}, maxReplicas: 8}}\n"
        );
        let keda = format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n{meta}{{scaleTargetRef: {{name: web}}, maxReplicaCount: 8}}\n"
        );
        let vertical = format!(
            "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\n{meta}{{targetRef: {{kind: Deployment, name: web}}}}\n"
        );
        assert_eq!((with(&old), with(&keda), with(&vertical)), (1, 1, 0));
        let jq = "ignoreDifferences: [{group: apps, kind: Deployment, jqPathExpressions: [.spec.replicas]}], syncPolicy: {syncOptions: [RespectIgnoreDifferences=true]}";
        assert!(messages(&RULE, &app(jq)).is_empty());
    }

    #[test]
    fn a_setting_of_argo_cd_itself_counts() {
        let setting = "# file: argocd-cm.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  resource.customizations.ignoreDifferences.apps_Deployment: |\n    jsonPointers: [/spec/replicas]\n";
        assert!(messages(&RULE, &format!("{}{setting}", app("project: a"))).is_empty());
    }
}
