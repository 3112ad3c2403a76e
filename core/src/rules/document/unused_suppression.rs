use crate::rules::rule;

rule! {
    /// A `plimsoll:` comment or annotation suppresses nothing, or is not understood.
    ///
    /// ## Why it hurts
    /// A stale comment hides the next finding of the same kind at that place, and tells the reader
    /// about a known problem that is no longer there.
    ///
    /// ## What helps
    /// Remove the comment or the annotation, or correct the code in it. A reason stands behind ` -- `.
    ///
    /// ## How to troubleshoot
    /// `plimsoll explain` lists every rule's code and name.
    ///
    /// ## When to ignore
    /// Where people run an older release, which still reports what the comment accepts.
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
