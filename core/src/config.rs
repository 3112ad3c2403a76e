//! The settings of `plimsoll.yaml`, which editors and JavaScript pass on under the same keys.

use crate::report::{Baseline, FailOn, Level, QuestionId, Role, vocabulary};
use crate::syntax::{Entry, Node, Problem, ProblemKind, Tree};
use crate::text::{Base, Span, did_you_mean, folder_of, near};
use rustc_hash::FxHashMap;
use std::sync::Arc;

mod paths;
mod targets;

pub use paths::{Override, Pattern, Patterns};
pub use targets::{ComposeTarget, Targets};

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
    /// What is deployed; without any, what is found among the files.
    pub targets: Targets,
    /// Files that are not read.
    pub exclude: Patterns,
    /// Settings for some of the files, which win over those for all; later ones win over earlier ones.
    pub overrides: Vec<Override>,
    /// The lowest severity that makes a check fail.
    pub fail_on: Option<FailOn>,
    /// Where the project lies in its repository; only a caller knows that.
    pub base: Base,
    /// The findings that are accepted already; only a caller knows them.
    pub baseline: Option<Arc<Baseline>>,
}

/// The settings of a configuration file, as they are written.
const SETTINGS: [&str; 11] = [
    "role",
    "roles",
    "rules",
    "ignore",
    "answers",
    "server",
    "targets",
    "exclude",
    "overrides",
    "fail-on",
    "$schema",
];

impl Config {
    /// Reads a configuration from YAML or JSON, and returns what makes no sense in it as problems.
    /// `unknown_rule` says what is wrong with a selector that means no rule.
    pub fn read(
        tree: &Tree,
        unknown_rule: &dyn Fn(&str) -> Option<String>,
    ) -> (Config, Vec<Problem>) {
        let mut reader = Reader { config: Config::default(), problems: Vec::new(), unknown_rule };
        let mut roots = tree.roots();
        if let Some(root) = roots.next() {
            match entries(root) {
                Some(settings) => settings.iter().for_each(|it| reader.setting(it.key, it.value)),
                None => reader.problem(root.span(), "a configuration maps settings to values"),
            }
        }
        if let Some(second) = roots.next() {
            reader.problem(second.span(), "only the first document of a configuration is read");
        }
        (reader.config, reader.problems)
    }

    /// Returns this configuration with the settings of `other` on top.
    #[must_use]
    pub fn with(mut self, other: &Config) -> Config {
        self.role = other.role.or(self.role);
        self.server = other.server.or(self.server);
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
            let (files, rules) = (Patterns::everything(), other.rules.clone());
            self.overrides.push(Override { files, rules, role: None });
        }
        self.overrides.extend(other.overrides.iter().cloned());
        self.base.clone_from(&other.base);
        self.baseline.clone_from(&other.baseline);
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

