use crate::facts::{ConfigKeys, Facts, Named, Service, Workload, in_shell, is_below};
use crate::model::Str;
use crate::model::compose::{FileReference, MountKind};
use crate::model::kubernetes::VolumeMount;
use crate::report::Findings;
use crate::rules::rule;
use crate::text::{Span, join_path, name_of};

rule! {
    /// A `.env` file is mounted into a container instead of being passed as variables.
    ///
    /// ## Why it hurts
    /// Only a program that reads the file itself sees the variables, and no tool does: neither
    /// `docker inspect` nor the manifests show what the program runs with. Variables that are set in the
    /// usual way win or lose against the file, depending on the library. The file also brings its
    /// passwords into the container's file system.
    ///
    /// ## What helps
    /// `env_file` in Compose, and `envFrom` with a ConfigMap or a Secret in Kubernetes.
    ///
    /// ## How to troubleshoot
    /// Compare the variables of the process with the lines of the file.
    ///
    /// ## When to ignore
    /// Where the program reads the file itself and takes its settings in no other way.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     volumes:
    ///       - ./.env:/app/.env:ro # <- `web` gets `.env` as the file `/app/.env`, so that only a program which reads it has its variables
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     env_file: .env
    /// ```
    PLM312 "env-file-as-mount" {
        since: "0.1.0", on: Both, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        for (span, source, target) in mounted_env_files(service) {
            if has_another_cause(facts, service, &target) || has_variables_of(service, &source) {
                continue;
            }
            let name = service.name;
            out.at(&span, message(name, &source, &target))
                .check(facts.compose(service, &format!("exec {} env", in_shell(name))));
        }
    }
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            for mount in &container.mounts {
                let Some((source, target)) = env_file_of(facts, workload, mount) else {
                    continue;
                };
                let span = mount.mount_path.as_ref().map_or(mount.place.span, |it| it.span);
                out.at(&span, message(unit.name, &source, &target))
                    .check(workload.exec(unit, "env"));
            }
        }
    }
}

fn message(whose: &str, source: &str, target: &str) -> String {
    format!(
        "`{whose}` gets `{source}` as the file `{target}`, so that only a program which reads it has its variables"
    )
}

/// Whether a file of this name sets variables: `.env`, `.env.production`.
fn is_env_file(path: &str) -> bool {
    let name = name_of(path);
    name == ".env" || name.strip_prefix(".env.").is_some_and(|it| !it.is_empty())
}

/// Whether a service has the variables of a file also by `env_file`.
fn has_variables_of(service: &Service<'_>, source: &str) -> bool {
    let folder = &service.project.folder;
    let path = join_path(folder, source);
    service.model.env_files.iter().any(|it| join_path(folder, &it.path) == path)
}

/// Returns the env files that a Compose service gets as files: the place, the source and the path in the
/// container.
fn mounted_env_files(service: &Service<'_>) -> Vec<(Span, String, String)> {
    let mut found = Vec::new();
    for mount in &service.model.volumes {
        let source = mount.source.as_ref().map_or("", |it| it.as_str());
        if mount.kind == MountKind::Bind && (is_env_file(source) || is_env_file(&mount.target)) {
            let source = source.strip_prefix("./").unwrap_or(source).to_owned();
            found.push((mount.span, source, mount.target.to_string()));
        }
    }
    let project = service.project;
    let configs = service
        .model
        .configs
        .iter()
        .map(|it| (it, project.config(&it.source), FileReference::CONFIGS));
    let secrets = service
        .model
        .secrets
        .iter()
        .map(|it| (it, project.secret(&it.source), FileReference::SECRETS));
    for (reference, object, folder) in configs.chain(secrets) {
        let file = object.and_then(|it| it.file.as_ref()).map_or("", |it| it.as_str());
        let target = reference.target.as_ref().unwrap_or(&reference.source).as_str();
        if is_env_file(file) || is_env_file(target) {
            let source = if file.is_empty() { reference.source.as_str() } else { file };
            let source = source.strip_prefix("./").unwrap_or(source).to_owned();
            found.push((reference.source.span, source, reference.path(folder)));
        }
    }
    found
}

/// Whether PLM307 reports the mount: the counterpart in the cluster mounts nothing at its path.
fn has_another_cause(facts: &Facts<'_>, service: &Service<'_>, target: &str) -> bool {
    facts.counterpart_of(service.index).is_some_and(|pair| {
        let container = facts.workloads()[pair.workload].container(pair.unit);
        let mut paths = container.mounts.iter().filter_map(|it| it.mount_path.as_ref());
        !paths.any(|it| is_below(target, it) || is_below(it, target))
    })
}

