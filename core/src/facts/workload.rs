//! Workloads with their containers, and Services with what they select.

use super::commands::{known_or, option_for};
use super::contract::ConfigKeys;
use super::images::Image;
use super::names::NamedObjects;
use super::programs::Program;
use super::sets::Sets;
use super::unit::{Copies, Part, Site, Start, Unit, Var, VarSource};
use crate::model::IntOrStr;
use crate::model::kubernetes::{self, Container, EnvValue, Object, WorkloadKind};
use crate::report::phrases::RELEASE;
use crate::text::{FileId, Span, Spanned, in_shell};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::fmt;

/// An object that owns a Pod template.
#[derive(Debug)]
pub struct Workload<'a> {
    /// Index in [`Facts::workloads`](super::Facts::workloads).
    pub index: usize,
    /// The name, or an empty string for a fragment without one.
    pub name: &'a str,
    pub object: &'a Object,
    pub model: &'a kubernetes::Workload,
    pub namespace: &'a str,
    /// The only namespace that its file makes and names.
    pub file_namespace: Option<&'a str>,
    /// Init containers first, then the containers, as the Pod template has them.
    pub units: Vec<Unit<'a>>,
    pub copies: Copies,
    /// Indices of the Services that select its Pods.
    pub services: Vec<usize>,
    /// Indices in [`Facts::objects`](super::Facts::objects) of the autoscalers that own its replicas.
    pub autoscalers: Vec<usize>,
    /// "Deployment `shop`".
    pub label: String,
}

impl<'a> Workload<'a> {
    pub fn kind(&self) -> WorkloadKind {
        self.model.kind
    }

    pub fn span(&self) -> Span {
        self.object.name_span()
    }

