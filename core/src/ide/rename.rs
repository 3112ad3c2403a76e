//! Renames a thing at every place that names it, or says why that cannot be done.

use super::names::{ComposeKind, Labelled, Occurrence, Role};
use super::navigation::{same_as, sorted};
use super::valid::{is_valid, rule_of};
use super::{Indexed, Name, World};
use crate::edit;
use crate::model::FileModel;
use crate::model::chart::Chart;
use crate::report::{Edit, Kind, TargetKind};
use crate::syntax::{self, Node, Step, Style};
use crate::text::{FileId, Span};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};
use smol_str::SmolStr;
use std::sync::Arc;

/// The kinds of objects of which everything that names them is in the index. Host names and commands contain
/// namespaces, and the objects of operators are named in fields of their own.
const RENAMED_KINDS: &[&str] = &[
    "ClusterRole",
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "Role",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];

/// The answer to a wish to rename something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renaming<T> {
    Possible(T),
    /// Why it cannot be done, in one sentence.
    Refused(String),
    /// Nothing that has a name stands there.
    NoName,
}

/// Returns the name at an offset, if it can be renamed.
pub fn prepare_rename(
    snapshot: Indexed<'_>,
    file: FileId,
    offset: usize,
) -> Renaming<(Span, String)> {
    match Plan::new(snapshot, file, offset) {
        None => Renaming::NoName,
        Some(plan) => match plan.refusal() {
            Some(reason) => Renaming::Refused(reason),
            None => Renaming::Possible((plan.span, plan.old.to_owned())),
        },
    }
}

/// Returns the edits that give what stands at an offset another name, sorted by path and place.
pub fn rename(
    snapshot: Indexed<'_>,
    file: FileId,
    offset: usize,
    new: &str,
) -> Renaming<Vec<Edit>> {
    let Some(plan) = Plan::new(snapshot, file, offset) else { return Renaming::NoName };
    match plan.refusal().or_else(|| plan.refusal_of(new)) {
        Some(reason) => Renaming::Refused(reason),
        None => Renaming::Possible(plan.edits(new)),
    }
}

/// All places that have to change together.
struct Plan<'s> {
    snapshot: Indexed<'s>,
    /// The place that was asked about.
    span: Span,
    /// The name as it is written there.
    old: &'s str,
    name: &'s Name,
    occurrences: Vec<&'s Occurrence>,
}

