//! Completion candidates from Compose projects.

use super::context::{Slot, Step};
use super::hosts::{HostOffer, host_offers};
use super::{CompletionKind, Cursor, Offer, Offers};
use crate::facts::{Facts, Health, Service};
use crate::ide::here::Here;
use crate::ide::words::is_secret;
use crate::model::Str;
use crate::model::compose::{Condition, FileObject, Project};
use crate::text::{FileId, folder_of, join_path};

/// Returns the projects that a file is a part of.
fn projects<'a>(facts: &'a Facts<'_>, file: FileId) -> impl Iterator<Item = &'a Project> {
    let is_part = move |it: &&Project| it.files.contains(&file) || it.included.contains(&file);
    facts.projects().iter().filter(is_part)
}

/// Returns the services of the projects that a file is a part of.
fn services<'a>(here: &Here<'a>) -> impl Iterator<Item = &'a Service<'a>> {
    let file = here.file.id;
    let is_part = move |it: &&Service<'_>| {
        it.project.files.contains(&file) || it.project.included.contains(&file)
    };
    here.facts.services().iter().filter(is_part)
}

pub(super) fn offers(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let path = cursor.context.path();
    let [Step::Key("services"), Step::Key(own), rest @ ..] = &path[..] else { return Vec::new() };
    match (rest, cursor.context.slot) {
        ([Step::Key("depends_on"), Step::Item], Slot::Value) => {
            service_names(cursor, own).into_iter().map(|it| it.1).collect()
        }
        ([Step::Key("depends_on")], Slot::Key) => dependencies(cursor, own),
        ([Step::Key("depends_on"), Step::Key(on), Step::Key("condition")], Slot::Value) => {
            conditions(cursor, on)
        }
        ([Step::Key("links" | "volumes_from"), Step::Item], Slot::Value) => {
            service_names(cursor, own).into_iter().map(|it| it.1).collect()
        }
        ([Step::Key("network_mode" | "pid" | "ipc")], Slot::Value) => {
            let prefixed = |(name, offer): (String, Offer)| offer.insert(format!("service:{name}"));
            service_names(cursor, own).into_iter().map(prefixed).collect()
        }
        ([Step::Key("extends")] | [Step::Key("extends"), Step::Key("service")], Slot::Value) => {
            extended(cursor, own)
        }
        ([Step::Key("volumes"), Step::Item], Slot::Value) => volumes(cursor, ":"),
        ([Step::Key("volumes"), Step::Item, Step::Key("source")], Slot::Value) => {
            volumes(cursor, "")
        }
        ([Step::Key("networks"), Step::Item], Slot::Value) => networks(cursor, ""),
        ([Step::Key("networks")], Slot::Key) => networks(cursor, ":"),
        (
            [Step::Key(list @ ("secrets" | "configs")), Step::Item]
            | [Step::Key(list @ ("secrets" | "configs")), Step::Item, Step::Key("source")],
            Slot::Value,
        ) => files(cursor, list),
        ([Step::Key("profiles"), Step::Item], Slot::Value) => profiles(cursor),
        _ => Vec::new(),
    }
}

/// Returns the services beside one, without those that the list has already. Those of the text count too,
/// since the snapshot may not know them yet.
fn service_names(cursor: &Cursor<'_, '_>, own: &str) -> Vec<(String, Offer)> {
    let taken = cursor.context.items();
    let mut found: Vec<(String, Offer)> = Vec::new();
    let may_stand = |name: &str| name != own && !taken.contains(&name);
    for service in services(cursor.here).filter(|it| may_stand(it.name)) {
        let image = service.model.image.as_ref().map_or("", |it| it.as_str());
        let offer = Offer::new(CompletionKind::Service, service.name).detail(image);
        found.push((service.name.to_owned(), offer));
    }
    for name in keys_below(cursor.text, "services").filter(|name| may_stand(name)) {
        if !found.iter().any(|it| it.0 == name) {
            found.push((name.to_owned(), Offer::new(CompletionKind::Service, name)));
        }
    }
    found
}

/// Returns the keys of the second level below a key of the first one.
fn keys_below<'t>(text: &'t str, key: &'t str) -> impl Iterator<Item = &'t str> {
    let mut is_inside = false;
    let mut indent = None;
    let keys = text.lines().filter_map(move |line| {
        let content = line.trim_start_matches(' ');
        let column = line.len() - content.len();
        if content.trim().is_empty() || content.starts_with('#') {
            return None;
        }
        if column == 0 {
            is_inside = content.strip_prefix(key).is_some_and(|it| it.starts_with(':'));
            return None;
        }
        let first = *indent.get_or_insert(column);
        let (name, rest) = content.split_once(':')?;
        let is_key = is_inside && column == first && (rest.is_empty() || rest.starts_with(' '));
        is_key.then(|| name.trim_matches(['"', '\'']))
    });
    keys.filter(|name| !name.is_empty() && !name.starts_with("<<"))
}

