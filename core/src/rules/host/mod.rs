//! PLM8xx: a single server run well, and a cluster that accepts what it is given.

use super::Rule;

mod authentication_switched_off;
mod dead_annotation;
mod end_of_life_image;
mod excess_privilege;
mod invalid_image_reference;
mod malformed_exposed_port;
mod no_backup_in_sight;
mod no_monitoring_in_sight;
mod no_restart_policy;
mod obsolete_version_key;
mod plain_http_edge;
mod removed_api;
mod restart_contradiction;
mod unbounded_logs;
mod unknown_or_misplaced_key;
mod unpinned_image;

pub(super) const RULES: &[&Rule] = &[
    &unpinned_image::RULE,
    &no_restart_policy::RULE,
    &unbounded_logs::RULE,
    &plain_http_edge::RULE,
    &no_backup_in_sight::RULE,
    &excess_privilege::RULE,
    &obsolete_version_key::RULE,
    &unknown_or_misplaced_key::RULE,
    &removed_api::RULE,
    &no_monitoring_in_sight::RULE,
    &invalid_image_reference::RULE,
    &end_of_life_image::RULE,
    &authentication_switched_off::RULE,
    &restart_contradiction::RULE,
    &dead_annotation::RULE,
    &malformed_exposed_port::RULE,
];
