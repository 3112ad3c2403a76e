use crate::facts::{Facts, Part, Unit, Workload, in_shell, is_docker_socket};
use crate::knowledge::kube;
use crate::model::Str;
use crate::model::kubernetes::{SecurityContext, WorkloadKind, is_true};
use crate::report::{Finding, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A container has more power over its host than an application needs.
    ///
    /// ## Why it hurts
    /// A privileged container is one command away from being root on the host; with `SYS_ADMIN`,
    /// the host's processes or a disabled seccomp profile, it takes a few. A vulnerability in the
    /// application is then one in everything else that runs there.
    ///
    /// ## What helps
    /// Remove the setting and see what breaks, then add only the capability or device that the
    /// program needs.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{.HostConfig.Privileged}} {{.HostConfig.CapAdd}}' CONTAINER`
    /// shows what a container was given. In a cluster,
    /// `kubectl label --dry-run=server --overwrite ns NAMESPACE pod-security.kubernetes.io/enforce=restricted`
    /// lists every Pod that asks for too much.
    ///
    /// ## When to ignore
    /// Where the program is made to manage its host, as monitoring agents, VPNs and builders of images are,
    /// and is guarded like the host itself.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     privileged: true # <- service `web` is privileged, which means root on the host
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     cap_add: [SYS_ADMIN] # <- service `api` has the capability `SYS_ADMIN`, which is nearly root on the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     devices: ["/dev/ttyUSB0"]
    ///   api:
    ///     image: ghcr.io/acme/api:1.4.2
    ///     cap_add: [NET_BIND_SERVICE]
    /// ```
    PLM806 "excess-privilege" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        // Section 8 is about servers.
        if service.role == Role::Development {
            continue;
        }
        let model = service.model;
        // What only other files extend does not run.
        if model.image.is_none() && model.build.is_none() {
            continue;
        }
        let unit = &service.unit;
        let before = out.count();
        let ps = facts.compose(service, &format!("ps -q {}", in_shell(service.name)));
        let mut add = |span: Span, what: &str, setting: &str, soft: bool| {
            let command =
                format!("docker inspect --format '{{{{.HostConfig.{setting}}}}}' $({ps})");
            // The files of several variants give the same power to one service.
            report(unit, span, what, soft || is_agent(unit), out)
                .check(command)
                .cause(format!("{} {what}", service.name));
        };
        let socket = model
            .volumes
            .iter()
            .find(|it| it.source.as_ref().is_some_and(|source| is_docker_socket(source)));
        // With the socket as well, PLM308 reports both.
        if let Some(it) = model.privileged.filter(|it| it.value && socket.is_none()) {
            add(it.span, "is privileged, which means root on the host", "Privileged", false);
        }
        for capability in model.cap_add.iter().filter(|it| is_root_like(it)) {
            // A VPN loads its kernel module.
            let is_vpn = is_called(capability, "SYS_MODULE")
                && model.cap_add.iter().any(|it| is_called(it, "NET_ADMIN"));
            add(capability.span, &capability_words(capability), "CapAdd", is_vpn);
        }
        if let Some(pid) = model.pid.as_ref().filter(|it| it.value == "host") {
            add(pid.span, "can see and kill the host's processes", "PidMode", false);
        }
        for option in &model.security_opt {
            let (name, value) = option.split_once([':', '=']).unwrap_or((option, ""));
            if value == "unconfined" {
                let what = match name {
                    "systempaths" => "sees the paths of `/proc` and `/sys` that Docker hides from containers, and may write to them".to_owned(),
                    _ => format!("runs with its {name} profile disabled"),
                };
                add(option.span, &what, "SecurityOpt", false);
            }
        }
        if let Some(socket) = socket {
            for finding in out.since(before) {
                finding.also(
                    &socket.span,
                    "it mounts the Docker socket too: to take away only one of the two changes nothing",
                );
            }
        }
    }
    for workload in facts.workloads() {
        // Components of the cluster itself need these powers.
        let spared = || kube::is_system_namespace(workload.namespace) || is_node_agent(workload);
        if facts.workload_role(workload) == Role::Development {
            continue;
        }
        let before = out.count();
        pod(workload, &spared, out);
        for (unit, container) in workload.containers() {
            if let Some(context) = &container.security {
                security(unit, context, &spared, out);
            }
        }
        let (flag, reference) = (workload.namespace_flag(), workload.reference());
        for finding in out.since(before) {
            finding.check(format!(
                "kubectl get{flag} {reference} -o jsonpath='{{..securityContext}}'"
            ));
        }
    }
}

