//! `targets:` of a configuration: what is deployed, in the words of the person who deploys it.

use super::read::{Reader, text};
use crate::build::{Assignment, Edits, Recipe, Release, Request, helm};
use crate::report::{Environment, Role};
use crate::syntax::{Node, Problem, ProblemKind, Scalar};
use crate::text::{Span, Spanned, join_path};

/// A Compose project that the configuration describes.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposeTarget {
    /// Path of the project's folder or of one of its files.
    pub path: Spanned<String>,
    pub name: Option<String>,
    pub environment: Option<Environment>,
}

/// The targets of a configuration. Paths are relative to its file until [`Targets::below`] says where that
/// is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Targets {
    /// Charts and kustomizations.
    pub requests: Vec<Request>,
    pub compose: Vec<ComposeTarget>,
}

/// Source of a target: a chart, a kustomization or a Compose project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Chart,
    Kustomization,
    Compose,
}

impl Kind {
    fn of(key: &str) -> Option<Kind> {
        match key {
            "chart" => Some(Kind::Chart),
            "kustomization" => Some(Kind::Kustomization),
            "compose" => Some(Kind::Compose),
            _ => None,
        }
    }
}

const SETTINGS_OF_A_TARGET: [&str; 9] = [
    "chart",
    "kustomization",
    "compose",
    "name",
    "environment",
    "values",
    "set",
    "release",
    "namespace",
];

impl Targets {
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.compose.is_empty()
    }

    pub fn extend(&mut self, other: Targets) {
        self.requests.extend(other.requests);
        self.compose.extend(other.compose);
    }

    /// Returns the targets of a configuration file in this folder, by their paths in the project.
    #[must_use]
    pub fn below(mut self, folder: &str) -> Targets {
        for request in &mut self.requests {
            request.folder = join_path(folder, &request.folder);
            if let Recipe::Chart(release) = &mut request.recipe {
                for path in &mut release.values_files {
                    path.value = join_path(folder, &path.value);
                }
            }
        }
        for project in &mut self.compose {
            project.path.value = join_path(folder, &project.path.value);
        }
        self
    }

    /// Returns the targets of a configuration that is not a file of the project, where no place is one.
    #[must_use]
    pub fn unplaced(mut self) -> Targets {
        for request in &mut self.requests {
            request.span = None;
            if let Recipe::Chart(release) = &mut request.recipe {
                release.set.iter_mut().for_each(|assignment| assignment.span = None);
            }
        }
        self
    }

    /// Returns the role of a Compose file that belongs to a target with an environment.
    pub(super) fn role_for(&self, path: &str) -> Option<Role> {
        let holds = |target: &&ComposeTarget| {
            let rest = path.strip_prefix(target.path.as_str());
            rest.is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('/') || target.path.is_empty()
            })
        };
        match self.compose.iter().rev().find(holds)?.environment? {
            Environment::Production | Environment::Staging => Some(Role::Production),
            Environment::Test | Environment::Development => Some(Role::Development),
        }
    }

    /// Returns the paths that lead to nothing; `is_there` says whether there is a file, or a folder with files.
    pub fn problems(&self, is_there: &dyn Fn(&str) -> bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for request in &self.requests {
            let folder = &request.folder;
            let files = match request.recipe {
                Recipe::Chart(_) => &["Chart.yaml"][..],
                Recipe::Kustomization(_) => &crate::build::KUSTOMIZATION_FILES[..],
                Recipe::Manifests { .. } => continue,
            };
            if !files.iter().any(|name| is_there(&join_path(folder, name))) {
                let span = request.span.unwrap_or_default();
                let shown = if folder.is_empty() { "." } else { folder };
                problems.push(problem(span, format!("there is no `{}` in `{shown}`", files[0])));
            }
            let Recipe::Chart(release) = &request.recipe else { continue };
            for path in release.values_files.iter().filter(|path| !is_there(path)) {
                problems.push(problem(path.span, format!("there is no values file `{path}`")));
            }
        }
        for project in &self.compose {
            let path = &project.path;
            if !path.is_empty() && !is_there(path) {
                problems.push(problem(path.span, format!("there is no `{path}` here")));
            }
        }
        problems
    }
}

fn problem(span: Span, message: String) -> Problem {
    Problem { kind: ProblemKind::Config, span, message, related: None }
}

