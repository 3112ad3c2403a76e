use crate::facts::{Facts, Mention, Service, VarSource};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span};
use indexmap::IndexMap;

rule! {
    /// A service names another one with which it shares no network.
    ///
    /// ## Why it hurts
    /// Compose resolves a service's name only on the networks that the service is on. On all others
    /// the name does not exist, although both containers run. Where an env file that other services read
    /// too sets the name, the finding is a note: the file may be written for them.
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
    /// ## When to ignore
    /// Where something outside of the project answers to the name on one of the networks.
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
    let mut by_file: IndexMap<(usize, FileId), Vec<Apart<'_, '_>>> = IndexMap::new();
    for service in facts.services().iter().filter(|it| it.model.network_mode.is_none()) {
        for mention in facts.peers(&service.unit) {
            let Some(on) = unreachable(facts, service, mention) else { continue };
            let apart = Apart { service, mention, on };
            if facts.stands_alone(mention.span, &|selector| RULE.is(selector)) {
                report(facts, &[apart], out);
                continue;
            }
            if is_for_others(facts, &apart) {
                let key = (service.project_index, mention.span.file);
                by_file.entry(key).or_default().push(apart);
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
    by_file.values().for_each(|all| report_shared_file(facts, all, out));
}

/// A service that names another one with which it shares no network.
struct Apart<'f, 'a> {
    service: &'f Service<'a>,
    mention: &'f Mention<'a>,
    on: &'f Service<'a>,
}

/// Whether a host is set in an env file that other services read too, and one of those reaches the host: the
/// file may be written for them.
fn is_for_others(facts: &Facts, apart: &Apart<'_, '_>) -> bool {
    let file = apart.mention.span.file;
    let reads = |it: &&Service<'_>| it.model.env_files.iter().any(|it| it.file == Some(file));
    apart.mention.source == Some(VarSource::EnvFile)
        && facts.siblings(apart.service).iter().filter(reads).any(|reader| {
            reader.index != apart.service.index
                && (reader.index == apart.on.index
                    || reader.model.shares_network_with(apart.on.model))
        })
}

/// Reports services that read an env file of others, with hosts that they do not reach.
fn report_shared_file(facts: &Facts, all: &[Apart<'_, '_>], out: &mut Findings) {
    let Some(Apart { service, mention, on }) = all.first() else { return };
    let mut services: Vec<&str> = all.iter().map(|it| it.service.name).collect();
    let mut hosts: Vec<&str> = all.iter().map(|it| it.mention.host).collect();
    for names in [&mut services, &mut hosts] {
        names.sort_unstable();
        names.dedup();
    }
    let (read, share) = match services.len() {
        1 => ("reads", "shares"),
        _ => ("read", "share"),
    };
    let path = facts.file(mention.span.file).path();
    let finding = out.at(
        &mention.span,
        format!(
            "{} {read} `{path}` together with other services, but {share} no network with {}, which it names",
            first_named(&services, 4),
            first_named(&hosts, 4)
        ),
    );
    finding.gathers("hosts that a shared file names");
    for Apart { mention, .. } in &all[1..] {
        finding.also(&mention.span, format!("{} names `{}`", mention.place(), mention.host));
    }
    for side in [service, on] {
        let place = side.model.key("networks").map_or(side.span(), |it| it.name.span);
        finding.also(&place, format!("`{}` is on {}", side.name, networks(side)));
    }
    finding
        .severity(Severity::Info)
        .confidence(Confidence::Possible)
        .why("The file may be written for the other services. If this one connects to a host from it, the name does not exist on its networks.")
        .check(facts.resolve(&service.unit, mention.host));
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
    finding.gathers(format!("names {}", on.name));
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
    use crate::rules::testing::{findings, messages};

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
        assert_eq!(two(", networks: {a: {aliases: [x]}}", ", networks: {b: null}"), 1);
        assert_eq!(two(", networks: {a: {}}", ", networks: {a: null}"), 0);
        assert_eq!(two(", networks: [default]", ", networks: {default: {aliases: [x]}}"), 0);
    }

    #[test]
    fn an_alias_and_a_word_of_the_command_are_names_too() {
        let count = |web: &str| {
            let text = format!(
                "services:\n  web: {{image: a/web:1, networks: [a], {web}}}\n  db: {{image: 'postgres:17', networks: {{b: {{aliases: [pg]}}}}}}\nnetworks: {{a: {{}}, b: {{}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count("environment: ['U=postgres://pg:5432/x']"), 1);
        assert_eq!(count("command: [serve, 'postgres://db:5432/x']"), 1);
        assert_eq!(count("environment: ['U=postgres://elsewhere.example:5432/x']"), 0);
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

    #[test]
    fn an_env_file_of_others_is_one_note() {
        let found = |web: &str| {
            let text = format!(
                "# file: compose.yaml\nservices:\n  web: {{image: a/web:1{web}, networks: [main]}}\n  tools: {{image: a/tools:1, env_file: .env}}\n  db: {{image: 'postgres:17', networks: [main]}}\n  cache: {{image: 'redis:8', networks: [main]}}\nnetworks: {{main: {{}}}}\n# file: .env\nPOSTGRES_HOST=db\nREDIS_HOST=cache\n"
            );
            let all = findings(&RULE, &text).into_iter();
            all.map(|it| (it.severity.name(), it.message)).collect::<Vec<_>>()
        };
        let all = found(", env_file: .env");
        assert_eq!(
            all,
            [(
                "info",
                "`tools` reads `.env` together with other services, but shares no network with `cache`, `db`, which it names".to_owned()
            )]
        );
        let alone = found("");
        assert_eq!((alone.len(), alone[0].0), (2, "error"));
    }

    #[test]
    fn a_host_behind_an_option_of_the_start_command_is_read() {
        let with = |command: &str| {
            let text = format!(
                "services:\n  web: {{image: a/web:1, networks: [front], command: {command}}}\n  db: {{image: 'postgres:17', networks: [back]}}\nnetworks: {{front: {{}}, back: {{}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with("serve --db-host db"), 1);
        assert_eq!(with("[serve, '--db-host=db']"), 1);
        assert_eq!(with("serve --db-name db"), 0);
    }
}
