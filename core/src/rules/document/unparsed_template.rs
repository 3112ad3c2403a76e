use crate::facts::{Facts, in_shell};
use crate::model::{BuiltTarget, Cause, FileModel, Reason, Target};
use crate::report::{Findings, Kind, Severity, TargetKind};
use crate::rules::rule;
use crate::text::{Span, folder_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// Maximum number of bytes of a renderer's own words in a message. Authors of charts write whole pages.
const MAX_WORDS: usize = 300;

rule! {
    /// A chart, an overlay or a template was not built, so what it deploys was not checked.
    ///
    /// ## Why it hurts
    /// Plimsoll reads charts as rendered and overlays as built. What could not be built was not
    /// checked, so the absence of findings means nothing there.
    ///
    /// ## What helps
    /// Hand over what the message names: the missing values, a vendored subchart, the base that the
    /// overlay refers to. Render templates for other tools (Jinja, Go templates) with those tools and
    /// check the result.
    ///
    /// ## How to troubleshoot
    /// `helm template . --debug` or `kubectl kustomize .` shows what the cluster would get, or the
    /// same error.
    ///
    /// ## When to ignore
    /// Where what is rendered is checked in another place, such as the pipeline.
    PLM005 "unparsed-template" {
        since: "0.1.0", on: Document, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    check_targets(facts, out);
    check_loose_templates(facts, out);
    check_placeholders(facts, out);
}

/// Reports manifests whose names another tool fills in, once for all.
fn check_placeholders(facts: &Facts, out: &mut Findings) {
    let files = facts.files().iter().filter_map(|file| facts.filled_in(file.id));
    for place in files {
        let message = format!(
            "`{}` is a placeholder of another tool: names and images with it were not checked",
            facts.written(&place)
        );
        out.at(&place, message)
            .why("The manifest is no YAML with the names that reach the cluster before the tool has filled it in.")
            .help("Fill the manifest in as the tool does, and check the result: `… | plimsoll check -`.")
            .cause("placeholders of another tool");
    }
}

/// Returns the folders of the charts that render to YAML with some of their values files.
fn rendered_charts<'a>(facts: &Facts<'a>) -> FxHashSet<&'a str> {
    let targets = facts.all_targets().iter().map(|it| &it.target);
    let rendered = targets.filter(|it| {
        it.kind == TargetKind::Chart && it.reasons.iter().all(|it| it.cause != Cause::InvalidYaml)
    });
    rendered.map(|it| it.folder.as_str()).collect()
}

/// Reports what keeps a chart or an overlay from being built in full, once for each place: the overlays of
/// one base share its reasons, and so do the values files of a chart.
fn check_targets(facts: &Facts, out: &mut Findings) {
    let mut places: IndexMap<Span, Vec<(&BuiltTarget, &Reason)>, FxBuildHasher> =
        IndexMap::default();
    // Several Applications of one chart have the same reason.
    let mut of_applications = FxHashSet::default();
    for built in facts.all_targets() {
        let target = &built.target;
        let is_application = target.kind == TargetKind::Application;
        for reason in &target.reasons {
            // What an entry names and what is not there is PLM916.
            let is_unmatched = target.unmatched.iter().any(|it| it.span == reason.span);
            if !is_unmatched && (!is_application || of_applications.insert(&reason.message)) {
                places.entry(reason.span).or_default().push((built, reason));
            }
        }
    }
    let rendered = rendered_charts(facts);
    for (span, reasons) in &places {
        report_place(&rendered, span, reasons, out);
    }
}