    /// Returns the configuration of a project: the file that is nearest to the root, with the targets, the
    /// overrides and the exclusions of all others, and the caller's `own` settings on top.
    pub fn of_project<'t>(
        files: impl Iterator<Item = (&'t str, &'t Tree)>,
        own: &Config,
        unknown_rule: &dyn Fn(&str) -> Option<String>,
    ) -> Config {
        let mut files: Vec<(&str, &Tree)> = files.collect();
        files.sort_by_key(|(path, _)| (path.matches('/').count(), *path));
        let mut project = Config { base: own.base.clone(), ..Config::default() };
        let mut is_first = true;
        for (path, tree) in files {
            if project.excludes(path) {
                continue;
            }
            let config = Config::read(tree, unknown_rule).0.below(folder_of(path), &own.base);
            match is_first {
                true => project = Config { base: own.base.clone(), ..config },
                false => project.add_nested(config),
            }
            is_first = false;
        }
        project.with(&Config { targets: own.targets.clone().unplaced(), ..own.clone() })
    }

    /// Adds what a configuration in a folder further down says about its own files.
    fn add_nested(&mut self, nested: Config) {
        self.targets.extend(nested.targets);
        self.exclude.extend(nested.exclude);
        self.overrides.extend(nested.overrides);
    }

    /// Whether a file of the project is not to be read.
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.is_empty() && self.exclude.match_path(&self.base.absolute(path))
    }

    /// Returns the overrides for a file of the project, the one that wins over the others first.
    fn overrides_for(&self, path: &str) -> impl Iterator<Item = &Override> {
        let path = match self.overrides.is_empty() {
            true => String::new(),
            false => self.base.absolute(path),
        };
        self.overrides.iter().rev().filter(move |it| it.files.match_path(&path))
    }

    /// Returns the role that an override gives a file.
    pub fn overridden_role(&self, path: &str) -> Option<Role> {
        self.overrides_for(path).find_map(|it| it.role)
    }

    /// Returns the role configured for a Compose file, by its path or its name.
    pub fn role_for(&self, path: &str) -> Option<Role> {
        let name = crate::text::name_of(path);
        let own = self.roles.iter().rev().find(|(file, _)| file == path || file == name);
        let own = self.overridden_role(path).or(own.map(|(_, role)| *role));
        own.or_else(|| self.targets.role_for(path)).or(self.role)
    }

    /// Returns the level of a rule in a file: that of the last override which says anything about the rule,
    /// or else the last one configured for a selector that means the rule.
    pub fn level(&self, path: &str, means_rule: impl Fn(&str) -> bool) -> Option<Level> {
        let last = |rules: &[(String, Level)]| {
            let setting = rules.iter().rev().find(|(selector, _)| means_rule(selector));
            setting.map(|(_, level)| *level)
        };
        self.overrides_for(path).find_map(|it| last(&it.rules)).or_else(|| last(&self.rules))
    }

    /// Whether a rule is off in every file.
    pub fn is_off(&self, means_rule: impl Fn(&str) -> bool) -> bool {
        let says_otherwise =
            |(selector, level): &(String, Level)| *level != Level::Off && means_rule(selector);
        let setting = self.rules.iter().rev().find(|(selector, _)| means_rule(selector));
        let everywhere = self.overrides.iter().flat_map(|it| &it.rules);
        setting.is_some_and(|(_, level)| *level == Level::Off)
            && !everywhere.into_iter().any(says_otherwise)
    }
}

