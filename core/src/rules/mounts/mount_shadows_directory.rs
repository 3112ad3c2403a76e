use crate::facts::{Backing, Facts, Named, Unit, Workload, in_shell, is_below};
use crate::knowledge::directories::{FilledDirectory, filled_directories};
use crate::knowledge::families::Class;
use crate::model::Str;
use crate::model::kubernetes::{KeyedSource, VolumeMount, VolumeSource, is_true};
use crate::report::phrases::named;
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use smol_str::SmolStr;

rule! {
    /// A volume is mounted over a directory that the image fills with files.
    ///
    /// ## Why it hurts
    /// A mount hides whatever the image has at its path. In Compose a new named volume is filled from the
    /// image first; a claim, a ConfigMap or a Secret never is. The program then misses its own files and
    /// does not start, or serves nothing.
    ///
    /// ## What helps
    /// Mount a single file with `subPath`, mount a directory that is made for additions, such as
    /// `/etc/nginx/conf.d`, or have an init container copy the image's files into the volume first.
    ///
    /// ## How to troubleshoot
    /// List the directory in the running container, and in a container of the same image without mounts.
    ///
    /// ## When to ignore
    /// Where the volume already holds a complete copy of the directory.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: nginx:1.29
    ///       volumeMounts:
    ///         - name: conf
    ///           mountPath: /etc/nginx # <- the ConfigMap `web-conf` mounted at `/etc/nginx` hides what nginx has there, among it `mime.types`
    ///   volumes:
    ///     - name: conf
    ///       configMap: { name: web-conf }
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web-conf }
    /// data:
    ///   nginx.conf: "events {}"
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: nginx:1.29
    ///       volumeMounts:
    ///         - name: conf
    ///           mountPath: /etc/nginx/nginx.conf
    ///           subPath: nginx.conf
    ///   volumes:
    ///     - name: conf
    ///       configMap: { name: web-conf }
    /// ```
    PLM306 "mount-shadows-directory" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            for mount in &container.mounts {
                if let Some(shadow) = shadow(facts, workload, unit, mount) {
                    report(workload, unit, &shadow, out);
                }
            }
        }
    }
}

/// A mount that hides a directory of the image.
struct Shadow<'a> {
    /// "the claim `site`"
    volume: String,
    path: &'a Str,
    directory: FilledDirectory,
    /// The entries that the program needs and the volume certainly lacks.
    missing: Vec<&'static str>,
    /// Whether the volume brings all that the program needs.
    replaces: bool,
    sure: bool,
}

fn shadow<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    unit: &Unit<'a>,
    mount: &'a VolumeMount,
) -> Option<Shadow<'a>> {
    if mount.sub_path.is_some() || mount.sub_path_expr.is_some() {
        return None;
    }
    let (name, path) = (mount.name.as_ref()?, mount.mount_path.as_ref()?);
    let (backing, _) = facts.backing(workload, name);
    let (volume, keys) = match backing {
        Backing::Claim(claim, _) => (format!("the claim `{claim}`"), None),
        Backing::ClaimTemplate(_) => (format!("the claim `{name}`"), None),
        Backing::Config => keyed_volume(facts, workload, name)?,
        Backing::Volume(_)
        | Backing::Host(_)
        | Backing::Anonymous
        | Backing::Memory
        | Backing::Scratch
        | Backing::Network
        | Backing::Unknown => return None,
    };
    let (directory, sure) = hidden_directory(unit, path)?;
    // What another container writes into the volume first is not missing; a ConfigMap is only read.
    let is_claim =
        keys.is_none() && matches!(backing, Backing::Claim(..) | Backing::ClaimTemplate(_));
    let filled = is_filled_before(workload, unit, &name.value)
        || matches!(backing, Backing::Claim(claim, _) if is_used_elsewhere(facts, workload, claim));
    if is_claim && filled {
        return None;
    }
    let lacks = |entry: &&'static str| {
        keys.as_ref().is_some_and(|it| !it.iter().any(|key| brings(key, entry)))
    };
    let missing: Vec<&'static str> = directory.needed.iter().copied().filter(lacks).collect();
    let replaces = keys.is_some() && missing.is_empty();
    Some(Shadow { volume, path, directory, missing, replaces, sure })
}

/// Whether a key of a volume, or the folder that it lies in, is an entry of the directory.
fn brings(key: &str, entry: &str) -> bool {
    key.split('/').next() == Some(entry)
}

