use crate::facts::{Backing, Facts, Mounted, Part, Unit};
use crate::report::{Confidence, Findings};
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
    for unit in facts.units().filter(|it| it.part == Part::Main) {
        let Some(many) = unit.copies.many() else { continue };
        let served = facts.workload_of(unit).is_none_or(|it| it.is_server_like());
        if !served || unit.family().is_some_and(|it| it.is_data_store()) {
            continue;
        }
        let mounted = facts.mounted(unit);
        let Some((what, span, place)) = upload(unit, &mounted) else { continue };
        out.at(
            &span,
            format!(
                "{what} of {} is in {place}, which is not shared among the {}",
                unit.label,
                facts.replica_words(unit)
            ),
        )
        .confidence(Confidence::Likely)
        .also(&many, "more than one replica is requested here")
        .check(facts.exec(unit, "df -h"));
    }
}

/// Returns the name and place of a folder for uploads, and where its files are kept, if every
/// replica has a folder of its own.
fn upload(unit: &Unit<'_>, mounted: &[Mounted<'_>]) -> Option<(String, Span, &'static str)> {
    for var in &unit.env {
        let Some(path) = var.value.filter(|it| it.starts_with('/') && it.len() > 1) else {
            continue;
        };
        if !names_uploads(var.name) || path.starts_with("/tmp") {
            continue;
        }
        let on = mounted.iter().filter(|it| it.covers(path)).max_by_key(|it| it.path.len());
        let place = match on {
            Some(it) => own_place(it.backing),
            None => Some("the container itself"),
        };
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

fn own_place(backing: Backing<'_>) -> Option<&'static str> {
    match backing {
        Backing::Scratch | Backing::Memory => Some("an `emptyDir`"),
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
    about_uploads.iter().any(|word| upper.contains(word))
        && about_paths.iter().any(|end| upper.ends_with(end))
        && !upper.contains("TMP")
        && !upper.contains("TEMP")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

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
    fn one_copy_shared_volumes_and_other_paths_are_silent() {
        let env = "environment: { UPLOAD_PATH: /data/uploads }";
        assert_eq!(service(env), 0);
        assert_eq!(service(&format!("scale: 2, {env}, volumes: ['up:/data/uploads']")), 0);
        assert_eq!(service("scale: 2, environment: { UPLOAD_TMP_DIR: /data }"), 0);
        assert_eq!(service("scale: 2, environment: { UPLOAD_PATH: /tmp/up }"), 0);
        assert_eq!(service("scale: 2, environment: { UPLOAD_PATH: uploads }"), 0);
        assert_eq!(service("scale: 2, environment: { MAX_UPLOAD_SIZE: /1 }"), 0);
    }
}
