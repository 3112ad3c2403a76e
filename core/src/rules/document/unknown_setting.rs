use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::{rule, unknown};

rule! {
    /// `plimsoll.yaml` has a setting that Plimsoll does not understand.
    ///
    /// ## Why it hurts
    /// The setting has no effect: the role stays unknown, or the rule that was switched off still
    /// reports findings.
    ///
    /// ## What helps
    /// Correct the name, the value or the path. The settings are `role`, `roles`, `rules`, `ignore`,
    /// `exclude`, `overrides`, `extends`, `fail-on`, `preview`, `answers`, `server`, `kubernetes` and
    /// `targets`.
    ///
    /// ## How to troubleshoot
    /// `plimsoll explain` lists every rule's code and name.
    ///
    /// ## When to ignore
    /// Never: a setting that is not understood does nothing.
    ///
    /// ## Bad
    /// ```yaml file=plimsoll.yaml
    /// role: prod # <- a role must be `development`, `production` or `unknown`
    /// ```
    ///
    /// ## Good
    /// ```yaml file=plimsoll.yaml
    /// role: production
    /// ```
    PLM008 "unknown-setting" {
        since: "0.1.0", on: Document, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for problem in facts.config_problems(&unknown) {
        out.at(&problem.span, problem.message);
    }
}
