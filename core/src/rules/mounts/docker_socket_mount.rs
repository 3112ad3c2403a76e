use crate::facts::{Facts, Unit, in_shell, is_docker_socket};
use crate::model::kubernetes::VolumeSource;
use crate::report::{Findings, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A container has access to the Docker socket.
    ///
    /// ## Why it hurts
    /// Whoever can write to the socket is root on the host: one request starts a privileged
    /// container with the host's disk. A read-only mount does not help, because commands still pass
    /// through the socket.
    ///
    /// ## What helps
    /// Put a socket proxy in between that allows only the calls that are needed, or do without the
    /// socket.
    ///
    /// ## How to troubleshoot
    /// From inside the container,
    /// `curl --unix-socket /var/run/docker.sock http://d/containers/json` lists every container on
    /// the host.
    ///
    /// ## When to ignore
    /// For a program whose purpose is to manage containers, on a host that has nothing else worth
    /// protecting.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   runner:
    ///     image: ghcr.io/acme/runner:2
    ///     volumes:
    ///       - /var/run/docker.sock:/var/run/docker.sock # <- service `runner` mounts the Docker socket, which gives it root on the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   runner:
    ///     image: ghcr.io/acme/runner:2
    /// ```
    PLM308 "docker-socket-mount" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        for mount in &service.model.volumes {
            if mount.source.as_ref().is_some_and(|it| is_docker_socket(it)) {
                report(facts, &service.unit, mount.span, out);
            }
        }
    }
    for workload in facts.workloads() {
        for volume in &workload.model.template.spec.volumes {
            let VolumeSource::HostPath { path: Some(path), .. } = &volume.source else { continue };
            let Some(name) = volume.name.as_ref().filter(|_| is_docker_socket(path)) else {
                continue;
            };
            let user = workload.containers().find(|(_, container)| {
                container.mounts.iter().any(|mount| mount.is_of(&name.value))
            });
            if let Some((unit, _)) = user {
                report(facts, unit, path.span, out);
            }
        }
    }
}

/// Programs made to talk to the Docker engine, whose users have accepted the trade-off.
const MADE_FOR_THE_SOCKET: &[&str] = &[
    "traefik",
    "portainer",
    "watchtower",
    "autoheal",
    "diun",
    "dozzle",
    "docker-socket-proxy",
    "nginx-proxy",
    "cadvisor",
    "filebeat",
    "metricbeat",
    "elastic-agent",
    "opentelemetry-collector",
    "otelcol",
    "promtail",
    "alloy",
    "vector",
    "telegraf",
    "fluent-bit",
    "netdata",
    "datadog",
    "glances",
    "beszel-agent",
    "ofelia",
    "ouroboros",
    "docker-gc",
    "docker_exporter",
    "docker-exporter",
    "swarm-cronjob",
    "what's-up-docker",
    "wud",
    "lazydocker",
    "yacht",
    "dockge",
    "komodo",
    "acme-companion",
    "docker-gen",
];

/// Whether an image is one of a program that is made to talk to the Docker engine.
fn is_made_for_the_socket(repository: &str) -> bool {
    let mut parts = repository.split('/');
    parts.any(|part| MADE_FOR_THE_SOCKET.iter().any(|name| part.starts_with(name)))
}

fn report<'a>(facts: &Facts<'a>, unit: &Unit<'a>, span: Span, out: &mut Findings) {
    let finding = out.at(
        &span,
        format!("{} mounts the Docker socket, which gives it root on the host", unit.label),
    );
    let known = unit.family().is_some_and(|it| MADE_FOR_THE_SOCKET.contains(&it.id));
    let service = facts.service_of(unit);
    let base = service.and_then(|it| facts.base_image(it));
    let repositories = unit.image.iter().map(|it| it.repository.to_string()).chain(base);
    let privileged = service.and_then(|it| it.model.privileged.filter(|it| it.value));
    if privileged.is_some() {
        // The power of the program is not only that of the socket.
    } else if known || repositories.into_iter().any(|it| is_made_for_the_socket(&it)) {
        finding.severity(Severity::Info);
    }
    // The files of several variants mount the socket into one service.
    finding.cause(format!("socket {}", unit.name));
    if let Some(service) = service {
        // Whatever programs the image has.
        let ps = facts.compose(service, &format!("ps -q {}", in_shell(service.name)));
        finding.check(format!("docker inspect --format '{{{{json .Mounts}}}}' $({ps})"));
        if let Some(privileged) = privileged {
            finding.also(
                &privileged.span,
                "it is privileged too: to take away only one of the two changes nothing",
            );
        }
    } else if let Some(workload) = facts.workload_of(unit) {
        finding
            .why("Whoever can write to the socket is root on the node: one request starts a privileged container with the node's disk. Most clusters no longer run Docker on their nodes, so the mount may also break with the next node image.")
            .check(workload.pods("get pods", "-o jsonpath='{..hostPath}'"));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    #[test]
    fn the_base_of_an_image_that_is_built_here_says_its_purpose() {
        let found = |base: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{logs: {{build: logs, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}}}}\n# file: logs/Dockerfile\nFROM {base}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(found("docker.elastic.co/beats/filebeat:9.2.1"), "info");
        assert_eq!(found("node:22"), "warning");
    }

    #[test]
    fn one_service_in_several_files_is_one_finding() {
        let service = "services: {run: {image: 'acme/run:1', privileged: true, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}}\n";
        let text = format!("# file: compose.yaml\n{service}# file: compose.full.yaml\n{service}");
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].related[0].message.starts_with("it is privileged too"));
        assert!(found[0].why.is_none());
    }

    #[test]
    fn a_known_purpose_is_a_trade_off() {
        let text = "services: {proxy: {image: 'traefik:3', volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']}}";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "info");
        for image in
            ["portainer/portainer-ce:2", "containrrr/watchtower:1", "willfarrell/autoheal:1"]
        {
            assert_eq!(
                findings(&RULE, &text.replace("traefik:3", image))[0].severity.name(),
                "info"
            );
        }
        let own = findings(&RULE, &text.replace("traefik:3", "acme/runner:2"));
        assert_eq!(own[0].severity.name(), "warning");
    }

    #[test]
    fn every_form_of_a_mount_is_read() {
        let count = |mount: &str| {
            let text = format!("services: {{run: {{image: 'acme/run:1', volumes: [{mount}]}}}}");
            findings(&RULE, &text).len()
        };
        for mount in [
            "'/var/run/docker.sock:/var/run/docker.sock'",
            "'/run/docker.sock:/docker.sock:ro'",
            "{type: bind, source: /var/run/docker.sock, target: /var/run/docker.sock}",
            "'${SOCKET:-/var/run/docker.sock}:/var/run/docker.sock'",
        ] {
            assert_eq!(count(mount), 1, "{mount}");
        }
        for mount in ["'./docker.sock.d:/x'", "'socket:/var/run'", "/var/run/app"] {
            assert_eq!(count(mount), 0, "{mount}");
        }
    }

    #[test]
    fn a_host_path_counts_too_and_other_sockets_do_not() {
        let pod = |path: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: ci}}\nspec:\n  containers: [{{name: ci, image: acme/ci:1, \
                 volumeMounts: [{{name: s, mountPath: /s}}]}}]\n  volumes: [{{name: s, hostPath: {{path: {path}}}}}]\n"
            )
        };
        assert_eq!(findings(&RULE, &pod("/var/run/docker.sock")).len(), 1);
        assert!(findings(&RULE, &pod("/var/run/containerd.sock")).is_empty());
    }
}
