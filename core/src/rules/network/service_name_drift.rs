use crate::facts::{
    Counterpart, Facts, KubeHost, KubeService, Mention, Part, Service, Workload, in_shell,
};
use crate::report::{Confidence, Findings, Fix, Role, Severity};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// A dependency's name in Compose is not the name of its Service in the cluster.
    ///
    /// ## Why it hurts
    /// In Compose, the name of every service is a host name; in a cluster, only the names of
    /// Services resolve. The program starts, but every lookup fails with "no such host".
    ///
    /// ## What helps
    /// Give the Service the name of the Compose service, or set the variable to the Service's name
    /// in the cluster.
    ///
    /// ## How to troubleshoot
    /// `kubectl exec POD -- getent hosts NAME` prints nothing; `kubectl get svc` lists the names
    /// that do resolve.
    ///
    /// ## When to ignore
    /// Where the value is replaced when the manifests are applied, by a tool that these files do not
    /// show.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_HOST: db
    ///   db:
    ///     image: postgres:17
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           env:
    ///             - name: DATABASE_HOST
    ///               value: db # <- `DATABASE_HOST` names `db`, as in Compose, but in the cluster that is Service `postgres`
    /// ```
    /// ```yaml file=k8s/postgres.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: postgres }
    /// spec:
    ///   selector: { app: postgres }
    ///   ports: [{ port: 5432 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: postgres }
    /// spec:
    ///   serviceName: postgres
    ///   selector: { matchLabels: { app: postgres } }
    ///   template:
    ///     metadata: { labels: { app: postgres } }
    ///     spec:
    ///       containers: [{ name: postgres, image: "postgres:17" }]
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_HOST: db
    ///   db:
    ///     image: postgres:17
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           env:
    ///             - name: DATABASE_HOST
    ///               value: postgres
    /// ```
    /// ```yaml file=k8s/postgres.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: postgres }
    /// spec:
    ///   selector: { app: postgres }
    ///   ports: [{ port: 5432 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: postgres }
    /// spec:
    ///   serviceName: postgres
    ///   selector: { matchLabels: { app: postgres } }
    ///   template:
    ///     metadata: { labels: { app: postgres } }
    ///     spec:
    ///       containers: [{ name: postgres, image: "postgres:17" }]
    /// ```
    PLM418 "service-name-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let used: FxHashSet<(usize, &str)> = facts
        .workloads()
        .iter()
        .flat_map(|workload| {
            let part = facts.part_of(workload.object.file);
            let mentions = workload.units.iter().flat_map(|unit| facts.mentions(unit));
            mentions.map(move |mention| (part, mention.host))
        })
        .collect();
    for pair in facts.counterparts() {
        let (service, workload, _) = facts.pair(pair);
        let home = workload.object.file;
        for unit in &workload.units {
            for mention in facts.peers(unit) {
                // PLM109 reports what an init container waits for in vain.
                let waits = unit.part == Part::Init && mention.key.is_none();
                if waits && facts.is_unknown_service(home, workload.namespace, mention.host) {
                    continue;
                }
                if let Some((on, named)) = facts.drifted(service, workload, mention) {
                    report(facts, out, workload, mention, on, named);
                }
            }
        }
        absent(facts, out, pair, &used);
    }
}

