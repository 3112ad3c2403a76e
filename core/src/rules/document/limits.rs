use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;
use crate::syntax::ProblemKind;

rule! {
    /// A file or document is larger, deeper or more entangled than is read.
    ///
    /// ## Why it hurts
    /// What is not read is not checked. Files over 64 MiB, collections more than 255 deep and
    /// aliases that multiply without bound are mistakes or attacks; they are left out and named
    /// rather than waited for.
    ///
    /// ## What helps
    /// Split the file, or generate less of it.
    ///
    /// ## How to troubleshoot
    /// `kubectl` and `docker compose` have limits of their own, and take long before they say so.
    PLM007 "limits" {
        since: "0.1.0", on: Document, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    super::report_problems(facts, ProblemKind::Limit, out);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn deep_nesting_is_said_and_shallow_nesting_is_not() {
        let deep = format!("services:\n  a: {}", "[".repeat(300));
        assert!(messages(&RULE, &deep)[0].contains("255 deep"));
        assert!(messages(&RULE, "services: {a: {image: nginx}}").is_empty());
    }
}
