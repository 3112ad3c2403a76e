//! The rules: one file each, a folder a family.
//!
//! A rule sees facts and the model, never the tree and never another rule. Its doc comment is the
//! user's documentation and its examples are its tests. To add one: write the file, then declare it
//! and list it in the `mod.rs` of its family. Forget the list and the compiler says that `RULE` is
//! never used; forget the declaration and `tests/house.rs` names the file.

use crate::facts::Facts;
use crate::report::{Findings, Severity};

mod config;
mod document;
mod host;
mod migrations;
mod mounts;
mod network;
mod probes;
mod startup;
mod state;

/// The rules of every family, in the order of their codes.
const FAMILIES: &[&[&Rule]] = &[
    document::RULES,
    startup::RULES,
    migrations::RULES,
    mounts::RULES,
    network::RULES,
    config::RULES,
    probes::RULES,
    state::RULES,
    host::RULES,
];

/// How long the code of a rule is.
const CODE_LEN: usize = "PLM101".len();

/// Which side of the crossing a rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Compose,
    Kubernetes,
    /// Either side alone.
    Both,
    /// Both sides together.
    Dual,
    /// Any YAML.
    Document,
}

impl On {
    pub fn name(self) -> &'static str {
        match self {
            On::Compose => "compose",
            On::Kubernetes => "kubernetes",
            On::Both => "both",
            On::Dual => "dual",
            On::Document => "document",
        }
    }
}

/// How a rule finds what it reports.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// Asks the facts.
    Facts(fn(&Facts, &mut Findings)),
    /// The engine itself reports it, while it reads suppressions and configuration.
    Engine,
}

/// One pitfall: its names, its documentation and the function that looks for it.
#[derive(Debug)]
pub struct Rule {
    /// The code, the name and the documentation in one text, which the WebAssembly engine carries
    /// for less than three.
    page: &'static str,
    /// Where the documentation begins in `page`.
    doc_at: u8,
    pub on: On,
    /// What a finding has unless the rule says otherwise for it.
    pub severity: Severity,
    pub since: &'static str,
    pub check: Check,
}

impl Rule {
    /// `PLM101`; stable for ever.
    pub fn code(&self) -> &'static str {
        &self.page[..CODE_LEN]
    }

    /// `depends-on-started-only`; reads well after "allow".
    pub fn name(&self) -> &'static str {
        &self.page[CODE_LEN + 1..usize::from(self.doc_at) - 1]
    }

    /// Markdown: a sentence, then the sections that `tests/house.rs` asks for.
    pub fn doc(&self) -> &'static str {
        &self.page[usize::from(self.doc_at)..]
    }

    /// `PLM1` of `PLM101`.
    pub fn family(&self) -> &'static str {
        &self.page[..4]
    }

    /// Whether `selector` (a code, a family or a name) means this rule.
    pub fn is(&self, selector: &str) -> bool {
        self.has_name(selector)
            || (3..CODE_LEN).contains(&selector.len())
                && self.page.as_bytes()[..selector.len()].eq_ignore_ascii_case(selector.as_bytes())
    }

    /// Whether this is its whole code or name.
    fn has_name(&self, code_or_name: &str) -> bool {
        code_or_name.eq_ignore_ascii_case(self.code())
            || code_or_name.eq_ignore_ascii_case(self.name())
    }

    /// Looks for the pitfall where the project has what the rule reads.
    pub fn run(&self, facts: &Facts, out: &mut Findings) {
        let (compose, cluster) = (!facts.projects().is_empty(), !facts.objects().is_empty());
        let there = match self.on {
            On::Compose => compose,
            On::Kubernetes => cluster,
            On::Dual => compose && cluster,
            On::Both | On::Document => true,
        };
        match self.check {
            Check::Facts(check) if there => check(facts, out),
            _ => {}
        }
    }
}

/// Every rule, sorted by code.
pub fn all() -> All {
    All { families: FAMILIES.iter(), rules: [].iter() }
}

/// Walks over every rule. A type of its own, so that the walk is compiled once.
#[derive(Debug, Clone)]
pub struct All {
    families: std::slice::Iter<'static, &'static [&'static Rule]>,
    rules: std::slice::Iter<'static, &'static Rule>,
}

impl Iterator for All {
    type Item = &'static Rule;

    #[inline(never)]
    fn next(&mut self) -> Option<&'static Rule> {
        loop {
            if let Some(rule) = self.rules.next() {
                return Some(rule);
            }
            self.rules = self.families.next()?.iter();
        }
    }
}

/// The rule with this code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    all().find(|it| it.has_name(code_or_name))
}

/// Declares `RULE` from a doc comment, a code, a name and a few fields.
macro_rules! rule {
    (
        $(#[doc = $doc:expr])*
        $code:ident $name:literal {
            since: $since:literal, on: $on:ident, severity: $severity:ident, check: $check:ident $(,)?
        }
    ) => {
        pub static RULE: $crate::rules::Rule = $crate::rules::Rule {
            page: concat!(stringify!($code), " ", $name, "\n", $($doc, "\n"),*),
            doc_at: ($crate::rules::CODE_LEN + $name.len() + 2) as u8,
            on: $crate::rules::On::$on,
            severity: $crate::report::Severity::$severity,
            since: $since,
            check: rule!(@check $check),
        };
    };
    (@check engine) => { $crate::rules::Check::Engine };
    (@check $check:ident) => { $crate::rules::Check::Facts($check) };
}
use rule;

#[cfg(test)]
pub(crate) mod testing;
