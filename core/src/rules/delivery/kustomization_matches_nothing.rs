use crate::facts::{Facts, in_shell};
use crate::knowledge::env::example_of;
use crate::model::UnmatchedKind;
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::{Span, folder_of, join_path};

rule! {
    /// An entry of a kustomization names a file, an object or an image that is not there.
    ///
    /// ## Why it hurts
    /// Kustomize refuses to build when a file or the object of a patch is missing. A patch with a
    /// `target`, an `images:` entry or the target of a replacement that matches nothing is worse: it
    /// does nothing, without a word, and the old image or setting stays.
    ///
    /// ## What helps
    /// Correct the name. Patches, `images:` and `replicas:` use the names of the base: without the
    /// prefix of the overlay, and images without their tag.
    ///
    /// ## How to troubleshoot
    /// `kubectl kustomize FOLDER` fails with the same name, or prints the objects that the entry
    /// should have changed.
    ///
    /// ## When to ignore
    /// Where the entry is kept for a resource that only a remote base brings at times.
    ///
    /// ## Bad
    /// ```yaml file=shop/kustomization.yaml
    /// resources:
    ///   - app.yaml
    ///   - servce.yaml # <- there is no `servce.yaml`, so Kustomize refuses to build; did you mean `service.yaml`?
    /// ```
    /// ```yaml file=shop/app.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: shop }
    /// ```
    /// ```yaml file=shop/service.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: shop }
    /// ```
    /// ```yaml file=mail/kustomization.yaml
    /// resources:
    ///   - mail.yaml
    /// images:
    ///   - name: mail # <- no object has the image `mail`, so that this entry does nothing; did you mean `acme/mail`?
    ///     newTag: "1.5"
    /// ```
    /// ```yaml file=mail/mail.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: mail }
    /// spec:
    ///   selector: { matchLabels: { app: mail } }
    ///   template:
    ///     metadata: { labels: { app: mail } }
    ///     spec:
    ///       containers:
    ///         - name: mail
    ///           image: acme/mail:1.4
    /// ```
    ///
    /// ## Good
    /// ```yaml file=mail/kustomization.yaml
    /// resources:
    ///   - mail.yaml
    /// images:
    ///   - name: acme/mail
    ///     newTag: "1.5"
    /// ```
    /// ```yaml file=mail/mail.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: mail }
    /// spec:
    ///   selector: { matchLabels: { app: mail } }
    ///   template:
    ///     metadata: { labels: { app: mail } }
    ///     spec:
    ///       containers:
    ///         - name: mail
    ///           image: acme/mail:1.4
    /// ```
    PLM916 "kustomization-matches-nothing" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for (unmatched, near) in facts.unmatched_entries() {
        let name = &unmatched.name;
        let message = match unmatched.what {
            UnmatchedKind::Resource | UnmatchedKind::File => {
                format!("there is no `{name}`, so Kustomize refuses to build")
            }
            UnmatchedKind::Patch => {
                format!("there is no {name} to patch, so Kustomize refuses to build")
            }
            UnmatchedKind::Replicas => {
                format!("nothing with replicas is called `{name}`, so Kustomize refuses to build")
            }
            UnmatchedKind::ReplacementSource => format!(
                "no object is the source of this replacement (`{name}`), so Kustomize refuses to build"
            ),
            UnmatchedKind::PatchTarget => {
                format!("no object is the target of this patch (`{name}`), so that it does nothing")
            }
            UnmatchedKind::Image => {
                format!("no object has the image `{name}`, so that this entry does nothing")
            }
            UnmatchedKind::ReplacementTarget => format!(
                "no object is the target of this replacement (`{name}`), so that it does nothing"
            ),
        };
        let suggestion = near.as_ref().map(|near| format!("; did you mean `{near}`?"));
        let finding = out.at(&unmatched.span, message + &suggestion.unwrap_or_default());
        let folder = folder_of(facts.file(unmatched.span.file).path());
        finding.subject(format!("kustomization {}", shown(folder)));
        finding.check(format!("kubectl kustomize {}", in_shell(shown(folder))));
        if unmatched.what.is_refused() {
            finding.severity(Severity::Error);
        }
        let is_file = unmatched.what == UnmatchedKind::File;
        if let Some(example) = example(facts, folder, name).filter(|_| is_file) {
            // Somebody has thought of the file: it is written by hand from the example.
            finding.severity(Severity::Info).cause("a file that is written by hand");
            finding.help(format!("Copy `{example}` to `{}`.", join_path(folder, name)));
        } else if is_file && near.is_none() && is_of_secret(&facts.key_path(unmatched.span), name) {
            // What a Secret is made from is mostly kept out of the repository on purpose.
            finding.severity(Severity::Info).cause("a file that is written by hand");
            finding.help("Where the file is kept out of the repository on purpose, put an example beside it that says what belongs in it. Otherwise correct the name.");
        }
        let is_path = matches!(unmatched.what, UnmatchedKind::Resource | UnmatchedKind::File);
        if let Some(near) = near.filter(|_| is_path && is_written(facts, unmatched.span, name)) {
            let edit = facts.replace_scalar(&unmatched.span, &near);
            finding.fix(Fix::safe(format!("Write `{near}`"), [edit]));
        }
    }
}

