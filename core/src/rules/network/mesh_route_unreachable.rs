use crate::facts::{Facts, KubeHost, KubeService, Workload, first_label};
use crate::model::kubernetes::{
    Body, DestinationRule, Object, RouteList, RouteRule, Routes, Selector, Subset, find,
};
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

rule! {
    /// A part of a route never receives a request, or receives another share than is written.
    ///
    /// ## Why it hurts
    /// In a VirtualService the first rule that matches wins, so that nothing reaches a rule after one that
    /// matches everything. In an HTTPRoute the most specific match wins, and of two equal ones the first.
    /// A subset without Pods answers every request with 503. All of this is accepted without a word.
    ///
    /// ## What helps
    /// Put the rule that matches everything last, give each rule of an HTTPRoute its own match, and
    /// select labels that the Pods have. Weights say something only between several destinations.
    ///
    /// ## How to troubleshoot
    /// `istioctl analyze -n NAMESPACE` names unknown subsets. `istioctl proxy-config routes deploy/NAME`
    /// shows the routes in the order in which the proxy tries them.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: { name: reviews }
    /// spec:
    ///   hosts: [reviews]
    ///   http:
    ///     - route: [{ destination: { host: reviews, subset: v1 } }]
    ///     - match: [{ headers: { end-user: { exact: jason } } }] # <- rule 2 of VirtualService `reviews` is never reached: rule 1 matches every request
    ///       route: [{ destination: { host: reviews, subset: v2 } }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: { name: reviews }
    /// spec:
    ///   hosts: [reviews]
    ///   http:
    ///     - match: [{ headers: { end-user: { exact: jason } } }]
    ///       route: [{ destination: { host: reviews, subset: v2 } }]
    ///     - route: [{ destination: { host: reviews, subset: v1 } }]
    /// ```
    PLM427 "mesh-route-unreachable" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

/// The DestinationRules, by the number of the part of the project and the first label of their hosts.
type Destinations<'a> = FxHashMap<(usize, &'a str), Vec<(&'a Object, &'a DestinationRule)>>;

fn check(facts: &Facts, out: &mut Findings) {
    let mut destinations = Destinations::default();
    for object in facts.objects() {
        if let Body::DestinationRule(rule) = &object.body
            && let Some(host) = &rule.host
        {
            let key = (facts.part_of(object.file), first_label(host));
            destinations.entry(key).or_default().push((object, rule));
            for subset in &rule.subsets {
                subset_without_pods(facts, out, object, host, subset);
            }
        }
    }
    for object in facts.objects() {
        let Body::Routes(routes) = &object.body else { continue };
        match object.kind.as_str() {
            "VirtualService" => {
                for list in [RouteList::Http, RouteList::Tcp, RouteList::Tls] {
                    after_catch_all(out, object, routes, list);
                }
                unknown_subsets(facts, out, object, routes, &destinations);
                lonely_weights(out, object, routes, 100);
            }
            "HTTPRoute" => {
                equal_matches(out, object, routes);
                lonely_weights(out, object, routes, 1);
            }
            _ => {}
        }
    }
}

/// Returns the name of a rule, or its number.
fn rule_label(rule: &RouteRule, at: usize) -> String {
    match &rule.name {
        Some(name) => format!("rule `{name}`"),
        None => format!("rule {}", at + 1),
    }
}

/// Returns the command that shows a route.
fn describe(object: &Object) -> String {
    let kind = object.kind.to_ascii_lowercase();
    let name = object.name().map_or("NAME", |it| it.as_str());
    let namespace =
        object.meta.namespace.as_ref().map(|it| format!(" -n {it}")).unwrap_or_default();
    format!("kubectl get {kind} {name}{namespace} -o yaml")
}

