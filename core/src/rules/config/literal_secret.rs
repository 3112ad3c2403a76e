use crate::facts::{Facts, PlainCredential, Site, Unit, in_shell};
use crate::model::Str;
use crate::model::compose::Port;
use crate::report::{Confidence, Findings, Precedence, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A credential is written in plain text in a file that is shared and committed.
    ///
    /// ## Why it hurts
    /// Everybody who can read the repository, the image's labels or the output of `docker inspect`
    /// has the credential, and it stays in the history after it is removed.
    ///
    /// ## What helps
    /// In Compose: `secrets` with a file, or `${NAME:?}` with the value in an `.env` file that is
    /// not committed. In Kubernetes: a `secretKeyRef` to a Secret that an operator or SOPS keeps
    /// out of the repository. Change the credential: it is already known.
    ///
    /// ## How to troubleshoot
    /// `git log -S VALUE` shows when the credential entered the repository.
    ///
    /// ## When to ignore
    /// Where the credential opens nothing but a container that is made for a test and thrown away.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: hV9kq2Zr7LmX # <- `DB_PASSWORD` of service `web` is in plain text in the file
    ///   cache:
    ///     image: redis:8.2
    ///     command: redis-server --requirepass Xm7Lr2Zq9kVh # <- argument `--requirepass` of service `cache` is in plain text in the file
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: ${DB_PASSWORD:?}
    ///   cache:
    ///     image: redis:8.2
    ///     command: redis-server --requirepass ${CACHE_PASSWORD:?}
    /// ```
    PLM502 "literal-secret" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

/// A credential with its owner.
struct Held<'f, 'a> {
    credential: PlainCredential,
    /// The container, or `None` for the metadata of an object.
    unit: Option<&'f Unit<'a>>,
    owner: String,
    role: Role,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut all: Vec<Held<'_, '_>> = Vec::new();
    for unit in facts.units() {
        for mut credential in facts.plain_credentials(unit) {
            credential.is_weak |= is_guessed(facts, unit, &credential.value);
            let (owner, role) = (unit.label.clone(), facts.unit_role(unit));
            all.push(Held { credential, unit: Some(unit), owner, role });
        }
    }
    for &object in facts.objects() {
        for credential in facts.credentials_in_metadata(object) {
            let (owner, role) = (object.label(), facts.object_role(object));
            all.push(Held { credential, unit: None, owner, role });
        }
    }
    // What repeats a name at one end of a connection is as weak at the other end.
    let key = |it: &PlainCredential| (facts.part_of(it.span.file), it.value.clone());
    let weak = all.iter().filter(|it| it.credential.is_weak).map(|it| key(&it.credential));
    let weak: FxHashSet<(usize, String)> = weak.collect();
    for mut held in all {
        held.credential.is_weak = weak.contains(&key(&held.credential));
        report(facts, &held, out);
    }
}

/// Words that end the names of variables whose values say who logs in, and where.
const NAMES_BESIDE: &[&str] = &["USER", "USERNAME", "DB", "DATABASE", "NAME", "LOGIN"];

/// Whether a password is the name of something beside it, which everybody tries first: the user, the
/// database, the service or the image.
fn is_guessed(facts: &Facts, unit: &Unit<'_>, password: &str) -> bool {
    let is_same = |name: &str| name.eq_ignore_ascii_case(password);
    let is_name = |key: &str| {
        let key = key.to_ascii_uppercase();
        NAMES_BESIDE.iter().any(|word| key.ends_with(word))
    };
    let beside = unit.env.iter().filter(|it| is_name(it.name)).filter_map(|it| it.value);
    let is_part_of_names = |name: &str| {
        name.split(['-', '_', '.']).any(is_same) && password.len() > 2 || is_same(name)
    };
    is_part_of_names(unit.name)
        || is_part_of_names(unit.program())
        || beside.into_iter().any(is_same)
        || facts.is_service_name(unit.name.span.file, &password.to_ascii_lowercase())
}

fn report(facts: &Facts, held: &Held<'_, '_>, out: &mut Findings) {
    let Held { credential, unit, owner, role } = held;
    let PlainCredential { what, name, span, value, is_weak } = credential;
    let door = unit.filter(|_| *is_weak).and_then(|it| door_of(facts, it));
    let how = match (is_weak, door) {
        (true, Some(port)) => format!(
            "is set in the file to a password that everybody tries first, and port {} is published on every address",
            port.target.value
        ),
        (true, None) => "is set in the file to a password that everybody tries first".to_owned(),
        (false, _) => "is in plain text in the file".to_owned(),
    };
    // What a template prints is written among the values.
    let set_at = match facts.values_printed_at(*span)[..] {
        [only] => Some(only),
        _ => None,
    };
    let place = set_at.unwrap_or(*span);
    let path = in_shell(facts.file(place.file).path());
    let key = set_at.and_then(|it| key_on_line(facts.file(it.file).text(), it));
    let name = key.unwrap_or(name);
    let finding = out.at(&place, format!("{what} of {owner} {how}"));
    if set_at.is_some() {
        finding.subject(facts.subject_at(*span));
        finding.also(span, "the template prints it here");
    }
    let service = unit.and_then(|it| facts.service_of(it));
    let check = match door.zip(service) {
        Some((port, service)) => {
            facts.compose(service, &format!("port {} {}", service.name, port.target.value))
        }
        None => format!("git log --oneline -G {} -- {path}", in_shell(name)),
    };
    finding
        .confidence(Confidence::Likely)
        .check(check)
        // Both ends of a connection, both sides and variants of a file have one credential.
        .cause(value.clone());
    if *role == Role::Development || *is_weak && door.is_none() {
        finding.severity(Severity::Info);
    }
    if let Some(port) = door {
        finding.precedence(Precedence::First).also(&port.span, "everybody gets in here");
    }
    let defined = service
        .and_then(|it| it.project.dot_env.iter().find(|it| it.name.as_str() == name))
        .map(|it| it.name.span);
    if let Some(unit) = unit {
        finding.why(match unit.site {
            Site::Service(_) if door.is_some() => {
                "Scanners find a published store within hours and try the usual passwords. What Docker publishes is \
                 open even behind many a firewall of the host."
            }
            Site::Service(_) => {
                "Everybody who can read the repository or the output of `docker inspect` has the credential, and it \
                 stays in the history after it is removed."
            }
            Site::Container(..) => {
                "Everybody who can read the repository, or the workload in the cluster with `kubectl get -o yaml`, \
                 has the credential, and it stays in the history after it is removed."
            }
        });
        finding.help(help_for(unit, what));
    }
    if let Some(defined) = defined {
        let file = facts.file(defined.file).path();
        finding.also(&defined, format!("`{name}` is defined here already")).help(format!(
            "`{file}` defines `{name}` already: write `${{{name}:?}}`, keep the file out of the repository, and \
             change the credential, which is already known."
        ));
    }
}

/// Returns the port with which a data store of Compose is open to other machines: one on which its program listens, a
/// console left aside.
fn door_of<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> Option<&'a Port> {
    let service = facts.service_of(unit)?;
    let family = unit.stored()?;
    let is_open = |it: &Str| matches!(it.as_str(), "0.0.0.0" | "::" | "[::]");
    let ports = service.model.ports.iter();
    let mut open = ports.filter(|it| it.host_ip.as_ref().is_none_or(is_open));
    open.find(|it| family.ports().first() == Some(&it.target.value))
}

