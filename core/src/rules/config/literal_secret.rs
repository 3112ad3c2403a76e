use crate::facts::{Facts, VarSource};
use crate::knowledge::secrets::{Verdict, judge};
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// A credential stands in plain text where a file is shared and committed.
    ///
    /// ## Why it hurts
    /// Everybody who reads the repository, the image's labels or `docker inspect` has it, and it stays
    /// in the history after it is removed.
    ///
    /// ## What helps
    /// In Compose: `secrets` with a file, or `${NAME:?}` with the value in an `.env` that is not
    /// committed. In Kubernetes: a Secret that an operator or SOPS keeps out of the repository, by
    /// `secretKeyRef`. Change the credential: it is known now.
    ///
    /// ## How to troubleshoot
    /// `git log -S VALUE` shows since when it is known.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       DB_PASSWORD: hV9kq2Zr7LmX # <- `DB_PASSWORD` of service `web` is written out in the file
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
                "holds a password that everybody tries first, in the file"
            } else {
                "is written out in the file"
            };
            let finding =
                out.at(&var.value_span, format!("`{}` of {} {what}", var.name, unit.label));
            finding.confidence(Confidence::Likely);
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
    }
}
