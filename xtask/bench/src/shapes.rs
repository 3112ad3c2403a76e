//! Inputs of any size: what grows, and how, when a project grows.

use crate::generate;
use plimsoll_core::File;
use std::fmt::Write;

/// What a project is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Streams of Deployments, ConfigMaps and Services, at most 1,000 documents each.
    Manifests,
    /// Services of five kinds each (Deployment, Service, ConfigMap, autoscaler, budget) over 20
    /// namespaces, a file for each service.
    Kinds,
    /// One Compose file whose services wait for one another in a chain.
    Chain,
    /// Deployments and Services in which every container names a host that nobody has.
    Strangers,
    /// Unrelated projects, each a folder with a Compose file and its manifests.
    Monorepo,
    /// Overlays over one base, each with a namespace, an image tag and a patch.
    Overlays,
    /// What these overlays build, as plain files.
    Built,
    /// Unrelated systems in one folder, every other one in Compose and every other one as manifests.
    Systems,
}

impl Shape {
    pub const ALL: [Shape; 8] = [
        Shape::Manifests,
        Shape::Kinds,
        Shape::Chain,
        Shape::Strangers,
        Shape::Monorepo,
        Shape::Overlays,
        Shape::Built,
        Shape::Systems,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Shape::Manifests => "manifests",
            Shape::Kinds => "kinds",
            Shape::Chain => "chain",
            Shape::Strangers => "strangers",
            Shape::Monorepo => "monorepo",
            Shape::Overlays => "overlays",
            Shape::Built => "built",
            Shape::Systems => "systems",
        }
    }

    pub fn from_name(name: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// Number of documents (services, in a chain) of the smaller of the two inputs compared.
    pub fn small(self) -> usize {
        match self {
            Shape::Manifests | Shape::Kinds => 1_000,
            Shape::Chain => 400,
            Shape::Strangers => 600,
            Shape::Monorepo => 900,
            Shape::Overlays | Shape::Built | Shape::Systems => 100,
        }
    }

    /// Returns a project of about `count` documents.
    pub fn files(self, count: usize) -> Vec<File> {
        match self {
            Shape::Manifests => manifests(count),
            Shape::Kinds => (0..count / 5).map(five_kinds).collect(),
            Shape::Chain => vec![File::new("compose.yaml", chain(count))],
            Shape::Strangers => vec![File::new("stream.yaml", strangers(count / 2))],
            Shape::Monorepo => (0..count / 3).flat_map(project).collect(),
            Shape::Overlays => overlays(count / 2),
            Shape::Built => (0..count / 2).map(built_overlay).collect(),
            Shape::Systems => (0..count).flat_map(system).collect(),
        }
    }
}

fn manifests(count: usize) -> Vec<File> {
    let text = generate::documents(count);
    let documents: Vec<&str> = text.split_inclusive("\n---\n").collect();
    let streams = documents.chunks(1_000).map(<[&str]>::concat).enumerate();
    streams.map(|(number, text)| File::new(format!("stream-{number}.yaml"), text)).collect()
}

pub fn deployment(name: &str, namespace: &str, env: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: {namespace} }}\n\
         spec:\n  replicas: 2\n  selector: {{ matchLabels: {{ app: {name} }} }}\n  template:\n    \
         metadata: {{ labels: {{ app: {name} }} }}\n    spec:\n      containers:\n        - name: app\n          \
         image: registry.example.com/{name}:1.4.2\n          ports: [{{ containerPort: 8080 }}]\n          \
         env:\n{env}          resources:\n            requests: {{ cpu: 100m, memory: 128Mi }}\n            \
         limits: {{ memory: 256Mi }}\n          readinessProbe:\n            \
         httpGet: {{ path: /ready, port: 8080 }}\n"
    )
}

pub fn service(name: &str, namespace: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{ name: {name}, namespace: {namespace} }}\n\
         spec:\n  selector: {{ app: {name} }}\n  ports: [{{ port: 80, targetPort: 8080 }}]\n"
    )
}

pub fn variable(name: &str, value: &str) -> String {
    format!("            - {{ name: {name}, value: \"{value}\" }}\n")
}

fn five_kinds(number: usize) -> File {
    let (name, namespace) = (format!("app-{number}"), format!("team-{}", number % 20));
    // The next service of the same namespace, so that the services know one another.
    let peer = format!("http://app-{}:80", number.saturating_sub(20));
    let mut text = deployment(&name, &namespace, &variable("UPSTREAM_URL", &peer));
    text += &service(&name, &namespace);
    let _ = write!(
        text,
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name}-config, namespace: {namespace} }}\n\
         data: {{ mode: fast }}\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n\
         metadata: {{ name: {name}, namespace: {namespace} }}\nspec:\n  \
         scaleTargetRef: {{ apiVersion: apps/v1, kind: Deployment, name: {name} }}\n  minReplicas: 2\n  \
         maxReplicas: 6\n  metrics:\n    - type: Resource\n      resource:\n        name: cpu\n        \
         target: {{ type: Utilization, averageUtilization: 70 }}\n---\napiVersion: policy/v1\n\
         kind: PodDisruptionBudget\nmetadata: {{ name: {name}, namespace: {namespace} }}\nspec:\n  \
         minAvailable: 1\n  selector: {{ matchLabels: {{ app: {name} }} }}\n"
    );
    File::new(format!("services/{name}.yaml"), text)
}

