//! Suppressed places: those that a comment, an annotation or the baseline covers, and the path of keys that
//! makes a place the same place in another run.

use super::Facts;
use crate::model::kubernetes::Object;
use crate::model::{Suppression, accepted_by, key_path, key_paths};
use crate::report::Kind;
use crate::text::Span;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// The paths of keys to what the templates of charts print.
pub(super) type PrintedPaths = OnceLock<FxHashMap<Span, String>>;

impl Facts<'_> {
    /// Whether a finding at this place stands alone: somebody [accepts it](Facts::is_accepted_at), or every
    /// place is to be reported by itself. `is` says whether a selector means the rule.
    ///
    /// Rules that put several places into one finding report such a place by itself, so that what people say about
    /// one place does not decide about the others.
    pub fn stands_alone(&self, span: Span, is: &dyn Fn(&str) -> bool) -> bool {
        let splits_all = self.config.baseline.as_ref().is_some_and(|it| it.splits_all());
        splits_all || self.is_accepted_at(span, is)
    }

    /// Whether a comment, an annotation or the baseline accepts a finding at this place, or an override gives the
    /// rule a level of its own in this file. `is` says whether a selector means the rule.
    pub fn is_accepted_at(&self, span: Span, is: &dyn Fn(&str) -> bool) -> bool {
        let means = |it: &Suppression| {
            it.selectors.is_empty() || it.selectors.iter().any(|(selector, _)| is(selector))
        };
        let covers =
            |it: &&Suppression| it.covers.start <= span.start && span.start <= it.covers.end;
        let file = self.file(span.file);
        if self.config.is_overridden(file.path(), is)
            || file.directives.suppressions.iter().filter(covers).any(means)
            || self.annotations_at(span).iter().any(means)
        {
            return true;
        }
        let Some(baseline) = &self.config.baseline else { return false };
        let path = self.config.base.in_repository(file.path());
        baseline.has(&path, || self.key_path(span), is)
    }

    /// Returns what the annotations of the built object at a place accept. The annotations of objects that
    /// are applied as they are written are directives of their file.
    pub fn annotations_at(&self, span: Span) -> Vec<Suppression> {
        if !self.is_built(span.file) {
            return Vec::new();
        }
        self.built_owner(span).map_or_else(Vec::new, |(object, _)| self.annotations_of(object))
    }

    /// Returns what the annotations of an object accept.
    pub fn annotations_of(&self, object: &Object) -> Vec<Suppression> {
        accepted_by(object, &|span| self.written(&span))
    }

    /// Returns the path of keys to a place: `services.web.ports[8080:80]`. What a template prints goes by its
    /// place in the built object, and has no path where that is not known; a line of an environment file goes
    /// by its variable.
    pub fn key_path(&self, span: Span) -> String {
        let file = self.file(span.file);
        if file.kind == Kind::EnvFile {
            let line = file.lines.line_range(file.lines.line_of(span.start as usize));
            let name = file.text()[line].split('=').next().unwrap_or_default();
            return name.trim().to_owned();
        }
        if file.kind != Kind::Template {
            // Values may have thousands of keys, and name no object.
            return key_path(&file.tree, span, file.kind != Kind::Values);
        }
        let printed = self.printed_paths.get_or_init(|| {
            let trees = self.all_targets.iter().flat_map(|built| &built.target.trees);
            key_paths(trees, &|file| self.file(file).kind == Kind::Template)
        });
        printed.get(&span).cloned().unwrap_or_default()
    }
}
