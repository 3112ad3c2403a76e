//! Two checklists: a single server done well, and the crossing from Compose to Kubernetes.

use crate::facts::Facts;
use crate::report::{ChecklistItem, Checklists, Finding, Role};

/// An item, the rules whose findings fail it, and what to do next.
struct Item {
    item: &'static str,
    codes: &'static [&'static str],
    next: &'static str,
}

const fn item(item: &'static str, codes: &'static [&'static str], next: &'static str) -> Item {
    Item { item, codes, next }
}

/// What the files can show about one server; a rule not written yet leaves its item `cannot-see`.
const SERVER: &[Item] = &[
    item("pinned-images", &["PLM801", "PLM811"], "Name a version, or a digest, for every image."),
    item(
        "health-checks",
        &["PLM102", "PLM103", "PLM619", "PLM624"],
        "Give what serves a healthcheck that can fail.",
    ),
    item(
        "restart-policies",
        &["PLM802", "PLM105", "PLM106"],
        "`restart: unless-stopped` for what must come back.",
    ),
    item(
        "persistent-data",
        &["PLM707"],
        "Mount a named volume where the data store keeps its data.",
    ),
    item("backups", &["PLM805"], "Copy the volumes elsewhere on a schedule, and restore one once."),
    item("tls-edge", &["PLM804"], "Put one reverse proxy with certificates in front."),
    item(
        "host-hardening",
        &["PLM412", "PLM308", "PLM806"],
        "Publish only what the world should reach.",
    ),
    item("logs-bounded", &["PLM803"], "Set `max-size` for the logs, or use the `local` driver."),
    item("monitoring", &["PLM810"], "Let something outside ask whether it still answers."),
];

/// What must hold before a Compose project runs well on Kubernetes.
const CROSSING: &[Item] = &[
    item(
        "startup-and-retry",
        &["PLM101", "PLM104", "PLM107", "PLM112", "PLM110"],
        "Let every client retry; Kubernetes has no `depends_on`.",
    ),
    item(
        "one-time-migrations",
        &["PLM201", "PLM202", "PLM203", "PLM204", "PLM206", "PLM209"],
        "Run migrations once a release, in a Job or a hook.",
    ),
    item(
        "image-without-bind-mounts",
        &["PLM301", "PLM302", "PLM303", "PLM307", "PLM309"],
        "Build everything into the image that a bind mount brings now.",
    ),
    item(
        "service-discovery",
        &["PLM401", "PLM402", "PLM404", "PLM405", "PLM406", "PLM407", "PLM409", "PLM418", "PLM419"],
        "Name peers by Service name and port, from configuration.",
    ),
    item(
        "config-and-secrets",
        &["PLM501", "PLM502", "PLM503", "PLM504", "PLM505", "PLM506"],
        "Write down every variable, and deliver secrets as Secrets.",
    ),
    item(
        "probes-and-resources",
        &["PLM601", "PLM602", "PLM606", "PLM607", "PLM608", "PLM611", "PLM615", "PLM616"],
        "Translate healthchecks into probes, and measure requests.",
    ),
    item(
        "hidden-state",
        &["PLM310", "PLM701", "PLM702", "PLM703", "PLM704", "PLM705", "PLM706", "PLM707"],
        "Find what each container keeps on disk or in memory.",
    ),
];

/// `written` are the codes of the rules that took part: what none of them looks at cannot be seen.
pub fn both(facts: &Facts<'_>, findings: &[Finding], written: &[&str]) -> Checklists {
    let served = facts.services().iter().any(|it| it.role != Role::Development);
    let any = !facts.services().is_empty() || facts.has_cluster_side();
    Checklists {
        server: list(facts, SERVER, findings, written, served),
        crossing: list(facts, CROSSING, findings, written, any),
    }
}

fn list(
    facts: &Facts<'_>,
    items: &[Item],
    findings: &[Finding],
    written: &[&str],
    applies: bool,
) -> Vec<ChecklistItem> {
    items
        .iter()
        .map(|item| {
            let behind: Vec<&Finding> =
                findings.iter().filter(|it| item.codes.contains(&it.code)).collect();
            let fails = !behind.is_empty();
            let seen = item.codes.iter().any(|it| written.contains(it));
            let state = match (applies, fails, seen) {
                (false, ..) => "not-applicable",
                (_, true, _) => "fail",
                (_, _, false) => "cannot-see",
                _ => "pass",
            };
            let mut places: Vec<String> = behind
                .iter()
                .map(|it| {
                    let file = facts.file(it.span.file);
                    format!(
                        "{} {}:{}",
                        it.code,
                        file.path(),
                        file.lines.line_of(it.span.start as usize) + 1
                    )
                })
                .collect();
            crate::sort::sort(&mut places);
            places.dedup();
            let next = if state == "pass" || state == "not-applicable" { "" } else { item.next };
            ChecklistItem { item: item.item, state, findings: places, next: next.to_owned() }
        })
        .collect()
}
