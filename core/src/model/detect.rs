//! Which document is this: from its content first, and from its file's name second.

use super::read::Reader;
use crate::report::Kind;
use crate::syntax::{Node, Tree};
use crate::text::{folder_of, name_of};

/// What kind of file this is. `siblings` are the names (without folders) of the files beside it;
/// empty where they are not known.
pub fn detect(path: &str, text: &str, tree: &Tree, siblings: &[&str]) -> Kind {
    let named = by_name(path);
    if matches!(named, Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Template)
        || !may_be_yaml(path)
    {
        return named;
    }
    let content = by_content(text, tree);
    if is_template(path, text, content) {
        return Kind::Template;
    }
    match (content, named) {
        // A chart's own file and a kustomization are known by their names to their tools.
        (_, Kind::Chart | Kind::Kustomization) => named,
        (Kind::Unknown, Kind::Unknown) => {
            let name = name_of(path);
            let beside_chart = siblings.contains(&"Chart.yaml");
            if beside_chart && name.contains("values") { Kind::Values } else { Kind::Unknown }
        }
        (Kind::Unknown, _) => named,
        _ => content,
    }
}

/// What the name alone says, before the text is looked at.
pub fn by_name(path: &str) -> Kind {
    let name = name_of(path);
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".yaml").or_else(|| lower.strip_suffix(".yml"));
    if let Some(stem) = stem {
        return match stem {
            "plimsoll" | ".plimsoll" => Kind::Config,
            "kustomization" => Kind::Kustomization,
            "chart" if name == "Chart.yaml" => Kind::Chart,
            _ if is_compose_stem(stem) => Kind::Compose,
            _ if is_values_stem(stem) => Kind::Values,
            _ => Kind::Unknown,
        };
    }
    if name == "Kustomization" {
        return Kind::Kustomization;
    }
    if [".tpl", ".gotmpl", ".tmpl", ".j2", ".jinja", ".jinja2"].iter().any(|it| lower.ends_with(it))
    {
        return Kind::Template;
    }
    let dockerfile = ["dockerfile", "containerfile"].iter().any(|it| {
        lower
            .strip_prefix(it)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
            || lower.strip_suffix(it).is_some_and(|rest| rest.ends_with(['.', '-', '_']))
    });
    if dockerfile && !lower.ends_with(".dockerignore") {
        return Kind::Dockerfile;
    }
    let env = lower == ".env"
        || lower.ends_with(".env")
        || lower.starts_with(".env.")
        || lower.starts_with(".env-")
        || lower.contains(".env.")
        || matches!(
            lower.as_str(),
            "env.example"
                | "env.sample"
                | "env.template"
                | "env.dist"
                | "env.local"
                | "example.env"
        );
    if env { Kind::EnvFile } else { Kind::Unknown }
}

/// Whether a file of this name is to be read as YAML (or JSON, which is YAML). Scripts, licences and
/// the like are not, whatever they contain. A name without an ending is a buffer or a stream.
pub fn may_be_yaml(path: &str) -> bool {
    let name = name_of(path);
    match name.rsplit_once('.') {
        Some((_, ending)) => {
            ["yaml", "yml", "json"].iter().any(|it| ending.eq_ignore_ascii_case(it))
        }
        None => {
            matches!(name, "" | "-" | "stdin" | "<stdin>" | "Kustomization")
                || name.to_ascii_lowercase().starts_with("untitled")
        }
    }
}

/// `compose`, `docker-compose.prod`, `compose-dev`, `prod.docker-compose`
fn is_compose_stem(stem: &str) -> bool {
    let ends = |it: &str| it.is_empty() || it.starts_with(['.', '-', '_']);
    let starts = |it: &str| it.ends_with(['.', '-', '_']);
    ["docker-compose", "docker_compose", "compose", "docker-stack"].iter().any(|it| {
        stem.strip_prefix(it).is_some_and(ends) || stem.strip_suffix(it).is_some_and(starts)
    })
}

/// `values`, `values-prod`, `values.prod`, `prod-values`
fn is_values_stem(stem: &str) -> bool {
    stem.strip_prefix("values").is_some_and(|it| it.is_empty() || it.starts_with(['.', '-', '_']))
        || stem.strip_suffix("values").is_some_and(|it| it.ends_with(['.', '-', '_']))
}

