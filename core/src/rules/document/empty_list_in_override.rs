use crate::facts::{Facts, in_shell};
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// An override file empties a list, and Compose keeps what stood in it.
    ///
    /// ## Why it hurts
    /// Compose adds the lists of its files together, and an empty one adds nothing. The source folder stays
    /// mounted over the image, and the port stays published, although the file for production says that they
    /// are gone.
    ///
    /// ## What helps
    /// `!reset []` takes the list away, and `!override` puts another one in its place. Compose knows both since
    /// 2.24. With an older Compose, move the list out of the first file into an override for development.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` with the same `-f` options prints the list that Compose uses.
    ///
    /// ## When to ignore
    /// Where the entries of the first file may stay.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     build: ./web
    ///     volumes:
    ///       - ./web:/app
    /// ```
    /// ```yaml file=compose.prod.yaml
    /// services:
    ///   web:
    ///     restart: always
    ///     volumes: [] # <- `volumes: []` takes nothing away from `web`: Compose keeps what `compose.yaml` lists
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     build: ./web
    ///     volumes:
    ///       - ./web:/app
    /// ```
    /// ```yaml file=compose.prod.yaml
    /// services:
    ///   web:
    ///     restart: always
    ///     volumes: !reset []
    /// ```
    PLM012 "empty-list-in-override" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for emptied in facts.emptied_lists() {
        let (key, service) = (emptied.key, emptied.service);
        let path = facts.file(emptied.kept.file).path();
        let message = format!(
            "`{key}: []` takes nothing away from `{service}`: Compose keeps what `{path}` lists"
        );
        out.at(&emptied.list, message)
            .also(&emptied.kept, "this stays")
            .check(facts.compose_of(emptied.project, &format!("config {}", in_shell(service))))
            // Whoever takes an empty list for a way to drop one does so for each service.
            .cause_in_this_run(format!("empty lists over {path}"))
            // What was forgotten in the list may be in use.
            .fix(Fix::r#unsafe("Write `!reset []`", [facts.replace(&emptied.list, "!reset []")]));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, messages, run};

    fn found(base: &str, over: &str) -> usize {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {base}}}}}\n# file: compose.override.yaml\nservices: {{web: {{{over}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn lists_that_compose_adds_together_are_not_emptied() {
        for (base, over) in [
            ("ports: ['80:80']", "ports: []"),
            ("env_file: [a.env]", "env_file: []"),
            ("depends_on: {db: {condition: service_started}}", "depends_on: []"),
        ] {
            assert_eq!(found(base, over), 1, "{over}");
        }
        for (base, over) in [
            ("ports: ['80:80']", "ports: !reset []"),
            ("ports: ['80:80']", "ports: !override []"),
            ("ports: ['80:80']", "ports: ['81:80']"),
            ("command: [serve]", "command: []"),
            ("ports: []", "ports: []"),
            ("user: app", "ports: []"),
        ] {
            assert_eq!(found(base, over), 0, "{base} {over}");
        }
    }

    #[test]
    fn a_tag_on_the_service_takes_the_list_away() {
        let found = |service: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', ports: ['80:80']}}}}\n# file: compose.override.yaml\nservices: {{web: {service}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(found("{image: 'acme/web:2', ports: []}"), 1);
        assert_eq!(found("!override {image: 'acme/web:2', ports: []}"), 0);
    }

    #[test]
    fn a_file_that_nothing_lies_below_is_silent() {
        let alone = "services: {web: {image: 'acme/web:1', ports: []}}\n";
        assert!(messages(&RULE, alone).is_empty());
    }

    #[test]
    fn empty_lists_over_one_file_are_one_finding() {
        let text = "# file: compose.yaml\nservices: {web: {image: 'acme/web:1', ports: ['80:80']}, job: {image: 'acme/job:1', dns: [1.1.1.1]}}\n# file: compose.override.yaml\nservices: {web: {ports: []}, job: {dns: []}}\n";
        assert_eq!(
            messages(&RULE, text),
            [
                "`dns: []` takes nothing away from `job`: Compose keeps what `compose.yaml` lists (and 1 more like it)"
            ]
        );
    }

    #[test]
    fn a_file_that_is_laid_over_by_several_says_it_once_and_takes_the_list_away() {
        let before = files(
            "# file: compose.yaml\nservices: {web: {image: 'acme/web:1', ports: ['80:80']}}\n# file: compose.prod.yaml\nservices: {web: {ports: []}}\n",
        );
        let report = run(&RULE, &before);
        assert_eq!(report.findings.len(), 1);
        let after = apply_fixes(&before, &report);
        assert_eq!(after[1].text.as_ref(), "services: {web: {ports: !reset []}}\n");
    }
}
