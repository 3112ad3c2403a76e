use crate::facts::{Facts, in_shell};
use crate::model::compose::Project;
use crate::report::{Findings, Fix};
use crate::rules::rule;
use crate::syntax::Node;
use crate::text::{FileId, Span};
use rustc_hash::FxHashSet;

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

/// The lists of a service that Compose adds together. Others, such as `command`, are replaced.
///
/// Source: <https://docs.docker.com/reference/compose-file/merge/>
const ADDED: &[&str] = &[
    "cap_add",
    "cap_drop",
    "configs",
    "depends_on",
    "devices",
    "dns",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "group_add",
    "labels",
    "networks",
    "ports",
    "profiles",
    "secrets",
    "security_opt",
    "tmpfs",
    "volumes",
];

fn check(facts: &Facts, out: &mut Findings) {
    // A file may be laid over several others.
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    for project in facts.projects() {
        for (at, file) in project.files.iter().enumerate() {
            for (service, key, list) in emptied(facts, *file) {
                let earlier = project.files[..at].iter().rev();
                let mut before = earlier.filter_map(|file| {
                    let kept = list_of(facts, *file, service, key)?;
                    Some((*file, kept))
                });
                let Some((first, Some(kept))) = before.next().filter(|_| seen.insert(list)) else {
                    continue;
                };
                let path = facts.file(first).path();
                report(facts, project, (service, key, list), (path, kept), out);
            }
        }
    }
}

fn report(
    facts: &Facts<'_>,
    project: &Project,
    (service, key, list): (&str, &str, Span),
    (path, kept): (&str, Span),
    out: &mut Findings,
) {
    let message = format!(
        "`{key}: []` takes nothing away from `{service}`: Compose keeps what `{path}` lists"
    );
    out.at(&list, message)
        .also(&kept, "this stays")
        .check(facts.compose_of(project, &format!("config {}", in_shell(service))))
        // Whoever takes an empty list for a way to drop one does so for each service.
        .cause_in_this_run(format!("empty lists over {path}"))
        // What was forgotten in the list may be in use.
        .fix(Fix::r#unsafe("Write `!reset []`", [facts.replace(&list, "!reset []")]));
}

/// Returns the services of a file with their names.
fn services<'a>(facts: &Facts<'a>, file: FileId) -> impl Iterator<Item = (&'a str, Node<'a>)> {
    let roots = facts.file(file).tree.roots();
    let services = roots.filter_map(|it| it.get("services"));
    services.flat_map(|it| it.entries()).filter_map(|it| Some((it.key.as_str()?, it.value)))
}

/// Returns the empty lists that a file writes at its services.
fn emptied<'a>(facts: &Facts<'a>, file: FileId) -> Vec<(&'a str, &'static str, Span)> {
    let lists = services(facts, file).flat_map(|(name, service)| {
        let has_tag = service.tag().is_some();
        let lists = ADDED.iter().filter_map(move |key| Some((name, *key, service.get(key)?)));
        lists.filter(move |_| !has_tag)
    });
    let is_empty = |it: Node<'_>| it.is_sequence() && it.items().len() == 0 && it.tag().is_none();
    let is_written = |span: &Span| facts.written(span).starts_with('[');
    lists
        .filter(|it| is_empty(it.2))
        .map(|(name, key, list)| (name, key, list.span()))
        .filter(|it| is_written(&it.2))
        .collect()
}

/// Returns the place of a list of a service in a file, where something stands in it, or nothing where a tag takes away
/// what earlier files list. `None` if the file leaves the list as it is.
fn list_of(facts: &Facts<'_>, file: FileId, service: &str, key: &str) -> Option<Option<Span>> {
    let (_, found) = services(facts, file).find(|it| it.0 == service)?;
    let list = found.get(key)?;
    let is_filled = list.items().len() + list.entries().len() > 0;
    let is_replaced = found.tag().is_some() || list.tag().is_some();
    (is_filled || is_replaced).then(|| is_filled.then(|| list.span()))
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
