use crate::facts::{Counterpart, Facts, Service, Unit, Workload, in_shell};
use crate::model::compose::MountKind;
use crate::model::kubernetes::Container;
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::{Span, name_of};

rule! {
    /// A configuration file is mounted at different paths in Compose and in the cluster.
    ///
    /// ## Why it hurts
    /// A program looks for its configuration in one place. On the side where the file lies elsewhere it
    /// starts with its defaults, and says nothing.
    ///
    /// ## What helps
    /// Mount the file at the path that the program reads, on both sides, or tell the program the path
    /// with an option or a variable.
    ///
    /// ## How to troubleshoot
    /// List both paths in the container, and look for the path in the first lines of its log.
    ///
    /// ## When to ignore
    /// Where something that the files do not show, as the entrypoint of the image, tells the program
    /// the path.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     volumes:
    ///       - ./nginx.conf:/etc/nginx/nginx.conf:ro
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data:
    ///   nginx.conf: "events {}"
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
    ///           image: nginx:1.29
    ///           volumeMounts:
    ///             - { name: config, mountPath: /etc/config } # <- `nginx.conf` is `/etc/config/nginx.conf` in container `web` of Deployment `web`, but `/etc/nginx/nginx.conf` in Compose service `web`
    ///       volumes:
    ///         - { name: config, configMap: { name: web } }
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
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data:
    ///   nginx.conf: "events {}"
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
    ///           image: nginx:1.29
    ///           volumeMounts:
    ///             - name: config
    ///               mountPath: /etc/nginx/nginx.conf
    ///               subPath: nginx.conf
    ///       volumes:
    ///         - { name: config, configMap: { name: web } }
    /// ```
    PLM513 "config-path-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts().iter().filter(|pair| !facts.is_other_publisher(pair)) {
        let (service, workload, unit) = facts.pair(pair);
        let here = compose_files(service);
        let there = cluster_files(facts, workload, workload.container(pair.unit));
        for file in &here {
            let mut alike = there.iter().filter(|it| it.is_called_like(file));
            let (Some(other), None) = (alike.next(), alike.next()) else { continue };
            let is_alone = here.iter().filter(|it| it.is_called_like(other)).count() == 1;
            // The side that is told nothing has the file where the program looks by itself.
            let is_told = is_told(&service.unit, file) || is_told(unit, other);
            let moved = !there.iter().any(|it| it.path == file.path);
            if is_alone && moved && !is_told && !are_both_read(&file.path, &other.path) {
                report(pair, service, (workload, unit), (file, other), out);
            }
        }
    }
}

fn report(
    pair: &Counterpart,
    service: &Service<'_>,
    (workload, unit): (&Workload<'_>, &Unit<'_>),
    (here, there): (&ConfigFile, &ConfigFile),
    out: &mut Findings,
) {
    out.at(
        &there.span,
        format!(
            "`{}` is `{}` in {}, but `{}` in Compose service `{}`",
            there.names[0], there.path, unit.label, here.path, service.name
        ),
    )
    .confidence(Confidence::Likely)
    .also(&here.span, format!("mounted here; the counterpart, matched by {}", pair.why.says()))
    .check(
        workload.exec(unit, &format!("ls -l {} {}", in_shell(&there.path), in_shell(&here.path))),
    );
}

/// A configuration file in a container.
struct ConfigFile {
    /// The names by which it may be known: that of its source, and that in the container.
    names: Vec<String>,
    /// The path in the container.
    path: String,
    span: Span,
}

impl ConfigFile {
    fn new(source: &str, path: String, span: Span) -> ConfigFile {
        let mut names = vec![name_of(source).to_owned()];
        let own = name_of(&path).to_owned();
        if !names.contains(&own) {
            names.push(own);
        }
        ConfigFile { names, path, span }
    }

    fn is_called_like(&self, other: &ConfigFile) -> bool {
        self.names.iter().any(|it| other.names.contains(it))
    }
}

/// Whether two files lie in one folder whose files are all read, whatever they are called: `conf.d`,
/// `docker-entrypoint-initdb.d`.
fn are_both_read(one: &str, other: &str) -> bool {
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |it| it.0.to_owned());
    folder(one) == folder(other) && folder(one).ends_with(".d")
}

/// Whether the command or a variable of a container names the path of a file: the program need not
/// find it by itself.
fn is_told(unit: &Unit<'_>, file: &ConfigFile) -> bool {
    let folder = file.path.rsplit_once('/').map_or("", |it| it.0);
    let names = |text: &str| {
        text.contains(&file.path) || folder.matches('/').count() > 1 && text.contains(folder)
    };
    unit.start.words.iter().any(|it| names(it))
        || unit.env.iter().filter_map(|it| it.value).any(names)
}

/// Returns the files that a Compose service mounts one by one.
fn compose_files(service: &Service<'_>) -> Vec<ConfigFile> {
    let mut files = Vec::new();
    for mount in service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
        let Some(source) = &mount.source else { continue };
        let path = mount.target.trim_end_matches('/');
        // A folder may be called `conf.d`.
        if name_of(path).trim_start_matches('.').contains('.') && !path.ends_with(".d") {
            files.push(ConfigFile::new(source, path.to_owned(), mount.target.span));
        }
    }
    for config in &service.model.configs {
        let object = service.project.config(&config.source);
        let file = object.and_then(|it| it.file.as_ref());
        let path = match &config.target {
            Some(target) => target.to_string(),
            None => format!("/{}", config.source),
        };
        let source = file.map_or(config.source.as_str(), |it| it.as_str());
        files.push(ConfigFile::new(source, path, config.span));
    }
    files
}