/// Returns the services that may be keys of `depends_on`, each with its condition, or items where nothing
/// stands there yet and nothing can be waited for.
fn dependencies(cursor: &Cursor<'_, '_>, own: &str) -> Vec<Offer> {
    let taken = cursor.context.keys();
    let indent = " ".repeat(cursor.context.column);
    let names = service_names(cursor, own).into_iter();
    let names = names.filter(|(name, _)| !taken.contains(&name.as_str()));
    let offer = |(name, offer): (String, Offer)| {
        let mut services = services(cursor.here);
        let service = services.find(|it| it.name == name);
        let health = service.map(|it| cursor.here.facts.health(it));
        let condition = match health {
            Some(Health::Checked) => Condition::Healthy,
            _ => Condition::Started,
        };
        let is_list = taken.is_empty() && condition == Condition::Started;
        if cursor.context.is_flow {
            return offer.insert(format!("{name}: {{condition: {}}}", condition.name()));
        }
        match is_list {
            true => offer.insert(format!("- {name}")),
            false => offer.insert(format!("{name}:\n{indent}  condition: {}", condition.name())),
        }
    };
    names.map(offer).collect()
}

/// Returns the conditions under which a dependency counts as fulfilled. To wait for health comes first where
/// the service can be asked for it.
fn conditions(cursor: &Cursor<'_, '_>, on: &str) -> Vec<Offer> {
    let mut services = services(cursor.here);
    let service = services.find(|it| it.name == on);
    let health = service.map(|it| cursor.here.facts.health(it));
    let is_job = service.is_some_and(Service::starts_one_shot);
    let offer = |condition: Condition| {
        let (detail, documentation) = match condition {
            Condition::Started => (
                "as soon as its container runs",
                "Waits until the container has been started, whether or not the program in it answers.",
            ),
            Condition::Healthy => (
                match health {
                    Some(Health::Checked) => "once its healthcheck succeeds",
                    Some(Health::Disabled(_)) => "its healthcheck is switched off",
                    Some(Health::None) => "it has no healthcheck",
                    Some(Health::Unknown) | None => "if its image has a healthcheck",
                },
                "Waits until the healthcheck succeeds. Without a healthcheck the project does not start.",
            ),
            Condition::CompletedSuccessfully => (
                "once it has ended with exit code 0",
                "Waits until the container has ended with exit code 0, as a migration does.",
            ),
        };
        Offer::new(CompletionKind::Condition, condition.name())
            .detail(detail)
            .documentation(documentation)
    };
    let order = match health {
        _ if is_job => [Condition::CompletedSuccessfully, Condition::Started, Condition::Healthy],
        Some(Health::Checked) => {
            [Condition::Healthy, Condition::Started, Condition::CompletedSuccessfully]
        }
        _ => [Condition::Started, Condition::Healthy, Condition::CompletedSuccessfully],
    };
    order.into_iter().map(offer).collect()
}

/// Returns the services that a service may extend: those of the file that it names, or of its own.
fn extended(cursor: &Cursor<'_, '_>, own: &str) -> Vec<Offer> {
    let named = cursor
        .context
        .sibling("file")
        .filter(|_| matches!(cursor.context.path().last(), Some(Step::Key("service"))));
    let Some(path) = named else {
        return service_names(cursor, own).into_iter().map(|it| it.1).collect();
    };
    let path = join_path(folder_of(cursor.here.file.path()), path);
    let Some(file) = cursor.here.facts.files().iter().find(|it| it.path() == path) else {
        return Vec::new();
    };
    let services = file.tree.roots().filter_map(|root| root.get("services"));
    let names = services.flat_map(|it| it.entries()).filter_map(|it| it.key.as_str());
    names.map(|name| Offer::new(CompletionKind::Service, name).detail(file.path())).collect()
}

/// Returns the keys of top-level objects, in the snapshot and in the text.
fn top_level(
    cursor: &Cursor<'_, '_>,
    key: &str,
    kind: CompletionKind,
    of_project: &dyn Fn(&Project) -> Vec<(Str, String)>,
) -> Vec<Offer> {
    let taken = [cursor.context.items().to_vec(), cursor.context.keys()].concat();
    let mut found: Vec<Offer> = Vec::new();
    for project in projects(cursor.here.facts, cursor.here.file.id) {
        for (name, detail) in of_project(project) {
            found.push(Offer::new(kind, name.as_str()).detail(detail));
        }
    }
    for name in keys_below(cursor.text, key) {
        if !found.iter().any(|it| it.label == name) {
            found.push(Offer::new(kind, name));
        }
    }
    found.retain(|it| !taken.contains(&it.label.as_str()));
    found
}

