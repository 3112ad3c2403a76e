use crate::facts::{Credential, Facts, kubectl, quoted};
use crate::model::kubernetes::{Body, Object};
use crate::report::{Confidence, Findings, Role, Severity, phrases};
use crate::rules::rule;

rule! {
    /// A ConfigMap holds a credential.
    ///
    /// ## Why it hurts
    /// Far more people and programs may read ConfigMaps than Secrets: they are shown in dashboards,
    /// printed by `kubectl describe`, left out of encryption at rest, and copied into tickets. And the
    /// file with the credential is committed.
    ///
    /// ## What helps
    /// Move the entry to a Secret that an operator or SOPS keeps out of the repository, and read it with
    /// `secretKeyRef` or `secretRef`. Change the credential: it is already known.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe configmap` prints the value to everybody who may read the namespace.
    ///
    /// ## When to ignore
    /// Where the value only looks like a credential, as a public key or an identifier that every client
    /// gets does.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data:
    ///   LOG_LEVEL: info
    ///   DB_PASSWORD: hV9kq2Zr7LmX # <- ConfigMap `web` holds the credential `DB_PASSWORD` in plain text
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data:
    ///   LOG_LEVEL: info
    ///   DB_PASSWORD_FILE: /run/secrets/db
    /// ```
    PLM503 "secret-in-configmap" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for &object in facts.objects() {
        if !matches!(object.body, Body::ConfigMap(_)) {
            continue;
        }
        let all = facts.credentials(object);
        // What a comment accepts gets a finding of its own for the comment to suppress.
        let (accepted, open): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|it| facts.stands_alone(it.span, &|selector| RULE.is(selector)));
        for credentials in accepted.chunks(1).chain([open.as_slice()]) {
            report(facts, object, credentials, out);
        }
    }
}

