use crate::facts::{Facts, Named, Workload, in_shell, kubectl};
use crate::model::Str;
use crate::model::kubernetes::{
    Body, Container, EnvSource, EnvValue, Object, SecretKind, WorkloadKind, is_true,
};
use crate::report::{Findings, Kind, phrases};
use crate::rules::rule;

rule! {
    /// A workload reads a ConfigMap or Secret only when its Pods start, and nothing restarts them when
    /// it changes.
    ///
    /// ## Why it hurts
    /// Variables and files with `subPath` are copied when a container starts. `kubectl apply` with a new
    /// ConfigMap succeeds and nothing happens; days later a node is drained, one Pod starts with the new
    /// values, and two configurations run side by side.
    ///
    /// ## What helps
    /// Put a checksum of the configuration into an annotation of the Pod template, generate the object
    /// with Kustomize (which puts a hash into its name), or run Reloader.
    ///
    /// ## How to troubleshoot
    /// Compare `printenv` in a container with the object.
    ///
    /// ## When to ignore
    /// If whoever changes the object also runs `kubectl rollout restart`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data: { LOG_LEVEL: info }
    /// ---
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
    ///           envFrom:
    ///             - configMapRef: { name: web } # <- Deployment `web` keeps the old values when ConfigMap `web` changes: nothing restarts its Pods
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data: { LOG_LEVEL: info }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata:
    ///       labels: { app: web }
    ///       annotations: { checksum/config: 4355a46b19d348dc }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1
    ///           envFrom:
    ///             - configMapRef: { name: web }
    /// ```
    PLM514 "config-change-not-rolled" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        if !is_rolled_out(workload.kind()) || notices_changes(workload) {
            continue;
        }
        let mut read: Vec<(&Object, &Str)> = Vec::new();
        let mut command = None;
        for (unit, container) in workload.containers() {
            for (kind, name, path) in read_at_start(workload, container) {
                let object = facts.named(kind, workload.object.file, workload.namespace, name);
                let Some(object) = object.filter(|it| may_change(facts, it)) else { continue };
                if !read.iter().any(|it| std::ptr::eq(it.0, object)) {
                    read.push((object, name));
                }
                command.get_or_insert_with(|| {
                    path.map_or_else(
                        || facts.show_environment(unit),
                        |path| workload.exec(unit, &format!("cat {}", in_shell(path))),
                    )
                });
            }
        }
        report(workload, &read, command, out);
    }
}

/// Reports everything that a workload reads at its start in one finding.
fn report(
    workload: &Workload<'_>,
    read: &[(&Object, &Str)],
    command: Option<String>,
    out: &mut Findings,
) {
    let [(object, name), others @ ..] = read else { return };
    let label = &workload.label;
    let message = match others {
        [] => format!(
            "{label} keeps the old values when {} changes: nothing restarts its Pods",
            object.label()
        ),
        _ => {
            let names: Vec<&str> = read.iter().map(|it| it.1.as_str()).collect();
            let names = phrases::first_named(&names, 4);
            format!(
                "{label} keeps the old values when its configuration changes ({names}): nothing restarts its Pods"
            )
        }
    };
    let finding = out.at(&name.span, message);
    finding.cause("nothing restarts the Pods");
    for (object, _) in read {
        finding.also(&object.name_span(), format!("{} is defined here", object.label()));
    }
    // What names no namespace is needed where the Pods are.
    let ask = match object.meta.namespace {
        Some(_) => kubectl("get", object, "-o jsonpath='{.data}'"),
        None => {
            let kind = object.kind.to_ascii_lowercase();
            let (name, flag) = (in_shell(name), workload.namespace_flag());
            format!("kubectl get {kind}{flag} {name} -o jsonpath='{{.data}}'")
        }
    };
    finding.check(ask);
    if let Some(command) = command {
        finding.check(command);
    }
}

