use crate::facts::{Facts, Named, in_shell, kubectl, namespace_option};
use crate::model::Str;
use crate::model::kubernetes::{Backend, Body, Object, ServicePort};
use crate::report::{Confidence, Findings, Fix};
use crate::rules::rule;

rule! {
    /// An Ingress or route sends traffic to a Service or port that does not exist.
    ///
    /// ## Why it hurts
    /// The controller answers 503 (some controllers drop the whole route) on a path that looks as
    /// if it were served. Nothing in the cluster rejects the object, because the Service might
    /// still be created.
    ///
    /// ## What helps
    /// Send traffic to a Service in the same namespace, and to one of the Service's own ports
    /// (`port`), not to the container's.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe ingress NAME` shows a "not found" error next to the backend.
    ///
    /// ## When to ignore
    /// Where something outside of these files creates the Service.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: { name: shop }
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /
    ///             pathType: Prefix
    ///             backend:
    ///               service:
    ///                 name: web
    ///                 port:
    ///                   number: 8080 # <- Ingress `shop` sends traffic to port 8080 of Service `web`, which has only port 80
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports:
    ///     - port: 80
    ///       targetPort: 8080
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: { name: shop }
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /
    ///             pathType: Prefix
    ///             backend:
    ///               service:
    ///                 name: web
    ///                 port:
    ///                   number: 80
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports:
    ///     - port: 80
    ///       targetPort: 8080
    /// ```
    PLM408 "backend-missing" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for object in facts.objects() {
        let Body::Routes(routes) = &object.body else { continue };
        for backend in &routes.backends {
            let namespace = backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
            // On AWS this port name lets an annotation of the load balancer replace the Service.
            let by_annotation = backend
                .port
                .as_ref()
                .is_some_and(|port| port.value.as_str() == Some("use-annotation"));
            if by_annotation {
                continue;
            }
            match facts.named(Named::Service, object.file, namespace, &backend.service) {
                Some(service) => port(facts, out, object, backend, service),
                None => missing(facts, out, object, backend, namespace),
            }
        }
    }
}

