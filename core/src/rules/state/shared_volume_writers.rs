use crate::facts::{Backing, Facts, Mounted, Part, Unit};
use crate::knowledge::families::Class;
use crate::report::phrases::named;
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use crate::words::{Words, stands_in};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

rule! {
    /// Several programs write to one volume.
    ///
    /// ## Why it hurts
    /// Nothing keeps them from writing the same file at the same time. On the way to a cluster the
    /// volume also ties all of them to one node, or needs storage that many nodes may write.
    ///
    /// ## What helps
    /// One writer, and `read_only` for the others; or object storage or a database between them.
    ///
    /// ## How to troubleshoot
    /// `docker ps --filter volume=NAME` lists who has it mounted; `lsof` in each shows open files.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     volumes:
    ///       - work:/srv/work # <- volume `work` is written by `api` and `importer`
    ///   importer:
    ///     image: ghcr.io/acme/importer:1.4.2
    ///     volumes:
    ///       - work:/work
    /// volumes:
    ///   work:
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     volumes:
    ///       - work:/srv/work:ro
    ///   importer:
    ///     image: ghcr.io/acme/importer:1.4.2
    ///     volumes:
    ///       - work:/work
    /// volumes:
    ///   work:
    /// ```
    PLM710 "shared-volume-writers" {
        since: "0.1.0", on: Both, severity: Info, check: check,
    }
}

/// One who writes a volume: its owner's index and name, and the mount.
struct Writer<'f, 'a> {
    owner: usize,
    name: &'a str,
    volume: &'a str,
    unit: &'f Unit<'a>,
    mounted: Mounted<'a>,
}

/// A volume by where its name counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Volume<'a> {
    OfProject(usize, &'a str),
    OfNamespace(&'a str, &'a str),
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut writers: IndexMap<Volume<'_>, Vec<Writer<'_, '_>>, FxBuildHasher> = IndexMap::default();
    for unit in facts.units().filter(|it| it.part == Part::Main) {
        let mut mounts = Vec::new();
        for it in facts.mounted(unit) {
            let shared = matches!(it.backing, Backing::Volume(_) | Backing::Claim(..));
            if shared && !it.read_only && !is_asset(&it) {
                mounts.push(it);
            }
        }
        if mounts.is_empty() || is_helper(facts, unit) {
            continue;
        }
        for mounted in mounts {
            let service = facts.service_of(unit);
            let workload = facts.workload_of(unit);
            let (key, volume, owner, name) = match (mounted.backing, service, workload) {
                (Backing::Volume(volume), Some(service), _) => {
                    let key = Volume::OfProject(service.project_index, volume);
                    (key, volume, service.index, service.name)
                }
                (Backing::Claim(volume, _), _, Some(workload)) => {
                    let key = Volume::OfNamespace(workload.namespace, volume);
                    (key, volume, workload.index, workload.name)
                }
                _ => continue,
            };
            let writers = writers.entry(key).or_default();
            // The containers of one owner come one after the other.
            if writers.last().is_none_or(|it| it.owner != owner) {
                writers.push(Writer { owner, name, volume, unit, mounted });
            }
        }
    }
    for together in writers.values().filter(|it| it.len() > 1) {
        let together: Vec<&Writer<'_, '_>> = together.iter().collect();
        tell(&together, out);
    }
}

