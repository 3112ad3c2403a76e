//! PLM3xx: files mounted from the host hide what the image lacks.

use super::Rule;

mod bind_mounted_config_lost;
mod docker_socket_mount;
mod image_drift;
mod machine_specific_path;
mod source_bind_mount;
mod writable_path_drift;

pub(super) const RULES: &[&Rule] = &[
    &source_bind_mount::RULE,
    &bind_mounted_config_lost::RULE,
    &docker_socket_mount::RULE,
    &machine_specific_path::RULE,
    &writable_path_drift::RULE,
    &image_drift::RULE,
];
