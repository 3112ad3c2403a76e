//! PLM1xx: a dependency that runs is not a dependency that is ready.

use super::Rule;

mod completed_never_completes;
mod dependency_cycle;
mod dependency_without_healthcheck;
mod depends_on_started_only;
mod healthy_without_healthcheck;
mod one_shot_restarts;

pub(super) const RULES: &[&Rule] = &[
    &depends_on_started_only::RULE,
    &healthy_without_healthcheck::RULE,
    &dependency_without_healthcheck::RULE,
    &completed_never_completes::RULE,
    &one_shot_restarts::RULE,
    &dependency_cycle::RULE,
];
