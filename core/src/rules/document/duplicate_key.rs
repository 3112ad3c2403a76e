use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;
use crate::syntax::ProblemKind;

rule! {
    /// A key appears twice in one mapping.
    ///
    /// ## Why it hurts
    /// `docker compose` refuses the file. `kubectl` keeps the last value and silently drops the
    /// first, so half of what was written never reaches the cluster.
    ///
    /// ## What helps
    /// Keep one of the two, or put the content of both under one key.
    ///
    /// ## How to troubleshoot
    /// `kubectl get -o yaml` shows which of the two the cluster took.
    ///
    /// ## When to ignore
    /// Never: one of the two values is lost.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always
    ///     image: caddy:2.10 # <- the key `image` appears twice in this mapping
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: caddy:2.10
    ///     restart: always
    /// ```
    PLM002 "duplicate-key" {
        since: "0.1.0", on: Document, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    super::report_problems(facts, ProblemKind::DuplicateKey, out);
}
