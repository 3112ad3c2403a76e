//! The decision report: text for a terminal, and Markdown for a record.

mod details;
mod record;
mod screen;
mod words;

use super::columns::{escape_line, wrap};
use super::place::Place;
use super::style::Style;
use crate::report::{Decision, Report, System, phrases};
use crate::text::Span;

pub(super) use details::failing;
pub use record::records;
pub(super) use words::step;

/// Maximum number of systems on the first screen, which has 25 lines.
const MAX_ROWS: usize = 18;

/// Renders the decision report as text: the first screen of each system, or with `details` everything.
/// Several systems begin with a table.
pub fn decision(report: &Report, style: Style, details: bool) -> String {
    let mut out = String::new();
    match &report.systems[..] {
        [] => return out,
        [one] => system(&mut out, report, &one.decision, style, details),
        several => {
            let shown = if details { several.len() } else { MAX_ROWS.min(several.len()) };
            let all = escape_line(&report.command("plimsoll decide --details"));
            systems_table(&mut out, several, shown, &all, style);
            if details {
                for one in several {
                    heading(&mut out, style, &escape_line(&one.name));
                    system(&mut out, report, &one.decision, style, details);
                }
            } else {
                let command = escape_line(&report.command("plimsoll decide --system NAME"));
                out.push_str(&format!("\nOne system in full: {command}\n"));
            }
        }
    }
    out
}

fn system(out: &mut String, report: &Report, decision: &Decision, style: Style, details: bool) {
    if details {
        out.push_str(&screen::whole(report, decision, style));
        details::render(out, report, decision, style);
        return;
    }
    let (screen, left) = screen::first(report, decision, style);
    out.push_str(&screen);
    let more = match left {
        0 => String::new(),
        1 => "One more step, ".to_owned(),
        _ => format!("{left} more steps, "),
    };
    let the = if more.is_empty() { "The" } else { "the" };
    let more = format!(
        "{more}{the} evidence, both checklists and every key: {}",
        escape_line(&report.command("plimsoll decide --details"))
    );
    out.push_str(&format!("\n{}\n", style.dim(&more)));
}