/// Reports the rules of a list after one that matches every request.
fn after_catch_all(out: &mut Findings, object: &Object, routes: &Routes, list: RouteList) {
    let rules: Vec<&RouteRule> = routes.rules.iter().filter(|it| it.list == list).collect();
    let Some(first) = rules.iter().position(|it| it.is_catch_all()) else { return };
    let Some(next) = rules.get(first + 1) else { return };
    let label = rule_label(rules[first], first);
    let last = rules.len();
    let which = match last - first - 1 {
        1 => format!("{} of {} is", rule_label(next, first + 1), object.label()),
        _ => format!("rules {} to {last} of {} are", first + 2, object.label()),
    };
    let finding =
        out.at(&next.span, format!("{which} never reached: {label} matches every request"));
    finding.also(&rules[first].span, format!("{label} matches every request")).why(
        "The first rule that matches a request takes it, so that nothing reaches a rule after one that matches \
         everything. The object is accepted without a word.",
    );
    for rule in &rules[first + 2..] {
        finding.also(&rule.span, "never reached either");
    }
    finding.check(describe(object));
}

/// Reports matches of an HTTPRoute that an earlier rule has too.
fn equal_matches(out: &mut Findings, object: &Object, routes: &Routes) {
    // A rule without matches has one on the path `/`.
    let every = [("path.PathPrefix".to_owned(), "/".to_owned())];
    let mut seen: FxHashMap<&[(String, String)], usize> = FxHashMap::default();
    for (at, rule) in routes.rules.iter().enumerate() {
        let mut own: Vec<_> = rule.matches.iter().map(|it| (&it.parts[..], it.span)).collect();
        if own.is_empty() {
            own.push((&every[..], rule.span));
        }
        for (parts, span) in own {
            let earlier = *seen.entry(parts).or_insert(at);
            if earlier == at {
                continue;
            }
            let first = &routes.rules[earlier];
            out.at(
                &span,
                format!(
                    "{} of {} has the same match as {}, which receives all of its requests",
                    rule_label(rule, at),
                    object.label(),
                    rule_label(first, earlier)
                ),
            )
            .also(&first.span, "the rule that receives them")
            .check(describe(object));
        }
    }
}

/// Reports weights that stand at the only destination of a rule. `whole` is the weight that says what
/// happens anyway.
fn lonely_weights(out: &mut Findings, object: &Object, routes: &Routes, whole: i64) {
    // Several rules may repeat one weight for one host.
    let mut places: IndexMap<(&str, i64), Vec<Span>, FxBuildHasher> = IndexMap::default();
    for rule in &routes.rules {
        let [only] = rule.destinations.as_slice() else { continue };
        let Some(weight) = only.weight else { continue };
        places.entry((only.host.as_str(), weight.value)).or_default().push(weight.span);
    }
    let label = object.label();
    let is_gateway = object.kind.as_str() == "HTTPRoute";
    for ((host, weight), spans) in places {
        let Some((first, others)) = spans.split_first() else { continue };
        let message = if weight == 0 && is_gateway {
            format!(
                "{label} sends nothing to `{host}`, its only backend: with weight 0, every request fails with 500"
            )
        } else {
            format!(
                "weight {weight} of `{host}` in {label} has no effect: the only destination of a rule receives everything"
            )
        };
        let finding = out.at(first, message);
        finding.check(describe(object));
        for other in others {
            finding.also(other, "the same in another rule");
        }
        if weight == whole || weight == 100 {
            finding.severity(Severity::Info);
        }
    }
}

/// Whether a label is put on Pods when they are created or when they run.
fn is_set_at_run_time(key: &str) -> bool {
    key.contains("istio.io/") || key.ends_with("pod-template-hash") || key.contains("pod-name")
}

