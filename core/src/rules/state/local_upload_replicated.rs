use crate::facts::{Backing, Facts, Mounted, Part, Unit, Var, in_shell};
use crate::knowledge::env;
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::{Span, name_of};

rule! {
    /// A replicated program stores uploads where only one of its replicas can read them.
    ///
    /// ## Why it hurts
    /// A file that was uploaded to one replica does not exist on the others: with two replicas,
    /// every other request for it returns 404. Files in the container or in an `emptyDir` are lost
    /// with the next update.
    ///
    /// ## What helps
    /// Object storage, or one volume that all replicas mount (`ReadWriteMany`).
    ///
    /// ## How to troubleshoot
    /// Upload a file, then list the folder in each replica: only one of them has it.
    ///
    /// ## When to ignore
    /// Where the files are needed only while one request lasts.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           env:
    ///             - name: UPLOAD_DIR
    ///               value: /srv/uploads # <- `UPLOAD_DIR` of container `web` of Deployment `shop` is in an `emptyDir`, which is not shared among the 2 replicas
    ///           volumeMounts: [{ name: uploads, mountPath: /srv/uploads }]
    ///       volumes: [{ name: uploads, emptyDir: {} }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           env:
    ///             - name: UPLOAD_DIR
    ///               value: /srv/uploads
    ///           volumeMounts: [{ name: uploads, mountPath: /srv/uploads }]
    ///       volumes: [{ name: uploads, persistentVolumeClaim: { claimName: uploads } }]
    /// ```
    PLM705 "local-upload-replicated" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let Some(many) = unit.copies.many() else { continue };
        let served = facts.workload_of(unit).is_none_or(|it| it.is_server_like());
        if !served || unit.family().is_some_and(|it| it.is_data_store()) {
            continue;
        }
        let mounted = facts.mounted(unit);
        if let Some((what, span, place)) = upload(unit, &mounted) {
            report(facts, unit, (&what, span, place), many, out).confidence(Confidence::Likely);
        } else if let Some((what, span, place)) = data(unit, &mounted) {
            // Data may be made anew by each replica, or come with the image.
            let finding = report(facts, unit, (&what, span, place), many, out);
            finding.confidence(Confidence::Possible).severity(Severity::Info);
        }
    }
}

fn report<'o>(
    facts: &Facts,
    unit: &Unit<'_>,
    (what, span, place): (&str, Span, &str),
    many: Span,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let finding = out.at(
        &span,
        format!(
            "{what} of {} is in {place}, which is not shared among the {}",
            unit.label,
            facts.replica_words(unit)
        ),
    );
    let written = facts.unquoted(&span);
    let is_path = !written.is_empty() && !written.contains([':', '$', '{', ' ']);
    let command = match is_path {
        true => format!("df -h {}", in_shell(written)),
        false => "df -h".to_owned(),
    };
    finding
        .also(&many, "more than one replica is requested here")
        .check(facts.exec(unit, &command));
    finding
}

/// Returns the name and place of a folder for uploads, and where its files are kept, if every
/// replica has a folder of its own.
fn upload(unit: &Unit<'_>, mounted: &[Mounted<'_>]) -> Option<(String, Span, &'static str)> {
    for var in unit.env.iter().filter(|it| names_uploads(it.name)) {
        let place = mount_of(var, mounted).and_then(|it| it.map_or(Some(ITSELF), own_place));
        if let Some(place) = place {
            return Some((format!("`{}`", var.name), var.value_span, place));
        }
    }
    mounted.iter().find_map(|it| {
        let last = name_of(it.path.trim_end_matches('/'));
        let upload = matches!(last, "upload" | "uploads" | "media" | "attachments");
        let place = own_place(it.backing).filter(|_| upload && !it.read_only)?;
        Some((format!("`{}`", it.path), it.path.span, place))
    })
}

/// Returns the name and place of a folder for data, and where its files are kept, if they are lost with each
/// replica. The members of a cluster have volumes of their own on purpose.
fn data(unit: &Unit<'_>, mounted: &[Mounted<'_>]) -> Option<(String, Span, &'static str)> {
    unit.env.iter().filter(|it| DATA_VARIABLES.contains(&it.name)).find_map(|var| {
        let place = match mount_of(var, mounted)? {
            None => ITSELF,
            Some(Backing::ClaimTemplate(_)) => return None,
            Some(backing) => own_place(backing)?,
        };
        Some((format!("`{}`", var.name), var.value_span, place))
    })
}

/// Variables that name the folder in which a program keeps what it writes.
const DATA_VARIABLES: &[&str] = &[
    "DATA_DIR",
    "DATA_PATH",
    "DATA_ROOT",
    "DATA_FOLDER",
    "DATA_DIRECTORY",
    "APP_DATA_DIR",
    "APP_DATA_PATH",
];

/// What a folder is in that no volume covers.
const ITSELF: &str = "the container itself";

