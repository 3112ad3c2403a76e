use crate::facts::{Facts, Unit, Workload};
use crate::report::{Confidence, Findings, Role};
use crate::rules::rule;
use crate::text::{Span, Spanned};

rule! {
    /// A container listens on one port in Compose and on another in the cluster.
    ///
    /// ## Why it hurts
    /// The same image listens on the same port everywhere, unless it is configured otherwise. One
    /// of the two sides therefore sends its traffic, or its probes, to a port where nothing
    /// listens.
    ///
    /// ## What helps
    /// Use the same container port on both sides. The Service's `port`, like the published port in
    /// Compose, may differ freely.
    ///
    /// ## How to troubleshoot
    /// `ss -ltn` (or `netstat -ltn`) in the running container shows where the program listens.
    ///
    /// ## When to ignore
    /// Where the two sides build different images under the same name.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     ports: ["8080:3000"]
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports:
    ///             - containerPort: 8080 # <- container `web` of Deployment `web` declares port 8080, but service `web` in Compose listens on 3000
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     ports: ["8080:3000"]
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports:
    ///             - containerPort: 3000
    /// ```
    PLM419 "port-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let here = service.container_ports();
        let there = cluster_ports(facts, workload, pair.unit);
        let (Some(first_here), Some(first_there)) = (here.first(), there.first()) else { continue };
        let common = here.iter().any(|port| there.iter().any(|it| it.value == port.value));
        // A side that passes the port to its program may differ from the other side.
        let passed = |unit: &Unit<'_>, ports: &[Spanned<u16>]| {
            ports.iter().any(|it| names_port(unit, it.value))
        };
        let other_program = differs(&service.unit, unit)
            || (service.role == Role::Development && !service.unit.start.is_empty());
        if common || passed(unit, &there) || passed(&service.unit, &here) || other_program {
            continue;
        }
        let family = service.unit.family().or(unit.family());
        let own = family.filter(|it| here.iter().all(|port| it.ports().contains(&port.value)));
        let image = service.unit.image.as_ref().or(unit.image.as_ref());
        let by_itself = own.map(|it| match image {
            Some(image) => format!(", as the image `{}` does", image.repository),
            None => format!(", as {} does unless it is told otherwise", it.name),
        });
        let by_itself = by_itself.unwrap_or_default();
        // A list of ports in a Pod template opens none.
        let is_listed =
            workload.container(pair.unit).ports.iter().any(|it| it.container_port.is_some());
        let how = if is_listed { "declares port" } else { "gets traffic on port" };
        let finding = out.at(
            &first_there.span,
            format!(
                "{} {how} {}, but service `{}` in Compose listens on {}{by_itself}",
                unit.label,
                list(&there),
                service.name,
                list(&here)
            ),
        );
        finding
            .also(&first_here.span, format!("service `{}` in Compose", service.name))
            .check(facts.show_listeners(unit));
        for service in facts.services_for(workload) {
            finding
                .also(&service.span(), format!("Service `{}` sends traffic there", service.name));
        }
        let same = service.unit.image.as_ref().is_some_and(|image| {
            unit.image.as_ref().is_some_and(|it| it.repository == image.repository)
        });
        if !same || service.is_built() {
            finding.confidence(Confidence::Likely);
        }
    }
}

/// Renders ports as a list, without repetitions.
fn list(ports: &[Spanned<u16>]) -> String {
    let mut numbers: Vec<String> = Vec::new();
    for port in ports {
        let number = port.value.to_string();
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }
    numbers.join(", ")
}

/// Returns the container ports in the cluster: those that the container lists, else the numbers
/// that a Service sends traffic to.
fn cluster_ports(facts: &Facts, workload: &Workload<'_>, unit: usize) -> Vec<Spanned<u16>> {
    let mut ports = Vec::new();
    let mut add = |value: i64, span: Span| {
        if let Ok(number) = u16::try_from(value) {
            ports.push(Spanned::new(number, span));
        }
    };
    let container = workload.container(unit);
    for port in container.ports.iter().filter_map(|it| it.container_port) {
        add(port.value, port.span);
    }
    // With a single container, the traffic of a Service must be meant for it.
    let listed = container.ports.iter().any(|it| it.container_port.is_some());
    if !listed && workload.running().count() <= 1 {
        for service in facts.services_for(workload) {
            for target in service.model.ports.iter().filter_map(|it| it.target()) {
                if let Some(number) = target.value.as_int() {
                    add(number, target.span);
                }
            }
        }
    }
    ports
}

/// Whether a variable or a word of the command passes this port to the program.
fn names_port(unit: &Unit<'_>, port: u16) -> bool {
    let text = port.to_string();
    let contains_port = |value: &str| {
        value.match_indices(&text).any(|(at, _)| {
            let digit = |c: char| c.is_ascii_digit();
            !value[..at].ends_with(digit) && !value[at + text.len()..].starts_with(digit)
        })
    };
    unit.env.iter().any(|it| it.value.is_some_and(contains_port))
        || unit.start.words.iter().any(|it| contains_port(&it.value))
}

/// Whether the two sides run different programs, which may well listen on different ports.
fn differs(a: &Unit<'_>, b: &Unit<'_>) -> bool {
    match (&a.image, &b.image) {
        (Some(a), Some(b)) => {
            a.repository != b.repository && (a.family.is_some() || b.family.is_some())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn sides(compose: &str, container: &str) -> usize {
        messages(
            &RULE,
            &format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {compose}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', {container}}}]}}\n"
            ),
        )
        .len()
    }

    #[test]
    fn one_common_port_is_enough() {
        assert_eq!(sides("ports: ['80:3000']", "ports: [{containerPort: 8080}]"), 1);
        assert_eq!(sides("expose: [3000]", "ports: [{containerPort: 8080}]"), 1);
        let long = "ports: [{target: 3000, published: 80}]";
        assert_eq!(sides(long, "ports: [{containerPort: 8080}]"), 1);
        assert_eq!(sides(long, "ports: [{name: http, containerPort: 3000}]"), 0);
        let two = "ports: [{containerPort: 3000}, {containerPort: 9090}]";
        assert_eq!(sides("ports: ['80:3000']", two), 0);
        assert_eq!(sides("tty: true", two), 0);
    }

    #[test]
    fn a_side_that_passes_the_port_to_its_program_may_differ() {
        let variable = "ports: [{containerPort: 8080}], env: [{name: PORT, value: '8080'}]";
        assert_eq!(sides("ports: ['80:3000']", variable), 0);
        let option = "ports: [{containerPort: 8080}], args: [--listen, ':8080']";
        assert_eq!(sides("ports: ['80:3000']", option), 0);
        let by_compose = "ports: ['80:3000'], environment: {PORT: 3000}";
        assert_eq!(sides(by_compose, "ports: [{containerPort: 8080}]"), 0);
    }

    #[test]
    fn different_images_may_listen_on_different_ports() {
        let text = "# file: compose.yaml\nservices: {web: {image: 'nginx:1', ports: ['80:80']}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'nginxinc/nginx-unprivileged:1', ports: [{containerPort: 8080}]}]}\n";
        assert!(messages(&RULE, text).is_empty());
    }
}
