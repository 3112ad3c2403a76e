use crate::facts::Facts;
use crate::model::delivery::defeated_values;
use crate::report::{Findings, Fix};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// The general values file is read after the one for an environment and takes back what it sets.
    ///
    /// ## Why it hurts
    /// Of several values files the last one wins. With the general file at the end, the environment gets the
    /// default replicas, hosts and resources wherever the general file says anything, although its own
    /// file looks right.
    ///
    /// ## What helps
    /// List the files from the general to the specific. The `values.yaml` of the chart itself need not
    /// be listed: Helm always reads it first.
    ///
    /// ## How to troubleshoot
    /// `argocd app manifests NAME` shows what the values became.
    ///
    /// ## When to ignore
    /// Where the general file is meant to win, as one that holds a switch for all environments does.
    ///
    /// ## Bad
    /// ```yaml file=argocd/shop.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source:
    ///     repoURL: https://git.example.com/shop.git
    ///     path: chart
    ///     helm:
    ///       valueFiles:
    ///         - values-prod.yaml
    ///         - values.yaml # <- Application `shop` reads `values.yaml` after `values-prod.yaml`, so `replicas` is 1 and not 3
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=chart/Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=chart/values.yaml
    /// replicas: 1
    /// ```
    /// ```yaml file=chart/values-prod.yaml
    /// replicas: 3
    /// ```
    ///
    /// ## Good
    /// ```yaml file=argocd/shop.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source:
    ///     repoURL: https://git.example.com/shop.git
    ///     path: chart
    ///     helm:
    ///       valueFiles:
    ///         - values.yaml
    ///         - values-prod.yaml
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=chart/Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=chart/values.yaml
    /// replicas: 1
    /// ```
    /// ```yaml file=chart/values-prod.yaml
    /// replicas: 3
    /// ```
    PLM918 "values-order-defeats-override" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let Some(repository) = facts.repository() else { return };
    let mut seen = FxHashSet::default();
    for app in facts.apps() {
        for source in &app.application.sources {
            for defeated in defeated_values(repository, app, source) {
                // The Applications of one template share its places.
                if !seen.insert(defeated.general.span) {
                    continue;
                }
                let (general, specific) = (&defeated.general, &defeated.specific);
                let finding = out.at(
                    &general.span,
                    format!(
                        "{} reads `{general}` after `{specific}`, so `{}` is {} and not {}",
                        app.label(),
                        defeated.key,
                        defeated.general_value,
                        defeated.specific_value
                    ),
                );
                finding
                    .also(&defeated.specific_value.span, "set here")
                    .also(&defeated.general_value.span, "taken back here")
                    .check(format!("argocd app manifests {}", app.argument()));
                if defeated.are_neighbours && app.made.is_none() {
                    finding.fix(Fix::r#unsafe(
                        format!("Read `{specific}` last"),
                        vec![
                            facts.replace_scalar(&general.span, specific),
                            facts.replace_scalar(&specific.span, general),
                        ],
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn app(files: &str, prod: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "# file: app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop}}\nspec: {{source: {{repoURL: r, path: chart, helm: {{valueFiles: [{files}]}}}}, destination: {{}}}}\n# file: chart/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: chart/values.yaml\nweb: {{replicas: 1}}\nother: 1\n# file: chart/values-prod.yaml\n{prod}\n"
            ),
        )
    }

    #[test]
    fn the_general_file_comes_first() {
        assert_eq!(app("values-prod.yaml, values.yaml", "web: {replicas: 3}").len(), 1);
        assert!(app("values.yaml, values-prod.yaml", "web: {replicas: 3}").is_empty());
    }

    #[test]
    fn files_that_do_not_disagree_are_silent() {
        assert!(app("values-prod.yaml", "web: {replicas: 3}").is_empty(), "a single file");
        assert!(app("values-prod.yaml, values.yaml", "web: {host: a}").is_empty(), "no common key");
        assert!(
            app("values-prod.yaml, values.yaml", "web: {replicas: 1}").is_empty(),
            "the same value"
        );
    }
}