/// Returns what is mounted where a variable points: `Some(None)` where nothing is, and `None` where the variable
/// has no path for lasting files.
fn mount_of<'a>(variable: &Var<'_>, mounted: &[Mounted<'a>]) -> Option<Option<Backing<'a>>> {
    let path = variable.value.filter(|it| it.starts_with('/') && it.len() > 1)?;
    if path.starts_with("/tmp") {
        return None;
    }
    let on = mounted.iter().filter(|it| it.covers(path)).max_by_key(|it| it.path.len());
    Some(on.map(|it| it.backing))
}

fn own_place(backing: Backing<'_>) -> Option<&'static str> {
    match backing {
        Backing::Scratch => Some("an `emptyDir`"),
        Backing::Memory => Some("memory"),
        Backing::ClaimTemplate(_) => Some("a volume of its own Pod"),
        Backing::Anonymous => Some("an anonymous volume"),
        _ => None,
    }
}

fn names_uploads(variable: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    let about_uploads =
        ["UPLOAD", "MEDIA_", "ATTACHMENT", "STORAGE_PATH", "STORAGE_DIR", "STORAGE_ROOT"];
    let about_paths = ["DIR", "PATH", "ROOT", "FOLDER", "DIRECTORY", "LOCATION"];
    let is_alike = about_uploads.iter().any(|word| upper.contains(word))
        && about_paths.iter().any(|end| upper.ends_with(end));
    (is_alike || env::is_upload_directory(variable))
        && !upper.contains("TMP")
        && !upper.contains("TEMP")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn service(body: &str) -> usize {
        let text =
            format!("services: {{ a: {{ image: 'a:1', {body} }} }}\nvolumes: {{ up: {{}} }}\n");
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_container_itself_and_volumes_of_one_replica_count() {
        let env = "environment: { UPLOAD_PATH: /data/uploads }";
        assert_eq!(service(&format!("scale: 2, {env}")), 1);
        assert_eq!(service(&format!("scale: 2, {env}, volumes: [/data]")), 1);
    }

    #[test]
    fn the_command_asks_about_the_folder() {
        let text =
            "services: {a: {image: 'a:1', scale: 2, environment: {UPLOAD_PATH: /data/uploads}}}\n";
        assert!(findings(&RULE, text)[0].check[0].ends_with(" df -h /data/uploads"));
    }

    #[test]
    fn one_copy_shared_volumes_and_other_paths_are_silent() {
        let env = "environment: { UPLOAD_PATH: /data/uploads }";
        assert_eq!(service(env), 0);
        assert_eq!(service(&format!("scale: 2, {env}, volumes: ['up:/data/uploads']")), 0);
        assert_eq!(service("scale: 2, environment: { UPLOAD_TMP_DIR: /data }"), 0);
        assert_eq!(service("scale: 2, environment: { UPLOAD_PATH: /tmp/up }"), 0);
        assert_eq!(service("scale: 2, environment: { UPLOAD_PATH: uploads }"), 0);
        assert_eq!(service("scale: 2, environment: { MAX_UPLOAD_SIZE: /1 }"), 0);
    }

    #[test]
    fn every_place_in_a_cluster_that_belongs_to_one_pod() {
        let web = |kind: &str, spec: &str, pod: &str, container: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{replicas: 2, {spec}template: {{spec: {{{pod}containers: [{{name: web, image: 'a:1', {container}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        let env = "env: [{name: UPLOAD_DIR, value: /srv/uploads}]";
        let mount = "volumeMounts: [{name: u, mountPath: /srv/uploads}]";
        let both = format!("{env}, {mount}");
        assert_eq!(web("Deployment", "", "", env), 1, "the container itself");
        let scratch = "volumes: [{name: u, emptyDir: {}}], ";
        assert_eq!(web("Deployment", "", scratch, &both), 1);
        assert_eq!(web("Deployment", "", scratch, mount), 1, "the path says it");
        let template =
            "volumeClaimTemplates: [{metadata: {name: u}, spec: {accessModes: [ReadWriteOnce]}}], ";
        assert_eq!(web("StatefulSet", template, "", &both), 1, "a volume of its own Pod");
        let claim = "volumes: [{name: u, persistentVolumeClaim: {claimName: u}}], ";
        assert_eq!(web("Deployment", "", claim, &both), 0);
        for name in ["MEDIA_ROOT", "STORAGE_PATH", "ATTACHMENTS_DIR"] {
            let env = format!("env: [{{name: {name}, value: /srv/files}}]");
            assert_eq!(web("Deployment", "", "", &env), 1, "{name}");
        }
    }

    #[test]
    fn a_folder_for_data_is_a_note() {
        let severities = |body: &str| {
            let text = format!(
                "services: {{ a: {{ image: 'a:1', {body} }} }}\nvolumes: {{ files: {{}} }}\n"
            );
            findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        let env = "environment: { DATA_DIR: /srv/data }";
        assert_eq!(severities(&format!("scale: 2, {env}")), ["info"]);
        assert_eq!(severities(&format!("scale: 2, {env}, tmpfs: [/srv/data]")), ["info"]);
        assert_eq!(severities(env), [""; 0]);
        assert_eq!(severities(&format!("scale: 2, {env}, volumes: ['files:/srv/data']")), [""; 0]);
        assert_eq!(severities("scale: 2, environment: { MODEL_DATA_DIR: /srv/data }"), [""; 0]);
        let member = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {replicas: 3, volumeClaimTemplates: [{metadata: {name: d}}], template: {spec: {containers: [{name: a, image: 'a:1', env: [{name: DATA_DIR, value: /data}], volumeMounts: [{name: d, mountPath: /data}]}]}}}\n";
        assert!(findings(&RULE, member).is_empty(), "each member has its own");
    }

    #[test]
    fn a_native_sidecar_counts_and_an_init_container_does_not() {
        let with = |policy: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{initContainers: [{{name: s, image: 'acme/web:1', env: [{{name: UPLOAD_DIR, value: /srv/uploads}}]{policy}}}], containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with(", restartPolicy: Always"), 1);
        assert_eq!(with(""), 0);
    }
}
