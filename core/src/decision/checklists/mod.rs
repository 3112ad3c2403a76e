//! Two checklists: a single server done well, and the crossing from Compose to Kubernetes.
//!
//! An item passes only where something was looked at and found good, with the count. Findings of the rules
//! that bear on an item fail it; where nothing can be looked at, the item says where to look.

mod backups;
mod crossing;
mod server;
mod state;
mod tally;

use super::system::System;
use crate::facts::{Backing, Service, Unit};
use crate::report::{
    CheckItem, CheckState, ChecklistItem, Checklists, Crossing, Fate, Finding, Kind, Severity,
};
use crate::text::FileId;
pub use backups::{first as first_with_data, first_missing as first_missing_backup};
use rustc_hash::{FxHashMap, FxHashSet};
use tally::Tally;

/// Returns both checklists. `ran` holds the codes of the rules that took part, and `table` what becomes of
/// each key of the services that cross.
pub fn both(
    system: &System<'_>,
    ran: &[&str],
    to_cross: &[&Service<'_>],
    table: &[Crossing],
) -> Checklists {
    // A server runs what Compose reads; what the manifests say is about the cluster, and what other variants
    // of the project say is about those.
    let projects = system.projects();
    let counted: FxHashSet<FileId> =
        projects.flat_map(|it| it.files.iter().chain(&it.included)).copied().collect();
    let is_of_server = |finding: &&&Finding| match system.facts.file(finding.span.file).kind {
        Kind::Compose => counted.contains(&finding.span.file),
        Kind::EnvFile | Kind::Dockerfile => true,
        _ => false,
    };
    let of_server = by_code(system.findings.iter().filter(is_of_server));
    let all = by_code(system.findings.iter());
    let view = View { system, by_code: &all, ran, to_cross, table };
    Checklists {
        server: server::list(&View { by_code: &of_server, ..view }),
        crossing: crossing::list(&view),
    }
}

/// Returns the first item that a rule bears on.
pub fn item_of(code: &str) -> Option<CheckItem> {
    let items = crossing::ITEMS.iter().chain(&server::ITEMS);
    items.filter(|it| it.codes.contains(&code)).map(|it| it.item).next()
}

fn by_code<'v>(findings: impl Iterator<Item = &'v &'v Finding>) -> ByCode<'v> {
    let mut by_code = ByCode::default();
    for finding in findings {
        by_code.entry(finding.code).or_default().push(finding);
    }
    by_code
}

type ByCode<'v> = FxHashMap<&'v str, Vec<&'v Finding>>;

/// An item of a checklist.
struct Item {
    item: CheckItem,
    /// The rules whose findings of warning or above fail the item.
    codes: &'static [&'static str],
    /// The keys of a service whose loss on the way the item is about.
    keys: &'static [&'static str],
    /// Looks for proof that the item holds.
    look: fn(&View<'_, '_>) -> Tally,
    /// What to do where the item fails.
    next: &'static str,
}

/// Inputs for the judgement of checklist items.
#[derive(Debug, Clone, Copy)]
struct View<'v, 'f> {
    system: &'v System<'f>,
    by_code: &'v ByCode<'v>,
    ran: &'v [&'v str],
    /// The services that cross, or have crossed, to a cluster.
    to_cross: &'v [&'v Service<'f>],
    /// The rows of the crossing table for the keys of these services.
    table: &'v [Crossing],
}

