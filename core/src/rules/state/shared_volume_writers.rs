use crate::facts::{Backing, Facts, Mounted, Part, Unit, in_shell};
use crate::knowledge::families::Class;
use crate::knowledge::preparing::looks_after_files;
use crate::model::kubernetes::WorkloadKind;
use crate::report::phrases::named;
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

rule! {
    /// Several programs write to one volume.
    ///
    /// ## Why it hurts
    /// Nothing keeps them from writing the same file at the same time. In a cluster, the volume
    /// also ties all of them to one node, or requires storage that several nodes can write to.
    ///
    /// ## What helps
    /// A single writer, and `read_only` mounts for the others; or object storage or a database
    /// between them.
    ///
    /// ## How to troubleshoot
    /// `docker ps --filter volume=NAME` lists the containers that mount it; `lsof` in each of them
    /// shows open files.
    ///
    /// ## When to ignore
    /// Where the programs agree on which of them writes which files.
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

/// A program that writes to a volume: the index and name of its owner, and the mount.
struct Writer<'f, 'a> {
    owner: usize,
    name: &'a str,
    volume: &'a str,
    unit: &'f Unit<'a>,
    mounted: Mounted<'a>,
}

/// A volume, identified by its name and the scope of that name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Volume<'a> {
    OfProject(usize, &'a str),
    OfNamespace(&'a str, &'a str),
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut writers: IndexMap<Volume<'_>, Vec<Writer<'_, '_>>, FxBuildHasher> = IndexMap::default();
    let mut objects: FxHashMap<(Volume<'_>, WorkloadKind, &str), usize> = FxHashMap::default();
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let mut mounts = Vec::new();
        for mounted in facts.mounted(unit) {
            let shared = matches!(mounted.backing, Backing::Volume(_) | Backing::Claim(..));
            if shared && !mounted.read_only && !is_asset(&mounted) {
                mounts.push(mounted);
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
            // Two files that define one object are alternatives, of which one is applied.
            if let Some(workload) = workload
                && *objects.entry((key, workload.kind(), name)).or_insert(owner) != owner
            {
                continue;
            }
            // The containers of one owner follow each other.
            if writers.last().is_none_or(|it| it.owner != owner) {
                writers.push(Writer { owner, name, volume, unit, mounted });
            }
        }
    }
    for together in writers.values().filter(|it| it.len() > 1) {
        let together: Vec<&Writer<'_, '_>> = together.iter().collect();
        report(&together, out);
    }
}

fn report(list: &[&Writer<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = list.split_first() else { return };
    let volume = first.volume;
    let compose = first.unit.is_compose();
    let image =
        |writer: &Writer<'_, '_>| writer.unit.image.as_ref().map(|it| it.repository.clone());
    let claim = match first.mounted.backing {
        Backing::Claim(_, claim) => claim,
        _ => None,
    };
    let single = claim.is_some_and(|it| it.single_node());
    // A program that runs in several roles knows how to share its files.
    if !single && list.iter().all(|it| image(it).is_some() && image(it) == image(first)) {
        return;
    }
    let mut names: Vec<&str> = list.iter().map(|it| it.name).collect();
    let last = names.pop().unwrap_or_default();
    let all = format!("{} and `{last}`", named(&names));
    let what = if compose { "volume" } else { "claim" };
    let stores = list.iter().filter(|it| it.unit.stored().is_some()).count();
    let message = if single {
        format!("{what} `{volume}` is ReadWriteOnce, so {all} must all run on the same node")
    } else {
        format!("{what} `{volume}` is written by {all}")
    };
    let finding = out.at(&first.mounted.span, message);
    for other in others {
        finding.also(&other.mounted.span, format!("`{}` mounts it here", other.name));
    }
    if stores > 1 {
        finding.severity(Severity::Warning);
    } else if single {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
    if compose {
        finding.check(format!("docker ps --filter volume={}", in_shell(volume)));
    }
}

/// Whether a program is a task, backup or tool that handles the files while their owner is down, or
/// only reads them.
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
    let task = service.is_some_and(|service| {
        service.has_profile()
            || facts.is_one_shot(service)
            || service.model.restart.as_ref().is_some_and(|it| it.value == "no")
    });
    let by_name = looks_after_files(unit.name);
    let job = facts.workload_of(unit).is_some_and(|it| it.kind().is_job());
    reader || task || by_name || job
}

/// Parts of names of volumes and paths with files that are written once and read often, or that
/// programs share on purpose.
const ASSETS: &[&str] = &[
    "static",
    "asset",
    "public",
    "www",
    "html",
    "media",
    "upload",
    "cert",
    "ssl",
    "tls",
    "letsencrypt",
    "sock",
    "run",
    "tmp",
    "log",
    "conf",
    "config",
    "cache",
    "model",
    "share",
    "shared",
    "plugins",
    "theme",
    "acme",
    "etc",
    "dist",
    "build",
    "hub",
];

/// Whether a mount holds such files.
fn is_asset(mounted: &Mounted<'_>) -> bool {
    let source = match mounted.backing {
        Backing::Volume(it) | Backing::Claim(it, _) => it.as_str(),
        _ => "",
    };
    let mut parts = mounted.path.split(['/', '.', '-', '_']).chain(source.split(['-', '_', '.']));
    parts.any(|part| {
        let singular = part.strip_suffix(['s', 'S']).unwrap_or(part);
        ASSETS
            .iter()
            .any(|word| word.eq_ignore_ascii_case(part) || word.eq_ignore_ascii_case(singular))
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
    fn a_claim_for_one_node_ties_its_writers_to_that_node() {
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
        assert!(messages(&RULE, &text)[0].contains("the same node"));
        let text = format!("{}{}{}", user("a"), user("b"), claim("ReadWriteMany"));
        assert!(messages(&RULE, &text).is_empty(), "one program in two roles");
    }

    #[test]
    fn alternatives_of_one_object_are_one_writer() {
        let user = |name: &str, image: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{containers: [{{name: c, image: '{image}', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}]}}}}}}\n"
            )
        };
        let found = |name: &str| {
            let (one, other) = (user("app", "acme/app:1"), user(name, "acme/app:2"));
            let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: d}\nspec: {accessModes: [ReadWriteOnce]}\n";
            let text =
                format!("# file: a.yaml\n{one}# file: b.yaml\n{other}# file: c.yaml\n{claim}");
            messages(&RULE, &text).len()
        };
        assert_eq!((found("app"), found("worker")), (0, 1));
    }

    #[test]
    fn the_long_syntax_is_read() {
        let mount =
            |more: &str| format!("volumes: [{{type: volume, source: work, target: /x{more}}}]");
        let a = format!("image: 'a:1', {}", mount(""));
        assert_eq!(two(&a, &format!("image: 'b:1', {}", mount(""))), 1);
        assert_eq!(two(&a, &format!("image: 'b:1', {}", mount(", read_only: true"))), 0);
    }

    #[test]
    fn two_programs_write_one_claim() {
        let user = |name: &str, mount: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec: {{ template: {{ spec: {{ containers: [{{ name: {name}, image: '{name}:1', volumeMounts: [{{ name: d, mountPath: /data{mount} }}] }}], volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}] }} }} }}\n---\n"
            )
        };
        let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: d }\nspec: { accessModes: [ReadWriteMany] }\n";
        let found =
            |mount: &str| messages(&RULE, &format!("{}{}{claim}", user("a", ""), user("b", mount)));
        assert_eq!(found(""), ["claim `d` is written by `a` and `b`"]);
        assert!(found(", readOnly: true").is_empty());
    }

    #[test]
    fn a_native_sidecar_counts_and_an_init_container_does_not() {
        let pod = |name: &str, policy: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{initContainers: [{{name: s, image: 'acme/{name}:1', volumeMounts: [{{name: d, mountPath: /data}}]{policy}}}], containers: [{{name: web, image: 'acme/web:1'}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: work}}}}]}}\n"
            )
        };
        let with = |policy: &str| {
            messages(&RULE, &format!("{}{}", pod("a", policy), pod("b", policy))).len()
        };
        assert_eq!(with(", restartPolicy: Always"), 1);
        assert_eq!(with(""), 0);
    }
}
