//! Detects the kind of a file, from its content first and from its name second.

use super::read::Reader;
use crate::knowledge::env::{is_env_file, is_example};
use crate::knowledge::pipelines::is_hidden_pipeline;
use crate::report::Kind;
use crate::syntax::{Node, Tree};
use crate::text::{folder_of, name_of};

/// Returns the kind of a file. `siblings` are the bare names of the files in the same folder, if known.
pub fn detect(path: &str, text: &str, tree: &Tree, siblings: &[&str]) -> Kind {
    let named = by_name(path);
    if matches!(named, Kind::EnvFile | Kind::Dockerfile | Kind::Config) || !may_be_yaml(path) {
        return named;
    }
    let content = by_content(text, tree);
    if named == Kind::Template {
        // Placeholders such as `__TAG__` leave it YAML.
        let is_whole = !tree.documents.iter().any(|document| document.broken);
        let is_read = matches!(content, Kind::Kubernetes | Kind::Compose) && is_whole;
        return if is_read && !is_template(path, text, content) { content } else { named };
    }
    if is_template(path, text, content) {
        return Kind::Template;
    }
    match (content, named) {
        // Helm and Kustomize find these two files by their names.
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

/// Returns the kind that the name alone says.
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
            _ if is_word_with_affix(stem, "values") => Kind::Values,
            _ => Kind::Unknown,
        };
    }
    if name == "Kustomization" {
        return Kind::Kustomization;
    }
    if is_template_of_env_file(&lower) {
        return if is_example(&lower) { Kind::EnvFile } else { Kind::Unknown };
    }
    let helpers = [".tpl", ".gotmpl"];
    if helpers.iter().any(|ending| lower.ends_with(ending)) || is_template_name(&lower) {
        return Kind::Template;
    }
    let dockerfile = ["dockerfile", "containerfile"];
    let dockerfile = dockerfile.iter().any(|word| is_word_with_affix(&lower, word));
    if dockerfile && !lower.ends_with(".dockerignore") {
        return Kind::Dockerfile;
    }
    if is_env_file(name) { Kind::EnvFile } else { Kind::Unknown }
}

/// Whether a file of this name is a template of an env file, which renders no YAML: an example to be copied, or for
/// some other tool.
fn is_template_of_env_file(name: &str) -> bool {
    let (rendered, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_template = matches!(ending, "tpl" | "gotmpl") || is_template_name(name);
    is_template && is_env_file(rendered)
}

/// Whether a file of this name is a template of another file, which may become anything.
pub fn is_template_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |it| it.1);
    ["tmpl", "j2", "jinja", "jinja2"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Whether a file of this name is read as YAML (or as JSON, which is YAML). Scripts, licences and the like
/// are not, whatever they contain. A name without an extension is a buffer or a stream.
pub fn may_be_yaml(path: &str) -> bool {
    if is_unread_pipeline(path) {
        return false;
    }
    let name = name_of(path);
    match name.rsplit_once('.') {
        Some((_, ending)) => {
            ["yaml", "yml", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known))
                || is_template_name(name) && !is_template_of_env_file(name)
        }
        None => {
            matches!(name, "" | "-" | "stdin" | "<stdin>" | "Kustomization")
                || name.to_ascii_lowercase().starts_with("untitled")
        }
    }
}

/// Whether a file is one of a CI system that lies hidden. It says what a pipeline does, and nothing about what runs.
pub fn is_unread_pipeline(path: &str) -> bool {
    is_hidden_pipeline(path) && by_name(path) == Kind::Unknown
}

/// Whether a name is a word alone, or the word with something before or after it: `compose`,
/// `compose-dev`, `prod.compose`.
fn is_word_with_affix(name: &str, word: &str) -> bool {
    let separators = ['.', '-', '_'];
    name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(separators))
        || name.strip_suffix(word).is_some_and(|rest| rest.ends_with(separators))
}

/// Whether a name without its extension is that of a Compose file.
fn is_compose_stem(stem: &str) -> bool {
    let words = ["docker-compose", "docker_compose", "compose", "docker-stack"];
    words.iter().any(|word| is_word_with_affix(stem, word))
}

/// Returns the kind that the documents of a file say.
fn by_content(text: &str, tree: &Tree) -> Kind {
    let mut found = Kind::Unknown;
    for root in tree.roots() {
        match of_document(root) {
            Kind::Unknown => {}
            // In a stream of several documents, the more specific kind wins.
            Kind::Kubernetes if found != Kind::Unknown => {}
            kind => found = kind,
        }
    }
    if found == Kind::Unknown && tree.documents.iter().any(|document| document.broken) {
        found = by_first_words(text);
    }
    found
}

/// Returns the kind of one document by its top-level keys.
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
    let group = version.and_then(|version| version.split_once('/')).map(|(group, _)| group);
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
        None if !include && !foreign && version.is_none() && kind.is_none() => {
            is_override_of_objects(root)
        }
        Some(services) if services.is_mapping() => {
            let runs = |service: Node<'_>| {
                service.get("image").is_some() || service.get("build").is_some()
            };
            services.entries().any(|entry| runs(entry.value)) || (!foreign && version.is_none())
        }
        Some(_) => false,
        None => include && !foreign,
    };
    if compose { Kind::Compose } else { Kind::Unknown }
}

