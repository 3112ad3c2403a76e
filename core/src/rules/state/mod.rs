//! PLM7xx: what a single container forgives, replicas do not.

use super::Rule;

mod autoscaler_range;
mod cron_overlap;
mod data_store_without_volume;
mod data_tied_to_host_name;
mod database_as_deployment;
mod file_database_replicated;
mod local_upload_replicated;
mod memory_session_replicated;
mod no_disruption_budget;
mod replicas_can_share_node;
mod rollout_cannot_place;
mod rwo_rolling_deadlock;
mod rwo_volume_shared;
mod shared_volume_writers;
mod single_attach_disk_shared;
mod single_host_replicas;
mod singleton_replicated;
mod statefulset_service;
mod sticky_assumption;

pub(super) const RULES: &[&Rule] = &[
    &rwo_volume_shared::RULE,
    &rwo_rolling_deadlock::RULE,
    &file_database_replicated::RULE,
    &memory_session_replicated::RULE,
    &local_upload_replicated::RULE,
    &database_as_deployment::RULE,
    &data_store_without_volume::RULE,
    &singleton_replicated::RULE,
    &single_host_replicas::RULE,
    &shared_volume_writers::RULE,
    &replicas_can_share_node::RULE,
    &no_disruption_budget::RULE,
    &statefulset_service::RULE,
    &sticky_assumption::RULE,
    &autoscaler_range::RULE,
    &cron_overlap::RULE,
    &rollout_cannot_place::RULE,
    &data_tied_to_host_name::RULE,
    &single_attach_disk_shared::RULE,
];
