//! PLM3xx: files mounted from the host hide what the image lacks.

use super::Rule;

mod anonymous_volume_mask;
mod bind_mounted_config_lost;
mod build_without_image;
mod command_drift;
mod dev_command_in_service;
mod docker_socket_mount;
mod env_file_as_mount;
mod host_path_volume;
mod image_drift;
mod machine_specific_path;
mod mount_shadows_directory;
mod read_only_root_without_scratch;
mod source_bind_mount;
mod writable_path_drift;

pub(super) const RULES: &[&Rule] = &[
    &source_bind_mount::RULE,
    &anonymous_volume_mask::RULE,
    &dev_command_in_service::RULE,
    &host_path_volume::RULE,
    &read_only_root_without_scratch::RULE,
    &mount_shadows_directory::RULE,
    &bind_mounted_config_lost::RULE,
    &docker_socket_mount::RULE,
    &machine_specific_path::RULE,
    &writable_path_drift::RULE,
    &build_without_image::RULE,
    &env_file_as_mount::RULE,
    &image_drift::RULE,
    &command_drift::RULE,
];
