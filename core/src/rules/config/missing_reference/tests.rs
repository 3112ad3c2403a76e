use super::RULE;
use crate::rules::testing::findings;

fn pod(reference: &str, others: &str) -> Vec<(&'static str, String)> {
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: a, envFrom: [{reference}]}}]}}\n{others}"
    );
    findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
}

#[test]
fn a_secret_for_pulls_is_missed_by_the_node_alone() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {imagePullSecrets: [{name: registry}], containers: [{name: a, image: a}]}\n";
    let why = findings(&RULE, text)[0].why.clone().unwrap_or_default();
    assert!(why.contains("ImagePullBackOff"), "{why}");
    let text = text.replace("image: a", "image: a, envFrom: [{secretRef: {name: db}}]");
    assert!(findings(&RULE, &text).iter().all(|it| it.why.is_none()));
}

#[test]
fn what_is_known_decides_the_severity() {
    let secret = "{secretRef: {name: db}}";
    assert_eq!(pod(secret, "")[0].0, "info", "no Secret at all is handed over");
    let certificate = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web, namespace: shop}\nspec: {secretName: web-tls}\n";
    assert_eq!(pod(secret, certificate)[0].0, "info", "a Certificate is no Secret");
    let other =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: mail-account, namespace: shop}\n";
    assert_eq!(pod(secret, other)[0].0, "warning");
    let elsewhere = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: data}\n";
    let found = pod(secret, elsewhere);
    assert_eq!(found[0].0, "error");
    assert!(found[0].1.ends_with("but it is defined in namespace `data`"));
    let in_default = elsewhere.replace("namespace: data", "namespace: default");
    let found = pod(secret, &in_default);
    assert!(found[0].1.ends_with("but it is defined in namespace `default`"));
    let unset = elsewhere.replace(", namespace: data", "");
    let found = pod(secret, &unset);
    assert_eq!(
        found,
        [(
            "info",
            "Pod `a` is in namespace `shop`, and its Secret `db` states no namespace: they meet only with `kubectl apply -n shop`"
                .to_owned()
        )]
    );
    let same = elsewhere.replace("namespace: data", "namespace: shop");
    assert!(pod(secret, &same).is_empty());
}

#[test]
fn an_empty_name_means_none() {
    let account = |name: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{serviceAccountName: {name}, containers: [{{name: a, image: a}}]}}\n"
        );
        findings(&RULE, &text).len()
    };
    assert_eq!(account("''"), 0);
    assert_eq!(account("web"), 1);
}

#[test]
fn a_fixed_name_in_a_chart_is_found_by_one_release() {
    let chart = |claim: &str, used: &str| {
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n# file: c/templates/a.yaml\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: '{claim}'}}\nspec: {{}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: a, image: a, volumeMounts: [{{name: d, mountPath: /d}}]}}]\n  volumes: [{{name: d, persistentVolumeClaim: {{claimName: '{used}'}}}}]\n"
        );
        findings(&RULE, &text).into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    let of_release = "{{ .Release.Name }}-db-pvc";
    assert_eq!(
        chart("shop-db-pvc", of_release),
        [
            "Pod `web` uses PersistentVolumeClaim `RELEASE-db-pvc`, but the chart defines `shop-db-pvc`: only a release named `shop` finds it"
        ]
    );
    assert!(chart(of_release, of_release).is_empty());
    assert!(!chart("db", of_release)[0].contains("release named"));
}

#[test]
fn what_one_workload_expects_is_one_finding() {
    let found = pod(
        "{secretRef: {name: a}}, {secretRef: {name: b}}, {secretRef: {name: c}}, {secretRef: {name: d}}",
        "",
    );
    assert_eq!(
        found,
        [(
            "info",
            "Pod `a` uses Secrets `a`, `b`, `c` and 1 more, which are not defined in any of these files"
                .to_owned()
        )]
    );
    assert_eq!(pod("{secretRef: {name: a}}, {configMapRef: {name: b}}", "").len(), 2);
}

#[test]
fn a_hash_reaches_references_of_one_namespace_only() {
    let project = |own: &str, generator: &str| {
        let text = format!(
            "# file: k/kustomization.yaml\nresources: [pod.yaml]\nconfigMapGenerator:\n  - name: settings\n    {generator}literals: [A=b]\n# file: k/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web{own}}}\nspec: {{containers: [{{name: a, image: a, envFrom: [{{configMapRef: {{name: settings}}}}]}}]}}\n"
        );
        findings(&RULE, &text)
    };
    let found = project(", namespace: infra", "");
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "Pod `web` uses ConfigMap `settings` in namespace `infra`, which is generated as `settings-HASH` without a namespace: Kustomize connects the two only within one namespace"
    );
    assert!(found[0].help.as_ref().is_some_and(|it| it.contains("`namespace: infra`")));
    assert_eq!(found[0].related[0].message, "ConfigMap `settings` is generated here");
    assert!(project("", "").is_empty());
    assert!(project(", namespace: infra", "namespace: infra\n    ").is_empty());
}

