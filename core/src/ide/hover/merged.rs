//! The merged view of a Compose service: each value with its place, and its counterpart in the cluster.

use crate::facts::{Pair, Service};
use crate::ide::here::Here;
use crate::ide::words::{
    MOST, bytes, code, code_or_mask, count, list, place_in_markdown as place, seconds,
};
use crate::model::Str;
use crate::model::compose::{EnvSource, KeyValue, Mount, Port};
use crate::text::markdown::prose;
use crate::text::{Span, Spanned};

/// Returns the merged view of a service, and its counterpart.
pub(super) fn text(here: &Here<'_>, service: &Service<'_>) -> String {
    let facts = here.facts;
    let files = files_of(here, service);
    let is_merged = files.len() > 1 || service.model.places.len() > 1;
    let at = |span: Span| match is_merged && span.end > 0 {
        true => format!(" ({})", place(facts, span)),
        false => String::new(),
    };
    let mut rows = runs(service, &at);
    rows.extend(environment(here, service, is_merged));
    rows.extend(mounts(service, &at));
    rows.extend(network(service, &at));
    rows.extend(behaviour(service, &at));
    rows.extend(limits(service, &at));
    rows.extend(labels(service, &at));
    let merged = match is_merged {
        true => format!(", merged from {}", prose(&files.join(", "))),
        false => String::new(),
    };
    let mut out = format!("**Service** {}{merged}", code(service.name));
    if !rows.is_empty() {
        out.push_str("\n\n");
        let lines: Vec<String> = rows.iter().map(|row| format!("- {row}")).collect();
        out.push_str(&lines.join("\n"));
    }
    if let Some(pair) = Pair::of(facts, service.index) {
        out.push_str(&format!(
            "\n\nIn the cluster: {} ({}), matched by {}",
            prose(&pair.label()),
            place(facts, pair.workload.span()),
            pair.found.why.says()
        ));
    }
    out
}

/// Returns what a service runs.
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
    rows
}

/// Returns the files that the values of a service are written in, in the order of the merge.
fn files_of<'a>(here: &Here<'a>, service: &Service<'_>) -> Vec<&'a str> {
    let model = service.model;
    let mut files: Vec<&str> = Vec::new();
    let spans = model.borrowed.iter().copied().chain(model.places.iter().map(|it| it.span));
    for span in spans {
        let path = here.facts.file(span.file).path();
        if !files.contains(&path) {
            files.push(path);
        }
    }
    // What is extended comes before the files of the project.
    let order = service.project.files.iter().map(|it| here.facts.file(*it).path());
    files.sort_by_key(|path| order.clone().position(|it| it == *path));
    files
}

/// Returns the variables with their values and places, those of files always with their places.
fn environment(here: &Here<'_>, service: &Service<'_>, is_merged: bool) -> Option<String> {
    let variables = &service.model.environment;
    let total = i64::try_from(variables.len()).unwrap_or(i64::MAX);
    let lines = variables.iter().map(|it| {
        let value = match &it.value {
            Some(value) => format!(": {}", code_or_mask(&it.name, value)),
            None => ", from the shell".to_owned(),
        };
        let has_place = is_merged || it.from != EnvSource::Environment;
        let place =
            if has_place { format!(" ({})", place(here.facts, it.span)) } else { String::new() };
        format!("{}{value}{place}", code(&it.name))
    });
    let lines = list(&lines.collect::<Vec<_>>());
    let lines = format!("  {}", lines.replace('\n', "\n  "));
    (total > 0).then(|| format!("environment: {}\n{lines}", count(total, "variable")))
}

