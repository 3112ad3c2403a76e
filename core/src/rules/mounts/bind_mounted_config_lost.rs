use crate::facts::{Facts, Service, Unit, in_shell, is_below};
use crate::model::Str;
use crate::model::compose::{FileReference, Mount, MountKind};
use crate::model::kubernetes::Container;
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::{Span, join_path, name_of, normalise_path};

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
    /// ## When to ignore
    /// Where the default in the image is what is wanted in the cluster.
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
        for file in config_files(service) {
            let target = file.target.as_str();
            let covered = container
                .mounts
                .iter()
                .filter_map(|it| it.mount_path.as_ref())
                .any(|it| is_below(target, it) || is_below(it, target));
            if covered
                || is_configured_elsewhere(unit, container, target)
                || file.source.is_some_and(|it| says_nothing(facts, service, it))
                || is_another_image(service, unit)
                || has_its_own_arguments(service, unit, target)
            {
                continue;
            }
            let finding = out.at(
                &file.span,
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
                .check(mounts_of(facts, service))
                .check(workload.pods("get pods", "-o jsonpath='{..volumeMounts}'"));
            let words = service.unit.start.words.iter();
            if let Some(word) = words.into_iter().find(|word| word.contains(target)) {
                finding.also(&word.span, "the program is told to read it");
            }
            let named_by = service.unit.env.iter().find(|variable| {
                variable.value.is_some_and(|value| value.contains(target))
                    && unit.var(variable.name).is_none()
            });
            if let Some(variable) = named_by {
                finding.also(&variable.span, format!("`{}` names the file", variable.name));
                finding.help(format!(
                    "If the program needs the file in the cluster, mount it there from a ConfigMap (or a Secret, if \
                     it holds credentials), and set `{}` to its path, which only Compose does.",
                    variable.name
                ));
            }
            if service.role == Role::Development || named_by.is_some() {
                finding.severity(Severity::Info);
            }
        }
    }
}

/// Whether the container in the cluster runs another image, which need not know the file.
fn is_another_image(service: &Service<'_>, unit: &Unit<'_>) -> bool {
    let (Some(here), Some(there)) = (&service.unit.image, &unit.image) else { return false };
    // What is built here may have any name in a registry.
    !service.is_built() && name_of(&here.repository) != name_of(&there.repository)
}

/// Whether the container in the cluster is started with arguments of its own, which name no such file.
fn has_its_own_arguments(service: &Service<'_>, unit: &Unit<'_>, target: &str) -> bool {
    let (here, there) = (&service.unit.start.words, &unit.start.words);
    let is_same = || {
        let texts = |words: &[&Str]| words.iter().map(|it| it.to_string()).collect::<Vec<_>>();
        texts(here) == texts(there)
    };
    !there.is_empty() && !there.iter().any(|it| it.contains(target)) && !is_same()
}

/// Returns the command that shows what a Compose container mounts, whatever programs its image has.
fn mounts_of<'a>(facts: &Facts<'a>, service: &Service<'a>) -> String {
    let ps = facts.compose(service, &format!("ps -q {}", in_shell(service.name)));
    format!("docker inspect --format '{{{{json .Mounts}}}}' $({ps})")
}

/// Whether a container in the cluster is told to read another file of the same form, which it mounts.
fn is_configured_elsewhere(unit: &Unit<'_>, container: &Container, target: &str) -> bool {
    let is_mounted = |path: &str| {
        let mut mounts = container.mounts.iter().filter_map(|it| it.mount_path.as_ref());
        mounts.any(|mounted| mounted.len() > 1 && is_below(path, mounted))
    };
    let arguments = unit.start.words.iter().map(|it| it.as_str());
    let values = unit.env.iter().filter_map(|it| it.value);
    arguments.chain(values).any(|text| {
        let mut words = text.split([' ', '=', ',', ':', '"']);
        words.any(|word| word.starts_with('/') && form(word) == form(target) && is_mounted(word))
    })
}

/// Returns the extension of a path, with one spelling for each form.
fn form(path: &str) -> Option<&str> {
    match name_of(path).rsplit_once('.')?.1 {
        "yml" => Some("yaml"),
        extension => Some(extension),
    }
}

/// A configuration file that Compose gives to a service.
struct ConfigFile<'a> {
    span: Span,
    /// The path on the host.
    source: Option<&'a Str>,
    /// The path in the container.
    target: String,
}

/// Returns the configuration files of a service: bind mounts of single files, and `configs`.
fn config_files<'a>(service: &Service<'a>) -> Vec<ConfigFile<'a>> {
    let mounts = service.model.volumes.iter().filter(|it| is_config_file(it));
    let mounts = mounts.map(|it| ConfigFile {
        span: it.span,
        source: it.source.as_ref(),
        target: it.target.to_string(),
    });
    let configs = service.model.configs.iter().filter_map(|it| {
        let object = service.project.config(&it.source).filter(|it| !it.external)?;
        Some(ConfigFile {
            span: it.source.span,
            source: object.file.as_ref(),
            target: it.path(FileReference::CONFIGS),
        })
    });
    mounts.chain(configs).collect()
}