/// Renders one line for each of the first systems. `details` is the command that lists all.
fn systems_table(out: &mut String, systems: &[System], shown: usize, details: &str, style: Style) {
    out.push_str(&style.bold(&format!("{} systems in these files", systems.len())));
    out.push_str("\n\n");
    let rows: Vec<[String; 4]> = systems[..shown]
        .iter()
        .map(|system| {
            let decision = &system.decision;
            let settle =
                decision.ask.first().map(|it| escape_line(&format!("--answer {}", it.answer)));
            [
                escape_line(&system.name),
                words::today_and_fit(decision),
                phrases::platform(decision.outcome.platform).to_owned(),
                settle.unwrap_or_default(),
            ]
        })
        .collect();
    let titles = ["System", "Today", "Verdict", "Worth answering"].map(str::to_owned);
    let width = |column: usize| {
        let all = rows.iter().chain(std::iter::once(&titles));
        all.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let mut line = |row: &[String; 4], bold: bool| {
        let text = format!(
            "  {:<a$}  {:<b$}  {:<c$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            a = widths[0],
            b = widths[1],
            c = widths[2]
        );
        let text = text.trim_end();
        out.push_str(&if bold { style.bold(text) } else { text.to_owned() });
        out.push('\n');
    };
    line(&titles, true);
    for row in &rows {
        line(row, false);
    }
    if shown < systems.len() {
        let left = systems.len() - shown;
        out.push_str(&format!("  … and {left} more: {details}\n"));
    }
}

/// Returns a place in brackets.
fn at(report: &Report, span: Span) -> String {
    let place = Place::of(report, span);
    format!(" ({}:{})", place.path, place.line)
}

fn heading(out: &mut String, style: Style, title: &str) {
    out.push_str(&format!("\n{}\n", style.bold(title)));
}

/// Adds wrapped text that hangs behind a head, which takes `columns` columns on a terminal.
fn hang(out: &mut String, style: Style, head: &str, columns: usize, text: &str) {
    let width = style.prose_width().saturating_sub(columns).max(24);
    let indent = " ".repeat(columns);
    for (index, line) in wrap(text, width).iter().enumerate() {
        let before = if index == 0 { head } else { &indent };
        out.push_str(format!("{before}{line}").trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Ask, Crossing, Fate, Statement, Step, Today};
    use crate::{File, Options, analyze};
    use std::fs;
    use std::path::Path;

    fn report(decision: Decision) -> Report {
        let systems = vec![System { decision, ..System::default() }];
        Report { systems, ..Report::default() }
    }

    #[test]
    fn the_report_is_plain_text_without_colour() {
        let ports = Crossing {
            service: "web".into(),
            key: "ports".to_owned(),
            fate: Fate::Changed,
            instead: "Something.".to_owned(),
            counterpart: "no Service".to_owned(),
            yaml: String::new(),
            kompose: None,
            bridge: None,
            span: None,
        };
        let reasons = vec![Statement { text: "`web` runs once.".into(), span: None }];
        let decided =
            Decision { today: Today::Both, crossing: vec![ports], reasons, ..Decision::default() };
        let text = decision(&report(decided), Style::default(), true);
        assert!(text.contains("\nToday     Compose and Kubernetes (fit not settled)"), "{text}");
        assert!(text.contains("  changed  ports  Something. (web)\n"), "{text}");
        assert!(text.contains("web: no Service\n"), "{text}");
        assert!(text.contains("`web` runs once."), "{text}");
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn five_steps_and_three_reasons_stand_on_the_first_screen() {
        let step = |subject: &str, text: &str| Step {
            text: text.to_owned(),
            subject: subject.to_owned(),
            span: None,
        };
        let reason = |text: &str| Statement { text: text.to_owned(), span: None };
        let decided = Decision {
            verdict: "Nothing asks for a cluster, but the files do not say whether one server carries the load: so far Compose.".to_owned(),
            today: Today::Both,
            counted: "10 Compose services and 10 workloads; 57 more are for development, other environments or the same in another form; counted from `compose.yaml` and `k8s`".to_owned(),
            reasons: vec![
                reason("Compose files stand beside the cluster, and neither their names nor their comments say whether they are for development."),
                reason("In the cluster, 8 of 15 containers state CPUs and memory: 0.8 CPU and 1.7 GiB of memory; what is stated so far fits a server with 16 CPUs and 64 GiB of memory, without `edge-router` and 9 more of the other side."),
                reason("There are 23 workloads: `a`, `b`, `c` and 20 more."),
            ],
            steps: vec![
                step("service db", "Add a backup of `pg`: nothing in compose.yaml copies it."),
                step("", "Put one reverse proxy that terminates TLS in front of everything: `order-service`, `store-admin` (0 of 2 public services end TLS)."),
                step("", "Publish only on 127.0.0.1: `documentdb` (DocumentDB) and `rabbitmq` (RabbitMQ) are published on every address of the host."),
                step("", "Service `queue-master` mounts the Docker socket, which gives it root on the host and more than that."),
                step("", "Settle what is open: answer `teams` or `downtime`."),
            ],
            ask: vec![Ask { answer: "teams=1".to_owned(), changes: "settles on Compose".to_owned() }; 2],
            myth: Some("\"A belief\": what is so."),
            ..Decision::default()
        };
        let report = report(decided);
        let text = decision(&report, Style::default(), false);
        assert!(text.lines().count() <= 25, "{text}");
        assert!(text.contains("3. There are 23 workloads"), "{text}");
        assert!(text.contains("5. Settle what is open"), "{text}");
        assert!(!text.contains("more step"), "{text}");
        // What is left out are the counts and what explains the rest; names stay.
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("front of everything: `order-service`, `store-admin`. "), "{text}");
        assert!(words.contains("127.0.0.1: `documentdb` (DocumentDB) and `rabbitmq`"), "{text}");
        assert!(words.contains("mounts the Docker socket, which gives it root"), "{text}");
        let whole = decision(&report, Style::default(), true);
        assert!(whole.contains("(0 of 2 public"), "{whole}");
    }

    #[test]
    fn a_shortened_step_keeps_its_names_and_its_sense() {
        let shortened = |text: &str| {
            let step = Step { text: text.to_owned(), subject: String::new(), span: None };
            screen::shortened_step(&step, 40)
        };
        for (text, expected) in [
            (
                "Set `restart: always` on everything: `auth`, `db` and 5 more (0 of 7 services restart).",
                "Set `restart: always` on everything: `auth`, `db` and 5 more.",
            ),
            (
                "Container `mail` declares port 80, but service `mail` in Compose listens on 1025.",
                "Container `mail` declares port 80, but service `mail` in Compose listens on 1025.",
            ),
            (
                "Wait until `queue` is healthy: `audit` may start before `queue` can answer.",
                "Wait until `queue` is healthy.",
            ),
            (
                "Service `redis` sends traffic to container `redis`, which has no readinessProbe.",
                "Service `redis` sends traffic to container `redis`, which has no readinessProbe.",
            ),
        ] {
            assert_eq!(shortened(text), expected);
        }
        let step = Step {
            text: "Keep `/data` in volume `redis-data`: service `redis` has no volume at `/data`."
                .to_owned(),
            subject: "service redis".to_owned(),
            span: None,
        };
        let short = screen::shortened_step(&step, 50);
        assert_eq!(short, "service `redis`: Keep `/data` in volume `redis-data`.");
    }

    /// Returns the files of a folder, by their paths in it.
    fn files_in(folder: &Path, root: &Path) -> Vec<File> {
        let mut entries: Vec<_> =
            fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        entries.sort();
        let files = entries.iter().flat_map(|path| match path.is_dir() {
            true => files_in(path, root),
            false => {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                vec![File::new(name, fs::read_to_string(path).unwrap_or_default())]
            }
        });
        files.collect()
    }

    #[test]
    fn shortened_steps_keep_their_subjects() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/projects");
        let shortened = |name: &str| -> Vec<String> {
            let project = root.join(name);
            let report = analyze(&files_in(&project, &project), &Options::default());
            let steps = report.systems.iter().flat_map(|it| &it.decision.steps);
            steps.map(|step| screen::shortened_step(step, 40)).collect()
        };
        let expected: [(&str, &[&str]); 4] = [
            (
                "coupled-to-its-host",
                &[
                    "service `homeassistant`: Add a backup of `/opt/homeassistant`.",
                    "Remove the privileges, capabilities, networks and folders of the host that `homeassistant` and `portainer` do not need.",
                    "Add a healthcheck to `homeassistant`, `mqtt`, `portainer` and 1 more.",
                    "Set `max-size` for the logs of `homeassistant`, `mqtt`, `portainer` and 1 more, or use the `local` logging driver.",
                ],
            ),
            (
                "development-beside-a-cluster",
                &[
                    "PodDisruptionBudget `basket` never allows a disruption.",
                    "Container `basket` of Deployment `basket` gets `PORT_OF_BASKET`, but service `basket` in Compose does not get it.",
                    "Container `basket` of Deployment `basket` requests no memory and no CPU.",
                    "Use Helm to write the manifests once: 10 workloads are alike but for names, images and namespaces: 83 % of Deployment `basket` in `k8s/basket.yaml` is the same in Deployment `catalog` in `k8s/catalog.yaml`.",
                    "Settle what is open: answer `downtime`.",
                ],
            ),
            (
                "openshift-template-of-more",
                &[
                    "Add to these files what `oc process -f openshift/template.yaml --local` prints.",
                    "Container `ledger` of Deployment `ledger` has no memory limit.",
                    "Measure the peak load with `kubectl top pods`.",
                    "Settle what is open: answer `downtime`.",
                ],
            ),
            (
                "agents-on-every-node",
                &[
                    "DaemonSet `observability/promtail`, container `promtail`: `grafana/promtail:3.3.2` gets no more fixes.",
                    "Container `node-exporter` of DaemonSet `node-exporter` has no memory limit.",
                    "Settle what is open: answer `multi-node`.",
                ],
            ),
        ];
        for (project, steps) in expected {
            assert_eq!(shortened(project), steps, "{project}");
        }
    }

    #[test]
    fn a_shortened_place_leads_to_one_file() {
        let paths = ["apps/media/compose.yaml", "apps/home/compose.yaml", "apps/home/web.yaml"];
        let files: Vec<File> =
            paths.iter().map(|it| File::new(*it, "services: {a: {image: 'a:1'}}\n")).collect();
        let report = analyze(&files, &Options::default());
        let expected = ["…/media/compose.yaml", "…/home/compose.yaml", "…/web.yaml"];
        for (path, expected) in paths.iter().zip(expected) {
            assert_eq!(screen::short_path(&report, path), expected);
        }
    }

    #[test]
    fn the_first_screen_has_25_lines_and_says_what_it_leaves_out() {
        let long =
            "A sentence of many words that takes more than one line of a terminal. ".repeat(3);
        let reason = Statement { text: long.clone(), span: None };
        let step = Step { text: long.clone(), subject: "service `db`".to_owned(), span: None };
        let ask = Ask { answer: "downtime=none".to_owned(), changes: long.clone() };
        let decided = Decision {
            verdict: long,
            reasons: vec![reason; 3],
            ask: vec![ask; 2],
            steps: vec![step; 5],
            myth: Some("\"A belief\": what is so."),
            ..Decision::default()
        };
        let report = report(decided);
        let text = decision(&report, Style::default(), false);
        assert!(text.lines().count() <= 25, "{text}");
        assert!(text.contains(" more steps, the evidence"), "{text}");
        let whole = decision(&report, Style::default(), true);
        assert_eq!(whole.matches("service `db`").count(), 5, "{whole}");
    }
}
