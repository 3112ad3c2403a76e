use crate::facts::{Caller, Callers, Facts, KubeHost, KubeService, Part, Workload, common_folder};
use crate::report::{Confidence, Findings, Fix};
use crate::rules::rule;
use crate::text::{FileId, folder_of};
use std::cell::OnceCell;

rule! {
    /// A short host name is used for a Service in another namespace.
    ///
    /// ## Why it hurts
    /// A name without dots is looked up only in the Pod's own namespace. The Service exists, yet
    /// its name does not resolve. A Service in another folder, beside that of the workload, is not meant
    /// where somebody in that folder uses it: it belongs to another application.
    ///
    /// ## What helps
    /// Add the namespace to the name: `redis.data`, or `redis.data.svc.cluster.local` in full.
    ///
    /// ## How to troubleshoot
    /// `kubectl get svc -A` shows which namespace the Service is in. From the Pod, a lookup of the
    /// long name works while the short one fails.
    ///
    /// ## When to ignore
    /// Where a Service of the same name comes into this namespace from elsewhere.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: redis, namespace: data }
    /// spec: { selector: { app: redis }, ports: [{ port: 6379 }] }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web, namespace: shop }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           env:
    ///             - name: REDIS_URL
    ///               value: redis://redis:6379/0 # <- `REDIS_URL` names `redis`, but Service `redis` is in namespace `data`, not in `shop`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: redis, namespace: data }
    /// spec: { selector: { app: redis }, ports: [{ port: 6379 }] }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web, namespace: shop }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           env:
    ///             - name: REDIS_URL
    ///               value: redis://redis.data:6379/0
    /// ```
    PLM407 "cross-namespace-short-name" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let callers = OnceCell::new();
    for workload in facts.workloads() {
        // A workload without a namespace in its file may be applied to any namespace.
        let Some(home) = &workload.object.meta.namespace else { continue };
        for unit in &workload.units {
            for mention in facts.peers(unit) {
                // PLM109 reports what an init container waits for.
                let waits = unit.part == Part::Init && mention.key.is_none();
                let meant = facts.kube_host(workload.object.file, home, mention.host);
                let KubeHost::OtherNamespace(service) = meant else { continue };
                let Some(namespace) = service.object.meta.namespace.as_ref().filter(|_| !waits)
                else {
                    continue;
                };
                let callers = callers.get_or_init(|| facts.callers());
                if is_of_another_application(facts, workload, service, callers) {
                    continue;
                }
                let host = mention.host;
                let finding = out.at(
                    &mention.host_span,
                    format!(
                        "{} names `{host}`, but Service `{host}` is in namespace `{namespace}`, not in `{home}`",
                        mention.place()
                    ),
                );
                finding
                    .also(&service.span(), format!("Service `{host}` in namespace `{namespace}`"))
                    .check(facts.resolve(unit, &format!("{host}.{namespace}")));
                let file = workload.object.file;
                if facts.services_from_elsewhere(file) || facts.operator_may_make(file, host) {
                    finding.confidence(Confidence::Likely);
                }
                let span = mention.host_span;
                let alone = facts.services_named(file, host).count() == 1;
                if alone && facts.written(&span) == host {
                    let long = format!("{host}.{namespace}");
                    let edit = facts.replace(&span, &long);
                    finding.fix(Fix::r#unsafe(format!("Use the name `{long}`"), [edit]));
                }
            }
        }
    }
}

/// Whether a Service lies in another folder than a workload, side by side, and has a client there: each of the two
/// folders holds an application with what it needs.
fn is_of_another_application<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    service: &KubeService<'a>,
    callers: &Callers<'_, 'a>,
) -> bool {
    let folder = |file: FileId| folder_of(facts.file(file).path());
    let (here, there) = (folder(workload.object.file), folder(service.object.file));
    let common = common_folder([here, there].into_iter());
    let below = |folder: &'a str| {
        let rest = folder[common.len()..].trim_start_matches('/');
        rest.split('/').next().unwrap_or_default()
    };
    let (own, others) = (below(here), below(there));
    let is_there = |file: FileId| {
        let folder = folder(file);
        let is_inside = folder.starts_with(common) && folder.len() > common.len();
        is_inside && below(folder) == others
    };
    let known = callers.get(&service.index).into_iter().flatten();
    let mut clients = known.filter_map(|it| match it {
        Caller::Client { from, .. } => Some(from),
        Caller::Route(..) | Caller::Outside(_) => None,
    });
    !own.is_empty()
        && !others.is_empty()
        && clients.any(|it| it.namespace == service.namespace && is_there(it.object.file))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(namespace: &str, host: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: redis, namespace: data}}\nspec: {{ports: [{{port: 6379}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web{namespace}}}\nspec: {{containers: [{{name: web, image: 'a/b:1', env: [{{name: U, value: 'redis://{host}:6379'}}]}}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_long_name_and_an_unknown_namespace_are_silent() {
        assert_eq!(pod(", namespace: shop", "redis"), 1);
        assert_eq!(pod(", namespace: shop", "redis.data"), 0);
        assert_eq!(pod(", namespace: data", "redis"), 0);
        assert_eq!(pod("", "redis"), 0);
        assert_eq!(pod(", namespace: shop", "redis.data.svc.cluster.local"), 0);
        assert_eq!(pod(", namespace: shop", "cache"), 0);
    }

    #[test]
    fn the_namespace_default_is_one_like_others_where_it_is_written() {
        let found = |namespace: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: redis{namespace}}}\nspec: {{ports: [{{port: 6379}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec: {{containers: [{{name: web, image: 'a/b:1', env: [{{name: U, value: 'redis://redis:6379'}}]}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!((found(", namespace: default"), found("")), (1, 0));
    }

    #[test]
    fn every_place_that_names_a_host_is_read() {
        let count = |container: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: redis, namespace: data}}\nspec: {{ports: [{{port: 6379}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: shop}}\ndata: {{REDIS_HOST: redis}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec: {{containers: [{{name: web, image: 'a/b:1', {container}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        for container in [
            "env: [{name: REDIS_HOST, value: redis}]",
            "envFrom: [{configMapRef: {name: c}}]",
            "args: ['--redis=redis:6379']",
            "command: [sh, -c, 'serve redis://redis:6379']",
        ] {
            assert_eq!(count(container), 1, "{container}");
        }
    }

    #[test]
    fn a_service_of_another_application_is_not_meant() {
        let said = |data: &str, client: &str| {
            let pod = |name: &str, namespace: &str| {
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{containers: [{{name: c, image: 'a/b:1', env: [{{name: U, value: 'redis://redis:6379'}}]}}]}}\n"
                )
            };
            let text = format!(
                "# file: k8s/shop/web.yaml\n{}# file: k8s/{data}/redis.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: redis, namespace: blog}}\nspec: {{ports: [{{port: 6379}}]}}\n# file: k8s/{client}/web.yaml\n{}",
                pod("web", "shop"),
                pod("blog", "blog")
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(said("blog", "blog"), 0);
        // What has no client beside it may be there for all.
        assert_eq!(said("data", "blog"), 1);
        assert_eq!(said("shop", "blog"), 1);
    }

    #[test]
    fn the_fix_writes_the_namespace() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: redis, namespace: data}\nspec: {ports: [{port: 6379}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: web, image: 'a/b:1', env: [{name: REDIS_HOST, value: redis}]}]}\n";
        let found = crate::rules::testing::findings(&RULE, text);
        assert_eq!(found[0].fixes[0].edits[0].text, "redis.data");
    }

    #[test]
    fn a_host_behind_an_option_of_the_arguments_is_read() {
        let with = |args: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: db, namespace: data}}\nspec: {{selector: {{app: db}}, ports: [{{port: 5432}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: shop}}\nspec: {{containers: [{{name: c, image: 'acme/web:1', args: {args}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with("[--db-host, db]"), 1);
        assert_eq!(with("[--db-host, db.data]"), 0);
        assert_eq!(with("[--db-name, db]"), 0);
    }

    #[test]
    fn jobs_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: data}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, namespace: shop}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', env: [{name: DB_HOST, value: db}]}]}}}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: data}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, namespace: shop}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', env: [{name: DB_HOST, value: db.data}]}]}}}}}\n"
            ),
            0
        );
    }
}
