use crate::facts::Facts;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// A service's source code is mounted over the files of its image.
    ///
    /// ## Why it hurts
    /// What runs is the host's working copy, not what was built and tested. The image may lack
    /// files that nobody misses until it runs elsewhere: in a cluster, or on the next server.
    ///
    /// ## What helps
    /// Copy the sources into the image in the Dockerfile, and keep the mount in
    /// `compose.override.yaml` for development.
    ///
    /// ## How to troubleshoot
    /// Build the image and start it once without any mounts.
    /// `docker compose run --rm --no-deps -v /empty SERVICE ls` is no substitute, because the
    /// service's own mounts stay in place.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    ///     volumes:
    ///       - .:/app # <- the build context of `web` is mounted over `/app` in its image
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    /// ```
    PLM301 "source-bind-mount" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut noted_projects = Vec::new();
    for service in facts.services() {
        for mount in &service.model.volumes {
            let Some(what) = service.covered_sources(mount) else { continue };
            let development = service.role == Role::Development;
            if development {
                // Normal in development, so a project gets one note: the file may reach a server.
                if noted_projects.contains(&service.project_index) {
                    continue;
                }
                noted_projects.push(service.project_index);
            }
            let name = service.name;
            let finding = out.at(
                &mount.span,
                format!("{what} of `{name}` is mounted over `{}` in its image", mount.target),
            );
            finding.check(facts.compose(service, &format!("exec {name} ls -l {}", mount.target)));
            if development {
                finding.severity(Severity::Info);
            }
            if let Some(build) = &service.model.build {
                finding.also(&build.span, "the image is built here");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn data_and_configuration_are_not_sources() {
        let text = "services:\n  web:\n    build: .\n    volumes: ['./data:/data', './nginx.conf:/etc/nginx/nginx.conf']\n";
        assert!(messages(&RULE, text).is_empty());
        assert!(
            messages(&RULE, "services: {db: {image: postgres, volumes: ['.:/work']}}").is_empty()
        );
    }

    #[test]
    fn development_mounts_are_reported_once_per_project() {
        let text = "# file: compose.dev.yaml\nservices:\n  a: {build: ./a, volumes: ['./a:/app']}\n  b: {build: ./b, volumes: ['./b/src:/app/src']}\n";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].severity.name(), "info");
    }
}