#[test]
fn optional_references_and_operators_are_silent() {
    assert!(pod("{secretRef: {name: db, optional: true}}", "").is_empty());
    let sealed = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec: {encryptedData: {a: AgBy}}\n";
    assert!(pod("{secretRef: {name: db}}", sealed).is_empty());
}

/// Every way to name an object, with its kind: what the container has, and what its Pod has.
const WAYS: &[(&str, &str, &str)] = &[
    ("ConfigMap", "env: [{name: A, valueFrom: {configMapKeyRef: {name: gone, key: k}}}]", ""),
    ("Secret", "env: [{name: A, valueFrom: {secretKeyRef: {name: gone, key: k}}}]", ""),
    ("ConfigMap", "envFrom: [{configMapRef: {name: gone}}]", ""),
    ("Secret", "envFrom: [{secretRef: {name: gone}}]", ""),
    ("ConfigMap", "", "volumes: [{name: v, configMap: {name: gone}}]"),
    ("Secret", "", "volumes: [{name: v, secret: {secretName: gone}}]"),
    ("ConfigMap", "", "volumes: [{name: v, projected: {sources: [{configMap: {name: gone}}]}}]"),
    ("Secret", "", "volumes: [{name: v, projected: {sources: [{secret: {name: gone}}]}}]"),
    ("Secret", "", "imagePullSecrets: [{name: gone}]"),
    ("PersistentVolumeClaim", "", "volumes: [{name: v, persistentVolumeClaim: {claimName: gone}}]"),
    ("ServiceAccount", "", "serviceAccountName: gone"),
    ("PriorityClass", "", "priorityClassName: gone"),
];

#[test]
fn every_way_to_name_an_object_is_followed() {
    for (kind, container, spec) in WAYS {
        let severities = |others: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: a, {container}}}], {spec}}}\n{others}"
            );
            findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        // A PriorityClass belongs to the whole cluster.
        let is_in_namespace = *kind != "PriorityClass";
        let object = |name: &str, namespace: &str| {
            let (api, namespace) = match is_in_namespace {
                true => ("v1", format!(", namespace: {namespace}")),
                false => ("scheduling.k8s.io/v1", String::new()),
            };
            format!("---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n")
        };
        let way = format!("{kind}: {container}{spec}");
        assert_eq!(severities(&object("another-one", "shop")), ["warning"], "{way}");
        assert_eq!(severities(""), ["info"], "no {way}");
        assert_eq!(severities(&object("gonee", "shop")), ["error"], "a near miss: {way}");
        assert_eq!(severities(&object("gone", "shop")), [""; 0], "{way}");
        if is_in_namespace {
            assert_eq!(severities(&object("gone", "data")), ["error"], "another namespace: {way}");
        }
    }
}

#[test]
fn optional_references_of_every_kind_are_silent() {
    let others = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other-one}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: other-one}\n";
    for (_, container, spec) in WAYS.iter().take(8) {
        let optional = |text: &str| {
            text.replace("name: gone", "optional: true, name: gone")
                .replace("secretName: gone", "optional: true, secretName: gone")
        };
        let (container, spec) = (optional(container), optional(spec));
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {container}}}], {spec}}}\n{others}"
        );
        assert!(findings(&RULE, &text).is_empty(), "{container}{spec}");
    }
}

#[test]
fn an_external_secret_makes_a_secret_by_its_own_name_or_its_target() {
    let plain =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: mail-account, namespace: shop}\n";
    let made = |name: &str, spec: &str| {
        let external = format!(
            "{plain}---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n"
        );
        pod("{secretRef: {name: db}}", &external).len()
    };
    assert_eq!(made("db", ""), 0);
    assert_eq!(made("from-the-vault", "target: {name: db}"), 0);
    assert_eq!(made("from-the-vault", ""), 1);
}

#[test]
fn an_object_that_no_file_defines_is_reported_once() {
    let second = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: shop}\nspec: {containers: [{name: b, image: b, envFrom: [{secretRef: {name: db}}]}]}\n";
    assert_eq!(pod("{secretRef: {name: db}}", second).len(), 1);
}

#[test]
fn init_containers_and_cron_jobs_are_read() {
    let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: i, envFrom: [{secretRef: {name: gone}}]}], containers: [{name: a, image: a}]}}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: another-one}\n";
    let found = findings(&RULE, text);
    assert!(found.len() == 1 && found[0].message.starts_with("CronJob `a` uses Secret `gone`"));
}