/// Reports the credentials of one ConfigMap in one finding.
fn report(facts: &Facts, object: &Object, credentials: &[Credential<'_>], out: &mut Findings) {
    let is_weak = credentials.iter().all(|it| it.is_weak);
    // Passwords that everybody tries first are a side note beside a real one.
    let mut shown = credentials.iter().filter(|it| it.is_weak == is_weak);
    let Some(first) = shown.next() else { return };
    let others: Vec<&Credential<'_>> = shown.collect();
    let label = facts.label_as_written(object);
    let message = if others.is_empty() {
        format!("{label} holds the credential {} in plain text", first.label())
    } else {
        let labels: Vec<String> = others.iter().map(|it| it.label()).collect();
        let labels: Vec<&str> = labels.iter().map(|it| it.trim_matches('`')).collect();
        let labels = phrases::first_named(&labels, 4);
        format!("{label} holds credentials in plain text: {}, {labels}", first.label())
    };
    let finding = out.at(&first.span, message);
    finding.gathers(label.as_str());
    finding.confidence(Confidence::Likely);
    if let Some(printed) = first.printed {
        finding.subject(facts.subject_at(printed));
        finding.also(&printed, format!("{label} gets it here"));
    }
    // Several keys may get one value.
    for other in others.into_iter().filter(|other| other.span != first.span) {
        finding.also(&other.span, format!("{} is a credential too", other.label()));
    }
    if is_weak || facts.object_role(object) == Role::Development {
        finding.severity(Severity::Info);
    }
    if first.setting.is_some() {
        let key = &first.key;
        finding.help(format!(
            "Move `{key}` to a Secret that an operator or SOPS keeps out of the repository, and mount it as a \
             volume of the type `secret` in the same place. Change the credential: it is already known."
        ));
    }
    let key = first.key.replace('.', "\\.");
    finding.check(kubectl(
        "get",
        object,
        &format!("-o jsonpath={}", quoted(&format!("{{.data.{key}}}"))),
    ));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn the_place_is_behind_the_key_and_not_at_the_same_word_before_it() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  relay: |\n    index: hV9kq2Zr7-logs\n    user: x\n    password: hV9kq2Zr7\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        let start = found[0].span.range().start;
        assert_eq!(&text[start - 10..start], "password: ");
    }

    fn data(data: &str) -> Vec<(&'static str, String)> {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n{data}");
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn key_name_and_shape_must_agree() {
        for bad in [
            "  DB_PASSWORD: tR0ub4dor3\n",
            "  dbPassword: 'tR0ub4dor3'\n",
            "  URL: postgres://web:hV9kq2Zr7LmX@db/web\n",
            "  X: ghp_0123456789abcdefghij0123456789abcdef\n",
        ] {
            assert_eq!(data(bad).len(), 1, "{bad}");
        }
        for fine in [
            "  DB_PASSWORD: changeme\n",
            "  DB_PASSWORD: ''\n",
            "  DB_PASSWORD: ${DB_PASSWORD}\n",
            "  PASSWORD_MIN_LENGTH: '12'\n",
            "  DB_PASSWORD_FILE: /run/secrets/db\n",
            "  TOKEN_URL: https://login.acme.example/token\n",
        ] {
            assert!(data(fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn files_in_entries_are_read_line_by_line() {
        let found = data(
            "  app.properties: |\n    # db\n    spring.datasource.password=hV9kq2Zr7LmX\n    port=80\n",
        );
        assert_eq!(
            found[0].1,
            "ConfigMap `c` holds the credential `spring.datasource.password` in `app.properties` in plain text"
        );
        assert!(data("  app.yaml: |\n    password: ${DB_PASSWORD}\n").is_empty());
        let found =
            data("  setup.sql: |\n    CREATE USER admin WITH LOGIN PASSWORD 'eispunkt#4040#';\n");
        assert_eq!(
            found[0].1,
            "ConfigMap `c` holds the credential `PASSWORD` in `setup.sql` in plain text"
        );
        for words in ["IDENTIFIED BY", "IDENTIFIED WITH mysql_native_password BY"] {
            let found =
                data(&format!("  setup.sql: |\n    CREATE USER admin {words} 'eispunkt#4040#';\n"));
            assert!(found[0].1.contains(&format!("`{words}` in `setup.sql`")), "{found:?}");
        }
        assert!(data("  setup.sql: |\n    CREATE USER a PASSWORD 'md5d41d8cd98f00b204e9800998ecf8427e';\n").is_empty());
        assert!(data("  setup.sql: |\n    CREATE USER admin PASSWORD '${ADMIN}';\n").is_empty());
        assert!(data("  setup.sql: |\n    CREATE ROLE admin PASSWORD 'changeme';\n").is_empty());
    }

    #[test]
    fn one_configmap_is_one_finding() {
        let found =
            data("  A_PASSWORD: tR0ub4dor3\n  B_PASSWORD: tR0ub4dor4\n  C_PASSWORD: admin\n");
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0],
            (
                "warning",
                "ConfigMap `c` holds credentials in plain text: `A_PASSWORD`, `B_PASSWORD`".into()
            )
        );
        assert_eq!(data("  C_PASSWORD: admin\n")[0].0, "info");
    }

    #[test]
    fn an_accepted_entry_does_not_accept_the_others() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  A_PASSWORD: tR0ub4dor3 # plimsoll: ignore PLM503 - a demo\n  B_PASSWORD: tR0ub4dor4\n";
        assert_eq!(
            messages(&RULE, text),
            ["ConfigMap `c` holds the credential `B_PASSWORD` in plain text"]
        );
    }

    #[test]
    fn development_is_an_info() {
        let severity = |path: &str| {
            let text = format!(
                "# file: {path}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{DB_PASSWORD: hV9kq2Zr7LmX}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(severity("k8s/overlays/dev/c.yaml"), "info");
        assert_eq!(severity("k8s/c.yaml"), "warning");
    }
}
