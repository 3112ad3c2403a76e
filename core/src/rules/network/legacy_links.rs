use crate::facts::{Facts, Service};
use crate::model::Str;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A service relies on `links`.
    ///
    /// ## Why it hurts
    /// Services on the same network reach each other by name without `links`, and Kubernetes has
    /// nothing like them. (PLM709 reports a `container_name` on a service with several replicas.)
    ///
    /// ## What helps
    /// Networks and service names. Where another name is needed, give the service a network alias
    /// (`aliases`); for the start order, use `depends_on`.
    ///
    /// ## How to troubleshoot
    /// Remove `links`: `docker compose exec SERVICE getent hosts NAME` still prints an address.
    ///
    /// ## When to ignore
    /// Where the program knows the other one only under the name that the link gives it, and cannot be
    /// changed.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: [db]
    ///     links:
    ///       - db # <- `web` links to `db`, which it reaches by name anyway
    ///   db:
    ///     image: postgres:17
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: [db]
    ///   db:
    ///     image: postgres:17
    /// ```
    PLM416 "legacy-links" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let name = service.name;
        for link in &service.model.links {
            let (on, alias) = parts(link);
            if on.is_empty() && service.project.is_unknown(link.span) {
                continue;
            }
            let message = match alias.filter(|it| *it != on) {
                Some(alias) => format!(
                    "`{name}` links to `{on}` under the name `{alias}`, which exists only in Compose"
                ),
                None => format!("`{name}` links to `{on}`, which it reaches by name anyway"),
            };
            out.at(&link.span, message).maybe_fix(without_links(facts, service));
        }
        let external = service.model.external_links.iter();
        for link in external.filter(|it| !service.project.is_unknown(it.span)) {
            let message = format!(
                "`{name}` links to container `{}` of another project; on a shared external network it would need no link",
                parts(link).0
            );
            out.at(&link.span, message);
        }
    }
}

/// Splits a link into the container or service and its alias, if it has one.
fn parts(link: &Str) -> (&str, Option<&str>) {
    match link.split_once(':') {
        Some((on, alias)) => (on, Some(alias)),
        None => (link.as_str(), None),
    }
}

/// Removes the links, if they add neither a name, nor a start order, nor a network.
fn without_links(facts: &Facts, service: &Service<'_>) -> Option<Fix> {
    let model = service.model;
    let service = &facts.services()[service.index];
    let useless = model.links.iter().all(|link| {
        let (on, alias) = parts(link);
        let shared = facts
            .sibling(service, on)
            .is_some_and(|it| it.model.shares_network_with(service.model));
        alias.is_none_or(|it| it == on) && model.depends_on(on).is_some() && shared
    });
    let entry = model.key("links")?.entry;
    let edit = facts.editor(entry.file).remove_entry(entry).filter(|_| useless)?;
    Some(Fix::safe("Remove the links", [edit]))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn links_to_what_only_the_environment_knows_are_silent() {
        let text = "services: {a: {image: x:1, links: ['${D:?}', '${E:?}:db']}}";
        assert_eq!(messages(&RULE, text), [""; 0]);
        let text = "services: {a: {image: x:1, links: ['b:${E:?}']}, b: {image: x:1}}";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn links_that_add_a_name_or_an_order_stay() {
        let web = |more: &str| {
            let text = format!(
                "services:\n  web:\n    image: a/b:1\n    {more}\n  db: {{image: 'postgres:17'}}\n"
            );
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(web("links: [db]\n    depends_on: [db]"), 1);
        assert_eq!(web("links: [db]"), 0, "the link also orders the start");
        assert_eq!(web("links: ['db:database']\n    depends_on: [db]"), 0);
    }

    #[test]
    fn links_to_other_projects_are_reported() {
        let text = "services: {web: {image: 'a/b:1', external_links: ['shop_db_1:db']}}\n";
        assert!(messages(&RULE, text)[0].contains("container `shop_db_1`"));
    }

    #[test]
    fn a_name_of_a_container_is_fine_until_the_service_scales() {
        let codes = |more: &str| {
            let text =
                format!("services: {{web: {{image: 'a/b:1', container_name: web{more}}}}}\n");
            let options = crate::Options {
                select: vec!["PLM416".into(), "PLM709".into()],
                ..crate::Options::default()
            };
            let report = crate::analyze(&crate::rules::testing::files(&text), &options);
            let found = report.findings.iter().map(|it| (it.code, it.severity.name()));
            found.collect::<Vec<_>>()
        };
        assert_eq!(codes(""), []);
        assert_eq!(codes(", scale: 2"), [("PLM709", "error")]);
        assert_eq!(codes(", deploy: {replicas: 2}"), [("PLM709", "error")]);
    }
}
