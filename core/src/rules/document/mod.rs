//! PLM0xx: errors in the YAML itself, and comments and settings for Plimsoll that have no effect.

use super::Rule;
use crate::facts::Facts;
use crate::report::Findings;
use crate::syntax::ProblemKind;

mod command_cut_short;
mod continued_line_not_indented;
mod duplicate_key;
mod empty_list_in_override;
mod limits;
mod merge_key_surprise;
mod refused_by_compose;
mod unknown_anchor;
mod unknown_setting;
mod unparsed_template;
mod unused_suppression;
mod yaml_syntax;

pub(super) const RULES: &[&Rule] = &[
    &yaml_syntax::RULE,
    &duplicate_key::RULE,
    &unknown_anchor::RULE,
    &merge_key_surprise::RULE,
    &unparsed_template::RULE,
    &unused_suppression::RULE,
    &limits::RULE,
    &unknown_setting::RULE,
    &refused_by_compose::RULE,
    &command_cut_short::RULE,
    &continued_line_not_indented::RULE,
    &empty_list_in_override::RULE,
];

/// Reports the problems of one kind that were found while the files were read.
fn report_problems(facts: &Facts, kind: ProblemKind, out: &mut Findings) {
    for problem in facts.problems().filter(|it| it.kind == kind) {
        // PLM005 reports what another tool fills in.
        if kind == ProblemKind::Syntax && facts.is_filled_in_at(problem.span) {
            continue;
        }
        let finding = out.at(&problem.span, problem.message.clone());
        if let Some(related) = problem.related {
            finding.also(&related, "the first one is here");
        }
    }
}
