//! The settings of `plimsoll.yaml`, which editors and JavaScript pass on under the same keys.

use crate::report::{Baseline, FailOn, Level, QuestionId, Role, vocabulary};
use crate::syntax::{Problem, ProblemKind, Tree};
use crate::text::{Base, Span, Spanned, folder_of, join_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

mod paths;
mod read;
mod targets;
mod version;

pub use paths::{Override, Pattern, Patterns};
pub use targets::{ComposeTarget, Targets};
pub use version::KubernetesVersion;

vocabulary! {
    /// The downtime that a person considers tolerable.
    pub enum Downtime {
        None = "none",
        Seconds = "seconds",
        Minutes = "minutes",
        Hours = "hours",
    }
}

/// The server that the first question of the decision measures against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Server {
    pub cpus: f64,
    pub memory_bytes: f64,
}

impl Default for Server {
    fn default() -> Self {
        Server { cpus: 16.0, memory_bytes: 64.0 * 1024.0 * 1024.0 * 1024.0 }
    }
}

/// A person's own answers for the decision, which win over what the files suggest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    pub downtime: Option<Downtime>,
    /// Number of teams that deploy on their own.
    pub teams: Option<u32>,
    /// Whether changes are audited.
    pub audit: Option<bool>,
    /// Direct answers to the questions of the decision: `true` for yes.
    pub questions: FxHashMap<QuestionId, bool>,
}

/// An answer that does not make sense, with a message for the person who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrongAnswer {
    /// The key names no question.
    Key(String),
    /// The value does not answer the question.
    Value(String),
}

impl WrongAnswer {
    pub fn message(self) -> String {
        let (WrongAnswer::Key(message) | WrongAnswer::Value(message)) = self;
        message
    }
}

impl Answers {
    /// Records one answer, such as `minutes` for `downtime`.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), WrongAnswer> {
        let must_be = |values: &str| WrongAnswer::Value(format!("`{key}` must be {values}"));
        let yes_or_no = || match value {
            "yes" | "true" => Ok(true),
            "no" | "false" => Ok(false),
            _ => Err(must_be("`yes` or `no`")),
        };
        match key {
            "downtime" => {
                let downtime = Downtime::from_name(value);
                let known = "`none`, `seconds`, `minutes` or `hours`";
                self.downtime = Some(downtime.ok_or_else(|| must_be(known))?);
            }
            "teams" => {
                let teams = value.parse().map_err(|_| must_be("a whole number, such as `3`"))?;
                self.teams = Some(teams);
            }
            "audit" => self.audit = Some(yes_or_no()?),
            _ => {
                let Some(question) = QuestionId::from_name(key) else {
                    let known = QuestionId::ALL.map(|it| format!("`{it}`")).join(", ");
                    return Err(WrongAnswer::Key(format!(
                        "`{key}` is not a known question; the questions are `downtime`, `teams`, `audit`, {known}"
                    )));
                };
                self.questions.insert(question, yes_or_no()?);
            }
        }
        Ok(())
    }

    /// Returns these answers with those of `other` on top.
    #[must_use]
    pub fn with(mut self, other: &Answers) -> Answers {
        self.downtime = other.downtime.or(self.downtime);
        self.teams = other.teams.or(self.teams);
        self.audit = other.audit.or(self.audit);
        self.questions.extend(&other.questions);
        self
    }
}

/// A configuration. Later settings win over earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The role of every Compose file that `roles` does not name.
    pub role: Option<Role>,
    /// Paths or file names, and their roles.
    pub roles: Vec<(String, Role)>,
    /// Codes, families or names of rules, and their levels.
    pub rules: Vec<(String, Level)>,
    pub answers: Answers,
    pub server: Option<Server>,
    /// The release that the cluster runs; without one, the newest.
    pub kubernetes: Option<KubernetesVersion>,
    /// Whether rules in preview run.
    pub preview: Option<bool>,
    /// What is deployed; without any, what is found among the files.
    pub targets: Targets,
    /// Files that are not read.
    pub exclude: Patterns,
    /// Settings for some of the files, which win over those for all; later ones win over earlier ones.
    pub overrides: Vec<Override>,
    /// The lowest severity that makes a check fail.
    pub fail_on: Option<FailOn>,
    /// Paths of the configurations that this one is laid over, from its own folder; later ones win.
    pub extends: Vec<Spanned<String>>,
    /// Where the project lies in its repository; only a caller knows that.
    pub base: Base,
    /// The findings that are accepted already; only a caller knows them.
    pub baseline: Option<Arc<Baseline>>,
    /// The paths of files that are there and were not read, such as links out of the project; only a caller knows them.
    pub unread: Arc<BTreeSet<String>>,
}

