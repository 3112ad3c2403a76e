//! PLM8xx A single server done well, and a cluster that takes what it is given.

use super::Rule;

mod invalid_image_reference;
mod no_restart_policy;
mod obsolete_version_key;
mod removed_api;
mod unbounded_logs;
mod unpinned_image;

pub(super) const RULES: &[&Rule] = &[
    &unpinned_image::RULE,
    &no_restart_policy::RULE,
    &unbounded_logs::RULE,
    &obsolete_version_key::RULE,
    &removed_api::RULE,
    &invalid_image_reference::RULE,
];
