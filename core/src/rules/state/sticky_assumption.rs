use crate::facts::{Facts, Workload};
use crate::model::Str;
use crate::model::kubernetes::{Body, Object};
use crate::report::{Confidence, Findings};
use crate::rules::rule;

rule! {
    /// Clients are tied to one replica, which suggests state inside the process.
    ///
    /// ## Why it hurts
    /// Affinity hides state inside a replica until that replica goes away: an update, a node drain
    /// or a scale-down then loses the sessions of everybody who was tied to it. Behind another
    /// proxy, all clients share one address and land on one replica.
    ///
    /// ## What helps
    /// Keep sessions in a shared store; then the affinity can go. If it only makes caches or long
    /// polling work better, nothing needs to change.
    ///
    /// ## How to troubleshoot
    /// Delete the Pod that serves you: if you are logged out, the state was in that Pod.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   sessionAffinity: ClientIP # <- Service `web` ties each client to one replica of Deployment `web` (3 replicas), which suggests state inside the process
    ///   ports: [{ port: 80 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "ghcr.io/acme/web:1.4.2" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports: [{ port: 80 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "ghcr.io/acme/web:1.4.2" }] }
    /// ```
    PLM714 "sticky-assumption" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.kube_services() {
        let many =
            service.selects.iter().map(|it| &facts.workloads()[*it]).find(|it| it.copies.is_many());
        let sticky = service.model.session_affinity.as_ref().filter(|it| it.value == "ClientIP");
        let sticky = sticky.or_else(|| cookie(service.object));
        if let (Some(place), Some(workload)) = (sticky, many) {
            report(facts, "Service", service.name, place, workload, out);
        }
    }
    for object in facts.objects() {
        let (Body::Routes(routes), Some(place)) = (&object.body, cookie(object)) else { continue };
        let workload = routes.backends.iter().find_map(|backend| {
            let namespace = backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
            let service = facts.service_in(object.file, namespace, &backend.service)?;
            service.selects.iter().map(|it| &facts.workloads()[*it]).find(|it| it.copies.is_many())
        });
        let name = object.name().map_or("", |it| it.as_str());
        if let Some(workload) = workload {
            report(facts, &object.kind.value, name, place, workload, out);
        }
    }
}

/// Returns the annotation that asks a controller for a session cookie.
fn cookie(object: &Object) -> Option<&Str> {
    let asks = |key: &str, value: &str| match key {
        "nginx.ingress.kubernetes.io/affinity" => value == "cookie",
        "traefik.ingress.kubernetes.io/service.sticky.cookie"
        | "traefik.ingress.kubernetes.io/affinity"
        | "haproxy.org/cookie-persistence" => value != "false",
        "haproxy-ingress.github.io/affinity" => value == "cookie",
        _ => false,
    };
    object.meta.annotations.iter().find(|it| asks(&it.0, &it.1)).map(|it| &it.1)
}

fn report(
    facts: &Facts<'_>,
    kind: &str,
    name: &str,
    place: &Str,
    workload: &Workload<'_>,
    out: &mut Findings,
) {
    let workload = &facts.workloads()[workload.index];
    let finding = out.at(
        &place.span,
        format!(
            "{kind} `{name}` ties each client to one replica of {} ({}), which suggests state inside the process",
            workload.label,
            facts.workload_replica_words(workload)
        ),
    );
    finding.confidence(Confidence::Possible);
    if let Some(many) = workload.copies.many() {
        finding.also(&many, "more than one replica is requested here");
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn project(service: &str, annotations: &str, replicas: u8) -> usize {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{ name: web }}\nspec: {{ selector: {{ app: web }}, {service} ports: [{{ port: 80 }}] }}\n---\n\
                 apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{ name: web, annotations: {{ {annotations} }} }}\n\
                 spec: {{ rules: [{{ http: {{ paths: [{{ path: /, pathType: Prefix, backend: {{ service: {{ name: web, port: {{ number: 80 }} }} }} }}] }} }}] }}\n---\n\
                 apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  replicas: {replicas}\n  template:\n    \
                 metadata: {{ labels: {{ app: web }} }}\n    spec: {{ containers: [{{ name: web, image: 'a:1' }}] }}\n"
            ),
        )
        .len()
    }

    #[test]
    fn cookies_count_and_one_replica_is_silent() {
        let cookie = "nginx.ingress.kubernetes.io/affinity: cookie";
        assert_eq!(project("", cookie, 2), 1);
        assert_eq!(project("sessionAffinity: ClientIP,", "", 2), 1);
        assert_eq!(project("sessionAffinity: ClientIP,", cookie, 1), 0);
        assert_eq!(project("sessionAffinity: None,", "", 2), 0);
    }
}
