//! `plimsoll.yaml`: what a person says about the project, and the same keys from an editor.

use crate::decimal::Decimal;
use crate::report::{Role, Severity};
use crate::rules;
use crate::syntax::{Node, Problem, ProblemKind, Tree};
use crate::text::Span;

/// The machine that question one measures against.
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

/// What was configured. Later settings win over earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The role of every Compose file that `roles` does not name.
    pub role: Option<Role>,
    /// Path (or file name) to role.
    pub roles: Vec<(String, Role)>,
    /// A rule, family or name, and its severity; `None` switches it off.
    pub rules: Vec<(String, Option<Severity>)>,
    /// A person's own answers for the decision, as `downtime: minutes`.
    pub answers: Vec<(String, String)>,
    pub server: Option<Server>,
}

impl Config {
    /// Reads a configuration from YAML (or JSON). What it does not understand comes back as problems.
    pub fn read(tree: &Tree) -> (Config, Vec<Problem>) {
        let mut config = Config::default();
        let mut problems = Vec::new();
        let mut problem = |span: Span, message: String| {
            problems.push(Problem { kind: ProblemKind::Config, span, message, related: None });
        };
        let Some(root) = tree.roots().next() else { return (config, problems) };
        for entry in root.merged_entries() {
            let key = entry.key.as_str().unwrap_or_default();
            match key {
                "role" => match entry.value.as_str().and_then(Role::from_name) {
                    Some(role) => config.role = Some(role),
                    None => problem(
                        entry.value.span(),
                        "a role is `development`, `production` or `unknown`".into(),
                    ),
                },
                "roles" => {
                    for entry in entry.value.merged_entries() {
                        match (entry.key.as_str(), entry.value.as_str().and_then(Role::from_name)) {
                            (Some(path), Some(role)) => config.roles.push((path.to_owned(), role)),
                            _ => problem(
                                entry.value.span(),
                                "a role is `development`, `production` or `unknown`".into(),
                            ),
                        }
                    }
                }
                "rules" => {
                    for entry in entry.value.merged_entries() {
                        let selector = entry.key.as_str().unwrap_or_default();
                        if !rules::all().any(|it| it.is(selector)) {
                            problem(entry.key.span(), format!("`{selector}` is no rule"));
                        }
                        match entry.value.as_str() {
                            Some("off" | "false") => config.rules.push((selector.to_owned(), None)),
                            Some(name) if Severity::from_name(name).is_some() => {
                                config.rules.push((selector.to_owned(), Severity::from_name(name)));
                            }
                            _ => problem(
                                entry.value.span(),
                                "a rule is `error`, `warning`, `info`, `hint` or `off`".into(),
                            ),
                        }
                    }
                }
                "ignore" => {
                    for item in one_or_many(entry.value) {
                        let selector = item.as_str().unwrap_or_default();
                        if !rules::all().any(|it| it.is(selector)) {
                            problem(item.span(), format!("`{selector}` is no rule"));
                        }
                        config.rules.push((selector.to_owned(), None));
                    }
                }
                "answers" => {
                    for entry in entry.value.merged_entries() {
                        let key = entry.key.as_str().unwrap_or_default();
                        let value = entry.value.as_str().unwrap_or_default();
                        match answer_problem(key, value) {
                            Some((true, message)) => problem(entry.key.span(), message),
                            Some((false, message)) => problem(entry.value.span(), message),
                            None => config.answers.push((key.to_owned(), value.to_owned())),
                        }
                    }
                }
                "server" => {
                    let mut server = Server::default();
                    for entry in entry.value.merged_entries() {
                        let value = entry.value.as_str().unwrap_or_default();
                        match entry.key.as_str().unwrap_or_default() {
                            "cpus" => match Decimal::parse(value).map(Decimal::to_f64) {
                                Some(cpus) if cpus > 0.0 && cpus < 1e6 => server.cpus = cpus,
                                _ => problem(entry.value.span(), "`cpus` is a number, as 8".into()),
                            },
                            "memory" => match bytes(value).filter(|it| *it > 0.0) {
                                Some(bytes) => server.memory_bytes = bytes,
                                None => problem(
                                    entry.value.span(),
                                    "memory is written as `64GiB`".into(),
                                ),
                            },
                            key => problem(
                                entry.key.span(),
                                format!("`{key}` is not known of a server: `cpus` or `memory`"),
                            ),
                        }
                    }
                    config.server = Some(server);
                }
                _ => problem(entry.key.span(), format!("`{key}` is no setting of Plimsoll")),
            }
        }
        (config, problems)
    }

