use super::RULE;
use crate::rules::testing::{files, findings, messages, run};

fn workload(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: a}}}}, template: {{metadata: {{labels: {{app: a}}}}, spec: {{{spec}}}}}}}\n"
    )
}

fn pod(path: &str, mount: &str) -> String {
    format!(
        "containers: [{{name: a, image: 'acme/a:1', volumeMounts: [{{name: v, mountPath: /v{mount}}}]}}], volumes: [{{name: v, hostPath: {{path: {path}}}}}]"
    )
}

#[test]
fn a_folder_of_the_node_behind_a_claim_counts() {
    let with = |volume: &str, claim: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: db}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: db, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: data}}}}]}}}}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [ReadWriteOnce], {claim}}}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: disk}}\nspec: {{{volume}}}\n"
        );
        let found = crate::rules::testing::findings(&RULE, &text);
        found.iter().map(|it| it.related.len()).collect::<Vec<_>>()
    };
    let folder = "hostPath: {path: /srv/data}";
    assert_eq!(with(folder, "volumeName: disk"), [1]);
    assert_eq!(with(&format!("{folder}, storageClassName: own"), "storageClassName: own"), [1]);
    assert_eq!(with(&format!("{folder}, claimRef: {{name: data}}"), "volumeMode: Filesystem"), [1]);
    assert_eq!(with(folder, "volumeName: other"), [0; 0]);
    assert_eq!(
        with(&format!("{folder}, nodeAffinity: {{required: {{}}}}"), "volumeName: disk"),
        [0; 0]
    );
    assert_eq!(with("nfs: {server: a, path: /}", "volumeName: disk"), [0; 0]);
}

#[test]
fn a_claim_has_reasons_and_advice_of_its_own() {
    let claimed = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: 'a:1', volumeMounts: [{name: d, mountPath: /d}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {volumeName: disk}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec: {hostPath: {path: /srv/data}}\n";
    let found = findings(&RULE, claimed);
    let help = found[0].help.clone().unwrap_or_default();
    assert!(help.contains("`nodeAffinity`") && !help.contains("PersistentVolumeClaim"), "{help}");
    assert!(!found[0].why.clone().unwrap_or_default().contains("baseline"));
    let direct = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{{}}}\n",
        pod("/srv/data", "")
    );
    let found = findings(&RULE, &direct);
    assert!(found[0].why.is_none() && found[0].help.is_none(), "the rule's own sentences");
}

#[test]
fn every_kind_of_application_counts() {
    for kind in ["Deployment", "StatefulSet", "ReplicaSet"] {
        let text = workload(kind, "a", &pod("/srv/a", ""));
        assert_eq!(messages(&RULE, &text).len(), 1, "{kind}");
    }
    let cron = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{schedule: '* * * * *', jobTemplate: {{spec: {{template: {{spec: {{{}}}}}}}}}}}\n",
        pod("/srv/a", ", readOnly: true")
    );
    assert_eq!(
        messages(&RULE, &cron),
        ["CronJob `a` mounts `/srv/a` of whichever node its Pod runs on"]
    );
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n  - {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{}}}}}\n",
        pod("/srv/a", "")
    );
    assert_eq!(messages(&RULE, &list).len(), 1);
}

#[test]
fn a_chart_leads_with_the_value_to_change() {
    let found = |volume: &str, values: &str| {
        let text = format!(
            "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\n{values}\n# file: web/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers: [{{name: web, image: 'acme/web:1', volumeMounts: [{{name: d, mountPath: /d}}]}}]\n      volumes:\n{volume}\n"
        );
        let files = files(&text);
        let report = run(&RULE, &files);
        assert_eq!(report.findings.len(), 1, "{volume}");
        let found = &report.findings[0];
        assert_eq!(found.subject, "Deployment web");
        report.entry(found.span.file).file.text[found.span.range()].to_owned()
    };
    let chosen = "        {{- if eq .Values.data.type \"hostPath\" }}\n        - name: d\n          hostPath:\n            path: {{ .Values.data.prefix }}/web\n        {{- end }}";
    assert_eq!(found(chosen, "data: {type: hostPath, prefix: /srv}"), "hostPath");
    let printed = "        - name: d\n          hostPath:\n            path: {{ .Values.path }}";
    assert_eq!(found(printed, "path: /srv/web"), "/srv/web");
    let written = "        - name: d\n          hostPath:\n            path: /srv/own";
    assert_eq!(found(written, "path: /srv/web"), "/srv/own");
}