fn report_place(
    rendered: &FxHashSet<&str>,
    span: &Span,
    reasons: &[(&BuiltTarget, &Reason)],
    out: &mut Findings,
) {
    let Some((built, reason)) = reasons.first() else { return };
    let target = &built.target;
    // Values that an Application gives may be known in part only, and a chart that renders with another values
    // file is meant to be installed with it.
    let is_invalid = reason.cause == Cause::InvalidYaml
        && built.delivered_by.is_none()
        && !rendered.contains(target.folder.as_str());
    let what = match (target.kind, target.is_built) {
        (TargetKind::Chart, _) if is_invalid => "Helm refuses this chart",
        (TargetKind::Chart, true) => "a part of this chart is not rendered",
        (TargetKind::Chart, false) => "this chart is not rendered",
        (TargetKind::Kustomization, _) if reason.is_refused => "Kustomize refuses to build this",
        (TargetKind::Kustomization, true) => "a part of this overlay is not built",
        (TargetKind::Kustomization, false) => "this overlay is not built",
        (TargetKind::Manifests, true) => "some of these manifests are not read",
        (TargetKind::Manifests, false) => "these manifests are not read",
        (TargetKind::Application, _) => "what is deployed here is not known in full",
        // A project is deployed as it is written.
        (TargetKind::Compose, _) => return,
    };
    let messages: FxHashSet<&str> = reasons.iter().map(|it| it.1.message.as_str()).collect();
    let others = match messages.len() {
        1 => String::new(),
        2 => " (and one more reason at this place)".to_owned(),
        count => format!(" (and {} more reasons at this place)", count - 1),
    };
    let finding = out.at(span, format!("{what}: {}{others}", cut(&reason.message)));
    finding.subject(format!("{} {}", target.kind.name(), target.name));
    if is_invalid || target.kind == TargetKind::Kustomization && reason.is_refused {
        finding.severity(Severity::Error);
    }
    if let Some(help) = help(target, reason) {
        finding.help(help);
    }
    let folder = in_shell(shown(&target.folder));
    match (target.kind, reason.cause) {
        (TargetKind::Chart, Cause::MissingDependency) => {
            finding.check(format!("helm dependency build {folder}"));
        }
        (TargetKind::Kustomization, Cause::Remote) => {
            finding.check(format!("kubectl kustomize {folder} | plimsoll check -"));
        }
        (TargetKind::Chart, _) => {
            finding.check(format!("helm template {folder} --debug"));
        }
        (TargetKind::Kustomization, _) => {
            finding.check(format!("kubectl kustomize {folder}"));
        }
        (TargetKind::Manifests, _) => {
            finding.check(format!("kubectl apply --dry-run=client -f {folder}"));
        }
        (TargetKind::Application, _) => {
            let app = built.app().filter(|it| it.name == target.name && !it.name.contains('{'));
            if let Some(app) = app {
                finding.check(format!("argocd app manifests {}", app.argument()));
            }
        }
        (TargetKind::Compose, _) => {}
    }
}

/// Returns what to do about a reason.
fn help(target: &Target, reason: &Reason) -> Option<String> {
    let folder = in_shell(shown(&target.folder));
    let tool = match target.kind {
        TargetKind::Chart => "Helm",
        TargetKind::Kustomization => "`kubectl kustomize`",
        TargetKind::Compose | TargetKind::Manifests | TargetKind::Application => return None,
    };
    match reason.cause {
        Cause::MissingDependency => Some(format!(
            "Run `helm dependency build {folder}`, which puts the subchart into `charts/`, and check \
             again. All other templates of the chart were checked."
        )),
        Cause::Remote => Some(format!(
            "Plimsoll fetches nothing. To check what the overlay becomes with its remote parts, build \
             it with the real tool: `kubectl kustomize {folder} | plimsoll check -`."
        )),
        Cause::Values => Some(format!(
            "Helm refuses these values too. Put the values that you deploy with into a file beside \
             `Chart.yaml` whose name starts with `values`, such as `values-prod.yaml`, or name the \
             file in an entry of `targets:` in `plimsoll.yaml`. Values given by hand can be checked \
             with `helm template {folder} --set … | plimsoll check -`."
        )),
        Cause::Limit => Some(format!(
            "The build was stopped because it would cost too much. Build it with {tool} itself and \
             pass the result on: `… | plimsoll check -`."
        )),
        Cause::Secrets => Some(format!(
            "Plimsoll decrypts nothing. The Secrets that the plugin makes count as unknown; everything else of the \
             overlay was checked. {tool} with the plugin shows them."
        )),
        Cause::InvalidYaml => Some(
            "Helm stops at text that is not YAML, so that nothing of the chart is installed. Look at the white \
             space around the action: `{{-` takes away the space and the line break before it, and `-}}` those \
             behind it."
                .to_owned(),
        ),
        Cause::Other | Cause::GeneratorInput if reason.is_refused => Some(format!(
            "{tool} refuses this as well, so it cannot be deployed as it is: correct what the message \
             names."
        )),
        Cause::Other | Cause::GeneratorInput => None,
    }
}