fn by_content(text: &str, tree: &Tree) -> Kind {
    let mut found = Kind::Unknown;
    for root in tree.roots() {
        match of_document(root) {
            Kind::Unknown => {}
            // The more special word wins in a stream of several documents.
            Kind::Kubernetes if found != Kind::Unknown => {}
            kind => found = kind,
        }
    }
    if found == Kind::Unknown && tree.documents.iter().any(|it| it.broken) {
        found = by_first_words(text);
    }
    found
}

/// What kind of document this is, from its own words; unknown where they say nothing.
pub fn of_document(root: Node<'_>) -> Kind {
    if !root.is_mapping() {
        return Kind::Unknown;
    }
    let (mut version, mut kind, mut services, mut include) = (None, None, None, false);
    let (mut object, mut chart, mut foreign) = (false, 0, false);
    Reader::new().each(root, "", |_, key, entry| {
        match key {
            "apiVersion" => version = entry.value.as_str(),
            "kind" => kind = entry.value.as_str(),
            "metadata" | "spec" | "items" | "data" => object = true,
            "services" => services = Some(entry.value),
            "include" => include = entry.value.is_sequence(),
            "name" => chart += 1,
            "version" => chart += 1,
            "networks" | "volumes" | "secrets" | "configs" | "models" => {}
            key if key.starts_with("x-") => {}
            _ => foreign = true,
        }
        true
    });
    let group = version.and_then(|it| it.split_once('/')).map(|it| it.0);
    match (group, kind) {
        (Some("argoproj.io"), Some("Application" | "ApplicationSet" | "AppProject")) => {
            return Kind::ArgoCd;
        }
        (Some("kustomize.config.k8s.io"), _) => return Kind::Kustomization,
        (_, Some(_)) if version.is_some() || object => return Kind::Kubernetes,
        (None, None) if matches!(version, Some("v1" | "v2")) && chart == 2 => return Kind::Chart,
        _ => {}
    }
    let compose = match services {
        Some(services) if services.is_mapping() => {
            let built = |it: Node<'_>| it.get("image").is_some() || it.get("build").is_some();
            services.entries().any(|it| built(it.value)) || (!foreign && version.is_none())
        }
        Some(_) => false,
        None => include && !foreign,
    };
    if compose { Kind::Compose } else { Kind::Unknown }
}

/// A broken file has no tree: its top-level words are all there is.
fn by_first_words(text: &str) -> Kind {
    let has = |word: &str| text.lines().any(|it| it.starts_with(word));
    if has("apiVersion:") && has("kind:") {
        Kind::Kubernetes
    } else if has("services:") {
        Kind::Compose
    } else {
        Kind::Unknown
    }
}

/// Whether the text is a program that writes YAML: a Helm template, Jinja and their like.
fn is_template(path: &str, text: &str, content: Kind) -> bool {
    let bytes = text.as_bytes();
    let opens = |it: &usize| matches!(bytes.get(it + 1), Some(b'{' | b'%'));
    let Some(last) = memchr::memrchr_iter(b'{', bytes).find(opens) else { return false };
    // What comes after the last of them says nothing.
    let end = memchr::memchr(b'\n', &bytes[last..]).map_or(text.len(), |it| last + it);
    let folder = folder_of(path);
    let in_templates = folder.split('/').any(|it| it == "templates");
    // These have braces of their own, which Argo fills in; where YAML reads a mapping, it cannot.
    let own_braces =
        !in_templates && (content == Kind::ArgoCd || text.contains("apiVersion: argoproj.io/"));
    actions(&text[..end], in_templates).any(|it| match it.place {
        ActionPlace::Start | ActionPlace::Line => true,
        _ if own_braces => false,
        ActionPlace::Inside => !is_swarm_word(it.inner),
        ActionPlace::Quoted => {
            in_templates || (content == Kind::Kubernetes && is_helm_word(it.inner))
        }
        ActionPlace::Block => is_helm_word(it.inner),
    })
}

/// Docker fills in these itself when it starts a container: `{{.Task.Slot}}`.
fn is_swarm_word(inner: &str) -> bool {
    [".Task", ".Service", ".Node", ".Name", ".ID", ".FullID", ".ImageName", ".DaemonName"]
        .iter()
        .any(|it| inner.starts_with(it))
}