#[test]
fn data_leads_before_logs() {
    let spec = "containers: [{name: a, image: 'acme/a:1', volumeMounts: [{name: l, mountPath: /l}, {name: d, mountPath: /d}]}], volumes: [{name: l, hostPath: {path: /srv/logs/a}}, {name: d, hostPath: {path: /srv/a}}]";
    let found = messages(&RULE, &workload("Deployment", "a", spec));
    assert!(found[0].starts_with("Deployment `a` mounts `/srv/a`, `/srv/logs/a`"), "{found:?}");
}

#[test]
fn agents_of_the_node_are_silent() {
    assert!(messages(&RULE, &workload("DaemonSet", "a", &pod("/var/log", ""))).is_empty());
    assert!(
        messages(&RULE, &workload("Deployment", "local-path-provisioner", &pod("/opt", "")))
            .is_empty()
    );
    let agent = pod("/var/log", "").replace("acme/a:1", "grafana/promtail:3");
    assert!(messages(&RULE, &workload("Deployment", "a", &agent)).is_empty());
    let system = workload("Deployment", "a, namespace: kube-system", &pod("/etc/k", ""));
    assert!(messages(&RULE, &system).is_empty());
}

#[test]
fn what_is_the_same_on_every_node_may_be_read() {
    for path in ["/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin", "/etc/ssl/certs/"] {
        let read = workload("Deployment", "a", &pod(path, ", readOnly: true"));
        assert!(messages(&RULE, &read).is_empty(), "{path}");
        let written = findings(&RULE, &workload("Deployment", "a", &pod(path, "")));
        assert_eq!(written[0].severity.name(), "info", "{path}");
    }
    let data = workload("Deployment", "a", &pod("/srv/a", ", readOnly: true"));
    assert_eq!(findings(&RULE, &data)[0].severity.name(), "warning");
}

#[test]
fn a_pod_that_is_tied_to_a_node_finds_its_files_again() {
    for (place, node) in [
        ("nodeName: columbia", "columbia"),
        ("nodeSelector: {kubernetes.io/hostname: c201.example}", "c201.example"),
    ] {
        let spec = format!("{place}, {}", pod("/srv/a", ""));
        let found = findings(&RULE, &workload("Deployment", "a", &spec));
        assert_eq!(
            found[0].message,
            format!(
                "Deployment `a` keeps `/srv/a` on node `{node}`, which it is tied to: there is no copy elsewhere"
            )
        );
        assert_eq!(found[0].severity.name(), "info");
    }
    let by_zone = format!("nodeSelector: {{zone: a}}, {}", pod("/srv/a", ""));
    let found = findings(&RULE, &workload("Deployment", "a", &by_zone));
    assert!(found[0].message.ends_with("of whichever node its Pod runs on"), "{found:?}");
    assert_eq!(found[0].severity.name(), "warning");
}

#[test]
fn devices_hold_no_files() {
    for device in ["/dev/net/tun", "/dev/dri", "/dev"] {
        assert!(messages(&RULE, &workload("Deployment", "a", &pod(device, ""))).is_empty());
    }
    for folder in ["/dev/shm", "/development"] {
        assert_eq!(messages(&RULE, &workload("Deployment", "a", &pod(folder, ""))).len(), 1);
    }
}

