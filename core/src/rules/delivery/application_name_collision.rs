use crate::facts::{Facts, kubectl};
use crate::model::delivery::{App, has_placeholder};
use crate::report::Findings;
use crate::rules::rule;
use crate::text::{Span, folder_of};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

rule! {
    /// An ApplicationSet makes an Application whose name another one has too.
    ///
    /// ## Why it hurts
    /// An Application exists once for each name and namespace. A generator that yields a name twice is refused
    /// as a whole: "ApplicationSet contains applications with duplicate name". Two sets that make
    /// the same name overwrite each other's Application, and deleting either of them deletes it.
    ///
    /// ## What helps
    /// Put whatever tells the elements apart into `template.metadata.name`: the cluster, the environment, the
    /// folder.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe applicationset NAME` shows the error in its conditions.
    ///
    /// ## When to ignore
    /// Where no cluster ever has both of them.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: ApplicationSet
    /// metadata: { name: shop }
    /// spec:
    ///   generators:
    ///     - list:
    ///         elements:
    ///           - { app: web, env: staging }
    ///           - { app: web, env: prod }
    ///   template:
    ///     metadata: { name: "{{app}}" } # <- ApplicationSet `shop` makes two Applications with the name `web`
    ///     spec:
    ///       project: shop
    ///       source: { repoURL: "https://git.example.com/shop.git", path: "deploy/{{env}}" }
    ///       destination: { server: "https://kubernetes.default.svc", namespace: "{{env}}" }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: ApplicationSet
    /// metadata: { name: shop }
    /// spec:
    ///   generators:
    ///     - list:
    ///         elements:
    ///           - { app: web, env: staging }
    ///           - { app: web, env: prod }
    ///   template:
    ///     metadata: { name: "{{app}}-{{env}}" }
    ///     spec:
    ///       project: shop
    ///       source: { repoURL: "https://git.example.com/shop.git", path: "deploy/{{env}}" }
    ///       destination: { server: "https://kubernetes.default.svc", namespace: "{{env}}" }
    /// ```
    PLM919 "application-name-collision" {
        since: "0.1.0", on: Delivery, severity: Error, check: check,
    }
}

/// What has to be unique: the name and the namespace of an Application, and the folder of its file. Folders
/// may be applied to different clusters, so only what stands in one of them meets.
type Key<'a> = (&'a str, Option<&'a str>, &'a str);

fn check(facts: &Facts, out: &mut Findings) {
    let mut first: FxHashMap<Key<'_>, &App> = FxHashMap::default();
    for app in facts.apps().iter().filter(|app| app.made.is_none() && !app.is_unnamed) {
        match first.entry(key(facts, app)) {
            Entry::Vacant(entry) => {
                entry.insert(app);
            }
            Entry::Occupied(entry) => {
                let other = entry.get();
                // Kustomize refuses a second one itself.
                let is_file = other.file == app.file && !facts.is_kustomized(app.file);
                if is_file && other.span != app.span && !has_placeholder(&app.name) {
                    out.at(
                        &app.span,
                        format!(
                            "a second Application has the name `{}`: the one that is applied last replaces the other",
                            app.name
                        ),
                    )
                    .also(&other.span, "the first one")
                    .check(format!("argocd app get {}", app.argument()));
                }
            }
        }
    }
    for (set, expansion) in facts.app_sets() {
        let mut own: FxHashMap<&str, (Span, usize)> = FxHashMap::default();
        for app in expansion.apps.iter().filter(|app| !has_placeholder(&app.name)) {
            let element = app.made.as_ref().map_or(app.span, |made| made.element);
            let known = own.entry(&app.name).or_insert((element, 0));
            known.1 += 1;
            if known.1 == 2 {
                out.at(
                    &app.span,
                    format!("{} makes two Applications with the name `{}`", set.label(), app.name),
                )
                .also(&known.0, "one of them")
                .also(&element, "the other one")
                .check(kubectl("describe", set, ""));
            }
        }
        for app in expansion.apps.iter().filter(|app| own.contains_key(app.name.as_str())) {
            match first.get(&key(facts, app)) {
                Some(other) if other.span != app.span && facts.together(other.file, app.file) => {
                    out.at(
                        &app.span,
                        format!(
                            "{} makes an Application with the name `{}`, which another one has too",
                            set.label(),
                            app.name
                        ),
                    )
                    .also(&other.span, "the other one");
                }
                Some(_) => {}
                None => {
                    first.insert(key(facts, app), app);
                }
            }
        }
    }
}