    /// This configuration with `other`'s settings on top.
    pub fn with(mut self, other: &Config) -> Config {
        self.role = other.role.or(self.role);
        self.server = other.server.or(self.server);
        self.roles.extend(other.roles.iter().cloned());
        self.rules.extend(other.rules.iter().cloned());
        self.answers.extend(other.answers.iter().cloned());
        self
    }

    /// The role configured for a Compose file, by its path or its name.
    pub fn role_for(&self, path: &str) -> Option<Role> {
        let named =
            self.roles.iter().rev().find(|it| it.0 == path || it.0 == crate::text::name_of(path));
        named.map(|it| it.1).or(self.role)
    }

    pub fn answer(&self, key: &str) -> Option<&str> {
        self.answers.iter().rev().find(|it| it.0 == key).map(|it| it.1.as_str())
    }

    /// What is configured for a rule: the last setting that means it.
    pub fn rule(&self, rule: &rules::Rule) -> Option<Option<Severity>> {
        self.rules.iter().rev().find(|it| rule.is(&it.0)).map(|it| it.1)
    }
}

/// The words that answer a question; none for one that takes a number.
fn answers_to(key: &str) -> Option<&'static [&'static str]> {
    Some(match key {
        "downtime" => &["none", "seconds", "minutes", "hours"],
        "audit" => &["yes", "no"],
        "teams" => &[],
        key if QUESTIONS.contains(&key) => &["yes", "no"],
        _ => return None,
    })
}

/// What is wrong with an answer, and whether its key is.
fn answer_problem(key: &str, value: &str) -> Option<(bool, String)> {
    let Some(words) = answers_to(key) else {
        let known = QUESTIONS.join(", ");
        let message = format!("`{key}` is no question: downtime, teams, audit, {known}");
        return Some((true, message));
    };
    let value = match value {
        "true" => "yes",
        "false" => "no",
        other => other,
    };
    match words {
        [] if value.parse::<u32>().is_err() => Some((false, format!("`{key}` is a number"))),
        [] => None,
        _ if words.contains(&value) => None,
        _ => Some((false, format!("`{key}` is answered by {}", words.join(", ")))),
    }
}

/// The keys of the decision's six questions.
pub const QUESTIONS: [&str; 6] = [
    "one-server",
    "multi-node",
    "replicas-and-rollouts",
    "teams-and-environments",
    "gitops",
    "packaging",
];

/// What is wrong with a person's answer, if something is: `downtime` and `minutes` are fine.
pub fn wrong_answer(key: &str, value: &str) -> Option<String> {
    answer_problem(key, value).map(|it| it.1)
}

fn one_or_many(node: Node<'_>) -> Vec<Node<'_>> {
    if node.is_sequence() { node.items().collect() } else { vec![node] }
}

/// `64GiB`, `64Gi`, `64G`, `500MB` or a plain number of bytes.
fn bytes(text: &str) -> Option<f64> {
    let split = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let number = Decimal::parse(&text[..split])?;
    let power = match text[split..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "ki" | "kib" => 10,
        "m" | "mb" | "mi" | "mib" => 20,
        "g" | "gb" | "gi" | "gib" => 30,
        "t" | "tb" | "ti" | "tib" => 40,
        _ => return None,
    };
    Some(number.times(1 << power) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn read(text: &str) -> (Config, Vec<String>) {
        let (tree, _) = parse(FileId(0), &Arc::from(text), None);
        let (config, problems) = Config::read(&tree);
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
        assert_eq!(config.answer("downtime"), Some("minutes"));
        assert_eq!(config.server, Some(Server { cpus: 8.0, memory_bytes: 32.0 * 1073741824.0 }));
        let rule = rules::find("PLM001").unwrap();
        assert_eq!(config.rule(rule), Some(None), "the later setting wins");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let (_, problems) = read("role: prod\nrules: {PLM9999: off, PLM001: bad}\nsevrer: {}\n");
        assert_eq!(problems.len(), 4, "{problems:?}");
        let (config, problems) = read(
            "answers: {downtime: never, teams: some, nonsense: 1, gitops: perhaps, audit: no}\nserver: {cpus: many, memory: 1X, disks: 3}\n",
        );
        assert_eq!(problems.len(), 7, "{problems:?}");
        assert_eq!(config.answers, [("audit".to_owned(), "no".to_owned())]);
    }
}