impl<'s> Plan<'s> {
    fn new(snapshot: Indexed<'s>, file: FileId, offset: usize) -> Option<Plan<'s>> {
        let names = snapshot.names;
        let here = names.at(file, offset).first()?;
        let old = written(snapshot, here.span);
        let occurrences = all_together(snapshot, here.span);
        Some(Plan { snapshot, span: here.span, old, name: names.name(here.name), occurrences })
    }

    /// Returns the reason why this cannot be renamed, whatever the new name is.
    fn refusal(&self) -> Option<String> {
        let (noun, old) = (self.name.noun(), self.old);
        if let Some(reason) = self.variable() {
            return Some(reason);
        }
        if let Name::Object { kind, .. } = self.name
            && !RENAMED_KINDS.contains(&kind.as_str())
        {
            return Some(format!(
                "The {kind} `{old}` cannot be renamed here, since not everything that names it is known."
            ));
        }
        if let Some(other) = self.occurrences.iter().find(|it| self.is_another_thing(it)) {
            let other_name = self.snapshot.names.name(other.name);
            return Some(format!(
                "`{old}` at {} is also the name of the {} `{}`, so one would change with the other.",
                self.at(other.span),
                other_name.noun(),
                other_name.text(),
            ));
        }
        if let Some(computed) = self.occurrences.iter().find(|it| self.is_computed(it)) {
            if written(self.snapshot, computed.span).starts_with('*') {
                return Some(format!(
                    "The name of the {noun} at {} comes from an anchor; change it there by hand.",
                    self.at(computed.span)
                ));
            }
            return Some(format!(
                "The name of the {noun} is put together from other values at {}; change it there by hand.",
                self.at(computed.span)
            ));
        }
        if !self.occurrences.iter().any(|it| it.role == Role::Definition) {
            return Some(format!("The files do not define the {noun} `{old}`."));
        }
        let reasons = [
            Self::file_name,
            Self::whole_use,
            Self::volume_of_others,
            Self::inline_patch,
            Self::key_in_patch,
            Self::hidden_read,
        ];
        reasons.iter().find_map(|reason| reason(self))
    }

    /// Whether a place does not show the name itself, as an action of a template that prints it.
    fn is_computed(&self, occurrence: &Occurrence) -> bool {
        let name = self.snapshot.names.name(occurrence.name);
        let file = self.snapshot.analysis.file(occurrence.span.file);
        let is_printed = match name {
            Name::Value { .. } | Name::NamedTemplate { .. } => false,
            Name::Compose { .. }
            | Name::Template { .. }
            | Name::Variable { .. }
            | Name::Anchor { .. }
            | Name::Object { .. }
            | Name::Key { .. }
            | Name::Label { .. }
            | Name::ContainerPort { .. }
            | Name::PodVolume { .. }
            | Name::ServicePort { .. } => {
                file.kind == Kind::Template && is_in_action(file.text(), occurrence.span)
            }
        };
        // An overlay may print more than what is written: `prod-web` for `web`.
        is_printed
            || written(self.snapshot, occurrence.span) != self.old
            || !name.text().contains(self.old)
    }

    /// Whether a place names something of another kind too, as a value behind an anchor does.
    fn is_another_thing(&self, occurrence: &Occurrence) -> bool {
        let names = self.snapshot.names;
        let other = names.name(occurrence.name);
        let is_other_label = |one: &Name| match (one, other) {
            (Name::Label { key, .. }, Name::Label { key: own, .. }) => key != own,
            _ => false,
        };
        other.noun() != self.name.noun() || is_other_label(self.name)
    }

    /// Returns the reason why a patch that is written within a kustomization stands in the way: its text is
    /// not among the places that can be changed.
    fn inline_patch(&self) -> Option<String> {
        let roots = self.kustomizations().into_iter().flat_map(|file| file.tree.roots().next());
        let patches = roots.flat_map(inline_patches);
        let patch =
            patches.filter_map(|node| Some((node, node.as_str()?))).find(|(node, text)| {
                let (tree, _) = syntax::parse(FileId(0), &Arc::from(*text), None);
                let is_named = |root: &Node<'_>| {
                    root.get("kind").and_then(Node::as_str) == Some(self.name.noun())
                        && root.at(&["metadata", "name"]).and_then(Node::as_str) == Some(self.old)
                };
                let is_inside = |it: &&&Occurrence| node.span().contains(it.span);
                tree.roots().filter(is_named).count()
                    > self.occurrences.iter().filter(is_inside).count()
            })?;
        Some(format!(
            "The patch at {} names the {} `{}` in a text that cannot be changed from here.",
            self.at(patch.0.span()),
            self.name.noun(),
            self.old
        ))
    }

