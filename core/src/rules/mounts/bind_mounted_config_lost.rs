use crate::facts::{Facts, is_below};
use crate::model::compose::{Mount, MountKind};
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::name_of;

rule! {
    /// Compose mounts a configuration file that the container in the cluster does not get.
    ///
    /// ## Why it hurts
    /// The file lives on the Compose host. In the cluster the program starts with the image's own
    /// default, or not at all, and nothing shows the difference.
    ///
    /// ## What helps
    /// Put the file into a ConfigMap (or a Secret, if it holds credentials) and mount it at the
    /// same path, with `subPath` for a single file; or build it into the image.
    ///
    /// ## How to troubleshoot
    /// Read the file in the running containers on both sides and compare.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     volumes:
    ///       - ./nginx.conf:/etc/nginx/nginx.conf:ro # <- Compose gives `web` the file `/etc/nginx/nginx.conf`, but container `web` of Deployment `web` mounts nothing there
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "nginx:1.29" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     volumes:
    ///       - ./nginx.conf:/etc/nginx/nginx.conf:ro
    /// ```
    /// ```yaml file=k8s/web.yaml
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
    ///           image: nginx:1.29
    ///           volumeMounts: [{ name: conf, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf }]
    ///       volumes: [{ name: conf, configMap: { name: web-conf } }]
    /// ```
    PLM307 "bind-mounted-config-lost" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let container = workload.container(pair.unit);
        for mount in service.model.volumes.iter().filter(|it| is_config_file(it)) {
            let target = mount.target.as_str();
            let covered = container
                .mounts
                .iter()
                .filter_map(|it| it.mount_path.as_ref())
                .any(|it| is_below(target, it) || is_below(it, target));
            if covered {
                continue;
            }
            let finding = out.at(
                &mount.span,
                format!(
                    "Compose gives `{}` the file `{target}`, but {} mounts nothing there",
                    service.name, unit.label
                ),
            );
            finding
                .confidence(Confidence::Likely)
                .also(
                    &container.span(),
                    format!("{} is the counterpart, matched by {}", unit.label, pair.why.says()),
                )
                .check(facts.compose(service, &format!("exec {} cat {target}", service.name)))
                .check(workload.exec(unit, &format!("cat {target}")));
            if service.role == Role::Development {
                finding.severity(Severity::Info);
            }
        }
    }
}

/// Extensions of files that configure a program.
const CONFIG_EXTENSIONS: &[&str] = &[
    "conf",
    "cnf",
    "cfg",
    "ini",
    "toml",
    "yaml",
    "yml",
    "json",
    "xml",
    "properties",
    "env",
    "rules",
    "acl",
    "pem",
    "crt",
    "cert",
    "key",
    "htpasswd",
    "sql",
    "hcl",
];

/// Whether a mount is a single configuration file of the host, and not a directory, a socket or
/// data.
fn is_config_file(mount: &Mount) -> bool {
    let source = mount.source.as_ref().map_or("", |it| it.as_str());
    mount.kind == MountKind::Bind && names_config_file(source) && names_config_file(&mount.target)
}

fn names_config_file(path: &str) -> bool {
    let name = name_of(path);
    let extension = name.rsplit_once('.').map(|it| it.1.to_ascii_lowercase());
    extension.is_some_and(|it| CONFIG_EXTENSIONS.contains(&it.as_str()))
        || matches!(name, "Caddyfile" | "Corefile")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    const POD: &str = "# file: k8s.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: acme/web:1}]}\n";

    #[test]
    fn folders_and_sockets_are_not_configuration_files() {
        for mount in [
            "./data:/data",
            "/var/run/docker.sock:/var/run/docker.sock",
            "./src:/app/src",
            "cfg:/etc/app.conf",
        ] {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', volumes: ['{mount}']}}}}\n{POD}"
            );
            assert!(messages(&RULE, &text).is_empty(), "{mount}");
        }
    }

    #[test]
    fn without_a_counterpart_there_is_nothing_to_compare() {
        let text = format!(
            "# file: compose.yaml\nservices: {{api: {{image: 'acme/api:1', volumes: ['./a.conf:/etc/a.conf']}}}}\n{POD}"
        );
        assert!(messages(&RULE, &text).is_empty());
    }
}
