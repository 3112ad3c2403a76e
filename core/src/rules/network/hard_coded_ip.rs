use crate::facts::{Facts, Mention, Site, Unit};
use crate::knowledge::net;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// Another program is addressed by a private IP address instead of a name.
    ///
    /// ## Why it hurts
    /// Containers, Pods and machines get a new address whenever they are recreated. The address in
    /// the file then leads nowhere, or to whatever has it now.
    ///
    /// ## What helps
    /// Use the service's name. Give a machine outside the project a name in DNS, in `extra_hosts`,
    /// or with a Service of type `ExternalName`.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps` with `docker inspect`, or `kubectl get pods,svc -o wide`, shows what has
    /// the address today.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       REDIS_URL: redis://10.0.3.17:6379/0 # <- `REDIS_URL` of service `web` contains the fixed address 10.0.3.17
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       REDIS_URL: redis://redis:6379/0
    ///   redis:
    ///     image: redis:8
    /// ```
    PLM402 "hard-coded-ip" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

/// The gateway of Docker's default bridge network, which is the host itself: PLM411 reports it.
const BRIDGE: &str = "172.17.0.1";

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        for mention in facts.peers(unit) {
            let ip = mention.host;
            if !net::is_private_ip(ip) || is_meant(facts, unit, mention) {
                continue;
            }
            let finding = out.at(
                &mention.host_span,
                format!("{} of {} contains the fixed address {ip}", mention.place(), unit.label),
            );
            let Some(workload) = facts.workload_of(unit) else { continue };
            let owner = facts.service_with_address(workload.object.file, ip);
            finding.check(format!("kubectl get pods,svc{} -o wide", workload.namespace_flag()));
            if let Some(owner) = owner.filter(|it| it.namespace == workload.namespace) {
                finding.also(&owner.span(), format!("Service `{}` has this address", owner.name));
                let span = mention.host_span;
                if facts.written(&span) == ip {
                    let edit = facts.replace(&span, owner.name);
                    finding.fix(Fix::r#unsafe(format!("Use the name `{}`", owner.name), [edit]));
                }
            }
        }
    }
}

/// Words in the names of variables that are about addresses.
const ABOUT_ADDRESSES: &[&str] =
    &["DNS", "RESOLVER", "NAMESERVER", "CIDR", "SUBNET", "GATEWAY", "POD_IP", "WHITELIST", "ALLOW"];

/// Whether the address is there on purpose: in a setting about addresses, as a link-local address,
/// or as one that Compose assigns. A default that a variable may replace counts too.
fn is_meant(facts: &Facts, unit: &Unit<'_>, mention: &Mention<'_>) -> bool {
    let ip = mention.host;
    let key = mention.key.unwrap_or_default().to_ascii_uppercase();
    let about_addresses = ABOUT_ADDRESSES.iter().any(|word| key.contains(word));
    // Link-local addresses belong to services of the platform.
    let link_local = ip.starts_with("169.254.") || ip.to_ascii_lowercase().starts_with("fe80:");
    let fixed = match unit.site {
        Site::Service(at) => {
            let service = &facts.services()[at];
            ip == BRIDGE || facts.is_fixed_address(service, ip)
        }
        Site::Container(..) => false,
    };
    about_addresses || link_local || fixed || !facts.shows_host(mention)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn web(env: &str) -> usize {
        let text = format!(
            "services:\n  web: {{image: a/b:1, environment: {{{env}}}, networks: {{n: {{ipv4_address: 10.5.0.2}}}}}}\n  db: {{image: postgres:17, networks: {{n: {{ipv4_address: 10.5.0.3}}}}}}\nnetworks: {{n: {{}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn own_and_fixed_addresses_lists_and_resolvers_are_silent() {
        assert_eq!(web("DB_HOST: 192.168.1.4"), 1);
        assert_eq!(web("DB: 'postgres://u@10.1.2.3/x'"), 1);
        for env in [
            "DB_HOST: 10.5.0.3",
            "BIND_ADDR: 10.5.0.2",
            "HOST: 0.0.0.0",
            "TRUSTED_PROXIES: 10.0.0.0/8",
            "DNS_SERVER: 10.0.0.10",
            "API: 'http://8.8.8.8:80'",
            "META: 'http://169.254.169.254/latest'",
            "DB_HOST: 127.0.0.1",
        ] {
            assert_eq!(web(env), 0, "{env}");
        }
    }

    #[test]
    fn the_address_of_a_service_is_its_name() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {clusterIP: 10.96.4.4, ports: [{port: 6379}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a, args: ['--redis=redis://10.96.4.4:6379']}]}\n";
        let found = crate::rules::testing::findings(&RULE, text);
        assert_eq!(found[0].fixes[0].edits[0].text, "redis");
    }
}