    /// Returns the kustomizations of the overlays that the places are built into.
    fn kustomizations(&self) -> Vec<&'s FileModel> {
        let mut targets: FxHashSet<usize> = FxHashSet::default();
        for occurrence in &self.occurrences {
            if let Name::Object { world: World::Target(at), .. }
            | Name::Key { world: World::Target(at), .. }
            | Name::PodVolume { world: World::Target(at), .. } =
                self.snapshot.names.name(occurrence.name)
            {
                targets.insert(*at);
            }
        }
        let analysis = self.snapshot.analysis;
        let targets = targets.into_iter().map(|at| &analysis.targets()[at].target);
        let overlays = targets.filter(|it| it.kind == TargetKind::Kustomization);
        let mut sources: Vec<FileId> = overlays.flat_map(|it| it.sources.iter().copied()).collect();
        sources.sort_unstable();
        sources.dedup();
        let files = sources.into_iter().map(|id| analysis.file(id));
        files.filter(|file| file.kind == Kind::Kustomization).collect()
    }

    /// Returns the reason why a template that reads a value without naming it stands in the way.
    fn hidden_read(&self) -> Option<String> {
        let Name::Value { chart, path } = self.name else { return None };
        let chart: &Chart = &self.snapshot.analysis.facts().charts()[*chart];
        let label = path.join(".");
        let is_above = |above: &[SmolStr]| above.len() < path.len() && path.starts_with(above);
        if let Some(read) = chart.uses.reads.iter().find(|it| it.is_whole && is_above(&it.path)) {
            let above = read.path.join(".");
            return Some(format!(
                "The template at {} uses everything below `{above}`, and with it the key `{}`.",
                self.at(read.span),
                self.old
            ));
        }
        let first = path.first().map_or("", SmolStr::as_str);
        if chart.dependencies.iter().any(|it| it.key() == Some(first)) || first == "global" {
            return Some(format!("Another chart reads the value `{label}` too."));
        }
        if chart.uses.is_open || chart.text_reads.iter().any(|it| it.starts_with(path)) {
            return Some(format!(
                "The templates of the chart `{}` may read `{label}` without naming it.",
                chart.label()
            ));
        }
        None
    }

    /// Returns the reason why a new name cannot be taken.
    fn refusal_of(&self, new: &str) -> Option<String> {
        let noun = self.name.noun();
        if !is_valid(self.name, new) {
            return Some(format!(
                "`{new}` is not a valid name for a {noun}: {}.",
                rule_of(self.name)
            ));
        }
        if new == self.old {
            return None;
        }
        let names = self.snapshot.names;
        for own in &self.occurrences {
            let renamed = with_text(names.name(own.name), self.old, new);
            // Labels may be shared, and so may profiles.
            let may_be_shared = matches!(
                renamed,
                Name::Label { .. }
                    | Name::Anchor { .. }
                    | Name::Compose { kind: ComposeKind::Profile, .. }
            );
            let Some(known) = names.find(&renamed).filter(|_| !may_be_shared) else { continue };
            let probe = Occurrence { name: known, ..(*own).clone() };
            // A variable that no file sets has only uses.
            let is_taken = |it: &&Occurrence| {
                it.role == Role::Definition || matches!(renamed, Name::Variable { .. })
            };
            let taken = same_as(self.snapshot, &probe).find(is_taken);
            if let Some(taken) = taken {
                return Some(format!(
                    "There is already a {noun} `{new}` at {}.",
                    self.at(taken.span)
                ));
            }
        }
        None
    }

    fn edits(&self, new: &str) -> Vec<Edit> {
        if new == self.old {
            return Vec::new();
        }
        let spans = self.occurrences.iter().map(|it| it.span).collect();
        let edit = |span: Span| Edit { span, text: self.text_at(span, new) };
        sorted(self.snapshot, spans).into_iter().map(edit).collect()
    }

    /// Returns the new name as it has to be written at a place: in quotes where a plain word would be read as
    /// a number or the like.
    fn text_at(&self, span: Span, new: &str) -> String {
        let file = self.snapshot.analysis.file(span.file);
        let path = file.tree.path_at(span.start as usize);
        let (nodes, is_patch) = match path.last() {
            Some(Step::Entry(entry)) => {
                (vec![entry.key, entry.value], entry.key.as_str() == Some("patch"))
            }
            Some(Step::Item(_, item)) => (vec![*item], false),
            None => (Vec::new(), false),
        };
        let Some(node) = nodes.into_iter().find(|it| it.span().contains(span)) else {
            return new.to_owned();
        };
        // In the text of a patch, a name may be a word of its own or a part of one.
        let is_start = |it: char| it.is_whitespace() || matches!(it, '[' | '{' | ',');
        let is_word = file.text()[..span.range().start].ends_with(is_start);
        let is_in_patch = file.kind == Kind::Kustomization && is_word;
        match node.style() {
            Style::Plain if node.span() == span => edit::quote_scalar(new),
            Style::Literal if is_in_patch => edit::quote_scalar(new),
            Style::SingleQuoted if is_in_patch && is_patch => edit::quote_scalar(new),
            Style::DoubleQuoted if is_in_patch && is_patch && edit::quote_scalar(new) != new => {
                format!("'{new}'")
            }
            Style::Plain
            | Style::Literal
            | Style::SingleQuoted
            | Style::DoubleQuoted
            | Style::Folded
            | Style::Block
            | Style::Flow => new.to_owned(),
        }
    }

    /// Describes a place as `path:line`.
    fn at(&self, span: Span) -> String {
        let file = self.snapshot.analysis.file(span.file);
        format!("{}:{}", file.path(), file.lines.line_of(span.start as usize) + 1)
    }
}

