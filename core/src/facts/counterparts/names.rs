//! The names by which a container in the cluster may be known to Compose.

use crate::facts::{Facts, Part, Unit, Workload};
use crate::report::TargetKind;

/// Returns the names that a container goes by.
pub(super) fn names_of(facts: &Facts<'_>, workload: &Workload<'_>, unit: &Unit<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let chart = chart_of(facts, workload);
    let mut add = |name: &str| {
        let bare = chart.and_then(|chart| without_chart(name, chart));
        let of_kind = without_kind(bare.unwrap_or(name));
        for name in [Some(name), bare, of_kind].into_iter().flatten().map(plain) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    };
    let alone = workload.units.iter().filter(|it| it.part == Part::Main).count() == 1;
    if is_named_after_workload(workload, unit) {
        add(workload.name);
        let labels = &workload.model.template.meta;
        let keys =
            ["app", "app.kubernetes.io/name", "app.kubernetes.io/component", "io.kompose.service"];
        for key in keys {
            if let Some(it) = labels.label(key) {
                add(it);
            }
        }
        for service in &workload.services {
            add(facts.kube_services[*service].name);
        }
    }
    if !alone || !matches!(unit.name.as_str(), "app" | "main" | "server" | "container" | "web") {
        add(unit.name);
    }
    names
}

/// Whether the names of a Pod are those of one of its main containers. They belong to the first one: a sidecar goes by
/// its own name only.
pub(super) fn is_named_after_workload(workload: &Workload<'_>, unit: &Unit<'_>) -> bool {
    let first = workload.units.iter().find(|it| it.part == Part::Main);
    first.is_some_and(|it| it.site == unit.site)
}

/// Returns the name of the chart that a workload comes from.
pub(super) fn chart_of<'f>(facts: &'f Facts<'_>, workload: &Workload<'_>) -> Option<&'f str> {
    let at = facts.target_of(workload.object.file)?;
    let target = &facts.all_targets()[at].target;
    let folder = target.folder.rsplit('/').next()?;
    (target.kind == TargetKind::Chart).then_some(folder)
}

/// Returns what follows the names of the release and the chart, which charts put in front of their own.
pub(super) fn without_chart<'n>(name: &'n str, chart: &str) -> Option<&'n str> {
    let own = name.strip_prefix("release-name-").unwrap_or(name);
    let own = own.strip_prefix(chart).and_then(|rest| rest.strip_prefix('-')).unwrap_or(own);
    (own != name).then_some(own)
}

/// Returns a name without the kind of its object, with which some end it: `shop` for `shop-deployment`.
fn without_kind(name: &str) -> Option<&str> {
    const KINDS: &[&str] = &[
        "-deployment",
        "-deploy",
        "-statefulset",
        "-sts",
        "-daemonset",
        "-pod",
        "-service",
        "-svc",
    ];
    KINDS.iter().find_map(|kind| name.strip_suffix(kind)).filter(|it| !it.is_empty())
}

/// Names are compared without case and without what joins their words.
pub(super) fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.', '-'], "")
}
