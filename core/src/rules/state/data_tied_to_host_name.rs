use crate::edit::Yaml;
use crate::facts::{Facts, Mounted, Site, Unit, in_shell};
use crate::knowledge::stores::node_name_variables;
use crate::model::kubernetes::{WorkloadKind, is_true};
use crate::report::{Confidence, Findings, Fix, Role, Severity};
use crate::rules::rule;

rule! {
    /// A store keeps its data under the name of its node, and that name changes with every container.
    ///
    /// ## Why it hurts
    /// RabbitMQ and some other stores put their data into a folder that is named after the node, and the
    /// node is named after the host. A new container has a new random host name, so that it starts
    /// empty beside the old data: users, queues and messages are gone although the volume is still there.
    ///
    /// ## What helps
    /// A fixed `hostname` in Compose; a StatefulSet in a cluster, where each Pod keeps its name.
    ///
    /// ## How to troubleshoot
    /// `ls /var/lib/rabbitmq/mnesia` in the container shows one folder for each name that it ever had.
    ///
    /// ## When to ignore
    /// Where the store holds nothing that must outlive its container.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   queue:
    ///     image: rabbitmq:4.0
    ///     volumes:
    ///       - queue:/var/lib/rabbitmq # <- service `queue` (RabbitMQ) keeps its data under its host name, which changes with every new container
    /// volumes:
    ///   queue:
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   queue:
    ///     image: rabbitmq:4.0
    ///     hostname: queue
    ///     volumes:
    ///       - queue:/var/lib/rabbitmq
    /// volumes:
    ///   queue:
    /// ```
    PLM718 "data-tied-to-host-name" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        let Some(family) = unit.stored() else { continue };
        let Some(variables) = node_name_variables(family.id) else { continue };
        let is_named = variables.iter().any(|it| unit.var(it).is_some());
        if is_named || names_itself(unit) || has_fixed_host_name(facts, unit) {
            continue;
        }
        let mounted = facts.mounted(unit);
        if mounted.iter().any(is_environment_file) {
            continue;
        }
        let Some(data) = mounted.iter().find(|it| holds_data(it, family.id)) else { continue };
        let what = if unit.is_compose() { "container" } else { "Pod" };
        let finding = out.at(
            &data.span,
            format!(
                "{} ({}) keeps its data under its host name, which changes with every new {what}",
                unit.label, family.name
            ),
        );
        finding.confidence(Confidence::Likely);
        if facts.unit_role(unit) == Role::Development {
            finding.severity(Severity::Info);
        }
        if let Some(service) = facts.service_of(unit) {
            let path = data.path.as_str();
            let ls = format!(
                "exec {} ls {path} {path}/mnesia",
                in_shell(service.name),
                path = in_shell(path)
            );
            finding.check(facts.compose(service, &ls));
            finding.help("Give the service a fixed `hostname`. What it holds now stays under the old name: export the definitions before (`rabbitmqctl export_definitions`), or rename the folder of the node.");
            let edit = service
                .model
                .place()
                .and_then(|place| facts.insert_entry(place, "hostname", &Yaml::str(service.name)));
            // The data of the present container stays under the name that it has now.
            finding.maybe_fix(
                edit.map(|it| {
                    Fix::r#unsafe(format!("Fix the host name to `{}`", service.name), [it])
                }),
            );
        }
        if let Some(workload) = facts.workload_of(unit) {
            // The folders of the nodes are in `mnesia`.
            let path = data.path.trim_end_matches('/');
            let inner = match family.id == "rabbitmq" && !path.ends_with("/mnesia") {
                true => "/mnesia",
                false => "",
            };
            finding.check(workload.exec(unit, &format!("ls {}{inner}", in_shell(path))));
        }
    }
}

/// Whether the image or the command gives the node a name that does not depend on the host.
fn names_itself(unit: &Unit<'_>) -> bool {
    let repository = unit.image.as_ref().map_or("", |it| it.repository.as_str());
    let by_image = repository.split('/').any(|it| it == "bitnami" || it == "bitnamilegacy");
    let by_command = unit.start.words.iter().any(|it| {
        let word = it.to_ascii_uppercase();
        word.contains("NODENAME") || word.contains("NODE_NAME") || word.contains("-SNAME")
    });
    by_image || by_command
}

/// Whether each new container or Pod has the host name of the one before it.
fn has_fixed_host_name(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    match unit.site {
        Site::Service(at) => {
            let service = &facts.services()[at];
            service.model.hostname.is_some() || service.network_namespace() != service.name
        }
        Site::Container(at, _) => {
            let workload = &facts.workloads()[at];
            let spec = &workload.model.template.spec;
            let by_kind = matches!(
                workload.kind(),
                WorkloadKind::StatefulSet
                    | WorkloadKind::Pod
                    | WorkloadKind::Job
                    | WorkloadKind::CronJob
            );
            by_kind || spec.hostname.is_some() || is_true(spec.host_network) || workload.is_patch()
        }
    }
}

