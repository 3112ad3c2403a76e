//! Charts as their authors wrote them: values that templates read and nobody defines, values that nobody
//! reads, and values in which environments disagree.

mod unused;

use super::{Facts, Workload, nearest};
use crate::model::chart::{
    Chart, Missing, Value, ValueKind, ValueRead, Values, ValuesFile, Wanted, value_at,
};
use crate::model::kubernetes::Container;
use crate::text::{FileId, Span};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use std::sync::Arc;
pub use unused::UnusedValue;

/// A value that templates read and that is not there.
#[derive(Debug)]
pub struct UndefinedValue<'a> {
    /// The path as it stands behind `.Values.`.
    pub path: String,
    /// The first part of the path that is not there.
    pub absent: String,
    pub span: Span,
    /// The other places that read it.
    pub others: Vec<Span>,
    /// What has to be set so that the place is reached: the path of a value, and the value.
    pub reached_by: Vec<(String, String)>,
    /// The value that was probably meant.
    pub near: Option<String>,
    /// The values files that set it, where others do not.
    pub set: Vec<(&'a ValuesFile, &'a Value)>,
    /// The values files for which it is missing.
    pub not_set: Vec<&'a ValuesFile>,
}

/// A value that has another type in one values file than in another.
#[derive(Debug)]
pub struct TypeConflict<'a> {
    pub path: String,
    /// The file and the value that come first: those of `values.yaml`, where it has one.
    pub usual: (&'a ValuesFile, &'a Value),
    pub here: (&'a ValuesFile, &'a Value),
}