/// Returns the key before a value on its line.
fn key_on_line(text: &str, value: Span) -> Option<&str> {
    let before = text.get(..value.start as usize)?;
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let key = line.trim_end().strip_suffix(':')?.trim_start_matches([' ', '-']);
    (!key.is_empty()).then_some(key)
}

/// Returns what helps on the side that a container is on. An argument takes a Secret through a variable.
fn help_for(unit: &Unit<'_>, what: &str) -> &'static str {
    match (unit.site, what.starts_with("argument")) {
        (Site::Service(_), _) => {
            "Use `secrets` with a file, or `${NAME:?}` with the value in an `.env` file that is not committed. \
             Change the credential: it is already known."
        }
        (Site::Container(..), false) => {
            "Use a `secretKeyRef` to a Secret that an operator or SOPS keeps out of the repository. Change the \
             credential: it is already known."
        }
        (Site::Container(..), true) => {
            "Set a variable with a `secretKeyRef` to a Secret that an operator or SOPS keeps out of the \
             repository, and write `$(NAME)` in `args`. Change the credential: it is already known."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn env(entry: &str) -> Vec<&'static str> {
        let text = format!("services: {{web: {{image: 'acme/web:1', environment: {{{entry}}}}}}}");
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn placeholders_variables_and_lookalikes_are_silent() {
        for fine in [
            "DB_PASSWORD: '${DB_PASSWORD}'",
            "DB_PASSWORD: changeme",
            "DB_PASSWORD: ''",
            "DB_PASSWORD_FILE: /run/secrets/db",
            "PASSWORD_MIN_LENGTH: '12'",
            "POSTGRES_HOST_AUTH_METHOD: trust",
            "TOKEN_URL: https://login.acme.example/token",
        ] {
            assert_eq!(env(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn the_help_is_for_the_side_that_the_credential_is_on() {
        let pod = |entry: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: p, image: 'acme/web:1', {entry}}}]}}\n"
            );
            findings(&RULE, &text)[0].help.clone().unwrap_or_default()
        };
        let variable = pod("env: [{name: DB_PASSWORD, value: hV9kq2Zr7LmX}]");
        assert!(variable.contains("secretKeyRef") && !variable.contains(".env"));
        assert!(pod("args: [--password=hV9kq2Zr7LmX]").contains("`$(NAME)` in `args`"));
        let compose =
            "services: {web: {image: 'acme/web:1', environment: {DB_PASSWORD: hV9kq2Zr7LmX}}}";
        let help = findings(&RULE, compose)[0].help.clone().unwrap_or_default();
        assert!(!help.contains("secretKeyRef"));
    }

    #[test]
    fn urls_carry_credentials_too() {
        assert_eq!(env("DATABASE_URL: 'postgres://web:hV9kq2Zr7LmX@db/web'"), ["warning"]);
        assert_eq!(env("POSTGRES_PASSWORD: postgres"), ["info"]);
        assert_eq!(env("DATASOURCEPASSWORD: hV9kq2Zr7LmX"), ["warning"]);
        assert_eq!(env("DATASOURCE: 'web:hV9kq2Zr7LmX@db:5432/web'"), ["warning"]);
    }

    #[test]
    fn tokens_and_private_keys_are_known_by_their_form() {
        for value in [
            "X: ghp_0123456789abcdefghij0123456789abcdef",
            "API_KEY: 9f86d081884c7d659a2feaa0c55ad015",
            "X: \"-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEA7bq\"",
        ] {
            assert_eq!(env(value), ["warning"], "{value}");
        }
        let list =
            "services: {web: {image: 'acme/web:1', environment: [DB_PASSWORD=hV9kq2Zr7LmX]}}";
        assert_eq!(messages(&RULE, list).len(), 1);
        let pod = |value: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: a, env: [{{name: DB_PASSWORD, {value}}}]}}]}}\n"
                ),
            )
        };
        assert_eq!(
            pod("value: hV9kq2Zr7LmX"),
            ["`DB_PASSWORD` of container `web` of Pod `web` is in plain text in the file"]
        );
        assert!(pod("valueFrom: {secretKeyRef: {name: db, key: password}}").is_empty());
    }

    /// Returns the messages for a Compose service.
    fn service(body: &str) -> Vec<String> {
        messages(&RULE, &format!("services: {{web: {{image: 'acme/web:1', {body}}}}}\n"))
    }

    #[test]
    fn arguments_are_read_in_shell_and_exec_form() {
        for (body, argument) in [
            ("command: redis-server --requirepass hV9kq2Zr7LmX", "`--requirepass`"),
            ("command: [redis-server, --requirepass, hV9kq2Zr7LmX]", "`--requirepass`"),
            ("command: [--db-password=hV9kq2Zr7LmX]", "`--db-password`"),
            (
                "entrypoint: ['java', '-Dspring.datasource.password=hV9kq2Zr7LmX', -jar, a.jar]",
                "`-Dspring.datasource.password`",
            ),
            ("command: sh -c 'PGPASSWORD=hV9kq2Zr7LmX psql -h db'", "`PGPASSWORD`"),
            ("command: mysql -uroot -phV9kq2Zr7LmX shop", "`-p`"),
            ("command: redis-cli -a hV9kq2Zr7LmX ping", "`-a`"),
        ] {
            let expected =
                format!("argument {argument} of service `web` is in plain text in the file");
            assert_eq!(service(body), [expected], "{body}");
        }
        assert_eq!(
            service("command: [migrate, 'postgres://web:hV9kq2Zr7LmX@db/web', up]"),
            ["an argument of service `web` is in plain text in the file"]
        );
        for fine in [
            "command: 'redis-server --requirepass ${CACHE_PASSWORD}'",
            "command: 'redis-server --requirepass ${CACHE_PASSWORD:-hV9kq2Zr7LmX}'",
            "command: [sh, -c, 'redis-server --requirepass \"$$CACHE_PASSWORD\"']",
            "command: [--password-file, /run/secrets/db]",
            "command: [--tls-secret, webhook-server-certificate]",
            "command: mkdir -p hV9kq2Zr7LmX",
            "command: serve --port 8080 --user web",
        ] {
            assert!(service(fine).is_empty(), "{fine}: {:?}", service(fine));
        }
    }

    #[test]
    fn labels_and_build_arguments_of_a_service_are_read() {
        for (body, what) in [
            ("labels: {acme.db-password: hV9kq2Zr7LmX}", "label `acme.db-password`"),
            ("labels: [acme.db-password=hV9kq2Zr7LmX]", "label `acme.db-password`"),
            ("deploy: {labels: {acme.db-password: hV9kq2Zr7LmX}}", "label `acme.db-password`"),
            ("annotations: {acme.db-password: hV9kq2Zr7LmX}", "annotation `acme.db-password`"),
            (
                "build: {context: ., args: {NPM_PASSWORD: hV9kq2Zr7LmX}}",
                "build argument `NPM_PASSWORD`",
            ),
            ("build: {context: ., labels: {db-password: hV9kq2Zr7LmX}}", "label `db-password`"),
        ] {
            let expected = format!("{what} of service `web` is in plain text in the file");
            assert_eq!(service(body), [expected], "{body}");
        }
        for fine in [
            "labels: {acme.db-password: '${DB_PASSWORD}'}",
            "labels: {traefik.http.routers.web.rule: 'Host(`web.example.com`)'}",
            "build: {context: ., args: [NPM_TOKEN]}",
            "build: {context: ., args: {NPM_TOKEN: '${NPM_TOKEN:-hV9kq2Zr7LmXhV9kq2Zr7LmX}'}}",
        ] {
            assert!(service(fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn arguments_labels_and_annotations_of_objects_are_read() {
        let pod = |meta: &str, container: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{metadata: {{{meta}}}, spec: {{containers: [{{name: web, image: 'acme/web:1', {container}}}]}}}}}}\n"
                ),
            )
        };
        assert_eq!(
            pod("annotations: {acme.example/db-password: hV9kq2Zr7LmX}", ""),
            [
                "annotation `acme.example/db-password` of Deployment `web` is in plain text in the file"
            ]
        );
        assert_eq!(
            pod("labels: {db-password: hV9kq2Zr7LmX}", ""),
            ["label `db-password` of Deployment `web` is in plain text in the file"]
        );
        assert_eq!(
            pod("", "args: [--db-password, hV9kq2Zr7LmX]"),
            [
                "argument `--db-password` of container `web` of Deployment `web` is in plain text in the file"
            ]
        );
        assert!(
            pod("annotations: {checksum/secret: 9f86d081884c7d659a2feaa0c55ad015}", "").is_empty()
        );
        assert!(pod("", "args: ['--db-password=$(DB_PASSWORD)']").is_empty());
        let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, annotations: {NAME}}\nspec: {}\n";
        let secret = ingress
            .replace("NAME", "nginx.ingress.kubernetes.io/auth-secret: monitoring-basic-auth");
        assert!(messages(&RULE, &secret).is_empty());
        let token = ingress
            .replace("NAME", "acme.example/webhook: ghp_0123456789abcdefghij0123456789abcdef");
        assert_eq!(messages(&RULE, &token).len(), 1);
    }

    #[test]
    fn development_is_an_info() {
        let text = "# file: compose.dev.yaml\nservices: {c: {image: 'redis:8', command: redis-server --requirepass hV9kq2Zr7LmX}}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.iter().map(|it| it.severity.name()).collect::<Vec<_>>(), ["info"]);
    }

    #[test]
    fn a_password_that_repeats_a_name_beside_it_is_an_info() {
        for weak in [
            "DB_USER: shopkeeper, DB_PASSWORD: shopkeeper",
            "POSTGRES_DB: orders7, POSTGRES_PASSWORD: orders7",
            "DB_PASSWORD: web",
        ] {
            assert_eq!(env(weak), ["info"], "{weak}");
        }
        assert_eq!(env("DB_USER: shopkeeper, DB_PASSWORD: hV9kq2Zr7LmX"), ["warning"]);
    }

    #[test]
    fn a_weak_password_of_a_store_that_is_published_is_a_warning() {
        let found = |path: &str, image: &str, ports: &str| {
            let text = format!(
                "# file: {path}\nservices:\n  db: {{image: '{image}', environment: {{MYSQL_ROOT_PASSWORD: root}}, ports: [{ports}]}}\n"
            );
            findings(&RULE, &text).remove(0)
        };
        let open = found("compose.yaml", "mysql:8.4", "'3306:3306'");
        assert_eq!(open.severity.name(), "warning");
        assert!(open.message.ends_with("port 3306 is published on every address"), "{open:?}");
        for (path, image, ports) in [
            ("compose.yaml", "mysql:8.4", ""),
            ("compose.yaml", "mysql:8.4", "'127.0.0.1:3306:3306'"),
            ("compose.yaml", "mysql:8.4", "'33060:33060'"),
            ("compose.yaml", "acme/web:1", "'3306:3306'"),
            ("compose.dev.yaml", "mysql:8.4", "'3306:3306'"),
        ] {
            assert_eq!(found(path, image, ports).severity.name(), "info", "{path} {image} {ports}");
        }
        let both = "services:\n  a: {image: 'acme/web:1', environment: {DB_PASSWORD: root}}\n  db: {image: 'mysql:8.4', environment: {MYSQL_ROOT_PASSWORD: root}, ports: ['3306:3306']}\n";
        let both = findings(&RULE, both);
        assert_eq!((both.len(), both[0].severity.name()), (1, "warning"));
        assert!(both[0].message.starts_with("`MYSQL_ROOT_PASSWORD`"), "{}", both[0].message);
    }

    #[test]
    fn the_ends_of_a_connection_are_one_finding() {
        let text = "services:\n  web: {image: 'acme/web:1', environment: {DATABASE_URL: 'postgres://web:hV9kq2Zr7LmX@db/web'}}\n  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: hV9kq2Zr7LmX}}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].related.len(), 1);
        let other =
            text.replace("POSTGRES_PASSWORD: hV9kq2Zr7LmX", "POSTGRES_PASSWORD: Xm7Lr2Zq9kVh");
        assert_eq!(findings(&RULE, &other).len(), 2);
        let accepted =
            text.replace("  db:", "  # plimsoll: ignore PLM502 - a test database\n  db:");
        assert_eq!(findings(&RULE, &accepted).len(), 1);
    }

    #[test]
    fn what_a_template_prints_is_said_at_its_value() {
        let text = "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\nmaps_api_key: 9f86d081884c7d659a2feaa0c55ad015\n# file: web/templates/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: acme/web:1\n      env:\n        - name: MAPS_API_KEY\n          value: \"{{ .Values.maps_api_key }}\"\n";
        let found = findings(&RULE, text);
        let [finding] = &found[..] else { panic!("{found:?}") };
        assert!(finding.check[0].ends_with("-G maps_api_key -- web/values.yaml"), "{finding:?}");
        assert_eq!(finding.subject, "Pod web, container web");
    }

    #[test]
    fn an_env_file_that_defines_the_name_is_pointed_at() {
        let text = "# file: compose.yaml\nservices: {db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: hV9kq2Zr7LmX}}}\n# file: .env\nPOSTGRES_PASSWORD=other\n";
        let found = findings(&RULE, text);
        assert!(found[0].related.iter().any(|it| it.message.contains("defined here already")));
        assert!(found[0].help.as_ref().is_some_and(|it| it.contains("${POSTGRES_PASSWORD:?}")));
    }

    #[test]
    fn a_cluster_for_development_is_an_info() {
        let severity = |path: &str| {
            let text = format!(
                "# file: {path}\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: DB_PASSWORD, value: hV9kq2Zr7LmX}}]}}]}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(severity("k8s/overlays/dev/web.yaml"), "info");
        assert_eq!(severity("k8s/web.yaml"), "warning");
    }
}
