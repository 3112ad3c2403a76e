//! Two checklists: a single server done well, and the crossing from Compose to Kubernetes.

use crate::facts::Facts;
use crate::report::{ChecklistItem, Checklists, Finding, Role};

/// An item, the rules whose findings fail it (801 is PLM801), and what to do next.
struct Item {
    item: &'static str,
    codes: &'static [u16],
    next: &'static str,
}

const fn item(item: &'static str, codes: &'static [u16], next: &'static str) -> Item {
    Item { item, codes, next }
}

/// What the files can show about one server; a rule not written yet leaves its item `cannot-see`.
const SERVER: &[Item] = &[
    item("pinned-images", &[801, 811], "Name a version, or a digest, for every image."),
    item("health-checks", &[102, 103, 619, 624], "Give what serves a healthcheck that can fail."),
    item(
        "restart-policies",
        &[802, 105, 106],
        "`restart: unless-stopped` for what must come back.",
    ),
    item("persistent-data", &[707], "Mount a named volume where the data store keeps its data."),
    item("backups", &[805], "Copy the volumes elsewhere on a schedule, and restore one once."),
    item("tls-edge", &[804], "Put one reverse proxy with certificates in front."),
    item("host-hardening", &[412, 308, 806], "Publish only what the world should reach."),
    item("logs-bounded", &[803], "Set `max-size` for the logs, or use the `local` driver."),
    item("monitoring", &[810], "Let something outside ask whether it still answers."),
];

/// What must hold before a Compose project runs well on Kubernetes.
const CROSSING: &[Item] = &[
    item(
        "startup-and-retry",
        &[101, 104, 107, 112, 110],
        "Let every client retry; Kubernetes has no `depends_on`.",
    ),
    item(
        "one-time-migrations",
        &[201, 202, 203, 204, 206, 209],
        "Run migrations once a release, in a Job or a hook.",
    ),
    item(
        "image-without-bind-mounts",
        &[301, 302, 303, 307, 309],
        "Build everything into the image that a bind mount brings now.",
    ),
    item(
        "service-discovery",
        &[401, 402, 404, 405, 406, 407, 409, 418, 419],
        "Name peers by Service name and port, from configuration.",
    ),
    item(
        "config-and-secrets",
        &[501, 502, 503, 504, 505, 506],
        "Write down every variable, and deliver secrets as Secrets.",
    ),
    item(
        "probes-and-resources",
        &[601, 602, 606, 607, 608, 611, 615, 616],
        "Translate healthchecks into probes, and measure requests.",
    ),
    item(
        "hidden-state",
        &[310, 701, 702, 703, 704, 705, 706, 707],
        "Find what each container keeps on disk or in memory.",
    ),
];

/// `written` are the codes of the rules that took part: what none of them looks at cannot be seen.
pub fn both(facts: &Facts<'_>, findings: &[Finding], written: &[&str]) -> Checklists {
    let served = facts.services().iter().any(|it| it.role != Role::Development);
    let any = !facts.services().is_empty() || facts.has_cluster_side();
    // In the order of their codes, but for those of PLM006, which no item looks at.
    let numbered = findings.iter().map(|it| (number(it.code), it));
    let findings: Vec<_> = numbered.filter(|it| it.0 > 99).collect();
    let written: Vec<u16> = written.iter().map(|it| number(it)).collect();
    Checklists {
        server: list(SERVER, &findings, &written, served),
        crossing: list(CROSSING, &findings, &written, any),
    }
}

/// 801 of `PLM801`.
fn number(code: &str) -> u16 {
    let [.., a, b, c] = code.as_bytes() else { return 0 };
    let digit = |it: &u8| u16::from(it - b'0');
    digit(a) * 100 + digit(b) * 10 + digit(c)
}

fn list(
    items: &[Item],
    findings: &[(u16, &Finding)],
    written: &[u16],
    applies: bool,
) -> Vec<ChecklistItem> {
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let mut failing = Vec::new();
        for code in item.codes {
            let from = findings.partition_point(|it| it.0 < *code);
            for (_, it) in findings[from..].iter().take_while(|it| it.0 == *code) {
                failing.push((it.code, it.span));
            }
        }
        // Rules run in the order of their codes.
        let seen = || item.codes.iter().any(|it| written.binary_search(it).is_ok());
        let state = match (applies, failing.is_empty()) {
            (false, _) => "not-applicable",
            (_, false) => "fail",
            _ if seen() => "pass",
            _ => "cannot-see",
        };
        let next = if state == "pass" || state == "not-applicable" { "" } else { item.next };
        rows.push(ChecklistItem { item: item.item, state, findings: failing, next });
    }
    rows
}
