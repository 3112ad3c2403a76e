//! Which values the templates of a chart read. The templates are not rendered: their contexts are
//! followed through blocks, variables, pipelines and included templates, whatever the values are.

mod call;
mod shape;
mod walk;

pub use shape::Missing;

use super::chart::{Chart, ChartFile, Content};
use super::template::{KnownTemplates, Template};
use crate::build::origin::Text;
use crate::text::{Span, name_of};
use rustc_hash::FxHashMap;
use shape::Shape;
use smol_str::SmolStr;
use std::sync::Arc;
use walk::Walker;

/// A place in a template that reads a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueRead {
    /// The keys below `.Values`.
    pub path: Vec<SmolStr>,
    pub span: Span,
    /// Whether everything below the value is read too.
    pub is_whole: bool,
    pub missing: Missing,
    /// What the blocks around the place ask of values, from the outside in.
    pub conditions: Arc<[Condition]>,
}

/// What an `if` or a `with` asks of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The keys below `.Values`.
    pub path: Vec<SmolStr>,
    pub wanted: Wanted,
    /// Whether something else would do as well: the first part of an `or`.
    pub is_alternative: bool,
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Anything but empty.
    Something,
    /// Equal to a text.
    Equal(SmolStr),
    /// A text with this one in it.
    Containing(SmolStr),
}

/// What the templates of a chart read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueUses {
    /// In the order of the templates' paths.
    pub reads: Vec<ValueRead>,
    /// Whether all values are handed to something that is not followed: a template that is not in the
    /// project, or one whose name is computed.
    pub is_open: bool,
    /// Whether texts are rendered as templates (`tpl`), so that values and files can read values.
    pub renders_texts: bool,
}

/// Returns what the templates of a chart read. `helpers` are the files of other charts whose templates
/// can be included, such as library charts that are not vendored; `is_complete` says that there are no further
/// ones.
pub fn value_uses(
    name: &str,
    files: &[ChartFile],
    helpers: &[Vec<ChartFile>],
    is_complete: bool,
    known: &KnownTemplates,
) -> ValueUses {
    followed(name, files, helpers, is_complete, known).0
}

/// Returns what the templates of a chart read, and how many steps it took to follow them.
fn followed(
    name: &str,
    files: &[ChartFile],
    helpers: &[Vec<ChartFile>],
    is_complete: bool,
    known: &KnownTemplates,
) -> (ValueUses, usize) {
    let mut templates = Templates { known, defined: FxHashMap::default(), is_broken: false };
    for files in helpers {
        templates.add_files(files);
    }
    if let Ok(chart) = Chart::load(files) {
        chart.subcharts.iter().for_each(|subchart| templates.add_chart(subchart, 0));
    }
    let own = templates.add_files(files);
    let mut walker = Walker::new(name, &templates.defined);
    walker.uses.is_open = templates.is_broken;
    walker.is_complete = is_complete && !templates.is_broken;
    for template in &own {
        walker.template(template, Shape::Root);
    }
    walker.finish()
}

/// The named templates that can be included.
struct Templates<'k> {
    known: &'k KnownTemplates,
    defined: FxHashMap<String, Arc<Template>>,
    /// Whether a template could not be parsed.
    is_broken: bool,
}

impl Templates<'_> {
    /// Adds the templates of a chart's folder; returns those that Helm renders.
    fn add_files(&mut self, files: &[ChartFile]) -> Vec<Arc<Template>> {
        let mut own: Vec<&ChartFile> =
            files.iter().filter(|file| file.path.starts_with("templates/")).collect();
        own.sort_by(|a, b| a.path.cmp(&b.path));
        let mut rendered = Vec::new();
        for file in own {
            let Content::Text(text) = &file.content else { continue };
            let text = Text::written(&**text, Span::new(file.file, 0, text.len()));
            let body = self.add(&file.path, &text);
            rendered.extend(body.filter(|_| !name_of(&file.path).starts_with('_')));
        }
        rendered
    }

    /// Adds the templates of a subchart and of its own subcharts, which are at most as deep as charts
    /// are loaded.
    fn add_chart(&mut self, chart: &Chart, depth: usize) {
        for file in &chart.templates {
            self.add(&file.path, &file.text);
        }
        if depth < 20 {
            chart.subcharts.iter().for_each(|subchart| self.add_chart(subchart, depth + 1));
        }
    }

    /// Adds what a template defines, and returns its body.
    fn add(&mut self, path: &str, text: &Text) -> Option<Arc<Template>> {
        let Ok(parsed) = self.known.parse(path, text) else {
            self.is_broken = true;
            return None;
        };
        for template in &parsed.defined {
            self.defined.insert(template.name.clone(), Arc::clone(template));
        }
        Some(Arc::clone(&parsed.body))
    }
}

#[cfg(test)]
mod tests;
