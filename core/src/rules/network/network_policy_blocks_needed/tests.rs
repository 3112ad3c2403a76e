use super::RULE;
use crate::report::Severity;
use crate::rules::testing::{findings, messages};

fn pod(name: &str, more: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec: {{containers: [{{name: {name}, image: a{more}}}]}}\n"
    )
}

fn policy(spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\nspec: {{{spec}}}\n"
    )
}

fn egress(rules: &str) -> usize {
    let own = policy(&format!(
        "podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{rules}]"
    ));
    messages(&RULE, &format!("{}{own}", pod("web", ""))).len()
}

const DB: &str = "{to: [{podSelector: {matchLabels: {app: db}}}]}";
const PORTS: &str = "ports: [{port: 53, protocol: UDP}, {port: 53}]";

#[test]
fn dns_may_be_allowed_in_many_ways() {
    assert_eq!(egress(DB), 1);
    for allowed in [
        format!("{{{PORTS}}}"),
        "{}".to_owned(),
        "{to: [{namespaceSelector: {}}]}".to_owned(),
        "{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}".to_owned(),
        "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}".to_owned(),
        format!(
            "{{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}}}], {PORTS}}}"
        ),
        format!(
            "{{to: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {PORTS}}}"
        ),
        format!("{{to: [{{ipBlock: {{cidr: 10.96.0.10/32}}}}], {PORTS}}}"),
        "{ports: [{port: 1, endPort: 100, protocol: UDP}, {protocol: TCP}]}".to_owned(),
        "{ports: [{port: dns, protocol: UDP}, {port: dns-tcp, protocol: TCP}]}".to_owned(),
    ] {
        assert_eq!(egress(&format!("{DB}, {allowed}")), 0, "{allowed}");
    }
}

#[test]
fn what_does_not_reach_the_dns_servers() {
    for other in [
        "{ports: [{port: 443}]}".to_owned(),
        "{to: [{ipBlock: {cidr: 10.1.2.3/32}}]}".to_owned(),
        "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}]}"
            .to_owned(),
        format!("{{to: [{{podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {PORTS}}}"),
        format!(
            "{{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: shop}}}}}}], {PORTS}}}"
        ),
    ] {
        assert_eq!(egress(&format!("{DB}, {other}")), 1, "{other}");
    }
}

#[test]
fn one_protocol_is_not_enough() {
    let own = |protocol: &str| {
        policy(&format!(
            "podSelector: {{}}, policyTypes: [Egress], egress: [{{ports: [{{port: 53, protocol: {protocol}}}]}}]"
        ))
    };
    let severity = |protocol: &str| {
        findings(&RULE, &format!("{}{}", pod("web", ""), own(protocol)))[0].severity
    };
    assert_eq!(severity("UDP"), Severity::Info);
    assert_eq!(severity("TCP"), Severity::Warning);
}

#[test]
fn another_policy_may_allow_dns() {
    let deny = policy("podSelector: {}, policyTypes: [Egress]");
    let dns = policy(&format!("podSelector: {{}}, egress: [{{{PORTS}}}]"))
        .replace("name: p", "name: dns");
    let names = pod("web", ", env: [{name: URL, value: 'http://api:80'}]");
    assert_eq!(messages(&RULE, &format!("{names}{deny}")).len(), 1);
    assert_eq!(messages(&RULE, &format!("{names}{deny}{dns}")).len(), 0);
    let silent = pod("web", "");
    assert_eq!(messages(&RULE, &format!("{silent}{deny}")).len(), 0, "it names no host");
}

#[test]
fn other_policies_and_policies_of_nothing_are_silent() {
    let own = policy(&format!("podSelector: {{matchLabels: {{app: other}}}}, egress: [{DB}]"));
    assert!(messages(&RULE, &format!("{}{own}", pod("web", ""))).is_empty());
    let own = policy(&format!("podSelector: {{}}, egress: [{DB}]"));
    let cilium =
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c}\nspec: {}\n";
    assert_eq!(messages(&RULE, &format!("{}{own}", pod("web", ""))).len(), 1);
    assert!(messages(&RULE, &format!("{}{own}{cilium}", pod("web", ""))).is_empty());
    let calico = own.replace("networking.k8s.io/v1", "projectcalico.org/v3");
    assert!(messages(&RULE, &format!("{}{calico}", pod("web", ""))).is_empty());
    let ingress_only = policy("podSelector: {}, policyTypes: [Ingress], egress: []");
    assert!(messages(&RULE, &format!("{}{ingress_only}", pod("web", ""))).is_empty());
}

fn service(kind: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{{kind}selector: {{app: db}}, ports: [{{port: 80, targetPort: 5432}}]}}\n"
    )
}

fn ingress(rules: &str, more: &str) -> Vec<String> {
    let own = policy(&format!("podSelector: {{matchLabels: {{app: db}}}}, ingress: [{rules}]"));
    messages(&RULE, &format!("{}{own}{more}", pod("db", "")))
}