fn volumes(cursor: &Cursor<'_, '_>, end: &str) -> Vec<Offer> {
    // Behind the colon stands a path in the container, and what begins like a path is one.
    let typed = cursor.context.typed;
    if end == ":" && (typed.contains(':') || typed.starts_with(['.', '/', '~'])) {
        return Vec::new();
    }
    let of_project = |project: &Project| {
        let detail = |is_external: bool| if is_external { "external" } else { "" }.to_owned();
        project.volumes.iter().map(|it| (it.key.clone(), detail(it.external))).collect()
    };
    let offers = top_level(cursor, "volumes", CompletionKind::Volume, &of_project);
    let ended = |offer: Offer| {
        let insert = format!("{}{end}", offer.label);
        offer.insert(insert)
    };
    offers.into_iter().map(ended).collect()
}

fn networks(cursor: &Cursor<'_, '_>, end: &str) -> Vec<Offer> {
    let of_project = |project: &Project| {
        let written = project.networks.iter().filter(|it| !it.implicit);
        let detail = |is_external: bool| if is_external { "external" } else { "" }.to_owned();
        written.map(|it| (it.key.clone(), detail(it.external))).collect()
    };
    let offers = top_level(cursor, "networks", CompletionKind::Network, &of_project);
    let ended = |offer: Offer| {
        let insert = format!("{}{end}", offer.label);
        offer.insert(insert)
    };
    offers.into_iter().map(ended).collect()
}

fn files(cursor: &Cursor<'_, '_>, list: &str) -> Vec<Offer> {
    let detail = |it: &FileObject| {
        let from = it.file.as_ref().or(it.environment.as_ref());
        from.map(|it| it.to_string()).unwrap_or_default()
    };
    let of_project = |project: &Project| {
        let objects = if list == "secrets" { &project.secrets } else { &project.configs };
        objects.iter().map(|it| (it.key.clone(), detail(it))).collect()
    };
    top_level(cursor, list, CompletionKind::File, &of_project)
}

fn profiles(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let taken = cursor.context.items();
    let projects = projects(cursor.here.facts, cursor.here.file.id);
    let names = projects.flat_map(|it| &it.profiles).filter(|it| !taken.contains(&it.as_str()));
    names.map(|name| Offer::new(CompletionKind::Profile, name.as_str())).collect()
}

/// Returns the variables that the project knows: those of its `.env` file, and those that it uses.
pub(super) fn variables(here: &Here<'_>) -> Vec<Offer> {
    let mut found: Vec<Offer> = Vec::new();
    for project in projects(here.facts, here.file.id) {
        for var in &project.dot_env {
            let value = var.value.as_ref().map_or("", |it| it.as_str());
            let shown = if is_secret(&var.name, value) { "" } else { value };
            found.push(Offer::new(CompletionKind::Variable, var.name.as_str()).detail(shown));
        }
        // The variable at the cursor is not yet written to its end.
        for used in project.variables.iter().filter(|it| !here.is_in(it.span)) {
            if !found.iter().any(|it| it.label == used.name) {
                let offer = Offer::new(CompletionKind::Variable, used.name.as_str());
                found.push(offer.detail("no file sets it"));
            }
        }
    }
    found
}

/// Returns the services that a variable of the environment may name; `None` for any other place.
pub(super) fn hosts(cursor: &Cursor<'_, '_>) -> Option<Offers> {
    let path = cursor.context.path();
    let [Step::Key("services"), Step::Key(own), Step::Key("environment"), rest @ ..] = &path[..]
    else {
        return None;
    };
    if cursor.context.slot != Slot::Value {
        return None;
    }
    let (key, value) = match rest {
        [Step::Key(key)] => (*key, cursor.context.typed),
        [Step::Item] => cursor.context.typed.split_once('=')?,
        _ => return None,
    };
    let hosts = services(cursor.here).filter(|it| it.name != *own).map(|it| HostOffer {
        host: it.name.to_owned(),
        ports: it.listens_on(),
        detail: it.model.image.as_ref().map_or(String::new(), |it| it.to_string()),
    });
    host_offers(key, value, hosts.collect())
}

#[cfg(test)]
mod tests {
    use crate::ide::completion::testing::{labels, offered, offered_now, taken};

    const SERVICES: &str = "  db:\n    image: postgres:17\n    healthcheck: {test: [CMD, pg_isready]}\n  cache: {image: 'redis:7'}\n";

    fn web(text: &str) -> String {
        format!(
            "services:\n{SERVICES}  web:\n    image: acme/web:1\n{text}\nvolumes: {{data: {{}}, old: {{external: true}}}}\nnetworks:\n  front: {{}}\nsecrets:\n  token: {{file: ./token}}\n"
        )
    }