/// Returns the files that a container mounts from ConfigMaps and Secrets.
fn cluster_files(facts: &Facts, workload: &Workload<'_>, container: &Container) -> Vec<ConfigFile> {
    let mut files = Vec::new();
    for mount in &container.mounts {
        let (Some(volume), Some(mount_path)) = (&mount.name, &mount.mount_path) else { continue };
        let Some(volume) = workload.model.template.spec.volume(volume) else { continue };
        let mount_path_text = mount_path.trim_end_matches('/');
        for (secret, source) in volume.source.keyed() {
            let mut keys: Vec<(String, String)> = Vec::new();
            for item in &source.items {
                if let (Some(key), Some(path)) = (&item.key, &item.path) {
                    keys.push((key.to_string(), path.to_string()));
                }
            }
            if source.items.is_empty()
                && let Some(name) = &source.name
                && let Some(known) =
                    facts.keys(workload.object.file, workload.namespace, name, secret)
            {
                keys.extend(known.entries.iter().map(|it| (it.0.to_string(), it.0.to_string())));
            }
            for (key, path) in keys {
                let path = match &mount.sub_path {
                    Some(part) if *part.value == path => mount_path_text.to_owned(),
                    Some(_) => continue,
                    None => format!("{mount_path_text}/{path}"),
                };
                files.push(ConfigFile::new(&key, path, mount_path.span));
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn sides(compose: &str, container: &str, source: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {compose}}}}}\nconfigs: {{app: {{file: ./app.toml}}}}\n# file: k.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{app.toml: x, other.toml: y}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: web, image: 'acme/web:1', {container}}}]\n  volumes: [{{name: v, configMap: {{name: c{source}}}}}]\n"
            ),
        )
    }

    const BIND: &str = "volumes: ['./app.toml:/etc/web/app.toml']";

    #[test]
    fn every_way_to_mount_a_file_counts() {
        for compose in [
            BIND,
            "volumes: [{type: bind, source: ./app.toml, target: /etc/web/app.toml}]",
            "volumes: ['./deploy/app.toml:/etc/web/web.toml']",
            "configs: [{source: app, target: /etc/web/app.toml}]",
            "configs: [app]",
        ] {
            for container in [
                "volumeMounts: [{name: v, mountPath: /config}]",
                "volumeMounts: [{name: v, mountPath: /config/app.toml, subPath: app.toml}]",
            ] {
                assert_eq!(sides(compose, container, "").len(), 1, "{compose} {container}");
            }
        }
        let items = ", items: [{key: app.toml, path: app.toml}]";
        assert_eq!(sides(BIND, "volumeMounts: [{name: v, mountPath: /config}]", items).len(), 1);
    }

    #[test]
    fn the_same_path_and_other_files_are_silent() {
        for container in [
            "volumeMounts: [{name: v, mountPath: /etc/web}]",
            "volumeMounts: [{name: v, mountPath: /etc/web/app.toml, subPath: app.toml}]",
            "volumeMounts: [{name: v, mountPath: /config/other.toml, subPath: other.toml}]",
        ] {
            assert!(sides(BIND, container, "").is_empty(), "{container}");
        }
    }

    #[test]
    fn a_folder_whose_files_are_all_read_knows_no_names() {
        let at = |folder: &str| {
            let compose = format!("volumes: ['./app.toml:{folder}/app.toml']");
            let mount = format!(
                "volumeMounts: [{{name: v, mountPath: {folder}/web.toml, subPath: web.toml}}]"
            );
            sides(&compose, &mount, ", items: [{key: app.toml, path: web.toml}]").len()
        };
        assert_eq!(at("/docker-entrypoint-initdb.d"), 0);
        assert_eq!(at("/etc/web/conf.d"), 0);
        assert_eq!(at("/etc/web"), 1);
    }

    #[test]
    fn a_program_that_is_told_the_path_finds_it() {
        let mount = "volumeMounts: [{name: v, mountPath: /config}]";
        for told in [
            "args: [web, --config=/config/app.toml]",
            "env: [{name: APP_CONFIG, value: /config/app.toml}]",
        ] {
            assert!(sides(BIND, &format!("{told}, {mount}"), "").is_empty(), "{told}");
        }
        let compose = format!("command: [web, --config, /etc/web/app.toml], {BIND}");
        assert!(sides(&compose, mount, "").is_empty());
    }

    #[test]
    fn files_of_secrets_and_projected_volumes_count() {
        for volume in ["secret: {secretName: s}", "projected: {sources: [{secret: {name: s}}]}"] {
            let found = |path: &str| {
                let text = format!(
                    "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {BIND}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{app.toml: x}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: web, image: 'acme/web:1', volumeMounts: [{{name: v, mountPath: {path}}}]}}]\n  volumes: [{{name: v, {volume}}}]\n"
                );
                messages(&RULE, &text).len()
            };
            assert_eq!(found("/config"), 1, "{volume}");
            assert_eq!(found("/etc/web"), 0, "{volume}");
        }
    }
}