fn subset_without_pods(
    facts: &Facts,
    out: &mut Findings,
    object: &Object,
    host: &str,
    subset: &Subset,
) {
    let Some(labels) = subset.labels.as_ref().filter(|it| !it.is_empty()) else { return };
    let meant = facts.kube_host(object.file, object.namespace(), host);
    let KubeHost::Service(service) = meant else { return };
    let pods = facts.selected(service);
    let unseen = service.selects_elsewhere
        || facts.services_from_elsewhere(object.file)
        || labels.match_labels.iter().any(|(key, _)| is_set_at_run_time(key));
    let has = |it: &&Workload<'_>| labels.matches(&it.model.template.meta.labels);
    if pods.is_empty() || unseen || pods.iter().any(has) {
        return;
    }
    // The Service's own value of a label comes before the subset's.
    let mut wanted = labels.clone();
    let selector = service.model.selector.iter().flat_map(|it| &it.match_labels);
    let others = selector.filter(|(key, _)| find(&labels.match_labels, key).is_none());
    wanted.match_labels.extend(others.cloned());
    let matching = facts.workloads_matching(service.namespace, &wanted).next();
    let unselected = matching.filter(|it| facts.together(object.file, it.object.file));
    // Another set of files may bring the Pods.
    if matching.is_some() && unselected.is_none() {
        return;
    }
    let name = service.name;
    let finding = out.at(
        &labels.place.span,
        format!(
            "subset `{}` of {} is empty: no Pod of Service `{name}` has {}",
            subset.name,
            object.label(),
            list(labels)
        ),
    );
    // Several DestinationRules may define one subset of a Service.
    let file = facts.file(service.object.file).path();
    finding
        .confidence(Confidence::Likely)
        .why(
            "Every request that a route sends to a subset without Pods is answered with 503: with a weight of 25, \
             that is a quarter of them. The objects are accepted without a word.",
        )
        .cause(format!("{file} {name} {}", list(labels)))
        .also(&service.span(), format!("Service `{name}` selects {}", names(&pods)));
    let flag = pods.first().map(|it| it.namespace_flag().to_string()).unwrap_or_default();
    // Pods that have the labels and that the Service does not select would seem to refute the finding.
    finding.check(match unselected {
        Some(_) => format!(
            "kubectl get endpointslices{flag} -l kubernetes.io/service-name={name} -o jsonpath='{{..targetRef.name}}'"
        ),
        None => {
            let pairs = wanted.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
            format!("kubectl get pods{flag} -l {}", pairs.collect::<Vec<_>>().join(","))
        }
    });
    if let Some(other) = unselected {
        help_to_select(finding, service, other);
    }
}

/// Says how a Service comes to select Pods that have the labels of a subset.
fn help_to_select(finding: &mut Finding, service: &KubeService<'_>, other: &Workload<'_>) {
    let name = service.name;
    let other_labels = &other.model.template.meta.labels;
    let own = service.model.selector.iter().flat_map(|it| &it.match_labels);
    let in_the_way: Vec<String> = own
        .filter(|(key, value)| {
            find(other_labels, &key.value).is_none_or(|it| it.value != value.value)
        })
        .map(|(key, value)| format!("`{}: {}`", key.value, value.value))
        .collect();
    let drop = match in_the_way.is_empty() {
        true => String::new(),
        false => format!(", by leaving {} out of its selector", in_the_way.join(", ")),
    };
    finding
        .also(&other.span(), format!("{} has it, but the Service does not select it", other.label))
        .help(format!(
            "Subsets are parts of what the Service selects: let Service `{name}` select {} too{drop}.",
            other.label
        ));
}

/// Renders labels as `` `app: web`, `version: v2` ``.
fn list(labels: &Selector) -> String {
    let pairs = labels.match_labels.iter().map(|(key, value)| format!("`{key}: {value}`"));
    pairs.collect::<Vec<_>>().join(", ")
}

