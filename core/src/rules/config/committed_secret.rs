use crate::facts::{Credential, Facts, in_shell};
use crate::model::kubernetes::{Body, Object};
use crate::report::{Confidence, Findings, Kind, Role, Severity, phrases};
use crate::rules::rule;
use crate::text::{Span, name_of};

rule! {
    /// A Secret is committed with its values: base64 is not encryption.
    ///
    /// ## Why it hurts
    /// Everybody who can read the repository has the credential, and it stays in the history after it
    /// is removed. A Secret in a file also overwrites the one that somebody rotated in the cluster.
    ///
    /// ## What helps
    /// Commit a SealedSecret, an ExternalSecret, or a Secret that SOPS has encrypted; or create the
    /// Secret outside of the repository. Change the credential: it is already known.
    ///
    /// ## How to troubleshoot
    /// `git log -G KEY -- FILE` shows when it came into the repository and when it changed.
    ///
    /// ## When to ignore
    /// Where the Secret is for a cluster that is made for a test and thrown away.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: { name: db }
    /// stringData:
    ///   username: web
    ///   password: hV9kq2Zr7LmX # <- Secret `db` is committed with `password` in readable form
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: bitnami.com/v1alpha1
    /// kind: SealedSecret
    /// metadata: { name: db }
    /// spec:
    ///   encryptedData: { password: AgBy3i4OJSWK }
    /// ```
    PLM509 "committed-secret" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for &object in facts.objects() {
        if !matches!(object.body, Body::Secret(_)) {
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

/// Reports the credentials of one Secret in one finding.
fn report(facts: &Facts, object: &Object, credentials: &[Credential<'_>], out: &mut Findings) {
    let is_weak = credentials.iter().all(|it| it.is_weak);
    // Passwords that everybody tries first are a side note beside a real one.
    let mut shown: Vec<&Credential<'_>> =
        credentials.iter().filter(|it| it.is_weak == is_weak).collect();
    shown.sort_by_key(|it| it.span);
    let [first, others @ ..] = shown.as_slice() else { return };
    let labels: Vec<String> = shown.iter().map(|it| it.label()).collect();
    let labels: Vec<&str> = labels.iter().map(|it| it.trim_matches('`')).collect();
    let what = phrases::first_named(&labels, 5);
    let label = facts.label_as_written(object);
    let is_default = facts.file(first.span.file).kind == Kind::Values;
    let message = match (is_weak, is_default) {
        (true, true) => {
            format!("the values set {what} of {label} to a password that everybody tries first")
        }
        (true, false) => {
            format!("{label} is committed with a password that everybody tries first: {what}")
        }
        (false, true) => format!("the values set {what} of {label} to a password in readable form"),
        (false, false) => format!("{label} is committed with {what} in readable form"),
    };
    let finding = out.at(&first.span, message);
    finding.gathers(label.as_str());
    finding.confidence(Confidence::Likely);
    if let Some(printed) = first.printed {
        finding.subject(facts.subject_at(printed));
        finding.also(&printed, format!("{label} gets it here"));
    }
    // Several keys may get one value.
    for other in others.iter().filter(|other| other.span != first.span) {
        finding.also(&other.span, format!("{} is readable too", other.label()));
    }
    if is_default {
        finding.help(
            "Leave the value empty and ask for it with `required`, or take the name of a Secret that is there \
             already (`existingSecret`). Everybody who installs the chart with its defaults has this password.",
        );
    }
    let path = facts.file(first.span.file).path();
    let is_example = is_example(object) || is_template(path);
    if is_weak || is_example || facts.object_role(object) == Role::Development {
        finding.severity(Severity::Info);
    }
    let key = key_before(facts, first.span).unwrap_or(first.key.as_str());
    finding.check(format!("git log --oneline -G {} -- {}", in_shell(key), in_shell(path)));
    // Examples beside each other often share one Secret.
    let values: Vec<&str> = shown.iter().map(|it| facts.written(&it.span)).collect();
    finding.cause_in_this_run(format!("{what} {}", values.join(" ")));
}

/// Whether an object says by its name that it is a demonstration: `shopdemo`, `example-db`.
fn is_example(object: &Object) -> bool {
    let name = object.name().map_or("", |it| it.as_str());
    ["demo", "example", "sample"].iter().any(|it| name.ends_with(it) || name.starts_with(it))
}

/// Whether a file says by its name that it is to be copied and filled in: `secret.template.yaml`,
/// `secrets-example.yaml`.
fn is_template(path: &str) -> bool {
    let mut words = name_of(path).split(['.', '-', '_']);
    words.any(|it| matches!(it, "template" | "example" | "sample" | "dist"))
}

/// Returns the key on the line of a place, as written: the key of a value of a chart is another one than that
/// of the Secret.
fn key_before<'a>(facts: &Facts<'a>, span: Span) -> Option<&'a str> {
    let before = facts.file(span.file).text().get(..span.range().start)?;
    let line = before.rsplit('\n').next()?.trim_start().trim_start_matches("- ");
    let key = line.split([':', '=']).next()?.trim().trim_matches(['"', '\'']);
    let is_key = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn a_generated_object_has_the_name_that_its_generator_gives_it() {
        let text = "# file: kustomization.yaml\nsecretGenerator: [{name: db-auth, literals: [password=hV9kq2Zr7LmX]}]\n";
        let found = messages(&RULE, text);
        assert_eq!(found, ["Secret `db-auth` is committed with `password` in readable form"]);
        let named = "# file: kustomization.yaml\nnamePrefix: shop-\nresources: [s.yaml]\n# file: s.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hV9kq2Zr7LmX}\n";
        let found = messages(&RULE, named);
        assert_eq!(found, ["Secret `shop-db` is committed with `password` in readable form"]);
    }

    fn secret(body: &str) -> Vec<(&'static str, String)> {
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\n{body}\n");
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn plain_text_and_base64_are_both_readable() {
        for bad in [
            "stringData: {password: hV9kq2Zr7LmX}",
            // hV9kq2Zr7LmX
            "data: {password: aFY5a3EyWnI3TG1Y}",
            "data:\n  password: >-\n    aFY5a3Ey\n    WnI3TG1Y",
            "stringData: {pass: hV9kq2Zr7LmX}",
            "stringData: {url: 'postgres://web:hV9kq2Zr7LmX@db/web'}",
            "stringData:\n  key.pem: |\n    -----BEGIN RSA PRIVATE KEY-----\n    MIIEpAIBAAKCAQEA\n    -----END RSA PRIVATE KEY-----",
            "stringData:\n  config.json: |\n    {\"auths\": {\"r.acme.example\": {\"username\": \"ci\", \"password\": \"hV9kq2Zr7LmX\"}}}",
        ] {
            let found = secret(bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(found[0].0, "warning", "{bad}");
        }
    }

    #[test]
    fn placeholders_and_names_are_silent_and_weak_passwords_a_note() {
        for fine in [
            "stringData: {password: changeme}",
            "stringData: {password: <your password>}",
            "stringData: {OPENAI_API_KEY: openapi_key_here, token: put-the-token-here}",
            "data: {password: ''}",
            // changeme
            "data: {password: Y2hhbmdlbWU=}",
            "stringData: {username: web, host: db.acme.example}",
            "data: {keystore: /u3+7QAAAAIAAAAB}",
            "stringData:\n  .dockerconfigjson: |\n    {\"auths\": {\"r.acme.example\": {\"username\": \"USERNAME\", \"password\": \"PASSWORD\", \"auth\": \"BASE64 USERNAME:PASSWORD\"}}}",
        ] {
            assert!(secret(fine).is_empty(), "{fine}");
        }
        // postgres
        assert_eq!(secret("data: {password: cG9zdGdyZXM=}")[0].0, "info");
    }

    #[test]
    fn a_value_of_a_chart_is_shown_with_its_template() {
        let chart = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\npassword: hV9kq2Zr7LmX\n# file: c/templates/a.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: {{ .Values.password }}\n  other-password: {{ .Values.password }}\n";
        let found = findings(&RULE, chart);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject, "Secret db");
        let mut places: Vec<_> = found[0].related.iter().map(|it| it.span).collect();
        let count = places.len();
        places.dedup();
        assert_eq!(places.len(), count);
        assert!(places.iter().any(|place| place.file != found[0].span.file));
    }

    #[test]
    fn encrypted_secrets_and_operators_are_silent() {
        assert!(secret("stringData: {password: hV9kq2Zr7LmX}\nsops: {version: 3.9.0}").is_empty());
        for kind in [
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {password: hV9kq2Zr7LmX}}",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: [{secretKey: password, remoteRef: {key: hV9kq2Zr7LmX}}]}",
        ] {
            assert!(messages(&RULE, &format!("{kind}\nmetadata: {{name: db}}\n")).is_empty());
        }
    }

    #[test]
    fn a_generator_commits_what_its_literals_say() {
        let text = "# file: kustomization.yaml\nsecretGenerator:\n  - name: db\n    literals: [password=hV9kq2Zr7LmX]\nresources: [pod.yaml]\n# file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1'}]}\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn what_a_chart_makes_up_stands_in_no_file() {
        let text = "# file: Chart.yaml\napiVersion: v2\nname: db\nversion: 1.0.0\n# file: values.yaml\npassword: hV9kq2Zr7LmX\n# file: templates/a.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: {{ randAlphaNum 12 | quote }}\n";
        assert!(messages(&RULE, text).is_empty());
        let written = text.replace("randAlphaNum 12", ".Values.password");
        assert_eq!(messages(&RULE, &written).len(), 1);
    }

    #[test]
    fn examples_that_share_a_secret_are_one_info() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: shopdemo}\nstringData:\n  password: hV9kq2Zr7LmX\n";
        let text = format!("# file: k/a.yaml\n{secret}# file: k/b.yaml\n{secret}");
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
        let other = text.replacen("shopdemo", "shop", 2);
        assert_eq!(findings(&RULE, &other)[0].severity.name(), "warning");
    }

    #[test]
    fn a_file_to_be_filled_in_is_an_example() {
        let severity = |path: &str| {
            let text = format!(
                "# file: k/{path}\napiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\nstringData: {{password: hV9kq2Zr7LmX}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        for path in ["secret.template.yaml", "secret.example.yaml", "secrets-sample.yml"] {
            assert_eq!(severity(path), "info", "{path}");
        }
        assert_eq!(severity("secret.yaml"), "warning");
    }

    #[test]
    fn a_default_of_a_chart_is_asked_for_by_its_own_key() {
        let chart = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\nrootPassword: hV9kq2Zr7LmX\n# file: c/templates/a.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: {{ .Values.rootPassword }}\n";
        let found = findings(&RULE, chart);
        assert_eq!(
            found[0].message,
            "the values set `password` of Secret `db` to a password in readable form"
        );
        assert_eq!(found[0].check, ["git log --oneline -G rootPassword -- c/values.yaml"]);
        assert!(found[0].help.as_ref().is_some_and(|it| it.contains("existingSecret")));
    }
}