fn is_helm_word(inner: &str) -> bool {
    [".Values", ".Release", ".Chart", ".Capabilities", ".Files", "$.Values", "$.Release"]
        .iter()
        .any(|it| inner.contains(it))
        || ["include ", "template ", "tpl ", "if ", "range ", "with ", "end", "define ", "toYaml "]
            .iter()
            .any(|it| inner.starts_with(it))
}

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActionPlace {
    /// The line begins with it.
    Line,
    /// A value begins with it, where YAML itself would read a mapping.
    Start,
    /// In the middle of a plain scalar.
    Inside,
    Quoted,
    /// In a block scalar.
    Block,
}

/// A `{{ ... }}` or `{% ... %}`, without comments and GitHub's `${{ ... }}`.
struct Action<'t> {
    place: ActionPlace,
    /// What follows the braces, up to the end of the line.
    inner: &'t str,
}

/// The first action of each line; those in block scalars only with `blocks`.
fn actions(text: &str, blocks: bool) -> impl Iterator<Item = Action<'_>> {
    // The indentation of the line whose block scalar we are in.
    let mut block: Option<usize> = None;
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    ends.filter_map(move |end| {
        let line = &text[std::mem::replace(&mut start, end + 1)..end];
        let line = line.strip_suffix('\r').unwrap_or(line);
        let indent = line.bytes().take_while(|it| *it == b' ').count();
        let content = &line[indent..];
        if content.is_empty() {
            return None;
        }
        if block.is_some_and(|it| indent > it) {
            let at = if blocks { find_braces(content)? } else { return None };
            return Some(Action { place: ActionPlace::Block, inner: inner_of(content, at) });
        }
        block = opens_block(content).then_some(indent);
        of_line(content)
    })
}

fn find_braces(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let after = |it: &usize| bytes.get(it + 1).copied();
    let open = || memchr::memchr_iter(b'{', bytes);
    let at = open()
        .find(|it| after(it) == Some(b'{'))
        .or_else(|| open().find(|it| after(it) == Some(b'%')))?;
    (at == 0 || bytes[at - 1] != b'$').then_some(at)
}

fn inner_of(text: &str, at: usize) -> &str {
    text[at + 2..].trim_start_matches(['-', ' '])
}

/// Whether a line ends with the head of a block scalar: `key: |-`.
fn opens_block(line: &str) -> bool {
    if memchr::memchr2(b'|', b'>', line.as_bytes()).is_none() {
        return false;
    }
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let head = line.rsplit([' ', '\t']).next().unwrap_or_default();
    let marks = head.strip_prefix(['|', '>']);
    marks
        .is_some_and(|it| it.len() <= 2 && it.chars().all(|it| matches!(it, '+' | '-' | '1'..='9')))
        && line.len() > head.len()
}

/// The first action of a line outside of comments.
fn of_line(line: &str) -> Option<Action<'_>> {
    let bytes = line.as_bytes();
    if bytes[0] == b'#' || memchr::memchr(b'{', bytes).is_none() {
        return None;
    }
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        let here = bytes[at];
        if !matches!(here, b'\\' | b'"' | b'\'' | b'#' | b'{') {
            at += 1;
            continue;
        }
        let before = line[..at].trim_end_matches(' ');
        // Quotes and comments begin only where a token may.
        let spaced = before.len() < at && before.ends_with([':', '-']);
        let fresh = before.is_empty() || spaced || before.ends_with([',', '[', '{', '(']);
        match (here, quote) {
            (b'\\', Some(b'"')) => at += 1,
            (b'"' | b'\'', None) if fresh => quote = Some(here),
            (b'"' | b'\'', Some(open)) if open == here => quote = None,
            (b'#', None) if at > 0 && bytes[at - 1] == b' ' => return None,
            (b'{', _) if matches!(bytes.get(at + 1), Some(b'{' | b'%')) => {
                let github = at > 0 && bytes[at - 1] == b'$';
                if !github {
                    let place = match quote {
                        Some(_) => ActionPlace::Quoted,
                        None if before.is_empty() => ActionPlace::Line,
                        None if fresh => ActionPlace::Start,
                        None => ActionPlace::Inside,
                    };
                    return Some(Action { place, inner: inner_of(line, at) });
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests;