    #[test]
    fn services_are_offered_where_they_are_named() {
        assert_eq!(labels(&web("    depends_on:\n      - ‸")), ["cache", "db"]);
        assert_eq!(labels(&web("    depends_on:\n      - db\n      - c‸")), ["cache"]);
        assert_eq!(labels(&web("    depends_on: [‸]")), ["cache", "db"]);
        assert_eq!(labels(&web("    links:\n    - ‸")), ["cache", "db"]);
        assert_eq!(labels(&web("    volumes_from: [d‸")), ["cache", "db"]);
        assert_eq!(labels(&web("    extends: ‸")), ["cache", "db"]);
        assert_eq!(labels(&web("    extends:\n      service: ‸")), ["cache", "db"]);
        let mode = taken(&web("    network_mode: ser‸"));
        assert!(mode[0].contains("network_mode: service:cache\n"), "{}", mode[0]);
    }

    #[test]
    fn a_key_of_depends_on_comes_with_its_condition() {
        let all = taken(&web("    depends_on:\n      ‸"));
        assert!(all[0].contains("    depends_on:\n      - cache\n"), "{}", all[0]);
        assert!(
            all[1].contains("    depends_on:\n      db:\n        condition: service_healthy\n"),
            "{}",
            all[1]
        );
        let all = taken(&web("    depends_on:\n      db: {condition: service_healthy}\n      c‸"));
        assert_eq!(all.len(), 1);
        assert!(
            all[0].contains("      cache:\n        condition: service_started\n"),
            "{}",
            all[0]
        );
    }

    #[test]
    fn health_is_the_first_condition_where_there_is_a_healthcheck() {
        let condition =
            |on: &str| labels(&web(&format!("    depends_on:\n      {on}:\n        condition: ‸")));
        assert_eq!(
            condition("db"),
            ["service_healthy", "service_started", "service_completed_successfully"]
        );
        assert_eq!(
            condition("cache"),
            ["service_started", "service_healthy", "service_completed_successfully"]
        );
        let flow = offered(&web("    depends_on: {cache: {condition: ser‸"));
        assert_eq!(flow[1].detail.as_deref(), Some("it has no healthcheck"));
    }

    #[test]
    fn objects_of_the_top_level_are_offered() {
        assert_eq!(labels(&web("    volumes:\n      - ‸")), ["data", "old"]);
        assert_eq!(labels(&web("    volumes:\n      - data:‸")), [""; 0]);
        assert_eq!(labels(&web("    volumes:\n      - ./‸")), [""; 0]);
        assert_eq!(labels(&web("    volumes: [{type: volume, source: ‸}]")), ["data", "old"]);
        assert_eq!(labels(&web("    networks: [‸")), ["front"]);
        assert_eq!(labels(&web("    networks:\n      ‸")), ["front"]);
        assert_eq!(labels(&web("    secrets:\n      - source: ‸")), ["token"]);
        assert_eq!(
            labels(&web("    profiles: [debug]\n  tool: {image: 'a:1', profiles: [‸]}")),
            ["debug"]
        );
    }

    #[test]
    fn what_is_only_in_the_text_counts_too() {
        let now = "services:\n  new: [\n  web:\n    depends_on:\n      - ‸\n";
        assert_eq!(offered_now("services:\n  old: {image: 'a:1'}\n", now), ["old", "new"]);
        let new = "services:\n  new:\n  web:\n    depends_on: [‸";
        assert_eq!(offered_now("", new), ["new"]);
    }

    #[test]
    fn hosts_come_with_their_ports() {
        assert_eq!(
            labels(&web("    environment:\n      DB_HOST: ‸")),
            ["cache", "db", "cache:6379", "db:5432"]
        );
        assert_eq!(
            labels(&web("    environment: [\"DB_URL=postgres://u:p@‸")),
            ["db:5432", "cache:6379", "db", "cache"]
        );
        assert_eq!(labels(&web("    environment:\n      LEVEL: ‸")), [""; 0]);
        let all = taken(&web("    environment:\n      - CACHE_URL=redis://ca‸"));
        assert!(all[0].contains("      - CACHE_URL=redis://cache:6379\n"), "{}", all[0]);
    }

    #[test]
    fn variables_come_from_the_env_file() {
        let text = "# file: .env\nTAG=1.2\nDB_PASSWORD=hunter2\n# file: compose.yaml\nservices:\n  web:\n    image: acme/web:${T‸}\n    labels: {a: \"${OTHER}\"}\n";
        let all = offered(text);
        let shown: Vec<_> =
            all.iter().map(|it| (it.label.as_str(), it.detail.as_deref())).collect();
        assert_eq!(
            shown,
            [("TAG", Some("1.2")), ("DB_PASSWORD", None), ("OTHER", Some("no file sets it"))]
        );
        assert!(taken(text)[0].contains("acme/web:${TAG}\n"));
    }
}
