//! What numbers mean: how long probes and healthchecks wait, how many replicas there are, and how much
//! memory and CPU are asked for.

use super::Section;
use crate::facts::Service;
use crate::ide::budgets::{HealthBudget, probe_sentences, probes};
use crate::ide::here::Here;
use crate::ide::objects::Around;
use crate::ide::words::{bytes, code, cores, count, place_in_markdown as place};
use crate::model::compose::Condition;
use crate::model::kubernetes::{Autoscaler, Body, Container, Resource, Resources};
use crate::text::markdown::prose;
use crate::text::{Span, Spanned};

pub(super) fn sections(here: &Here<'_>) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for service in here.facts.services() {
        found.extend(healthcheck(here, service));
    }
    for object in Around::new(here).objects {
        let spec = object.workload().map(|it| &it.template.spec);
        for container in spec.into_iter().flat_map(|it| it.all_containers()) {
            found.extend(probe(here, container));
            found.extend(container.resources.iter().filter_map(|it| amount(here, it)));
        }
    }
    found.extend(replicas(here));
    found
}

fn healthcheck(here: &Here<'_>, service: &Service<'_>) -> Option<Section> {
    let check = service.model.healthcheck.as_ref().filter(|it| here.is_on(it.span))?;
    let budget = HealthBudget::of(check)?;
    let waiting = here.facts.waiters(service);
    let waiting = waiting.filter(|it| it.dependency.condition.value == Condition::Healthy);
    let names: Vec<String> = waiting.map(|it| code(it.from.name)).collect();
    let text = format!("**Healthcheck**: {}", budget.sentences(&names.join(", ")));
    Some(Section { span: here.pointed(check.span), text })
}

fn probe(here: &Here<'_>, container: &Container) -> Option<Section> {
    let (kind, probe) = probes(container).find(|(_, probe)| here.is_on(probe.place.span))?;
    let text = format!("**Probe**: {}", probe_sentences(kind, probe, container));
    Some(Section { span: here.pointed(probe.place.span), text })
}

/// Returns the amount at the place, and its share of the other amount.
fn amount(here: &Here<'_>, resources: &Resources) -> Option<Section> {
    let pick = |all: &'_ [Resource], others: &'_ [Resource]| {
        let own = all.iter().find(|it| here.is_on(it.raw.span))?;
        let other = others.iter().find(|it| it.name.as_str() == own.name.as_str());
        Some((own.clone(), other.cloned()))
    };
    let request = pick(&resources.requests, &resources.limits).map(|it| (true, it));
    let (is_request, (own, other)) =
        request.or_else(|| Some((false, pick(&resources.limits, &resources.requests)?)))?;
    let quantity = own.quantity?;
    let name = own.name.as_str();
    let size = match name {
        "cpu" => cpu(quantity.milli),
        "memory" | "ephemeral-storage" => {
            let units = quantity.units();
            format!("{} = {units} bytes", bytes(units))
        }
        _ => quantity.units().to_string(),
    };
    let noun = if is_request { "Request" } else { "Limit" };
    let mut text = format!("**{noun}** of {name}: {size}");
    if let Some((other, of)) = other.and_then(|it| Some((it.raw, it.quantity?)))
        && of.milli > 0
    {
        let share = quantity.milli.saturating_mul(100) / of.milli;
        let noun = if is_request { "limit" } else { "request" };
        text.push_str(&format!("; {share} % of the {noun} {}", code(&other)));
    }
    Some(Section { span: here.pointed(own.raw.span), text })
}

/// Returns an amount of CPU: "0.25 cores, which is 25 ms of each 100 ms".
fn cpu(milli: i128) -> String {
    let noun = if milli == 1000 { "core" } else { "cores" };
    let share = match milli {
        ..1000 => format!(", which is {} ms of each 100 ms", cores(milli.saturating_mul(100))),
        _ => String::new(),
    };
    format!("{} {noun}{share}", cores(milli))
}

/// Returns the range of replicas at the place, at a workload or at its autoscaler.
fn replicas(here: &Here<'_>) -> Option<Section> {
    let facts = here.facts;
    for workload in facts.workloads() {
        let scalers = workload.autoscalers.iter().map(|at| facts.objects()[*at]);
        let mut places: Vec<Spanned<i64>> = workload.model.replicas.into_iter().collect();
        for scaler in facts.autoscalers(workload) {
            places.extend(scaler.min.into_iter().chain(scaler.max));
        }
        let Some(at) = places.iter().find(|it| here.is_on(it.span)) else { continue };
        let range = facts.replica_range(workload);
        let words = match range {
            Some((min, max)) if min == max => count(max, "replica"),
            Some((min, max)) => format!("{min} to {max} replicas"),
            None => "a number of replicas that the files do not say".to_owned(),
        };
        let by: Vec<String> = scalers
            .map(|it| format!("{} ({})", prose(&it.label()), place(facts, it.name_span())))
            .collect();
        // A plain number says all that there is to say.
        if by.is_empty() {
            continue;
        }
        let text =
            format!("**Replicas** of {}: {words}, by {}", prose(&workload.label), by.join(", "));
        return Some(Section { span: here.pointed(at.span), text });
    }
    unmatched(here)
}