    /// Returns the model of one of its units.
    pub fn container(&self, unit: usize) -> &'a Container {
        let spec = &self.model.template.spec;
        let inits = spec.init_containers.len();
        if unit < inits { &spec.init_containers[unit] } else { &spec.containers[unit - inits] }
    }

    /// Returns its units with their models.
    pub fn containers(&self) -> impl Iterator<Item = (&Unit<'a>, &'a Container)> {
        self.units.iter().zip(self.model.template.spec.all_containers())
    }

    /// Returns the units that run for as long as the Pod does, with their models.
    pub fn running(&self) -> impl Iterator<Item = (&Unit<'a>, &'a Container)> {
        self.containers().filter(|it| it.0.part != Part::Init)
    }

    /// Returns the ports that its running containers list, for a message: "no ports", "only `web` (80),
    /// 8080".
    pub fn listed_ports(&self) -> String {
        let mut words = Vec::new();
        for (_, container) in self.running() {
            port_words(container, &mut words);
        }
        only(&words)
    }

    /// Whether one of its running containers lists a port.
    pub fn lists_port(&self, port: &IntOrStr) -> bool {
        self.running().any(|(_, it)| it.ports.iter().any(|it| it.is(port)))
    }

    /// Whether annotations ask for containers that are injected when a Pod is created.
    pub fn gets_injected_containers(&self) -> bool {
        self.model.template.meta.annotations.iter().any(|(key, _)| {
            key.contains("inject") || key.contains("sidecar") || key.contains("dapr.io")
        })
    }

    /// Whether the command line or a variable of one of its running containers is about a port:
    /// `--metrics-port=9327`, `AD_PORT=8080`.
    pub fn passes_port(&self, port: &str) -> bool {
        let names =
            |text: &str| text.split(|letter: char| !letter.is_ascii_digit()).any(|it| it == port);
        let is_port = |var: &Var<'_>| var.value.is_some_and(|it| it.trim() == port);
        self.running()
            .any(|(unit, it)| it.words().any(|word| names(word)) || unit.env.iter().any(is_port))
    }

    /// Returns `-n shop` for commands; empty where neither the object nor its file names a namespace.
    pub fn namespace_flag(&self) -> Flag<'a> {
        let is_stated = self.object.meta.namespace.is_some();
        let own = Some(self.namespace).filter(|it| is_stated || *it != "default");
        Flag(own.or(self.file_namespace))
    }

    /// Returns `deploy/web` for commands of kubectl.
    pub fn reference(&self) -> Reference<'a> {
        Reference(self.model.kind, self.name)
    }

    /// Returns the command that runs another one in one of its containers.
    pub fn exec(&self, unit: &Unit<'_>, command: &str) -> String {
        let (flag, reference) = (self.namespace_flag(), self.reference());
        format!("kubectl exec{flag} {reference} -c {} -- {command}", in_shell(unit.name))
    }

    /// Returns the command that shows which probes of its Pods failed.
    pub fn events(&self) -> String {
        format!("{} | grep Unhealthy", self.pods("describe pods", ""))
    }

    /// Returns the `kubectl` command about the Pods of the workload: `get pods -n shop -l app=web -o wide`.
    pub fn pods(&self, verb: &str, options: &str) -> String {
        let (flag, which) = (self.namespace_flag(), self.which_pods());
        let words = [which.as_str(), options].into_iter().filter(|it| !it.is_empty());
        let words: Vec<&str> = words.collect();
        let command = format!("kubectl {verb}{flag} {}", words.join(" ")).trim_end().to_owned();
        // Where no label tells the Pods from others, their names do, in commands that print a line for each.
        let prints_lines = matches!(verb, "get pods" | "top pod") && !options.contains("jsonpath");
        match self.name_of_pods() {
            _ if !which.is_empty() || !prints_lines => command,
            Some(name) => format!("{command} | grep {}", in_shell(name)),
            // A release of any name may be meant, but no Pod of another workload.
            None if self.name.is_empty() => format!("{command} | grep NAME"),
            None => command,
        }
    }

    /// Returns the command that shows which build of an image each Pod of the workload runs.
    pub fn image_ids(&self) -> String {
        let is_told_by_name = self.name_of_pods().is_some() || self.name.is_empty();
        match self.which_pods().is_empty() && is_told_by_name {
            true => self.pods(
                "get pods",
                "-o custom-columns='POD:.metadata.name,ID:.status.containerStatuses[*].imageID'",
            ),
            false => self.pods("get pods", "-o jsonpath='{..imageID}'"),
        }
    }

    /// Returns what the names of its Pods have in them, whatever the release is called; `None` for a fragment.
    fn name_of_pods(&self) -> Option<&'a str> {
        let name = self.name.rsplit(RELEASE).next().unwrap_or_default().trim_matches('-');
        (!name.is_empty()).then_some(name)
    }

    /// Returns the words that name the Pods of the workload: their labels, or the name of a bare Pod.
    fn which_pods(&self) -> String {
        let selected = self.model.selector.as_ref().map_or(&[][..], |it| &it.match_labels);
        let labels = match selected {
            [] => &self.model.template.meta.labels,
            _ => selected,
        };
        // Nobody's release is called as `helm template` calls one without a name.
        let is_placeholder = |value: &str| value.contains(RELEASE);
        let labels: Vec<String> = labels
            .iter()
            .filter(|(_, value)| !is_placeholder(&value.value))
            .map(|(key, value)| format!("{}={}", key.value, value.value))
            .collect();
        match self.model.kind {
            WorkloadKind::Pod => in_shell(known_or(self.name, "NAME")),
            // Kubernetes labels the Pods of a Job itself.
            WorkloadKind::Job if !self.name.is_empty() && !is_placeholder(self.name) => {
                format!("-l job-name={}", in_shell(self.name))
            }
            _ if labels.is_empty() => String::new(),
            _ => format!("-l {}", in_shell(&labels.join(","))),
        }
    }

    /// Returns the command that shows the log of one of its containers.
    pub fn logs(&self, unit: &Unit<'_>, options: &str) -> String {
        let (flag, reference) = (self.namespace_flag(), self.reference());
        format!("kubectl logs{flag} {reference} -c {} {options}", in_shell(unit.name))
    }

    pub(super) fn new(
        index: usize,
        object: &'a Object,
        model: &'a kubernetes::Workload,
        copies: Copies,
        named: &NamedObjects<'a>,
        sets: &Sets,
    ) -> Workload<'a> {
        let namespace = object.namespace();
        let generated = object.meta.generate_name.as_ref();
        let label = match object.name().or(generated) {
            Some(name) => format!("{} `{name}`", model.kind.name()),
            None => format!("the unnamed {}", model.kind.name()),
        };
        let keys = |name: &str, secret| named.keys(sets, object.file, namespace, name, secret);
        let spec = &model.template.spec;
        let inits = spec.init_containers.len();
        let mut units = Vec::with_capacity(inits + spec.containers.len());
        for list in [&spec.init_containers, &spec.containers] {
            for it in list {
                let at = units.len();
                let image = it.image.as_ref().map(Image::new);
                units.push(Unit {
                    site: Site::Container(index, at),
                    part: match (at < inits, it.is_sidecar()) {
                        (false, _) => Part::Main,
                        (true, true) => Part::Sidecar,
                        (true, false) => Part::Init,
                    },
                    name: it.name.as_ref().or(it.image.as_ref()).unwrap_or(&object.kind),
                    runs: image.as_ref().and_then(Program::of_image),
                    image,
                    start: Start::new(&it.command, &it.args),
                    env: environment(it, &keys),
                    copies,
                    mentions: Vec::new(),
                    peers: Vec::new(),
                    image_start: None,
                    migration: None,
                    label: format!("container `{}` of {label}", it.label()),
                });
            }
        }
        Workload {
            index,
            name: object.name().map_or("", |it| it.as_str()),
            object,
            model,
            namespace,
            file_namespace: None,
            units,
            copies,
            services: Vec::new(),
            autoscalers: Vec::new(),
            label,
        }
    }
}