/// Whether a place lies between the braces of a template's action.
fn is_in_action(text: &str, span: Span) -> bool {
    let before = text.get(..span.range().end).unwrap_or_default();
    let opened = before.rfind("{{");
    opened.is_some_and(|open| before.rfind("}}").is_none_or(|close| close < open))
}

fn written(snapshot: Indexed<'_>, span: Span) -> &str {
    snapshot.analysis.file(span.file).text().get(span.range()).unwrap_or_default()
}

/// Returns every occurrence that has to change with a place. One place may have several names, as an object
/// of a base has one in each overlay, and each of them leads to further places.
fn all_together(snapshot: Indexed<'_>, start: Span) -> Vec<&Occurrence> {
    let names = snapshot.names;
    let mut spans: IndexSet<Span, FxBuildHasher> = IndexSet::default();
    let mut found: Vec<&Occurrence> = Vec::new();
    // Two occurrences of one name and namespace in one file lead to the same places.
    let mut followed: FxHashSet<(usize, Option<&SmolStr>, FileId)> = FxHashSet::default();
    spans.insert(start);
    let mut next = 0;
    while let Some(span) = spans.get_index(next).copied() {
        next += 1;
        for occurrence in names.at_span(span) {
            found.push(occurrence);
            if followed.insert((occurrence.name, occurrence.namespace.as_ref(), span.file)) {
                spans.extend(same_as(snapshot, occurrence).map(|it| it.span));
            }
        }
    }
    found
}

/// Returns the patches that stand in a kustomization itself.
fn inline_patches(root: Node<'_>) -> Vec<Node<'_>> {
    let list = |key: &str| root.get(key).into_iter().flat_map(Node::items);
    let strategic = list("patchesStrategicMerge");
    let patches = list("patches").chain(list("patchesJson6902"));
    patches.filter_map(|it| it.get("patch")).chain(strategic).collect()
}

/// Returns a name whose own text is another one. What an overlay adds to the old text, it adds to the new one.
fn with_text(name: &Name, old: &str, new: &str) -> Name {
    let changed = SmolStr::from(name.text().replacen(old, new, 1));
    let mut renamed = name.clone();
    match &mut renamed {
        Name::Compose { name, .. }
        | Name::Template { name, .. }
        | Name::Variable { name, .. }
        | Name::Anchor { name, .. }
        | Name::Object { name, .. }
        | Name::ContainerPort { name, .. }
        | Name::PodVolume { name, .. }
        | Name::ServicePort { name, .. }
        | Name::NamedTemplate { name, .. } => *name = changed,
        Name::Key { key, .. } => *key = changed,
        Name::Label { value, of: Labelled::Pods | Labelled::Services, .. } => *value = changed,
        Name::Value { path, .. } => {
            if let Some(last) = path.last_mut() {
                *last = changed;
            }
        }
    }
    renamed
}

mod keys;
mod variables;
mod volumes;

#[cfg(test)]
mod tests;
