use crate::facts::{Facts, Mention, Service};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;

rule! {
    /// A service names another one with which it shares no network.
    ///
    /// ## Why it hurts
    /// Compose resolves a service's name only on the networks that the service is on. On all others
    /// the name does not exist, although both containers run.
    ///
    /// ## What helps
    /// Put both services on one network. A service that lists `networks` is no longer on the
    /// `default` network, unless the list includes it.
    ///
    /// ## How to troubleshoot
    /// Compare the output of
    /// `docker inspect --format '{{json .NetworkSettings.Networks}}' CONTAINER` for both
    /// containers.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DB_HOST: db # <- `DB_HOST` of `web` names `db`, but the two share no network
    ///   db:
    ///     image: postgres:17
    ///     networks: [backend]
    /// networks:
    ///   backend: {}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DB_HOST: db
    ///     networks: [default, backend]
    ///   db:
    ///     image: postgres:17
    ///     networks: [backend]
    /// networks:
    ///   backend: {}
    /// ```
    PLM410 "no-shared-network" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Many services that name one on another network do so for one reason.
    let mut by_host: IndexMap<Span, Vec<Apart<'_, '_>>> = IndexMap::new();
    for service in facts.services().iter().filter(|it| it.model.network_mode.is_none()) {
        for mention in facts.peers(&service.unit) {
            let Some(on) = unreachable(facts, service, mention) else { continue };
            let apart = Apart { service, mention, on };
            if facts.is_accepted(mention.span, &|selector| RULE.is(selector)) {
                report(facts, &[apart], out);
                continue;
            }
            let all = by_host.entry(on.span()).or_default();
            let is_new = |it: &Apart<'_, '_>| it.service.span() != service.span();
            if all.iter().all(is_new) {
                all.push(apart);
            }
        }
    }
    by_host.values().for_each(|all| report(facts, all, out));
}

/// A service that names another one with which it shares no network.
struct Apart<'f, 'a> {
    service: &'f Service<'a>,
    mention: &'f Mention<'a>,
    on: &'f Service<'a>,
}

/// Returns the service that a mention means, if no network leads to it.
fn unreachable<'f, 'a>(
    facts: &'f Facts<'a>,
    service: &Service<'a>,
    mention: &Mention<'_>,
) -> Option<&'f Service<'a>> {
    let named: Vec<_> = facts.answers_to(service, mention.host).collect();
    let joined = named.iter().any(|it| {
        it.index == service.index
            || it.model.network_mode.is_some()
            || it.model.shares_network_with(service.model)
    });
    let written = service.model.extra_hosts.iter().any(|it| it.key.as_str() == mention.host);
    let on = named.into_iter().next()?;
    (!joined && !written && facts.shows_host(mention)).then_some(on)
}

fn report(facts: &Facts, all: &[Apart<'_, '_>], out: &mut Findings) {
    let Some((Apart { service, mention, on }, others)) = all.split_first() else { return };
    let finding = out.at(
        &mention.span,
        format!(
            "{} of `{}` names `{}`, but the two share no network",
            mention.place(),
            service.name,
            mention.host
        ),
    );
    for side in [service, on] {
        let place = side.model.key("networks").map_or(side.span(), |it| it.name.span);
        finding.also(&place, format!("`{}` is on {}", side.name, networks(side)));
    }
    finding.check(facts.resolve(&service.unit, mention.host));
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| (it.mention.span, format!("`{}` names it here", it.service.name)))
        .collect();
    finding.stands_for(&others);
    // On an external network, something outside of the project may answer to the name.
    let mut networks =
        service.model.networks.iter().filter_map(|it| service.project.network(&it.name));
    if networks.any(|network| network.external) {
        finding.confidence(Confidence::Likely);
    }
}

/// Renders the networks of a service: `` `front` and `back` ``, or "no network".
fn networks(service: &Service<'_>) -> String {
    let mut names = Vec::new();
    for network in &service.model.networks {
        names.push(match network.implicit {
            true => "the default network".to_owned(),
            false => format!("`{}`", network.name),
        });
    }
    if names.is_empty() { "no network".to_owned() } else { names.join(" and ") }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn two(web: &str, db: &str) -> usize {
        let text = format!(
            "services:\n  web: {{image: a/web:1, environment: {{U: 'postgres://db:5432/x'}}{web}}}\n  db: {{image: 'postgres:17'{db}}}\nnetworks: {{a: {{}}, b: {{}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn one_common_network_is_enough() {
        assert_eq!(two("", ", networks: [a]"), 1);
        assert_eq!(two(", networks: [b]", ", networks: [a]"), 1);
        assert_eq!(two(", networks: [a, b]", ", networks: [a]"), 0);
        assert_eq!(two("", ""), 0);
    }

    #[test]
    fn a_network_mode_and_a_written_address_are_silent() {
        assert_eq!(two(", network_mode: host", ", networks: [a]"), 0);
        assert_eq!(two("", ", network_mode: host"), 0);
        assert_eq!(two(", extra_hosts: ['db:10.0.0.2']", ", networks: [a]"), 0);
    }

    #[test]
    fn many_services_apart_from_one_are_one_finding() {
        let client =
            |name: &str| format!("  {name}: {{image: a/web:1, environment: {{DB_HOST: db}}}}\n");
        let text = format!(
            "services:\n{}{}  db: {{image: 'postgres:17', networks: [a]}}\nnetworks: {{a: {{}}}}\n",
            client("web"),
            client("api")
        );
        let found = messages(&RULE, &text);
        assert!(found.len() == 1 && found[0].ends_with("(and 1 more like it)"), "{found:?}");
    }
}
