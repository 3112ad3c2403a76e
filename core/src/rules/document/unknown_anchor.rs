use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;
use crate::syntax::ProblemKind;

rule! {
    /// An alias refers to an anchor that is not defined before it.
    ///
    /// ## Why it hurts
    /// Every tool refuses the document. Anchors end with their document: an anchor above a `---` is
    /// not known below it.
    ///
    /// ## What helps
    /// Move the anchor above its first use, or correct the name.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` prints the file with all aliases replaced by their content.
    ///
    /// ## When to ignore
    /// Never: no tool reads the document.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     logging: *logs # <- the document has no anchor `&logs` before this alias
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// x-logging: &logs { driver: local }
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     logging: *logs
    /// ```
    PLM003 "unknown-anchor" {
        since: "0.1.0", on: Document, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    super::report_problems(facts, ProblemKind::UnknownAnchor, out);
}
