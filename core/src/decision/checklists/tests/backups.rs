//! Where backups write their copies.

use super::seen;
use crate::report::{CheckItem, CheckState};

/// Returns the state of the item on backups, and what was seen, for a database with a service that copies it.
fn copies(service: &str, volumes: &str) -> (CheckState, String) {
    let text = format!(
        "services:\n  db: {{image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}}\n  \
         copy: {{restart: always, {service}}}\nvolumes: {{pg: {{}}{volumes}}}\n"
    );
    seen(&text, CheckItem::Backups)
}

fn stays(service: &str, volumes: &str) -> bool {
    let (state, words) = copies(service, volumes);
    assert!(matches!(state, CheckState::Pass | CheckState::CannotSee), "{service}: {words}");
    words.contains("stays on this server")
}

/// Returns a service that dumps the database, with further variables and mounts.
fn dump(more: &str, mounts: &str) -> String {
    format!(
        "image: 'prodrigestivill/postgres-backup-local:17', environment: {{POSTGRES_HOST: db{more}}}, volumes: [{mounts}]"
    )
}

#[test]
fn a_named_volume_is_on_the_server_too() {
    let service = dump("", "'copies:/backups'");
    let (_, words) = copies(&service, ", copies: {}");
    assert!(words.contains("stays on this server, in `copies`"), "{words}");
    assert!(!stays(&service, ", copies: {driver: rclone}"));
    let nfs = ", copies: {driver_opts: {type: nfs, o: 'addr=10.0.0.9', device: ':/copies'}}";
    assert!(!stays(&service, nfs));
}

#[test]
fn what_is_read_or_of_the_system_holds_no_copies() {
    for mount in ["/etc/localtime:/etc/localtime", "/run/secrets:/secrets", "/mnt/nas:/backups"] {
        assert!(!stays(&dump("", &format!("'{mount}'")), ""), "{mount}");
    }
    // The data itself is what is copied, whether or not it could be written.
    assert!(!stays(&dump("", "'pg:/source'"), ""));
    assert!(!stays(&dump("", "'cache:/root/.cache'"), ", cache: {}"));
    assert!(stays(&dump("", "'pg:/source', './copies:/backups'"), ""));
}

#[test]
fn who_hears_of_a_backup_has_no_copy_of_it() {
    let here = "'/srv/backups:/backups'";
    for notice in [
        "WEBHOOK_URL: 'https://example.com/done'",
        "NOTIFICATION_URLS: 'smtp://mail.example.com'",
        "DONE_URL: 'https://hc-ping.com/5f1'",
    ] {
        assert!(stays(&dump(&format!(", {notice}"), here), ""), "{notice}");
    }
    for target in ["TARGET_URL: 'https://store.example.com'", "S3_BUCKET: acme"] {
        assert!(!stays(&dump(&format!(", {target}"), here), ""), "{target}");
    }
}

#[test]
fn a_repository_is_remote_unless_it_is_a_path() {
    let restic = |repository: &str, command: &str| {
        let service = format!(
            "image: 'mazzolino/restic:1.8.0', environment: {{RESTIC_PASSWORD: x{repository}}}, volumes: ['pg:/data:ro', '/srv/copies:/repo']{command}"
        );
        stays(&service, "")
    };
    assert!(restic(", RESTIC_REPOSITORY: /repo", ""));
    assert!(restic("", ", command: restic -r /repo backup /data"));
    assert!(!restic(", RESTIC_REPOSITORY: 'b2:acme:db'", ""));
    assert!(!restic(", RESTIC_REPOSITORY_FILE: /run/secrets/repository", ""));
    assert!(!restic(", RESTIC_REPOSITORY: 'rest:https://copies.example.com'", ""));
    assert!(!restic("", ", command: restic -r gs:acme:/ backup /data"));
    let borg = |repository: &str| {
        let service = format!(
            "image: 'acme/borg-backup:1.2.3', environment: {{BORG_REPO: '{repository}'}}, volumes: ['pg:/data:ro', 'repo:/repo']"
        );
        stays(&service, ", repo: {}")
    };
    assert!(borg("/repo"));
    assert!(!borg("u1@store.example.com:repo"));
}

#[test]
fn the_target_of_backups_is_not_called_renewable() {
    let text = "services:\n  watch: {image: 'prom/prometheus:v3.1.0', volumes: ['prom:/prometheus']}\n  \
                copy: {image: 'offen/docker-volume-backup:v2.43.0', volumes: ['prom:/backup/prom:ro', 'archive:/archive']}\nvolumes: {prom: {}, archive: {}}\n";
    let (state, words) = seen(text, CheckItem::Backups);
    assert_eq!(state, CheckState::NotApplicable);
    assert_eq!(words, "the only volume is `prom` (metrics), which is counted as renewable");
}
