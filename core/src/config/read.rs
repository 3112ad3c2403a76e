//! Reading a configuration, and what makes no sense in it.

use super::{Config, KubernetesVersion, Server, WrongAnswer};
use crate::report::{FailOn, Level, Role};
use crate::syntax::{Entry, Node, Problem, ProblemKind, Tree};
use crate::text::{Span, Spanned, did_you_mean, near};

/// The settings of a configuration file, as they are written.
const SETTINGS: [&str; 14] = [
    "role",
    "roles",
    "rules",
    "ignore",
    "answers",
    "server",
    "kubernetes",
    "targets",
    "exclude",
    "overrides",
    "fail-on",
    "preview",
    "extends",
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
}

/// A configuration that is being read.
pub(super) struct Reader<'r> {
    pub(super) config: Config,
    problems: Vec<Problem>,
    unknown_rule: &'r dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, span: Span, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem { kind: ProblemKind::Config, span, message, related: None });
    }

    /// Reports a key that means nothing, and names the one that was probably meant.
    pub(super) fn unknown_key(&mut self, span: Span, key: &str, of: &str, known: &[&str]) {
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
            "kubernetes" => {
                self.config.kubernetes = KubernetesVersion::parse(text(value));
                if self.config.kubernetes.is_none() {
                    let known = "`kubernetes` must be a release, such as `1.33` or `v1.33.2`";
                    self.problem(value.span(), known);
                }
            }
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
            "preview" => match text(value) {
                "true" => self.config.preview = Some(true),
                "false" => self.config.preview = Some(false),
                _ => self.problem(value.span(), "`preview` must be `true` or `false`"),
            },
            "extends" => self.extends(value),
            // For editors.
            "$schema" => {}
            unknown => self.unknown_key(key.span(), unknown, "Plimsoll", &SETTINGS),
        }
    }

    fn extends(&mut self, value: Node<'_>) {
        let items = if value.is_sequence() { value.items().collect() } else { vec![value] };
        for item in items {
            match item.as_str().filter(|path| !path.is_empty()) {
                Some(path) => {
                    self.config.extends.push(Spanned::new(path.to_owned(), item.span()));
                }
                None => self.problem(
                    item.span(),
                    "`extends` names configuration files, such as `../plimsoll.yaml`",
                ),
            }
        }
    }

    pub(super) fn role(&mut self, value: Node<'_>) -> Option<Role> {
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

    pub(super) fn levels(&mut self, rules: Node<'_>) -> Vec<(String, Level)> {
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
pub(super) fn text(node: Node<'_>) -> &str {
    node.as_str().unwrap_or_default()
}

/// Returns the entries of a mapping, or of a key without a value; `None` for anything else.
pub(super) fn entries(node: Node<'_>) -> Option<Vec<Entry<'_>>> {
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
    use super::super::Answers;
    use super::super::tests::read;

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
            ("overrides: [{files: [], rules: {}}]", "names its `files`"),
            ("overrides: [{files: a, rule: {}}]", "did you mean `rules`"),
            ("overrides: [{files: '../a', role: prod}]", "leads out of the folder"),
            ("extends: {a: b}", "names configuration files"),
            ("fail-on: hint", "must be `error`"),
            ("kubernetes: newest", "must be a release"),
            ("preview: some", "must be `true`"),
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