fn chain(services: usize) -> String {
    let mut text = "services:\n".to_owned();
    for number in 0..services {
        let image = if number % 10 == 0 { "postgres" } else { "registry.example.com/shop/app" };
        let _ = writeln!(text, "  s{number}:\n    image: {image}:16.4");
        if let Some(before) = number.checked_sub(1) {
            let _ = writeln!(text, "    depends_on: [s{before}]");
        }
    }
    text
}

fn strangers(pairs: usize) -> String {
    let mut text = String::new();
    for number in 0..pairs {
        let (name, namespace) = (format!("app-{number}"), "shop");
        let stranger = format!("http://stranger-{number}:8080");
        text += if number == 0 { "" } else { "---\n" };
        text += &deployment(&name, namespace, &variable("UPSTREAM_URL", &stranger));
        text += &service(&name, namespace);
    }
    text
}

fn project(number: usize) -> [File; 2] {
    let folder = format!("project-{number}");
    let compose = format!(
        "services:\n  web:\n    image: registry.example.com/web-{number}:1.4.2\n    ports: [\"8080:8080\"]\n    \
         environment: {{ DATABASE_URL: \"postgres://db:5432/shop\" }}\n    depends_on: [db]\n  db:\n    \
         image: postgres:16.4\n    volumes: [data:/var/lib/postgresql/data]\nvolumes:\n  data:\n"
    );
    let database = variable("DATABASE_URL", "postgres://db:5432/shop");
    let manifests = deployment("web", "shop", &database)
        .replace("registry.example.com/web:", &format!("registry.example.com/web-{number}:"))
        + &service("web", "shop");
    [
        File::new(format!("{folder}/compose.yaml"), compose),
        File::new(format!("{folder}/k8s/web.yaml"), manifests),
    ]
}

/// Returns a system with nothing in common with the others: two environments in a cluster, or two variants of
/// a Compose file with a swarm's network.
fn system(number: usize) -> [File; 2] {
    let folder = format!("systems/system-{number}");
    if number.is_multiple_of(2) {
        let text = format!(
            "services:\n  web-{number}:\n    image: registry.example.com/web-{number}:1.4.2\n    \
             volumes: [data:/data]\n    mem_limit: 1g\n    cpus: 1\n  store-{number}:\n    image: postgres:16.4\n    \
             volumes: [store:/var/lib/postgresql/data]\nvolumes:\n  data:\n  store:\n"
        );
        let paths = ["compose.yaml", "compose-gpu.yaml"];
        return paths.map(|path| File::new(format!("{folder}/{path}"), text.clone()));
    }
    let name = format!("web-{number}");
    let text = deployment(&name, &name, &variable("MODE", "fast")) + &service(&name, &name);
    let paths = ["prod/web.yaml", "staging/web.yaml"];
    paths.map(|path| File::new(format!("{folder}/{path}"), text.clone()))
}

fn overlays(count: usize) -> Vec<File> {
    let peer = variable("UPSTREAM_URL", "http://search:80");
    let mut files = vec![
        File::new("base/kustomization.yaml", "resources: [web.yaml]\n"),
        File::new(
            "base/web.yaml",
            deployment("web", "default", &peer) + &service("web", "default"),
        ),
    ];
    for number in 0..count {
        let folder = format!("overlays/team-{number}");
        let kustomization = format!(
            "namespace: team-{number}\nresources: [../../base]\nimages:\n  \
             - {{ name: registry.example.com/web, newTag: 1.5.{number} }}\npatches: [{{ path: replicas.yaml }}]\n"
        );
        let patch = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec: {{ replicas: {} }}\n",
            3 + number % 5
        );
        files.push(File::new(format!("{folder}/kustomization.yaml"), kustomization));
        files.push(File::new(format!("{folder}/replicas.yaml"), patch));
    }
    files
}

fn built_overlay(number: usize) -> File {
    let namespace = format!("team-{number}");
    let peer = variable("UPSTREAM_URL", "http://search:80");
    let text = deployment("web", &namespace, &peer)
        .replace("web:1.4.2", &format!("web:1.5.{number}"))
        .replace("replicas: 2", &format!("replicas: {}", 3 + number % 5))
        + &service("web", &namespace);
    File::new(format!("overlays/{namespace}/web.yaml"), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Options, analyze};

    #[test]
    fn every_shape_is_valid_yaml_and_has_findings() {
        for shape in Shape::ALL {
            let files = shape.files(60);
            let report = analyze(&files, &Options::default());
            assert!(!report.findings.is_empty(), "{shape:?}");
            assert!(report.findings.iter().all(|it| it.code != "PLM001"), "{shape:?}");
        }
    }
}
