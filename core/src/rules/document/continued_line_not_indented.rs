use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A line continues a value in brackets or quotes, but is not indented further than its key.
    ///
    /// ## Why it hurts
    /// Compose and `kubectl` read the file, but YAML does not allow it: editors, formatters and checkers
    /// that follow the specification refuse the whole file.
    ///
    /// ## What helps
    /// Indent every line of the value further than the key or the `-` that it belongs to. A closing
    /// bracket may stand below the key: nearly every reader accepts that.
    ///
    /// ## How to troubleshoot
    /// A reader that follows YAML 1.2 to the letter names the line:
    /// `npx --yes yaml valid < FILE`.
    ///
    /// ## When to ignore
    /// Where only Compose and `kubectl` ever read the file.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     command: [nginx,
    ///     "-g", daemon off;] # <- YAML asks that this line is indented further than the key or `-` that its value belongs to
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     command: [nginx,
    ///       "-g", daemon off;]
    ///     labels: [
    ///       "team=web"
    ///     ]
    /// ```
    PLM011 "continued-line-not-indented" {
        since: "0.1.0", on: Document, severity: Hint, check: check,
    }
}

/// Reports the first such line of a file.
fn check(facts: &Facts, out: &mut Findings) {
    for file in facts.files() {
        if let Some(line) = file.tree.under_indented().first() {
            let message = "YAML asks that this line is indented further than the key or `-` that its value belongs to";
            out.at(line, message.to_owned());
        }
    }
}
