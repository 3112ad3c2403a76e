//! The settings of `plimsoll.yaml`, which editors and JavaScript pass on under the same keys.

use crate::report::{Level, QuestionId, Role, vocabulary};
use crate::syntax::{Node, Problem, ProblemKind, Tree};
use crate::text::Span;
use rustc_hash::FxHashMap;

mod targets;

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
}

impl Config {
    /// Reads a configuration from YAML or JSON, and returns what makes no sense in it as problems.
    /// `is_rule` says whether a selector means a rule.
    pub fn read(tree: &Tree, is_rule: &dyn Fn(&str) -> bool) -> (Config, Vec<Problem>) {
        let mut reader = Reader { config: Config::default(), problems: Vec::new(), is_rule };
        for entry in tree.roots().next().into_iter().flat_map(Node::merged_entries) {
            reader.setting(entry.key, entry.value);
        }
        (reader.config, reader.problems)
    }

    /// Returns this configuration with the settings of `other` on top.
    #[must_use]
    pub fn with(mut self, other: &Config) -> Config {
        self.role = other.role.or(self.role);
        self.server = other.server.or(self.server);
        self.roles.extend(other.roles.iter().cloned());
        self.rules.extend(other.rules.iter().cloned());
        self.answers = self.answers.with(&other.answers);
        if !other.targets.is_empty() {
            self.targets.clone_from(&other.targets);
        }
        self
    }

    /// Returns this configuration as that of a file in a folder: paths in it are relative to the folder.
    #[must_use]
    pub fn below(mut self, folder: &str) -> Config {
        self.targets = self.targets.below(folder);
        self
    }

    /// Returns the role configured for a Compose file, by its path or its name.
    pub fn role_for(&self, path: &str) -> Option<Role> {
        let name = crate::text::name_of(path);
        let own = self.roles.iter().rev().find(|(file, _)| file == path || file == name);
        let own = own.map(|(_, role)| *role);
        own.or_else(|| self.targets.role_for(path)).or(self.role)
    }

    /// Returns the level of a rule: the last one configured for a selector that means the rule.
    pub fn level(&self, means_rule: impl Fn(&str) -> bool) -> Option<Level> {
        let setting = self.rules.iter().rev().find(|(selector, _)| means_rule(selector));
        setting.map(|(_, level)| *level)
    }
}

/// A configuration that is being read.
struct Reader<'r> {
    config: Config,
    problems: Vec<Problem>,
    is_rule: &'r dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem { kind: ProblemKind::Config, span, message, related: None });
    }

    fn setting(&mut self, key: Node<'_>, value: Node<'_>) {
        match text(key) {
            "role" => self.config.role = self.role(value).or(self.config.role),
            "roles" => self.roles(value),
            "rules" => self.rules(value),
            "ignore" => self.ignore(value),
            "answers" => self.answers(value),
            "server" => self.server(value),
            "targets" => self.targets(value),
            unknown => {
                self.problem(key.span(), format!("`{unknown}` is not a known setting of Plimsoll"));
            }
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
        for entry in roles.merged_entries() {
            if let Some(role) = self.role(entry.value) {
                self.config.roles.push((text(entry.key).to_owned(), role));
            }
        }
    }

    /// Returns the selector, after a look at whether it means any rule.
    fn selector(&mut self, node: Node<'_>) -> String {
        let selector = text(node);
        if !(self.is_rule)(selector) {
            self.problem(node.span(), format!("`{selector}` is not a known rule"));
        }
        selector.to_owned()
    }

    fn rules(&mut self, rules: Node<'_>) {
        for entry in rules.merged_entries() {
            let selector = self.selector(entry.key);
            let level = match text(entry.value) {
                // YAML 1.1 reads `off` as false, and so do tools that turn YAML into JSON.
                "false" => Some(Level::Off),
                name => Level::from_name(name),
            };
            match level {
                Some(level) => self.config.rules.push((selector, level)),
                None => self.problem(
                    entry.value.span(),
                    "a rule must be set to `error`, `warning`, `info`, `hint` or `off`",
                ),
            }
        }
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
        for entry in answers.merged_entries() {
            match self.config.answers.set(text(entry.key), text(entry.value)) {
                Ok(()) => {}
                Err(WrongAnswer::Key(message)) => self.problem(entry.key.span(), message),
                Err(WrongAnswer::Value(message)) => self.problem(entry.value.span(), message),
            }
        }
    }

    fn server(&mut self, settings: Node<'_>) {
        let mut server = Server::default();
        for entry in settings.merged_entries() {
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
                unknown => self.problem(
                    entry.key.span(),
                    format!(
                        "`{unknown}` is not a known setting of a server; use `cpus` or `memory`"
                    ),
                ),
            }
        }
        self.config.server = Some(server);
    }
}

/// Returns the text of a scalar; anything else has none.
fn text(node: Node<'_>) -> &str {
    node.as_str().unwrap_or_default()
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
        let (config, problems) = Config::read(&tree, &crate::rules::is_known);
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
        let level = config.level(|selector| "PLM001".starts_with(selector));
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
}
