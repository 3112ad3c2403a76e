use crate::facts::Facts;
use crate::report::{Confidence, Environment, Findings};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// A production Application follows a branch, so every push to it is a release.
    ///
    /// ## Why it hurts
    /// Argo CD deploys whatever the branch points to at the next sync. Nobody decides on the release,
    /// and the Application does not say which revision is running. A force-push or a merge into
    /// the wrong branch reaches production within minutes.
    ///
    /// ## What helps
    /// Put a tag or a commit into `targetRevision` and change it with each release. Where the branch
    /// itself is the record of what runs in production, and changes only through reviewed pull
    /// requests, following it is a decision that can be accepted.
    ///
    /// ## How to troubleshoot
    /// `argocd app history NAME` lists the revisions that were really deployed.
    ///
    /// ## When to ignore
    /// The branch is protected and is used for nothing but this environment.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop-production, namespace: argocd }
    /// spec:
    ///   project: shop
    ///   source:
    ///     repoURL: https://git.example.com/shop.git
    ///     path: deploy
    ///     targetRevision: main # <- Application `shop-production` follows the branch `main`, so every push to it is released to production
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop-production, namespace: argocd }
    /// spec:
    ///   project: shop
    ///   source:
    ///     repoURL: https://git.example.com/shop.git
    ///     path: deploy
    ///     targetRevision: v1.4.2
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    PLM901 "floating-target-revision" {
        since: "0.1.0", on: Delivery, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // The Applications of one template share its place; one of production says most.
    let mut apps: Vec<_> =
        facts.apps().iter().map(|app| (facts.environment_of(app), *app)).collect();
    apps.sort_by_key(|(environment, _)| environment.is_none());
    let mut seen = FxHashSet::default();
    for (environment, app) in apps {
        if !matches!(environment, None | Some(Environment::Production)) {
            continue;
        }
        for source in &app.application.sources {
            let revision = source.target_revision.as_ref();
            let text = revision.map_or("HEAD", |revision| revision.as_str());
            let follows = if source.chart.is_some() {
                is_open_range(text).then(|| format!("takes any version that fits `{text}`"))
            } else {
                branch(text)
            };
            let Some(follows) = follows else { continue };
            let place = revision.or(source.repo_url.as_ref()).map_or(app.span, |it| it.span);
            if !seen.insert(place) {
                continue;
            }
            let (what, confidence) = match environment {
                Some(_) => ("released to production", Confidence::Certain),
                None => ("released at once", Confidence::Possible),
            };
            let cause =
                if source.chart.is_some() { "every new version is" } else { "every push to it is" };
            out.at(&place, format!("{} {follows}, so {cause} {what}", app.label()))
                .confidence(confidence)
                .check(format!("argocd app history {}", app.argument()));
        }
    }
}

/// Returns what a revision follows; `None` for a commit, a tag or something that is not known.
fn branch(revision: &str) -> Option<String> {
    if revision.is_empty() || revision == "HEAD" {
        return Some("follows the default branch".to_owned());
    }
    let is_commit = revision.len() >= 7 && revision.chars().all(|it| it.is_ascii_hexdigit());
    let has_digit = revision.contains(|letter: char| letter.is_ascii_digit());
    let is_named = ["main", "master", "develop", "dev", "trunk", "production", "prod", "stable"]
        .contains(&revision);
    let is_branch = is_named || revision.starts_with("refs/heads/");
    let is_open = !has_digit && !is_commit && !revision.contains(['{', '*', '^', '~', '>', '<']);
    (is_branch || is_open).then(|| format!("follows the branch `{revision}`"))
}

/// Whether a version of a chart is a range without an upper end.
fn is_open_range(version: &str) -> bool {
    matches!(version, "" | "*" | "x" | "latest" | "HEAD")
        || version.starts_with('>') && !version.contains('<')
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn app(name: &str, source: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec: {{source: {{repoURL: r, {source}}}, destination: {{}}}}\n"
            ),
        )
    }

    #[test]
    fn commits_tags_and_bounded_ranges_are_silent() {
        for source in [
            "path: a, targetRevision: 4f2c1e0a",
            "path: a, targetRevision: v2.1.0",
            "path: a, targetRevision: release-2026-11",
            "path: a, targetRevision: 1.2.*",
            "chart: a, targetRevision: 1.2.3",
            "chart: a, targetRevision: '>=1.0.0 <2.0.0'",
        ] {
            assert!(app("shop-prod", source).is_empty(), "{source}");
        }
    }

    #[test]
    fn branches_and_open_ranges_are_not() {
        for source in [
            "path: a",
            "path: a, targetRevision: HEAD",
            "path: a, targetRevision: feature/x",
            "chart: a, targetRevision: '*'",
            "chart: a, targetRevision: '>=1.0.0'",
        ] {
            assert_eq!(app("shop-prod", source).len(), 1, "{source}");
        }
    }

    #[test]
    fn each_source_and_every_way_to_say_production_counts() {
        let made = |meta: &str, spec: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {meta}}}\nspec: {{{spec}}}\n"
                ),
            )
        };
        let sources = "sources: [{repoURL: r, path: a, targetRevision: main}, {repoURL: q, path: b, targetRevision: v1.2.3}], destination: {}";
        assert_eq!(made("shop-prod", sources).len(), 1);
        let source = "source: {repoURL: r, path: a, targetRevision: HEAD}";
        for destination in ["name: prod-cluster", "server: s, namespace: production"] {
            let found = made("shop", &format!("{source}, destination: {{{destination}}}"));
            assert!(found[0].ends_with("released to production"), "{destination}: {found:?}");
        }
        let staging = format!("{source}, destination: {{name: staging-cluster}}");
        assert!(made("shop", &staging).is_empty());
    }

    #[test]
    fn a_generator_that_matches_nothing_here_still_makes_applications() {
        let set = |revision: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: shops}}\nspec:\n  generators: [{{git: {{repoURL: r, revision: HEAD, files: [{{path: 'elsewhere/**/config.json'}}]}}}}]\n  template:\n    metadata: {{name: '{{{{cluster.name}}}}-shop'}}\n    spec: {{source: {{repoURL: r, path: shop, targetRevision: {revision}}}, destination: {{}}}}\n"
                ),
            )
            .len()
        };
        assert_eq!(set("HEAD"), 1);
        assert_eq!(set("v1.2.3"), 0);
    }

    #[test]
    fn an_application_without_a_name_of_its_own_is_read() {
        let made = |metadata: &str, namespace: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{{metadata}}}\nspec: {{source: {{repoURL: r, path: a, targetRevision: main}}, destination: {{namespace: {namespace}}}}}\n"
                ),
            )
        };
        let rest = "follows the branch `main`, so every push to it is released to production";
        assert_eq!(
            made("generateName: shop-production-", "shop"),
            [format!("Application `shop-production-` {rest}")]
        );
        assert_eq!(
            made("labels: {app: shop}", "production"),
            [format!("the unnamed Application {rest}")]
        );
        assert!(made("generateName: shop-staging-", "shop").is_empty());
    }

    #[test]
    fn other_environments_are_silent() {
        assert!(app("shop-staging", "path: a").is_empty());
        assert!(app("shop-dev", "path: a").is_empty());
        assert_eq!(app("shop", "path: a").len(), 1, "an unknown environment may be production");
    }
}