impl Config {
    /// Returns this configuration with the settings of `other` on top.
    #[must_use]
    pub fn with(self, other: &Config) -> Config {
        self.with_in(other, Patterns::everything(""))
    }

    /// Returns this configuration with the settings of `other` on top, both of which are about these files.
    fn with_in(mut self, other: &Config, files: Patterns) -> Config {
        self.role = other.role.or(self.role);
        self.server = other.server.or(self.server);
        self.kubernetes = other.kubernetes.clone().or(self.kubernetes);
        self.preview = other.preview.or(self.preview);
        self.fail_on = other.fail_on.or(self.fail_on);
        self.roles.extend(other.roles.iter().cloned());
        self.answers = self.answers.with(&other.answers);
        if !other.targets.is_empty() {
            self.targets.clone_from(&other.targets);
        }
        self.exclude.extend(other.exclude.clone());
        if self.overrides.is_empty() {
            self.rules.extend(other.rules.iter().cloned());
        } else if !other.rules.is_empty() {
            // They win over the overrides of the configuration below.
            let rules = other.rules.clone();
            self.overrides.push(Override { files, rules, ..Override::default() });
        }
        self.overrides.extend(other.overrides.iter().cloned());
        self.base.clone_from(&other.base);
        self.baseline.clone_from(&other.baseline);
        self.unread.clone_from(&other.unread);
        self
    }

    /// Returns this configuration as that of a file in a folder: paths in it are relative to the folder.
    /// `base` says where the project lies in its repository.
    #[must_use]
    pub fn below(mut self, folder: &str, base: &Base) -> Config {
        self.targets = self.targets.below(folder);
        let folder = base.absolute(folder);
        self.exclude = self.exclude.below(&folder);
        for settings in &mut self.overrides {
            settings.files = std::mem::take(&mut settings.files).below(&folder);
        }
        self
    }

