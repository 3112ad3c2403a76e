//! PLM2xx: migrations run once per release, not once per Pod.

use super::Rule;

mod migration_drift;
mod migration_hook_phase;
mod migration_in_app_start;
mod migration_in_init_container;
mod migration_in_lifecycle_hook;
mod migration_job_immutable;
mod migration_job_parallel;
mod migration_job_unordered;
mod migration_not_awaited;

pub(super) const RULES: &[&Rule] = &[
    &migration_in_app_start::RULE,
    &migration_in_init_container::RULE,
    &migration_in_lifecycle_hook::RULE,
    &migration_job_parallel::RULE,
    &migration_job_unordered::RULE,
    &migration_not_awaited::RULE,
    &migration_job_immutable::RULE,
    &migration_hook_phase::RULE,
    &migration_drift::RULE,
];
