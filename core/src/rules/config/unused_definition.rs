use crate::facts::{Facts, kubectl};
use crate::model::Str;
use crate::model::compose::Project;
use crate::model::kubernetes::{Body, Object, SecretKind};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::{FileId, Span, folder_of};
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// A volume, network, secret, config, ConfigMap, Secret or claim is defined, and nothing uses it.
    ///
    /// ## Why it hurts
    /// What is left over misleads: somebody changes a ConfigMap that no Pod reads, or keeps a disk that
    /// costs money for a claim that no Pod mounts. Often the definition is right and the line that should
    /// use it is missing.
    ///
    /// ## What helps
    /// Use it or remove it.
    ///
    /// ## How to troubleshoot
    /// Search the repository for the name.
    ///
    /// ## When to ignore
    /// If a program reads the object through the API, or another repository uses it.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     volumes:
    ///       - pgdata:/var/lib/postgresql/data
    /// volumes:
    ///   pgdata: {}
    ///   uploads: {} # <- no service uses the volume `uploads`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     volumes:
    ///       - pgdata:/var/lib/postgresql/data
    /// volumes:
    ///   pgdata: {}
    /// ```
    PLM516 "unused-definition" {
        since: "0.1.0", on: Both, severity: Hint, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    compose(facts, out);
    kubernetes(facts, out);
}

/// The kinds of top-level objects in a Compose file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shelf {
    Network,
    Volume,
    Secret,
    Config,
}

impl Shelf {
    fn name(self) -> &'static str {
        match self {
            Shelf::Network => "network",
            Shelf::Volume => "volume",
            Shelf::Secret => "secret",
            Shelf::Config => "config",
        }
    }
}

fn compose(facts: &Facts, out: &mut Findings) {
    // A file may be combined with any other one of its folder (`-f one -f other`), so that a name which
    // one of them uses is in use.
    let mut used: FxHashMap<&str, FxHashSet<(Shelf, &str)>> = FxHashMap::default();
    for project in facts.projects() {
        used.entry(project.folder.as_str()).or_default().extend(uses(project));
    }
    // What an included file defines is meant for all that include it.
    let mut used_with: FxHashMap<FileId, FxHashSet<(Shelf, &str)>> = FxHashMap::default();
    for project in facts.projects() {
        for file in project.files.iter().chain(&project.included) {
            used_with.entry(*file).or_default().extend(uses(project));
        }
    }
    let mut reported: FxHashSet<Span> = FxHashSet::default();
    for project in facts.projects() {
        let is_whole = !project.services.is_empty() && !project.is_refused();
        let Some(used) = used.get(project.folder.as_str()).filter(|_| is_whole) else { continue };
        for (shelf, key) in definitions(project) {
            let name = (shelf, key.as_str());
            let is_used = used.contains(&name)
                || used_with.get(&key.span.file).is_some_and(|used| used.contains(&name));
            let is_own = project.files.contains(&key.span.file);
            if !is_used && (is_own || reported.insert(key.span)) {
                let finding =
                    out.at(&key.span, format!("no service uses the {} `{key}`", shelf.name()));
                finding.unnecessary = true;
                finding.check(facts.compose_of(project, "config"));
            }
        }
    }
}

/// Returns what a project defines at its top level.
fn definitions(project: &Project) -> Vec<(Shelf, &Str)> {
    let networks = project.networks.iter().filter(|it| !it.implicit && it.key.value != "default");
    let mut all: Vec<(Shelf, &Str)> = networks.map(|it| (Shelf::Network, &it.key)).collect();
    all.extend(project.volumes.iter().map(|it| (Shelf::Volume, &it.key)));
    all.extend(project.secrets.iter().map(|it| (Shelf::Secret, &it.key)));
    all.extend(project.configs.iter().map(|it| (Shelf::Config, &it.key)));
    all
}

/// Returns what the services of a project use.
fn uses(project: &Project) -> impl Iterator<Item = (Shelf, &str)> {
    project.services.iter().flat_map(|service| {
        let networks = service.networks.iter().map(|it| (Shelf::Network, it.name.as_str()));
        let volumes = service.volumes.iter().filter_map(|it| it.source.as_ref());
        let volumes = volumes.map(|it| (Shelf::Volume, it.as_str()));
        let build = service.build.iter().flat_map(|it| &it.secrets);
        let secrets = service.secrets.iter().chain(build);
        let secrets = secrets.map(|it| (Shelf::Secret, it.source.as_str()));
        let configs = service.configs.iter().map(|it| (Shelf::Config, it.source.as_str()));
        networks.chain(volumes).chain(secrets).chain(configs)
    })
}

