use crate::facts::{Facts, Unit};
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
    /// through the socket. On Kubernetes nodes there is usually no Docker behind it any more.
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
            if mount.source.as_ref().is_some_and(|it| is_socket(it)) {
                report(facts, &service.unit, mount.span, out);
            }
        }
    }
    for workload in facts.workloads() {
        for volume in &workload.model.template.spec.volumes {
            let VolumeSource::HostPath { path: Some(path), .. } = &volume.source else { continue };
            let Some(name) = volume.name.as_ref().filter(|_| is_socket(path)) else { continue };
            let user = workload.containers().find(|(_, container)| {
                container.mounts.iter().any(|mount| mount.is_of(&name.value))
            });
            if let Some((unit, _)) = user {
                report(facts, unit, path.span, out);
            }
        }
    }
}

fn is_socket(path: &str) -> bool {
    matches!(
        path,
        "/var/run/docker.sock"
            | "/run/docker.sock"
            | "//var/run/docker.sock"
            | "//./pipe/docker_engine"
    )
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
];

fn report<'a>(facts: &Facts<'a>, unit: &Unit<'a>, span: Span, out: &mut Findings) {
    let finding = out.at(
        &span,
        format!("{} mounts the Docker socket, which gives it root on the host", unit.label),
    );
    finding.check(facts.exec(unit, "ls -l /var/run/docker.sock"));
    let program = unit.program();
    let known = unit.family().is_some_and(|it| MADE_FOR_THE_SOCKET.contains(&it.id));
    if known || MADE_FOR_THE_SOCKET.iter().any(|name| program.starts_with(name)) {
        finding.severity(Severity::Info);
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    #[test]
    fn a_known_purpose_is_a_trade_off() {
        let text = "services: {proxy: {image: 'traefik:3', volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']}}";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "info");
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
