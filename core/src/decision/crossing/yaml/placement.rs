//! On which nodes the Pods run.

use super::Context;
use super::draft::Draft;
use crate::edit::Yaml;
use crate::knowledge::compose_key::Key;
use crate::model::Str;
use crate::model::compose::{Constraint, Placement};

pub fn draft(context: &Context<'_, '_>, key: Key) -> Option<Draft> {
    let model = context.service.model;
    let placement = || model.deploy.as_ref()?.placement.as_ref();
    match key {
        Key::Platform => platform(model.platform.as_ref()?),
        Key::DeployPlacementConstraints => constraints(placement()?),
        Key::DeployPlacementPreferences => preferences(context, placement()?),
        Key::DeployPlacementMaxReplicasPerNode => {
            let only_one = placement()?.max_replicas_per_node?.value == 1;
            only_one.then(|| apart(context))
        }
        _ => None,
    }
}

const HOSTNAME: &str = "kubernetes.io/hostname";
const OS: &str = "kubernetes.io/os";
const ARCH: &str = "kubernetes.io/arch";

fn platform(platform: &Str) -> Option<Draft> {
    let mut parts = platform.split('/');
    let os = parts.next().filter(|it| !it.is_empty())?;
    let mut labels = vec![(OS, Yaml::str(os.to_owned()))];
    labels.extend(parts.next().map(|arch| (ARCH, Yaml::str(architecture(arch)))));
    Some(Draft::pod([("nodeSelector", Yaml::map(labels))]))
}

/// Returns an architecture by the name that nodes have in their labels, which is Go's.
fn architecture(name: &str) -> String {
    match name {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
    .to_owned()
}

/// What a constraint asks of a node.
#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    Is(String, String),
    IsNot(String, String),
    Has(&'static str),
    HasNot(&'static str),
}

/// The label of the nodes that run the control plane, the nearest to the managers of a swarm.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// Reads a constraint such as `node.labels.disk == ssd`. None for what has no label in a cluster, such as the
/// number of a node.
///
/// Source: <https://docs.docker.com/reference/cli/docker/service/create/#constraint>
fn requirement(constraint: &str) -> Option<Requirement> {
    let constraint = Constraint::parse(constraint)?;
    if let Some(manager) = constraint.asks_for_manager() {
        return Some(match manager {
            true => Requirement::Has(CONTROL_PLANE),
            false => Requirement::HasNot(CONTROL_PLANE),
        });
    }
    let Constraint { subject, is_equal, value } = constraint;
    let (label, value) = match subject {
        "node.hostname" => (HOSTNAME.to_owned(), value.to_owned()),
        "node.platform.os" => (OS.to_owned(), value.to_owned()),
        "node.platform.arch" => (ARCH.to_owned(), architecture(value)),
        _ => (subject.strip_prefix("node.labels.")?.to_owned(), value.to_owned()),
    };
    Some(match is_equal {
        true => Requirement::Is(label, value),
        false => Requirement::IsNot(label, value),
    })
}

fn constraints(placement: &Placement) -> Option<Draft> {
    let mut labels = Vec::new();
    let mut expressions = Vec::new();
    for constraint in &placement.constraints {
        let expression = |key: &str, operator: &'static str| {
            vec![("key", Yaml::str(key.to_owned())), ("operator", Yaml::str(operator))]
        };
        match requirement(constraint)? {
            Requirement::Is(label, value) => labels.push((label, Yaml::str(value))),
            Requirement::IsNot(label, value) => {
                let mut fields = expression(&label, "NotIn");
                fields.push(("values", Yaml::list([Yaml::str(value)])));
                expressions.push(Yaml::map(fields));
            }
            Requirement::Has(label) => expressions.push(Yaml::map(expression(label, "Exists"))),
            Requirement::HasNot(label) => {
                expressions.push(Yaml::map(expression(label, "DoesNotExist")));
            }
        }
    }
    let mut draft = Draft::default();
    if !labels.is_empty() {
        draft = draft.with_pod([("nodeSelector", Yaml::map(labels))]);
    }
    if !expressions.is_empty() {
        let term = Yaml::map([("matchExpressions", Yaml::list(expressions))]);
        let required = Yaml::map([("nodeSelectorTerms", Yaml::list([term]))]);
        let node = Yaml::map([("requiredDuringSchedulingIgnoredDuringExecution", required)]);
        draft = draft.with_pod([("affinity", Yaml::map([("nodeAffinity", node)]))]);
    }
    Some(draft)
}

fn pods(context: &Context<'_, '_>) -> Yaml<'static> {
    Yaml::map([("matchLabels", context.names.selector())])
}

fn preferences(context: &Context<'_, '_>, placement: &Placement) -> Option<Draft> {
    let key = |spread: &Str| {
        let subject = spread.as_str();
        let label = subject.strip_prefix("node.labels.").unwrap_or(subject);
        let label = if subject == "node.hostname" { HOSTNAME } else { label };
        Yaml::str(label.to_owned())
    };
    let constraint = |spread: &Str| {
        Yaml::map([
            ("maxSkew", Yaml::int(1)),
            ("topologyKey", key(spread)),
            ("whenUnsatisfiable", Yaml::str("ScheduleAnyway")),
            ("labelSelector", pods(context)),
        ])
    };
    let all: Vec<Yaml<'static>> = placement.preferences.iter().map(constraint).collect();
    (!all.is_empty()).then(|| Draft::pod([("topologySpreadConstraints", Yaml::list(all))]))
}

/// Returns anti-affinity by which each node runs one Pod at most.
fn apart(context: &Context<'_, '_>) -> Draft {
    let term = [("labelSelector", pods(context)), ("topologyKey", Yaml::str(HOSTNAME))];
    let required = Yaml::list([Yaml::map(term)]);
    let anti = Yaml::map([("requiredDuringSchedulingIgnoredDuringExecution", required)]);
    Draft::pod([("affinity", Yaml::map([("podAntiAffinity", anti)]))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_become_labels_of_nodes() {
        let is =
            |label: &str, value: &str| Some(Requirement::Is(label.to_owned(), value.to_owned()));
        assert_eq!(requirement("node.labels.disk == ssd"), is("disk", "ssd"));
        assert_eq!(requirement("node.hostname==a"), is(HOSTNAME, "a"));
        assert_eq!(requirement("node.platform.arch == x86_64"), is(ARCH, "amd64"));
        assert_eq!(requirement("node.role == manager"), Some(Requirement::Has(CONTROL_PLANE)));
        assert_eq!(requirement("node.role != manager"), Some(Requirement::HasNot(CONTROL_PLANE)));
        assert_eq!(requirement("node.role == worker"), Some(Requirement::HasNot(CONTROL_PLANE)));
        assert_eq!(
            requirement("node.labels.zone != b"),
            Some(Requirement::IsNot("zone".to_owned(), "b".to_owned()))
        );
        assert_eq!(requirement("node.id == x"), None);
        assert_eq!(requirement("nonsense"), None);
    }
}
