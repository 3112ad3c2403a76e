use crate::facts::{
    Facts, KubeHost, KubeService, Workload, first_label, in_shell, namespace_option,
};
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
    /// ## When to ignore
    /// Where a subset stands ready for a version that is not deployed yet, and no traffic is sent to it.
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
    let namespace = namespace_option(object.meta.namespace.as_ref());
    format!(
        "kubectl get {kind} {name}{namespace} -o yaml",
        kind = in_shell(&kind),
        name = in_shell(name)
    )
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
        .cause_in_this_run(format!("{file} {name} {}", list(labels)))
        .also(&service.span(), format!("Service `{name}` selects {}", names(&pods)));
    let flag = pods.first().map(|it| it.namespace_flag().to_string()).unwrap_or_default();
    // Pods that have the labels and that the Service does not select would seem to refute the finding.
    finding.check(match unselected {
        Some(_) => format!(
            "kubectl get endpointslices{flag} -l kubernetes.io/service-name={} -o jsonpath='{{..targetRef.name}}'",
            in_shell(name)
        ),
        None => {
            let pairs = wanted.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
            format!("kubectl get pods{flag} -l {}", in_shell(&pairs.collect::<Vec<_>>().join(",")))
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
mod tests;
