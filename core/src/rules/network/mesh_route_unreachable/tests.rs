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
        let found = mesh(&format!("{{{every}{TO}}}, {{match: [{{uri: {{prefix: /b}}}}], {TO}}}"));
        assert_eq!(
            found,
            ["rule 2 of VirtualService `r` is never reached: rule 1 matches every request"],
            "{every}"
        );
    }
    let three = mesh(&format!("{{name: all, {TO}}}, {{{TO}}}, {{{TO}}}"));
    assert_eq!(
        three,
        ["rules 2 to 3 of VirtualService `r` are never reached: rule `all` matches every request"]
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
    let two = "route: [{destination: {host: a}, weight: 9}, {destination: {host: b}, weight: 1}]";
    assert!(mesh(&format!("{{{two}}}")).is_empty(), "they need not add up to 100");
    let one = |weight: u8| format!("{{route: [{{destination: {{host: a}}, weight: {weight}}}]}}");
    assert_eq!(
        mesh(&one(10)),
        [
            "weight 10 of `a` in VirtualService `r` has no effect: the only destination of a rule receives everything"
        ]
    );
    let whole = findings(&RULE, &virtual_service(&format!("{{hosts: [r], http: [{}]}}", one(100))));
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
    let with = |subset: &str, more: &str| messages(&RULE, &format!("{}{more}", rule(subset, "r")));
    let both = format!("{SERVICE}{POD}");
    assert!(with("v1", &both).is_empty());
    assert_eq!(
        with("v2", &both),
        ["subset `v2` of DestinationRule `r` is empty: no Pod of Service `r` has `version: v2`"]
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