fn kubernetes(facts: &Facts, out: &mut Findings) {
    let objects = facts.objects().iter().copied();
    let mut candidates: Vec<&Object> = objects.filter(|it| is_for_pods(it)).collect();
    let workloads = Workloads::new(facts);
    candidates.retain(|it| workloads.are_beside(facts, it));
    if candidates.is_empty() {
        return;
    }
    let usage = facts.usage();
    let readable = resources_of_roles(facts);
    let mut reported: FxHashSet<(FileId, u32)> = FxHashSet::default();
    for object in candidates {
        let Some(name) = object.name().filter(|it| !usage.names(it)) else { continue };
        // Who fills in the name fills in those that refer to it.
        if name.contains(['$', '{', '<', '%']) {
            continue;
        }
        if is_read_through_api(facts, &readable, object) || workloads.claim(facts, object) {
            continue;
        }
        if reported.insert((name.span.file, name.span.start)) {
            let message = format!("nothing in these files uses {}", object.label());
            let finding = out.at(&name.span, message);
            finding.confidence(Confidence::Possible);
            finding.unnecessary = true;
            finding.check(kubectl("get", object, "-o yaml"));
        }
    }
}

/// Labels that say nothing about who reads an object.
const NEUTRAL_LABELS: &[&str] = &[
    "app",
    "name",
    "component",
    "tier",
    "role",
    "release",
    "heritage",
    "chart",
    "version",
    "service",
    "type",
    "env",
    "environment",
];

/// Prefixes of such labels and annotations.
const NEUTRAL_PREFIXES: &[&str] =
    &["app.kubernetes.io/", "helm.sh/chart", "io.kompose.", "kompose.", "meta.helm.sh/", "k8s-app"];

/// Whether an object is one that Pods use by its name, and none that an operator finds by its labels or
/// its type.
fn is_for_pods(object: &Object) -> bool {
    let is_plain = match &object.body {
        Body::ConfigMap(_) | Body::Claim(_) => true,
        Body::Secret(secret) => {
            let is_opaque = secret.secret_type.as_ref().is_none_or(|it| it.value == "Opaque");
            let is_written = matches!(secret.kind, SecretKind::Plain | SecretKind::Sops);
            is_opaque && is_written
        }
        _ => false,
    };
    let is_neutral = |key: &str| {
        NEUTRAL_LABELS.contains(&key) || NEUTRAL_PREFIXES.iter().any(|it| key.starts_with(it))
    };
    let meta = &object.meta;
    is_plain && meta.labels.iter().chain(&meta.annotations).all(|(key, _)| is_neutral(key))
}

/// The workloads that could use objects.
struct Workloads<'a> {
    /// The folders of their files, each with their namespaces.
    folders: FxHashMap<&'a str, FxHashSet<&'a str>>,
    /// What the names of the claims that StatefulSets create begin with: `data-db-` for `data-db-0`.
    /// By the number of the part of the project.
    claims: FxHashSet<(usize, String)>,
}

impl<'a> Workloads<'a> {
    fn new(facts: &'a Facts<'_>) -> Workloads<'a> {
        let mut workloads =
            Workloads { folders: FxHashMap::default(), claims: FxHashSet::default() };
        for workload in facts.workloads() {
            let folder = folder_of(facts.file(workload.object.file).path());
            workloads.folders.entry(folder).or_default().insert(workload.namespace);
            let templates = workload.model.volume_claim_templates.iter();
            let names = templates.filter_map(|it| it.name());
            let part = facts.part_of(workload.object.file);
            let claims = names.map(|it| (part, format!("{it}-{}-", workload.name)));
            workloads.claims.extend(claims);
        }
        workloads
    }

    /// Whether the workloads that could use an object are at hand: in its target, or in its folder.
    fn are_beside(&self, facts: &Facts, object: &Object) -> bool {
        let folder = folder_of(facts.file(object.file).path());
        let here = object.namespace();
        facts.is_built(object.file)
            || self.folders.get(folder).is_some_and(|namespaces| {
                namespaces.iter().any(|it| facts.may_share_namespace(it, here))
            })
    }

    /// Whether a claim has the name of one that a StatefulSet would create.
    fn claim(&self, facts: &Facts<'_>, object: &Object) -> bool {
        let name = object.name().filter(|_| matches!(object.body, Body::Claim(_)));
        let base = name.map(|it| it.trim_end_matches(|c: char| c.is_ascii_digit()));
        let part = facts.part_of(object.file);
        base.is_some_and(|it| self.claims.contains(&(part, it.to_owned())))
    }
}

/// Returns the resources that the roles of each part of the project give access to through the API.
fn resources_of_roles<'a>(facts: &'a Facts<'_>) -> FxHashSet<(usize, &'a str)> {
    let roles = facts.objects().iter().filter_map(|it| match &it.body {
        Body::Role(role) => Some((facts.part_of(it.file), role)),
        _ => None,
    });
    let rules = roles.flat_map(|(part, role)| role.rules.iter().map(move |it| (part, it)));
    rules.flat_map(|(part, it)| it.resources.iter().map(move |it| (part, it.as_str()))).collect()
}