fn port(facts: &Facts, out: &mut Findings, route: &Object, backend: &Backend, service: &Object) {
    let (Some(model), Some(port)) = (service.service(), &backend.port) else { return };
    if model.is_external_name() || model.ports.is_empty() {
        return;
    }
    let is_unclear = port.value.as_str().is_some_and(|it| it.contains('$'))
        || model.ports.iter().any(|it| it.port.is_none());
    if is_unclear || model.ports.iter().any(|it| it.is(&port.value)) {
        return;
    }
    // Traefik also accepts the number of a port written as a string.
    let text = port.value.to_string();
    if model.ports.iter().any(|own| own.port.is_some_and(|it| it.value.to_string() == text)) {
        return;
    }
    let listed: Vec<String> = model.ports.iter().map(ServicePort::label).collect();
    let finding = out.at(
        &port.span,
        format!(
            "{} sends traffic to port {} of Service `{}`, which has only {} {}",
            route.label(),
            if port.value.as_str().is_some() { format!("`{text}`") } else { text },
            backend.service,
            if listed.len() == 1 { "port" } else { "ports" },
            listed.join(", ")
        ),
    );
    finding
        .also(
            &model.ports_place.map_or(service.name_span(), |it| it.span),
            format!("the ports of Service `{}`", backend.service),
        )
        .check(kubectl("describe", route, ""));
    if let ([only], Some(_)) = (model.ports.as_slice(), port.value.as_int())
        && let Some(number) = only.port
    {
        let edit = facts.replace(&port.span, &number.value.to_string());
        finding.fix(Fix::r#unsafe(format!("Send traffic to port {}", number.value), [edit]));
    }
}

fn missing(facts: &Facts, out: &mut Findings, route: &Object, backend: &Backend, namespace: &str) {
    let (home, name) = (route.file, backend.service.as_str());
    let written = backend.namespace.as_ref().or(route.meta.namespace.as_ref());
    let elsewhere = facts
        .named_anywhere(Named::Service, home, name)
        .and_then(|it| Some((it, it.meta.namespace.as_ref()?)))
        .filter(|_| written.is_some());
    let near = facts.near_name(Named::Service, home, namespace, name);
    let here = facts.has_named_in(Named::Service, home, namespace);
    let unseen = facts.services_from_elsewhere(home) || facts.operator_may_make(home, name);
    // A Service without a namespace in its file may end up in this one, and that of another application
    // may be meant.
    let unsettled = elsewhere.is_none()
        && (facts.named_anywhere(Named::Service, home, name).is_some()
            || facts.is_named_elsewhere(Named::Service, namespace, name));
    if unsettled || (elsewhere.is_none() && (unseen || !here)) {
        return;
    }
    let label = route.label();
    let finding = match (elsewhere, near) {
        (Some((service, other)), _) => {
            let finding = out.at(
                &backend.service.span,
                format!(
                    "{label} sends traffic to Service `{name}`, which is in namespace `{other}`, not in `{namespace}`"
                ),
            );
            finding.also(&service.name_span(), format!("Service `{name}`"));
            finding
        }
        (None, Some(near)) => {
            let finding = out.at(
                &backend.service.span,
                format!(
                    "{label} sends traffic to Service `{name}`, which does not exist; did you mean `{near}`?"
                ),
            );
            let span = backend.service.span;
            if facts.file(span.file).text().get(span.range()).is_some_and(|it| it.contains(name)) {
                let edit = facts.replace_scalar(&span, near);
                finding.fix(Fix::r#unsafe(format!("Send traffic to `{near}`"), [edit]));
            }
            finding
        }
        (None, None) => {
            let finding = out.at(
                &backend.service.span,
                format!("{label} sends traffic to Service `{name}`, which {}", absence(written)),
            );
            finding.confidence(Confidence::Likely);
            finding
        }
    };
    let flag = namespace_option(written);
    finding.check(format!("kubectl get svc{flag} {}", in_shell(name)));
}

/// Returns the end of a message about a missing object, with its namespace if the files name one.
fn absence(namespace: Option<&Str>) -> String {
    match namespace {
        Some(namespace) => format!("does not exist in namespace `{namespace}`"),
        None => "does not exist".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn ingress(name: &str, more: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: shop, namespace: shop}}\nspec: {{rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}]}}}}]}}\n{more}"
        );
        messages(&RULE, &text)
    }

    fn service(name: &str, namespace: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{ports: [{{name: http, port: 80}}]}}\n"
        )
    }

    #[test]
    fn a_service_may_be_missing_misspelt_or_elsewhere() {
        assert!(ingress("web", &service("web", "shop")).is_empty());
        assert!(ingress("wep", &service("web", "shop"))[0].contains("did you mean `web`?"));
        assert!(ingress("api", &service("web", "shop"))[0].contains("does not exist in"));
        assert!(ingress("web", &service("web", "front"))[0].contains("is in namespace `front`"));
    }

    #[test]
    fn an_unset_namespace_may_be_any_and_is_not_named() {
        let route = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n";
        assert!(messages(&RULE, &format!("{route}{}", service("web", "shop"))).is_empty());
        let unset = service("api", "x").replace(", namespace: x", "");
        let found = messages(&RULE, &format!("{route}{unset}"));
        assert_eq!(found, ["Ingress `i` sends traffic to Service `web`, which does not exist"]);
        assert!(ingress("web", &service("web", "x").replace(", namespace: x", "")).is_empty());
    }

    #[test]
    fn services_may_come_from_elsewhere() {
        assert!(ingress("web", "").is_empty());
        assert!(ingress("api", &service("web", "front")).is_empty());
        let chart = "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec: {}\n";
        assert!(ingress("api", &format!("{}{chart}", service("web", "shop"))).is_empty());
    }

    #[test]
    fn a_port_is_given_by_number_or_name() {
        let route = |port: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{rules: [{{backendRefs: [{{name: web, port: {port}}}]}}]}}\n{}",
                    service("web", "shop")
                ),
            )
            .len()
        };
        assert_eq!(route("80"), 0);
        assert_eq!(route("8080"), 1);
        let named = |port: &str| {
            let text = format!(
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i, namespace: shop}}\nspec: {{defaultBackend: {{service: {{name: web, port: {{name: {port}}}}}}}}}\n{}",
                service("web", "shop")
            );
            messages(&RULE, &text).len()
        };
        assert_eq!((named("http"), named("https")), (0, 1));
    }

    #[test]
    fn every_kind_of_route_is_read() {
        let gateway = |kind: &str| {
            format!(
                "apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: r, namespace: shop}}\nspec: {{rules: [{{backendRefs: [{{name: api, port: 80}}]}}]}}\n"
            )
        };
        let mut routes: Vec<String> =
            ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"].map(gateway).to_vec();
        routes.extend(
            [
                "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: r, namespace: shop}\nspec: {rules: [{http: {paths: [{backend: {serviceName: api, servicePort: 80}}]}}]}\n",
                "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: r, namespace: shop}\nspec: {routes: [{match: x, kind: Rule, services: [{name: api, port: 80}]}]}\n",
                "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: r, namespace: shop}\nspec: {hosts: [x], http: [{route: [{destination: {host: api, port: {number: 80}}}]}]}\n",
                "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r, namespace: shop}\nspec: {to: {kind: Service, name: api}}\n",
            ]
            .map(str::to_owned),
        );
        for route in routes {
            let text = format!("{route}{}", service("web", "shop"));
            assert_eq!(messages(&RULE, &text).len(), 1, "{route}");
            let text = format!("{route}{}", service("api", "shop"));
            assert!(messages(&RULE, &text).is_empty(), "{route}");
        }
    }
}