fn key<'k>(facts: &Facts<'k>, app: &'k App) -> Key<'k> {
    (&app.name, app.namespace.as_deref(), folder_of(facts.file(app.file).path()))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn set(file: &str, name: &str, elements: &str, template: &str) -> String {
        format!(
            "# file: {file}\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: {name}}}\nspec:\n  generators: [{{list: {{elements: [{elements}]}}}}]\n  template:\n    metadata: {{name: '{template}'}}\n    spec: {{source: {{repoURL: r, path: p}}, destination: {{}}}}\n"
        )
    }

    #[test]
    fn two_sets_of_one_folder_meet() {
        let one = set("apps/a.yaml", "a", "{n: web}", "{{n}}");
        let two = set("apps/b.yaml", "b", "{n: web}", "{{n}}");
        let found = messages(&RULE, &format!("{one}{two}"));
        assert_eq!(
            found,
            [
                "ApplicationSet `b` makes an Application with the name `web`, which another one has too"
            ]
        );
        let alternative = set("apps/b.yaml", "a", "{n: web}", "{{n}}");
        assert!(
            messages(&RULE, &format!("{one}{alternative}")).is_empty(),
            "the same set in another form"
        );
        let elsewhere = set("other/b.yaml", "b", "{n: web}", "{{n}}");
        assert!(
            messages(&RULE, &format!("{one}{elsewhere}")).is_empty(),
            "another cluster, perhaps"
        );
    }

    #[test]
    fn a_plain_application_meets_a_made_one() {
        let plain = "# file: apps/web.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {source: {repoURL: r, path: p}, destination: {}}\n";
        let made = set("apps/a.yaml", "a", "{n: web}", "{{n}}");
        assert_eq!(messages(&RULE, &format!("{plain}{made}")).len(), 1);
    }

    #[test]
    fn two_plain_applications_of_one_file_are_one_object() {
        let app = |name: &str, namespace: &str| {
            format!(
                "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{source: {{repoURL: r, path: p}}, destination: {{}}}}\n"
            )
        };
        let file = |all: &str| format!("# file: apps/a.yaml\n{all}");
        let twice = format!("{}{}", app("web", "argocd"), app("web", "argocd"));
        assert_eq!(
            messages(&RULE, &file(&twice)),
            [
                "a second Application has the name `web`: the one that is applied last replaces the other"
            ]
        );
        let apart = format!("{}{}", app("web", "argocd"), app("web", "other"));
        assert!(messages(&RULE, &file(&apart)).is_empty());
        let built =
            format!("# file: apps/kustomization.yaml\nresources: [a.yaml]\n{}", file(&twice));
        assert!(messages(&RULE, &built).is_empty(), "Kustomize refuses to build");
        let two =
            format!("{}# file: apps/b.yaml\n{}", file(&app("web", "argocd")), app("web", "argocd"));
        assert!(messages(&RULE, &two).is_empty(), "one file for each cluster, perhaps");
    }

    #[test]
    fn different_and_unknown_names_are_silent() {
        assert!(messages(&RULE, &set("a.yaml", "a", "{n: x}, {n: y}", "{{n}}")).is_empty());
        assert!(messages(&RULE, &set("a.yaml", "a", "{n: x}, {n: y}", "{{other}}")).is_empty());
    }
}
