use crate::facts::{Facts, VarSource, in_shell};
use crate::knowledge::secrets::{Verdict, judge};
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;

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
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: hV9kq2Zr7LmX # <- `DB_PASSWORD` of service `web` is in plain text in the file
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: ${DB_PASSWORD:?}
    /// ```
    PLM502 "literal-secret" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        let role = facts.unit_role(unit);
        for var in unit.env.iter().filter(|it| it.literal && it.source == VarSource::Inline) {
            let Some(value) = var.value else { continue };
            let judgement = judge(var.name, value);
            let weak = match judgement.verdict {
                Verdict::Literal => false,
                Verdict::WeakDefault => true,
                Verdict::No | Verdict::Placeholder => continue,
            };
            let what = if weak {
                "is set in the file to a password that everybody tries first"
            } else {
                "is in plain text in the file"
            };
            let finding =
                out.at(&var.value_span, format!("`{}` of {} {what}", var.name, unit.label));
            let path = in_shell(facts.file(var.value_span.file).path());
            finding
                .confidence(Confidence::Likely)
                .check(format!("git log --oneline -S {} -- {path}", in_shell(var.name)));
            if role == Role::Development || weak {
                finding.severity(Severity::Info);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

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
    fn urls_carry_credentials_too() {
        assert_eq!(env("DATABASE_URL: 'postgres://web:hV9kq2Zr7LmX@db/web'"), ["warning"]);
        assert_eq!(env("POSTGRES_PASSWORD: postgres"), ["info"]);
        assert_eq!(env("DATASOURCEPASSWORD: hV9kq2Zr7LmX"), ["warning"]);
        assert_eq!(env("DATASOURCE: 'web:hV9kq2Zr7LmX@db:5432/web'"), ["warning"]);
    }
}