/// Returns the range of an autoscaler whose workload the files do not show.
fn unmatched(here: &Here<'_>) -> Option<Section> {
    let objects = Around::new(here).objects;
    let mut scalers = objects.into_iter().filter_map(|it| match &it.body {
        Body::Autoscaler(scaler) if scaler.scales_replicas() => Some((it, scaler)),
        _ => None,
    });
    let at = |it: &Autoscaler| -> Option<Span> {
        let places = it.min.into_iter().chain(it.max);
        places.map(|it| it.span).find(|it| here.is_on(*it))
    };
    let (object, scaler, span) = scalers.find_map(|(object, it)| Some((object, it, at(it)?)))?;
    let (min, max) = (scaler.minimum()?, scaler.maximum()?);
    let text = format!("**Replicas** by {}: {min} to {max}", prose(&object.label()));
    Some(Section { span: here.pointed(span), text })
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing::said;

    fn pod(container: &str) -> String {
        said(&format!(
            "# ü\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: {{name: web}}\r\nspec:\r\n  containers:\r\n    - name: web\r\n      image: acme/web:1\r\n{container}"
        ))
    }

    #[test]
    fn a_probe_says_when_it_decides() {
        let liveness = "      liveness‸Probe:\r\n        tcpSocket: {port: 80}\r\n        initialDelaySeconds: 15\r\n";
        assert_eq!(
            pod(liveness),
            "**Probe**: The container is killed after 30 s without an answer (3 failures, one check every 10 s, 1 s to answer). The first check comes 15 s after the start."
        );
        let readiness = "      readinessProbe: {tcpSocket: {port: 80}, successThreshold: 3, initial‸DelaySeconds: 5, periodSeconds: 20}\r\n";
        assert_eq!(
            pod(readiness),
            "**Probe**: Ready at the earliest after 45 s. It gets no traffic after 1 min without an answer (3 failures, one check every 20 s, 1 s to answer). The first check comes 5 s after the start."
        );
        let startup = "      startupProbe: {tcpSocket: {p‸ort: 80}, failureThreshold: 30, terminationGracePeriodSeconds: 5}\r\n";
        assert_eq!(
            pod(startup),
            "**Probe**: The container has 5 min to start and is killed after that (30 failures, one check every 10 s, 1 s to answer). It then has 5 s to stop."
        );
    }

    #[test]
    fn a_healthcheck_says_how_long_compose_waits() {
        let db = "services:\n  db:\n    image: acme/db:1\n    health‸check: {test: [CMD, ok], interval: 30s, retries: 5, timeout: 5s}\n";
        assert_eq!(
            said(db),
            "**Healthcheck**: Unhealthy after 2 min 30 s without a success (5 failures, one check every 30 s, 5 s to answer). Healthy at the earliest after 30 s."
        );
        let waiting = format!(
            "{db}  web: {{image: 'acme/web:1', depends_on: {{db: {{condition: service_healthy}}}}}}\n"
        );
        assert!(said(&waiting).starts_with(
            "**Healthcheck**: Compose gives it 2 min 30 s before it gives up on `web`"
        ));
    }

    #[test]
    fn amounts_are_said_in_bytes_and_as_a_share() {
        let resources = |text: &str| pod(&format!("      resources: {text}\r\n"));
        assert_eq!(
            resources("{requests: {memory: 256‸Mi}, limits: {memory: 1Gi}}"),
            "**Request** of memory: 256 MiB = 268435456 bytes; 25 % of the limit `1Gi`"
        );
        assert_eq!(
            resources("{limits: {c‸pu: 250m}}"),
            "**Limit** of cpu: 0.25 cores, which is 25 ms of each 100 ms"
        );
    }

    #[test]
    fn replicas_are_those_of_the_autoscaler() {
        let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  repl‸icas: 1\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'acme/web:1'}]}}\n";
        assert_eq!(said(web), "");
        let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
        assert_eq!(
            said(&format!("{web}{scaler}")),
            "**Replicas** of Deployment `web`: 2 to 9 replicas, by HorizontalPodAutoscaler `web` (app.yaml:11)"
        );
        let alone = scaler.replace("maxReplicas: 9", "maxReplicas: ‸9");
        assert_eq!(said(&alone), "**Replicas** by HorizontalPodAutoscaler `web`: 2 to 9");
    }
}