impl<'v, 'f> View<'v, 'f> {
    /// Returns the findings of some rules, whatever their severity.
    fn noted(&self, codes: &'static [&'static str]) -> impl Iterator<Item = &'v Finding> + use<'v> {
        let by_code = self.by_code;
        codes.iter().filter_map(move |code| by_code.get(code)).flatten().copied()
    }

    /// Returns the findings that fail an item. Where the files prove nothing either way, findings of level info count too.
    fn failing(&self, item: &Item, tally: &Tally) -> Vec<&'v Finding> {
        let least = match tally {
            Tally::Hidden(..) => Severity::Info,
            Tally::NothingToSee(_) | Tally::Proven(_) | Tally::Counted { .. } => Severity::Warning,
        };
        let mut found: Vec<&Finding> =
            self.noted(item.codes).filter(|it| it.severity <= least).collect();
        found.sort_by_key(|it| it.severity);
        found
    }

    /// Judges an item: findings fail it, and otherwise what was seen decides.
    fn judge(&self, item: &Item) -> ChecklistItem {
        let tally = (item.look)(self);
        let found = self.failing(item, &tally);
        let findings: Vec<_> = found.iter().map(|finding| (finding.code, finding.span)).collect();
        let (state, seen, next) = match &tally {
            Tally::NothingToSee(_) if findings.is_empty() => {
                (CheckState::NotApplicable, tally.says(), String::new())
            }
            Tally::Proven(_) if findings.is_empty() => self.proven(item, &tally),
            Tally::Counted { missing, .. } if findings.is_empty() && missing.is_empty() => {
                self.proven(item, &tally)
            }
            Tally::Hidden(_, look) | Tally::Counted { look: Some(look), .. }
                if findings.is_empty() =>
            {
                (CheckState::CannotSee, tally.says(), (*look).to_owned())
            }
            Tally::Counted { missing, look: None, .. } if !missing.is_empty() => {
                (CheckState::Fail, tally.says(), item.next.to_owned())
            }
            Tally::Hidden(..) => {
                let message = found.first().map(|it| it.message_for_one()).unwrap_or_default();
                (CheckState::Fail, message.to_owned(), item.next.to_owned())
            }
            // What was seen is good, and a rule knows better; or it is bad, and a rule knows more.
            _ => {
                let message = found.first().map(|it| it.message_for_one()).unwrap_or_default();
                let is_good = tally.missing().is_empty() && !message.contains(", but ");
                let joint = if is_good { ", but" } else { ";" };
                let seen = format!("{}{joint} {message}", tally.says());
                (CheckState::Fail, seen, item.next.to_owned())
            }
        };
        let missing = tally.missing().iter().map(|it| (it.name.clone(), it.span)).collect();
        ChecklistItem { item: item.item, state, seen, findings, missing, next }
    }

    /// Judges an item of which everything that was seen is good. It passes unless a rule that bears on it did
    /// not take part, or a key that it is about is lost on the way.
    fn proven(&self, item: &Item, tally: &Tally) -> (CheckState, String, String) {
        let off: Vec<&str> =
            item.codes.iter().copied().filter(|code| !self.ran.contains(code)).collect();
        if !off.is_empty() {
            let rules = if off.len() == 1 { "Rule" } else { "Rules" };
            let next =
                format!("{rules} {} did not take part: switch on what is off.", off.join(", "));
            return (CheckState::CannotSee, tally.says(), next);
        }
        let is_lost =
            |row: &&Crossing| row.fate == Fate::Lost && item.keys.contains(&row.key.as_str());
        match self.table.iter().find(is_lost) {
            Some(row) => {
                let seen = format!("{}; `{}` of `{}` is lost", tally.says(), row.key, row.service);
                (CheckState::CannotSee, seen, item.next.to_owned())
            }
            None => (CheckState::Pass, tally.says(), String::new()),
        }
    }

    /// Returns an item that has no bearing on the system.
    fn not_applicable(item: &Item, why: &str) -> ChecklistItem {
        ChecklistItem {
            item: item.item,
            state: CheckState::NotApplicable,
            seen: why.to_owned(),
            findings: Vec::new(),
            missing: Vec::new(),
            next: String::new(),
        }
    }

    /// Whether the data of a store lies on a volume or a folder of the host.
    fn keeps_data(&self, unit: &Unit<'f>) -> bool {
        self.place_of_data(unit).is_some()
    }

    /// Returns the volume or the folder of the host on which the data of a store lies.
    fn place_of_data(&self, unit: &Unit<'f>) -> Option<Backing<'f>> {
        let home = unit.data_home(unit.runs.as_ref()?.family)?;
        let mounted = self.system.facts.mounted(unit);
        mounted.iter().find(|mount| home.is_kept_by(mount)).map(|mount| mount.backing)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod coverage {
    use super::{crossing, server};
    use crate::rules;

    /// Rules that no item is about: they speak of what is scaled or written, not of a server done well or of
    /// the crossing.
    const NOT_LISTED: &[&str] = &[
        "PLM414", "PLM511", "PLM515", "PLM516", "PLM517", "PLM711", "PLM712", "PLM715", "PLM716",
        "PLM717", "PLM807", "PLM808", "PLM809", "PLM815", "PLM816",
    ];

    #[test]
    fn every_rule_that_bears_on_an_item_feeds_it() {
        let items = server::ITEMS.iter().chain(&crossing::ITEMS);
        let listed: Vec<&str> = items.flat_map(|it| it.codes).copied().collect();
        let known: Vec<&str> = rules::all().map(|rule| rule.code).collect();
        let bears = |code: &&&str| ('1'..='8').any(|family| code[3..].starts_with(family));
        for code in known.iter().filter(bears) {
            let feeds = listed.contains(code);
            assert_ne!(feeds, NOT_LISTED.contains(code), "{code} feeds an item: {feeds}");
        }
        for code in &listed {
            assert!(known.contains(code), "{code} is not a rule");
        }
    }
}
