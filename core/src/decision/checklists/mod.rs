//! Two checklists: a single server done well, and the crossing from Compose to Kubernetes.
//!
//! An item passes only where something was looked at and found good, with the count. Findings of the rules
//! that bear on an item fail it; where nothing can be looked at, the item says where to look.

mod crossing;
mod server;
mod tally;

use super::system::System;
use crate::facts::{Unit, is_below};
use crate::report::{CheckItem, CheckState, ChecklistItem, Checklists, Finding, Kind, Severity};
use rustc_hash::FxHashMap;
use tally::Tally;

/// Returns both checklists. `ran` holds the codes of the rules that took part.
pub fn both(system: &System<'_>, ran: &[&str]) -> Checklists {
    // A server runs what Compose reads; what the manifests say is about the cluster.
    let is_of_server = |finding: &&&Finding| {
        let kind = system.facts.file(finding.span.file).kind;
        matches!(kind, Kind::Compose | Kind::EnvFile | Kind::Dockerfile)
    };
    let of_server = by_code(system.findings.iter().filter(is_of_server));
    let all = by_code(system.findings.iter());
    Checklists {
        server: server::list(&View { system, by_code: &of_server, ran }),
        crossing: crossing::list(&View { system, by_code: &all, ran }),
    }
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
    /// Looks for proof that the item holds.
    look: fn(&View<'_, '_>) -> Tally,
    /// What to do where the item fails.
    next: &'static str,
}

/// What the items are judged by.
#[derive(Debug, Clone, Copy)]
struct View<'v, 'f> {
    system: &'v System<'f>,
    by_code: &'v ByCode<'v>,
    ran: &'v [&'v str],
}

impl<'v> View<'v, '_> {
    /// Returns the findings of some rules, whatever their severity.
    fn noted(&self, codes: &'static [&'static str]) -> impl Iterator<Item = &'v Finding> + use<'v> {
        let by_code = self.by_code;
        codes.iter().filter_map(move |code| by_code.get(code)).flatten().copied()
    }

    /// Judges an item: findings fail it, and otherwise what was seen decides.
    fn judge(&self, item: &Item) -> ChecklistItem {
        let found = self.noted(item.codes).filter(|it| it.severity <= Severity::Warning);
        let findings: Vec<_> = found.map(|finding| (finding.code, finding.span)).collect();
        // Where none of the rules took part, nobody looked for what they find.
        let has_run =
            item.codes.is_empty() || item.codes.iter().any(|code| self.ran.contains(code));
        let tally = (item.look)(self);
        let (state, next) = match &tally {
            _ if !findings.is_empty() => (CheckState::Fail, item.next),
            Tally::NothingToSee(_) => (CheckState::NotApplicable, ""),
            Tally::Hidden(_, look) => (CheckState::CannotSee, *look),
            Tally::Counted { missing, .. } if !missing.is_empty() => (CheckState::Fail, item.next),
            Tally::Counted { .. } if has_run => (CheckState::Pass, ""),
            Tally::Counted { .. } => (CheckState::CannotSee, item.next),
        };
        let (seen, next) = (tally.words(), next.to_owned());
        ChecklistItem { item: item.item, state, seen, findings, next }
    }

    /// Returns an item that has no bearing on the system.
    fn not_applicable(item: &Item, why: &str) -> ChecklistItem {
        ChecklistItem {
            item: item.item,
            state: CheckState::NotApplicable,
            seen: why.to_owned(),
            findings: Vec::new(),
            next: String::new(),
        }
    }

    /// Whether the data of a store lies on a volume or a folder of the host.
    fn keeps_data(&self, unit: &Unit<'_>) -> bool {
        let Some(image) = unit.runs.as_ref() else { return false };
        let dirs = image.family.data_dirs(&image.repository, image.major);
        self.system.facts.mounted(unit).iter().any(|mount| {
            mount.backing.lasts()
                && dirs.iter().any(|dir| mount.covers(dir) || is_below(mount.path, dir))
        })
    }
}
