use crate::facts::{Facts, Part, Service, Site, Unit, Workload, is_listen_flag};
use crate::knowledge::env::listens_on_loopback;
use crate::knowledge::net;
use crate::model::kubernetes::{ServicePort, is_true};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A program listens on loopback only, although others are meant to reach it.
    ///
    /// ## Why it hurts
    /// The loopback address belongs to the container alone: traffic from a published port or a
    /// Service arrives at another address and is refused. A check from inside the container still
    /// passes.
    ///
    /// ## What helps
    /// Listen on `0.0.0.0` (or `::`). What others can reach depends on the published ports, not on
    /// this address.
    ///
    /// ## How to troubleshoot
    /// `ss -ltn` inside the container shows `127.0.0.1:PORT` instead of `0.0.0.0:PORT`.
    ///
    /// ## When to ignore
    /// Where a proxy in the same container or Pod takes the traffic and passes it on.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["gunicorn", "--bind", "127.0.0.1:8000", "app:app"] # <- `web` listens on loopback only, so connections to its published port 8000 are refused
    ///     ports: ["80:8000"]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    ///     ports: ["80:8000"]
    /// ```
    PLM413 "listens-on-loopback" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

/// A setting that makes a program listen on loopback.
struct Binding {
    span: Span,
    port: Option<u16>,
    /// Whether an option of the command sets the address, which leaves no doubt.
    by_option: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        if service.model.network_mode.is_none() && !service.model.ports.is_empty() {
            in_compose(facts, service, out);
        }
    }
    for workload in facts.workloads() {
        if !is_true(workload.model.template.spec.host_network) {
            in_cluster(facts, workload, out);
        }
    }
}

fn in_compose(facts: &Facts, service: &Service<'_>, out: &mut Findings) {
    let targets: Vec<u16> = service.model.ports.iter().map(|it| it.target.value).collect();
    for binding in bindings(facts, &service.unit) {
        let Some(port) = unreachable_port(&binding, &targets) else { continue };
        let place = service.model.ports.iter().find(|it| it.target.value == port);
        let finding = out.at(
            &binding.span,
            format!(
                "`{}` listens on loopback only, so connections to its published port {port} are refused",
                service.name
            ),
        );
        if let Some(place) = place {
            finding.also(&place.span, "published here");
        }
        finding.check(facts.show_listeners(&service.unit));
        if !binding.by_option {
            finding.confidence(Confidence::Likely);
        }
    }
}

fn in_cluster<'a>(facts: &Facts<'a>, workload: &Workload<'a>, out: &mut Findings) {
    // Of several containers, another one may receive the traffic and pass it on.
    let alone = workload.running().count() == 1;
    for unit in workload.units.iter().filter(|it| it.part != Part::Init) {
        for binding in bindings(facts, unit) {
            let reached = facts.services_for(workload).into_iter().find_map(|service| {
                let ports = service.model.ports.iter();
                let targets: Vec<u16> =
                    ports.filter_map(|port| target_number(facts, unit, port, alone)).collect();
                Some((service, unreachable_port(&binding, &targets)?))
            });
            let Some((service, port)) = reached else { continue };
            let finding = out.at(
                &binding.span,
                format!(
                    "`{}` listens on loopback only, so traffic from Service `{}` to port {port} is refused",
                    unit.name, service.name
                ),
            );
            finding
                .also(&service.span(), format!("Service `{}`", service.name))
                .check(facts.show_listeners(unit));
            if !binding.by_option {
                finding.confidence(Confidence::Likely);
            }
        }
    }
}

/// Returns the container port that a Service port sends traffic to, if this container serves it.
fn target_number(facts: &Facts, unit: &Unit<'_>, port: &ServicePort, alone: bool) -> Option<u16> {
    let Site::Container(workload, at) = unit.site else { return None };
    let target = port.target()?;
    let ports = &facts.workloads()[workload].container(at).ports;
    let listed = ports.iter().find(|it| it.is(&target.value)).and_then(|it| it.container_port);
    let number = listed.map(|it| it.value).or(target.value.as_int().filter(|_| alone))?;
    u16::try_from(number).ok()
}

/// Returns the target port that others are meant to reach but cannot.
fn unreachable_port(binding: &Binding, targets: &[u16]) -> Option<u16> {
    match (binding.port, targets) {
        (Some(port), _) => targets.contains(&port).then_some(port),
        // If the setting names no port, only a single target is certain to be affected.
        (None, [only]) => Some(*only),
        (None, _) => None,
    }
}

/// Returns every variable and option that makes the program listen on loopback.
fn bindings(facts: &Facts, unit: &Unit<'_>) -> Vec<Binding> {
    let mut found = Vec::new();
    for var in &unit.env {
        let Some(value) = var.value.filter(|it| listens_on_loopback(var.name, it)) else {
            continue;
        };
        let port = net::endpoints(value)
            .iter()
            .find_map(|it| it.port)
            .or_else(|| value.rsplit_once(':')?.1.parse().ok())
            .or_else(|| unit.value("PORT")?.trim().parse().ok());
        found.push(Binding { span: var.value_span, port, by_option: false });
    }
    for command in &unit.start.commands {
        let mut before = "";
        for word in &command.words {
            let (flag, value) = match word.text.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, value),
                _ => (before, word.text.as_str()),
            };
            before = &word.text;
            if flag != "runserver" && flag != "-S" && !sets_address(flag) {
                continue;
            }
            let (host, port) = match value.rsplit_once(':') {
                // The colons of `::1` are its own.
                Some((host, port)) if !net::is_loopback(value) => (host, port.parse::<u16>().ok()),
                _ => (value, None),
            };
            let host = host.split("//").last().unwrap_or(host);
            if net::is_loopback(host) && !host.is_empty() {
                let port = port.or_else(|| only_port(facts, unit));
                found.push(Binding { span: unit.start.span_of(word), port, by_option: true });
            }
        }
    }
    found
}