impl<'a> Facts<'a> {
    /// Returns the charts that are not vendored into others, sorted by folder. Facts about a further variant
    /// of a target have none: what is written is looked at once.
    pub fn charts(&self) -> &'a [Arc<Chart>] {
        if self.is_main { self.charts } else { &[] }
    }

    /// Returns the values that the templates of a chart read, that `values.yaml` does not define and that
    /// nothing covers, each once. A value that every further values file sets counts as defined.
    pub fn undefined_values(&self, chart: &'a Chart) -> Vec<UndefinedValue<'a>> {
        let imports = chart.dependencies.iter().any(|dependency| dependency.imports);
        if imports || chart.is_library() || chart.values_files().any(|file| file.is_cut) {
            return Vec::new();
        }
        let foreign = foreign_keys(chart);
        let covered = covered(chart);
        let given = self.given_by_parents(chart);
        let mut found: Vec<UndefinedValue<'a>> = Vec::new();
        for read in &chart.uses.reads {
            let path = &read.path;
            let layers = |further: Option<&'a ValuesFile>| {
                let further = further.map(|file| &file.values);
                let own = chart.values.as_ref().map(|file| &file.values);
                given.iter().copied().chain(own).chain(further).collect::<Vec<_>>()
            };
            let Some(absent) = absent(&layers(None), path) else { continue };
            if foreign.contains(path[0].as_str()) || covered.contains(absent) {
                continue;
            }
            if self.goes_with_another_choice(chart, read) {
                continue;
            }
            // A value that is commented out is documented as one that may be set.
            let (parent, last) = absent.split_at(absent.len() - 1);
            if chart.values_files().any(|file| file.documents(parent, &last[0])) {
                continue;
            }
            let shown = absent.join(".");
            if let Some(known) = found.iter_mut().find(|known| known.absent == shown) {
                if known.span != read.span && !known.others.contains(&read.span) {
                    known.others.push(read.span);
                }
                continue;
            }
            let not_set: Vec<&ValuesFile> = chart
                .further
                .iter()
                .filter(|file| self::absent(&layers(Some(file)), path).is_some())
                .collect();
            if not_set.is_empty() && !chart.further.is_empty() {
                continue;
            }
            let set =
                chart.further.iter().filter(|file| !not_set.iter().any(|it| it.file == file.file));
            let set =
                set.filter_map(|file| Some((file, value_at(&file.values, absent)?))).collect();
            found.push(UndefinedValue {
                path: path.join("."),
                near: guard_of(chart, read, absent).or_else(|| {
                    chart.values.as_ref().and_then(|own| near_value(&own.values, absent))
                }),
                absent: shown,
                span: read.span,
                reached_by: self.reached_by(chart, read),
                others: Vec::new(),
                set,
                not_set,
            });
        }
        found
    }

    /// Whether a place is only reached where somebody makes another choice than the chart, in a value beside
    /// the one that is read: `claimName` where `type` is `existingClaim`. Who sets one sets the other.
    fn goes_with_another_choice(&self, chart: &Chart, read: &ValueRead) -> bool {
        let Some(own) = &chart.values else { return false };
        read.conditions.iter().any(|condition| {
            let (Wanted::Equal(wanted), Some((_, parent))) =
                (&condition.wanted, condition.path.split_last())
            else {
                return false;
            };
            if condition.is_alternative {
                return false;
            }
            let default = value_at(&own.values, &condition.path);
            let is_default =
                default.is_some_and(|it| unquoted(self.written(&it.span)) == wanted.as_str());
            !parent.is_empty() && read.path.starts_with(parent) && !is_default
        })
    }

    /// Returns what has to be set so that a place in a template is reached, as far as the conditions around
    /// it say.
    fn reached_by(&self, chart: &Chart, read: &ValueRead) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for condition in read.conditions.iter() {
            let own = chart.values.as_ref().and_then(|own| value_at(&own.values, &condition.path));
            let default = own.map(|it| unquoted(self.written(&it.span)));
            let mut path = condition.path.join(".");
            let value = match (&condition.wanted, own) {
                (Wanted::Equal(wanted), _) if default != Some(wanted.as_str()) => {
                    wanted.to_string()
                }
                (Wanted::Containing(wanted), _)
                    if default.is_none_or(|it| !it.contains(wanted.as_str())) =>
                {
                    wanted.to_string()
                }
                (Wanted::Something, None) => "true".to_owned(),
                (Wanted::Something, Some(own)) => match own.kind {
                    ValueKind::Null => "true".to_owned(),
                    ValueKind::Bool if default == Some("false") => "true".to_owned(),
                    ValueKind::Text if own.is_empty => "true".to_owned(),
                    ValueKind::List if own.is_empty => {
                        path.push_str("[0]");
                        "true".to_owned()
                    }
                    ValueKind::Mapping if own.is_empty => {
                        path.push_str(".any");
                        "true".to_owned()
                    }
                    ValueKind::Bool
                    | ValueKind::Text
                    | ValueKind::Number
                    | ValueKind::List
                    | ValueKind::Mapping => continue,
                },
                (Wanted::Equal(_) | Wanted::Containing(_), _) => continue,
            };
            let setting = (path, value);
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
        settings
    }

    /// Returns the chart that a file belongs to.
    fn chart_of(&self, file: FileId) -> Option<&'a Chart> {
        let path = self.file(file).path();
        self.charts.iter().find(|chart| is_inside(path, &chart.folder)).map(|it| &**it)
    }

    /// Returns the folder of the chart that a file belongs to.
    pub fn chart_folder(&self, file: FileId) -> Option<&'a str> {
        Some(&self.chart_of(file)?.folder)
    }

    /// Returns the value of a values file that a template prints at a place.
    pub fn value_behind(&self, place: Span) -> Option<Span> {
        let chart = self.chart_of(place.file)?;
        let read = chart.uses.reads.iter().find(|it| place.contains(it.span))?;
        Some(self.value_set(chart, place.file, &read.path)?.span)
    }

    /// Returns the value that makes a template print a place at all, where a condition around it asks for this
    /// one: `type: hostPath` behind `{{ if eq .Values.logs.type "hostPath" }}`.
    pub fn choice_behind(&self, place: Span, choice: &str) -> Option<Span> {
        let chart = self.chart_of(place.file)?;
        let reads = chart.uses.reads.iter().filter(|it| place.contains(it.span));
        let mut conditions = reads.flat_map(|it| it.conditions.iter());
        conditions.find_map(|condition| {
            let Wanted::Equal(wanted) = &condition.wanted else { return None };
            let value = self.value_set(chart, place.file, &condition.path)?;
            (wanted == choice && unquoted(self.written(&value.span)) == choice)
                .then_some(value.span)
        })
    }

    /// Returns the value at a path that the target of a template has: that of its further values file, or of
    /// `values.yaml`.
    fn value_set(&self, chart: &'a Chart, template: FileId, path: &[SmolStr]) -> Option<&'a Value> {
        let target = self.built_target(template).map_or("", |it| it.target.name.as_str());
        let given = target.strip_suffix(')').and_then(|it| it.rsplit_once(" ("));
        // The last file wins.
        let names = given.map_or("", |it| it.1).rsplit(", ");
        let further = names.filter_map(|name| chart.further.iter().find(|it| it.name == name));
        let mut files = further.chain(&chart.values);
        files.find_map(|it| value_at(&it.values, path))
    }

    /// Returns the empty value behind a field that a template leaves out of a container where the value is
    /// empty: `resources: {}` behind `{{ with .Values.resources }}`.
    pub fn empty_value_behind(
        &self,
        workload: &Workload<'_>,
        container: &Container,
        field: &str,
    ) -> Option<Span> {
        let span = container.span();
        let file = self.file(span.file);
        let chart = self.chart_of(span.file)?;
        // What is left out stands in no document, so that only the next container ends this one.
        let starts = workload.containers().map(|(_, other)| other.span());
        let starts = starts.filter(|other| other.file == span.file && other.start > span.start);
        let start_of_next = starts.map(|other| other.start).min();
        let rest = &file.text()[span.end as usize..];
        let length = rest.find("\n---").unwrap_or(rest.len());
        let end = start_of_next
            .unwrap_or(u32::MAX)
            .min(Span::new(span.file, 0, span.end as usize + length).end);
        let is_here = |read: &&ValueRead| {
            read.span.file == span.file && (span.end..end).contains(&read.span.start)
        };
        let reads = chart.uses.reads.iter().filter(is_here);
        let mut reads = reads.filter(|read| read.path.last().is_some_and(|last| last == field));
        let read = reads.next()?;
        let value = self.value_set(chart, span.file, &read.path)?;
        let place = if value.kind == ValueKind::Null { value.key } else { value.span };
        (value.is_empty || value.kind == ValueKind::Null).then_some(place)
    }

    /// Returns the values that have another type in one values file of a chart than in another.
    pub fn type_conflicts(&self, chart: &'a Chart) -> Vec<TypeConflict<'a>> {
        let mut found = Vec::new();
        let files: Vec<&ValuesFile> = chart.values_files().collect();
        for (at, file) in files.iter().enumerate().skip(1) {
            // Values in the order of the file, the deepest last.
            let mut open: Vec<(Vec<SmolStr>, &Value)> = Vec::new();
            let add = |open: &mut Vec<(Vec<SmolStr>, &'a Value)>,
                       path: &[SmolStr],
                       values: &'a Values| {
                for (key, value) in values.iter().rev() {
                    open.push((path.iter().chain([key]).cloned().collect(), value));
                }
            };
            add(&mut open, &[], &file.values);
            while let Some((path, value)) = open.pop() {
                let earlier = files[..at].iter();
                let usual =
                    earlier.filter_map(|file| Some((*file, value_at(&file.values, &path)?)));
                let usual = usual.into_iter().next();
                match usual {
                    Some(usual) if conflicts(usual.1, value) => {
                        let path = path.join(".");
                        found.push(TypeConflict { path, usual, here: (file, value) });
                    }
                    _ => add(&mut open, &path, &value.below),
                }
            }
        }
        found
    }

    /// Returns the values that charts of the project give to this one as their dependency.
    fn given_by_parents(&self, chart: &Chart) -> Vec<&'a Values> {
        let mut given = Vec::new();
        for parent in self.charts {
            for dependency in &parent.dependencies {
                let folder = dependency.local_folder(&parent.folder);
                let Some(key) = dependency.key().filter(|_| folder.as_ref() == Some(&chart.folder))
                else {
                    continue;
                };
                let files = parent.values_files();
                given.extend(files.filter_map(|file| Some(&file.values.get(key)?.below)));
            }
        }
        given
    }
}