/// Returns the volumes, secrets and configs of a service.
fn mounts(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Vec<String> {
    let model = service.model;
    let mount = |it: &Mount| match &it.source {
        Some(source) => format!("{}:{}", source.value, it.target.value),
        None => it.target.to_string(),
    };
    let volumes = model.volumes.iter().map(|it| (mount(it), it.span));
    let mut rows = Vec::new();
    rows.extend(all("volumes", volumes.collect(), at));
    for (key, files) in [("secrets", &model.secrets), ("configs", &model.configs)] {
        let names = files.iter().map(|it| (it.source.to_string(), it.source.span));
        rows.extend(all(key, names.collect(), at));
    }
    rows
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
    let grace = model.stop_grace_period;
    rows.extend(grace.map(|it| {
        let words = seconds(i64::try_from(it.value.as_secs()).unwrap_or(i64::MAX));
        format!("stop_grace_period: {words}{}", at(it.span))
    }));
    let profiles = model.profiles.iter().map(|it| (it.to_string(), it.span));
    rows.extend(all("profiles", profiles.collect(), at));
    rows
}

/// Returns how much of the machine a service may take and is promised, and what else it may do.
fn limits(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Vec<String> {
    let model = service.model;
    let reservations = model.deploy.as_ref().and_then(|it| it.reservations.as_ref());
    let memory = [
        ("memory limit", model.memory_limit()),
        ("memory reservation", model.memory_reservation()),
    ];
    let cpus = [
        ("CPU limit", model.cpu_limit()),
        ("CPU reservation", reservations.and_then(|it| it.cpus)),
    ];
    let mut rows = Vec::new();
    for (key, value) in memory {
        rows.extend(value.map(|it| format!("{key}: {}{}", bytes(it.value.into()), at(it.span))));
    }
    for (key, value) in cpus {
        rows.extend(value.map(|it| format!("{key}: {}{}", it.value, at(it.span))));
    }
    let added = model.cap_add.iter().map(|it| (it.to_string(), it.span));
    rows.extend(all("cap_add", added.collect(), at));
    rows
}

/// Returns the labels of a service, and where its log goes.
fn labels(service: &Service<'_>, at: &dyn Fn(Span) -> String) -> Vec<String> {
    let model = service.model;
    let pair = |it: &KeyValue| match &it.value {
        Some(value) => (format!("{}={}", it.key.value, value.value), it.span),
        None => (it.key.to_string(), it.span),
    };
    let mut rows = Vec::new();
    rows.extend(all("labels", model.labels.iter().take(MOST).map(pair).collect(), at));
    if let Some(logging) = &model.logging {
        let driver = logging.driver.iter().map(|it| (it.to_string(), it.span));
        let options = logging.options.iter().map(pair);
        rows.extend(all("logging", driver.chain(options).collect(), at));
    }
    rows
}

/// Returns the values of a list on one line, each with its place.
fn all(key: &str, values: Vec<(String, Span)>, at: &dyn Fn(Span) -> String) -> Option<String> {
    let words: Vec<String> =
        values.iter().map(|(text, span)| format!("{}{}", code(text), at(*span))).collect();
    (!words.is_empty()).then(|| format!("{key}: {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing::said;

    #[test]
    fn a_service_of_several_files_says_where_each_value_comes_from() {
        let text = "# file: compose.yaml\nservices:\n  w‸eb:\n    image: acme/web:1\n    environment: {A: '1', B: '2'}\n    ports: ['8080:80']\n    depends_on: [db]\n  db: {image: 'postgres:17'}\n# file: compose.override.yaml\nservices:\n  web:\n    image: acme/web:2\n    restart: always\n";
        let expected = "**Service** `web`, merged from compose.yaml, compose.override.yaml\n\n- image: `acme/web:2` (compose.override.yaml:3)\n- environment: 2 variables\n  - `A`: `1` (compose.yaml:4)\n  - `B`: `2` (compose.yaml:4)\n- ports: `8080:80` (compose.yaml:5)\n- depends_on: `db (service_started)` (compose.yaml:6)\n- restart: `always` (compose.override.yaml:4)";
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
    fn variables_have_values_and_secrets_are_masked() {
        let text = "# file: app.env\nLEVEL=info\n# file: compose.yaml\nservices:\n  w‸eb:\n    image: acme/web:1\n    env_file: app.env\n    environment: {DB_PASSWORD: hunter2, SHELL_ONLY: }\n";
        let expected = "**Service** `web`\n\n- image: `acme/web:1`\n- environment: 3 variables\n  - `LEVEL`: `info` (app.env:1)\n  - `DB_PASSWORD`: `•••`\n  - `SHELL_ONLY`, from the shell";
        assert_eq!(said(text), expected);
        let many: Vec<String> = (0..12).map(|it| format!("V{it}: a")).collect();
        let text = format!("services: {{we‸b: {{environment: {{{}}}}}}}\n", many.join(", "));
        let shown = said(&text);
        assert!(shown.contains("- environment: 12 variables\n  - `V0`: `a`"), "{shown}");
        assert!(shown.ends_with("  - `V9`: `a`\n  - and 2 more"), "{shown}");
    }

    #[test]
    fn only_the_files_of_the_service_itself_are_listed() {
        let text = "# file: compose.yaml\nservices:\n  w‸eb: {image: 'acme/web:1', secrets: [key], cpus: 0.5, cap_add: [NET_ADMIN], logging: {driver: local}, labels: {team: blue}, deploy: {resources: {reservations: {memory: 64m}}}}\nsecrets: {key: {file: k}}\n# file: compose.override.yaml\nservices:\n  other: {image: 'acme/o:1'}\n";
        let expected = "**Service** `web`\n\n- image: `acme/web:1`\n- secrets: `key`\n- memory reservation: 64 MiB\n- CPU limit: 0.5\n- cap_add: `NET_ADMIN`\n- labels: `team=blue`\n- logging: `local`";
        assert_eq!(said(text), expected);
    }
}
