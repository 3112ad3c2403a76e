//! The parameter sets that the generators of an ApplicationSet yield, as far as the files tell.

use super::Project;
use super::placeholders::{Parameters, fill, fill_value, lay_over, lookup, normalized};
use crate::build::kustomize::{Data, Field, Value};
use crate::build::{Cause, Reason};
use crate::model::kubernetes::{Generator, GeneratorSource, GitGenerator, GitPath, Selector};
use crate::text::glob::{is_pattern, matches};
use crate::text::{Span, folder_of, name_of};

/// Maximum number of parameter sets of one ApplicationSet.
const MAX_SETS: usize = 500;

/// Makes parameter sets, and notes what the files do not tell.
pub(super) struct Generation<'g> {
    pub project: &'g Project<'g>,
    /// The folder that paths of the repository start from.
    pub roots: Vec<&'g str>,
    pub go: bool,
    pub reasons: Vec<Reason>,
}

impl Generation<'_> {
    /// Returns the parameter sets of all generators of a list.
    pub(super) fn all(&mut self, generators: &[Generator]) -> Vec<Parameters> {
        let mut sets = Vec::new();
        for generator in generators {
            sets.append(&mut self.of(generator, None));
        }
        self.limit(&mut sets);
        sets
    }

    fn limit(&mut self, sets: &mut Vec<Parameters>) {
        if let Some(first) = sets.get(MAX_SETS) {
            let span = first.span;
            sets.truncate(MAX_SETS);
            self.say(span, format!("only the first {MAX_SETS} Applications are read"));
        }
    }

    fn say(&mut self, span: Span, message: String) {
        self.reasons.push(Reason { message, span, is_refused: false, cause: Cause::Other });
    }

    /// Returns the parameter sets of a generator. Inside a matrix, `outer` has those of the generator
    /// before it, which its own texts may use.
    fn of(&mut self, generator: &Generator, outer: Option<&Parameters>) -> Vec<Parameters> {
        let mut sets = match &generator.source {
            GeneratorSource::List { elements, has_text } => {
                self.list(generator, elements, *has_text, outer)
            }
            GeneratorSource::Clusters { has_selector } => self.clusters(generator, *has_selector),
            GeneratorSource::Git(git) => self.git(generator, git, outer),
            GeneratorSource::Matrix(generators) => self.matrix(generators, generator.span),
            GeneratorSource::Merge { generators, keys } => {
                let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
                self.merge(generators, &keys)
            }
            GeneratorSource::Outside(kind) => {
                self.say(
                    generator.span,
                    format!("the generator `{kind}` asks something outside of the files"),
                );
                vec![Parameters { is_whole: false, ..Parameters::new(generator.span) }]
            }
        };
        let is_list = matches!(generator.source, GeneratorSource::List { .. });
        for set in &mut sets {
            if !is_list {
                self.add_values(generator, set);
            }
            if generator.template.is_some() {
                set.template.clone_from(&generator.template);
            }
        }
        if let Some(selector) = &generator.selector {
            self.select(selector, &mut sets);
        }
        sets
    }

    /// Keeps the parameter sets that a selector matches, and those that the files do not tell in full.
    fn select(&mut self, selector: &Selector, sets: &mut Vec<Parameters>) {
        let is_any = !sets.is_empty();
        sets.retain(|set| !set.is_whole || selector.matches(&set.labels()));
        if is_any && sets.is_empty() {
            self.say(
                selector.place.span,
                "the selector matches no parameters of its generator".to_owned(),
            );
        }
    }

    /// Adds the `values` of a generator, which may use the other parameters.
    fn add_values(&self, generator: &Generator, set: &mut Parameters) {
        if generator.values.is_empty() {
            return;
        }
        let mut values = Value::map(generator.span);
        for (key, text) in &generator.values {
            let filled = fill(text, set, self.go).text;
            if let Data::Map(map) = &mut values.data {
                let value = Value::string(filled, text.span);
                map.insert(key.value.clone(), Field { key: key.span, value });
            }
        }
        set.set("values", values);
    }

    fn list(
        &mut self,
        generator: &Generator,
        elements: &[Value],
        has_text: bool,
        outer: Option<&Parameters>,
    ) -> Vec<Parameters> {
        if has_text {
            self.say(generator.span, "`elementsYaml` is not read".to_owned());
            return vec![Parameters { is_whole: false, ..Parameters::new(generator.span) }];
        }
        let element = |element: &Value| {
            let mut set = Parameters::new(element.span);
            let filled = match outer {
                Some(outer) => fill_value(element, outer, self.go, &mut Vec::new()),
                None => element.clone(),
            };
            if let Data::Map(map) = filled.data {
                set.values = map;
            }
            set
        };
        elements.iter().map(element).collect()
    }

    /// The cluster that Argo CD runs in, and those that the files declare.
    fn clusters(&mut self, generator: &Generator, has_selector: bool) -> Vec<Parameters> {
        let span = generator.span;
        if has_selector {
            self.say(span, "the files do not tell which clusters the selector means".to_owned());
            return vec![Parameters { is_whole: false, ..Parameters::new(span) }];
        }
        self.say(span, "Argo CD may know clusters besides those of the files".to_owned());
        let mut local = Parameters::new(span);
        for (key, text) in [
            ("name", "in-cluster"),
            ("nameNormalized", "in-cluster"),
            ("server", "https://kubernetes.default.svc"),
        ] {
            local.set_text(key, text);
        }
        let mut sets = vec![local];
        for cluster in &self.project.clusters {
            let mut set = Parameters::new(cluster.span);
            set.set_text("name", &cluster.name);
            set.set_text("nameNormalized", &normalized(&cluster.name));
            set.set_text("server", &cluster.server);
            let mut metadata = Value::map(cluster.span);
            if let Data::Map(map) = &mut metadata.data {
                let labels = Value { data: Data::Map(cluster.labels.clone()), span: cluster.span };
                map.insert("labels".into(), Field { key: cluster.span, value: labels });
            }
            set.set("metadata", metadata);
            sets.push(set);
        }
        sets
    }

    fn git(
        &mut self,
        generator: &Generator,
        git: &GitGenerator,
        outer: Option<&Parameters>,
    ) -> Vec<Parameters> {
        let filled = |paths: &[GitPath]| -> Vec<(String, bool, Span)> {
            let path = |path: &GitPath| {
                let text = match outer {
                    Some(outer) => fill(&path.pattern, outer, self.go).text,
                    None => path.pattern.to_string(),
                };
                (clean(&text).to_owned(), path.is_excluded, path.pattern.span)
            };
            paths.iter().map(path).collect()
        };
        let (folders, files) = (filled(&git.directories), filled(&git.files));
        let mut wanted = folders.iter().chain(&files).filter(|(_, is_excluded, _)| !is_excluded);
        if !wanted.all(|(path, ..)| self.project.may_hold(git.repo_url.as_ref(), path)) {
            let url = git.repo_url.as_ref().map_or("a repository", |it| it.as_str());
            self.say(
                generator.span,
                format!("the files do not tell whether {url} is this project"),
            );
            return vec![Parameters { is_whole: false, ..Parameters::new(generator.span) }];
        }
        let mut sets = Vec::new();
        for root in self.roots.clone() {
            for (path, span) in chosen(&folders, self.project.folders_below(root)) {
                let mut set = Parameters::new(span);
                self.add_path(&mut set, git, path, None);
                sets.push(set);
            }
            for (path, span) in chosen(&files, self.project.files_below(root)) {
                self.file_sets(root, path, span, git, &mut sets);
            }
            if !sets.is_empty() {
                return sets;
            }
        }
        let wanted = folders.iter().chain(&files).find(|(_, is_excluded, _)| !is_excluded);
        let (what, span) =
            wanted.map_or(("its paths", generator.span), |(path, _, span)| (path.as_str(), *span));
        self.say(span, format!("nothing in the project matches `{what}`"));
        // The repository that is deployed may be another one.
        vec![Parameters { is_whole: false, ..Parameters::new(generator.span) }]
    }

    /// Adds the parameter sets of a file: one, or one for each item of a list.
    fn file_sets(
        &mut self,
        root: &str,
        path: &str,
        span: Span,
        git: &GitGenerator,
        sets: &mut Vec<Parameters>,
    ) {
        let full = crate::text::join_path(root, path);
        let Some(content) = self.project.content(&full) else {
            self.say(span, format!("`{full}` cannot be read"));
            return;
        };
        let items = match content.data {
            Data::List(items) => items,
            Data::Map(_) | Data::Scalar(_) => vec![content],
        };
        for item in items {
            let mut set = Parameters::new(item.span);
            if let Data::Map(map) = item.data {
                set.values = map;
            }
            self.add_path(&mut set, git, folder_of(path), Some(name_of(path)));
            sets.push(set);
        }
    }

    /// Adds the parameters of a path: `path` and what is made of it.
    fn add_path(&self, set: &mut Parameters, git: &GitGenerator, path: &str, file: Option<&str>) {
        let base = name_of(path);
        let mut parts =
            vec![("basename", base.to_owned()), ("basenameNormalized", normalized(base))];
        if let Some(file) = file {
            parts.push(("filename", file.to_owned()));
            parts.push(("filenameNormalized", normalized(file)));
        }
        let prefix = git.path_param_prefix.as_ref().map(|prefix| prefix.as_str());
        if !self.go {
            let key = |rest: &str| match prefix {
                Some(prefix) => format!("{prefix}.{rest}"),
                None => rest.to_owned(),
            };
            set.set_text(&key("path"), path);
            for (name, text) in parts {
                set.set_text(&key(&format!("path.{name}")), &text);
            }
            for (at, segment) in path.split('/').enumerate() {
                set.set_text(&key(&format!("path[{at}]")), segment);
            }
            return;
        }
        let mut about = Parameters::new(set.span);
        about.set_text("path", path);
        for (name, text) in parts {
            about.set_text(name, &text);
        }
        let segments = path.split('/').map(|segment| Value::string(segment, set.span)).collect();
        about.set("segments", Value { data: Data::List(segments), span: set.span });
        let about = Value { data: Data::Map(about.values), span: set.span };
        match prefix {
            Some(prefix) => {
                let mut outer = Parameters::new(set.span);
                outer.set("path", about);
                set.set(prefix, Value { data: Data::Map(outer.values), span: set.span });
            }
            None => set.set("path", about),
        }
    }

    fn matrix(&mut self, generators: &[Generator], span: Span) -> Vec<Parameters> {
        let [first, second] = generators else {
            self.say(span, "a matrix needs two generators".to_owned());
            return Vec::new();
        };
        let mut sets = Vec::new();
        for outer in self.of(first, None) {
            for inner in self.of(second, Some(&outer)) {
                sets.push(combined(&outer, &inner));
                if sets.len() > MAX_SETS {
                    return sets;
                }
            }
        }
        // Each set of the first generator says again what the second one lacks.
        let mut said = Vec::new();
        self.reasons.retain(|reason| {
            let is_new = !said.contains(reason);
            said.push(reason.clone());
            is_new
        });
        sets
    }

    fn merge(&mut self, generators: &[Generator], keys: &[&str]) -> Vec<Parameters> {
        let Some((first, others)) = generators.split_first() else { return Vec::new() };
        let mut sets = self.of(first, None);
        for other in others {
            for over in self.of(other, None) {
                for set in &mut sets {
                    let same = |key: &&str| {
                        lookup(&set.values, key)
                            .is_some_and(|it| lookup(&over.values, key) == Some(it))
                    };
                    if !keys.is_empty() && keys.iter().all(same) {
                        *set = combined(set, &over);
                    }
                }
            }
        }
        sets
    }
}