#[test]
fn a_client_that_names_the_service_must_get_through() {
    let client = pod("web", ", env: [{name: DB, value: 'http://db:80'}]");
    let both = format!("{}{client}", service(""));
    let web = "podSelector: {matchLabels: {app: web}}";
    assert_eq!(
        ingress("{from: [{podSelector: {matchLabels: {app: api}}}]}", &both),
        [
            "NetworkPolicy `p` does not let Pod `web` reach Pod `db` on port 5432, although it connects to Service `db`"
        ]
    );
    assert_eq!(ingress("", &both).len(), 1);
    assert_eq!(ingress(&format!("{{from: [{{{web}}}], ports: [{{port: 80}}]}}"), &both).len(), 1);
    for allowed in [
        format!("{{from: [{{{web}}}]}}"),
        format!("{{from: [{{{web}}}], ports: [{{port: 5432}}]}}"),
        "{}".to_owned(),
        "{from: []}".to_owned(),
        "{from: [{podSelector: {}}]}".to_owned(),
        "{from: [{namespaceSelector: {matchLabels: {team: a}}}]}".to_owned(),
        "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}".to_owned(),
    ] {
        assert!(ingress(&allowed, &both).is_empty(), "{allowed}");
    }
}

#[test]
fn a_label_that_no_pod_has_is_pointed_at() {
    let app = |name: &str, env: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{selector: {{matchLabels: {{service: {name}}}}}, template: {{metadata: {{labels: {{service: {name}}}}}, spec: {{containers: [{{name: c, image: a{env}}}]}}}}}}\n"
        )
    };
    let db = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {selector: {service: db}, ports: [{port: 5432}]}\n";
    let own = policy(
        "podSelector: {matchLabels: {service: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: shop}}}]}]",
    );
    let text = format!(
        "# file: k/kustomization.yaml\nlabels: [{{pairs: {{app: shop}}}}]\nresources: [all.yaml]\n# file: k/all.yaml\n{}{}{db}{own}",
        app("db", ""),
        app("web", ", env: [{name: DB, value: 'postgres://db:5432'}]"),
    );
    let found = findings(&RULE, &text);
    assert_eq!(found.len(), 1, "{found:?}");
    let length = (found[0].span.end - found[0].span.start) as usize;
    assert_eq!(length, "app: shop".len());
    assert!(found[0].help.as_ref().is_some_and(|it| it.contains("`includeTemplates: true`")));
    // The policy says nothing of a namespace.
    assert_eq!(found[0].check, ["kubectl describe networkpolicy p"]);
}

#[test]
fn one_policy_is_one_finding() {
    let own =
        policy("podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}]}]");
    let client = |name: &str| pod(name, ", env: [{name: DB, value: 'http://db:80'}]");
    let text = format!("{}{}{}{}{own}", pod("db", ""), service(""), client("web"), client("api"));
    let found = messages(&RULE, &text);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("; the same goes for `api`"), "{found:?}");
}

#[test]
fn a_policy_of_another_folder_may_not_be_meant() {
    let client = pod("web", ", env: [{name: DB, value: 'http://db:80'}]");
    let deny = policy("podSelector: {}, ingress: []");
    let app = format!("{}{}{client}", pod("db", ""), service(""));
    let count = |folder: &str| {
        messages(
            &RULE,
            &format!("# file: k8s/app/all.yaml\n{app}# file: {folder}/deny.yaml\n{deny}"),
        )
        .len()
    };
    assert_eq!(count("k8s/app"), 1);
    assert_eq!(count("k8s"), 1);
    assert_eq!(count("k8s/other"), 0, "no namespace is written");
}

#[test]
fn an_ingress_controller_comes_from_another_namespace() {
    let route = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: db, port: {number: 80}}}}]}}]}\n";
    let both = format!("{}{route}", service(""));
    let own = "{from: [{podSelector: {matchLabels: {app: web}}}]}";
    assert!(ingress(own, &both)[0].contains("does not let an ingress controller reach"));
    assert_eq!(ingress("{from: [{podSelector: {}}]}", &both).len(), 1);
    assert!(ingress("{from: [{namespaceSelector: {}}]}", &both).is_empty());
    let beside = "{from: [{podSelector: {matchLabels: {app: traefik}}}]}";
    assert!(ingress(beside, &both).is_empty());
    assert!(ingress(own, &service("")).is_empty(), "nothing routes to it");
}

#[test]
fn a_load_balancer_lets_in_who_is_outside() {
    let open = service("type: LoadBalancer, ");
    assert!(ingress("{from: [{namespaceSelector: {}}]}", &open)[0].contains("nobody outside"));
    assert!(ingress("{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}", &open).is_empty());
    assert!(ingress("{ports: [{port: 5432}]}", &open).is_empty());
}
