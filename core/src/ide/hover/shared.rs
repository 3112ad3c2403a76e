//! What the services of a Compose project share beside volumes: networks, secrets and configs, and who uses them.

use super::Section;
use crate::ide::here::Here;
use crate::ide::words::{code, list, place_in_markdown as place};
use crate::model::Str;
use crate::model::compose::{FileReference, Project, Service};
use crate::text::Span;

pub(super) fn sections(here: &Here<'_>) -> Vec<Section> {
    let projects = here.facts.projects().iter().enumerate();
    // A file of several projects gets no more than one view.
    let section = projects.filter_map(|(at, project)| section(here, at, project)).next();
    section.into_iter().collect()
}

/// A service's use of something shared.
struct Use<'s> {
    key: &'s Str,
    /// Where the service names it; `None` for the default network of a service that names none.
    named: Option<Span>,
    /// How the service uses it, after its name: " at `/run/secrets/token`".
    how: String,
}

/// One kind of what is shared.
struct Kind<'p> {
    noun: &'static str,
    keys: Vec<&'p Str>,
    uses: fn(&Service) -> Vec<Use<'_>>,
}

fn section(here: &Here<'_>, at: usize, project: &Project) -> Option<Section> {
    let written = project.networks.iter().filter(|it| !it.implicit);
    let kinds = [
        Kind { noun: "Network", keys: written.map(|it| &it.key).collect(), uses: networks },
        Kind {
            noun: "Secret",
            keys: project.secrets.iter().map(|it| &it.key).collect(),
            uses: secrets,
        },
        Kind {
            noun: "Config",
            keys: project.configs.iter().map(|it| &it.key).collect(),
            uses: configs,
        },
    ];
    kinds.iter().find_map(|kind| section_of(here, at, kind))
}

fn section_of(here: &Here<'_>, project: usize, kind: &Kind<'_>) -> Option<Section> {
    let facts = here.facts;
    let services = facts.services().iter().filter(|it| it.project_index == project);
    let uses: Vec<(&Service, Use<'_>)> = services
        .flat_map(|it| (kind.uses)(it.model).into_iter().map(move |used| (it.model, used)))
        .collect();
    let names_it = |key: &str| {
        let mut own = uses.iter().filter(|(_, it)| it.key.as_str() == key);
        own.any(|(_, it)| it.named.is_some_and(|span| here.is_in(span)))
    };
    let key = kind.keys.iter().find(|key| here.is_in(key.span) || names_it(key.as_str()))?;
    let own = uses.iter().filter(|(_, it)| it.key.as_str() == key.as_str());
    let users: Vec<String> = own
        .map(|(service, used)| {
            let at = place(facts, used.named.unwrap_or(service.name.span));
            format!("service {}{} ({at})", code(&service.name), used.how)
        })
        .collect();
    let text = match users.is_empty() {
        true => format!("**{}** {}: no service uses it", kind.noun, code(key)),
        false => format!("**{}** {} is used by\n\n{}", kind.noun, code(key), list(&users)),
    };
    let span = if here.is_in(key.span) { key.span } else { here.word() };
    Some(Section { span, text })
}

fn networks(service: &Service) -> Vec<Use<'_>> {
    let network = service.networks.iter().map(|it| {
        let aliases: Vec<String> = it.aliases.iter().map(|alias| code(alias)).collect();
        let how = match aliases.is_empty() {
            true => String::new(),
            false => format!(" as {}", aliases.join(", ")),
        };
        Use { key: &it.name, named: (!it.implicit).then_some(it.name.span), how }
    });
    network.collect()
}

fn secrets(service: &Service) -> Vec<Use<'_>> {
    mounted(&service.secrets, "/run/secrets/")
}

fn configs(service: &Service) -> Vec<Use<'_>> {
    mounted(&service.configs, "/")
}

/// Returns the uses of files, which lie in a folder of the container unless a service says otherwise.
fn mounted<'s>(references: &'s [FileReference], folder: &str) -> Vec<Use<'s>> {
    let used = references.iter().map(|it| {
        let target = it.target.as_ref().unwrap_or(&it.source).as_str();
        let path = match target.starts_with('/') {
            true => target.to_owned(),
            false => format!("{folder}{target}"),
        };
        Use { key: &it.source, named: Some(it.source.span), how: format!(" at {}", code(&path)) }
    });
    used.collect()
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing::{hover_at, marked};

    const PROJECT: &str = "services:
  web:
    image: acme/web:1
    networks: {back: {aliases: [front]}}
    secrets: [token, {source: key, target: tls.pem}]
    configs: [{source: site, target: /etc/site.conf}]
  db:
    image: acme/db:1
    networks: [back]
    secrets: [token]
networks:
  back: {}
  spare: {}
secrets:
  token: {file: token.txt}
  key: {file: key.pem}
configs:
  site: {file: site.conf}
";

    /// Returns what is said about the place of a text, which `^` marks.
    #[track_caller]
    fn said(around: &str) -> String {
        let plain = around.replace('^', "");
        assert_eq!(PROJECT.matches(&plain).count(), 1, "`{plain}` must be there once");
        let text = PROJECT.replace(&plain, &around.replace('^', "‸"));
        let (analysis, file, offset) = marked(&text);
        hover_at(&analysis, &[], file, offset).map_or_else(String::new, |it| it.markdown)
    }

    #[test]
    fn a_network_says_who_is_in_it() {
        let users = "**Network** `back` is used by\n\n- service `db` (compose.yaml:9)\n- service `web` as `front` (compose.yaml:4)";
        assert_eq!(said("  ba^ck: {}"), users);
        assert_eq!(said("networks: [ba^ck]"), users);
        assert_eq!(said("  spa^re"), "**Network** `spare`: no service uses it");
    }

    #[test]
    fn secrets_and_configs_say_where_services_find_them() {
        let token = "**Secret** `token` is used by\n\n- service `db` at `/run/secrets/token` (compose.yaml:10)\n- service `web` at `/run/secrets/token` (compose.yaml:5)";
        assert_eq!(said("  tok^en: {file"), token);
        assert_eq!(said("secrets: [tok^en]"), token);
        let key = "**Secret** `key` is used by\n\n- service `web` at `/run/secrets/tls.pem` (compose.yaml:5)";
        assert_eq!(said("source: k^ey"), key);
        let site =
            "**Config** `site` is used by\n\n- service `web` at `/etc/site.conf` (compose.yaml:6)";
        assert_eq!(said("  si^te: {file"), site);
    }
}
