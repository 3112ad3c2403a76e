use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;
use crate::syntax::ProblemKind;

rule! {
    /// The file is not valid YAML at this place.
    ///
    /// ## Why it hurts
    /// `docker compose` and `kubectl` refuse the whole file. Plimsoll still analyses the other
    /// documents, and as much of this one as a small repair can save.
    ///
    /// ## What helps
    /// Correct the underlined place: it is where the cause is, not where a parser gave up.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` and `kubectl apply --dry-run=client -f FILE` read a file without
    /// touching anything that is running.
    ///
    /// ## When to ignore
    /// Where another tool fills in the file before anything reads it: name it under `exclude`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["8080:80" # <- this `[` is never closed
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    /// ```
    PLM001 "yaml-syntax" {
        since: "0.1.0", on: Document, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    super::report_problems(facts, ProblemKind::Syntax, out);
}