#[test]
fn a_claim_gets_the_smallest_volume_that_fits() {
    let volume = |name: &str, size: &str, mode: &str| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{storageClassName: own, capacity: {{storage: {size}}}, accessModes: [{mode}], hostPath: {{path: /srv/{name}}}}}\n"
        )
    };
    let path = |size: &str, mode: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: data}}}}]}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{storageClassName: own, accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}}}\n{}{}{}",
            volume("large", "10Gi", "ReadWriteOnce"),
            volume("small", "1Gi", "ReadWriteOnce"),
            volume("shared", "20Gi", "ReadWriteMany"),
        );
        let found = messages(&RULE, &text);
        found.first().and_then(|it| Some(it.split('`').nth(3)?.to_owned()))
    };
    assert_eq!(path("1Gi", "ReadWriteOnce").as_deref(), Some("/srv/small"));
    assert_eq!(path("5Gi", "ReadWriteOnce").as_deref(), Some("/srv/large"));
    assert_eq!(path("1Gi", "ReadWriteMany").as_deref(), Some("/srv/shared"));
    assert_eq!(path("30Gi", "ReadWriteOnce"), None);
}

#[test]
fn two_claims_share_no_volume() {
    let volume = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{storageClassName: own, capacity: {{storage: 1Gi}}, accessModes: [ReadWriteOnce], hostPath: {{path: /srv/{name}}}}}\n"
        )
    };
    let pod = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: {name}}}}}]}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{storageClassName: own, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let said = |volumes: &str| {
        let text = format!("{}{}{volumes}", pod("web"), pod("db"));
        messages(&RULE, &text)
    };
    let mounts = "Pod `web` mounts `/srv/one` of whichever node its Pod runs on";
    assert_eq!(said(&volume("one")), [mounts]);
    let both = volume("one") + &volume("two");
    assert_eq!(said(&both), [format!("{mounts} (and 1 more like it)")]);
}

#[test]
fn the_socket_and_volumes_that_nobody_mounts_are_left_out() {
    assert!(
        messages(&RULE, &workload("Deployment", "a", &pod("/var/run/docker.sock", ""))).is_empty()
    );
    let unused =
        "containers: [{name: a, image: 'a:1'}], volumes: [{name: v, hostPath: {path: /srv}}]";
    assert!(messages(&RULE, &workload("Deployment", "a", unused)).is_empty());
}

#[test]
fn the_workloads_of_an_application_are_one_decision() {
    let file = |name: &str, path: &str| {
        format!("# file: k8s/{name}.yaml\n{}", workload("Deployment", name, &pod(path, "")))
    };
    let text = [file("api", "/srv/logs/api"), file("web", "/srv/web"), file("zed", "/srv/zed")];
    let found = findings(&RULE, &text.concat());
    assert_eq!(found.len(), 1);
    assert!(found[0].message.starts_with("Deployment `web` mounts `/srv/web`"), "{found:?}");
    let rest = "(and 2 more like it, also in `k8s/zed.yaml`, `k8s/api.yaml`)";
    assert!(found[0].message.ends_with(rest), "{}", found[0].message);
    assert_eq!(found[0].related[0].message, "Deployment `zed` mounts `/srv/zed`");
}

#[test]
fn logs_have_advice_of_their_own_and_examples_weigh_less() {
    let found = findings(&RULE, &workload("Deployment", "a", &pod("/srv/logs", "")));
    assert!(found[0].help.as_ref().is_some_and(|it| it.contains("standard output")));
    let text = workload("Deployment", "a", &pod("/srv/a", ""));
    assert_eq!(findings(&RULE, &text)[0].severity.name(), "warning");
    let example = text.trim_end().to_owned() + " # only an EXAMPLE: use a claim\n";
    assert_eq!(findings(&RULE, &example)[0].severity.name(), "info");
}

#[test]
fn several_paths_are_one_finding() {
    let spec = "containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}]}], volumes: [{name: v, hostPath: {path: /v}}, {name: w, hostPath: {path: /w}}]";
    let all = findings(&RULE, &workload("Deployment", "a", spec));
    assert_eq!(all.len(), 1);
    assert!(all[0].message.contains("mounts `/v`, `/w` of"));
    assert_eq!(all[0].check, ["kubectl get pods -l app=a -o wide"]);
}