impl Reader<'_> {
    /// Reads the list of targets.
    pub(super) fn targets(&mut self, targets: Node<'_>) {
        if !targets.is_sequence() {
            self.problem(targets.span(), "`targets` must be a list");
            return;
        }
        let mut names: Vec<String> = Vec::new();
        for target in targets.items() {
            let name = target.get("name").filter(|name| !text(*name).is_empty());
            if let Some(name) = name {
                if names.iter().any(|known| known == text(name)) {
                    let message = format!("another target is named `{}` already", text(name));
                    self.problem(name.span(), message);
                }
                names.push(text(name).to_owned());
            }
            self.target(target);
        }
    }

    fn target(&mut self, target: Node<'_>) {
        let entries = target.merged_entries();
        let mut kinds =
            entries.iter().filter_map(|entry| Some((Kind::of(text(entry.key))?, entry.value)));
        let (Some((kind, path)), None) = (kinds.next(), kinds.next()) else {
            let message = "a target names its `chart`, its `kustomization` or its `compose` file";
            self.problem(target.span(), message);
            return;
        };
        if path.as_str().is_none_or(str::is_empty) {
            self.problem(path.span(), "a target is named by its path");
            return;
        }
        let mut name = None;
        let mut environment = None;
        let mut release = Release::default();
        for entry in target.merged_entries() {
            let (key, value) = (text(entry.key), entry.value);
            match (key, kind) {
                ("chart" | "kustomization" | "compose", _) => {}
                ("name", _) => name = self.word(key, value),
                ("environment", _) => environment = self.environment(value),
                ("values", Kind::Chart) => release.values_files = self.paths(value),
                ("set", Kind::Chart) => release.set = self.assignments(value),
                ("release", Kind::Chart) => release.name = self.word(key, value),
                ("namespace", Kind::Chart) => release.namespace = self.word(key, value),
                ("values" | "set" | "release" | "namespace", _) => {
                    self.problem(entry.key.span(), format!("`{key}` is a setting of charts"));
                }
                (unknown, _) => {
                    self.unknown_key(entry.key.span(), unknown, "a target", &SETTINGS_OF_A_TARGET);
                }
            }
        }
        let recipe = match kind {
            Kind::Chart => Recipe::Chart(release),
            Kind::Kustomization => Recipe::Kustomization(Edits::default()),
            Kind::Compose => {
                let path = Spanned::new(join_path("", text(path)), path.span());
                self.config.targets.compose.push(ComposeTarget { path, name, environment });
                return;
            }
        };
        let span = Some(path.span());
        let folder = folder_of_target(text(path), kind);
        let request = Request {
            name,
            environment,
            span,
            is_exclusive: true,
            ..Request::new(&folder, recipe)
        };
        self.config.targets.requests.push(request);
    }

    /// Returns a text that must not be empty.
    fn word(&mut self, key: &str, value: Node<'_>) -> Option<String> {
        let word = value.as_str().filter(|word| !word.is_empty());
        if word.is_none() {
            self.problem(value.span(), format!("`{key}` must be a text"));
        }
        word.map(str::to_owned)
    }

    fn environment(&mut self, value: Node<'_>) -> Option<Environment> {
        let environment = Environment::from_name(text(value));
        if environment.is_none() {
            let known = Environment::ALL.map(|it| format!("`{it}`")).join(", ");
            self.problem(value.span(), format!("an environment must be one of {known}"));
        }
        environment
    }

    /// Reads a path or a list of paths.
    fn paths(&mut self, value: Node<'_>) -> Vec<Spanned<String>> {
        let items = if value.is_sequence() { value.items().collect() } else { vec![value] };
        let mut paths = Vec::new();
        for item in items {
            match item.as_str().filter(|path| !path.is_empty()) {
                Some(path) => paths.push(Spanned::new(path.to_owned(), item.span())),
                None => self.problem(item.span(), "`values` lists paths of values files"),
            }
        }
        paths
    }

    /// Reads the assignments under `set`, whose values keep the types that they have in YAML.
    fn assignments(&mut self, set: Node<'_>) -> Vec<Assignment> {
        if !set.is_mapping() {
            self.problem(set.span(), "`set` must map keys, such as `image.tag`, to values");
        }
        let mut assignments = Vec::new();
        for entry in set.merged_entries() {
            let (key, span) = (text(entry.key), entry.value.span());
            match entry.value.scalar() {
                Some(scalar) if helm::is_path(key) => {
                    let is_string = matches!(scalar, Scalar::Str(_));
                    let text = format!("{key}={}", assigned(scalar, text(entry.value)));
                    assignments.push(Assignment { text, span: Some(span), is_string });
                }
                Some(_) => {
                    let message = "a key under `set` is a path of names, such as `image.tag` or `hosts[0].name`";
                    self.problem(entry.key.span(), message);
                }
                None => {
                    let message = "a value under `set` must be a text, a number or a boolean; put lists and mappings into a values file";
                    self.problem(span, message);
                }
            }
        }
        assignments
    }
}

/// Returns a scalar as it is assigned by `--set`; `written` is its text.
fn assigned(scalar: Scalar<'_>, written: &str) -> String {
    match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(_) | Scalar::NotFinite(_) => written.to_owned(),
        Scalar::Str(text) => {
            let text = text.replace('\\', "\\\\").replace(',', "\\,");
            // A brace at the start would begin a list.
            if text.starts_with('{') { format!("\\{text}") } else { text }
        }
    }
}