/// Returns the renderer's words on one line, cut where they are long.
fn cut(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= MAX_WORDS {
        return line;
    }
    let end = line[..line.floor_char_boundary(MAX_WORDS)].rfind(' ').unwrap_or(0);
    let end = if end == 0 { line.floor_char_boundary(MAX_WORDS) } else { end };
    format!("{} …", &line[..end])
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// Reports templates that belong to no chart, once for each folder.
fn check_loose_templates(facts: &Facts, out: &mut Findings) {
    let charts = chart_folders(facts);
    let loose = |it: &&&FileModel| it.kind == Kind::Template && !facts.is_built(it.id);
    let mut by_folder: IndexMap<&str, Vec<&FileModel>, FxBuildHasher> = IndexMap::default();
    for file in facts.files().iter().filter(loose) {
        by_folder.entry(chart_of(file.path())).or_default().push(file);
    }
    for (chart, templates) in by_folder {
        let Some((file, others)) = templates.split_first() else { continue };
        let others = others.len();
        let first_line = file.text().find('\n').unwrap_or(file.text().len());
        let helm = charts.contains(chart);
        let whole = if helm { "chart" } else { "folder" };
        let message = match others {
            0 => "this template was left out: it becomes YAML only when it is rendered".to_owned(),
            1 => format!(
                "this template and one other in its {whole} were left out: they become YAML only when they are rendered"
            ),
            more => format!(
                "this template and {more} others in its {whole} were left out: they become YAML only when they are rendered"
            ),
        };
        let folder = if chart.is_empty() { "." } else { chart };
        let finding = out.at(&Span::new(file.id, 0, first_line), message);
        finding.subject(format!("templates of {folder}"));
        if helm {
            finding.check(format!("helm template {} | plimsoll check -", in_shell(folder)));
        }
    }
}

/// Returns the folders that are Helm charts: they hold a `Chart.yaml`, or templates below `templates/`.
fn chart_folders<'a>(facts: &Facts<'a>) -> FxHashSet<&'a str> {
    let folder = |file: &&'a FileModel| match file.kind {
        Kind::Chart => Some(folder_of(file.path())),
        Kind::Template if file.path().contains("templates/") => Some(chart_of(file.path())),
        _ => None,
    };
    facts.files().iter().filter_map(folder).collect()
}