fn port_words(container: &Container, words: &mut Vec<String>) {
    for port in &container.ports {
        match (&port.name, port.container_port) {
            (Some(name), Some(number)) => words.push(format!("`{name}` ({number})")),
            (None, Some(number)) => words.push(number.to_string()),
            (_, None) => {}
        }
    }
}

fn only(words: &[String]) -> String {
    if words.is_empty() { "no ports".to_owned() } else { format!("only {}", words.join(", ")) }
}

/// Returns the ports that a container lists, for a message: "no ports", "only `web` (80), 8080".
pub fn listed_ports(container: &Container) -> String {
    let mut words = Vec::new();
    port_words(container, &mut words);
    only(&words)
}

/// See [`Workload::namespace_flag`].
#[derive(Debug, Clone, Copy)]
pub struct Flag<'a>(Option<&'a str>);

impl fmt::Display for Flag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |namespace| f.write_str(&option_for(namespace)))
    }
}

/// See [`Workload::reference`].
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a>(WorkloadKind, &'a str);

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            WorkloadKind::Deployment => "deploy",
            WorkloadKind::StatefulSet => "sts",
            WorkloadKind::DaemonSet => "ds",
            WorkloadKind::ReplicaSet => "rs",
            WorkloadKind::ReplicationController => "rc",
            WorkloadKind::Job => "job",
            WorkloadKind::CronJob => "cronjob",
            WorkloadKind::Pod => "pod",
            WorkloadKind::Rollout => "rollout",
        };
        // A fragment gets its name where it is used, and `generateName` gets one from the server.
        let name = if self.1.is_empty() { "NAME" } else { known_or(self.1, "NAME") };
        write!(f, "{kind}/{}", in_shell(name))
    }
}

/// Returns the namespaces of files that make one and put into it whatever names a namespace. People apply the
/// rest of such a file to the same namespace (`kubectl apply -n shop -f shop.yaml`).
pub(super) fn namespaces_of_files<'a>(objects: &[&'a Object]) -> FxHashMap<FileId, &'a str> {
    let made = objects.iter().filter(|it| it.kind.as_str() == "Namespace");
    let made = made.filter_map(|it| Some((it.file, it.name()?.as_str())));
    let mut namespaces: FxHashMap<FileId, &str> = made.collect();
    for object in objects {
        let name = match object.kind.as_str() {
            "Namespace" => object.name(),
            _ => object.meta.namespace.as_ref(),
        };
        if name.is_some_and(|it| namespaces.get(&object.file) != Some(&it.as_str())) {
            namespaces.remove(&object.file);
        }
    }
    namespaces
}

/// Returns how many Pods of a workload may run at once, without regard to its autoscalers.
pub(super) fn copies(object: &Object, model: &kubernetes::Workload) -> Copies {
    match model.kind {
        WorkloadKind::DaemonSet => Copies::Many(object.kind.span),
        WorkloadKind::Pod => Copies::One,
        WorkloadKind::Job | WorkloadKind::CronJob => match model.job.parallelism {
            Some(it) if it.value > 1 => Copies::Many(it.span),
            _ => Copies::One,
        },
        kind => match model.replicas {
            Some(it) if it.value > 1 => Copies::Many(it.span),
            _ if overlaps(kind, model) => Copies::Overlapping,
            _ => Copies::One,
        },
    }
}

