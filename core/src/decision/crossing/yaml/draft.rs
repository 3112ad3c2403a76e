//! The parts of a fragment, each at its place in the workload.

use crate::edit::Yaml;
use crate::model::kubernetes::WorkloadKind;
use std::borrow::Cow;

/// An entry of a mapping.
pub type Entry = (Cow<'static, str>, Yaml<'static>);

/// Names for a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pub workload: String,
    pub container: String,
    /// Name of the Service in front of the Pods.
    pub service: String,
    /// Labels that select the Pods.
    pub labels: Vec<(String, String)>,
}

impl Names {
    /// Returns the labels that select the Pods as a mapping.
    pub fn selector(&self) -> Yaml<'static> {
        let text = |it: &(String, String)| (it.0.clone(), Yaml::str(it.1.clone()));
        Yaml::map(self.labels.iter().map(text))
    }
}

/// A fragment in the making.
#[derive(Debug, Default)]
pub struct Draft {
    /// The kind, where a workload of another kind is needed.
    kind: Option<WorkloadKind>,
    meta: Vec<Entry>,
    spec: Vec<Entry>,
    template_meta: Vec<Entry>,
    pod: Vec<Entry>,
    container: Vec<Entry>,
    objects: Vec<Vec<Entry>>,
}

fn entries<const N: usize>(all: [(&'static str, Yaml<'static>); N]) -> Vec<Entry> {
    all.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect()
}

impl Draft {
    pub fn kind(kind: WorkloadKind) -> Draft {
        Draft { kind: Some(kind), ..Draft::default() }
    }

    /// Fields of the container.
    pub fn container<const N: usize>(all: [(&'static str, Yaml<'static>); N]) -> Draft {
        Draft { container: entries(all), ..Draft::default() }
    }

    /// Fields of the Pod's `spec`.
    pub fn pod<const N: usize>(all: [(&'static str, Yaml<'static>); N]) -> Draft {
        Draft { pod: entries(all), ..Draft::default() }
    }

    /// Fields of the workload's `spec`.
    pub fn spec<const N: usize>(all: [(&'static str, Yaml<'static>); N]) -> Draft {
        Draft { spec: entries(all), ..Draft::default() }
    }

    /// Fields of the workload's `metadata`.
    pub fn meta(all: Vec<(&'static str, Yaml<'static>)>) -> Draft {
        let meta = all.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect();
        Draft { meta, ..Draft::default() }
    }

    /// Fields of the Pod template's `metadata`.
    pub fn template_meta(all: Vec<(&'static str, Yaml<'static>)>) -> Draft {
        let meta = all.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect();
        Draft { template_meta: meta, ..Draft::default() }
    }

    /// Objects of their own.
    pub fn objects(all: impl IntoIterator<Item = Vec<Entry>>) -> Draft {
        Draft { objects: all.into_iter().collect(), ..Draft::default() }
    }

    pub fn with_container<const N: usize>(
        mut self,
        all: [(&'static str, Yaml<'static>); N],
    ) -> Draft {
        self.container.extend(entries(all));
        self
    }

    pub fn with_pod<const N: usize>(mut self, all: [(&'static str, Yaml<'static>); N]) -> Draft {
        self.pod.extend(entries(all));
        self
    }

    pub fn with_spec<const N: usize>(mut self, all: [(&'static str, Yaml<'static>); N]) -> Draft {
        self.spec.extend(entries(all));
        self
    }

    pub fn with_object(mut self, object: Vec<Entry>) -> Draft {
        self.objects.push(object);
        self
    }

    /// Renders the part of a workload of a kind first, then the objects, as documents of one stream.
    pub fn render(self, names: &Names, kind: WorkloadKind) -> String {
        let mut documents: Vec<String> = Vec::new();
        let objects = self.objects.clone();
        let workload = self.into_workload(names, kind);
        if !workload.is_empty() {
            documents.push(document(&workload));
        }
        documents.extend(objects.iter().map(|object| document(object)));
        documents.join("---\n")
    }

