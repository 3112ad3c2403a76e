use crate::facts::Facts;
use crate::report::{Environment, Findings};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// A production Application belongs to the project `default`, which allows everything.
    ///
    /// ## Why it hurts
    /// The project `default` lets its Applications come from any repository and go to any cluster and namespace,
    /// with any kind of object. A mistake in one repository, or somebody who may write to it, can change all of
    /// production, Argo CD itself included.
    ///
    /// ## What helps
    /// Create an AppProject for each team or product with its repositories, destinations and kinds, and name it
    /// in `spec.project`.
    ///
    /// ## How to troubleshoot
    /// `argocd proj get default` shows what the project allows.
    ///
    /// ## When to ignore
    /// One team owns the whole cluster: say so with `answers: { teams: 1 }` in `plimsoll.yaml`. Or the
    /// project `default` was restricted.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop-production }
    /// spec:
    ///   project: default # <- Application `shop-production` is in project `default`, which allows any source and any destination
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy, targetRevision: v1.4.2 }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop-production }
    /// spec:
    ///   project: shop
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy, targetRevision: v1.4.2 }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    PLM922 "default-project" {
        since: "0.1.0", on: Delivery, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    if facts.config().answers.teams == Some(1) {
        return;
    }
    let mut seen = FxHashSet::default();
    for app in facts.apps() {
        let Some(project) = &app.application.project else { continue };
        let is_production = facts.environment_of(app) == Some(Environment::Production);
        // The Applications of one template share its place.
        // Without a name, an Application belongs to the same project.
        if !matches!(project.as_str(), "default" | "")
            || !is_production
            || !seen.insert(project.span)
        {
            continue;
        }
        out.at(
            &project.span,
            format!(
                "{} is in project `default`, which allows any source and any destination",
                app.label()
            ),
        )
        .check("argocd proj get default");
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn app(name: &str, more: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "# file: a.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec: {{project: default, source: {{repoURL: r, path: p}}, destination: {{}}}}\n{more}"
            ),
        )
    }

    #[test]
    fn only_production_counts() {
        assert_eq!(app("shop-prod", "").len(), 1);
        assert!(app("shop-staging", "").is_empty());
        assert!(app("shop", "").is_empty(), "nobody says that this is production");
    }

    #[test]
    fn a_project_without_a_name_is_the_same_one_and_others_are_silent() {
        let in_project = |project: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop-prod}}\nspec: {{project: {project}, source: {{repoURL: r, path: p}}, destination: {{}}}}\n"
                ),
            )
            .len()
        };
        assert_eq!((in_project("default"), in_project("''"), in_project("shop")), (1, 1, 0));
    }

    #[test]
    fn an_application_without_a_name_of_its_own_is_read() {
        let made = |metadata: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{{metadata}}}\nspec: {{project: default, source: {{repoURL: r, path: p}}, destination: {{}}}}\n"
                ),
            )
        };
        let found = made("generateName: shop-production-");
        assert!(found[0].starts_with("Application `shop-production-` is in project"), "{found:?}");
        assert!(made("generateName: shop-").is_empty() && made("labels: {a: b}").is_empty());
    }

    #[test]
    fn a_single_team_is_silent() {
        assert!(app("shop-prod", "# file: plimsoll.yaml\nanswers: {teams: 1}\n").is_empty());
        assert_eq!(app("shop-prod", "# file: plimsoll.yaml\nanswers: {teams: 3}\n").len(), 1);
    }
}
