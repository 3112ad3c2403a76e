use crate::facts::{Facts, Unit};
use crate::model::kubernetes::VolumeSource;
use crate::report::{Findings, Severity};
use crate::rules::rule;
use crate::text::Span;
use crate::words::is_among;

rule! {
    /// A container gets the Docker socket.
    ///
    /// ## Why it hurts
    /// Whoever can write to the socket is root on the host: one request starts a privileged container
    /// with the host's disk. A read-only mount does not help, because the socket's commands travel
    /// through it all the same. On Kubernetes nodes there is mostly no Docker behind it any more.
    ///
    /// ## What helps
    /// Put a socket proxy that allows only the needed calls in between, or do without.
    ///
    /// ## How to troubleshoot
    /// From inside, `curl --unix-socket /var/run/docker.sock http://d/containers/json` lists every
    /// container of the host.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   runner:
    ///     image: ghcr.io/acme/runner:2
    ///     volumes:
    ///       - /var/run/docker.sock:/var/run/docker.sock # <- service `runner` gets the Docker socket, which is root on the host
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
                tell(&service.unit, mount.span, out);
            }
        }
    }
    for workload in facts.workloads() {
        for volume in &workload.model.template.spec.volumes {
            let VolumeSource::HostPath { path: Some(path), .. } = &volume.source else { continue };
            let Some(name) = volume.name.as_ref().filter(|_| is_socket(path)) else { continue };
            let user =
                workload.containers().find(|it| it.1.mounts.iter().any(|it| it.is_of(&name.value)));
            if let Some((unit, _)) = user {
                tell(unit, path.span, out);
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

fn tell(unit: &Unit<'_>, span: Span, out: &mut Findings) {
    let finding =
        out.at(&span, format!("{} gets the Docker socket, which is root on the host", unit.label));
    // These are made to speak with the engine: a trade-off that their users have chosen.
    const PURPOSE: &str = "traefik portainer watchtower autoheal diun dozzle docker-socket-proxy \
                           nginx-proxy cadvisor";
    let last = unit.program();
    let known = unit.family().is_some_and(|it| is_among(PURPOSE, it.id));
    if known || PURPOSE.split(' ').any(|it| last.starts_with(it)) {
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
