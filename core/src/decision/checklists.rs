//! Two checklists: a single server done well, and the crossing from Compose to Kubernetes.

use super::system::System;
use crate::report::{CheckItem, CheckState, ChecklistItem, Checklists, Finding, Role};
use rustc_hash::{FxHashMap, FxHashSet};

/// An item, the rules whose findings fail it, and what to do about it. Codes without a rule are
/// reserved for rules that are still to be written.
struct Item {
    item: CheckItem,
    codes: &'static [&'static str],
    next: &'static str,
}

/// What the files can show about a single server.
const SERVER: &[Item] = &[
    Item {
        item: CheckItem::PinnedImages,
        codes: &["PLM801", "PLM811"],
        next: "Pin every image to a version or a digest.",
    },
    Item {
        item: CheckItem::HealthChecks,
        codes: &["PLM102", "PLM103", "PLM619", "PLM624"],
        next: "Give every server a healthcheck that can fail.",
    },
    Item {
        item: CheckItem::RestartPolicies,
        codes: &["PLM802", "PLM105", "PLM106"],
        next: "Set `restart: unless-stopped` on everything that must come back after a crash or a reboot.",
    },
    Item {
        item: CheckItem::PersistentData,
        codes: &["PLM707"],
        next: "Mount a named volume where each data store keeps its data.",
    },
    Item {
        item: CheckItem::Backups,
        codes: &["PLM805"],
        next: "Copy the volumes to another machine on a schedule, and test a restore.",
    },
    Item {
        item: CheckItem::TlsEdge,
        codes: &["PLM804"],
        next: "Put one reverse proxy that terminates TLS in front of everything.",
    },
    Item {
        item: CheckItem::HostHardening,
        codes: &["PLM412", "PLM308", "PLM806"],
        next: "Publish only the ports that the outside world needs, and remove privileges that containers do not need.",
    },
    Item {
        item: CheckItem::LogsBounded,
        codes: &["PLM803"],
        next: "Set `max-size` for the logs, or use the `local` logging driver.",
    },
    Item {
        item: CheckItem::Monitoring,
        codes: &["PLM810"],
        next: "Let a monitor outside the server check that the system still answers.",
    },
];

/// What must hold before a Compose project runs well on Kubernetes.
const CROSSING: &[Item] = &[
    Item {
        item: CheckItem::StartupAndRetry,
        codes: &["PLM101", "PLM104", "PLM107", "PLM112", "PLM110"],
        next: "Let every client retry: Kubernetes has no `depends_on`.",
    },
    Item {
        item: CheckItem::OneTimeMigrations,
        codes: &["PLM201", "PLM202", "PLM203", "PLM204", "PLM206", "PLM209"],
        next: "Run migrations once per release, in a Job or a hook.",
    },
    Item {
        item: CheckItem::ImageWithoutBindMounts,
        codes: &["PLM301", "PLM302", "PLM303", "PLM307", "PLM309"],
        next: "Build into the image what a bind mount brings in today.",
    },
    Item {
        item: CheckItem::ServiceDiscovery,
        codes: &[
            "PLM401", "PLM402", "PLM404", "PLM405", "PLM406", "PLM407", "PLM409", "PLM418",
            "PLM419",
        ],
        next: "Address other services by Service name and port, and take both from configuration.",
    },
    Item {
        item: CheckItem::ConfigAndSecrets,
        codes: &["PLM501", "PLM502", "PLM503", "PLM504", "PLM505", "PLM506"],
        next: "List every variable that a container needs, and deliver credentials as Secrets.",
    },
    Item {
        item: CheckItem::ProbesAndResources,
        codes: &["PLM601", "PLM602", "PLM606", "PLM607", "PLM608", "PLM611", "PLM615", "PLM616"],
        next: "Turn healthchecks into probes, and measure what to request.",
    },
    Item {
        item: CheckItem::HiddenState,
        codes: &["PLM310", "PLM701", "PLM702", "PLM703", "PLM704", "PLM705", "PLM706", "PLM707"],
        next: "Find out what each container keeps on disk or in memory.",
    },
];

/// Returns both checklists. `ran` holds the codes of the rules that took part: an item none of whose
/// rules did cannot be seen.
pub fn both(system: &System<'_>, findings: &[Finding], ran: &[&str]) -> Checklists {
    let served = system.services.iter().any(|service| service.role != Role::Development);
    let any = !system.services.is_empty() || !system.workloads.is_empty();
    // What is hidden belongs to the cluster side, which the list for a single server does not need.
    let server = if served { Sight::Whole } else { Sight::Nothing };
    let crossing = match (system.hides_workloads(), any) {
        (true, _) if system.has_unbuilt_parts() => Sight::Part(NOT_BUILT),
        (true, _) => Sight::Part(NOT_HANDED_OVER),
        (false, true) => Sight::Whole,
        (false, false) => Sight::Nothing,
    };
    let mut by_code: FxHashMap<&str, Vec<&Finding>> = FxHashMap::default();
    for finding in system.findings(findings) {
        by_code.entry(finding.code).or_default().push(finding);
    }
    let ran: FxHashSet<&str> = ran.iter().copied().collect();
    let list = |items: &[Item], sight: Sight| {
        items.iter().map(|item| judge(item, &by_code, &ran, sight)).collect()
    };
    Checklists { server: list(SERVER, server), crossing: list(CROSSING, crossing) }
}

/// How much of what a checklist is about can be seen.
#[derive(Debug, Clone, Copy)]
enum Sight {
    Whole,
    /// A part of it; the text says why.
    Part(&'static str),
    /// There is nothing that the list is about.
    Nothing,
}

const NOT_BUILT: &str = "Parts of charts or overlays were not built: `plimsoll render` names them.";

const NOT_HANDED_OVER: &str = "The manifests that the GitOps controller applies are not built: hand over the repository that it reads.";

fn judge(
    item: &Item,
    by_code: &FxHashMap<&str, Vec<&Finding>>,
    ran: &FxHashSet<&str>,
    sight: Sight,
) -> ChecklistItem {
    let found = item.codes.iter().filter_map(|code| by_code.get(code)).flatten();
    let findings: Vec<_> = found.map(|finding| (finding.code, finding.span)).collect();
    let has_run = item.codes.iter().any(|code| ran.contains(code));
    let (state, findings, next) = match sight {
        Sight::Nothing => (CheckState::NotApplicable, Vec::new(), ""),
        Sight::Whole | Sight::Part(_) if !findings.is_empty() => {
            (CheckState::Fail, findings, item.next)
        }
        Sight::Part(why) => (CheckState::CannotSee, findings, why),
        Sight::Whole if has_run => (CheckState::Pass, findings, ""),
        Sight::Whole => (CheckState::CannotSee, findings, item.next),
    };
    ChecklistItem { item: item.item, state, seen: String::new(), findings, next: next.to_owned() }
}
