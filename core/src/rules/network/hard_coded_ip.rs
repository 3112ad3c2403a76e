use crate::facts::{Facts, Mention, Service, Site, Unit, in_shell};
use crate::knowledge::net;
use crate::report::{Confidence, Findings, Fix, Role, Severity};
use crate::rules::rule;

rule! {
    /// Another program is addressed by a private IP address instead of a name.
    ///
    /// ## Why it hurts
    /// Containers, Pods and machines get a new address whenever they are recreated. The address in
    /// the file then leads nowhere, or to whatever has it now.
    ///
    /// ## What helps
    /// Use the service's name. Give a machine outside of the project a name in DNS or, in Compose, in
    /// `extra_hosts`; in Kubernetes, a Service without a selector and an EndpointSlice with the address.
    ///
    /// ## How to troubleshoot
    /// `docker inspect`, or `kubectl get pods,services,endpointslices -A -o wide`, shows what has the
    /// address today. If nothing has it, it belongs to a machine outside.
    ///
    /// ## When to ignore
    /// Where the address belongs to a machine outside that keeps it, and there is no DNS.
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
            if net::is_private_ip(mention.host) && !is_meant(facts, unit, mention) {
                report(facts, unit, mention, out);
            }
        }
    }
}

fn report<'a>(facts: &Facts<'a>, unit: &Unit<'a>, mention: &Mention<'a>, out: &mut Findings) {
    let ip = mention.host;
    let finding = out.at(
        &mention.host_span,
        format!("{} of {} contains the fixed address {ip}", mention.place(), unit.label),
    );
    finding.cause(ip);
    if facts.unit_role(unit) == Role::Development {
        finding.severity(Severity::Info);
    }
    if is_own_address(unit, mention) {
        finding
            .severity(Severity::Info)
            .confidence(Confidence::Possible)
            .why("The variable seems to hold the program's own address, under which people open it. It changes with the machine.")
            .help("Set the variable from `.env`, or give the machine a name in DNS.");
    }
    let Some(workload) = facts.workload_of(unit) else {
        finding.check(format!(
            "docker ps -q | xargs docker inspect -f '{{{{.Name}}}}{{{{range .NetworkSettings.Networks}}}} {{{{.IPAddress}}}}{{{{end}}}}' | grep -wF {}",
            in_shell(ip)
        ));
        return;
    };
    // A machine outside is in no list of the cluster: whether it answers is the question.
    let outside = published_on(facts, mention);
    finding.check(match outside.and(mention.port) {
        Some(port) => facts.connect(unit, ip, port),
        None => format!(
            "kubectl get pods,services,endpointslices -A -o wide | grep -wF {}",
            in_shell(ip)
        ),
    });
    let owner = facts.service_with_address(workload.object.file, ip);
    if let Some(owner) = owner.filter(|it| it.namespace == workload.namespace) {
        finding.also(&owner.span(), format!("Service `{}` has this address", owner.name));
        let span = mention.host_span;
        if facts.written(&span) == ip {
            let edit = facts.replace(&span, owner.name);
            finding.fix(Fix::r#unsafe(format!("Use the name `{}`", owner.name), [edit]));
        }
        return;
    }
    finding.help(format!(
        "If {ip} is a Pod or a Service, use the Service's name. Give a machine outside of the cluster a name in \
         DNS, or a Service without a selector and an EndpointSlice with its address; a Service of type \
         `ExternalName` takes no address."
    ));
    if let Some(service) = outside {
        let port = mention.port.unwrap_or_default();
        let note = format!("service `{}` in Compose publishes port {port}", service.name);
        finding.also(&service.span(), note);
    }
}

/// Returns the only Compose service of the application that publishes the port behind an address: it may be
/// what is meant.
fn published_on<'f, 'a>(facts: &'f Facts<'a>, mention: &Mention<'_>) -> Option<&'f Service<'a>> {
    let port = mention.port?;
    let publishes = |it: &&Service<'_>| {
        let mut ports = it.model.ports.iter();
        ports.any(|it| it.published.is_some_and(|it| it.value.0 == port))
            && facts.same_part(it.span().file, mention.span.file)
    };
    let mut all = facts.services().iter().filter(publishes);
    all.next().filter(|_| all.next().is_none())
}

/// Beginnings of the names of variables about another program, whatever the service that has them is called.
const PEERS: &[&str] = &[
    "DB", "DATABASE", "SQL", "PG", "CACHE", "MQ", "QUEUE", "SMTP", "MAIL", "EMAIL", "LDAP", "API",
    "ES", "SEARCH", "S3", "NFS",
];

