use crate::edit::Yaml;
use crate::facts::{Facts, Named, Workload, hook, in_shell, sync_wave};
use crate::model::kubernetes::WorkloadKind;
use crate::report::{Confidence, Edit, Findings, Fix, Kind};
use crate::rules::rule;

rule! {
    /// A migration Job is applied together with the application, and nothing says which comes first.
    ///
    /// ## Why it hurts
    /// `kubectl apply` and a sync without hooks create everything at once. The new Pods start while the
    /// schema is still the old one; whether they survive depends on who is faster.
    ///
    /// ## What helps
    /// Make the Job a hook before the rollout (`argocd.argoproj.io/hook: PreSync`,
    /// `helm.sh/hook: pre-install,pre-upgrade`), give it an earlier sync wave, or apply it alone and wait
    /// for it with `kubectl wait --for=condition=complete` before the rest is applied.
    ///
    /// ## How to troubleshoot
    /// `kubectl get job,pod --sort-by=.metadata.creationTimestamp` shows that both were created in the
    /// same moment.
    ///
    /// ## When to ignore
    /// Where each schema fits the code before and after it, or where the pipeline applies the Job first.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate # <- Job `migrate` and Deployment `web` are applied at the same time, so `web` may start before the migration is complete
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations: { argocd.argoproj.io/hook: PreSync }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM205 "migration-job-unordered" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for job in facts.workloads().iter().filter(|it| it.kind() == WorkloadKind::Job) {
        let meta = &job.object.meta;
        // A Job with a generated name is created by somebody at a time of their choice, and not applied.
        let Some(name) = &meta.name else { continue };
        if hook(meta).is_some() || !facts.workload_migrates(job) || is_run_by_pipeline(facts, job) {
            continue;
        }
        let wave = |it: &Workload<'_>| sync_wave(&it.object.meta).map_or(0, |(wave, _)| wave);
        let apps = facts.apps_on_schema_of(job);
        // An init container that fails while a migration is missing waits for this one too.
        let waits = |it: &Workload<'_>| facts.awaits(it, job) || facts.waits_for_migrations(it);
        let mut unordered = apps.iter().filter(|it| wave(job) == wave(it) && !waits(it));
        let Some(app) = unordered.next() else { continue };
        let finding = out.at(
            &name.span,
            format!(
                "{} and {} are applied at the same time, so `{}` may start before the migration is complete",
                job.label, app.label, app.name
            ),
        );
        finding
            .confidence(Confidence::Likely)
            .also(&app.span(), format!("{} needs the schema", app.label));
        for other in unordered {
            finding.also(&other.span(), format!("so does {}", other.label));
        }
        finding.check(format!(
            "kubectl wait{} --for=condition=complete job/{name} --timeout=5m",
            job.namespace_flag(),
            name = in_shell(name)
        ));
        finding.maybe_fix(as_hook(facts, job).map(|edit| {
            Fix::r#unsafe("Let Argo CD run the Job before the rest (`PreSync`)", [edit])
        }));
    }
}

/// Makes the Job a hook, unless the hook would need objects that are applied only after it.
fn as_hook(facts: &Facts<'_>, job: &Workload<'_>) -> Option<Edit> {
    let (home, namespace) = (job.object.file, job.namespace);
    let is_defined = |(kind, name): &(Named, &crate::model::Str)| {
        facts.named(*kind, home, namespace, name).is_some()
    };
    if job.needs().iter().any(is_defined) {
        return None;
    }
    let meta = &job.object.meta;
    let hook = ("argocd.argoproj.io/hook", Yaml::str("PreSync"));
    match &meta.annotations_place {
        Some(place) => facts.insert_entry(place, hook.0, &hook.1),
        None => facts.insert_entry(meta.place.as_ref()?, "annotations", &Yaml::map([hook])),
    }
}