    fn into_workload(self, names: &Names, of: WorkloadKind) -> Vec<Entry> {
        let Draft { kind, mut meta, mut spec, template_meta, mut pod, mut container, .. } = self;
        if !container.is_empty() {
            container.insert(0, ("name".into(), Yaml::str(names.container.clone())));
            pod.insert(0, ("containers".into(), Yaml::list([Yaml::Map(container)])));
        }
        match kind.unwrap_or(of) {
            WorkloadKind::Pod => {
                meta.extend(template_meta);
                spec.extend(pod);
            }
            WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::ReplicaSet
            | WorkloadKind::ReplicationController
            | WorkloadKind::Job
            | WorkloadKind::CronJob
            | WorkloadKind::Rollout => {
                let mut template = Vec::new();
                push(&mut template, "metadata", template_meta);
                push(&mut template, "spec", pod);
                push(&mut spec, "template", template);
            }
        }
        if kind.unwrap_or(of) == WorkloadKind::CronJob {
            let mut job = Vec::new();
            push(&mut job, "spec", std::mem::take(&mut spec));
            push(&mut spec, "jobTemplate", job);
        }
        let mut workload = Vec::new();
        if let Some(kind) = kind {
            let version = if kind.is_job() { "batch/v1" } else { "apps/v1" };
            workload.push(("apiVersion".into(), Yaml::str(version)));
            workload.push(("kind".into(), Yaml::str(kind.name())));
            meta.insert(0, ("name".into(), Yaml::str(names.workload.clone())));
        }
        push(&mut workload, "metadata", meta);
        push(&mut workload, "spec", spec);
        workload
    }
}

/// Adds a mapping unless it is empty.
fn push(entries: &mut Vec<Entry>, key: &'static str, value: Vec<Entry>) {
    if !value.is_empty() {
        entries.push((key.into(), Yaml::Map(value)));
    }
}

fn document(entries: &[Entry]) -> String {
    let mut text = String::new();
    for (key, value) in entries {
        value.entry_lines(key, 0, &mut text);
    }
    text.push('\n');
    text.trim_start_matches('\n').to_owned()
}

/// The kinds of objects that stand beside a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    Service,
    Claim,
    ConfigMap,
    Ingress,
    NetworkPolicy,
}

impl Beside {
    /// Returns the version of the API and the kind.
    fn header(self) -> (&'static str, &'static str) {
        match self {
            Beside::Service => ("v1", "Service"),
            Beside::Claim => ("v1", "PersistentVolumeClaim"),
            Beside::ConfigMap => ("v1", "ConfigMap"),
            Beside::Ingress => ("networking.k8s.io/v1", "Ingress"),
            Beside::NetworkPolicy => ("networking.k8s.io/v1", "NetworkPolicy"),
        }
    }

    /// Returns an object of this kind; `body` is its `spec` or its `data`.
    pub fn named(self, name: String, body: (&'static str, Yaml<'static>)) -> Vec<Entry> {
        let (version, kind) = self.header();
        entries([
            ("apiVersion", Yaml::str(version)),
            ("kind", Yaml::str(kind)),
            ("metadata", Yaml::map([("name", Yaml::str(name))])),
            body,
        ])
    }
}

/// Returns a name as Kubernetes accepts it: at most 63 lower-case letters, digits and `-`.
pub fn dns_label(name: &str) -> String {
    let plain = |letter: char| {
        let lower = letter.to_ascii_lowercase();
        if lower.is_ascii_alphanumeric() { lower } else { '-' }
    };
    let all: String = name.chars().map(plain).collect();
    let mut label: String = all.trim_matches('-').chars().take(63).collect();
    label.truncate(label.trim_end_matches('-').len());
    if label.is_empty() { "app".to_owned() } else { label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_that_kubernetes_accepts() {
        assert_eq!(dns_label("postgres_data"), "postgres-data");
        assert_eq!(dns_label("_Web.App_"), "web-app");
        assert_eq!(dns_label("/var/lib"), "var-lib");
        assert_eq!(dns_label("---"), "app");
        assert_eq!(dns_label(&"a".repeat(80)).len(), 63);
    }
}
