//! Annotations of built objects that accept findings, wherever the sources of the objects stand.

use super::is_about_text;
use crate::facts::Facts;
use crate::model::Suppression;
use crate::report::Finding;
use crate::rules;
use crate::suppress::Used;
use crate::text::Span;
use rustc_hash::FxHashSet;

/// Record of the findings that annotations of built objects have silenced so far.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// The words that silenced anything.
    pub used: Used,
    /// The silenced findings. Several targets may have one of them.
    silenced: FxHashSet<(&'static str, Span, String)>,
}

impl Annotations {
    /// Takes out the findings that the annotations of their objects accept.
    pub(super) fn take_out(&mut self, findings: &mut Vec<Finding>, facts: &Facts<'_>) {
        findings.retain(|finding| {
            let accepted = !is_about_text(finding) && self.accept(finding, facts);
            if accepted {
                self.silenced.insert((finding.code, finding.span, finding.subject.clone()));
            }
            !accepted
        });
    }

    fn accept(&mut self, finding: &Finding, facts: &Facts<'_>) -> bool {
        let Some(rule) = rules::find(finding.code) else { return false };
        let mut accepted = false;
        for Suppression { selectors, span, .. } in facts.annotations_at(finding.span) {
            if selectors.is_empty() {
                self.used.insert((span, String::new()));
                accepted = true;
            }
            for (selector, _) in selectors.into_iter().filter(|(selector, _)| rule.is(selector)) {
                self.used.insert((span, selector));
                accepted = true;
            }
        }
        accepted
    }

    /// Returns the number of silenced findings.
    pub(super) fn count(&self) -> usize {
        self.silenced.len()
    }
}

/// Returns what comments and annotations accept, those of all built objects included.
pub(super) fn suppressions(facts: &Facts<'_>) -> Vec<Suppression> {
    let in_files = facts.files().iter().flat_map(|file| &file.directives.suppressions);
    let mut all: Vec<Suppression> = in_files.cloned().collect();
    let mut known: FxHashSet<Span> = all.iter().map(|suppression| suppression.span).collect();
    let built = facts.all_targets().iter().flat_map(|target| &target.objects);
    for suppression in built.flat_map(|object| facts.annotations_of(object)) {
        if known.insert(suppression.span) {
            // The findings on the object were taken out with the object at hand.
            all.push(Suppression { covers: suppression.span, ..suppression });
        }
    }
    all
}