/// Whether a pipeline or a script of the project runs the Job by name, or a comment at the Job says so.
fn is_run_by_pipeline(facts: &Facts<'_>, job: &Workload<'_>) -> bool {
    let text = facts.written(&job.object.span);
    let before = facts.file(job.object.file).text();
    let head = before.get(..job.object.span.start as usize).unwrap_or_default();
    let head = head.rsplit("\n---").next().unwrap_or_default();
    let is_note = |line: &str| {
        let Some((_, comment)) = line.split_once('#') else { return false };
        let mut words = comment.split(|it: char| !it.is_ascii_alphanumeric());
        words.any(|word| {
            let word = word.to_ascii_lowercase();
            matches!(word.as_str(), "ci" | "cd" | "pipeline" | "workflow" | "jenkins")
        })
    };
    if head.lines().chain(text.lines()).any(is_note) {
        return true;
    }
    let by_name = [format!("job/{}", job.name), format!("jobs/{}", job.name)];
    facts.files().iter().any(|file| {
        file.kind != Kind::Kubernetes
            && facts.same_part(file.id, job.object.file)
            && by_name.iter().any(|it| file.text().contains(it))
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{files, messages, run};

    fn job(meta: &str) -> String {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{{meta}}}\nspec: {{template: {{spec: {{containers: [{{name: m, image: 'acme/web:1', args: [flyway, migrate]}}]}}}}}}\n"
        )
    }

    fn app(meta: &str, spec: &str) -> String {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web{meta}}}\nspec: {{template: {{metadata: {{labels: {{app: web}}}}, spec: {{{spec}}}}}}}\n"
        )
    }

    const WEB: &str = "containers: [{name: web, image: 'acme/web:1'}]";

    #[test]
    fn hooks_waves_and_generated_names_are_silent() {
        let with = |meta: &str| messages(&RULE, &format!("{}{}", job(meta), app("", WEB))).len();
        assert_eq!(with("name: m"), 1);
        assert_eq!(with("name: m, annotations: {helm.sh/hook: pre-upgrade}"), 0);
        assert_eq!(with("name: m, annotations: {argocd.argoproj.io/hook: PreSync}"), 0);
        assert_eq!(with("name: m, annotations: {argocd.argoproj.io/sync-wave: '-1'}"), 0);
        assert_eq!(with("name: m, annotations: {argocd.argoproj.io/sync-wave: '0'}"), 1);
        assert_eq!(with("generateName: m-"), 0);
        let later = app(", annotations: {argocd.argoproj.io/sync-wave: '2'}", WEB);
        assert_eq!(messages(&RULE, &format!("{}{later}", job("name: m"))).len(), 0);
    }

    #[test]
    fn an_application_that_waits_or_has_other_code_is_silent() {
        let with =
            |spec: &str| messages(&RULE, &format!("{}{}", job("name: m"), app("", spec))).len();
        assert_eq!(
            with("containers: [{name: web, image: 'acme/web:2'}]"),
            1,
            "the same repository"
        );
        assert_eq!(with("containers: [{name: web, image: 'acme/other:1'}]"), 0);
        let waits = "initContainers: [{name: w, image: 'bitnami/kubectl:1', command: [kubectl, wait, '--for=condition=complete', job/m]}]";
        assert_eq!(with(&format!("{WEB}, {waits}")), 0);
        let asks = "initContainers: [{name: w, image: 'acme/web:1', command: [sh, -c, 'bundle exec rake db:abort_if_pending_migrations']}]";
        assert_eq!(with(&format!("{WEB}, {asks}")), 0);
    }

    #[test]
    fn the_same_database_makes_an_application_need_the_schema() {
        let database = "env: [{name: DATABASE_URL, value: 'postgres://db:5432/app'}]";
        let job = job("name: m")
            .replace("image: 'acme/web:1'", &format!("image: migrate/migrate, {database}"));
        let web = |env: &str| app("", &format!("containers: [{{name: web, image: b, {env}}}]"));
        let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 5432}]}\n";
        assert_eq!(messages(&RULE, &format!("{job}{}{service}", web(database))).len(), 1);
        let other = database.replace("db:", "other:");
        assert_eq!(messages(&RULE, &format!("{job}{}{service}", web(&other))).len(), 0);
    }

    #[test]
    fn a_note_about_the_pipeline_is_believed() {
        let both = format!(
            "# Applied by the CI pipeline before the rollout.\n{}{}",
            job("name: m"),
            app("", WEB)
        );
        assert!(messages(&RULE, &both).is_empty());
        let text = format!(
            "# file: k8s/all.yaml\n{}{}# file: .gitlab-ci.yml\ndeploy: {{script: [kubectl wait --for=condition=complete job/m]}}\n",
            job("name: m"),
            app("", WEB)
        );
        assert!(messages(&RULE, &text).is_empty());
    }

    #[test]
    fn a_hook_is_no_fix_where_it_would_come_before_what_it_needs() {
        let needs = job("name: m").replace("args:", "envFrom: [{configMapRef: {name: c}}], args:");
        let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
        let fixes = |text: &str| run(&RULE, &files(text)).findings[0].fixes.len();
        assert_eq!(fixes(&format!("{}{}", job("name: m"), app("", WEB))), 1);
        assert_eq!(fixes(&format!("{needs}{}{map}", app("", WEB))), 0);
    }
}
