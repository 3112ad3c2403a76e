use crate::facts::{Facts, Service};
use crate::model::Str;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A service relies on `links`.
    ///
    /// ## Why it hurts
    /// Services of one network reach each other by name without `links`, which Kubernetes does not know
    /// at all. (A `container_name` where several copies are to run is PLM709.)
    ///
    /// ## What helps
    /// Networks and service names; a network's `aliases` where another name is needed; `depends_on` for
    /// the order.
    ///
    /// ## How to troubleshoot
    /// Take `links` out: `docker compose exec SERVICE getent hosts NAME` still prints an address.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: [db]
    ///     links:
    ///       - db # <- `web` links to `db`, which it reaches by its name anyway
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
            let message = match alias.filter(|it| *it != on) {
                Some(alias) => format!(
                    "`{name}` links to `{on}` under the name `{alias}`, which nothing outside of Compose knows"
                ),
                None => format!("`{name}` links to `{on}`, which it reaches by its name anyway"),
            };
            out.at(&link.span, message).maybe_fix(without_links(facts, service));
        }
        for link in &service.model.external_links {
            let message = format!(
                "`{name}` links to container `{}` of another project; a shared external network does that without its name",
                parts(link).0
            );
            out.at(&link.span, message);
        }
    }
}

/// The container or service, and the name that it gets.
fn parts(link: &Str) -> (&str, Option<&str>) {
    match link.split_once(':') {
        Some((on, alias)) => (on, Some(alias)),
        None => (link.as_str(), None),
    }
}

/// Takes the links out where they bring neither a name, nor an order, nor a network.
fn without_links(facts: &Facts, service: &Service<'_>) -> Option<Fix> {
    let model = service.model;
    let service = &facts.services()[service.index];
    let idle = model.links.iter().all(|link| {
        let (on, alias) = parts(link);
        let shared = facts
            .sibling(service, on)
            .is_some_and(|it| it.model.shares_network_with(service.model));
        alias.is_none_or(|it| it == on) && model.depends_on(on).is_some() && shared
    });
    let entry = model.key("links")?.entry;
    let edit = facts.editor(entry.file).remove_entry(entry).filter(|_| idle)?;
    Some(Fix::safe("Take the links out", [edit]))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn links_that_bring_a_name_or_an_order_stay() {
        let web = |more: &str| {
            let text = format!(
                "services:\n  web:\n    image: a/b:1\n    {more}\n  db: {{image: 'postgres:17'}}\n"
            );
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(web("links: [db]\n    depends_on: [db]"), 1);
        assert_eq!(web("links: [db]"), 0, "it also orders the start");
        assert_eq!(web("links: ['db:database']\n    depends_on: [db]"), 0);
    }

    #[test]
    fn links_to_other_projects_are_told() {
        let text = "services: {web: {image: 'a/b:1', external_links: ['shop_db_1:db']}}\n";
        assert!(messages(&RULE, text)[0].contains("container `shop_db_1`"));
    }
}