/// Returns the folder of a target, which may be named by its `Chart.yaml` or its kustomization file too.
fn folder_of_target(path: &str, kind: Kind) -> String {
    let path = join_path("", path);
    let name = crate::text::name_of(&path);
    let is_file = match kind {
        Kind::Chart => name == "Chart.yaml",
        Kind::Kustomization => crate::build::KUSTOMIZATION_FILES.contains(&name),
        Kind::Compose => false,
    };
    if is_file { crate::text::folder_of(&path).to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn read(text: &str) -> (Targets, Vec<String>) {
        let (tree, _) = parse(FileId(0), &Arc::from(text), None);
        let (config, problems) = Config::read(&tree, &crate::rules::unknown);
        (config.targets, problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn every_key_of_a_target_is_read() {
        let (targets, problems) = read(
            "targets:\n- {chart: shop/Chart.yaml, name: live, environment: production, values: [a.yaml, ../b.yaml],\n   set: {image.tag: '1', replicas: 3, list: '{a,b}'}, release: shop, namespace: web}\n- {kustomization: k8s}\n- {compose: compose.yaml, environment: test}\n",
        );
        assert_eq!(problems, [""; 0]);
        let targets = targets.below("deploy");
        let [chart, kustomization] = &targets.requests[..] else { panic!("{targets:?}") };
        assert_eq!((chart.folder.as_str(), chart.name.as_deref()), ("deploy/shop", Some("live")));
        assert_eq!(chart.environment, Some(Environment::Production));
        assert!(chart.is_exclusive);
        let Recipe::Chart(release) = &chart.recipe else { panic!("{chart:?}") };
        let files: Vec<_> = release.values_files.iter().map(|path| path.value.as_str()).collect();
        assert_eq!(files, ["deploy/a.yaml", "b.yaml"]);
        let set: Vec<_> = release.set.iter().map(|it| (it.text.as_str(), it.is_string)).collect();
        assert_eq!(set, [("image.tag=1", true), ("replicas=3", false), ("list=\\{a\\,b}", true)]);
        assert_eq!(release.name.as_deref(), Some("shop"));
        assert_eq!(release.namespace.as_deref(), Some("web"));
        assert_eq!(kustomization.folder, "deploy/k8s");
        assert_eq!(targets.compose[0].path.value, "deploy/compose.yaml");
        assert_eq!(targets.compose[0].environment, Some(Environment::Test));
        assert_eq!(targets.role_for("deploy/compose.yaml"), Some(Role::Development));
        assert_eq!(targets.role_for("compose.yaml"), None);
    }

    #[test]
    fn targets_that_make_no_sense_are_problems() {
        for (target, expected) in [
            ("{name: a}", "names its `chart`"),
            ("{chart: a, compose: b}", "names its `chart`"),
            ("{chart: [a]}", "named by its path"),
            ("{chart: a, environment: prod}", "must be one of `production`"),
            ("{chart: a, vals: b}", "`vals` is not a known setting of a target"),
            ("{kustomization: a, values: b.yaml}", "`values` is a setting of charts"),
            ("{chart: a, set: {a: [1]}}", "put lists and mappings into a values file"),
            ("{chart: a, set: {'a=b': 1}}", "a path of names"),
            ("{chart: a, set: {'a[x': 1}}", "a path of names"),
            ("{chart: a, set: {'[0]': 1}}", "a path of names"),
            ("{chart: a, set: {'a[99999]': 1}}", "a path of names"),
            ("{chart: a, set: a=b}", "must map keys"),
            ("{chart: a, values: [{a: b}]}", "paths of values files"),
            ("{chart: a, name: []}", "`name` must be a text"),
        ] {
            let (_, problems) = read(&format!("targets: [{target}]\n"));
            assert_eq!(problems.len(), 1, "{target}: {problems:?}");
            assert!(problems[0].contains(expected), "{target}: {problems:?}");
        }
        let (_, problems) = read("targets: [{chart: a, name: x}, {chart: b, name: x}]\n");
        assert_eq!(problems, ["another target is named `x` already"]);
        assert_eq!(read("targets: {}\n").1, ["`targets` must be a list"]);
    }

    #[test]
    fn paths_that_lead_nowhere_are_problems() {
        let (targets, _) = read(
            "targets: [{chart: a, values: [v.yaml, w.yaml, ../x.yaml]}, {chart: b}, {kustomization: a}, {compose: c}, {compose: d}, {chart: ../e}]\n",
        );
        let files = ["a/Chart.yaml", "v.yaml", "c/compose.yaml"];
        let is_there = |path: &str| path.starts_with("..") || path == "c" || files.contains(&path);
        let problems: Vec<_> =
            targets.problems(&is_there).into_iter().map(|it| it.message).collect();
        let expected = [
            "there is no values file `w.yaml`",
            "there is no `Chart.yaml` in `b`",
            "there is no `kustomization.yaml` in `a`",
            "there is no `d` here",
        ];
        assert_eq!(problems, expected);
    }
}