fn pod(workload: &Workload<'_>, spared: &dyn Fn() -> bool, out: &mut Findings) {
    let spec = &workload.model.template.spec;
    if let Some(it) = spec.host_pid.filter(|it| it.value && !spared()) {
        out.at(&it.span, format!("{} can see and kill the node's processes", workload.label));
    }
    if let Some(context) = &spec.security {
        for (profile, what) in PROFILES {
            // The profile of a container comes before that of its Pod.
            let is_used = spec.containers.iter().any(|container| {
                container.security.as_ref().is_none_or(|it| profile(it).is_none())
            });
            if let Some(it) = profile(context).filter(|it| it.value == "Unconfined" && is_used)
                && !spared()
            {
                out.at(&it.span, format!("{} {what}", workload.label));
            }
        }
    }
    if let Some(user) =
        spec.security.as_ref().and_then(|it| it.run_as_user).filter(|it| it.value == 0)
    {
        let overridden = spec.containers.iter().all(|container| {
            let user = container.security.as_ref().and_then(|it| it.run_as_user);
            user.is_some_and(|it| it.value != 0)
        });
        if !overridden && !spared() {
            out.at(&user.span, format!("{} is configured to run as root", workload.label));
        }
    }
}

fn security(
    unit: &Unit<'_>,
    context: &SecurityContext,
    spared: &dyn Fn() -> bool,
    out: &mut Findings,
) {
    // An init container that sets a kernel parameter ends at once.
    let add = |span: Span, what: &str, out: &mut Findings| {
        let agent = is_agent(unit) || unit.part == Part::Init;
        if !spared() {
            report(unit, span, what, agent, out);
        }
    };
    if let Some(it) = context.privileged.filter(|it| it.value) {
        add(it.span, "is privileged, which means root on the node", out);
        return;
    }
    for capability in context.capabilities_add.iter().filter(|it| is_root_like(it)) {
        add(capability.span, &capability_words(capability), out);
    }
    if is_true(context.allow_privilege_escalation)
        && let Some(it) = context.allow_privilege_escalation
        && !spared()
    {
        // Kubernetes assumes it where nothing is said.
        let finding =
            report(unit, it.span, "may gain more privileges than it starts with", true, out);
        finding.cause("allowPrivilegeEscalation").why(ESCALATION);
    }
    if let Some(it) = context.run_as_user.filter(|it| it.value == 0)
        && unit.part != Part::Init
    {
        add(it.span, "is configured to run as root", out);
    }
    for (profile, what) in PROFILES {
        if let Some(it) = profile(context).filter(|it| it.value == "Unconfined") {
            add(it.span, what, out);
        }
    }
}

/// Reads a profile of a security context.
type Profile = fn(&SecurityContext) -> Option<&Str>;

/// The profiles that can be switched off, with what is then so.
const PROFILES: [(Profile, &str); 2] = [
    (|it| it.seccomp.as_ref(), "runs without a seccomp profile"),
    (|it| it.apparmor.as_ref(), "runs without an AppArmor profile"),
];

fn report<'f>(
    unit: &Unit<'_>,
    span: Span,
    what: &str,
    soft: bool,
    out: &'f mut Findings,
) -> &'f mut Finding {
    let finding = out.at(&span, format!("{} {what}", unit.label));
    if soft {
        finding.severity(Severity::Info);
    }
    finding
}

/// Why the permission to escalate matters, which is less than what privileges on the node are.
const ESCALATION: &str = "A program in the container that is set to run as root, such as `sudo`, gives root to every process that starts it. That is root inside the container only, and Kubernetes allows it by default; `allowPrivilegeEscalation: false` forbids it, and most servers do not need it.";

fn is_root_like(capability: &str) -> bool {
    ["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH"]
        .iter()
        .any(|name| is_called(capability, name))
}

/// Whether a capability has a name, which Docker and containerd read in small letters and without `CAP_` too.
fn is_called(capability: &str, name: &str) -> bool {
    let written = capability.to_ascii_uppercase();
    written.strip_prefix("CAP_").unwrap_or(&written) == name
}