/// Returns the folder of the chart that a template belongs to: the one that holds `templates/`,
/// else the template's own folder.
fn chart_of(path: &str) -> &str {
    path.split_once("/templates/").map_or_else(
        || if path.starts_with("templates/") { "" } else { folder_of(path) },
        |it| it.0,
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{files, findings, messages};

    #[test]
    fn a_chart_is_reported_once_and_plain_manifests_are_not() {
        let template =
            "# file: chart/templates/app.yaml\n{{- if .Values.on }}\nkind: Pod\n{{- end }}\n";
        assert_eq!(messages(&RULE, template).len(), 1);
        let two =
            |names: [&str; 2]| names.map(|it| format!("# file: {it}\na: {{{{ b }}}}\n")).concat();
        assert!(
            messages(&RULE, &two(["chart/templates/a.yaml", "chart/templates/b.yaml"]))[0]
                .contains("its chart")
        );
        assert!(messages(&RULE, &two(["site/a.yml", "site/b.yml"]))[0].contains("its folder"));
        let plain = "# file: chart/app.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ b }}'}\n";
        assert!(messages(&RULE, plain).is_empty());
    }

    #[test]
    fn a_placeholder_in_single_braces_is_one_note_and_no_mistake() {
        let text = |name: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: {name}\n        image: acme/{name}\n      - name: {name}-worker\n        image: acme/{name}\n      - name: cache\n        image: redis\n"
            )
        };
        assert_eq!(
            messages(&RULE, &text("{name}")),
            [
                "`{name}` is a placeholder of another tool: names and images with it were not checked"
            ]
        );
        assert!(messages(&RULE, &text("web")).is_empty());
        let said = |text: &str| {
            let report = crate::analyze(&files(text), &crate::Options::default());
            let all = report.findings.into_iter().map(|it| (it.code, it.more));
            all.filter(|it| ["PLM001", "PLM801", "PLM811"].contains(&it.0)).collect::<Vec<_>>()
        };
        assert_eq!(said(&text("{name}")), [("PLM801", 0)], "the image of the cache alone");
        assert_eq!(said(&text("web")), [("PLM801", 2)]);
    }

    const CHART: &str = "# file: shop/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n";

    fn helps(text: &str) -> Vec<String> {
        let found = findings(&RULE, text).into_iter();
        found.map(|it| it.help.unwrap_or_default()).collect()
    }

    #[test]
    fn a_missing_subchart_is_fetched_by_helm() {
        let chart = format!(
            "{CHART}dependencies:\n  - name: redis\n    version: 1.0.0\n    repository: https://charts.example.com\n"
        );
        assert_eq!(messages(&RULE, &chart).len(), 1);
        assert!(helps(&chart)[0].contains("`helm dependency build shop`"));
    }

    #[test]
    fn values_that_helm_refuses_are_given_in_a_file() {
        let chart = format!(
            "{CHART}# file: shop/templates/a.yaml\na: {{{{ required \"a host is wanted\" .Values.host }}}}\n"
        );
        assert!(messages(&RULE, &chart)[0].contains("a host is wanted"));
        let help = &helps(&chart)[0];
        assert!(help.contains("values-prod.yaml") && help.contains("`targets:`"), "{help}");
    }

    #[test]
    fn a_remote_base_is_built_by_the_real_tool() {
        let overlay =
            "# file: prod/kustomization.yaml\nresources:\n  - https://example.com/base?ref=v1\n";
        assert!(messages(&RULE, overlay)[0].contains("is not fetched"));
        assert!(helps(overlay)[0].contains("`kubectl kustomize prod | plimsoll check -`"));
        // A file that is not there is PLM916.
        let missing = "# file: prod/kustomization.yaml\nresources:\n  - web.yaml\n";
        assert!(messages(&RULE, missing).is_empty());
    }

    #[test]
    fn what_kustomize_refuses_is_an_error() {
        let app = "# file: k/app.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n# file: app.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n";
        let found = |kustomization: &str| {
            let text = format!("# file: k/kustomization.yaml\n{kustomization}\n{app}");
            findings(&RULE, &text).remove(0)
        };
        let refused = found("resources: [app.yaml]\npatches: [app.yaml]");
        assert_eq!(refused.severity, Severity::Error);
        assert!(
            refused.message.starts_with("Kustomize refuses to build this: this entry of `patches`")
        );
        // An option of Kustomize allows this.
        assert_eq!(found("resources: [../app.yaml]").severity, Severity::Info);
        assert_eq!(
            found("resources: [app.yaml, 'https://example.com/a?ref=v1']").severity,
            Severity::Info
        );
    }

    #[test]
    fn an_artifact_of_flux_is_not_followed() {
        let flux = |kind: &str| {
            format!(
                "# file: clusters/apps.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: flux-system}}\nspec:\n  path: ./gone\n  sourceRef: {{kind: {kind}, name: apps}}\n"
            )
        };
        let artifact = messages(&RULE, &flux("ExternalArtifact"));
        assert_eq!(artifact.len(), 1);
        assert!(artifact[0].ends_with(": ExternalArtifact `apps` is not followed"), "{artifact:?}");
        let repository = messages(&RULE, &flux("GitRepository"));
        assert!(repository[0].contains("`./gone`"), "{repository:?}");
    }

    #[test]
    fn a_chart_that_renders_no_yaml_is_refused_and_says_nothing_else() {
        let template = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: acme/web:latest\n      env:\n        - name: URL\n          value: {{- if .Values.prod -}}\n            https://a.example\n          {{- else -}}\n            http://b.example\n          {{- end }}\n";
        let text = |template: &str| {
            format!(
                "{CHART}# file: shop/values.yaml\nprod: false\n# file: shop/templates/a.yaml\n{template}"
            )
        };
        let found = findings(&RULE, &text(template));
        assert_eq!((found.len(), found[0].severity), (1, Severity::Error), "{found:?}");
        assert!(found[0].message.starts_with("Helm refuses this chart: what the template renders"));
        let all = |text: &str| {
            let report = crate::analyze(&files(text), &crate::Options::default());
            report.findings.iter().map(|it| it.code).collect::<Vec<_>>()
        };
        assert_eq!(all(&text(template)), ["PLM005"]);
        let mended = text(&template.replace("{{- if", "{{ if").replace("-}}\n            ", "}}"));
        assert!(findings(&RULE, &mended).is_empty(), "{:?}", findings(&RULE, &mended));
        assert!(all(&mended).contains(&"PLM801"));
    }

    #[test]
    fn a_chart_that_needs_another_values_file_is_not_refused() {
        let severity = |further: &str| {
            let text = format!(
                "{CHART}# file: shop/values.yaml\nsize: '1: ['\n{further}# file: shop/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  size: {{{{ .Values.size }}}}\n"
            );
            findings(&RULE, &text).iter().map(|it| it.severity).collect::<Vec<_>>()
        };
        assert_eq!(severity(""), [Severity::Error]);
        assert_eq!(severity("# file: shop/values-prod.yaml\nsize: '2: ['\n"), [Severity::Error]);
        assert_eq!(severity("# file: shop/values-prod.yaml\nsize: big\n"), [Severity::Info]);
    }

    #[test]
    fn a_value_that_is_wanted_hides_nothing_of_the_rest() {
        let codes = |secret: &str| {
            let text = format!(
                "{CHART}# file: shop/templates/a.yaml\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  p: {{{{ {secret} | quote }}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\nspec:\n  selector: {{matchLabels: {{app: x}}}}\n  template:\n    metadata: {{labels: {{app: x}}}}\n    spec: {{containers: [{{name: x, image: 'acme/x:latest'}}]}}\n"
            );
            let select = ["PLM005", "PLM509", "PLM801"].map(Into::into).to_vec();
            let options = crate::Options { select, ..crate::Options::default() };
            let report = crate::analyze(&crate::rules::testing::files(&text), &options);
            let found = report.findings.iter();
            found.map(|it| (it.code, it.message.clone())).collect::<Vec<_>>()
        };
        let found = codes("required \"set password\" .Values.password");
        assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), ["PLM005", "PLM801"]);
        assert!(found[0].1.contains("with `$REQUIRED_VALUE` in its place"), "{found:?}");
        let refused = codes("fail \"no\"");
        assert_eq!(refused.iter().map(|it| it.0).collect::<Vec<_>>(), ["PLM005"]);
    }

    #[test]
    fn what_stands_in_for_a_wanted_value_is_not_judged() {
        let wanted = |name: &str| format!("{{{{ required \"set {name}\" .Values.{name} }}}}");
        let text = format!(
            "{CHART}# file: shop/templates/a.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\nspec:\n  selector: {{matchLabels: {{app: x}}}}\n  template:\n    metadata: {{labels: {{app: x}}}}\n    spec:\n      containers:\n        - name: x\n          image: acme/x:1.0\n          env:\n            - {{name: DB_HOST, value: '{host}'}}\n            - {{name: DB_PASSWORD, value: '{password}'}}\n            - {{name: API_URL, value: 'http://x:8080'}}\n          envFrom: [{{secretRef: {{name: '{secret}'}}}}]\n          ports: [{{containerPort: {port}}}]\n          readinessProbe: {{httpGet: {{path: /, port: {port}}}}}\n          resources:\n            requests: {{cpu: {cpu}, memory: {memory}}}\n            limits: {{memory: {memory}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: x}}\nspec: {{selector: {{app: x}}, ports: [{{port: {port}}}]}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: x}}\nspec: {{rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: x, port: {{number: {port}}}}}}}}}]}}}}]}}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec: {{schedule: '{schedule}', concurrencyPolicy: Forbid, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: 'acme/x:1.0', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}]}}}}}}}}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: p}}\nspec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: {storage}}}}}}}\n",
            host = wanted("host"),
            password = wanted("password"),
            secret = wanted("secret"),
            port = wanted("port"),
            cpu = wanted("cpu"),
            memory = wanted("memory"),
            schedule = wanted("schedule"),
            storage = wanted("storage"),
        );
        let report =
            crate::analyze(&crate::rules::testing::files(&text), &crate::Options::default());
        let mut said = report.findings.iter().map(|it| (it.code, it.severity, &it.message));
        assert!(said.clone().any(|it| it.0 == "PLM005"), "{:#?}", report.findings);
        assert!(said.all(|it| it.1 > Severity::Warning), "{:#?}", report.findings);
    }

    #[test]
    fn one_place_is_one_finding_with_words_that_fit_on_a_screen() {
        let page = "word ".repeat(400);
        let chart = format!(
            "{CHART}# file: shop/values-prod.yaml\nwhy: other\n\
             # file: shop/templates/a.yaml\n{{{{ fail (printf \"%s {page}\" .Values.why) }}}}\n"
        );
        let found = messages(&RULE, &chart);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].len() < 450 && found[0].contains(" … (and one more reason"), "{found:?}");
    }
}