/// Returns the part of a path up to the first key that no layer of values has; `None` where the value is
/// there, or where the files do not tell.
fn absent<'p>(layers: &[&Values], path: &'p [SmolStr]) -> Option<&'p [SmolStr]> {
    let mut layers = layers.to_vec();
    for (at, key) in path.iter().enumerate() {
        let here: Vec<&Value> = layers.iter().filter_map(|values| values.get(key)).collect();
        let Some(last) = here.last() else { return Some(&path[..=at]) };
        let is_table = |value: &&&Value| value.kind == ValueKind::Mapping;
        let is_open = !matches!(last.kind, ValueKind::Mapping | ValueKind::Null);
        if is_open {
            return None;
        }
        layers = here.iter().filter(is_table).map(|value| &value.below).collect();
    }
    None
}

/// Whether a path lies below a folder.
fn is_inside(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the value beside an absent one whose name is nearest.
fn near_value(values: &Values, path: &[SmolStr]) -> Option<String> {
    let (last, parent) = path.split_last()?;
    let siblings = match parent {
        [] => values,
        parent => &value_at(values, parent)?.below,
    };
    if siblings.contains_key(last) {
        return None;
    }
    let near = nearest(last, siblings.keys().map(SmolStr::as_str))
        .or_else(|| last_word_of(last, siblings))?;
    Some(parent.iter().map(SmolStr::as_str).chain([near]).collect::<Vec<_>>().join("."))
}

/// Returns the value whose name is the last word of an absent one: `port` for `externalPort`.
fn last_word_of<'v>(absent: &str, siblings: &'v Values) -> Option<&'v str> {
    let start = absent.rfind(|letter: char| letter.is_ascii_uppercase()).filter(|at| *at > 0)?;
    let word = absent[start..].to_ascii_lowercase();
    siblings.keys().map(SmolStr::as_str).find(|name| *name == word)
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// Returns the value with nearly the same name that the template tests before it reads an absent one.
fn guard_of(chart: &Chart, read: &ValueRead, path: &[SmolStr]) -> Option<String> {
    let (last, parent) = path.split_last()?;
    let is_guard = |other: &&ValueRead| {
        other.missing != Missing::None
            && other.span.file == read.span.file
            && other.span.start < read.span.start
            && other.path.split_last().is_some_and(|it| it.0 != last && it.1 == parent)
    };
    let guards = chart.uses.reads.iter().filter(is_guard);
    let near = nearest(last, guards.filter_map(|it| it.path.last()).map(SmolStr::as_str))?;
    Some(parent.iter().map(SmolStr::as_str).chain([near]).collect::<Vec<_>>().join("."))
}

