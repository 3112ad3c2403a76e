//! PLM5xx: the configuration is one contract, delivered in two ways.

use super::Rule;

mod env_drift;
mod env_not_a_string;
mod file_of_the_project_missing;
mod literal_secret;
mod missing_key;
mod missing_reference;
mod undefined_name;
mod unset_variable;

pub(super) const RULES: &[&Rule] = &[
    &unset_variable::RULE,
    &literal_secret::RULE,
    &missing_reference::RULE,
    &missing_key::RULE,
    &env_drift::RULE,
    &env_not_a_string::RULE,
    &undefined_name::RULE,
    &file_of_the_project_missing::RULE,
];
