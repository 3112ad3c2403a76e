//! PLM1xx: a dependency that runs is not a dependency that is ready.

use super::Rule;

mod completed_never_completes;
mod dependency_cycle;
mod dependency_without_healthcheck;
mod depends_on_started_only;
mod healthy_without_healthcheck;
mod missing_readiness_probe;
mod no_wait_after_split;
mod one_shot_restarts;
mod sleep_as_ordering;
mod undeclared_dependency;
mod wait_in_main_container;
mod waits_for_unknown_service;

pub(super) const RULES: &[&Rule] = &[
    &depends_on_started_only::RULE,
    &healthy_without_healthcheck::RULE,
    &dependency_without_healthcheck::RULE,
    &undeclared_dependency::RULE,
    &completed_never_completes::RULE,
    &one_shot_restarts::RULE,
    &sleep_as_ordering::RULE,
    &wait_in_main_container::RULE,
    &waits_for_unknown_service::RULE,
    &missing_readiness_probe::RULE,
    &dependency_cycle::RULE,
    &no_wait_after_split::RULE,
];