fn report(
    facts: &Facts,
    out: &mut Findings,
    workload: &Workload<'_>,
    mention: &Mention<'_>,
    on: &Service<'_>,
    named: &KubeService<'_>,
) {
    let place = mention.place();
    let reach = if named.namespace == workload.namespace {
        named.name.to_owned()
    } else {
        format!("{}.{}", named.name, named.namespace)
    };
    let finding = out.at(
        &mention.host_span,
        format!(
            "{place} names `{}`, as in Compose, but in the cluster that is Service `{reach}`",
            mention.host
        ),
    );
    finding
        .also(&on.span(), format!("service `{}` in Compose", on.name))
        .also(&named.span(), format!("its Service in the cluster is `{}`", named.name))
        .check(format!(
            "kubectl get svc{} {} {}",
            workload.namespace_flag(),
            in_shell(mention.host),
            in_shell(named.name)
        ));
    if facts.written(&mention.host_span) == mention.host {
        let edit = facts.replace(&mention.host_span, &reach);
        finding.fix(Fix::r#unsafe(format!("Use the name `{reach}`"), [edit]));
    }
}

/// Reports variables that Compose sets and the container in the cluster does not get at all: the
/// default in the image then applies, and that is usually the name in Compose where something else in the
/// cluster names that too. Where nothing does, PLM506 says which variables are missing.
fn absent(facts: &Facts, out: &mut Findings, pair: &Counterpart, used: &FxHashSet<(usize, &str)>) {
    let (service, workload, unit) = facts.pair(pair);
    let part = facts.part_of(workload.object.file);
    let crate::facts::Site::Container(_, at) = unit.site else { return };
    let container = workload.container(at);
    // A source in `envFrom` may set the variable.
    if !container.env_from.is_empty() {
        return;
    }
    for mention in facts.peers(&service.unit) {
        let Some(key) = mention.key.filter(|it| unit.var(it).is_none()) else { continue };
        if !used.contains(&(part, mention.host)) {
            continue;
        }
        let meant = facts.kube_host(workload.object.file, workload.namespace, mention.host);
        let missing = matches!(meant, KubeHost::Missing);
        let Some(on) = facts.compose_host(service, mention.host) else { continue };
        let services = facts.cluster_services(on);
        let Some(named) = services.first().filter(|_| missing && on.index != service.index) else {
            continue;
        };
        let finding = out.at(
            &container.span(),
            format!(
                "{} does not set `{key}`, which names `{}` in Compose; in the cluster that is Service `{}`",
                unit.label,
                mention.host,
                named.name
            ),
        );
        finding
            .also(&mention.span, format!("Compose sets `{key}` here"))
            .also(&named.span(), format!("its Service in the cluster is `{}`", named.name))
            .confidence(Confidence::Likely)
            .check(facts.show_variable(unit, key));
        if service.role == Role::Development {
            finding.severity(Severity::Info);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn sides(cluster: &str, service: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "# file: compose.yaml\nservices:\n  web: {{image: 'acme/web:1', environment: {{REDIS_URL: 'redis://cache:6379/0'}}}}\n  cache: {{image: 'redis:8'}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', {cluster}}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: redis, labels: {{app: redis}}}}\nspec: {{containers: [{{name: redis, image: 'redis:8'}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {service}}}\nspec: {{selector: {{app: redis}}, ports: [{{port: 6379}}]}}\n"
            ),
        )
    }

    #[test]
    fn a_variable_with_the_name_in_the_cluster_is_silent() {
        let env = |value: &str| format!("env: [{{name: REDIS_URL, value: 'redis://{value}/0'}}]");
        assert_eq!(sides(&env("cache"), "redis").len(), 1);
        assert!(sides(&env("redis"), "redis").is_empty());
        assert!(sides(&env("cache"), "cache").is_empty());
        let secret = "env: [{name: REDIS_URL, valueFrom: {secretKeyRef: {name: s, key: u}}}]";
        assert!(sides(secret, "redis").is_empty());
        assert!(sides("envFrom: [{secretRef: {name: s}}]", "redis").is_empty());
    }

    #[test]
    fn a_variable_that_is_left_out_falls_back_to_the_image() {
        // Another container of the Pod names the host, and so shows that the name from Compose is in use.
        let names = "tty: false}, {name: sidecar, image: 'acme/sidecar:1', env: [{name: CACHE_URL, value: 'redis://cache:6379'}]";
        let absent = |found: Vec<String>| {
            found.iter().filter(|it| it.contains("does not set `REDIS_URL`")).count()
        };
        assert_eq!(absent(sides(names, "redis")), 1);
        assert_eq!(absent(sides(names, "cache")), 0);
        assert_eq!(absent(sides("tty: false", "redis")), 0, "nothing in the cluster uses the name");
    }
}
