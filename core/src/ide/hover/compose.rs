//! A Compose service: its merged view, each value with its place, and its counterpart in the cluster.

use super::Section;
use crate::facts::{Pair, Service};
use crate::ide::here::Here;
use crate::ide::words::{bytes, code, count, place, seconds};
use crate::model::Str;
use crate::model::compose::{EnvSource, Mount, Port, Volume};
use crate::syntax::Step;
use crate::text::{Span, Spanned};

pub(super) fn sections(here: &Here<'_>) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for (service, span) in services_at(here) {
        // A file of several projects gets no more than one view.
        if found.is_empty() {
            found.push(Section { span, text: text(here, service) });
        }
    }
    found.extend(volume(here));
    found
}

/// Returns the services that the place names: by their own key, or where another service refers to them.
fn services_at<'a>(here: &Here<'a>) -> Vec<(&'a Service<'a>, Span)> {
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
        let services = here.facts.services().iter();
        found.extend(services.filter_map(|from| {
            let (name, span) = reference(here, from)?;
            let mut others = here.facts.services().iter();
            let is_meant =
                |it: &&Service<'_>| it.project_index == from.project_index && it.name == name;
            Some((others.find(is_meant)?, span))
        }));
    }
    found
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

/// Returns the service that another one names at the place.
fn reference<'a>(here: &Here<'_>, from: &Service<'a>) -> Option<(&'a str, Span)> {
    let model = from.model;
    let dependency = model.depends_on.iter().map(|it| &it.service).find(|it| here.is_in(it.span));
    if let Some(name) = dependency {
        return Some((name.as_str(), name.span));
    }
    let texts = model.links.iter().chain(&model.volumes_from);
    let modes = [&model.network_mode, &model.pid, &model.ipc].into_iter().flatten();
    let named = texts.chain(modes).find(|it| here.is_in(it.span))?;
    let name = named.as_str();
    let name = name.strip_prefix("service:").unwrap_or(name);
    Some((name.split(':').next().unwrap_or(name), named.span))
}

fn text(here: &Here<'_>, service: &Service<'_>) -> String {
    let facts = here.facts;
    let files = service.project.files.iter().chain(&service.project.included);
    let is_merged = files.count() > 1 || service.model.places.len() > 1;
    let at = |span: Span| match is_merged && span.end > 0 {
        true => format!(" ({})", place(facts, span)),
        false => String::new(),
    };
    let mut rows = runs(service, &at);
    rows.extend(network(service, &at));
    rows.extend(behaviour(service, &at));
    let files: Vec<&str> = service.project.files.iter().map(|it| facts.file(*it).path()).collect();
    let merged =
        if is_merged { format!(", merged from {}", files.join(", ")) } else { String::new() };
    let mut out = format!("**Service** {}{merged}", code(service.name));
    if !rows.is_empty() {
        out.push_str("\n\n");
        let lines: Vec<String> = rows.iter().map(|row| format!("- {row}")).collect();
        out.push_str(&lines.join("\n"));
    }
    if let Some(pair) = Pair::of(facts, service.index) {
        out.push_str(&format!(
            "\n\nIn the cluster: {} ({}), matched by {}",
            pair.label(),
            place(facts, pair.workload.span()),
            pair.found.why.says()
        ));
    }
    out
}

