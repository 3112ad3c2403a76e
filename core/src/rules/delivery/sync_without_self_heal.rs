use crate::edit::Yaml;
use crate::facts::Facts;
use crate::report::{Findings, Fix};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// An Application syncs by itself, but leaves drift or removed objects in the cluster as they are.
    ///
    /// ## Why it hurts
    /// Automated sync reacts to commits. Without `selfHeal` a change by hand in the cluster is shown as
    /// OutOfSync and stays; without `prune` an object that was deleted from Git runs on. The
    /// cluster slowly stops being what the repository says.
    ///
    /// ## What helps
    /// Set `selfHeal: true` and `prune: true` under `syncPolicy.automated`. Objects that must never be
    /// deleted can be protected one by one with the annotation
    /// `argocd.argoproj.io/sync-options: Prune=false`.
    ///
    /// ## How to troubleshoot
    /// `argocd app diff NAME` shows the drift, `argocd app resources NAME --orphaned` what nobody owns.
    ///
    /// ## When to ignore
    /// People change the objects by hand on purpose, or deletions are reviewed one by one.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    ///   syncPolicy:
    ///     automated:
    ///       prune: true # <- Application `shop` syncs by itself without `selfHeal`: what changes by hand in the cluster stays
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    ///   syncPolicy:
    ///     automated:
    ///       prune: true
    ///       selfHeal: true
    /// ```
    PLM902 "sync-without-self-heal" {
        since: "0.1.0", on: Delivery, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut seen = FxHashSet::default();
    for app in facts.apps() {
        let Some(automated) = &app.application.automated else { continue };
        if automated.enabled.is_some_and(|flag| !flag.value) {
            continue;
        }
        // The Applications of one template share its place.
        if !seen.insert(automated.place.span) {
            continue;
        }
        let heals = automated.self_heal.is_some_and(|flag| flag.value);
        let prunes = automated.prune.is_some_and(|flag| flag.value);
        let (missing, effect) = match (heals, prunes) {
            (true, true) => continue,
            (false, true) => ("`selfHeal`", "what changes by hand in the cluster stays"),
            (true, false) => ("`prune`", "what is deleted from the repository runs on"),
            (false, false) => (
                "`selfHeal` and `prune`",
                "manual changes stay, and objects deleted from the repository keep running",
            ),
        };
        let owner = match &app.made {
            Some(made) => format!("ApplicationSet `{}`", made.set),
            None => app.label(),
        };
        let verb = if app.made.is_some() { "makes Applications that sync" } else { "syncs" };
        let by = if app.made.is_some() { "themselves" } else { "itself" };
        let place = automated.place;
        let finding =
            out.at(&place.span, format!("{owner} {verb} by {by} without {missing}: {effect}"));
        if app.made.is_none() {
            finding.check(format!("argocd app diff {}", app.argument()));
        }
        // An ApplicationSet's template has no place of its own once its placeholders are filled in.
        if let (None, false, None) = (&app.made, heals, automated.self_heal) {
            let edit = facts.insert_entry(&place, "selfHeal", &Yaml::Raw("true".into()));
            let fix = edit.map(|edit| Fix::r#unsafe("Mend drift by itself", vec![edit]));
            finding.maybe_fix(fix.filter(|_| prunes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn app(policy: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec: {{source: {{repoURL: r, path: p}}, destination: {{}}, syncPolicy: {policy}}}\n"
            ),
        )
    }

    #[test]
    fn both_halves_are_wanted() {
        assert_eq!(app("{automated: {selfHeal: true}}").len(), 1);
        assert!(app("{automated: {}}")[0].contains("`selfHeal` and `prune`"));
        assert!(app("{automated: {prune: true, selfHeal: true}}").is_empty());
        assert_eq!(app("{automated: {prune: false, selfHeal: true}}").len(), 1);
    }

    #[test]
    fn an_application_without_a_name_of_its_own_is_read() {
        let made = |metadata: &str, policy: &str| {
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{{metadata}}}\nspec: {{source: {{repoURL: r, path: p}}, destination: {{}}, syncPolicy: {{automated: {{{policy}}}}}}}\n"
            );
            let mut found = findings(&RULE, &text);
            found.pop().map(|it| (it.message, it.check))
        };
        for (metadata, label) in [
            ("generateName: shop-", "Application `shop-`"),
            ("labels: {a: b}", "the unnamed Application"),
        ] {
            let (message, check) = made(metadata, "prune: true").expect("a finding");
            assert!(message.starts_with(&format!("{label} syncs by itself without")), "{message}");
            assert_eq!(check, ["argocd app diff NAME"]);
            assert_eq!(made(metadata, "prune: true, selfHeal: true"), None);
        }
    }

    #[test]
    fn manual_and_disabled_sync_is_silent() {
        assert!(app("{syncOptions: [CreateNamespace=true]}").is_empty());
        assert!(app("{automated: {enabled: false}}").is_empty());
    }

    #[test]
    fn a_set_is_reported_once() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  generators: [{list: {elements: [{n: a}, {n: b}]}}]\n  template:\n    metadata: {name: '{{n}}'}\n    spec: {source: {repoURL: r, path: p}, destination: {}, syncPolicy: {automated: {prune: true}}}\n";
        let found = messages(&RULE, text);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("ApplicationSet `s` makes Applications that sync by themselves")
        );
    }
}
