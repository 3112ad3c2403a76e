//! The overlays of one base compared with each other: configuration that all but one of them set.

use super::Facts;
use super::copies::without_environment;
use crate::model::BuiltTarget;
use crate::model::kubernetes::{Body, Object};
use crate::report::TargetKind;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// Least number of overlays of one base. With two of them nobody can tell which one is wrong.
const LEAST_OVERLAYS: usize = 3;

/// A setting that all overlays of a base but one have.
#[derive(Debug)]
pub struct OverlayGap<'a> {
    /// The variable or key.
    pub key: String,
    /// What has the setting: `ConfigMap web`, or `Deployment web, container app`.
    pub owner: String,
    /// The overlay without the setting.
    pub missing: &'a str,
    /// The overlays that have it, and where.
    pub present: Vec<(&'a str, Span)>,
}

/// The settings of one target: by their owner and key, where they are written.
type Settings = IndexMap<(String, String), Span, FxBuildHasher>;

impl<'a> Facts<'a> {
    /// Returns the variables and keys of ConfigMaps that all overlays of a base but one have.
    pub fn overlay_gaps(&self) -> Vec<OverlayGap<'a>> {
        if !self.is_main {
            return Vec::new();
        }
        // Overlays for environments, as their folders say.
        let overlays = self.all_targets.iter().filter(|built| {
            built.target.kind == TargetKind::Kustomization
                && built.is_whole()
                && built.target.environment.is_some()
        });
        let mut families: Vec<Vec<&BuiltTarget>> = Vec::new();
        for overlay in overlays {
            match families.iter_mut().find(|family| family[0].is_variant_of(overlay)) {
                Some(family) => family.push(overlay),
                None => families.push(vec![overlay]),
            }
        }
        let mut gaps = Vec::new();
        for family in families.iter().filter(|family| family.len() >= LEAST_OVERLAYS) {
            // Several overlays for one environment are for different purposes.
            let stages: FxHashSet<_> = family.iter().map(|it| it.target.environment).collect();
            if stages.len() < family.len() {
                continue;
            }
            add_gaps(family, &mut gaps);
        }
        gaps
    }
}

fn add_gaps<'a>(family: &[&'a BuiltTarget], gaps: &mut Vec<OverlayGap<'a>>) {
    let settings: Vec<(Settings, FxHashSet<String>)> =
        family.iter().map(|built| settings_of(built)).collect();
    let mut seen: FxHashSet<&(String, String)> = FxHashSet::default();
    for setting in settings.iter().flat_map(|(settings, _)| settings.keys()) {
        if !seen.insert(setting) {
            continue;
        }
        let mut missing = Vec::new();
        let mut present = Vec::new();
        for (built, (settings, owners)) in family.iter().zip(&settings) {
            let name = built.target.name.as_str();
            match settings.get(setting) {
                Some(span) => present.push((name, *span)),
                // An overlay that leaves the whole object out does not need its settings.
                None if owners.contains(&setting.0) => missing.push(name),
                None => {}
            }
        }
        let &[missing] = missing.as_slice() else { continue };
        if present.len() + 1 == family.len() {
            let (owner, key) = setting.clone();
            gaps.push(OverlayGap { key, owner, missing, present });
        }
    }
}

/// Returns the settings of a target and what has settings there.
fn settings_of(built: &BuiltTarget) -> (Settings, FxHashSet<String>) {
    let mut settings = Settings::default();
    let mut owners = FxHashSet::default();
    for object in &built.objects {
        let label = format!("{} {}", object.kind.as_str(), general_name(object));
        if let Body::ConfigMap(map) = &object.body {
            owners.insert(label.clone());
            let keys = map.keys();
            settings.extend(keys.map(|key| ((label.clone(), key.to_string()), key.span)));
        }
        let Some(workload) = object.workload() else { continue };
        for container in &workload.template.spec.containers {
            let name = container.name.as_ref().map_or("", |name| name.as_str());
            let owner = format!("{label}, container {name}");
            owners.insert(owner.clone());
            let names = container.env.iter().map(|variable| &variable.name);
            settings.extend(names.map(|key| ((owner.clone(), key.to_string()), key.span)));
        }
    }
    (settings, owners)
}

/// Returns the name of an object without the hash of generated objects and with words for environments left open.
fn general_name(object: &Object) -> String {
    let name = object.name_before_hash().or(object.name().map(|it| it.as_str()));
    let name = name.unwrap_or_default();
    without_environment(name).map_or(name.to_owned(), |it| it.0)
}
