//! A Compose service, wherever it is named, and who mounts a volume.

use super::{Section, merged};
use crate::facts::Service;
use crate::ide::here::Here;
use crate::ide::names::{ComposeKind, Name, Names};
use crate::ide::words::{code, place_in_markdown as place};
use crate::model::compose::{Mount, Volume};
use crate::syntax::Step;
use crate::text::Span;

pub(super) fn sections(here: &Here<'_>, names: &Names) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for (service, span) in services_at(here, names) {
        // A file of several projects gets no more than one view.
        if found.is_empty() {
            found.push(Section { span, text: merged::text(here, service) });
        }
    }
    found.extend(volume(here));
    found
}

/// Returns the services that the place names: by their own key, or where another service refers to them.
fn services_at<'a>(here: &Here<'a>, names: &Names) -> Vec<(&'a Service<'a>, Span)> {
    let mut found = Vec::new();
    let own = own_key(here);
    for service in here.facts.services() {
        if let Some((name, span)) = &own
            && service.name == *name
            && service.model.places.iter().any(|it| it.span.file == here.file.id)
        {
            found.push((service, *span));
        }
    }
    if found.is_empty() {
        let named = names.at(here.file.id, here.offset).iter();
        found
            .extend(named.filter_map(|it| Some((service_of(here, names.name(it.name))?, it.span))));
    }
    found
}

/// Returns the service that goes by a name.
fn service_of<'a>(here: &Here<'a>, name: &Name) -> Option<&'a Service<'a>> {
    let Name::Compose { project, kind: ComposeKind::Service, name } = name else { return None };
    let mut services = here.facts.services().iter();
    services.find(|it| it.project_index == *project && it.name == name.as_str())
}

/// Returns the key of a service at the place.
fn own_key<'a>(here: &Here<'a>) -> Option<(&'a str, Span)> {
    let path = here.file.tree.path_at(here.offset);
    // The end of a key is where its colon stands.
    match path[..] {
        [Step::Entry(services), Step::Entry(service), ..]
            if services.key.as_str() == Some("services") && here.is_in(service.key.span()) =>
        {
            Some((service.key.as_str()?, service.key.span()))
        }
        _ => None,
    }
}

/// Returns who mounts the named volume at the place.
fn volume(here: &Here<'_>) -> Option<Section> {
    let facts = here.facts;
    for (at, project) in facts.projects().iter().enumerate() {
        let is_used = |it: &Volume| {
            let name = it.key.as_str();
            let services = facts.services().iter().filter(|it| it.project_index == at);
            let mut mounts = services.flat_map(|it| &it.model.volumes);
            let is_here = |it: &Mount| {
                here.is_in(it.span) && it.source.as_ref().is_some_and(|it| it.as_str() == name)
            };
            here.is_in(it.key.span) || mounts.any(is_here)
        };
        let Some(volume) = project.volumes.iter().find(|it| is_used(it)) else { continue };
        let mut users = Vec::new();
        for service in facts.services().iter().filter(|it| it.project_index == at) {
            for mount in &service.model.volumes {
                if mount.source.as_ref().is_some_and(|it| it.as_str() == volume.key.as_str()) {
                    let (path, at) = (code(&mount.target), place(facts, mount.span));
                    users.push(format!("service {} at {path} ({at})", code(service.name)));
                }
            }
        }
        let text = match users.is_empty() {
            true => format!("**Volume** {}: nobody mounts it", code(&volume.key)),
            false => {
                let users = crate::ide::words::list(&users);
                format!("**Volume** {} is mounted by\n\n{users}", code(&volume.key))
            }
        };
        let span = if here.is_in(volume.key.span) { volume.key.span } else { here.word() };
        return Some(Section { span, text });
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing::said;

    #[test]
    fn a_service_is_shown_wherever_it_is_named() {
        let text = "services:\n  web: {image: 'acme/web:1', environment: {DB_HOST: db, DB_URL: 'postgres://db:5432/x'}}\n  other: {extends: {service: db}}\n  db: {image: 'postgres:17'}\n";
        for (named, marked) in
            [("HOST: db", "HOST: d‸b"), ("//db:", "//d‸b:"), ("service: db", "service: d‸b")]
        {
            let shown = said(&text.replace(named, marked));
            assert!(shown.starts_with("**Service** `db`\n\n- image: `postgres:17`"), "{shown}");
        }
    }

    #[test]
    fn a_volume_says_who_mounts_it() {
        let text = "services:\n  db: {image: 'postgres:17', volumes: ['data:/var/lib/postgresql/data']}\n  backup: {image: 'acme/backup:1', volumes: ['data:/source:ro']}\nvolumes:\n  da‸ta: {}\n";
        let expected = "**Volume** `data` is mounted by\n\n- service `backup` at `/source` (compose.yaml:3)\n- service `db` at `/var/lib/postgresql/data` (compose.yaml:2)";
        assert_eq!(said(text), expected);
        assert_eq!(
            said("services: {}\nvolumes: {d‸ata: {}}\n"),
            "**Volume** `data`: nobody mounts it"
        );
    }
}
