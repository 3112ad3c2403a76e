//! The closed vocabularies of the decision in words.

use crate::report::phrases;
use crate::report::{
    AnsweredBy, Decision, Fit, Outcome, ScenarioName, Step, Sum, Today, Weight, Worth,
};

pub fn today(today: Today) -> &'static str {
    match today {
        Today::Compose => "Compose",
        Today::Swarm => "Compose in Swarm mode",
        Today::Kubernetes => "Kubernetes",
        Today::Both => "Compose and Kubernetes",
        Today::Unknown => "cannot be seen in these files",
    }
}

pub fn fit(fit: Fit) -> &'static str {
    match fit {
        Fit::Fits => "it fits",
        Fit::Mixed => "both in use",
        Fit::Open => "fit not settled",
        Fit::Outgrown => "outgrown",
        Fit::OverBuilt => "over-built",
    }
}

/// Returns where an answer comes from.
pub fn source(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Person => "your answer",
        AnsweredBy::Files => "from the files",
    }
}

/// Returns the platform of today and how well it suits the system.
pub fn today_and_fit(decision: &Decision) -> String {
    let today = today(decision.today);
    match decision.today {
        // Where nothing is seen, nothing can fit.
        Today::Unknown => today.to_owned(),
        Today::Compose | Today::Swarm | Today::Kubernetes | Today::Both => {
            format!("{today} ({})", fit(decision.fit))
        }
    }
}

/// Returns the platform of the outcome and what is added to it.
pub fn outcome(outcome: &Outcome) -> String {
    format!(
        "{}; {}, {}",
        phrases::platform(outcome.platform),
        either(["Kustomize", "Helm"], [outcome.kustomize, outcome.helm]),
        either(["Argo CD", "Flux"], [outcome.argocd, outcome.flux])
    )
}

/// Returns the worth of two tools. Of two that are worth it, a system takes one.
fn either([first, second]: [&str; 2], worth: [Worth; 2]) -> String {
    match worth {
        [Worth::WorthIt, Worth::WorthIt] => format!("{first} or {second} {}", Worth::WorthIt),
        [one, other] => format!("{first} {one}, {second} {other}"),
    }
}

pub fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Hint => "a hint",
        Weight::Sign => "a sign",
        Weight::Decisive => "decisive",
    }
}

pub fn scenario(name: ScenarioName) -> &'static str {
    match name {
        ScenarioName::InternalApp => "an internal business application",
        ScenarioName::GrowingSaas => "a growing SaaS",
        ScenarioName::MultiTeamPlatform => "a platform of several teams",
        ScenarioName::Regulated => "a regulated system",
    }
}

/// Returns a sum of CPUs, with the number of containers that state an amount.
pub fn cpus(sum: Sum) -> String {
    range(sum, 1.0, "")
}

/// Returns a sum of memory, with the number of containers that state an amount.
pub fn memory(sum: Sum) -> String {
    range(sum, 1024.0 * 1024.0 * 1024.0, " GiB")
}

fn range(sum: Sum, divisor: f64, unit: &str) -> String {
    if sum.containers == 0 {
        return "nothing runs all the time".to_owned();
    }
    let coverage = format!("stated by {} of {} containers", sum.sized, sum.containers);
    let [min, max] = [sum.min, sum.max].map(|it| (it / divisor * 100.0).round() / 100.0);
    match sum.sized {
        0 => format!("unknown, {coverage}"),
        _ if max == 0.0 && sum.max > 0.0 => format!("less than 0.01{unit}, {coverage}"),
        _ if min == max => format!("{min}{unit}, {coverage}"),
        // Limits alone say what is used at most.
        _ if sum.min == 0.0 => format!("at most {max}{unit}, {coverage}"),
        _ => format!("{min} to {max}{unit}, {coverage}"),
    }
}

/// Returns a step as a sentence, behind its subject where the sentence does not name that already.
pub fn step(step: &Step) -> String {
    format!("{}{}", subject_before(step, &step.text), step.text)
}

/// Returns what to put before the text of a step, or a shorter form of it, so that it names its subject.
pub fn subject_before(step: &Step, text: &str) -> String {
    let object = step.subject.split(", ").next().unwrap_or_default();
    let name = object.rsplit([' ', '/']).next().unwrap_or_default().trim_matches('`');
    if name.is_empty() || text.contains(&format!("`{name}`")) {
        return String::new();
    }
    let parts: Vec<String> = step.subject.split(", ").map(quoted).collect();
    format!("{}: ", parts.join(", "))
}

/// Returns a kind and a name with the name in backticks: "service `db`".
fn quoted(object: &str) -> String {
    match object.rsplit_once(' ') {
        Some((kind, name)) if !name.contains('`') => format!("{kind} `{name}`"),
        Some(_) | None => object.to_owned(),
    }
}