/// Returns the paths that a list of patterns chooses, each with the place of its pattern.
fn chosen<'p>(
    patterns: &[(String, bool, Span)],
    paths: impl Iterator<Item = &'p str>,
) -> Vec<(&'p str, Span)> {
    if patterns.is_empty() {
        return Vec::new();
    }
    let hits = |path: &str, is_excluded: bool| {
        let mut patterns = patterns.iter().filter(|pattern| pattern.1 == is_excluded);
        patterns
            .find(|(pattern, ..)| match is_pattern(pattern) {
                true => matches(pattern, path),
                false => pattern == path,
            })
            .map(|(.., span)| *span)
    };
    paths
        .filter(|path| hits(path, true).is_none())
        .filter_map(|path| Some((path, hits(path, false)?)))
        .collect()
}

/// Returns the parameters of two sets, those of the second over those of the first.
fn combined(first: &Parameters, second: &Parameters) -> Parameters {
    let mut values = Value { data: Data::Map(first.values.clone()), span: first.span };
    let over = Value { data: Data::Map(second.values.clone()), span: second.span };
    lay_over(&mut values, &over);
    let values = match values.data {
        Data::Map(map) => map,
        Data::Scalar(_) | Data::List(_) => first.values.clone(),
    };
    Parameters {
        values,
        is_whole: first.is_whole && second.is_whole,
        span: first.span,
        template: second.template.clone().or_else(|| first.template.clone()),
    }
}

/// Returns a path of a repository without `./` and slashes around it.
pub(super) fn clean(path: &str) -> &str {
    let path = path.trim();
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = path.trim_matches('/');
    if path == "." { "" } else { path }
}