/// A configuration that is being read.
struct Reader<'r> {
    config: Config,
    problems: Vec<Problem>,
    unknown_rule: &'r dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem { kind: ProblemKind::Config, span, message, related: None });
    }

    /// Reports a key that means nothing, and names the one that was probably meant.
    fn unknown_key(&mut self, span: Span, key: &str, of: &str, known: &[&str]) {
        let meant = did_you_mean(&near(key, known.iter().copied()));
        self.problem(span, format!("`{key}` is not a known setting of {of}{meant}"));
    }

    /// Returns the entries of a mapping, and reports anything else.
    fn mapping<'t>(&mut self, key: &str, value: Node<'t>) -> Vec<Entry<'t>> {
        entries(value).unwrap_or_else(|| {
            self.problem(value.span(), format!("`{key}` must be a mapping"));
            Vec::new()
        })
    }

    fn setting(&mut self, key: Node<'_>, value: Node<'_>) {
        match text(key) {
            "role" => self.config.role = self.role(value).or(self.config.role),
            "roles" => self.roles(value),
            "rules" => {
                let levels = self.levels(value);
                self.config.rules.extend(levels);
            }
            "ignore" => self.ignore(value),
            "answers" => self.answers(value),
            "server" => self.server(value),
            "targets" => self.targets(value),
            "exclude" => self.config.exclude = self.patterns("exclude", value),
            "overrides" => self.overrides(value),
            "fail-on" => {
                self.config.fail_on = FailOn::from_name(text(value));
                if self.config.fail_on.is_none() {
                    let known = "`fail-on` must be `error`, `warning`, `info` or `never`";
                    self.problem(value.span(), known);
                }
            }
            // For editors.
            "$schema" => {}
            unknown => self.unknown_key(key.span(), unknown, "Plimsoll", &SETTINGS),
        }
    }

    fn role(&mut self, value: Node<'_>) -> Option<Role> {
        let role = Role::from_name(text(value));
        if role.is_none() {
            self.problem(value.span(), "a role must be `development`, `production` or `unknown`");
        }
        role
    }

    fn roles(&mut self, roles: Node<'_>) {
        for entry in self.mapping("roles", roles) {
            if let Some(role) = self.role(entry.value) {
                self.config.roles.push((text(entry.key).to_owned(), role));
            }
        }
    }

    /// Returns the selector, after a look at whether it means any rule.
    fn selector(&mut self, node: Node<'_>) -> String {
        let selector = text(node);
        if let Some(mistake) = (self.unknown_rule)(selector) {
            self.problem(node.span(), mistake);
        }
        selector.to_owned()
    }

    fn levels(&mut self, rules: Node<'_>) -> Vec<(String, Level)> {
        let mut levels = Vec::new();
        for entry in self.mapping("rules", rules) {
            let selector = self.selector(entry.key);
            let level = match text(entry.value) {
                // YAML 1.1 reads `off` as false, and so do tools that turn YAML into JSON.
                "false" => Some(Level::Off),
                name => Level::from_name(name),
            };
            match level {
                Some(level) => levels.push((selector, level)),
                None => self.problem(
                    entry.value.span(),
                    "a rule must be set to `error`, `warning`, `info`, `hint` or `off`",
                ),
            }
        }
        levels
    }

    fn ignore(&mut self, ignored: Node<'_>) {
        let selectors =
            if ignored.is_sequence() { ignored.items().collect() } else { vec![ignored] };
        for node in selectors {
            let selector = self.selector(node);
            self.config.rules.push((selector, Level::Off));
        }
    }

    fn answers(&mut self, answers: Node<'_>) {
        for entry in self.mapping("answers", answers) {
            match self.config.answers.set(text(entry.key), text(entry.value)) {
                Ok(()) => {}
                Err(WrongAnswer::Key(message)) => self.problem(entry.key.span(), message),
                Err(WrongAnswer::Value(message)) => self.problem(entry.value.span(), message),
            }
        }
    }

    fn server(&mut self, settings: Node<'_>) {
        let mut server = Server::default();
        for entry in self.mapping("server", settings) {
            let (value, span) = (text(entry.value), entry.value.span());
            match text(entry.key) {
                "cpus" => match value.parse::<f64>() {
                    Ok(cpus) if cpus > 0.0 && cpus < 1e6 => server.cpus = cpus,
                    _ => self.problem(span, "`cpus` must be a number above 0, such as `8`"),
                },
                "memory" => match bytes(value) {
                    Some(bytes) if bytes > 0.0 => server.memory_bytes = bytes,
                    _ => self.problem(span, "`memory` must be an amount above 0, such as `64GiB`"),
                },
                unknown => {
                    let known = ["cpus", "memory"];
                    self.unknown_key(entry.key.span(), unknown, "a server", &known);
                }
            }
        }
        self.config.server = Some(server);
    }
}

/// Returns the text of a scalar; anything else has none.
fn text(node: Node<'_>) -> &str {
    node.as_str().unwrap_or_default()
}