/// Whether a file that sets the variables of the store is mounted.
fn is_environment_file(mounted: &Mounted<'_>) -> bool {
    mounted.path.ends_with("-env.conf") || mounted.path.as_str() == "/etc/rabbitmq"
}

/// Whether a mount keeps the data folder of a family.
fn holds_data(mounted: &Mounted<'_>, family: &str) -> bool {
    let path = mounted.path.as_str();
    let is_other =
        ["/etc/", "/log", "/conf", "/plugins", "/tmp"].iter().any(|it| path.contains(it));
    mounted.backing.lasts() && !mounted.read_only && path.contains(family) && !is_other
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::{Safety, Severity};
    use crate::rules::testing::{findings, messages};

    fn compose(more: &str) -> usize {
        let text = format!(
            "services: {{q: {{image: 'rabbitmq:4.0', volumes: ['data:/var/lib/rabbitmq']{more}}}}}\nvolumes: {{data: {{}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_name_may_be_fixed_in_many_ways() {
        assert_eq!(compose(""), 1);
        assert_eq!(compose(", container_name: q"), 1, "it is no host name");
        for fixed in [
            "hostname: q",
            "environment: {RABBITMQ_NODENAME: rabbit@localhost}",
            "environment: [RABBITMQ_NODENAME=rabbit@q]",
            "network_mode: host",
            "command: sh -c 'RABBITMQ_NODENAME=rabbit@q rabbitmq-server'",
        ] {
            assert_eq!(compose(&format!(", {fixed}")), 0, "{fixed}");
        }
    }

    #[test]
    fn only_lasting_data_of_such_a_store_counts() {
        let with = |image: &str, volume: &str| {
            messages(
                &RULE,
                &format!("services: {{q: {{image: '{image}', volumes: ['{volume}']}}}}\nvolumes: {{data: {{}}}}\n"),
            )
            .len()
        };
        assert_eq!(with("rabbitmq:4.0", "./data:/var/lib/rabbitmq"), 1);
        assert_eq!(with("rabbitmq:4.0", "data:/var/lib/rabbitmq/mnesia"), 1);
        assert_eq!(with("rabbitmq:4.0", "./r.conf:/etc/rabbitmq/rabbitmq.conf"), 0);
        assert_eq!(with("rabbitmq:4.0", "/var/lib/rabbitmq"), 0, "an anonymous volume");
        assert_eq!(with("postgres:17", "data:/var/lib/postgresql/data"), 0);
        assert_eq!(with("bitnami/rabbitmq:4.0", "data:/bitnami/rabbitmq/mnesia"), 0);
    }

    #[test]
    fn the_fix_is_to_be_read_first() {
        let text = "services:\n  q:\n    image: rabbitmq:4.0\n    volumes: ['data:/var/lib/rabbitmq']\nvolumes: {data: {}}\n";
        let found = findings(&RULE, text);
        assert_eq!(found[0].fixes[0].safety, Safety::Unsafe);
        let development = format!("# file: docker-compose.dev.yml\n{text}");
        assert_eq!(findings(&RULE, &development)[0].severity, Severity::Info);
    }

    fn cluster(kind: &str, spec: &str, env: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: q}}\nspec:\n  selector: {{matchLabels: {{app: q}}}}\n  template:\n    metadata: {{labels: {{app: q}}}}\n    spec: {{{spec}volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}], containers: [{{name: q, image: 'rabbitmq:4.0', volumeMounts: [{{name: d, mountPath: /var/lib/rabbitmq}}]{env}}}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_command_lists_the_folders_of_the_nodes() {
        let check = |path: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: q}}\nspec: {{selector: {{matchLabels: {{app: q}}}}, template: {{metadata: {{labels: {{app: q}}}}, spec: {{volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}], containers: [{{name: q, image: 'rabbitmq:4.0', volumeMounts: [{{name: d, mountPath: {path}}}]}}]}}}}}}\n"
            );
            findings(&RULE, &text)[0].check.clone()
        };
        let expected = ["kubectl exec deploy/q -c q -- ls /var/lib/rabbitmq/mnesia"];
        assert_eq!(check("/var/lib/rabbitmq"), expected);
        assert_eq!(check("/var/lib/rabbitmq/mnesia"), expected);
    }

    #[test]
    fn in_a_cluster_a_stateful_set_keeps_the_name() {
        assert_eq!(cluster("Deployment", "", ""), 1);
        assert_eq!(cluster("StatefulSet", "", ""), 0);
        assert_eq!(cluster("Deployment", "hostname: q, ", ""), 0);
        let named = ", env: [{name: RABBITMQ_NODENAME, value: rabbit@localhost}]";
        assert_eq!(cluster("Deployment", "", named), 0);
    }

    #[test]
    fn a_native_sidecar_counts_and_an_init_container_does_not() {
        let with = |policy: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{initContainers: [{{name: s, image: 'rabbitmq:4', volumeMounts: [{{name: d, mountPath: /var/lib/rabbitmq}}]{policy}}}], containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with(", restartPolicy: Always"), 1);
        assert_eq!(with(""), 0);
    }
}
