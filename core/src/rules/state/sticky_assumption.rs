use crate::facts::{Facts, KubeHost, KubeService, Workload};
use crate::model::Str;
use crate::model::kubernetes::{Body, DestinationRule, Object, Routes};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

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
    /// ## When to ignore
    /// Where the affinity only keeps caches warm, and nobody notices when it changes.
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
        let many = replicated(facts, service);
        let sticky = service.model.session_affinity.as_ref().filter(|it| it.value == "ClientIP");
        let sticky = sticky.or_else(|| cookie(service.object));
        if let (Some(place), Some(workload)) = (sticky, many) {
            report(facts, "Service", service.name, place.span, workload, out);
        }
    }
    for object in facts.objects() {
        let tied = match &object.body {
            Body::Routes(routes) => tied_by_route(facts, object, routes),
            Body::DestinationRule(rule) => tied_in_mesh(facts, object, rule),
            _ => None,
        };
        let name = object.name().map_or("", |it| it.as_str());
        if let Some((place, workload)) = tied {
            report(facts, &object.kind.value, name, place, workload, out);
        }
    }
}

/// Returns the setting of a route that ties clients to one replica, and the workload with the replicas.
fn tied_by_route<'f, 'a>(
    facts: &'f Facts<'a>,
    object: &Object,
    routes: &Routes,
) -> Option<(Span, &'f Workload<'a>)> {
    let annotated = cookie(object).map(|it| it.span);
    routes.backends.iter().find_map(|backend| {
        let place = annotated.or(backend.cookie)?;
        let namespace = backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
        let service = facts.service_in(object.file, namespace, &backend.service)?;
        Some((place, replicated(facts, service)?))
    })
}

/// Returns the same for a DestinationRule of Istio.
fn tied_in_mesh<'f, 'a>(
    facts: &'f Facts<'a>,
    object: &Object,
    rule: &DestinationRule,
) -> Option<(Span, &'f Workload<'a>)> {
    let (place, host) = rule.cookie.zip(rule.host.as_ref())?;
    match facts.kube_host(object.file, object.namespace(), host) {
        KubeHost::Service(service) => Some((place, replicated(facts, service)?)),
        KubeHost::OtherNamespace(_) | KubeHost::Missing | KubeHost::Outside => None,
    }
}

/// Returns a workload of several replicas behind a Service.
fn replicated<'f, 'a>(facts: &'f Facts<'a>, service: &KubeService<'a>) -> Option<&'f Workload<'a>> {
    let mut selected = service.selects.iter().map(|it| &facts.workloads()[*it]);
    selected.find(|it| it.copies.is_many())
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
    place: Span,
    workload: &Workload<'_>,
    out: &mut Findings,
) {
    let workload = &facts.workloads()[workload.index];
    let finding = out.at(
        &place,
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

    #[test]
    fn every_controller_has_its_own_annotation() {
        for annotation in [
            "nginx.ingress.kubernetes.io/affinity: cookie",
            "haproxy-ingress.github.io/affinity: cookie",
            "haproxy.org/cookie-persistence: web",
            "traefik.ingress.kubernetes.io/service.sticky.cookie: 'true'",
        ] {
            assert_eq!(project("", annotation, 2), 1, "{annotation}");
            assert_eq!(project("", annotation, 1), 0, "{annotation}");
        }
        assert_eq!(
            project("", "traefik.ingress.kubernetes.io/service.sticky.cookie: 'false'", 2),
            0
        );
        // Traefik reads the annotation of the Service.
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {traefik.ingress.kubernetes.io/service.sticky.cookie: 'true'}}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'a:1'}]}}}\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn gateways_traefik_and_istio_tie_clients_by_a_cookie() {
        let tied = |object: &str, replicas: u8| {
            let text = format!(
                "{object}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {replicas}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'a:1'}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        let gateway = |persistence: &str| {
            format!(
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web}}\nspec: {{rules: [{{{persistence}backendRefs: [{{name: web, port: 80}}]}}]}}"
            )
        };
        let traefik = |sticky: &str| {
            format!(
                "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {{name: web}}\nspec: {{routes: [{{match: 'Host(`a.example`)', kind: Rule, services: [{{name: web, port: 80{sticky}}}]}}]}}"
            )
        };
        let istio = |balancer: &str| {
            format!(
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: web}}\nspec: {{host: web.default.svc.cluster.local, trafficPolicy: {{loadBalancer: {{{balancer}}}}}}}"
            )
        };
        for (sticky, loose) in [
            (gateway("sessionPersistence: {sessionName: s, type: Cookie}, "), gateway("")),
            (traefik(", sticky: {cookie: {name: s}}"), traefik("")),
            (
                istio("consistentHash: {httpCookie: {name: s, ttl: 0s}}"),
                istio("simple: LEAST_REQUEST"),
            ),
        ] {
            assert_eq!(
                (tied(&sticky, 2), tied(&sticky, 1), tied(&loose, 2)),
                (1, 0, 0),
                "{sticky}"
            );
        }
    }
}
