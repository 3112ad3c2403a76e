//! Transformations between the short and long forms of Compose.

use crate::tree::{Form, Yaml};
use crate::{Source, Transformation};
use plimsoll_core::report::Kind;
use plimsoll_core::syntax::Scalar;

pub const ALL: &[Transformation] = &[
    Transformation::text("Compose: environment as a map", |it| each(it, "environment", to_map)),
    Transformation::text("Compose: environment as a list", |it| each(it, "environment", to_list)),
    Transformation::text("Compose: labels as a map", |it| each(it, "labels", to_map)),
    Transformation::text("Compose: labels as a list", |it| each(it, "labels", to_list)),
    Transformation::text("Compose: long ports", |it| each_item(it, "ports", long_port)),
    Transformation::text("Compose: short ports", |it| each_item(it, "ports", short_port)),
    Transformation::text("Compose: long volumes", |it| each_item(it, "volumes", long_volume)),
    Transformation::text("Compose: short volumes", |it| each_item(it, "volumes", short_volume)),
    Transformation::text("Compose: command as a list", |it| each(it, "command", words)),
    Transformation::text("Compose: command as a text", |it| each(it, "command", line)),
    Transformation::text("Compose: entrypoint as a list", |it| each(it, "entrypoint", words)),
    Transformation::text("Compose: entrypoint as a text", |it| each(it, "entrypoint", line)),
    Transformation::text("Compose: healthcheck as a list", |it| each_test(it, shell_test)),
    Transformation::text("Compose: healthcheck as a text", |it| each_test(it, text_test)),
    Transformation::text("Compose: depends_on as a map", |it| each(it, "depends_on", started)),
    Transformation::text("Compose: depends_on as a list", |it| each(it, "depends_on", bare)),
    Transformation::text("Compose: networks as a map", |it| each(it, "networks", keys_alone)),
    Transformation::text("Compose: networks as a list", |it| each(it, "networks", bare_keys)),
    Transformation::text("Compose: long build", |it| each(it, "build", long_build)),
    Transformation::text("Compose: short build", |it| each(it, "build", short_build)),
    Transformation::text("Compose: env_file as a list", |it| each(it, "env_file", one_item)),
    Transformation::text("Compose: env_file as a text", |it| each(it, "env_file", only_item)),
];

/// Changes every service of a Compose file.
fn each_service(source: &Source, change: impl Fn(&mut Yaml)) -> Option<String> {
    source.is_one_of(&[Kind::Compose]).then_some(())?;
    source.changed(|document| {
        if let Some(Form::Map(services)) = document.get_mut("services").map(|it| &mut it.form) {
            services.iter_mut().for_each(|(_, service)| change(service));
        }
    })
}

/// Replaces the value of a key in every service, where a function returns another form of it.
fn each(source: &Source, key: &str, change: fn(&Yaml) -> Option<Yaml>) -> Option<String> {
    each_service(source, |service| replace(service.get_mut(key), change))
}

/// Replaces items of a list in every service.
fn each_item(source: &Source, key: &str, change: fn(&Yaml) -> Option<Yaml>) -> Option<String> {
    each_service(source, |service| {
        if let Some(Form::List(items)) = service.get_mut(key).map(|it| &mut it.form) {
            items.iter_mut().for_each(|it| replace(Some(it), change));
        }
    })
}

fn each_test(source: &Source, change: fn(&Yaml) -> Option<Yaml>) -> Option<String> {
    each_service(source, |service| {
        replace(service.get_mut("healthcheck").and_then(|it| it.get_mut("test")), change);
    })
}

fn replace(node: Option<&mut Yaml>, change: fn(&Yaml) -> Option<Yaml>) {
    if let Some(node) = node.filter(|it| it.is_simple())
        && let Some(new) = change(node)
    {
        *node = new;
    }
}

/// Returns the items of a list of texts.
fn texts(node: &Yaml) -> Option<Vec<&str>> {
    let Form::List(items) = &node.form else { return None };
    items.iter().map(|it| it.text().filter(|_| it.is_simple())).collect()
}

/// Returns the text of a string.
fn string(node: &Yaml) -> Option<&str> {
    let Form::Scalar(text, style) = &node.form else { return None };
    matches!(Scalar::read(text, *style, None), Scalar::Str(_)).then_some(text)
}