fn names(pods: &[&Workload<'_>]) -> String {
    pods.iter().map(|it| it.label.as_str()).collect::<Vec<_>>().join(", ")
}

/// Reports subsets that no DestinationRule of the host defines, although there is one.
fn unknown_subsets(
    facts: &Facts,
    out: &mut Findings,
    object: &Object,
    routes: &Routes,
    all: &Destinations<'_>,
) {
    for destination in routes.rules.iter().flat_map(|it| &it.destinations) {
        let (host, Some(subset)) = (&destination.host, &destination.subset) else { continue };
        let same_host = |it: &&(&Object, &DestinationRule)| {
            let (other, rule) = **it;
            let theirs = rule.host.as_ref().map_or("", |it| it.as_str());
            facts.may_share_namespace(namespace_of(host, object), namespace_of(theirs, other))
        };
        let key = (facts.part_of(object.file), first_label(host));
        let named = all.get(&key).into_iter().flatten();
        let mut rules = named.filter(same_host).peekable();
        let Some((first, _)) = rules.peek().copied() else { continue };
        let (mut known, mut apart) = (false, false);
        let mut others: Vec<&str> = Vec::new();
        for (other, rule) in rules {
            apart |= !facts.together(object.file, other.file);
            known |= rule.subsets.iter().any(|it| it.name.value == subset.value);
            others.extend(rule.subsets.iter().map(|it| it.name.as_str()));
        }
        if known || apart || facts.services_from_elsewhere(object.file) {
            continue;
        }
        let defined = match others.as_slice() {
            [] => "defines no subset".to_owned(),
            [one] => format!("defines only `{one}`"),
            _ => format!("defines only `{}`", others.join("`, `")),
        };
        out.at(
            &subset.span,
            format!(
                "{} sends requests to subset `{subset}` of `{host}`, but {} {defined}",
                object.label(),
                first.label()
            ),
        )
        .also(&first.name_span(), format!("{} defines the subsets of `{host}`", first.label()))
        .check(describe(first));
    }
}

/// Returns the namespace of a host: the one in its name, or that of the object that names it.
fn namespace_of<'h>(host: &'h str, object: &'h Object) -> &'h str {
    host.split('.').nth(1).unwrap_or(object.namespace())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    fn virtual_service(spec: &str) -> String {
        format!(
            "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {{name: r}}\nspec: {spec}\n"
        )
    }

    fn http_route(rules: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r}}\nspec: {{rules: [{rules}]}}\n"
            ),
        )
    }

    fn mesh(rules: &str) -> Vec<String> {
        messages(&RULE, &virtual_service(&format!("{{hosts: [r], http: [{rules}]}}")))
    }

    const TO: &str = "route: [{destination: {host: r}}]";

    #[test]
    fn nothing_reaches_a_rule_after_one_that_matches_everything() {
        for every in [
            "",
            "match: [{uri: {prefix: /}}], ",
            "match: [{name: all, uri: {regex: '.*'}}], ",
            "match: [{uri: {exact: /a}}, {uri: {prefix: /}}], ",
        ] {
            let found =
                mesh(&format!("{{{every}{TO}}}, {{match: [{{uri: {{prefix: /b}}}}], {TO}}}"));
            assert_eq!(
                found,
                ["rule 2 of VirtualService `r` is never reached: rule 1 matches every request"],
                "{every}"
            );
        }
        let three = mesh(&format!("{{name: all, {TO}}}, {{{TO}}}, {{{TO}}}"));
        assert_eq!(
            three,
            [
                "rules 2 to 3 of VirtualService `r` are never reached: rule `all` matches every request"
            ]
        );
    }

    #[test]
    fn a_rule_for_some_requests_may_come_first() {
        for some in [
            "uri: {prefix: /a}",
            "uri: {prefix: /}, headers: {x: {exact: '1'}}",
            "uri: {prefix: /}, gateways: [mesh]",
            "port: 80",
            "method: {exact: GET}",
        ] {
            assert!(mesh(&format!("{{match: [{{{some}}}], {TO}}}, {{{TO}}}")).is_empty(), "{some}");
        }
        let lists = "{hosts: [r], http: [{route: [{destination: {host: r}}]}], tcp: [{route: [{destination: {host: r}}]}]}";
        assert!(messages(&RULE, &virtual_service(lists)).is_empty(), "each list is its own");
    }

    #[test]
    fn the_order_of_an_http_route_does_not_matter_but_equal_matches_do() {
        let to = "backendRefs: [{name: r, port: 80}]";
        let prefix = |path: &str| format!("matches: [{{path: {{value: {path}}}}}], {to}");
        assert!(http_route(&format!("{{{to}}}, {{{}}}", prefix("/a"))).is_empty());
        assert_eq!(
            http_route(&format!("{{{}}}, {{{}}}", prefix("/a"), prefix("/a"))),
            [
                "rule 2 of HTTPRoute `r` has the same match as rule 1, which receives all of its requests"
            ]
        );
        let implied =
            format!("{{{to}}}, {{matches: [{{path: {{type: PathPrefix, value: /}}}}], {to}}}");
        assert_eq!(http_route(&implied).len(), 1);
        let header =
            |kind: &str| format!("{{matches: [{{headers: [{{{kind}name: a, value: b}}]}}], {to}}}");
        assert_eq!(http_route(&format!("{}, {}", header(""), header("type: Exact, "))).len(), 1);
        let regex = header("type: RegularExpression, ");
        assert_eq!(http_route(&format!("{}, {regex}", header(""))).len(), 0);
    }

    #[test]
    fn weights_are_relative_and_need_several_destinations() {
        let two =
            "route: [{destination: {host: a}, weight: 9}, {destination: {host: b}, weight: 1}]";
        assert!(mesh(&format!("{{{two}}}")).is_empty(), "they need not add up to 100");
        let one =
            |weight: u8| format!("{{route: [{{destination: {{host: a}}, weight: {weight}}}]}}");
        assert_eq!(
            mesh(&one(10)),
            [
                "weight 10 of `a` in VirtualService `r` has no effect: the only destination of a rule receives everything"
            ]
        );
        let whole =
            findings(&RULE, &virtual_service(&format!("{{hosts: [r], http: [{}]}}", one(100))));
        assert_eq!(whole[0].severity, Severity::Info);
        let none = http_route("{backendRefs: [{name: a, port: 80, weight: 0}]}");
        assert!(none[0].ends_with("with weight 0, every request fails with 500"), "{none:?}");
        assert!(
            http_route("{backendRefs: [{name: a, port: 80, weight: 0}, {name: b, port: 80}]}")
                .is_empty()
        );
    }

    const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: r}\nspec: {selector: {app: r}, ports: [{port: 80}]}\n";
    const POD: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: r, labels: {app: r, version: v1}}\nspec: {containers: [{name: r, image: a}]}\n";

    fn rule(subset: &str, host: &str) -> String {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: r}}\nspec: {{host: {host}, subsets: [{{name: {subset}, labels: {{version: {subset}}}}}]}}\n"
        )
    }

    #[test]
    fn a_subset_needs_pods_of_the_host() {
        let with =
            |subset: &str, more: &str| messages(&RULE, &format!("{}{more}", rule(subset, "r")));
        let both = format!("{SERVICE}{POD}");
        assert!(with("v1", &both).is_empty());
        assert_eq!(
            with("v2", &both),
            [
                "subset `v2` of DestinationRule `r` is empty: no Pod of Service `r` has `version: v2`"
            ]
        );
        assert!(with("v2", SERVICE).is_empty(), "the workload is not in the project");
        assert!(with("v2", "").is_empty());
        let long = format!("{}{both}", rule("v2", "r.default.svc.cluster.local"));
        assert_eq!(messages(&RULE, &long).len(), 1);
    }

    #[test]
    fn pods_that_the_service_does_not_select_are_in_no_subset() {
        let service = SERVICE.replace("{app: r}", "{app: r, version: v1}");
        let second = POD.replace("name: r, labels", "name: s, labels").replace("v1}}", "v2}}");
        let text = format!("{}{service}{POD}{second}", rule("v2", "r"));
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].help.as_ref().is_some_and(|it| it.contains("select Pod `s` too")));
    }

    #[test]
    fn a_route_needs_a_subset_that_is_defined() {
        let route = |subset: &str| {
            virtual_service(&format!(
                "{{hosts: [r], http: [{{route: [{{destination: {{host: r, subset: {subset}}}}}]}}]}}"
            ))
        };
        let found = messages(&RULE, &format!("{}{}", route("v2"), rule("v1", "r")));
        assert_eq!(
            found,
            [
                "VirtualService `r` sends requests to subset `v2` of `r`, but DestinationRule `r` defines only `v1`"
            ]
        );
        assert!(messages(&RULE, &format!("{}{}", route("v1"), rule("v1", "r"))).is_empty());
        assert!(messages(&RULE, &route("v2")).is_empty(), "the rule may be elsewhere");
        assert!(messages(&RULE, &format!("{}{}", route("v2"), rule("v1", "other"))).is_empty());
    }
}
