//! Whether GitOps is needed, and whether packaging pays.

use super::{Gitops, No, Packaging, Signals, Yes};
use crate::decision::system::System;
use crate::report::{Environment, Signal};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// Maximum number of objects that are a handful: what one pipeline applies is easy to follow.
const FEW_OBJECTS: usize = 15;

/// From this number on, workloads that are alike are worth a template.
const MANY_ALIKE: usize = 6;

pub fn add(signals: &mut Signals, system: &System<'_>) {
    add_gitops(signals, system);
    add_packaging(signals, system);
}

fn add_gitops(signals: &mut Signals, system: &System<'_>) {
    if let Some(object) = system.delivery_object() {
        let fact = format!("{} is an object of a GitOps controller", object.label());
        signals.add(Signal::GitopsInUse, Gitops, Yes, fact, Some(object.name_span()));
    } else if !system.has_cluster() {
        let fact = "there is no cluster whose state could drift from Git";
        signals.add(Signal::NoCluster, Gitops, No, fact, None);
    } else if system.counted.objects.len() <= FEW_OBJECTS
        && system.built_stages().len() < 2
        && !system.hides_workloads()
    {
        let objects = &system.counted.objects;
        let labels: Vec<String> = objects.iter().map(|it| it.label()).collect();
        let counted = match labels.split_first() {
            None => "nothing".to_owned(),
            Some((only, [])) => only.clone(),
            Some((first, [second])) => format!("{first} and {second}"),
            Some((first, more)) => format!("{first} and {} more objects", more.len()),
        };
        let fact = format!("a pipeline that applies {counted} is easy enough to follow");
        let place = objects.first().map(|it| it.name_span());
        signals.add(Signal::FewObjects, Gitops, No, fact, place);
    }
    if let Some(pipeline) = system.pipeline {
        let fact = format!("the pipeline in `{}` runs `{}`", pipeline.path, pipeline.text);
        signals.add(Signal::Pipeline, Gitops, No, fact, Some(pipeline.span));
    }
}

fn add_packaging(signals: &mut Signals, system: &System<'_>) {
    if let Some(copies) = system.copies.first() {
        let [first, second] = &copies.paths;
        let percent = 100.0 * copies.similarity();
        let fact = format!("{percent:.0} % of `{second}` is the same as `{first}`");
        signals.add(Signal::CopiedEnvironments, Packaging, Yes, fact, Some(copies.places[1]));
    }
    if let Some((name, count, span)) = most_copied_workload(system) {
        let fact = format!(
            "{name} is written {count} times, once for each environment, namespace or tenant"
        );
        signals.add(Signal::CopiedEnvironments, Packaging, Yes, fact, Some(span));
    }
    if let Some(alike) = system.alike_workloads().filter(|it| it.count >= MANY_ALIKE) {
        let percent = 100.0 * alike.similarity;
        let fact = format!(
            "{} workloads are alike but for names, images and namespaces: {percent:.0} % of {} is the same in {}",
            alike.count, alike.first, alike.second
        );
        signals.add(Signal::CopiedWorkloads, Packaging, Yes, fact, Some(alike.place));
    }
    let stages = system.built_stages();
    if stages.len() > 1 {
        let names: Vec<String> = stages.iter().map(|it| format!("`{it}`")).collect();
        let fact = format!("one source is built for {}", names.join(" and "));
        let place = system.place_of_stages();
        signals.add(Signal::ReusedBase, Packaging, Yes, fact, place);
    }
}

/// Adds that nothing is there to package. What is hidden may be written twice.
pub fn add_absence(signals: &mut Signals, system: &System<'_>) {
    if signals.any(Packaging, Yes) {
        return;
    }
    if !system.has_cluster() {
        let fact = "there is no cluster to package for";
        signals.add(Signal::NoCluster, Packaging, No, fact, None);
    } else if !system.hides_workloads() {
        let fact = "nothing is written again for another environment";
        signals.add(Signal::WrittenOnce, Packaging, No, fact, None);
    }
}

/// Returns the workload that is written most often, with the same kind, name and images, for different
/// environments, namespaces or tenants: its label, for how many of them, and where it appears first.
fn most_copied_workload<'s>(system: &'s System<'_>) -> Option<(&'s str, usize, Span)> {
    struct Copies<'f> {
        label: &'f str,
        /// What each copy is for.
        stages: FxHashSet<(Option<Environment>, Option<&'f str>, Option<&'f str>)>,
        first: Span,
    }
    let facts = system.facts;
    let mut copies: FxHashMap<(&str, Vec<&str>), Copies<'_>> = FxHashMap::default();
    for workload in system.workloads.iter().filter(|workload| !workload.name.is_empty()) {
        // What a chart or an overlay builds for several environments is written once.
        if facts.built_target(workload.object.file).is_some() {
            continue;
        }
        let environment = facts.environment_of_file(workload.object.file);
        let namespace = workload.object.meta.namespace.as_ref().map(|it| it.as_str());
        let tenant = system.tenants.of_file(facts, workload.object.file);
        if environment.is_none() && namespace.is_none() && tenant.is_none() {
            continue;
        }
        let images = workload.units.iter().filter_map(|unit| unit.image.as_ref());
        let repositories = images.map(|image| image.repository.as_str()).collect();
        let label = workload.label.as_str();
        let seen = copies.entry((label, repositories)).or_insert_with(|| Copies {
            label,
            stages: FxHashSet::default(),
            first: workload.span(),
        });
        seen.stages.insert((environment, namespace, tenant));
    }
    let several = copies.into_values().filter(|it| it.stages.len() > 1);
    // Of two with the same count, the label and then the place decide, whatever the order of the map.
    let most = several.min_by_key(|it| (Reverse(it.stages.len()), it.label, it.first))?;
    Some((most.label, most.stages.len(), most.first))
}
