use crate::facts::{Facts, Service, in_shell};
use crate::report::{Findings, Fix, Kind};
use crate::rules::rule;

rule! {
    /// One service calls another on the port that is published on the host.
    ///
    /// ## Why it hurts
    /// Between containers, only the container's own port counts; the published port exists only on
    /// the host. The name resolves, but the connection is refused.
    ///
    /// ## What helps
    /// Use the container port, the right-hand number in `ports`. It does not have to be published
    /// at all.
    ///
    /// ## How to troubleshoot
    /// `docker compose exec FROM nc -vz NAME PORT` is refused with the host's port and works with
    /// the container's.
    ///
    /// ## When to ignore
    /// Where the program listens on that port as well, and no file says so.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       API_URL: http://api:8081 # <- `API_URL` uses port 8081 of `api`, which exists only on the host; the container listens on port 3000
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     ports:
    ///       - "8081:3000"
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       API_URL: http://api:3000
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     ports:
    ///       - "8081:3000"
    /// ```
    PLM409 "published-port-between-services" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        for mention in facts.peers(&service.unit) {
            let port = mention.written_port(&service.unit);
            let (Some((used, span)), Some(on)) = (port, facts.compose_host(service, mention.host))
            else {
                continue;
            };
            let published = on.model.ports.iter().find(|port| {
                let is_used = port.published.is_some_and(|it| it.value == (used, used));
                is_used && port.target.value != used
            });
            let Some(port) = published else { continue };
            // A container on the network of its host, or of another container, has no ports of its
            // own.
            if on.index == service.index
                || on.model.network_mode.is_some()
                || service.model.network_mode.is_some()
                || facts.own_ports(&on.unit).contains(&used)
            {
                continue;
            }
            let target = port.target.value;
            let finding = out.at(
                &span,
                format!(
                    "{} uses port {used} of `{}`, which exists only on the host; the container listens on port {target}",
                    mention.place(),
                    mention.host
                ),
            );
            finding.also(&port.span, format!("`{}` publishes the port here", on.name)).check(
                facts.compose(
                    service,
                    &format!(
                        "exec {} nc -vz {} {target}",
                        in_shell(service.name),
                        in_shell(mention.host)
                    ),
                ),
            );
            let number = used.to_string();
            if facts.unquoted(&span) == number {
                let written = facts.written(&span).replace(&number, &target.to_string());
                let edit = facts.replace(&span, &written);
                let title = format!("Use the container port {target}");
                // The port that is published may come from the same line of an env file.
                let is_here = facts.file(span.file).kind == Kind::Compose;
                let fix = match is_here && is_certain(on, target) {
                    true => Fix::safe(title, [edit]),
                    false => Fix::r#unsafe(title, [edit]),
                };
                finding.fix(fix);
            }
        }
    }
}

/// Whether a service is known to listen on a port and nothing tells it to listen elsewhere.
fn is_certain(service: &Service<'_>, port: u16) -> bool {
    service.unit.family().is_some_and(|it| it.ports().contains(&port))
        && service.unit.start.is_empty()
        && service
            .unit
            .env
            .iter()
            .all(|it| ["PORT", "LISTEN", "ADDR", "URL"].iter().all(|word| !it.name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, messages, run};

    fn call(port: &str, api: &str) -> usize {
        let text = format!(
            "services:\n  web: {{image: a/web:1, environment: {{U: 'http://api:{port}/x'}}}}\n  api: {{image: a/api:1, {api}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_container_port_and_unknown_ports_are_silent() {
        assert_eq!(call("8081", "ports: ['8081:3000']"), 1);
        assert_eq!(call("3000", "ports: ['8081:3000']"), 0);
        assert_eq!(call("8081", "ports: ['8081:3000'], expose: [8081]"), 0);
        assert_eq!(call("8081", "ports: ['8081:3000', '9000:8081']"), 0);
        assert_eq!(call("9999", "ports: ['8081:3000']"), 0);
        assert_eq!(call("8081", "ports: ['8081:3000'], environment: {PORT: 8081}"), 0);
        assert_eq!(call("8081", "ports: ['8081:3000'], network_mode: host"), 0);
    }

    #[test]
    fn a_port_in_a_variable_or_an_option_beside_the_host_is_read_and_mended() {
        let with = |body: &str| {
            format!(
                "services:\n  web: {{image: a/web:1, {body}}}\n  db: {{image: 'postgres:17', ports: ['5433:5432']}}\n"
            )
        };
        for body in [
            "environment: {DB_HOST: db, DB_PORT: 5433}",
            "environment: {DB_HOST: db, DB_PORT: '5433'}",
            "environment: ['DB_HOST=db', 'DB_PORT=5433']",
            "command: serve --db-host db --db-port 5433",
            "command: [serve, --db-host=db, --db-port=5433]",
        ] {
            let before = files(&with(body));
            let report = run(&RULE, &before);
            assert_eq!(report.findings.len(), 1, "{body}");
            let after = apply_fixes(&before, &report);
            assert_eq!(*after[0].text, *with(&body.replace("5433", "5432")), "{body}");
        }
        for body in [
            "environment: {DB_HOST: db, DB_PORT: 5432}",
            "environment: {DB_HOST: db, CACHE_PORT: 5433}",
            "environment: {DB_HOST: other, DB_PORT: 5433}",
            "command: serve --db-host db --db-port 5432",
            "command: serve --host db --port 5433",
        ] {
            assert!(messages(&RULE, &with(body)).is_empty(), "{body}");
        }
        let shared = format!("{}# file: .env\nDB_HOST=db\nDB_PORT=5433\n", with("env_file: .env"));
        let shared = format!("# file: compose.yaml\n{shared}");
        assert!(messages(&RULE, &shared).is_empty(), "the port may be the one that is published");
    }

    #[test]
    fn every_form_of_a_port_and_of_a_url_is_read() {
        for ports in [
            "ports: [{target: 3000, published: 8081}]",
            "ports: [{target: 3000, published: '8081'}]",
            "ports: ['127.0.0.1:8081:3000']",
            "ports: ['8081:3000/tcp']",
            "ports: ['8080-8081:2999-3000']",
        ] {
            assert_eq!(call("8081", ports), 1, "{ports}");
            assert_eq!(call("3000", ports), 0, "{ports}");
        }
        let from = |web: &str| {
            let text = format!(
                "services:\n  web: {{image: a/web:1, {web}}}\n  api: {{image: a/api:1, ports: ['8081:3000']}}\n"
            );
            messages(&RULE, &text).len()
        };
        for web in [
            "environment: ['API=http://api:8081']",
            "environment: {API_ADDR: 'api:8081'}",
            "command: [serve, --api, 'http://api:8081']",
        ] {
            assert_eq!(from(web), 1, "{web}");
        }
    }

    #[test]
    fn an_env_file_is_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {web: {image: 'a/b:1', env_file: web.env}, api: {image: 'a/api:1', ports: ['8081:3000']}}\n# file: web.env\nAPI_URL=http://api:8081\n"
            ),
            1
        );
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {web: {image: 'a/b:1', env_file: web.env}, api: {image: 'a/api:1', ports: ['8081:3000']}}\n# file: web.env\nAPI_URL=http://api:3000\n"
            ),
            0
        );
    }
}