/// Returns the entries of a mapping, or of a key without a value; `None` for anything else.
fn entries(node: Node<'_>) -> Option<Vec<Entry<'_>>> {
    (node.is_mapping() || node.is_null()).then(|| node.merged_entries())
}

/// Returns the number of bytes in `64GiB`, `64Gi`, `64G` or `500MB`, or in a plain number. Both
/// kinds of prefix count in powers of 1024, as they do for memory in Compose.
fn bytes(text: &str) -> Option<f64> {
    let unit_at = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "ki" | "kib" => 1,
        "m" | "mb" | "mi" | "mib" => 2,
        "g" | "gb" | "gi" | "gib" => 3,
        "t" | "tb" | "ti" | "tib" => 4,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * 1024_f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn read(text: &str) -> (Config, Vec<String>) {
        let (tree, _) = parse(FileId(0), &Arc::from(text), None);
        let (config, problems) = Config::read(&tree, &crate::rules::unknown);
        (config, problems.into_iter().map(|it| it.message).collect())
    }

    #[test]
    fn every_key_is_read() {
        let (config, problems) = read(
            "role: production\nroles: {compose.dev.yaml: development}\nrules: {PLM001: warning, PLM0: off}\n\
             answers: {downtime: minutes}\nserver: {cpus: 8, memory: 32GiB}\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(config.role, Some(Role::Production));
        assert_eq!(config.roles, [("compose.dev.yaml".to_owned(), Role::Development)]);
        assert_eq!(config.answers.downtime, Some(Downtime::Minutes));
        assert_eq!(config.server, Some(Server { cpus: 8.0, memory_bytes: 32.0 * 1073741824.0 }));
        let level = config.level("a.yaml", |selector| "PLM001".starts_with(selector));
        assert_eq!(level, Some(Level::Off), "the later setting wins");
    }

    #[test]
    fn settings_that_make_no_sense_are_problems() {
        let (_, problems) = read("role: prod\nrules: {PLM9999: off, PLM001: bad}\nsevrer: {}\n");
        assert_eq!(problems.len(), 4, "{problems:?}");
        let (config, problems) = read(
            "answers: {downtime: never, teams: some, nonsense: 1, gitops: perhaps, audit: no}\nserver: {cpus: many, memory: 1X, disks: 3}\n",
        );
        assert_eq!(problems.len(), 7, "{problems:?}");
        assert_eq!(config.answers, Answers { audit: Some(false), ..Answers::default() });
    }

    #[test]
    fn the_last_override_that_says_anything_about_a_rule_wins() {
        let (config, problems) = read(
            "rules: {PLM001: warning}\nfail-on: warning\nexclude: [old, 'k8s/*/test.yaml']\n\
             overrides:\n- {files: k8s/**, rules: {PLM0: off}, role: production}\n\
             - {files: ['k8s/dev', '*.local.yaml'], rules: {PLM001: info}, role: development}\n",
        );
        assert_eq!(problems, [""; 0]);
        let level = |path: &str| config.level(path, |selector| "PLM001".starts_with(selector));
        assert_eq!(level("compose.yaml"), Some(Level::Warning));
        assert_eq!(level("k8s/web.yaml"), Some(Level::Off));
        assert_eq!(level("k8s/dev/web.yaml"), Some(Level::Info));
        assert_eq!(level("a/b.local.yaml"), Some(Level::Info));
        assert_eq!(config.overridden_role("k8s/dev/web.yaml"), Some(Role::Development));
        assert_eq!(config.role_for("k8s/compose.yaml"), Some(Role::Production));
        assert_eq!(config.fail_on, Some(FailOn::Warning));
        assert!(config.excludes("a/old/b.yaml") && config.excludes("k8s/a/test.yaml"));
        assert!(!config.excludes("k8s/test.yaml"));
        assert!(!config.is_off(|selector| "PLM001".starts_with(selector)));
        let own = read("rules: {PLM0: error}").0;
        let level =
            |path: &str| config.clone().with(&own).level(path, |it| "PLM001".starts_with(it));
        assert_eq!(level("k8s/dev/web.yaml"), Some(Level::Error), "a caller's settings win");
    }

    #[test]
    fn patterns_are_relative_to_the_folder_of_the_configuration() {
        let base = Base::new("/shop", "/shop/app");
        let config = read("exclude: [app/old/*]\noverrides: [{files: k8s/*, role: production}]").0;
        let config = Config { base: base.clone(), ..config.below("..", &base) };
        assert!(config.excludes("old/a.yaml") && config.excludes("/shop/app/old/a.yaml"));
        assert_eq!(config.overridden_role("../k8s/a.yaml"), Some(Role::Production));
        assert_eq!(config.overridden_role("k8s/a.yaml"), None);
    }

    #[test]
    fn every_mistake_is_a_problem() {
        for (text, expected) in [
            ("[a]", "maps settings to values"),
            ("rules: [PLM101]", "`rules` must be a mapping"),
            ("rules: {PML101: off}", "did you mean `PLM101`?"),
            ("exlcude: [a]", "did you mean `exclude`?"),
            ("exclude: [{a: b}]", "`exclude` lists patterns"),
            ("overrides: {files: a}", "must be a list"),
            ("overrides: [a]", "an override maps `files`"),
            ("overrides: [{rules: {}}]", "names its `files`"),
            ("overrides: [{files: a, rule: {}}]", "did you mean `rules`"),
            ("overrides: [{files: '../a', role: prod}]", "leads out of the folder"),
            ("fail-on: hint", "must be `error`"),
            ("server: {cpu: 1}", "did you mean `cpus`?"),
            ("role: production\n---\nrole: production", "only the first document"),
        ] {
            let (_, problems) = read(text);
            assert!(
                problems.first().is_some_and(|it| it.contains(expected)),
                "{text}: {problems:?}"
            );
        }
        assert_eq!(read("rules:\n# nothing yet\n").1, [""; 0]);
    }
}
