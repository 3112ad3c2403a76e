use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// Services depend on each other in a cycle.
    ///
    /// ## Why it hurts
    /// `docker compose up` refuses the whole project, because there is no order in which the
    /// services could start.
    ///
    /// ## What helps
    /// Remove the dependency that is needed least. When two services call each other, one of them
    /// usually needs the other only later and can retry.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` reports "dependency cycle detected" and names the services.
    ///
    /// ## When to ignore
    /// Never: Compose starts none of the services.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: [api]
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     depends_on: [web] # <- `api` → `web` → `api`: each waits for the next, so none of them can start
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: [api]
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    /// ```
    PLM111 "dependency-cycle" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for cycle in facts.dependency_cycles() {
        let Some((first, others)) = cycle.split_first() else { continue };
        let mut path = String::new();
        for wait in &cycle {
            path.push_str(&format!("`{}` → ", wait.from.name));
        }
        let finding = out.at(
            &first.dependency.span,
            format!(
                "{path}`{}`: each waits for the next, so none of them can start",
                first.from.name
            ),
        );
        for wait in others {
            finding.also(
                &wait.dependency.span,
                format!("`{}` waits for `{}`", wait.from.name, wait.on.name),
            );
        }
        finding.check(facts.compose(first.from, "config -q"));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn a_long_cycle_is_reported_once_and_a_diamond_is_not_a_cycle() {
        let service =
            |name: &str, on: &str| format!("  {name}: {{ image: x:1, depends_on: [{on}] }}\n");
        let cycle = format!(
            "services:\n{}{}{}{}",
            service("a", "b"),
            service("b", "c"),
            service("c", "d"),
            service("d", "b")
        );
        assert_eq!(
            messages(&RULE, &cycle),
            ["`b` → `c` → `d` → `b`: each waits for the next, so none of them can start"]
        );
        let diamond = format!(
            "services:\n{}{}{}  d: {{ image: x:1 }}\n",
            service("a", "b, c"),
            service("b", "d"),
            service("c", "d")
        );
        assert!(messages(&RULE, &diamond).is_empty());
    }

    #[test]
    fn the_long_form_and_a_service_that_waits_for_itself_count() {
        let two = |a: &str, b: &str| {
            let text = format!("services:\n  a: {{image: x:1{a}}}\n  b: {{image: x:1{b}}}\n");
            messages(&RULE, &text).len()
        };
        let long = |on: &str| format!(", depends_on: {{{on}: {{condition: service_started}}}}");
        assert_eq!(two(&long("b"), &long("a")), 1);
        assert_eq!(two(&long("b"), ", depends_on: [a]"), 1);
        assert_eq!(two(", depends_on: [a]", ""), 1);
        assert_eq!(two(&long("b"), ""), 0);
        assert_eq!(two(", environment: {B_HOST: b}", ", depends_on: [a]"), 0);
        assert_eq!(two(", links: [b]", ", depends_on: [a]"), 0, "PLM009 reports what links imply");
    }

    #[test]
    fn an_override_may_close_the_circle() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {a: {image: 'a:1', depends_on: [b]}, b: {image: 'b:1'}}\n# file: compose.override.yaml\nservices: {b: {depends_on: [a]}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {a: {image: 'a:1', depends_on: [b]}, b: {image: 'b:1'}}\n# file: compose.override.yaml\nservices: {b: {init: true}}\n"
            ),
            0
        );
    }
}
