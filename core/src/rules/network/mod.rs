//! PLM4xx: names and ports mean different things on the two sides.

use super::Rule;

mod host_port_collision;
mod published_data_store;
mod selector_matches_nothing;
mod target_port_not_exposed;
mod template_labels_mismatch;

pub(super) const RULES: &[&Rule] = &[
    &selector_matches_nothing::RULE,
    &target_port_not_exposed::RULE,
    &published_data_store::RULE,
    &host_port_collision::RULE,
    &template_labels_mismatch::RULE,
];