/// Returns what a ConfigMap or Secret volume is called, and its entries where they are known.
fn keyed_volume<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    name: &str,
) -> Option<(String, Option<Vec<&'a str>>)> {
    let volume = workload.model.template.spec.volume(name)?;
    // A projected volume mounts several sources for a purpose of its own, mostly tokens.
    let (kind, source) = match &volume.source {
        VolumeSource::ConfigMap(source) => (Named::ConfigMap, source),
        VolumeSource::Secret(source) => (Named::Secret, source),
        _ => return None,
    };
    let what = source.name.as_ref().map_or("", |it| it.as_str());
    Some((format!("the {} `{what}`", kind.name()), entries(facts, workload, kind, source)))
}

fn entries<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    kind: Named,
    source: &'a KeyedSource,
) -> Option<Vec<&'a str>> {
    if !source.items.is_empty() {
        let paths = source.items.iter().filter_map(|it| it.path.as_ref());
        return Some(paths.map(|it| it.as_str()).collect());
    }
    let object =
        facts.named(kind, workload.object.file, workload.namespace, source.name.as_ref()?)?;
    let keys = crate::facts::ConfigKeys::of(object)?;
    keys.complete.then(|| keys.entries.iter().map(|it| it.0.as_str()).collect())
}

/// Directories where most projects put the program when they build an image.
const APPLICATION_DIRECTORIES: &[&str] = &["/app", "/usr/src/app", "/usr/src", "/usr/local/bin"];

/// Returns the directory of the image that a mount at this path hides, and whether that is sure.
fn hidden_directory(unit: &Unit<'_>, path: &str) -> Option<(FilledDirectory, bool)> {
    let image = unit.image.as_ref()?;
    let family = image.family;
    let known = filled_directories(family.map(|it| it.id), &image.repository);
    if let Some(found) = known.into_iter().find(|it| is_below(it.path, path)) {
        return Some((found, true));
    }
    // An image that is only a language or a system has nothing there: the program is mounted.
    let is_empty =
        family.is_some_and(|it| matches!(it.class, Class::Runtime | Class::Base | Class::Tool));
    let trimmed = path.trim_end_matches('/');
    let place = APPLICATION_DIRECTORIES.iter().find(|it| **it == trimmed).filter(|_| !is_empty)?;
    let own = family.is_none();
    own.then(|| (FilledDirectory { path: place, needed: Vec::new(), everywhere: true }, false))
}

/// Whether another container of the Pod mounts the same volume to write, and so may fill it.
fn is_filled_before(workload: &Workload<'_>, unit: &Unit<'_>, volume: &SmolStr) -> bool {
    workload.containers().any(|(other, container)| {
        let writes = |it: &VolumeMount| it.is_of(volume) && !is_true(it.read_only);
        other.site != unit.site && container.mounts.iter().any(writes)
    })
}

/// Whether another workload mounts the same claim, and so may fill it.
fn is_used_elsewhere(facts: &Facts<'_>, workload: &Workload<'_>, claim: &str) -> bool {
    facts.workloads().iter().filter(|it| it.index != workload.index).any(|other| {
        facts.same_part(other.object.file, workload.object.file)
            && facts.may_share_namespace(other.namespace, workload.namespace)
            && other.model.template.spec.volumes.iter().any(|volume| match &volume.source {
                VolumeSource::Claim { name: Some(name), .. } => name.value == claim,
                _ => false,
            })
    })
}