fn capability_words(capability: &str) -> String {
    if is_called(capability, "ALL") {
        "has every capability, which means root on the host".to_owned()
    } else {
        format!("has the capability `{capability}`, which is nearly root on the host")
    }
}

fn is_node_agent(workload: &Workload<'_>) -> bool {
    let by_image = |unit: &Unit<'_>| {
        unit.image.as_ref().is_some_and(|image| {
            let name = image.repository.as_str();
            kube::is_node_agent(name) || name.contains("/csi") || name.contains("sig-storage")
        })
    };
    workload.kind() == WorkloadKind::DaemonSet
        || kube::is_node_agent(workload.name)
        || workload.units.iter().any(by_image)
}

/// Whether a program is made to look into its host, or to run containers of its own.
fn is_agent(unit: &Unit<'_>) -> bool {
    let tag = unit.image.as_ref().and_then(|it| it.tag).unwrap_or_default();
    let last = unit.program();
    let inside = last == "dind" || (last == "docker" && tag.contains("dind"));
    let tool = matches!(
        last,
        "buildkit"
            | "cadvisor"
            | "kind"
            | "k3s"
            | "tailscale"
            | "wireguard"
            | "home-assistant"
            // A server in the kernel.
            | "volume-nfs"
            | "nfs-server"
            | "nfs-server-alpine"
    );
    kube::is_node_agent(last) || inside || tool
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn the_socket_beside_it_is_left_to_its_own_rule() {
        let with = |setting: &str, volume: &str| {
            let text = format!(
                "services: {{ a: {{ image: 'a:1', {setting}, volumes: ['{volume}'] }} }}\n"
            );
            findings(&RULE, &text).iter().map(|it| it.related.len()).collect::<Vec<_>>()
        };
        let socket = "/var/run/docker.sock:/var/run/docker.sock";
        assert_eq!(with("privileged: true", socket), [0; 0]);
        assert_eq!(with("privileged: true", "data:/data"), [0]);
        assert_eq!(with("cap_add: [SYS_ADMIN]", socket), [1]);
    }

    #[test]
    fn the_files_of_one_application_are_one_finding() {
        let file = |path: &str| {
            format!("# file: {path}\nservices: {{ a: {{ image: 'a:1', privileged: true }} }}\n")
        };
        let found = findings(&RULE, &[file("compose.yaml"), file("compose.full.yaml")].concat());
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].check,
            ["docker inspect --format '{{.HostConfig.Privileged}}' $(docker compose ps -q a)"]
        );
    }

    #[test]
    fn a_server_in_the_kernel_needs_its_powers() {
        let text =
            "services: { nfs: { image: 'registry.k8s.io/volume-nfs:0.8', privileged: true } }\n";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "info");
    }

    fn service(body: &str) -> usize {
        messages(&RULE, &format!("services: {{ a: {{ image: 'a:1', {body} }} }}\n")).len()
    }

    fn pod(kind: &str, namespace: &str, spec: &str, context: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{ name: a, namespace: {namespace} }}\nspec:\n  template:\n    \
             spec: {{ {spec} containers: [{{ name: a, image: 'a:1', securityContext: {{ {context} }} }}] }}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn every_way_to_be_root() {
        for capability in ["ALL", "all", "SYS_ADMIN", "sys_admin", "CAP_SYS_ADMIN"] {
            assert_eq!(service(&format!("cap_add: [{capability}]")), 1, "{capability}");
        }
        assert_eq!(service("privileged: true"), 1);
        assert_eq!(service("pid: host"), 1);
        assert_eq!(service("security_opt: ['seccomp:unconfined', 'apparmor=unconfined']"), 2);
        for context in [
            "privileged: true",
            "capabilities: { add: [SYS_ADMIN] }",
            "capabilities: { add: [all] }",
            "seccompProfile: { type: Unconfined }",
            "appArmorProfile: { type: Unconfined }",
            "allowPrivilegeEscalation: true",
            "runAsUser: 0",
        ] {
            assert_eq!(pod("Deployment", "shop", "", context), 1, "{context}");
        }
        assert_eq!(pod("Deployment", "shop", "hostPID: true,", ""), 1);
        assert_eq!(pod("Deployment", "shop", "securityContext: { runAsUser: 0 },", ""), 1);
    }

    #[test]
    fn the_profile_of_a_container_comes_before_that_of_its_pod() {
        for profile in ["seccompProfile", "appArmorProfile"] {
            let of_pod = format!("securityContext: {{ {profile}: {{ type: Unconfined }} }},");
            assert_eq!(pod("Deployment", "shop", &of_pod, ""), 1, "{profile}");
            let own = format!("{profile}: {{ type: RuntimeDefault }}");
            assert_eq!(pod("Deployment", "shop", &of_pod, &own), 0, "{profile}");
            assert_eq!(pod("Deployment", "shop", "", &own), 0, "{profile}");
        }
    }

    #[test]
    fn development_is_silent() {
        for setting in ["privileged: true", "cap_add: [SYS_ADMIN]", "pid: host"] {
            let text = format!("services: {{ a: {{ image: 'a:1', {setting} }} }}\n");
            assert_eq!(messages(&RULE, &text).len(), 1, "{setting}");
            let dev = format!("# file: compose.dev.yaml\n{text}");
            assert!(messages(&RULE, &dev).is_empty(), "{setting}");
        }
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: 'a:1', securityContext: { privileged: true } }] }\n";
        assert_eq!(messages(&RULE, &format!("# file: k8s/pod.yaml\n{pod}")).len(), 1);
        assert!(messages(&RULE, &format!("# file: overlays/dev/pod.yaml\n{pod}")).is_empty());
    }

    #[test]
    fn unmasked_paths_are_no_profile() {
        let text = "services: { a: { image: 'a:1', security_opt: ['systempaths=unconfined'] } }\n";
        assert_eq!(
            messages(&RULE, text),
            [
                "service `a` sees the paths of `/proc` and `/sys` that Docker hides from containers, and may write to them"
            ]
        );
    }

    #[test]
    fn a_fragment_to_be_extended_runs_nothing() {
        let text =
            "# file: hwaccel.yml\nservices: { gpu: { security_opt: ['seccomp:unconfined'] } }\n";
        assert!(messages(&RULE, text).is_empty());
        let used = format!(
            "# file: compose.yaml\nservices: {{ a: {{ image: 'a:1', extends: {{ file: hwaccel.yml, service: gpu }} }} }}\n{text}"
        );
        assert_eq!(messages(&RULE, &used).len(), 1);
    }

    #[test]
    fn usual_rights_agents_and_components_of_the_cluster_are_silent() {
        assert_eq!(service("cap_add: [NET_ADMIN, NET_BIND_SERVICE]"), 0);
        assert_eq!(service("security_opt: ['no-new-privileges:true']"), 0);
        assert_eq!(service("privileged: false"), 0);
        assert_eq!(pod("DaemonSet", "shop", "", "privileged: true"), 0);
        assert_eq!(pod("Deployment", "kube-system", "", "privileged: true"), 0);
        assert_eq!(
            pod("Deployment", "shop", "securityContext: { runAsUser: 0 },", "runAsUser: 1000"),
            0
        );
    }

    #[test]
    fn what_is_assumed_anyway_and_what_a_vpn_needs_are_informations() {
        let pod = |setting: &str| {
            let container = |name: &str| {
                format!("{{name: {name}, image: 'acme/web:1', securityContext: {{{setting}}}}}")
            };
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{}, {}]}}\n",
                container("a"),
                container("b")
            );
            findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(pod("allowPrivilegeEscalation: true"), ["info"]);
        assert_eq!(pod("privileged: true"), ["warning", "warning"]);
        let service = |capabilities: &str| {
            let text = format!("services: {{a: {{image: 'a:1', cap_add: [{capabilities}]}}}}\n");
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(service("NET_ADMIN, SYS_MODULE"), "info");
        assert_eq!(service("SYS_MODULE"), "warning");
    }

    #[test]
    fn docker_in_docker_is_only_an_info() {
        let text = "services: { d: { image: 'docker:27-dind', privileged: true } }\n";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "info");
    }

    #[test]
    fn jobs_and_init_containers_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', securityContext: {privileged: true}}]}}}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', securityContext: {privileged: false}}]}}}}}\n"
            ),
            0
        );
    }
}
