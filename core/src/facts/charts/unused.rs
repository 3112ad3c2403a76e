//! Values that no template of their chart reads.

use super::{Facts, foreign_keys, near_value};
use crate::model::chart::{Chart, Value, Values, ValuesFile};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// A value that no template reads.
#[derive(Debug)]
pub struct UnusedValue<'a> {
    pub file: &'a ValuesFile,
    pub path: String,
    pub value: &'a Value,
    /// The same value in further values files.
    pub others: Vec<&'a Value>,
    /// The value of `values.yaml` that was probably meant.
    pub near: Option<String>,
}

impl<'a> Facts<'a> {
    /// Returns the values that no template of a chart reads, the topmost of each.
    pub fn unused_values(&self, chart: &'a Chart) -> Vec<UnusedValue<'a>> {
        if chart.uses.is_open || chart.is_library() || chart.uses.reads.is_empty() {
            return Vec::new();
        }
        let used = Used::of(chart);
        let mut found: Vec<UnusedValue<'a>> = Vec::new();
        let mut known: FxHashMap<Vec<SmolStr>, usize> = FxHashMap::default();
        for file in chart.values_files().filter(|file| !file.is_cut) {
            let mut unused = Vec::new();
            used.collect(&file.values, &mut Vec::new(), &mut unused);
            for (path, value) in unused {
                if let Some(at) = known.get(&path) {
                    found[*at].others.push(value);
                    continue;
                }
                if (1..path.len()).any(|length| known.contains_key(&path[..length])) {
                    continue;
                }
                let own = chart.values.as_ref().filter(|own| own.file != file.file);
                let near = own.and_then(|own| near_value(&own.values, &path));
                let others = Vec::new();
                known.insert(path.clone(), found.len());
                found.push(UnusedValue { file, path: path.join("."), value, others, near });
            }
        }
        found
    }
}

/// What the templates of a chart read, for looking values up.
struct Used<'a> {
    /// The paths of values that are read with everything below.
    whole: FxHashSet<&'a [SmolStr]>,
    /// The paths at or above something that is read.
    touched: FxHashSet<&'a [SmolStr]>,
    foreign: FxHashSet<&'a str>,
    conditions: Vec<Vec<SmolStr>>,
}

impl<'a> Used<'a> {
    fn of(chart: &'a Chart) -> Used<'a> {
        let conditions = chart.dependencies.iter().filter_map(|it| it.condition.as_ref());
        let conditions = conditions.flat_map(|field| field.text.split(','));
        let mut used = Used {
            whole: FxHashSet::default(),
            touched: FxHashSet::default(),
            foreign: foreign_keys(chart),
            conditions: conditions
                .map(|path| path.trim().split('.').map(SmolStr::from).collect())
                .collect(),
        };
        for read in &chart.uses.reads {
            used.add(&read.path, read.is_whole);
        }
        chart.text_reads.iter().for_each(|path| used.add(path, true));
        used
    }

    fn add(&mut self, path: &'a [SmolStr], is_whole: bool) {
        self.touched.extend((1..=path.len()).map(|end| &path[..end]));
        if is_whole {
            self.whole.insert(path);
        }
    }

    /// Collects the topmost values that are not read.
    fn collect<'v>(
        &self,
        values: &'v Values,
        path: &mut Vec<SmolStr>,
        unused: &mut Vec<(Vec<SmolStr>, &'v Value)>,
    ) {
        if self.whole.contains(path.as_slice()) {
            return;
        }
        for (key, value) in values {
            if path.is_empty() && self.foreign.contains(key.as_str()) || value.is_anchored {
                continue;
            }
            path.push(key.clone());
            if self.touched.contains(path.as_slice()) {
                self.collect(&value.below, path, unused);
            } else if !self.conditions.iter().any(|it| it.starts_with(path)) {
                unused.push((path.clone(), value));
            }
            path.pop();
        }
    }
}