/// Whether a role lets Pods read all objects of this kind through the API.
fn is_read_through_api(
    facts: &Facts<'_>,
    readable: &FxHashSet<(usize, &str)>,
    object: &Object,
) -> bool {
    let resource = match &object.body {
        Body::ConfigMap(_) => "configmaps",
        Body::Secret(_) => "secrets",
        _ => return false,
    };
    let part = facts.part_of(object.file);
    readable.contains(&(part, resource)) || readable.contains(&(part, "*"))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn every_shelf_of_compose_is_looked_at() {
        let found = messages(
            &RULE,
            "services: {a: {image: 'a:1'}}\nnetworks: {n: {}}\nvolumes: {data: {}}\nsecrets: {s: {file: s}}\nconfigs: {c: {file: c}}\n",
        );
        let kinds = ["network `n`", "volume `data`", "secret `s`", "config `c`"];
        assert_eq!(found, kinds.map(|it| format!("no service uses the {it}")));
    }

    #[test]
    fn every_use_in_compose_counts() {
        for service in [
            "networks: [n], volumes: ['data:/v'], secrets: [s], configs: [c]",
            "networks: {n: {}}, volumes: [{type: volume, source: data, target: /v}], secrets: [{source: s}], configs: [{source: c}]",
            "profiles: [p], networks: [n], volumes: ['data:/v'], build: {context: ., secrets: [s]}, configs: [c]",
        ] {
            let text = format!(
                "services: {{a: {{image: 'a:1', {service}}}}}\nnetworks: {{n: {{}}, default: {{}}}}\nvolumes: {{data: {{}}}}\nsecrets: {{s: {{file: s}}}}\nconfigs: {{c: {{file: c}}}}\n"
            );
            assert_eq!(messages(&RULE, &text), [""; 0], "{service}");
        }
        let two = "# file: compose.yaml\nservices: {a: {image: 'a:1'}}\nvolumes: {data: {}}\n# file: extra.compose.yaml\nservices: {b: {image: 'b:1', volumes: ['data:/v']}}\nvolumes: {data: {}}\n";
        assert!(messages(&RULE, two).is_empty());
    }

    #[test]
    fn what_an_included_file_defines_is_for_all_that_include_it() {
        let project = |volumes: &str| {
            let text = format!(
                "# file: compose.yaml\ninclude: [base/base.yaml]\nservices: {{a: {{image: 'a:1'{volumes}}}}}\n# file: base/base.yaml\nservices: {{b: {{image: 'b:1'}}}}\nvolumes: {{data: {{}}}}\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(project(""), ["no service uses the volume `data`"]);
        assert!(project(", volumes: ['data:/v']").is_empty());
    }

    fn cluster(object: &str, pod: &str) -> usize {
        messages(
            &RULE,
            &format!(
                "{object}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: p, image: p, {pod}}}]}}\n"
            ),
        )
        .len()
    }

    #[test]
    fn every_kind_of_kubernetes_is_looked_at() {
        for kind in ["ConfigMap", "Secret", "PersistentVolumeClaim"] {
            let object = format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: left-over}}");
            assert_eq!(cluster(&object, ""), 1, "{kind}");
            assert_eq!(messages(&RULE, &object).len(), 0, "without workloads nothing is known");
        }
    }

    #[test]
    fn any_mention_is_a_use() {
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-config}";
        for pod in [
            "envFrom: [{configMapRef: {name: web-config}}]",
            "args: ['--configmap=shop/web-config']",
            "env: [{name: A, valueFrom: {configMapKeyRef: {name: web-config, key: a, optional: true}}}]",
        ] {
            assert_eq!(cluster(object, pod), 0, "{pod}");
        }
        let route = "apiVersion: v1\nkind: Secret\nmetadata: {name: auth}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, annotations: {nginx.ingress.kubernetes.io/auth-secret: auth}}";
        assert_eq!(cluster(route, ""), 0);
    }

    #[test]
    fn a_name_that_is_filled_in_is_not_looked_up() {
        let found = |name: &str| {
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: '{name}'}}\ndata: {{a: b}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: a, image: 'a:1'}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(found("web-config"), 1);
        assert_eq!(found("web-${STAGE}-config"), 0);
    }

    #[test]
    fn what_operators_find_by_label_type_or_role_is_silent() {
        for object in [
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {grafana_dashboard: '1'}}",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\ntype: kubernetes.io/service-account-token",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]",
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-db-0}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {template: {spec: {containers: [{name: d, image: d}]}}, volumeClaimTemplates: [{metadata: {name: data}}]}",
        ] {
            assert_eq!(cluster(object, ""), 0, "{object}");
        }
        let labelled = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {app: shop}}";
        assert_eq!(cluster(labelled, ""), 1);
    }
}
