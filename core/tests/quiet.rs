//! How loud the rules are over real projects: findings in a file, shares of the rules, rules that stay
//! silent.
//!
//! `PLIMSOLL_CORPUS=DIR cargo test --test quiet -- --ignored --nocapture`, where DIR is a folder of folders
//! of projects.
#![allow(clippy::unwrap_used)]

mod common;

use common::{handed_over, projects};
use plimsoll_core::report::{Kind, Severity};
use plimsoll_core::{Options, Report, analyze, rules};
use std::collections::BTreeMap;
use std::path::Path;

/// Maximum number of findings of warning or above in the median Compose file and the median manifest.
const MAX_MEDIAN: usize = 3;

/// Maximum share of all findings of warning or above that one rule may have, in percent.
const MAX_SHARE: f64 = 10.0;

/// Rules that may have a larger share, each with the reason.
const LOUD: [(&str, &str); 5] = [
    // Samples publish their stores for tools on the developer's own machine. The stores of one file are one
    // finding.
    ("PLM412", "one finding for each file that opens its stores to everybody who reaches the host"),
    // Many projects of a corpus are samples of their authors' own images, which they leave without a version.
    // The images of one application are one finding.
    ("PLM801", "46 of 158 Compose files name images without a version"),
    // The services of one application are one finding, and few samples set a policy.
    ("PLM802", "one finding for each application, and most samples leave the policy out"),
    // The images of one family in one application are one finding; samples are seldom renewed.
    ("PLM812", "one finding for each product of an application that is past its end"),
    // What is lost there is data, and one application is one finding.
    ("PLM707", "one finding for each application whose stores lose their data"),
];

/// What was counted over all projects.
#[derive(Default)]
struct Figures {
    /// Number of findings of warning or above, for each Compose file with a service.
    compose: Vec<usize>,
    /// Number of findings of warning or above, for each manifest.
    manifests: Vec<usize>,
    /// Number of findings of warning or above, by rule.
    grave: BTreeMap<&'static str, usize>,
    /// Number of findings of any severity, by rule.
    all: BTreeMap<&'static str, usize>,
}

impl Figures {
    fn add(&mut self, report: &Report) {
        let mut in_file = vec![0; report.files.len()];
        for finding in &report.findings {
            *self.all.entry(finding.code).or_default() += 1;
            if finding.severity <= Severity::Warning {
                *self.grave.entry(finding.code).or_default() += 1;
                in_file[finding.span.file.index()] += 1;
            }
        }
        for (entry, count) in report.files.iter().zip(in_file) {
            if entry.file.text.trim().is_empty() {
                continue;
            }
            match entry.kind {
                Kind::Compose => self.compose.push(count),
                Kind::Kubernetes => self.manifests.push(count),
                _ => {}
            }
        }
    }

    fn total(&self) -> usize {
        self.grave.values().sum()
    }

    /// Returns the share of a rule in percent.
    fn share(&self, code: &str) -> f64 {
        let count = self.grave.get(code).copied().unwrap_or_default();
        100.0 * count as f64 / self.total() as f64
    }

    fn print(&self) {
        println!("{} findings of warning or above", self.total());
        for (what, counts) in [("Compose files", &self.compose), ("manifests", &self.manifests)] {
            let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
            let loudest = counts.iter().max().copied().unwrap_or_default();
            let median = median(counts);
            println!("{} {what}: median {median}, mean {mean:.2}, most {loudest}", counts.len());
        }
        let mut by_share: Vec<(&str, usize)> = self.grave.iter().map(|it| (*it.0, *it.1)).collect();
        by_share.sort_by_key(|it| std::cmp::Reverse(it.1));
        for (code, count) in by_share {
            println!("{code} {count:5} {:5.1} %", self.share(code));
        }
        let silent = rules::all().filter(|rule| !self.all.contains_key(rule.code));
        let silent: Vec<String> = silent.map(|it| format!("{} {}", it.code, it.name)).collect();
        println!("{} rules never fire:\n  {}", silent.len(), silent.join("\n  "));
    }
}

fn median(counts: &[usize]) -> usize {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[test]
#[ignore = "needs PLIMSOLL_CORPUS, a folder of folders of projects"]
fn a_corpus_stays_quiet() {
    let corpus = std::env::var_os("PLIMSOLL_CORPUS").expect("PLIMSOLL_CORPUS names a folder");
    let mut figures = Figures::default();
    for kind in projects(Path::new(&corpus)) {
        for project in projects(&kind) {
            figures.add(&analyze(&handed_over(&project), &Options::default()));
        }
    }
    figures.print();
    assert!(figures.total() > 0, "no findings in {}", Path::new(&corpus).display());
    assert!(median(&figures.compose) <= MAX_MEDIAN, "the median Compose file is too loud");
    assert!(median(&figures.manifests) <= MAX_MEDIAN, "the median manifest is too loud");
    let is_accepted = |code: &str| LOUD.iter().any(|(loud, _)| *loud == code);
    let too_loud = figures.grave.keys().filter(|it| figures.share(it) > MAX_SHARE);
    let too_loud: Vec<_> = too_loud.filter(|it| !is_accepted(it)).collect();
    assert!(too_loud.is_empty(), "more than {MAX_SHARE} % of all findings: {too_loud:?}");
    for (code, reason) in LOUD {
        let share = figures.share(code);
        println!("{code} may be loud ({share:.1} %): {reason}");
    }
}