/// Returns the source and the path of the env file that a volume brings into a container.
fn env_file_of(
    facts: &Facts<'_>,
    workload: &Workload<'_>,
    mount: &VolumeMount,
) -> Option<(String, String)> {
    let path = mount.mount_path.as_ref()?.as_str();
    let volume = workload.model.template.spec.volume(mount.name.as_ref()?)?;
    let sub_path = mount.sub_path.as_ref().map(|it| it.as_str());
    for (secret, source) in volume.source.keyed() {
        let kind = if secret { Named::Secret } else { Named::ConfigMap };
        let name = source.name.as_ref().map_or("", |it| it.as_str());
        let what = format!("{} {name}", kind.name());
        if let Some(file) = sub_path {
            if is_env_file(path) || is_env_file(file) {
                return Some((what, path.to_owned()));
            }
            continue;
        }
        let keys = facts
            .named(kind, workload.object.file, workload.namespace, name)
            .and_then(ConfigKeys::of);
        let listed: Vec<&Str> = match (source.items.is_empty(), &keys) {
            (false, _) => source.items.iter().filter_map(|it| it.path.as_ref()).collect(),
            (true, Some(keys)) => keys.entries.iter().map(|it| it.0).collect(),
            (true, None) => Vec::new(),
        };
        if let Some(file) = listed.into_iter().find(|it| is_env_file(it)) {
            return Some((what, format!("{}/{file}", path.trim_end_matches('/'))));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn compose(body: &str, more: &str) -> usize {
        let text = format!("services: {{web: {{image: 'a:1', {body}}}}}\n{more}");
        let all = findings(&RULE, &text);
        assert!(all.iter().all(|it| it.severity.name() == "info"));
        all.len()
    }

    #[test]
    fn every_way_to_mount_a_file_counts() {
        for volumes in [
            "'.env:/app/.env'",
            "'./.env:/app/.env'",
            "'./.env.production:/app/.env:ro'",
            "'./prod.env:/app/.env'",
            "'${DIR:-.}/.env:/app/settings'",
            "{type: bind, source: ./.env, target: /app/.env}",
        ] {
            assert_eq!(compose(&format!("volumes: [{volumes}]"), ""), 1, "{volumes}");
        }
        let configs = "configs: {dotenv: {file: ./.env}}\n";
        assert_eq!(compose("configs: [{source: dotenv, target: /app/.env}]", configs), 1);
        assert_eq!(compose("configs: [dotenv]", configs), 1);
        let secrets = "secrets: {dotenv: {file: ./.env}}\n";
        assert_eq!(compose("secrets: [dotenv]", secrets), 1);
    }

    #[test]
    fn a_file_whose_variables_the_service_has_as_well_is_silent() {
        let mount = "volumes: ['./.env:/app/.env']";
        assert_eq!(compose(&format!("{mount}, env_file: [.env]"), ""), 0);
        assert_eq!(compose(&format!("{mount}, env_file: ./.env"), ""), 0);
        assert_eq!(compose(&format!("{mount}, env_file: other.env"), ""), 1);
    }

    #[test]
    fn other_files_and_env_files_passed_as_variables_are_silent() {
        assert_eq!(compose("env_file: .env", ""), 0);
        for volumes in ["'./app.conf:/app/app.conf'", "'./.envoy:/app/x'", "'./environment:/env'"] {
            assert_eq!(compose(&format!("volumes: [{volumes}]"), ""), 0, "{volumes}");
        }
    }

    fn pod(mount: &str, volume: &str, others: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{{name: a, image: 'a:1', volumeMounts: [{{name: v, {mount}}}]}}]\n  volumes: [{{name: v, {volume}}}]\n{others}"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn config_maps_and_secrets_can_hold_env_files() {
        let map = "configMap: {name: c}";
        assert_eq!(pod("mountPath: /app/.env, subPath: .env", map, ""), 1);
        assert_eq!(pod("mountPath: /app/.env, subPath: env", "secret: {secretName: s}", ""), 1);
        assert_eq!(pod("mountPath: /app/app.conf, subPath: app.conf", map, ""), 0);
        let items = "configMap: {name: c, items: [{key: env, path: .env}]}";
        assert_eq!(pod("mountPath: /app/config", items, ""), 1);
        let object = |key: &str| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{key}: A=1}}\n"
            )
        };
        assert_eq!(pod("mountPath: /app/config", map, &object(".env")), 1);
        assert_eq!(pod("mountPath: /app/config", map, &object("app.conf")), 0);
    }
}
