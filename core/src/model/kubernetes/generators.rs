//! The generators of an ApplicationSet, which yield the parameters of its template.

use super::selector::{Selector, read_selector};
use crate::build::kustomize::Value;
use crate::model::read::{Reader, Str};
use crate::syntax::Node;
use crate::text::Span;
use smol_str::SmolStr;

/// Maximum depth of generators inside generators. Argo CD takes one matrix or merge inside another.
const MAX_NESTING: usize = 3;

/// The kinds of generators that Argo CD knows, from its reference of the ApplicationSet.
const KINDS: [&str; 9] = [
    "clusterDecisionResource",
    "clusters",
    "git",
    "list",
    "matrix",
    "merge",
    "plugin",
    "pullRequest",
    "scmProvider",
];

/// A generator, with what all kinds of them have.
#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    pub source: GeneratorSource,
    /// Changes to the template for the parameters of this generator.
    pub template: Option<Value>,
    /// Further parameters, which others may be part of.
    pub values: Vec<(Str, Str)>,
    /// The parameter sets to keep: those whose parameters, taken as labels, it matches.
    pub selector: Option<Selector>,
    /// The name of the generator in its list.
    pub span: Span,
}

/// Where a generator gets its parameters from.
#[derive(Debug, Clone, PartialEq)]
pub enum GeneratorSource {
    List {
        elements: Vec<Value>,
        /// Elements as template text, which only a matrix fills in.
        has_text: bool,
    },
    /// The clusters that Argo CD knows, or those whose labels a selector matches.
    Clusters {
        has_selector: bool,
    },
    Git(GitGenerator),
    /// Every pair of two parameter sets.
    Matrix(Vec<Generator>),
    /// The parameter sets of the first generator, each with those of the others that have the same keys.
    Merge {
        generators: Vec<Generator>,
        keys: Vec<Str>,
    },
    /// A generator that asks something outside of the files, by its key.
    Outside(SmolStr),
}

/// The folders or files of a repository.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GitGenerator {
    pub repo_url: Option<Str>,
    pub directories: Vec<GitPath>,
    pub files: Vec<GitPath>,
    /// The key under which the parameters of the path stand.
    pub path_param_prefix: Option<Str>,
}

/// A pattern of paths.
#[derive(Debug, Clone, PartialEq)]
pub struct GitPath {
    pub pattern: Str,
    pub is_excluded: bool,
}

pub(super) fn read_generators(reader: &mut Reader, node: Node<'_>, depth: usize) -> Vec<Generator> {
    if depth > MAX_NESTING {
        return Vec::new();
    }
    reader.list(node, |reader, item| read_generator(reader, item, depth))
}

fn read_generator(reader: &mut Reader, node: Node<'_>, depth: usize) -> Option<Generator> {
    // Fields of a generator are sometimes written one level too high, beside its name.
    let is_known = |key: &str| KINDS.contains(&key);
    let names_kind = node.merged_entries().iter().any(|it| it.key.as_str().is_some_and(is_known));
    let mut found = None;
    let mut selector = None;
    reader.each(node, "", |reader, key, entry| {
        match key {
            "selector" => selector = read_selector(reader, entry.value),
            _ if names_kind && !is_known(key) => {}
            _ => {
                let source = read_source(reader, key, entry.value, depth);
                found = Some((source, entry.value, entry.key.span()));
            }
        }
        true
    });
    let (source, value, span) = found?;
    let values = value.get("values").filter(|values| values.is_mapping());
    Some(Generator {
        template: value.get("template").and_then(Value::of),
        values: values.map(|values| reader.pairs(values)).unwrap_or_default(),
        selector,
        source,
        span,
    })
}

fn read_source(reader: &mut Reader, kind: &str, node: Node<'_>, depth: usize) -> GeneratorSource {
    let nested = |reader: &mut Reader| {
        let generators = node.get("generators");
        generators.map(|it| read_generators(reader, it, depth + 1)).unwrap_or_default()
    };
    match kind {
        "list" => GeneratorSource::List {
            elements: node
                .get("elements")
                .into_iter()
                .flat_map(Node::items)
                .filter_map(Value::of)
                .collect(),
            has_text: node.get("elementsYaml").is_some(),
        },
        "clusters" => GeneratorSource::Clusters {
            has_selector: node.get("selector").is_some_and(|it| !it.is_null()),
        },
        "git" => GeneratorSource::Git(read_git(reader, node)),
        "matrix" => GeneratorSource::Matrix(nested(reader)),
        "merge" => {
            let keys = node.get("mergeKeys").map(|keys| reader.strings(keys)).unwrap_or_default();
            GeneratorSource::Merge { generators: nested(reader), keys }
        }
        other => GeneratorSource::Outside(other.into()),
    }
}

fn read_git(reader: &mut Reader, node: Node<'_>) -> GitGenerator {
    let mut it = GitGenerator::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "repoURL" => reader.read(value, &mut it.repo_url),
            "directories" => it.directories = reader.list(value, read_path),
            "files" => it.files = reader.list(value, read_path),
            "pathParamPrefix" => reader.read(value, &mut it.path_param_prefix),
            _ => {}
        }
        true
    });
    it
}

fn read_path(reader: &mut Reader, node: Node<'_>) -> Option<GitPath> {
    let pattern = reader.str(node.get("path")?)?;
    let exclude = node.get("exclude").and_then(|flag| reader.bool(flag));
    Some(GitPath { pattern, is_excluded: exclude.is_some_and(|flag| flag.value) })
}