fn report(workload: &Workload<'_>, unit: &Unit<'_>, shadow: &Shadow<'_>, out: &mut Findings) {
    let whose = match unit.family() {
        Some(family) if !shadow.directory.everywhere => family.name.to_owned(),
        _ => "the image".to_owned(),
    };
    let mut message =
        format!("{} mounted at `{}` hides what {whose} has there", shadow.volume, shadow.path);
    if shadow.sure && !shadow.replaces {
        let lost: &[&str] =
            if shadow.missing.is_empty() { &shadow.directory.needed } else { &shadow.missing };
        message.push_str(&format!(", among it {}", named(lost)));
    }
    if !shadow.sure {
        message = format!(
            "{} mounted at `{}` hides whatever the image has there, which is often the program itself",
            shadow.volume, shadow.path
        );
    }
    let finding = out.at(&shadow.path.span, message);
    if !shadow.sure {
        finding.severity(Severity::Info).confidence(Confidence::Possible);
    } else if shadow.replaces {
        finding.severity(Severity::Info);
    } else if shadow.directory.everywhere {
        finding.confidence(Confidence::Likely);
    }
    finding.check(workload.exec(unit, &format!("ls -la {}", in_shell(shadow.path))));
    if let Some(image) = &unit.image {
        finding.check(format!(
            "docker run --rm --entrypoint ls {} -la {}",
            in_shell(image.text),
            in_shell(shadow.path)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn pod(image: &str, mount: &str, volume: &str, others: &str) -> Vec<(&'static str, String)> {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{{name: a, image: '{image}', volumeMounts: [{{name: v, {mount}}}]}}]\n  volumes: [{{name: v, {volume}}}]\n{others}"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    const CLAIM: &str = "persistentVolumeClaim: {claimName: c}";
    const MAP: &str = "configMap: {name: c}";

    #[test]
    fn each_kind_of_volume_hides_a_filled_directory() {
        for volume in [CLAIM, MAP, "secret: {secretName: c}"] {
            let found = pod("nginx:1.29", "mountPath: /usr/share/nginx/html", volume, "");
            assert_eq!(found[0].0, "warning", "{volume}");
            assert!(found[0].1.contains("`c` mounted at `/usr/share/nginx/html`"), "{found:?}");
        }
        for volume in ["emptyDir: {}", "hostPath: {path: /x}", "nfs: {server: s, path: /p}"] {
            let found = pod("nginx:1.29", "mountPath: /usr/share/nginx/html", volume, "");
            assert!(found.is_empty(), "{volume}");
        }
        let template = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec:\n  template: {spec: {containers: [{name: a, image: 'nginx:1', volumeMounts: [{name: v, mountPath: /etc/nginx}]}]}}\n  volumeClaimTemplates: [{metadata: {name: v}, spec: {}}]\n";
        assert_eq!(findings(&RULE, template).len(), 1);
    }

    #[test]
    fn directories_are_compared_with_what_the_image_fills() {
        for (image, path, count) in [
            ("nginx:1.29", "/etc/nginx/", 1),
            ("nginx:1.29", "/etc/nginx/conf.d", 0),
            ("nginx:1.29", "/usr/share/nginx", 1),
            ("nginx:1.29", "/data", 0),
            ("postgres:16", "/usr/local/bin", 1),
            ("acme/web:1", "/usr/local/bin", 1),
            ("nginx:1.29", "/usr/local/bin", 0),
            ("acme/web:1", "/usr/bin", 1),
            ("acme/web:1", "/etc/nginx", 0),
            ("postgres:16", "/docker-entrypoint-initdb.d", 0),
            ("httpd:2.4", "/usr/local/apache2/htdocs", 1),
            ("bitnami/redis:7", "/opt/bitnami", 1),
            ("wordpress:6", "/var/www/html", 0),
        ] {
            let found = pod(image, &format!("mountPath: {path}"), CLAIM, "");
            assert_eq!(found.len(), count, "{image} {path}: {found:?}");
        }
    }

    #[test]
    fn a_sub_path_hides_only_itself() {
        for sub in ["subPath: a", "subPathExpr: $(A)"] {
            let mount = format!("mountPath: /etc/nginx, {sub}");
            assert!(pod("nginx:1.29", &mount, MAP, "").is_empty(), "{sub}");
        }
    }

    #[test]
    fn the_program_of_an_own_image_may_be_in_its_directory() {
        let found = pod("acme/web:1", "mountPath: /app", CLAIM, "");
        assert_eq!(found[0].0, "info");
        assert!(pod("node:22", "mountPath: /app", MAP, "").is_empty());
        assert_eq!(pod("louislam/uptime-kuma:1", "mountPath: /app", CLAIM, "")[0].0, "warning");
        assert!(pod("louislam/uptime-kuma:1", "mountPath: /app/data", CLAIM, "").is_empty());
    }

    #[test]
    fn a_volume_that_brings_what_is_needed_is_a_trade_off() {
        let map = |keys: &str| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{keys}}}\n"
            )
        };
        let html = "mountPath: /usr/share/nginx/html";
        assert_eq!(pod("nginx:1.29", html, MAP, &map("index.html: x"))[0].0, "info");
        assert_eq!(pod("nginx:1.29", html, MAP, &map("main.js: x"))[0].0, "warning");
        let items = "configMap: {name: c, items: [{key: a, path: index.html}]}";
        assert_eq!(pod("nginx:1.29", html, items, "")[0].0, "info");
    }

    #[test]
    fn a_claim_that_an_init_container_fills_is_silent() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  initContainers: [{name: i, image: 'acme/site:1', volumeMounts: [{name: v, mountPath: /out}]}]\n  containers: [{name: a, image: 'nginx:1', volumeMounts: [{name: v, mountPath: /usr/share/nginx/html}]}]\n  volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]\n";
        assert!(findings(&RULE, text).is_empty());
        let other = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec:\n  containers: [{name: b, image: 'acme/b:1', volumeMounts: [{name: w, mountPath: /out}]}]\n  volumes: [{name: w, persistentVolumeClaim: {claimName: c}}]\n";
        assert!(pod("nginx:1.29", "mountPath: /usr/share/nginx/html", CLAIM, other).is_empty());
    }
}
