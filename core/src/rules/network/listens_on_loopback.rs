use crate::facts::{Facts, Part, Site, Unit, is_listen_flag};
use crate::knowledge::env::listens_on_loopback;
use crate::knowledge::net;
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;
use crate::words::stands_in;

rule! {
    /// A program is told to listen on loopback while others are to reach it.
    ///
    /// ## Why it hurts
    /// Loopback is the container's own: traffic that a published port or a Service brings arrives at
    /// another address, and is refused. A check from inside the container still passes.
    ///
    /// ## What helps
    /// Listen on `0.0.0.0` (or `::`). What may come in is decided by what is published, not by this
    /// address.
    ///
    /// ## How to troubleshoot
    /// `ss -ltn` inside the container shows `127.0.0.1:PORT` in place of `0.0.0.0:PORT`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["gunicorn", "--bind", "127.0.0.1:8000", "app:app"] # <- `web` listens on loopback only, so its published port 8000 is refused
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

/// Where a program is told to listen on loopback.
struct Told {
    span: Span,
    port: Option<u16>,
    /// By an option of its command, which leaves no doubt.
    by_option: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        if service.model.network_mode.is_some() || service.model.ports.is_empty() {
            continue;
        }
        let mut targets: Vec<u16> = Vec::new();
        for port in &service.model.ports {
            targets.push(port.target.value);
        }
        for told in told(facts, &service.unit) {
            let Some(port) = reached(&told, &targets) else { continue };
            let place = service.model.ports.iter().find(|it| it.target.value == port);
            let finding = out.at(
                &told.span,
                format!(
                    "`{}` listens on loopback only, so its published port {port} is refused",
                    service.name
                ),
            );
            if let Some(place) = place {
                finding.also(&place.span, "published here");
            }
            finding.check(format!("docker compose exec {} ss -ltn", service.name));
            if !told.by_option {
                finding.confidence(Confidence::Likely);
            }
        }
    }
    for workload in facts.workloads() {
        let on_host = crate::model::kubernetes::is_true(workload.model.template.spec.host_network);
        let alone = workload.running().count() == 1;
        for unit in workload.units.iter().filter(|it| it.part != Part::Init && !on_host) {
            for told in told(facts, unit) {
                for service in facts.services_for(workload) {
                    // Of several containers another one may take the traffic and pass it on.
                    let mut targets: Vec<u16> = Vec::new();
                    for port in &service.model.ports {
                        targets.extend(target_number(facts, unit, port, alone));
                    }
                    let Some(port) = reached(&told, &targets) else { continue };
                    let finding = out.at(
                        &told.span,
                        format!(
                            "`{}` listens on loopback only, so what Service `{}` sends to port {port} is refused",
                            unit.name,
                            service.name
                        ),
                    );
                    finding
                        .also(&service.span(), format!("Service `{}`", service.name))
                        .check(workload.exec(unit, "ss -ltn"));
                    if !told.by_option {
                        finding.confidence(Confidence::Likely);
                    }
                    break;
                }
            }
        }
    }
}

/// The port that a Service sends to, if this container takes it.
fn target_number(
    facts: &Facts,
    unit: &Unit<'_>,
    port: &crate::model::kubernetes::ServicePort,
    alone: bool,
) -> Option<u16> {
    let Site::Container(workload, at) = unit.site else { return None };
    let target = port.target()?;
    let ports = &facts.workloads()[workload].container(at).ports;
    let listed = ports.iter().find(|it| it.is(&target.value)).and_then(|it| it.container_port);
    let number = listed.map(|it| it.value).or(target.value.as_int().filter(|_| alone))?;
    u16::try_from(number).ok()
}

/// The port that is meant to be reached and is not.
fn reached(told: &Told, targets: &[u16]) -> Option<u16> {
    match told.port {
        Some(port) => targets.contains(&port).then_some(port),
        // Without a number only a single port is surely the one.
        None => match targets {
            [only] => Some(*only),
            _ => None,
        },
    }
}

fn told(facts: &Facts, unit: &Unit<'_>) -> Vec<Told> {
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
        found.push(Told { span: var.value_span, port, by_option: false });
    }
    for command in &unit.start.commands {
        let mut before = "";
        for word in &command.words {
            let (flag, value) = match word.text.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, value),
                _ => (before, word.text.as_str()),
            };
            before = &word.text;
            if flag != "runserver" && flag != "-S" && !listens(flag) {
                continue;
            }
            let (host, port) = match value.rsplit_once(':') {
                Some((host, port)) => (host, port.parse::<u16>().ok()),
                None => (value, None),
            };
            let host = host.split("//").last().unwrap_or(host);
            if net::is_loopback(host) && !host.is_empty() {
                let port = port.or_else(|| only_port(facts, unit));
                found.push(Told { span: unit.start.span_of(word), port, by_option: true });
            }
        }
    }
    found
}

/// The one port that the command or the variables name.
fn only_port(facts: &Facts, unit: &Unit<'_>) -> Option<u16> {
    match facts.own_ports(unit).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// Options of the address that is served on, not of a second one for metrics or debugging.
fn listens(flag: &str) -> bool {
    const OTHERS: &str = "inspect advertise announce health metrics debug admin";
    if !is_listen_flag(flag) {
        return false;
    }
    let name = flag.trim_start_matches('-').to_ascii_lowercase();
    !stands_in(OTHERS, &name) && !matches!(name.as_str(), "h" | "s" | "l" | "hostname" | "ip")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn web(more: &str) -> usize {
        messages(&RULE, &format!("services: {{web: {{image: 'a/web:1', {more}}}}}\n")).len()
    }

    #[test]
    fn an_option_or_a_variable_may_say_it() {
        assert_eq!(web("command: [uvicorn, app, --host, 127.0.0.1], ports: ['80:8000']"), 1);
        assert_eq!(web("command: [uvicorn, app, --host=localhost], ports: ['80:8000']"), 1);
        assert_eq!(
            web("command: python manage.py runserver 127.0.0.1:8000, ports: ['80:8000']"),
            1
        );
        assert_eq!(web("environment: {BIND_ADDR: '127.0.0.1:8000'}, ports: ['80:8000']"), 1);
    }

    #[test]
    fn what_nobody_is_to_reach_is_silent() {
        assert_eq!(web("command: [uvicorn, app, --host, 127.0.0.1]"), 0);
        assert_eq!(web("command: [uvicorn, app, --host, 0.0.0.0], ports: ['80:8000']"), 0);
        assert_eq!(web("command: [node, '--inspect=127.0.0.1:9229', x], ports: ['80:8000']"), 0);
        assert_eq!(web("environment: {BIND_ADDR: '127.0.0.1:9000'}, ports: ['80:8000']"), 0);
        let host = "command: [x, --host, 127.0.0.1], ports: ['80:80'], network_mode: host";
        assert_eq!(web(host), 0);
    }

    fn pod(containers: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8000}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {{app: web}}}}\nspec: {{containers: [{containers}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_proxy_in_the_pod_may_take_the_traffic() {
        let app = "{name: app, image: a, args: [gunicorn, -b, '127.0.0.1:8000']}";
        assert_eq!(pod(app), 1);
        assert_eq!(pod(&format!("{app}, {{name: proxy, image: b}}")), 0);
        let listed = "{name: app, image: a, args: [gunicorn, -b, '127.0.0.1:8000'], ports: [{containerPort: 8000}]}";
        assert_eq!(pod(&format!("{listed}, {{name: proxy, image: b}}")), 1);
    }
}
