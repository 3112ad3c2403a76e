//! PLM8xx A single server done well, and a cluster that takes what it is given.

use super::Rule;

mod invalid_image_reference;
mod obsolete_version_key;
mod removed_api;
mod unpinned_image;

pub(super) const RULES: &[&Rule] = &[
    &unpinned_image::RULE,
    &obsolete_version_key::RULE,
    &removed_api::RULE,
    &invalid_image_reference::RULE,
];