    /// Returns the configuration of a project: the file that is nearest to the root, with all others for the
    /// folders that they lie in, and the caller's `own` settings on top. `find` returns the file at a path, for
    /// what configurations extend.
    pub fn of_project<'t>(
        files: impl Iterator<Item = (&'t str, &'t Tree)>,
        find: &dyn Fn(&str) -> Option<&'t Tree>,
        own: &Config,
        unknown_rule: &dyn Fn(&str) -> Option<String>,
    ) -> Config {
        let mut files: Vec<(&str, &Tree)> = files.collect();
        files.sort_by_cached_key(|(path, _)| {
            let path = own.base.absolute(path);
            (path.matches('/').count(), path)
        });
        let mut project = Config { base: own.base.clone(), ..Config::default() };
        let mut is_first = true;
        for (path, tree) in files {
            if project.excludes(path) {
                continue;
            }
            let reading =
                Extending { folder: Some(folder_of(path)), find, base: &own.base, unknown_rule };
            let mut left = MAX_EXTENDED;
            let config = reading.read(path, tree, &mut Vec::new(), &mut left);
            let folder = own.base.absolute(folder_of(path));
            if is_first {
                // These are about the project as a whole.
                project.answers = config.answers.clone();
                (project.server, project.fail_on) = (config.server, config.fail_on);
                project.kubernetes.clone_from(&config.kubernetes);
                project.preview = config.preview;
            }
            match is_first && is_around(&folder, &own.base.absolute("")) {
                true => project = Config { base: own.base.clone(), ..config },
                false => project.add_nested(config, &folder),
            }
            is_first = false;
        }
        project.with(&Config { targets: own.targets.clone().unplaced(), ..own.clone() })
    }

    /// Returns a configuration that is no file of the project, with those that it extends and with its paths
    /// from the project. `find` returns the file at a path.
    pub fn extended<'t>(
        path: &str,
        tree: &Tree,
        find: &dyn Fn(&str) -> Option<&'t Tree>,
        base: &Base,
        unknown_rule: &dyn Fn(&str) -> Option<String>,
    ) -> Config {
        let reading = Extending { folder: None, find, base, unknown_rule };
        Config {
            base: base.clone(),
            ..reading.read(path, tree, &mut Vec::new(), &mut { MAX_EXTENDED })
        }
    }

    /// Returns what makes no sense about configurations beside one another: two in one folder, and those that
    /// extend themselves through others. `find` returns the file at a path.
    pub fn conflicts<'t>(
        configs: impl Iterator<Item = (&'t str, &'t Tree)>,
        find: &dyn Fn(&str) -> Option<&'t Tree>,
    ) -> Vec<Problem> {
        let mut search = Circles { find, done: FxHashSet::default(), problems: Vec::new() };
        let mut folders: FxHashMap<&str, &str> = FxHashMap::default();
        for (path, tree) in configs {
            if let Some(first) = folders.insert(folder_of(path), path)
                && let Some(root) = tree.roots().next()
            {
                let first = crate::text::name_of(first);
                let message = format!(
                    "`{first}` in the same folder is a configuration too, and only one can rule it"
                );
                search.say(root.span(), message);
            }
            search.visit(path, tree, &mut Vec::new());
        }
        search.problems
    }

    /// Adds a configuration in a folder further down, which decides about the files there.
    fn add_nested(&mut self, nested: Config, folder: &str) {
        self.targets.extend(nested.targets);
        self.exclude.extend(nested.exclude);
        self.overrides.push(Override {
            files: Patterns::everything(folder),
            rules: nested.rules,
            role: nested.role,
            is_configuration: true,
        });
        self.overrides.extend(nested.roles.into_iter().map(|(path, role)| Override {
            files: Patterns::file(folder, &path),
            role: Some(role),
            ..Override::default()
        }));
        self.overrides.extend(nested.overrides);
    }

    /// Whether a file of the project is not to be read.
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.is_empty() && self.exclude.match_path(&self.base.absolute(path))
    }

    /// Whether a configuration lies where another one, in a folder above, excludes everything.
    pub fn silences<'t>(
        &self,
        path: &str,
        configs: impl Iterator<Item = (&'t str, &'t Tree)>,
    ) -> bool {
        if !self.excludes(path) {
            return false;
        }
        let folder = |path: &str| self.base.absolute(folder_of(path));
        let inner = folder(path);
        let is_above =
            |it: &(&str, &Tree)| folder(it.0) != inner && is_around(&folder(it.0), &inner);
        let base = Config { base: self.base.clone(), ..Config::default() };
        Config::of_project(configs.filter(is_above), &|_| None, &base, &|_| None).excludes(path)
    }

    /// Returns the overrides for a file of the project, the one that wins over the others first.
    fn overrides_for(&self, path: &str) -> impl Iterator<Item = &Override> {
        let path = match self.overrides.is_empty() {
            true => String::new(),
            false => self.base.absolute(path),
        };
        self.overrides.iter().rev().filter(move |it| it.files.match_path(&path))
    }

    /// Returns the role that an override gives a file, of whatever kind the file is.
    pub fn overridden_role(&self, path: &str) -> Option<Role> {
        let own = self.overrides_for(path).take_while(|it| !it.is_configuration);
        own.into_iter().find_map(|it| it.role)
    }

    /// Returns the role configured for a Compose file, by its path or its name.
    pub fn role_for(&self, path: &str) -> Option<Role> {
        for settings in self.overrides_for(path) {
            if settings.is_configuration {
                return self.targets.role_for(path).or(settings.role);
            }
            if settings.role.is_some() {
                return settings.role;
            }
        }
        let name = crate::text::name_of(path);
        let own = self.roles.iter().rev().find(|(file, _)| file == path || file == name);
        let own = own.map(|(_, role)| *role);
        own.or_else(|| self.targets.role_for(path)).or(self.role)
    }

    /// Returns the level of a rule in a file: that of the last override which says anything about the rule,
    /// or else the last one that the nearest configuration sets for a selector that means the rule.
    pub fn level(&self, path: &str, means_rule: impl Fn(&str) -> bool) -> Option<Level> {
        let last = |rules: &[(String, Level)]| {
            let setting = rules.iter().rev().find(|(selector, _)| means_rule(selector));
            setting.map(|(_, level)| *level)
        };
        for settings in self.overrides_for(path) {
            let level = last(&settings.rules);
            if level.is_some() || settings.is_configuration {
                return level;
            }
        }
        last(&self.rules)
    }

    /// Whether a rule has another level in a file than what `rules` says.
    pub fn is_overridden(&self, path: &str, means_rule: &dyn Fn(&str) -> bool) -> bool {
        if self.overrides.is_empty() {
            return false;
        }
        let general = self.rules.iter().rev().find(|(selector, _)| means_rule(selector));
        self.level(path, means_rule) != general.map(|(_, level)| *level)
    }

    /// Whether a rule is off in every file.
    pub fn is_off(&self, means_rule: impl Fn(&str) -> bool) -> bool {
        let says_otherwise =
            |(selector, level): &(String, Level)| *level != Level::Off && means_rule(selector);
        let setting = self.rules.iter().rev().find(|(selector, _)| means_rule(selector));
        setting.is_some_and(|(_, level)| *level == Level::Off)
            && !self.overrides.iter().any(|it| it.is_configuration)
            && !self.overrides.iter().flat_map(|it| &it.rules).any(says_otherwise)
    }
}

