use crate::facts::Facts;
use crate::model::compose;
use crate::report::Findings;
use crate::rules::rule;
use crate::syntax::ProblemKind;

rule! {
    /// A file or document is too large, too deep or too entangled to be read.
    ///
    /// ## Why it hurts
    /// What is not read is not checked. Files over 64 MiB, collections nested more than 255 deep
    /// and what aliases and variables multiply without bound is a mistake or an attack, so they are left out and
    /// reported instead of holding up the analysis.
    ///
    /// ## What helps
    /// Split the file, or generate less of it.
    ///
    /// ## How to troubleshoot
    /// `kubectl` and `docker compose` have limits of their own, and take a long time to report
    /// them.
    ///
    /// ## When to ignore
    /// Where nothing reads the file in production: name it under `exclude`.
    PLM007 "limits" {
        since: "0.1.0", on: Document, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    super::report_problems(facts, ProblemKind::Limit, out);
    // Aliases, `extends`, `include` and port ranges multiply only when a project is merged.
    for project in facts.projects() {
        for problem in project.problems.iter().filter(|it| it.kind == compose::ProblemKind::Limit) {
            out.at(&problem.span, problem.message.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn deep_nesting_is_reported_and_shallow_nesting_is_not() {
        let deep = format!("services:\n  a: {}", "[".repeat(300));
        assert!(messages(&RULE, &deep)[0].contains("255 levels deep"));
        assert!(messages(&RULE, "services: {a: {image: nginx}}").is_empty());
    }

    #[test]
    fn aliases_that_multiply_are_reported() {
        let mut text = "x-0: &a0 { A: '1' }\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}, ", level - 1).repeat(9);
            text.push_str(&format!("x-{level}: &a{level} [{alias}]\n"));
        }
        text.push_str("services: { a: { image: 'x:1', environment: *a11 } }\n");
        let found = messages(&RULE, &text);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
