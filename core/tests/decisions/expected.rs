//! What is expected of a project, and how it differs from what the decision says.

use plimsoll_core::report::{CheckItem, Decision, Sum, System};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Display;

pub const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expected {
    /// The case that the project stands for.
    pub about: String,
    #[serde(default)]
    pub answers: Vec<String>,
    pub server: Option<GivenServer>,
    pub systems: Vec<Cells>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenServer {
    pub cpus: f64,
    /// In GiB, as in `32GiB`.
    memory: String,
}

impl GivenServer {
    pub fn memory_bytes(&self) -> f64 {
        self.memory.strip_suffix("GiB").unwrap().parse::<f64>().unwrap() * GIB
    }
}

/// The cells of one system. What is left out may be anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cells {
    /// Where several systems are expected.
    name: Option<String>,
    today: Option<String>,
    platform: Option<String>,
    so_far: Option<String>,
    fit: Option<String>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    #[serde(default)]
    packaging: BTreeMap<String, String>,
    #[serde(default)]
    delivery: BTreeMap<String, String>,
    #[serde(default)]
    sums: BTreeMap<String, Amount>,
    #[serde(default)]
    checks: BTreeMap<String, String>,
    #[serde(default)]
    crossing: BTreeMap<String, String>,
    /// Words that the report must contain.
    #[serde(default)]
    says: Vec<String>,
    /// Keys of answers that are asked for.
    #[serde(default)]
    asks: Vec<String>,
    /// Platforms that a single fact would change the outcome to.
    #[serde(default)]
    flips: Vec<String>,
}

/// CPUs, or GiB of memory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    min: f64,
    max: f64,
    sized: Option<usize>,
    containers: Option<usize>,
}

impl Expected {
    /// Returns a line for each cell that differs.
    pub fn differences(&self, systems: &[System]) -> Vec<String> {
        if self.systems.len() != systems.len() {
            let names: Vec<&str> = systems.iter().map(|it| &*it.name).collect();
            return vec![format!("systems: {} expected, found {names:?}", self.systems.len())];
        }
        let mut differences = Vec::new();
        for (cells, system) in self.systems.iter().zip(systems) {
            let named = |name: &String| systems.iter().find(|it| it.name == *name);
            match cells.name.as_ref().map(named) {
                Some(None) => differences.push(format!("no system is named {:?}", cells.name)),
                Some(Some(named)) => differences.extend(cells.differences(named)),
                None => differences.extend(cells.differences(system)),
            }
        }
        differences
    }
}

/// Collects what differs.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn cell(&mut self, cell: &str, expected: &str, found: impl Display) {
        let found = found.to_string();
        if expected != found {
            self.0.push(format!("{cell}: {expected} expected, found {found}"));
        }
    }
}

impl Cells {
    fn differences(&self, system: &System) -> Vec<String> {
        let decision = &system.decision;
        let outcome = &decision.outcome;
        let mut differences = Differences::default();
        let single = [
            ("today", &self.today, decision.today.to_string()),
            ("platform", &self.platform, outcome.platform.to_string()),
            ("so-far", &self.so_far, outcome.so_far.to_string()),
            ("fit", &self.fit, decision.fit.to_string()),
        ];
        for (cell, expected, found) in single {
            if let Some(expected) = expected {
                differences.cell(cell, expected, found);
            }
        }
        for (key, expected) in &self.answers {
            let question = decision.questions.iter().find(|it| it.id.name() == key).unwrap();
            differences.cell(key, expected, question.answer);
        }
        for (key, expected) in self.packaging.iter().chain(&self.delivery) {
            let worth = match key.as_str() {
                "kustomize" => outcome.kustomize,
                "helm" => outcome.helm,
                "argocd" => outcome.argocd,
                "flux" => outcome.flux,
                _ => panic!("{key} is no addition to a platform"),
            };
            differences.cell(key, expected, worth);
        }
        for (key, expected) in &self.sums {
            let (sum, unit) = match key.as_str() {
                "cpu" => (decision.sums.cpu, 1.0),
                "memory" => (decision.sums.memory, GIB),
                _ => panic!("{key} is not summed"),
            };
            expected.differences(&mut differences, key, sum, unit);
        }
        for (key, expected) in &self.checks {
            let item = CheckItem::from_name(key).unwrap();
            let checklists = &decision.checklists;
            let mut items = checklists.server.iter().chain(&checklists.crossing);
            let found = items.find(|it| it.item == item).map(|it| it.state.name());
            differences.cell(key, expected, found.unwrap_or("not in the lists"));
        }
        for (key, expected) in &self.crossing {
            let (service, key) = key.split_once('.').unwrap();
            let rows = decision.crossing.iter().filter(|it| it.service == service && it.key == key);
            let fates: Vec<&str> = rows.map(|it| it.fate.name()).collect();
            differences.cell(&format!("{service}.{key}"), expected, fates.join(", "));
        }
        let said = sentences(decision);
        let missing = |words: &&String| !said.contains(&***words);
        differences.0.extend(
            self.says.iter().filter(missing).map(|it| format!("says: no {it:?} in\n{said}")),
        );
        for key in &self.asks {
            if !decision.ask.iter().any(|it| it.answer.starts_with(&format!("{key}="))) {
                differences.0.push(format!("asks: {key} is not asked for in {:?}", decision.ask));
            }
        }
        for platform in &self.flips {
            if !decision.flips.iter().any(|it| it.to.name() == platform) {
                differences.0.push(format!("flips: none to {platform} in {:?}", decision.flips));
            }
        }
        differences.0
    }
}

impl Amount {
    fn differences(&self, differences: &mut Differences, key: &str, sum: Sum, unit: f64) {
        let amount = |amount: f64| format!("{amount:.2}");
        differences.cell(&format!("{key}.min"), &amount(self.min), amount(sum.min / unit));
        differences.cell(&format!("{key}.max"), &amount(self.max), amount(sum.max / unit));
        let counts =
            [("sized", self.sized, sum.sized), ("containers", self.containers, sum.containers)];
        for (count, expected, found) in counts {
            if let Some(expected) = expected {
                differences.cell(&format!("{key}.{count}"), &expected.to_string(), found);
            }
        }
    }
}

/// Returns what the report says beside its checklists, a line each.
fn sentences(decision: &Decision) -> String {
    let mut lines = vec![decision.verdict.clone(), decision.counted.clone()];
    lines.extend(decision.reasons.iter().map(|it| it.text.clone()));
    let facts = decision.questions.iter().flat_map(|it| &it.evidence);
    lines.extend(facts.map(|it| it.fact.to_string()));
    lines.extend(decision.ask.iter().map(|it| format!("{}: {}", it.answer, it.changes)));
    lines.extend(decision.steps.iter().map(|it| format!("{}: {}", it.subject, it.text)));
    lines.extend(decision.myth.map(str::to_owned));
    lines.join("\n")
}