/// Whether a controller replaces the Pods of such a workload when its template changes.
fn is_rolled_out(kind: WorkloadKind) -> bool {
    match kind {
        WorkloadKind::Deployment
        | WorkloadKind::StatefulSet
        | WorkloadKind::DaemonSet
        | WorkloadKind::Rollout => true,
        WorkloadKind::ReplicaSet
        | WorkloadKind::ReplicationController
        | WorkloadKind::Job
        | WorkloadKind::CronJob
        | WorkloadKind::Pod => false,
    }
}

/// Words in the keys of annotations that change with the configuration.
const CHECKSUM_WORDS: &[&str] = &[
    "checksum",
    "hash",
    "sha256",
    "rollme",
    "rollout",
    "config-version",
    "timestamp",
    "restarted",
];

/// Prefixes of the annotations by which operators restart Pods. Sources: the documentation of Stakater
/// Reloader, Pusher Wave and the 1Password operator.
const RESTARTERS: &[&str] = &[
    "reloader.stakater.com/",
    "configmap.reloader.stakater.com/",
    "secret.reloader.stakater.com/",
    "wave.pusher.com/",
    "operator.1password.io/auto-restart",
];

/// Whether an annotation restarts the Pods of a workload when its configuration changes.
fn notices_changes(workload: &Workload<'_>) -> bool {
    let template = &workload.model.template.meta.annotations;
    let own = &workload.object.meta.annotations;
    let has_checksum = template.iter().any(|(key, _)| {
        let key = key.to_ascii_lowercase();
        CHECKSUM_WORDS.iter().any(|word| key.contains(word))
    });
    let has_restarter = own
        .iter()
        .chain(template)
        .any(|(key, _)| RESTARTERS.iter().any(|prefix| key.starts_with(prefix)));
    has_checksum || has_restarter
}

/// Whether an object keeps its name when its content changes.
fn may_change(facts: &Facts, object: &Object) -> bool {
    let immutable = match &object.body {
        Body::ConfigMap(map) => map.immutable,
        Body::Secret(secret) => match secret.kind {
            SecretKind::Plain | SecretKind::Sops => secret.immutable,
            SecretKind::SealedSecret | SecretKind::ExternalSecret | SecretKind::Other => {
                return false;
            }
        },
        _ => return false,
    };
    !is_true(immutable) && !has_hashed_name(facts, object)
}

/// Whether Kustomize has put a hash of the content behind the name of a generated object.
fn has_hashed_name(facts: &Facts, object: &Object) -> bool {
    let generated = facts.file(object.name_span().file).kind == Kind::Kustomization;
    generated && object.name_before_hash().is_some()
}