/// Returns the port that the command or the variables name, if there is only one.
fn only_port(facts: &Facts, unit: &Unit<'_>) -> Option<u16> {
    match facts.own_ports(unit).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// Whether an option sets the address that the program serves on, and not a second one for metrics
/// or debugging.
fn sets_address(flag: &str) -> bool {
    const OTHERS: &[&str] =
        &["inspect", "advertise", "announce", "health", "metrics", "debug", "admin"];
    if !is_listen_flag(flag) {
        return false;
    }
    let name = flag.trim_start_matches('-').to_ascii_lowercase();
    !OTHERS.iter().any(|word| name.contains(word))
        && !matches!(name.as_str(), "h" | "s" | "l" | "hostname" | "ip")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn web(more: &str) -> usize {
        messages(&RULE, &format!("services: {{web: {{image: 'a/web:1', {more}}}}}\n")).len()
    }

    #[test]
    fn an_option_or_a_variable_may_set_the_address() {
        assert_eq!(web("command: [uvicorn, app, --host, 127.0.0.1], ports: ['80:8000']"), 1);
        assert_eq!(web("command: [uvicorn, app, --host=localhost], ports: ['80:8000']"), 1);
        assert_eq!(
            web("command: python manage.py runserver 127.0.0.1:8000, ports: ['80:8000']"),
            1
        );
        assert_eq!(web("environment: {BIND_ADDR: '127.0.0.1:8000'}, ports: ['80:8000']"), 1);
        assert_eq!(web("environment: ['HOST=localhost'], ports: [{target: 80, published: 8}]"), 1);
        assert_eq!(web("command: [uvicorn, app, --host, '::1'], ports: ['80:8000']"), 1);
        assert_eq!(web("command: [hypercorn, -b, '[::1]:8000', app], ports: ['80:8000']"), 1);
        assert_eq!(web("entrypoint: [vite, --host, localhost], ports: ['80:5173']"), 1);
        assert_eq!(web("command: php -S localhost:8000, ports: ['80:8000']"), 1);
    }

    #[test]
    fn programs_that_nothing_has_to_reach_are_silent() {
        assert_eq!(web("command: [uvicorn, app, --host, 127.0.0.1]"), 0);
        assert_eq!(web("command: [uvicorn, app, --host, 0.0.0.0], ports: ['80:8000']"), 0);
        assert_eq!(web("command: [node, '--inspect=127.0.0.1:9229', x], ports: ['80:8000']"), 0);
        assert_eq!(web("environment: {BIND_ADDR: '127.0.0.1:9000'}, ports: ['80:8000']"), 0);
        let host = "command: [x, --host, 127.0.0.1], ports: ['80:80'], network_mode: host";
        assert_eq!(web(host), 0);
    }

    #[test]
    fn an_advertised_address_is_not_listened_on() {
        let kafka = |key: &str| {
            web(&format!(
                "environment: {{{key}: 'PLAINTEXT://localhost:9092'}}, ports: ['9092:9092']"
            ))
        };
        assert_eq!(kafka("KAFKA_LISTENERS"), 1);
        assert_eq!(kafka("KAFKA_ADVERTISED_LISTENERS"), 0);
        assert_eq!(kafka("KAFKA_CFG_ADVERTISED_LISTENERS"), 0);
    }

    fn pod(containers: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8000}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {{app: web}}}}\nspec: {{containers: [{containers}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_proxy_in_the_pod_may_receive_the_traffic() {
        let app = "{name: app, image: a, args: [gunicorn, -b, '127.0.0.1:8000']}";
        assert_eq!(pod(app), 1);
        assert_eq!(pod(&format!("{app}, {{name: proxy, image: b}}")), 0);
        let listed = "{name: app, image: a, args: [gunicorn, -b, '127.0.0.1:8000'], ports: [{containerPort: 8000}]}";
        assert_eq!(pod(&format!("{listed}, {{name: proxy, image: b}}")), 1);
    }

    #[test]
    fn a_variable_or_a_shell_may_set_it_in_the_cluster() {
        for container in [
            "env: [{name: HOST, value: 127.0.0.1}]",
            "env: [{name: BIND_ADDR, value: '127.0.0.1:8000'}]",
            "command: [sh, -c, 'exec gunicorn -b 127.0.0.1:8000 app']",
        ] {
            assert_eq!(pod(&format!("{{name: app, image: a, {container}}}")), 1, "{container}");
        }
        assert_eq!(pod("{name: app, image: a, env: [{name: HOST, value: 0.0.0.0}]}"), 0);
        let apart = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: a, env: [{name: HOST, value: 127.0.0.1}]}]}\n";
        assert!(messages(&RULE, apart).is_empty(), "no Service routes to it");
    }
}