/// The paths that may be missing: a template says so somewhere, or the schema asks for them.
fn covered(chart: &Chart) -> FxHashSet<&[SmolStr]> {
    let mut covered: FxHashSet<&[SmolStr]> = FxHashSet::default();
    for read in &chart.uses.reads {
        match read.missing {
            Missing::None => {}
            Missing::Last => {
                covered.insert(&read.path);
            }
            Missing::Any => covered.extend((1..=read.path.len()).map(|end| &read.path[..end])),
        }
    }
    covered.extend(chart.required.iter().map(Vec::as_slice));
    covered
}

/// The keys at the top of values that belong to others: subcharts, and what Helm shares between charts.
fn foreign_keys(chart: &Chart) -> FxHashSet<&str> {
    let dependencies = chart.dependencies.iter().filter_map(|dependency| dependency.key());
    let vendored = chart.vendored.iter().map(String::as_str);
    dependencies.chain(vendored).chain(["global", "tags"]).collect()
}

/// Whether two values have types that a template has to tell apart. A number and a string print alike, and an
/// empty value stands for any type.
fn conflicts(a: &Value, b: &Value) -> bool {
    let group = |value: &Value| match value.kind {
        ValueKind::Null => None,
        ValueKind::Bool => Some(0),
        ValueKind::Number | ValueKind::Text => Some(1),
        ValueKind::List => Some(2),
        ValueKind::Mapping => Some(3),
    };
    let kinds = group(a).zip(group(b));
    !a.is_empty && !b.is_empty && kinds.is_some_and(|(a, b)| a != b)
}
