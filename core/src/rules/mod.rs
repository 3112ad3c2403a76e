//! The rules: one file per rule, one folder per family.
//!
//! A rule sees facts and the model, never the syntax tree and never another rule. Its doc comment is
//! the user documentation, and the examples in it are its tests. To add a rule, write its file, then
//! declare and list it in the `mod.rs` of its family. A rule that is not listed makes the compiler
//! warn that `RULE` is never used; a file that is not declared fails `tests/house.rs`.

use crate::facts::Facts;
use crate::report::{Findings, Severity, vocabulary};

mod config;
mod delivery;
mod document;
mod host;
mod migrations;
mod mounts;
mod nearest;
mod network;
mod pitfall;
mod probes;
mod startup;
mod state;

pub use nearest::{nearest, unknown};
pub use pitfall::Pitfall;

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
    delivery::RULES,
];

vocabulary! {
    /// Which side of a project a rule reads.
    pub enum Side {
        Compose = "compose",
        Kubernetes = "kubernetes",
        /// Either side alone.
        Both = "both",
        /// The two sides compared with each other.
        Dual = "dual",
        /// Charts, kustomizations and the objects of Argo CD and Flux.
        Delivery = "delivery",
        /// Any YAML.
        Document = "document",
    }
}

/// Origin of a rule's findings.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// The function asks the facts and adds findings.
    Facts(fn(&Facts, &mut Findings)),
    /// The engine itself adds findings while it applies suppressions.
    Engine,
}

/// Subject of a rule, where that decides when the rule may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Something is missing among the objects. Where a part of a target was not built, it may be there.
    Absence,
    /// The files that charts and overlays are built from, and not the objects that they become.
    Sources,
}

/// A pitfall: its names, its documentation and the function that looks for it.
#[derive(Debug)]
pub struct Rule {
    /// `PLM101`; never changes and is never used again.
    pub code: &'static str,
    /// `depends-on-started-only`; reads well after "allow".
    pub name: &'static str,
    /// The severity of its findings, unless the rule chooses another for one of them.
    pub severity: Severity,
    /// The version of Plimsoll that introduced the rule.
    pub since: &'static str,
    pub on: Side,
    /// Markdown: a sentence, then the sections that `tests/house.rs` asks for.
    pub doc: &'static str,
    pub check: Check,
    /// Subject of the rule, where that decides when it may run.
    pub about: Option<About>,
    /// Whether the rule runs only where the configuration says `preview: true`.
    pub is_preview: bool,
}

impl Rule {
    /// Returns the family: `PLM1` for `PLM101`.
    pub fn family(&self) -> &'static str {
        &self.code[.."PLM1".len()]
    }

    /// Whether a selector (a code, the beginning of a code or a name) means this rule.
    pub fn is(&self, selector: &str) -> bool {
        self.is_called(selector)
            || selector.len() >= "PLM".len()
                && self
                    .code
                    .get(..selector.len())
                    .is_some_and(|it| it.eq_ignore_ascii_case(selector))
    }

    /// Whether this is the code or the name of the rule.
    fn is_called(&self, code_or_name: &str) -> bool {
        code_or_name.eq_ignore_ascii_case(self.code) || code_or_name.eq_ignore_ascii_case(self.name)
    }

    /// Looks for the pitfall, if the project has the side that the rule reads.
    pub fn run(&self, facts: &Facts, out: &mut Findings) {
        let (compose, cluster) = (!facts.projects().is_empty(), !facts.objects().is_empty());
        let applies = match self.on {
            Side::Compose => compose,
            Side::Kubernetes => cluster,
            Side::Dual => compose && cluster,
            Side::Both | Side::Delivery | Side::Document => true,
        };
        match self.check {
            Check::Facts(check) if applies => check(facts, out),
            Check::Facts(_) | Check::Engine => {}
        }
    }
}

/// Returns every rule, sorted by code.
pub fn all() -> impl Iterator<Item = &'static Rule> + Clone {
    FAMILIES.iter().copied().flatten().copied()
}

/// Returns the rule with this code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    let is_of = |family: &&&[&'static Rule]| {
        family.first().is_some_and(|rule| code_or_name.starts_with(rule.family()))
    };
    let by_code = FAMILIES.iter().find(is_of).and_then(|family| {
        let at = family.binary_search_by_key(&code_or_name, |rule| rule.code).ok()?;
        Some(family[at])
    });
    by_code.or_else(|| all().find(|rule| rule.is_called(code_or_name)))
}

/// Whether a selector (a code, the beginning of a code or a name) means any rule.
pub fn is_known(selector: &str) -> bool {
    all().any(|rule| rule.is(selector))
}

/// Declares `RULE` from a doc comment, a code, a name and a few fields. `about: absence` marks a rule that
/// says that something is missing among the objects; `about: sources`, a rule about the sources of targets;
/// `stage: preview`, a rule whose findings have not been judged on enough real files yet.
macro_rules! rule {
    (
        $(#[doc = $doc:expr])*
        $code:ident $name:literal {
            since: $since:literal, on: $on:ident, severity: $severity:ident, check: $check:ident
            $(, about: $about:ident)? $(, stage: $stage:ident)? $(,)?
        }
    ) => {
        pub static RULE: $crate::rules::Rule = $crate::rules::Rule {
            code: stringify!($code),
            name: $name,
            severity: $crate::report::Severity::$severity,
            since: $since,
            on: $crate::rules::Side::$on,
            doc: concat!($($doc, "\n"),*),
            check: rule!(@check $check),
            about: rule!(@about $($about)?),
            is_preview: rule!(@stage $($stage)?),
        };
    };
    (@about) => { None };
    (@about absence) => { Some($crate::rules::About::Absence) };
    (@about sources) => { Some($crate::rules::About::Sources) };
    (@stage) => { false };
    (@stage preview) => { true };
    (@check engine) => { $crate::rules::Check::Engine };
    (@check $check:ident) => { $crate::rules::Check::Facts($check) };
}
use rule;

#[cfg(test)]
pub(crate) mod testing;
