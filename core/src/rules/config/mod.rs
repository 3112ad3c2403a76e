//! PLM5xx: the configuration is one contract, delivered in two ways.

use super::Rule;

mod committed_secret;
mod config_change_not_rolled;
mod config_path_drift;
mod debug_in_production;
mod duplicate_env;
mod env_drift;
mod env_file_missing;
mod env_not_a_string;
mod file_of_the_project_missing;
mod literal_quotes_in_env;
mod literal_secret;
mod missing_key;
mod missing_reference;
mod secret_in_configmap;
mod undefined_name;
mod undocumented_env;
mod unset_variable;
mod unused_definition;
mod value_drift;
mod yaml_surprise;

pub(super) const RULES: &[&Rule] = &[
    &unset_variable::RULE,
    &literal_secret::RULE,
    &secret_in_configmap::RULE,
    &missing_reference::RULE,
    &missing_key::RULE,
    &env_drift::RULE,
    &env_file_missing::RULE,
    &undocumented_env::RULE,
    &committed_secret::RULE,
    &env_not_a_string::RULE,
    &yaml_surprise::RULE,
    &duplicate_env::RULE,
    &config_path_drift::RULE,
    &config_change_not_rolled::RULE,
    &undefined_name::RULE,
    &unused_definition::RULE,
    &debug_in_production::RULE,
    &value_drift::RULE,
    &literal_quotes_in_env::RULE,
    &file_of_the_project_missing::RULE,
];
