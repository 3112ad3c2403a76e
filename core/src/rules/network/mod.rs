//! PLM4xx: names and ports mean different things on the two sides.

use super::Rule;

mod advertised_address_unreachable;
mod backend_missing;
mod cross_namespace_short_name;
mod duplicate_service_port;
mod hard_coded_ip;
mod host_gateway;
mod host_network_or_port;
mod host_port_collision;
mod injected_service_variables;
mod legacy_links;
mod listens_on_loopback;
mod localhost_for_another_service;
mod mesh_route_unreachable;
mod name_not_dns_safe;
mod network_policy_blocks_needed;
mod no_shared_network;
mod port_drift;
mod published_data_store;
mod published_port_between_services;
mod selector_matches_nothing;
mod selects_nothing;
mod service_link_collision;
mod service_name_drift;
mod service_port_unknown;
mod target_port_not_exposed;
mod template_labels_mismatch;
mod unknown_host;

pub(super) const RULES: &[&Rule] = &[
    &localhost_for_another_service::RULE,
    &hard_coded_ip::RULE,
    &injected_service_variables::RULE,
    &selector_matches_nothing::RULE,
    &target_port_not_exposed::RULE,
    &unknown_host::RULE,
    &cross_namespace_short_name::RULE,
    &backend_missing::RULE,
    &published_port_between_services::RULE,
    &no_shared_network::RULE,
    &host_gateway::RULE,
    &published_data_store::RULE,
    &listens_on_loopback::RULE,
    &host_port_collision::RULE,
    &name_not_dns_safe::RULE,
    &legacy_links::RULE,
    &host_network_or_port::RULE,
    &service_name_drift::RULE,
    &port_drift::RULE,
    &duplicate_service_port::RULE,
    &service_link_collision::RULE,
    &selects_nothing::RULE,
    &template_labels_mismatch::RULE,
    &service_port_unknown::RULE,
    &advertised_address_unreachable::RULE,
    &network_policy_blocks_needed::RULE,
    &mesh_route_unreachable::RULE,
];