/// Whether a generator reads a file for a Secret, by its kind or by the folder of the file. A patch is no Secret.
fn is_of_secret(key_path: &str, name: &str) -> bool {
    let is_folder = |it: &str| matches!(it, "secret" | "secrets");
    key_path.starts_with("secretGenerator")
        || key_path.starts_with("configMapGenerator") && name.split('/').any(is_folder)
}

/// Returns the example of an env file that a generator reads, where one lies beside it.
fn example<'f>(facts: &'f Facts<'_>, folder: &str, name: &str) -> Option<&'f str> {
    let path = join_path(folder, name);
    let folder = folder_of(&path);
    let paths = facts.files().iter().map(|it| it.path());
    let beside: Vec<&str> = paths.filter(|it| folder_of(it) == folder).collect();
    example_of(&path, &beside)
}

/// Whether a place holds the name alone.
fn is_written(facts: &Facts, span: Span, name: &str) -> bool {
    facts.unquoted(&span) == name
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    const APP: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - {name: web, image: acme/web:1}\n";

    #[track_caller]
    fn found(kustomization: &str) -> Vec<(Severity, String)> {
        let text = format!(
            "# file: k/kustomization.yaml\nresources: [app.yaml]\n{kustomization}# file: k/app.yaml\n{APP}"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.severity, it.message)).collect()
    }

    #[track_caller]
    fn expect(kustomization: &str, severity: Severity, words: &str) {
        let found = found(kustomization);
        assert_eq!(found.len(), 1, "{kustomization}: {found:?}");
        assert_eq!(found[0].0, severity, "{kustomization}");
        assert!(found[0].1.contains(words), "{kustomization}: {found:?}");
    }

    #[test]
    fn what_fails_the_build_is_an_error() {
        expect("components: [../c]\n", Severity::Error, "`../c`");
        expect("patches: [{path: p.yaml}]\n", Severity::Error, "`p.yaml`");
        let patch = "patches:\n  - patch: |\n      kind: Deployment\n      apiVersion: apps/v1\n      metadata: {name: wbe}\n";
        expect(patch, Severity::Error, "did you mean `web`?");
        expect("replicas: [{name: wep, count: 2}]\n", Severity::Error, "did you mean `web`?");
        let source = "replacements:\n  - source: {kind: Service, name: web}\n    targets: [{select: {name: web}}]\n";
        expect(source, Severity::Error, "`Service web`");
    }

    #[test]
    fn a_file_of_a_secret_is_mostly_not_committed() {
        let generator =
            |kind: &str, file: &str| format!("{kind}Generator: [{{name: s, files: [{file}]}}]\n");
        let not_there = "secrets/config.json";
        expect(&generator("secret", not_there), Severity::Info, "`secrets/config.json`");
        expect(&generator("configMap", not_there), Severity::Info, "`secrets/config.json`");
        expect(&generator("configMap", "config.json"), Severity::Error, "`config.json`");
        let misspelt = generator("secret", "ap.yaml");
        expect(&misspelt, Severity::Error, "did you mean `app.yaml`?");
    }

    #[test]
    fn a_patch_in_another_namespace_says_so_at_the_namespace() {
        let found = |base: &str, patch: &str| {
            let text = format!(
                "# file: k/kustomization.yaml\nresources: [app.yaml]\npatches: [{{path: p.yaml}}]\n# file: k/app.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web{base}}}\n# file: k/p.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web{patch}}}\nspec: {{replicas: 2}}\n"
            );
            let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(&text));
            let written = |span: crate::text::Span| {
                report.entry(span.file).file.text[span.range()].to_owned()
            };
            let all = report.findings.iter().map(|it| (it.message.clone(), written(it.span)));
            all.collect::<Vec<_>>()
        };
        let said = "there is no Deployment `web` in namespace `default` (only in `shop`) to patch, so Kustomize refuses to build";
        assert_eq!(
            found(", namespace: shop", ", namespace: default"),
            [(said.to_owned(), "default".to_owned())]
        );
        assert_eq!(found(", namespace: shop", ""), [(said.to_owned(), "web".to_owned())]);
        assert!(found(", namespace: shop", ", namespace: shop").is_empty());
    }

    #[test]
    fn a_file_of_another_kind_outside_of_the_folder_is_not_known_to_be_missing() {
        let generator =
            |path: &str| format!("configMapGenerator: [{{name: sql, files: ['{path}']}}]\n");
        assert!(found(&generator("init.sql=../migrations/V1__init.sql")).is_empty());
        expect(&generator("../shared/web.env"), Severity::Error, "`../shared/web.env`");
        expect(&generator("init.sql"), Severity::Error, "`init.sql`");
    }

    #[test]
    fn a_file_with_an_example_is_written_by_hand() {
        let generator = "configMapGenerator: [{name: web, envs: [.env]}]\nsecretGenerator: [{name: keys, envs: [.secrets]}]\n";
        let found = |files: &str| {
            let text = format!(
                "# file: k/kustomization.yaml\nresources: [app.yaml]\n{generator}# file: k/app.yaml\n{APP}{files}"
            );
            let all = findings(&RULE, &text);
            all.into_iter().map(|it| (it.severity, it.help.unwrap_or_default())).collect::<Vec<_>>()
        };
        let samples = "# file: k/.env_sample\nA=1\n# file: k/.secrets_sample\nB=1\n";
        let [(severity, help)] = &found(samples)[..] else { panic!("one finding") };
        assert_eq!(
            (*severity, help.as_str()),
            (Severity::Info, "Copy `k/.env_sample` to `k/.env`.")
        );
        let without: Vec<Severity> = found("").into_iter().map(|it| it.0).collect();
        assert_eq!(without, [Severity::Error, Severity::Info], "what a Secret is made from");
    }

    #[test]
    fn what_does_nothing_is_a_warning() {
        expect("images: [{name: acme/wep, newTag: '2'}]\n", Severity::Warning, "`acme/web`");
        let patch = "patches:\n  - target: {kind: Deployment, name: api}\n    patch: '[{op: add, path: /x, value: 1}]'\n";
        expect(patch, Severity::Warning, "`Deployment api`");
        let merge = "patches:\n  - target: {kind: Job}\n    patch: |\n      kind: Job\n      metadata: {name: x}\n";
        expect(merge, Severity::Warning, "`Job`");
        let target = "replacements:\n  - source: {kind: Deployment, name: web}\n    targets: [{select: {kind: Service}}]\n";
        expect(target, Severity::Warning, "`Service`");
    }

    #[test]
    fn what_matches_is_fine() {
        assert!(found("images: [{name: acme/web, newTag: '2'}]\nreplicas: [{name: web, count: 2}]\npatches:\n  - target: {kind: Deployment}\n    patch: '[{op: add, path: /spec/paused, value: true}]'\n").is_empty());
    }

    #[test]
    fn a_remote_base_may_have_what_is_missing() {
        let remote = "# file: k/kustomization.yaml\nresources: ['github.com/acme/base?ref=v1']\nimages: [{name: acme/web, newTag: '2'}]\npatches:\n  - target: {name: web}\n    patch: '[{op: add, path: /x, value: 1}]'\n  - patch: |\n      kind: Deployment\n      apiVersion: apps/v1\n      metadata: {name: web}\n";
        assert!(findings(&RULE, remote).is_empty());
    }

    #[test]
    fn a_resource_that_is_not_written_yet_may_have_what_is_missing() {
        let text = "# file: k/kustomization.yaml\nresources: [app.yaml]\nimages: [{name: acme/web, newTag: '2'}]\n# file: k/app.yaml\n# A tool writes this.\n";
        assert!(findings(&RULE, text).is_empty());
    }

    #[test]
    fn a_component_that_matches_in_one_overlay_is_fine() {
        let overlay = |name: &str| {
            format!(
                "# file: {name}/kustomization.yaml\nresources: [app.yaml]\ncomponents: [../c]\n# file: {name}/app.yaml\n{}",
                APP.replace("acme/web", &format!("acme/{name}"))
            )
        };
        let component = "# file: c/kustomization.yaml\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nimages: [{name: acme/one, newTag: '2'}]\n";
        let text = [overlay("one"), overlay("two"), component.to_owned()].concat();
        assert!(findings(&RULE, &text).is_empty());
        let neither = text.replace("{name: acme/one,", "{name: acme/three,");
        assert_eq!(findings(&RULE, &neither).len(), 1);
    }

    #[test]
    fn a_base_of_several_overlays_is_reported_once() {
        let text = format!(
            "# file: base/kustomization.yaml\nresources: [app.yaml, gone.yaml]\n# file: base/app.yaml\n{APP}# file: a/kustomization.yaml\nresources: [../base]\n# file: b/kustomization.yaml\nresources: [../base]\n"
        );
        assert_eq!(findings(&RULE, &text).len(), 1);
    }

    #[test]
    fn a_base_that_lies_elsewhere_may_have_anything() {
        let count = |text: &str| messages(&RULE, text).len();
        let text = "# file: kustomization.yaml\nresources: ['https://example.org/base?ref=v1']\nimages: [{name: acme/other, newTag: '2'}]\n";
        assert_eq!(count(text), 0);
        let own = text.replace("'https://example.org/base?ref=v1'", "app.yaml");
        assert_eq!(count(&format!("{own}# file: app.yaml\n{APP}")), 1);
    }
}