/// Whether a folder is another one or lies around it.
fn is_around(folder: &str, inner: &str) -> bool {
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    folder.is_empty() || inner.strip_prefix(folder).is_some_and(is_below)
}

/// Maximum number of files that one configuration reads through `extends`.
const MAX_EXTENDED: usize = 64;

/// Reading a configuration with those that it extends.
struct Extending<'a, 't> {
    /// The folder of the configuration, which all of them are about. Without one they are about every file.
    folder: Option<&'a str>,
    find: &'a dyn Fn(&str) -> Option<&'t Tree>,
    base: &'a Base,
    unknown_rule: &'a dyn Fn(&str) -> Option<String>,
}

impl Extending<'_, '_> {
    /// Reads a configuration. `chain` are the paths that led to it, and `left` is how many more may be read.
    fn read(&self, path: &str, tree: &Tree, chain: &mut Vec<String>, left: &mut usize) -> Config {
        let own = Config::read(tree, self.unknown_rule).0;
        let mut config = Config::default();
        chain.push(path.to_owned());
        for extended in &own.extends {
            let path = join_path(folder_of(path), extended);
            if chain.contains(&path) || *left == 0 {
                continue;
            }
            let Some(tree) = (self.find)(&path) else { continue };
            *left -= 1;
            config = self.laid_over(config, &self.read(&path, tree, chain, left));
        }
        chain.pop();
        self.laid_over(config, &own.below(folder_of(path), self.base))
    }

    fn laid_over(&self, config: Config, other: &Config) -> Config {
        let folder = self.folder.map_or_else(String::new, |folder| self.base.absolute(folder));
        config.with_in(other, Patterns::everything(&folder))
    }
}

/// Looking for configurations that extend themselves.
struct Circles<'a, 't> {
    find: &'a dyn Fn(&str) -> Option<&'t Tree>,
    /// The files whose ways were all followed.
    done: FxHashSet<String>,
    problems: Vec<Problem>,
}

impl Circles<'_, '_> {
    /// Follows what a configuration extends. `chain` are the paths that led to it.
    fn visit(&mut self, path: &str, tree: &Tree, chain: &mut Vec<String>) {
        if self.done.contains(path) || chain.len() == MAX_EXTENDED {
            return;
        }
        chain.push(path.to_owned());
        for extended in Config::read(tree, &|_| None).0.extends {
            let next = join_path(folder_of(path), &extended);
            if next == path {
                self.say(extended.span, "a configuration cannot extend itself".to_owned());
            } else if chain.contains(&next) {
                let message =
                    format!("`{extended}` extends this file in turn, and neither can come first");
                self.say(extended.span, message);
            } else if let Some(tree) = (self.find)(&next) {
                self.visit(&next, tree, chain);
            }
        }
        chain.pop();
        self.done.insert(path.to_owned());
    }

    fn say(&mut self, span: Span, message: String) {
        self.problems.push(Problem { kind: ProblemKind::Config, span, message, related: None });
    }
}

#[cfg(test)]
mod tests;