/// Whether the file that is mounted has nothing but comments in it.
fn says_nothing(facts: &Facts<'_>, service: &Service<'_>, source: &Str) -> bool {
    let places = [source.value.to_string(), join_path(&service.project.folder, source)];
    let file = places.iter().find_map(|path| facts.file_at(&normalise_path(path)));
    let is_silent = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with(['#', ';']) || line.starts_with("//") || line == "---"
    };
    file.is_some_and(|file| facts.file(file).text().lines().all(is_silent))
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
    fn another_file_that_the_program_is_told_to_read_takes_its_place() {
        let found = |arguments: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', volumes: ['./a.yml:/etc/a.yml']}}}}\n# file: k8s.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{volumes: [{{name: c, configMap: {{name: c}}}}], containers: [{{name: web, image: acme/web:1, {arguments}, volumeMounts: [{{name: c, mountPath: /conf}}]}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(found("args: ['--config=/conf/relay.yaml']"), 0);
        assert_eq!(found("env: [{name: CONFIG, value: /conf/relay.yml}]"), 0);
        assert_eq!(
            found("env: [{name: CONFIG, value: /other/relay.yaml}]"),
            1,
            "it is not mounted"
        );
        assert_eq!(found("env: [{name: LOG, value: /conf/relay.log}]"), 1);
        assert_eq!(found("args: ['--log=/conf/relay.log']"), 0, "it is set up by its arguments");
        assert_eq!(found("args: ['--extra=/etc/a.yml']"), 1);
    }

    /// Returns the severities for a service and a container that is started with these words.
    fn severities(service: &str, container: &str) -> Vec<&'static str> {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{{service}, volumes: ['./a.yml:/etc/a.yml']}}}}\n# file: k8s.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, {container}}}]}}\n"
        );
        crate::rules::testing::findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn the_same_arguments_on_both_sides_need_the_file_on_both() {
        let same = "image: 'acme/web:1', command: [serve, --fast]";
        assert_eq!(severities(same, "image: 'acme/web:1', args: [serve, --fast]"), ["warning"]);
        assert_eq!(severities(same, "image: 'acme/web:1', args: [serve, --slow]"), [""; 0]);
    }

    #[test]
    fn another_image_need_not_know_the_file() {
        assert_eq!(severities("image: 'acme/web:1'", "image: 'acme/all-in-one:1'"), [""; 0]);
        assert_eq!(severities("image: 'acme/web:1'", "image: 'corp.example/web:1'"), ["warning"]);
        assert_eq!(
            severities("build: ., image: 'acme/web:1'", "image: 'acme/site:1'"),
            ["warning"]
        );
    }

    #[test]
    fn a_variable_that_only_compose_sets_may_be_what_needs_the_file() {
        let service = "image: 'acme/web:1', environment: {CONFIG: /etc/a.yml}";
        assert_eq!(severities(service, "image: 'acme/web:1'"), ["info"]);
        let there = "image: 'acme/web:1', env: [{name: CONFIG, value: /etc/a.yml}]";
        assert_eq!(severities(service, there), ["warning"]);
    }

    #[test]
    fn a_file_of_comments_is_no_loss() {
        let found = |content: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', volumes: ['./extra.yaml:/etc/extra.yaml']}}}}\n{POD}# file: extra.yaml\n{content}"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(found("# Add exporters here.\n\n# exporters: {}\n"), 0);
        assert_eq!(found("exporters: {}\n"), 1);
    }

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
    fn every_form_of_a_file_counts_and_both_places_are_named() {
        let found = |web: &str, more: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {web}}}}}\n{more}{POD}"
            );
            crate::rules::testing::findings(&RULE, &text)
        };
        for mount in [
            "'./a.conf:/etc/a.conf'",
            "'./a.conf:/etc/a.conf:ro'",
            "'./Caddyfile:/etc/caddy/Caddyfile'",
            "{type: bind, source: ./a.conf, target: /etc/a.conf, read_only: true}",
        ] {
            let all = found(&format!("volumes: [{mount}]"), "");
            assert_eq!(all.len(), 1, "{mount}");
            assert_eq!(all[0].severity.name(), "warning");
            let there = "container `web` of Pod `web` is the counterpart";
            assert!(all[0].related.iter().any(|it| it.message.starts_with(there)), "{mount}");
        }
        let file = "configs: {c: {file: ./a.conf}}\n";
        assert_eq!(found("configs: [{source: c, target: /etc/a.conf}]", file).len(), 1);
        assert_eq!(found("configs: [c]", file).len(), 1);
        assert_eq!(found("configs: [c]", "configs: {c: {content: 'a: b'}}\n").len(), 1);
        assert!(found("configs: [c]", "configs: {c: {external: true}}\n").is_empty());
    }

    #[test]
    fn a_file_that_the_cluster_mounts_at_its_path_is_not_lost() {
        let found = |mount: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', volumes: ['./a.conf:/etc/app/a.conf']}}}}\n# file: k8s.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{volumes: [{{name: c, configMap: {{name: c}}}}], containers: [{{name: web, image: acme/web:1, volumeMounts: [{{name: c, {mount}}}]}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(found("mountPath: /etc/app/a.conf, subPath: a.conf"), 0);
        assert_eq!(found("mountPath: /etc/app"), 0);
        assert_eq!(found("mountPath: /var/app"), 1);
    }

    #[test]
    fn without_a_counterpart_there_is_nothing_to_compare() {
        let text = format!(
            "# file: compose.yaml\nservices: {{api: {{image: 'acme/api:1', volumes: ['./a.conf:/etc/a.conf']}}}}\n{POD}"
        );
        assert!(messages(&RULE, &text).is_empty());
    }
}