/// `[A=b, C]` becomes `{A: "b", C: null}`. Variables in names and names that stand twice prevent it.
fn to_map(node: &Yaml) -> Option<Yaml> {
    let mut names = Vec::new();
    let mut entries = Vec::new();
    for item in texts(node)? {
        let (name, value) = match item.split_once('=') {
            Some((name, value)) => (name, Yaml::string(value)),
            None => (item, Yaml::plain("")),
        };
        if name.contains('$') || names.contains(&name) {
            return None;
        }
        names.push(name);
        entries.push((Yaml::string(name), value));
    }
    Some(Form::Map(entries).into())
}

fn to_list(node: &Yaml) -> Option<Yaml> {
    let Form::Map(entries) = &node.form else { return None };
    let item = |(name, value): &(Yaml, Yaml)| {
        let Form::Scalar(text, style) = &value.form else { return None };
        let name = name.text().filter(|it| !it.contains(['$', '=']))?;
        let is_as_written = match Scalar::read(text, *style, None) {
            Scalar::Null => return Some(Yaml::string(name)),
            Scalar::Str(_) => true,
            Scalar::Bool(it) => it.to_string() == *text,
            Scalar::Int(it) => it.to_string() == *text,
            Scalar::Float(_) | Scalar::NotFinite(_) => false,
        };
        (is_as_written && value.is_simple()).then(|| Yaml::string(format!("{name}={text}")))
    };
    entries.iter().map(item).collect::<Option<Vec<_>>>().map(Yaml::list)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// `8080:80/udp` becomes the mapping that Compose makes of it; ranges and variables are left alone.
fn long_port(node: &Yaml) -> Option<Yaml> {
    let text = node.text()?;
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    ["tcp", "udp", "sctp"].contains(&protocol).then_some(())?;
    let mut parts = ports.rsplitn(3, ':');
    let target = parts.next().filter(|it| is_port(it))?;
    let mut entries = vec![
        ("target", Yaml::plain(target)),
        ("protocol", Yaml::plain(protocol)),
        ("mode", Yaml::plain("ingress")),
    ];
    if let Some(published) = parts.next() {
        is_port(published).then_some(())?;
        entries.push(("published", Yaml::string(published)));
    }
    if let Some(address) = parts.next() {
        (!address.contains([':', '$'])).then_some(())?;
        entries.push(("host_ip", Yaml::string(address)));
    }
    Some(Yaml::map(entries))
}

fn short_port(node: &Yaml) -> Option<Yaml> {
    let known = ["target", "published", "protocol", "host_ip", "mode"];
    let of = |key: &str| node.get(key).map(|it| it.text());
    let is_plain = node.entries().iter().all(|(key, value)| {
        key.text().is_some_and(|it| known.contains(&it))
            && value.text().is_some_and(|it| !it.contains(['$', ':', '-']))
    });
    let mode = of("mode").is_none_or(|it| it == Some("ingress"));
    (is_plain && mode).then_some(())?;
    let published = of("published").flatten().map_or(String::new(), |it| format!("{it}:"));
    let address = of("host_ip").flatten().map_or(String::new(), |it| format!("{it}:"));
    let protocol = of("protocol").flatten().map_or(String::new(), |it| format!("/{it}"));
    (address.is_empty() || !published.is_empty()).then_some(())?;
    Some(Yaml::string(format!("{address}{published}{}{protocol}", of("target")??)))
}

/// `./data:/data:ro` becomes the mapping that Compose makes of it.
fn long_volume(node: &Yaml) -> Option<Yaml> {
    let text = node.text().filter(|it| !it.contains(['$', '\\']))?;
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts[..] {
        [target] => (None, target, None),
        [source, target] => (Some(source), target, None),
        [source, target, options @ ("ro" | "rw")] => (Some(source), target, Some(options)),
        _ => return None,
    };
    target.starts_with('/').then_some(())?;
    let is_bind = source.is_some_and(|it| it.starts_with(['.', '/', '~']));
    let mut entries = vec![("type", Yaml::plain(if is_bind { "bind" } else { "volume" }))];
    entries.extend(source.map(|it| ("source", Yaml::string(it))));
    entries.push(("target", Yaml::string(target)));
    if options == Some("ro") {
        entries.push(("read_only", Yaml::plain("true")));
    }
    if is_bind {
        entries.push(("bind", Yaml::map(vec![("create_host_path", Yaml::plain("true"))])));
    }
    Some(Yaml::map(entries))
}

fn short_volume(node: &Yaml) -> Option<Yaml> {
    let mut read_only = "";
    for (key, value) in node.entries() {
        match (key.text()?, value.text()) {
            ("type", Some("bind" | "volume")) | ("source" | "target", Some(_)) => {}
            ("read_only", Some("true")) => read_only = ":ro",
            ("read_only", Some("false")) => {}
            ("bind", None) if creates_path(value) => {}
            _ => return None,
        }
    }
    let source = node.get("source").and_then(Yaml::text)?;
    let is_bind = node.get("type").and_then(Yaml::text)? == "bind";
    let target = node.get("target").and_then(Yaml::text)?;
    let is_clear = source.starts_with(['.', '/', '~']) == is_bind
        && (!is_bind || node.get("bind").is_some())
        && !source.contains([':', '$'])
        && !target.contains([':', '$']);
    is_clear.then(|| Yaml::string(format!("{source}:{target}{read_only}")))
}

/// Whether `bind` says what the short form does.
fn creates_path(bind: &Yaml) -> bool {
    let [(key, value)] = bind.entries() else { return false };
    key.text() == Some("create_host_path") && value.text() == Some("true")
}

/// A command as a text is split into words; no shell runs it. Operators of a shell end it.
fn words(node: &Yaml) -> Option<Yaml> {
    let text = string(node)?;
    let is_plain = !text.trim().is_empty()
        && !text.contains(['\'', '"', '\\', '$', '#', '&', '|', ';', '<', '>', '(', ')', '`']);
    is_plain.then(|| Yaml::list(text.split_whitespace().map(Yaml::string).collect()))
}

fn line(node: &Yaml) -> Option<Yaml> {
    let words = texts(node)?;
    let is_plain = |word: &&str| {
        let is_safe = |it: char| it.is_ascii_alphanumeric() || "_./:=@,+-".contains(it);
        !word.is_empty() && word.chars().all(is_safe)
    };
    (!words.is_empty() && words.iter().all(is_plain)).then(|| Yaml::string(words.join(" ")))
}

fn shell_test(node: &Yaml) -> Option<Yaml> {
    let text = string(node)?;
    Some(Yaml::list(vec![Yaml::string("CMD-SHELL"), Yaml::string(text)]))
}

fn text_test(node: &Yaml) -> Option<Yaml> {
    match texts(node)?[..] {
        ["CMD-SHELL", text] => Some(Yaml::string(text)),
        _ => None,
    }
}

fn started(node: &Yaml) -> Option<Yaml> {
    let started = || Yaml::map(vec![("condition", Yaml::plain("service_started"))]);
    let entries = texts(node)?.into_iter().map(|it| (Yaml::string(it), started()));
    Some(Form::Map(entries.collect()).into())
}

fn bare(node: &Yaml) -> Option<Yaml> {
    let is_started = |value: &Yaml| {
        let [(key, value)] = value.entries() else { return false };
        key.text() == Some("condition") && value.text() == Some("service_started")
    };
    let is_plain = node.entries().iter().all(|(_, it)| it.is_simple() && is_started(it));
    is_plain.then(|| names(node)).flatten()
}

fn keys_alone(node: &Yaml) -> Option<Yaml> {
    let entries = texts(node)?.into_iter().map(|it| (Yaml::string(it), Yaml::plain("")));
    Some(Form::Map(entries.collect()).into())
}

fn bare_keys(node: &Yaml) -> Option<Yaml> {
    let is_bare = |value: &Yaml| matches!(&value.form, Form::Scalar(text, style) if Scalar::read(text, *style, None) == Scalar::Null);
    node.entries().iter().all(|(_, it)| is_bare(it)).then(|| names(node)).flatten()
}

/// Returns the keys of a mapping as a list.
fn names(node: &Yaml) -> Option<Yaml> {
    let Form::Map(entries) = &node.form else { return None };
    let names = entries.iter().map(|(key, _)| key.text().map(Yaml::string));
    names.collect::<Option<Vec<_>>>().map(Yaml::list)
}

fn long_build(node: &Yaml) -> Option<Yaml> {
    Some(Yaml::map(vec![("context", Yaml::string(string(node)?))]))
}

fn short_build(node: &Yaml) -> Option<Yaml> {
    let [(key, value)] = node.entries() else { return None };
    (key.text() == Some("context")).then(|| string(value).map(Yaml::string)).flatten()
}

fn one_item(node: &Yaml) -> Option<Yaml> {
    Some(Yaml::list(vec![Yaml::string(string(node)?)]))
}

fn only_item(node: &Yaml) -> Option<Yaml> {
    match texts(node)?[..] {
        [only] => Some(Yaml::string(only)),
        _ => None,
    }
}
