//! Two checklists: a single server done well, and the crossing from Compose to Kubernetes.
//!
//! An item passes only where something was looked at and found good, with the count. Findings of the rules
//! that bear on an item fail it; where nothing can be looked at, the item says where to look.

mod crossing;
mod server;
mod tally;

use super::system::System;
use crate::report::{CheckItem, CheckState, ChecklistItem, Checklists, Finding, Severity};
use crate::text::Span;
use rustc_hash::FxHashMap;
use tally::Tally;

/// Returns both checklists.
pub fn both(system: &System<'_>, findings: &[Finding], ran: &[&str]) -> Checklists {
    let mut by_code: FxHashMap<&str, Vec<&Finding>> = FxHashMap::default();
    for finding in system.findings(findings) {
        by_code.entry(finding.code).or_default().push(finding);
    }
    let view = View { system, by_code: &by_code, ran };
    Checklists { server: server::list(&view), crossing: crossing::list(&view) }
}

/// What the items are judged by.
#[derive(Debug, Clone, Copy)]
struct View<'v, 'f> {
    system: &'v System<'f>,
    by_code: &'v FxHashMap<&'v str, Vec<&'v Finding>>,
    /// Codes of the rules that took part.
    ran: &'v [&'v str],
}

impl<'v> View<'v, '_> {
    /// Returns the findings of some rules that a person should act on.
    fn found(&self, codes: &[&str]) -> Vec<&'v Finding> {
        let all = codes.iter().filter_map(|code| self.by_code.get(code)).flatten().copied();
        all.filter(|finding| finding.severity <= Severity::Warning).collect()
    }

    /// Returns all findings of some rules, whatever their severity.
    fn noted(&self, codes: &[&str]) -> Vec<&'v Finding> {
        codes.iter().filter_map(|code| self.by_code.get(code)).flatten().copied().collect()
    }

    /// Returns an item that is failed by findings, or else judged by what was counted.
    fn item(&self, item: CheckItem, findings: &[&Finding], tally: &Tally) -> ChecklistItem {
        let places: Vec<(&'static str, Span)> =
            findings.iter().map(|finding| (finding.code, finding.span)).collect();
        let has_run = !self.ran.is_empty();
        let (state, next) = match tally {
            _ if !places.is_empty() => (CheckState::Fail, advice(item)),
            Tally::NothingToSee(_) => (CheckState::NotApplicable, ""),
            Tally::Hidden(..) => (CheckState::CannotSee, ""),
            Tally::Counted { missing, .. } if !missing.is_empty() => {
                (CheckState::Fail, advice(item))
            }
            // What no rule looked at is not known to be good.
            Tally::Counted { .. } if !has_run => (CheckState::CannotSee, ""),
            Tally::Counted { .. } => (CheckState::Pass, ""),
        };
        let next = match tally {
            Tally::Hidden(_, look) if places.is_empty() => (*look).to_owned(),
            _ => next.to_owned(),
        };
        ChecklistItem { item, state, seen: tally.words(), findings: places, next }
    }
}

/// Returns what to do about an item that fails.
fn advice(item: CheckItem) -> &'static str {
    match item {
        CheckItem::PinnedImages => "Pin every image to a version or a digest.",
        CheckItem::HealthChecks => "Give every server a healthcheck that can fail.",
        CheckItem::RestartPolicies => {
            "Set `restart: unless-stopped` on everything that must come back after a crash or a reboot."
        }
        CheckItem::PersistentData => "Mount a named volume where each data store keeps its data.",
        CheckItem::Backups => {
            "Copy the volumes to another machine on a schedule, and test a restore."
        }
        CheckItem::TlsEdge => "Put one reverse proxy that terminates TLS in front of everything.",
        CheckItem::HostHardening => {
            "Publish only the ports that the outside world needs, and remove privileges that containers do not need."
        }
        CheckItem::LogsBounded => "Set `max-size` for the logs, or use the `local` logging driver.",
        CheckItem::Monitoring => {
            "Let a monitor outside the server check that the system still answers."
        }
        CheckItem::StartupAndRetry => "Let every client retry: Kubernetes has no `depends_on`.",
        CheckItem::OneTimeMigrations => "Run migrations once per release, in a Job or a hook.",
        CheckItem::ImageWithoutBindMounts => {
            "Build into the image what a bind mount brings in today."
        }
        CheckItem::ServiceDiscovery => {
            "Address other services by Service name and port, and take both from configuration."
        }
        CheckItem::ConfigAndSecrets => {
            "List every variable that a container needs, and deliver credentials as Secrets."
        }
        CheckItem::ProbesAndResources => {
            "Turn healthchecks into probes, and measure what to request."
        }
        CheckItem::HiddenState => "Find out what each container keeps on disk or in memory.",
    }
}