/// Returns the ConfigMaps and Secrets whose content a container gets when it starts and never again, with
/// the path of a file that is mounted by itself.
fn read_at_start<'a>(
    workload: &Workload<'a>,
    container: &'a Container,
) -> Vec<(Named, &'a Str, Option<&'a Str>)> {
    let mut read: Vec<(Named, Option<&Str>, Option<&Str>)> = Vec::new();
    for from in &container.env_from {
        match from.source {
            EnvSource::ConfigMap => read.push((Named::ConfigMap, from.name.as_ref(), None)),
            EnvSource::Secret => read.push((Named::Secret, from.name.as_ref(), None)),
            EnvSource::Unknown => {}
        }
    }
    for variable in &container.env {
        match &variable.value {
            EnvValue::ConfigMapKey(it) => read.push((Named::ConfigMap, it.name.as_ref(), None)),
            EnvValue::SecretKey(it) => read.push((Named::Secret, it.name.as_ref(), None)),
            EnvValue::Empty
            | EnvValue::Literal(_)
            | EnvValue::NotAString(..)
            | EnvValue::Field(_)
            | EnvValue::Resource(_)
            | EnvValue::Other(_) => {}
        }
    }
    let in_parts =
        container.mounts.iter().filter(|it| it.sub_path.is_some() || it.sub_path_expr.is_some());
    for mount in in_parts {
        let name = mount.name.as_ref();
        let volume = name.and_then(|it| workload.model.template.spec.volume(it));
        for (secret, source) in volume.map(|it| it.source.keyed()).unwrap_or_default() {
            let kind = if secret { Named::Secret } else { Named::ConfigMap };
            read.push((kind, source.name.as_ref(), mount.mount_path.as_ref()));
        }
    }
    read.into_iter().filter_map(|(kind, name, path)| Some((kind, name?, path))).collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    const ENV_FROM: &str = "envFrom: [{configMapRef: {name: c}}]";

    fn deployment(annotations: &str, container: &str, config: &str) -> usize {
        workload("apps/v1", "Deployment", annotations, container, config)
    }

    fn workload(version: &str, kind: &str, annotations: &str, container: &str, map: &str) -> usize {
        let text = format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n  template:\n    metadata: {{labels: {{app: a}}, annotations: {{{annotations}}}}}\n    spec:\n      containers: [{{name: a, image: a, {container}}}]\n      volumes: [{{name: v, configMap: {{name: c}}}}, {{name: s, secret: {{secretName: s}}}}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{A: x}}\n{map}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{A: x}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn both_commands_ask_in_the_namespace_of_the_pods() {
        let text = |namespace: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a, namespace: shop}}\nspec: {{template: {{metadata: {{labels: {{app: a}}}}, spec: {{containers: [{{name: a, image: a, {ENV_FROM}}}]}}}}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{namespace}}}\ndata: {{A: x}}\n"
            )
        };
        for namespace in ["", ", namespace: shop"] {
            let found = findings(&RULE, &text(namespace));
            let [first, second] = found[0].check.as_slice() else { panic!("{found:?}") };
            assert!([first, second].iter().all(|it| it.contains(" -n shop ")), "{found:?}");
        }
    }

    #[test]
    fn the_workloads_of_one_application_are_one_finding() {
        let one = |name: &str| {
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: a, image: a, envFrom: [{{configMapRef: {{name: {name}}}}}]}}]}}}}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{A: x}}\n"
            )
        };
        let found = findings(&RULE, &format!("{}{}", one("web"), one("api")));
        assert_eq!((found.len(), found[0].more), (1, 1));
    }

    #[test]
    fn variables_and_subpaths_are_read_once() {
        for container in [
            ENV_FROM,
            "envFrom: [{secretRef: {name: s}}]",
            "env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: A}}}]",
            "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: A}}}]",
            "volumeMounts: [{name: v, mountPath: /a, subPath: A}]",
            "volumeMounts: [{name: s, mountPath: /a, subPath: A}]",
            "envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s}}]",
        ] {
            assert_eq!(deployment("", container, ""), 1, "{container}");
        }
        for fine in
            ["volumeMounts: [{name: v, mountPath: /a}]", "envFrom: [{configMapRef: {name: d}}]"]
        {
            assert_eq!(deployment("", fine, ""), 0, "{fine}");
        }
    }

    #[test]
    fn checksums_reloaders_and_immutable_objects_are_silent() {
        for annotation in
            ["checksum/config: abc", "config-hash: abc", "reloader.stakater.com/auto: 'true'"]
        {
            assert_eq!(deployment(annotation, ENV_FROM, ""), 0, "{annotation}");
        }
        assert_eq!(deployment("", ENV_FROM, "immutable: true"), 0);
    }

    #[test]
    fn only_workloads_that_are_rolled_out_count() {
        for kind in ["StatefulSet", "DaemonSet"] {
            assert_eq!(workload("apps/v1", kind, "", ENV_FROM, ""), 1, "{kind}");
        }
        assert_eq!(workload("batch/v1", "Job", "", ENV_FROM, ""), 0);
    }

    #[test]
    fn what_a_generator_makes_has_a_new_name() {
        let text = |options: &str| {
            format!(
                "# file: kustomization.yaml\nresources: [app.yaml]\nconfigMapGenerator: [{{name: c, literals: [A=x]{options}}}]\n# file: app.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  template:\n    metadata: {{labels: {{app: a}}}}\n    spec: {{containers: [{{name: a, image: a, {ENV_FROM}}}]}}\n"
            )
        };
        assert!(messages(&RULE, &text("")).is_empty());
        let fixed = text(", options: {disableNameSuffixHash: true}");
        assert_eq!(messages(&RULE, &fixed).len(), 1);
    }
}