/// Whether a variable seems to hold the address under which the program itself is reached: `TA_HOST` of
/// `tubearchivist`. Its prefix abbreviates the name of the service and begins several other settings, such as
/// `TA_USERNAME` and `TA_PASSWORD`. Where one of them is `TA_PORT`, or the value has a scheme or a port, the
/// variable is more likely that of another program.
fn is_own_address(unit: &Unit<'_>, mention: &Mention<'_>) -> bool {
    let Some((own, "HOST" | "HOSTNAME")) = mention.key.and_then(|it| it.rsplit_once('_')) else {
        return false;
    };
    let is_alone = mention.scheme.is_none() && mention.port.is_none();
    let is_peer = PEERS.contains(&own) || net::default_port(&own.to_ascii_lowercase()).is_some();
    let settings = unit.env.iter().filter_map(|it| it.name.strip_prefix(own)?.strip_prefix('_'));
    let settings: Vec<&str> = settings.collect();
    let mut name = unit.name.chars().map(|it| it.to_ascii_uppercase());
    let is_abbreviation =
        own.chars().next().is_some_and(|it| unit.name.to_ascii_uppercase().starts_with(it))
            && own.chars().all(|letter| name.any(|it| it == letter));
    is_alone && !is_peer && is_abbreviation && settings.len() > 2 && !settings.contains(&"PORT")
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
    fn every_place_is_read_on_both_sides() {
        let compose = |body: &str| {
            messages(&RULE, &format!("services: {{web: {{image: a/b:1, {body}}}}}\n")).len()
        };
        for body in [
            "environment: ['DB_HOST=192.168.1.4']",
            "command: serve --db 10.1.2.3:5432",
            "entrypoint: [serve, --db, 'postgres://172.20.0.5/x']",
        ] {
            assert_eq!(compose(body), 1, "{body}");
        }
        assert_eq!(compose("dns: [10.0.0.2]"), 0);
        let file = "# file: compose.yaml\nservices: {web: {image: a/b:1, env_file: app.env}}\n# file: app.env\nDB_HOST=10.1.2.3\n";
        assert_eq!(messages(&RULE, file).len(), 1);
        let pod = |container: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: a, {container}}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{DB_HOST: 10.1.2.3}}\n"
            );
            messages(&RULE, &text).len()
        };
        for container in [
            "env: [{name: DB, value: 'postgres://10.0.0.4:5432/x'}]",
            "envFrom: [{configMapRef: {name: c}}]",
            "args: ['--db=192.168.4.4:5432']",
            "command: [serve, --api, 'http://10.96.3.4:80']",
        ] {
            assert_eq!(pod(container), 1, "{container}");
        }
        for container in [
            "args: ['--listen=0.0.0.0:80']",
            "args: ['--bind=10.1.1.1:80']",
            "args: ['--cluster-cidr=10.42.0.0/16']",
            "args: ['--dns=10.96.0.10']",
            "env: [{name: TRUSTED, value: '10.0.0.0/8,192.168.0.0/16'}]",
            "env: [{name: NO_PROXY, value: '10.0.0.1,localhost'}]",
        ] {
            assert_eq!(pod(container), 0, "{container}");
        }
    }

    #[test]
    fn the_address_of_a_service_is_its_name() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {clusterIP: 10.96.4.4, ports: [{port: 6379}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a, args: ['--redis=redis://10.96.4.4:6379']}]}\n";
        let found = crate::rules::testing::findings(&RULE, text);
        assert_eq!(found[0].fixes[0].edits[0].text, "redis");
    }

    #[test]
    fn one_address_is_one_finding() {
        let text = "services:\n  web: {image: 'a/b:1', environment: {DB_HOST: 192.168.1.4, CACHE_HOST: 192.168.1.4}}\n  api: {image: 'a/c:1', environment: {DB_HOST: 192.168.1.4, MQ_HOST: 192.168.1.5}}\n";
        assert_eq!(
            messages(&RULE, text),
            [
                "`DB_HOST` of service `api` contains the fixed address 192.168.1.4 (and 2 more like it)",
                "`MQ_HOST` of service `api` contains the fixed address 192.168.1.5",
            ]
        );
    }

    #[test]
    fn a_machine_outside_of_the_cluster_gets_its_own_advice() {
        let text = "# file: compose.yaml\nservices: {registry: {image: 'nacos/nacos-server:v2', ports: ['8848:8848']}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a, env: [{name: REGISTRY, value: '192.168.3.9:8848'}]}]}\n";
        let found = crate::rules::testing::findings(&RULE, text);
        assert!(found[0].help.as_ref().is_some_and(|it| it.contains("EndpointSlice")));
        assert_eq!(found[0].related.len(), 1);
        assert!(found[0].check[0].ends_with("nc -zvw3 192.168.3.9 8848"), "{:?}", found[0].check);
        let unknown = text.replace("'8848:8848'", "'8849:8849'");
        let found = crate::rules::testing::findings(&RULE, &unknown);
        assert!(found[0].check[0].ends_with("grep -wF 192.168.3.9"), "{:?}", found[0].check);
    }

    #[test]
    fn the_address_of_the_program_itself_is_a_note() {
        let severity = |service: &str, env: &str| {
            let text =
                format!("services: {{{service}: {{image: a/b:1, environment: {{{env}}}}}}}\n");
            crate::rules::testing::findings(&RULE, &text)[0].severity.name()
        };
        let own = "TA_HOST: 192.168.1.101, TA_USERNAME: me, TA_PASSWORD: x";
        assert_eq!(severity("tubearchivist", own), "info");
        assert_eq!(severity("web", own), "warning");
        assert_eq!(severity("tubearchivist", "TA_HOST: 192.168.1.101"), "warning");
        assert_eq!(severity("tubearchivist", &format!("{own}, TA_PORT: '1'")), "warning");
        let db = "DB_HOST: 192.168.1.101, DB_USERNAME: me, DB_PASSWORD: x";
        assert_eq!(severity("dashboard", db), "warning");
    }

    #[test]
    fn an_address_behind_an_option_of_the_start_command_is_read() {
        let with = |command: &str| {
            let text = format!("services: {{web: {{image: a/web:1, command: {command}}}}}\n");
            messages(&RULE, &text).len()
        };
        assert_eq!(with("serve --db-host 10.0.0.5"), 1);
        assert_eq!(with("[serve, '--redis-server=192.168.1.20']"), 1);
        assert_eq!(with("serve --bind-address 10.0.0.5"), 0);
        assert_eq!(with("serve --release 10.0.0.5"), 0);
    }
}