/// Returns what a service runs, with which data.
fn runs(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Vec<String> {
    let model = service.model;
    let mut rows = Vec::new();
    let mut row = |key: &str, text: &str, span: Span| {
        rows.push(format!("{key}: {}{}", code(text), at(span)));
    };
    if let Some(image) = &model.image {
        row("image", image, image.span);
    }
    if let Some(build) = &model.build {
        row("build", &build.context, build.span);
    }
    for (key, command) in [("entrypoint", &model.entrypoint), ("command", &model.command)] {
        if let Some(command) = command {
            row(key, &command.joined(), command.span);
        }
    }
    rows.extend(environment(service, at));
    let mount = |it: &Mount| match &it.source {
        Some(source) => format!("{}:{}", source.value, it.target.value),
        None => it.target.to_string(),
    };
    let mounts = model.volumes.iter().map(|it| (mount(it), it.span));
    rows.extend(all("volumes", mounts.collect(), at));
    rows
}

/// Returns the number of variables and where they come from. Their values are nobody's business but the
/// container's.
fn environment(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Option<String> {
    let variables = &service.model.environment;
    let last = variables.iter().rfind(|it| it.from == EnvSource::Environment);
    let total = i64::try_from(variables.len()).unwrap_or(i64::MAX);
    let from_files = variables.iter().filter(|it| it.from != EnvSource::Environment).count();
    let files: Vec<String> = service.model.env_files.iter().map(|it| code(&it.path)).collect();
    let from = match from_files {
        0 => String::new(),
        all if all == variables.len() => format!(", all from {}", files.join(", ")),
        some => format!(", {some} of them from {}", files.join(", ")),
    };
    let place = last.map(|it| at(it.span)).unwrap_or_default();
    (total > 0).then(|| format!("environment: {}{from}{place}", count(total, "variable")))
}

/// Returns how a service is reached, and what it waits for.
fn network(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Vec<String> {
    let model = service.model;
    let ports = model.ports.iter().map(|it| (port_words(it), it.span));
    let networks = model.networks.iter().filter(|it| !it.implicit);
    let networks = networks.map(|it| (it.name.to_string(), it.name.span));
    let needs = model.depends_on.iter().map(|it| {
        let words = format!("{} ({})", it.service.value, it.condition.value.name());
        (words, it.span)
    });
    let mut rows = Vec::new();
    rows.extend(all("ports", ports.collect(), at));
    let exposed = model.expose.iter().map(|it| (it.to_string(), it.span));
    rows.extend(all("expose", exposed.collect(), at));
    rows.extend(all("networks", networks.collect(), at));
    rows.extend(all("depends_on", needs.collect(), at));
    rows
}

fn port_words(port: &Port) -> String {
    let target = port.target.value;
    let host = port.host_ip.as_ref().map(|it| format!("{}:", it.value)).unwrap_or_default();
    match port.published {
        Some(Spanned { value: (first, last), .. }) if first == last => {
            format!("{host}{first}:{target}")
        }
        Some(Spanned { value: (first, last), .. }) => format!("{host}{first}-{last}:{target}"),
        None => target.to_string(),
    }
}

/// Returns how a service starts again, how many there are, and how large.
fn behaviour(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Vec<String> {
    let model = service.model;
    let mut rows = Vec::new();
    let single: [(&str, Option<&Str>); 3] = [
        ("restart", model.restart.as_ref()),
        ("network_mode", model.network_mode.as_ref()),
        ("user", model.user.as_ref()),
    ];
    for (key, value) in single {
        rows.extend(value.map(|it| format!("{key}: {}{}", code(it), at(it.span))));
    }
    if let Some(check) = model.healthcheck.as_ref() {
        let test = check.test.as_ref().map(|it| code(&it.joined())).unwrap_or_default();
        let said = if check.disabled { "switched off".to_owned() } else { test };
        rows.push(format!("healthcheck: {said}{}", at(check.span)));
    }
    let replicas = model.scale.or_else(|| model.deploy.as_ref().and_then(|it| it.replicas));
    rows.extend(replicas.map(|it| format!("replicas: {}{}", it.value, at(it.span))));
    let memory = model.memory_limit();
    rows.extend(
        memory.map(|it| format!("memory limit: {}{}", bytes(it.value.into()), at(it.span))),
    );
    let grace = model.stop_grace_period;
    rows.extend(grace.map(|it| {
        let words = seconds(i64::try_from(it.value.as_secs()).unwrap_or(i64::MAX));
        format!("stop_grace_period: {words}{}", at(it.span))
    }));
    let profiles = model.profiles.iter().map(|it| (it.to_string(), it.span));
    rows.extend(all("profiles", profiles.collect(), at));
    rows
}

/// Returns the values of a list on one line, with the place of each file once.
fn all(key: &str, values: Vec<(String, Span)>, at: &dyn Fn(Span) -> String) -> Option<String> {
    let words: Vec<String> =
        values.iter().map(|(text, span)| format!("{}{}", code(text), at(*span))).collect();
    (!words.is_empty()).then(|| format!("{key}: {}", words.join(", ")))
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
    fn a_service_of_several_files_says_where_each_value_comes_from() {
        let text = "# file: compose.yaml\nservices:\n  w‸eb:\n    image: acme/web:1\n    environment: {A: '1', B: '2'}\n    ports: ['8080:80']\n    depends_on: [db]\n  db: {image: 'postgres:17'}\n# file: compose.override.yaml\nservices:\n  web:\n    image: acme/web:2\n    restart: always\n";
        let expected = "**Service** `web`, merged from compose.yaml, compose.override.yaml\n\n- image: `acme/web:2` (compose.override.yaml:3)\n- environment: 2 variables (compose.yaml:4)\n- ports: `8080:80` (compose.yaml:5)\n- depends_on: `db (service_started)` (compose.yaml:6)\n- restart: `always` (compose.override.yaml:4)";
        assert_eq!(said(text), expected);
    }

    #[test]
    fn a_service_of_one_file_repeats_no_places() {
        let text = "services:\n  web: {image: 'acme/web:1', depends_on: [d‸b]}\n  db: {image: 'postgres:17', mem_limit: 512m, volumes: ['data:/var/lib/postgresql/data']}\nvolumes: {data: {}}\n";
        let expected = "**Service** `db`\n\n- image: `postgres:17`\n- volumes: `data:/var/lib/postgresql/data`\n- memory limit: 512 MiB";
        assert_eq!(said(text), expected);
    }

    #[test]
    fn the_counterpart_is_named_with_its_reason() {
        let text = "# file: compose.yaml\nservices:\n  web‸: {image: 'acme/web:1'}\n# file: k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'acme/web:1'}]}}}\n";
        let text = said(text);
        let expected =
            "In the cluster: Deployment `shop/web` (k8s/web.yaml:3), matched by image and name";
        assert!(text.ends_with(expected), "{text}");
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