/// Whether a rolling update runs the old and the new Pod side by side.
fn overlaps(kind: WorkloadKind, model: &kubernetes::Workload) -> bool {
    if !matches!(kind, WorkloadKind::Deployment | WorkloadKind::Rollout) {
        return false;
    }
    let strategy = model.strategy.as_ref();
    let recreate =
        strategy.and_then(|it| it.kind.as_ref()).is_some_and(|it| it.as_str() == "Recreate");
    let surge = strategy.and_then(|it| it.max_surge.as_ref());
    let none = surge.is_some_and(|it| match &it.value {
        IntOrStr::Int(it) => *it == 0,
        IntOrStr::Str(it) => it == "0%" || it == "0",
    });
    !recreate && !none
}

/// Returns the environment variables of a container, each name once: `env` overrides `envFrom`, and later
/// entries override earlier ones.
fn environment<'a>(
    container: &'a Container,
    keys: &dyn Fn(&str, bool) -> Option<ConfigKeys<'a>>,
) -> Vec<Var<'a>> {
    let mut vars: IndexMap<&str, Var<'a>, FxBuildHasher> = IndexMap::default();
    let mut put = |var: Var<'a>| vars.insert(var.name, var);
    for from in &container.env_from {
        let secret = from.source == kubernetes::EnvSource::Secret;
        let Some(name) = &from.name else { continue };
        let Some(known) = keys(name, secret) else { continue };
        // With a prefix the names appear nowhere in the text.
        if from.prefix.as_ref().is_some_and(|it| !it.is_empty()) {
            continue;
        }
        for (key, value) in &known.entries {
            put(Var {
                name: &key.value,
                name_span: key.span,
                value: value.filter(|_| !secret).map(|it| it.value.as_str()),
                value_span: value.map_or(key.span, |it| it.span),
                span: value.map_or(key.span, |it| key.span.to(it.span)),
                source: if secret { VarSource::Secret } else { VarSource::ConfigMap },
                literal: true,
            });
        }
    }
    for it in &container.env {
        let at = |value: Option<&'a Spanned<smol_str::SmolStr>>, source| Var {
            name: &it.name.value,
            name_span: it.name.span,
            value: value.map(|it| it.value.as_str()),
            value_span: value.map_or(it.name.span, |it| it.span),
            span: it.place.span,
            source,
            literal: true,
        };
        // An optional key of a ConfigMap that is not there sets nothing.
        if let EnvValue::ConfigMapKey(reference) = &it.value
            && kubernetes::is_true(reference.optional)
            && reference.name.as_ref().is_some_and(|name| keys(name, false).is_none())
        {
            continue;
        }
        put(match &it.value {
            EnvValue::Literal(value) | EnvValue::NotAString(value, _) => {
                at(Some(value), VarSource::Inline)
            }
            EnvValue::Empty => at(None, VarSource::Inline),
            EnvValue::ConfigMapKey(reference) => {
                let name = reference.name.as_ref().map_or("", |it| it.as_str());
                let key = reference.key.as_ref().map_or("", |it| it.as_str());
                let known = keys(name, false);
                let value = known.and_then(|it| it.value(key));
                at(value, VarSource::ConfigMap)
            }
            EnvValue::SecretKey(_) => at(None, VarSource::Secret),
            EnvValue::Field(_) | EnvValue::Resource(_) | EnvValue::Other(_) => {
                at(None, VarSource::Field)
            }
        });
    }
    vars.into_values().collect()
}

/// A Kubernetes Service with what it selects.
#[derive(Debug)]
pub struct KubeService<'a> {
    /// Index in [`Facts::kube_services`](super::Facts::kube_services).
    pub index: usize,
    pub name: &'a str,
    pub object: &'a Object,
    pub model: &'a kubernetes::Service,
    pub namespace: &'a str,
    /// Indices of the workloads whose Pods it selects, within its namespace and set of files.
    pub selects: Vec<usize>,
    /// Whether its selector fits Pods in another set of files, which is not applied together with its own.
    pub selects_elsewhere: bool,
}

impl KubeService<'_> {
    pub fn span(&self) -> Span {
        self.object.name_span()
    }
}
