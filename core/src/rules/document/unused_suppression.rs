use crate::rules::rule;

rule! {
    /// A comment to Plimsoll silences nothing, or is not understood.
    ///
    /// ## Why it hurts
    /// A stale comment hides the next finding of the same kind at that place, and tells the reader
    /// that a problem is known that is no longer there.
    ///
    /// ## What helps
    /// Remove it, or correct the code.
    ///
    /// ## How to troubleshoot
    /// `plimsoll explain` lists every code and name.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web: # plimsoll: ignore PLM9999 -- not a rule # <- `PLM9999` is not a known rule
    ///     image: nginx:1.29
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    /// ```
    PLM006 "unused-suppression" {
        since: "0.1.0", on: Document, severity: Hint, check: engine,
    }
}