/// Whether a document without services defines networks and volumes in the way of Compose, and nothing else: it
/// is laid over a file that has the services.
fn is_override_of_objects(root: Node<'_>) -> bool {
    const KEYS: &[&str] = &[
        "external",
        "name",
        "driver",
        "driver_opts",
        "labels",
        "ipam",
        "internal",
        "attachable",
        "enable_ipv6",
    ];
    let sections = ["networks", "volumes"].into_iter().filter_map(|section| root.get(section));
    let mut objects = 0;
    for section in sections {
        if !section.is_mapping() {
            return false;
        }
        for object in section.entries().map(|entry| entry.value) {
            let mut keys = object.entries().map(|entry| entry.key.as_str());
            if !keys.all(|key| key.is_some_and(|it| KEYS.contains(&it))) {
                return false;
            }
            objects += usize::from(object.is_mapping());
        }
    }
    objects > 0
}

/// Returns the kind of a file without a tree, which is broken or a template, by the words at the start of its lines.
pub fn by_first_words(text: &str) -> Kind {
    let has = |word: &str| text.lines().any(|line| line.starts_with(word));
    if has("apiVersion:") && has("kind:") {
        Kind::Kubernetes
    } else if has("services:") {
        Kind::Compose
    } else {
        Kind::Unknown
    }
}

/// Whether the text is a template that renders YAML, of Helm, Jinja or another engine.
fn is_template(path: &str, text: &str, content: Kind) -> bool {
    let Some(last) = text.rfind("{{").max(text.rfind("{%")) else { return false };
    // The lines after the last action do not matter.
    let end = text[last..].find('\n').map_or(text.len(), |line_end| last + line_end);
    let in_templates = folder_of(path).split('/').any(|folder| folder == "templates");
    // Argo fills in braces of its own, but not where YAML reads a mapping.
    let own_braces =
        !in_templates && (content == Kind::ArgoCd || text.contains("apiVersion: argoproj.io/"));
    actions(&text[..end], in_templates).any(|action| match action.place {
        ActionPlace::Start | ActionPlace::Line => true,
        ActionPlace::Inside => !own_braces && !is_swarm_action(action.inner),
        ActionPlace::Quoted => {
            let helm = content == Kind::Kubernetes && is_helm_action(action.inner);
            !own_braces && (in_templates || helm)
        }
        ActionPlace::Block => !own_braces && is_helm_action(action.inner),
    })
}

/// Whether Docker itself fills in the action when it starts a container, as `{{.Task.Slot}}`.
fn is_swarm_action(inner: &str) -> bool {
    [".Task", ".Service", ".Node", ".Name", ".ID", ".FullID", ".ImageName", ".DaemonName"]
        .iter()
        .any(|field| inner.starts_with(field))
}

/// Whether the action is one of a Helm chart.
fn is_helm_action(inner: &str) -> bool {
    let objects =
        [".Values", ".Release", ".Chart", ".Capabilities", ".Files", "$.Values", "$.Release"];
    let words =
        ["include ", "template ", "tpl ", "if ", "range ", "with ", "end", "define ", "toYaml "];
    objects.iter().any(|object| inner.contains(object))
        || words.iter().any(|word| inner.starts_with(word))
}

/// The place of an action in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActionPlace {
    /// At the start of the line.
    Line,
    /// At the start of a value, where YAML itself reads a mapping.
    Start,
    /// Inside a plain scalar.
    Inside,
    /// Inside quotes.
    Quoted,
    /// Inside a block scalar.
    Block,
}

/// An action of a template, `{{ ... }}` or `{% ... %}`; not in a comment, and not GitHub's `${{ ... }}`.
struct Action<'t> {
    place: ActionPlace,
    /// The text after the opening braces, up to the end of the line.
    inner: &'t str,
}

/// Returns the first action of each line; those in block scalars only with `blocks`.
fn actions(text: &str, blocks: bool) -> impl Iterator<Item = Action<'_>> {
    // The indentation of the line that opened the current block scalar.
    let mut block: Option<usize> = None;
    text.lines().filter_map(move |line| {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.is_empty() {
            return None;
        }
        if block.is_some_and(|outer| indent > outer) {
            let at = if blocks { find_braces(content)? } else { return None };
            return Some(Action { place: ActionPlace::Block, inner: inner_of(content, at) });
        }
        block = opens_block(content).then_some(indent);
        first_action(content)
    })
}

/// Returns the position of the first opening braces, unless they are GitHub's.
fn find_braces(text: &str) -> Option<usize> {
    let at = text.find("{{").or_else(|| text.find("{%"))?;
    (!text[..at].ends_with('$')).then_some(at)
}

fn inner_of(text: &str, at: usize) -> &str {
    text[at + 2..].trim_start_matches(['-', ' '])
}

/// Whether a line ends with the header of a block scalar, as `key: |-`.
fn opens_block(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let header = line.rsplit([' ', '\t']).next().unwrap_or_default();
    let indicator = |letter: char| matches!(letter, '+' | '-' | '1'..='9');
    let indicators = header.strip_prefix(['|', '>']);
    indicators.is_some_and(|rest| rest.len() <= 2 && rest.chars().all(indicator))
        && line.len() > header.len()
}

/// Returns the first action of a line outside comments.
fn first_action(line: &str) -> Option<Action<'_>> {
    if line.starts_with('#') || !line.contains('{') {
        return None;
    }
    let bytes = line.as_bytes();
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        let here = bytes[at];
        if !matches!(here, b'\\' | b'"' | b'\'' | b'#' | b'{') {
            at += 1;
            continue;
        }
        let before = line[..at].trim_end_matches(' ');
        // A quote is one only at the start of a token.
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