fn tell(list: &[&Writer<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = list.split_first() else { return };
    let volume = first.volume;
    let compose = first.unit.is_compose();
    let image = |it: &Writer<'_, '_>| it.unit.image.as_ref().map(|it| it.repository.clone());
    let claim = match first.mounted.backing {
        Backing::Claim(_, claim) => claim,
        _ => None,
    };
    let single = claim.is_some_and(|it| it.single_node());
    // One program in several roles knows how to share its files.
    if !single && list.iter().all(|it| image(it).is_some() && image(it) == image(first)) {
        return;
    }
    let mut names: Vec<&str> = Vec::new();
    for it in list {
        names.push(it.name);
    }
    let last = names.pop().unwrap_or_default();
    let all = format!("{} and `{last}`", named(&names));
    let what = if compose { "volume" } else { "claim" };
    let stores = list.iter().filter(|it| it.unit.stored().is_some()).count();
    let message = if single {
        format!("{what} `{volume}` is ReadWriteOnce, so {all} must all run on one node")
    } else {
        format!("{what} `{volume}` is written by {all}")
    };
    let finding = out.at(&first.mounted.span, message);
    for it in others {
        finding.also(&it.mounted.span, format!("`{}` mounts it here", it.name));
    }
    if stores > 1 {
        finding.severity(Severity::Warning);
    } else if single {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
    if compose {
        finding.check(format!("docker ps --filter volume={volume}"));
    }
}

/// Tasks, backups and tools that look after files while the owner is down, or only read them.
fn is_helper(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    let class = unit.family().map(|it| it.class);
    let reader = matches!(
        class,
        Some(
            Class::WebServer
                | Class::Proxy
                | Class::Backup
                | Class::Monitoring
                | Class::AdminUi
                | Class::Tool
        )
    );
    let service = facts.service_of(unit);
    let task = service.is_some_and(|it| {
        it.has_profile()
            || facts.is_one_shot(it)
            || it.model.restart.as_ref().is_some_and(|it| it.value == "no")
    });
    let by_name = stands_in("backup init setup migrat permission seed", unit.name);
    let job = facts.workload_of(unit).is_some_and(|it| it.kind().is_job());
    reader || task || by_name || job
}

/// Files that are written once and read often, and what programs share on purpose.
fn is_asset(mounted: &Mounted<'_>) -> bool {
    const WORDS: Words = Words::new(
        "STATIC ASSET PUBLIC WWW HTML MEDIA UPLOAD CERT SSL TLS LETSENCRYPT SOCK RUN TMP LOG LOGS \
        CONF CONFIG CACHE MODEL MODELS NODE_MODULES SHARE SHARED PLUGINS THEME CERTS VHOST.D ACME \
        ETC DIST BUILD HUB",
    );
    let source = match mounted.backing {
        Backing::Volume(it) | Backing::Claim(it, _) => it.as_str(),
        _ => "",
    };
    let mut parts = mounted.path.split(['/', '.', '-', '_']).chain(source.split(['-', '_', '.']));
    parts.any(|it| {
        let one = it.strip_suffix(['s', 'S']);
        WORDS.has_in_any_case(it) || one.is_some_and(|it| WORDS.has_in_any_case(it))
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn two(a: &str, b: &str) -> usize {
        messages(
            &RULE,
            &format!("services:\n  a: {{ {a} }}\n  b: {{ {b} }}\nvolumes: {{ work: {{}}, static: {{}} }}\n"),
        )
        .len()
    }

    #[test]
    fn readers_assets_tasks_and_one_program_are_silent() {
        let a = "image: 'a:1', volumes: ['work:/data']";
        assert_eq!(two(a, "image: 'b:1', volumes: ['work:/x']"), 1);
        assert_eq!(two(a, "image: 'b:1', volumes: ['work:/x:ro']"), 0);
        assert_eq!(two(a, "image: 'a:1', volumes: ['work:/data'], command: worker"), 0);
        assert_eq!(two(a, "image: 'nginx:1', volumes: ['work:/x']"), 0);
        assert_eq!(two(a, "image: 'restic/restic:1', volumes: ['work:/x']"), 0);
        assert_eq!(two(a, "image: 'b:1', profiles: [x], volumes: ['work:/x']"), 0);
        let asset = "image: 'a:1', volumes: ['static:/app/static']";
        assert_eq!(two(asset, "image: 'b:1', volumes: ['static:/app/static']"), 0);
    }

    #[test]
    fn two_servers_on_one_data_directory_are_worse() {
        let text = "services:\n  a: { image: 'mysql:8', volumes: ['d1:/var/lib/mysql'] }\n  \
                    b: { image: 'mariadb:11', volumes: ['d1:/var/lib/mysql'] }\nvolumes: { d1: {} }\n";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "warning");
    }

    #[test]
    fn a_claim_for_one_node_ties_its_users_together() {
        let user = |name: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    spec:\n      \
                 containers: [{{ name: {name}, image: 'a:1', volumeMounts: [{{ name: d, mountPath: /d }}] }}]\n      \
                 volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n---\n"
            )
        };
        let claim = |mode: &str| {
            format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{ name: d }}\nspec: {{ accessModes: [{mode}] }}\n"
            )
        };
        let text = format!("{}{}{}", user("a"), user("b"), claim("ReadWriteOnce"));
        assert!(messages(&RULE, &text)[0].contains("one node"));
        let text = format!("{}{}{}", user("a"), user("b"), claim("ReadWriteMany"));
        assert!(messages(&RULE, &text).is_empty(), "one program in two roles");
    }
}
