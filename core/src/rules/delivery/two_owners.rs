use crate::facts::{Facts, hook, in_shell};
use crate::knowledge::kube::is_cluster_wide;
use crate::model::BuiltTarget;
use crate::model::delivery::{App, has_placeholder, of_url};
use crate::model::kubernetes::{Body, Object};
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::{Span, folder_of};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// Two Applications deploy the same object to the same place.
    ///
    /// ## Why it hurts
    /// An object belongs to one Application. Where two deploy it, each sync takes it over and sets it back to
    /// its own form: both are OutOfSync in turn (`SharedResourceWarning`). Deleting one Application, or
    /// pruning in it, deletes the object under the other one.
    ///
    /// ## What helps
    /// Give the object to one Application, or deploy to different namespaces or with different name prefixes.
    /// Shared things such as Namespaces belong to an Application of their own, or to
    /// `CreateNamespace=true`.
    ///
    /// ## How to troubleshoot
    /// `argocd app get NAME` shows `SharedResourceWarning` with the other owner.
    ///
    /// ## When to ignore
    /// Where no cluster has both at the same time, or while one takes over from the other.
    ///
    /// ## Bad
    /// ```yaml file=argocd/apps.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop-copy }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination:
    ///     server: https://kubernetes.default.svc
    ///     namespace: shop # <- Applications `shop` and `shop-copy` both deploy `deploy` to namespace `shop`
    /// ```
    /// ```yaml file=deploy/web.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec: { selector: { app: web }, ports: [{ port: 80 }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=argocd/apps.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop-preview }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop-preview }
    /// ```
    /// ```yaml file=deploy/web.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec: { selector: { app: web }, ports: [{ port: 80 }] }
    /// ```
    PLM920 "two-owners" {
        since: "0.1.0", on: Delivery, severity: Error, check: check,
    }
}

/// The identity of an object in a cluster: server or name of the cluster, group, kind, namespace, name.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn check(facts: &Facts, out: &mut Findings) {
    if facts.apps().len() < 2 {
        return;
    }
    let mut owners: FxHashMap<Key<'_>, Vec<Owner<'_>>> = FxHashMap::default();
    let mut pairs: IndexMap<(Span, Span, &str, &str), Pair<'_>> = IndexMap::new();
    for target in facts.all_targets() {
        let Some(app) = target.app().filter(|app| is_exact(app)) else { continue };
        for object in &target.objects {
            let Some(key) = key(app, object) else { continue };
            // The first of each group of Applications that may meet.
            let known = owners.entry(key).or_default();
            let is_same = |it: &App| it.name == app.name && it.span == app.span;
            if known.iter().any(|it| is_same(it.0)) {
                continue;
            }
            let met = known.iter().find(|it| may_meet(facts, it.0, app)).copied();
            let Some((other, other_target, first)) = met else {
                known.push((app, target, object));
                continue;
            };
            let names = (other.span, app.span, other.name.as_str(), app.name.as_str());
            let pair = pairs.entry(names).or_insert(Pair {
                other,
                app,
                targets: (other_target, target),
                objects: Vec::new(),
            });
            pair.objects.push((first, object));
        }
    }
    pairs.values().for_each(|pair| report(pair, out));
    unseen(facts, out);
}

/// Reports Applications that deploy one path of one repository to one place, where the path is not among the files.
fn unseen(facts: &Facts<'_>, out: &mut Findings) {
    let built = facts.all_targets().iter().filter(|it| !it.objects.is_empty());
    let built = built.filter_map(|it| it.app());
    let read: FxHashSet<(Span, &str)> = built.map(|it| (it.span, &*it.name)).collect();
    // Only those of one folder may meet.
    let mut owners: IndexMap<(&str, &str, &str, String, &str), Vec<&App>> = IndexMap::new();
    let apps = facts.apps().iter().filter(|it| !read.contains(&(it.span, &*it.name)));
    for app in apps.copied().filter(|it| is_exact(it)) {
        let destination = &app.application.destination;
        let Some(cluster) = destination.server.as_ref().or(destination.name.as_ref()) else {
            continue;
        };
        let namespace = destination.namespace.as_ref().map_or("", |it| it.as_str());
        for source in &app.application.sources {
            let (Some(url), Some(path)) = (&source.repo_url, &source.path) else { continue };
            // Names may differ with the values of a chart, or with the prefix of an overlay.
            let is_plain = source.helm.is_none()
                && source.kustomize.is_none()
                && source.directory.is_none()
                && !source.has_plugin
                && ![url, path].iter().any(|it| has_placeholder(it));
            if !is_plain {
                continue;
            }
            let place = path.trim_start_matches("./").trim_matches('/');
            let folder = folder_of(facts.file(app.file).path());
            let key = (folder, cluster.as_str(), namespace, of_url(url), place);
            let known = owners.entry(key).or_default();
            let Some(other) = known.iter().find(|it| may_meet(facts, it, app)) else {
                known.push(app);
                continue;
            };
            let what = format!("`{path}` to {}", place_of(namespace));
            both_deploy(other, app, &what, path.span, out).confidence(Confidence::Likely);
        }
    }
}

/// An Application, a target of it, and an object in there.
type Owner<'a> = (&'a App, &'a BuiltTarget, &'a Object);

/// Two Applications, their targets, and the objects that both deploy.
struct Pair<'a> {
    other: &'a App,
    app: &'a App,
    targets: (&'a BuiltTarget, &'a BuiltTarget),
    objects: Vec<(&'a Object, &'a Object)>,
}

fn report(pair: &Pair<'_>, out: &mut Findings) {
    let Pair { other, app, targets: (other_target, target), objects } = pair;
    let Some((first, object)) = objects.first() else { return };
    let is_whole_folder = other_target.target.folder == target.target.folder;
    // One folder cannot be that of two repositories, so that at least one of them is elsewhere.
    if is_whole_folder && !share_repository(other, app) {
        return;
    }
    let destination = &app.application.destination;
    let namespace = destination.namespace.as_ref().filter(|it| !it.is_empty());
    let what = match is_whole_folder {
        true => {
            let place = place_of(namespace.map_or("", |it| it.as_str()));
            format!("`{}` to {place}", shown(&target.target.folder))
        }
        false => {
            let labels: Vec<String> = objects.iter().map(|(_, it)| it.label()).collect();
            match labels.as_slice() {
                [one, two] => format!("{one} and {two}"),
                [one, others @ ..] if !others.is_empty() => {
                    format!("{one} and {} more objects", others.len())
                }
                _ => object.label(),
            }
        }
    };
    let span = namespace.map_or(app.span, |it| it.span);
    let finding = both_deploy(other, app, &what, span, out);
    if !is_whole_folder {
        finding.also(&first.name_span(), "the object");
        if objects.iter().all(|(_, it)| matches!(it.body, Body::Namespace)) {
            finding.severity(Severity::Warning).confidence(Confidence::Likely);
        }
    }
}

/// Reports two Applications that deploy the same.
fn both_deploy<'o>(
    other: &App,
    app: &App,
    what: &str,
    span: Span,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let (first, second) = (&other.name, &app.name);
    let message = format!("Applications `{first}` and `{second}` both deploy {what}");
    // Those of one ApplicationSet have one name in the files, and an element each.
    let other_span = match &other.made {
        Some(made) if other.span == app.span => made.element,
        _ => other.span,
    };
    out.at(&span, message)
        .also(&other_span, "the other Application")
        .check(format!("argocd app get {}", in_shell(second)))
        // Several sets that are alternatives make the same Applications.
        .cause(format!("{first} and {second}"))
}

fn place_of(namespace: &str) -> String {
    match namespace {
        "" => "the same cluster".to_owned(),
        _ => format!("namespace `{namespace}`"),
    }
}

/// Whether two Applications take something from one repository, as far as they name any.
fn share_repository(a: &App, b: &App) -> bool {
    let urls = |app: &App| -> Vec<String> {
        let sources = app.application.sources.iter().filter(|it| it.path.is_some());
        sources.filter_map(|it| Some(of_url(it.repo_url.as_ref()?))).collect()
    };
    let (a, b) = (urls(a), urls(b));
    a.is_empty() || b.is_empty() || a.iter().any(|it| b.contains(it))
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// Whether the name and the destination of an Application are known.
fn is_exact(app: &App) -> bool {
    let destination = &app.application.destination;
    let parts = [&destination.server, &destination.name, &destination.namespace];
    !app.is_unnamed
        && !has_placeholder(&app.name)
        && parts.iter().copied().flatten().all(|it| !has_placeholder(it))
        && (destination.server.is_some() || destination.name.is_some())
}

/// Whether two Applications belong to one Argo CD: those of one folder do. The environments of one
/// application may have a cluster each.
fn may_meet(facts: &Facts<'_>, a: &App, b: &App) -> bool {
    let set = |app: &App| app.made.as_ref().map(|made| made.set_span);
    if set(a).is_some() && set(a) == set(b) {
        return true;
    }
    let folder = |app: &App| folder_of(facts.file(app.file).path());
    let environments = (facts.environment_of(a), facts.environment_of(b));
    // Two sets that make the same Applications are two forms of one set.
    let are_apart = a.name != b.name && facts.together(a.file, b.file);
    are_apart && folder(a) == folder(b) && environments.0 == environments.1
}

fn key<'a>(app: &'a App, object: &'a Object) -> Option<Key<'a>> {
    let destination = &app.application.destination;
    let cluster = destination.server.as_ref().or(destination.name.as_ref())?;
    // Hooks are created and deleted with each sync.
    if hook(&object.meta).is_some() {
        return None;
    }
    let kind = object.kind.as_str();
    let own = object.meta.namespace.as_ref().or(destination.namespace.as_ref());
    let namespace = match is_cluster_wide(kind) {
        true => "",
        false => own.map_or("", |it| it.as_str()),
    };
    Some((cluster.as_str(), object.group(), kind, namespace, object.name()?.as_str()))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{files, findings, run};

    fn app(file: &str, name: &str, path: &str, namespace: &str, more: &str) -> String {
        format!(
            "# file: {file}\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec: {{source: {{repoURL: r, path: {path}{more}}}, destination: {{server: s, namespace: {namespace}}}}}\n"
        )
    }

    fn said(text: &str) -> Vec<(&'static str, String)> {
        findings(&RULE, text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    fn service(path: &str, name: &str) -> String {
        format!(
            "# file: {path}\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    }

    #[test]
    fn one_object_in_two_folders_has_two_owners() {
        let objects = format!("{}{}", service("a/web.yaml", "web"), service("b/web.yaml", "web"));
        let apps = format!(
            "{}{}",
            app("x.yaml", "one", "a", "shop", ""),
            app("y.yaml", "two", "b", "shop", "")
        );
        let found = said(&format!("{objects}{apps}"));
        assert_eq!(
            found,
            [("error", "Applications `one` and `two` both deploy Service `web`".to_owned())]
        );
    }

    #[test]
    fn a_folder_that_is_not_among_the_files_has_two_owners_as_well() {
        let both = |path: &str, namespace: &str, more: &str| {
            let one = app("x.yaml", "one", "deploy", "shop", more);
            said(&format!("{one}{}", app("y.yaml", "two", path, namespace, more)))
        };
        assert_eq!(
            both("deploy", "shop", ""),
            [(
                "error",
                "Applications `one` and `two` both deploy `deploy` to namespace `shop`".to_owned()
            )]
        );
        assert!(both("other", "shop", "").is_empty());
        assert!(both("deploy", "preview", "").is_empty());
        assert!(both("deploy", "shop", ", helm: {releaseName: a}").is_empty());
    }

    #[test]
    fn the_place_is_the_destination_or_else_the_name() {
        let one = app("x.yaml", "one", "a", "shop", "");
        let both = |destination: &str| {
            let two = format!(
                "# file: y.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: two}}\nspec: {{source: {{repoURL: r, path: a}}, destination: {{{destination}}}}}\n"
            );
            let object =
                service("a/web.yaml", "web").replace("name: web", "name: web, namespace: shop");
            let text = format!("{object}{one}{two}");
            let report = run(&RULE, &files(&text));
            assert_eq!(report.findings.len(), 1);
            let span = report.findings[0].span;
            report.entry(span.file).file.text[span.range()].to_owned()
        };
        assert_eq!(both("server: s, namespace: shop"), "shop");
        assert_eq!(both("server: s"), "two");
    }

    #[test]
    fn the_other_application_of_a_set_is_its_element() {
        let set = "# file: set.yaml\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  generators: [{list: {elements: [{n: one}, {n: two}]}}]\n  template:\n    metadata: {name: '{{n}}'}\n    spec: {source: {repoURL: r, path: a}, destination: {server: s, namespace: shop}}\n";
        let found = findings(&RULE, &format!("{set}{}", service("a/web.yaml", "web")));
        assert_eq!(found.len(), 1);
        assert!(found[0].related.iter().all(|related| related.span != found[0].span));
    }

    #[test]
    fn every_set_with_the_flaw_is_named() {
        let set = |file: &str, namespaces: [&str; 2]| {
            let [one, two] = namespaces;
            format!(
                "# file: {file}\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: s}}\nspec:\n  generators: [{{list: {{elements: [{{n: one, to: {one}}}, {{n: two, to: {two}}}]}}}}]\n  template:\n    metadata: {{name: '{{{{n}}}}'}}\n    spec: {{source: {{repoURL: r, path: a}}, destination: {{server: s, namespace: '{{{{to}}}}'}}}}\n"
            )
        };
        let object = service("a/web.yaml", "web");
        let same = ["shop", "shop"];
        let text = format!("{object}{}{}", set("x/set.yaml", same), set("y/set.yaml", same));
        let found = findings(&RULE, &text);
        let places: usize = found.iter().map(|it| 1 + it.more).sum();
        assert_eq!(places, 2, "{found:?}");
        let apart = ["shop", "other"];
        let text = format!("{object}{}{}", set("x/set.yaml", same), set("y/set.yaml", apart));
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].more), (1, 0));
    }

    #[test]
    fn the_same_path_of_two_repositories_is_two_things() {
        let app = |name: &str, url: &str, path: &str, namespace: &str| {
            format!(
                "# file: {name}.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec: {{source: {{repoURL: '{url}', path: {path}}}, destination: {{name: in-cluster{namespace}}}}}\n"
            )
        };
        let object =
            service("a/web.yaml", "web").replace("name: web", "name: web, namespace: shop");
        let both = |second: &str, path: &str, namespace: &str| {
            let first = app("one", "https://git.example.com/shop.git", path, namespace);
            said(&format!("{object}{first}{}", app("two", second, path, namespace)))
        };
        let same = "git@git.example.com:shop.git";
        let other = "https://git.example.com/mail.git";
        let twice = |place: &str| {
            [("error", format!("Applications `one` and `two` both deploy `a` to {place}"))]
        };
        assert_eq!(both(same, "a", ""), twice("the same cluster"));
        assert_eq!(both(same, "a", ", namespace: shop"), twice("namespace `shop`"));
        for path in ["a", "./"] {
            assert!(both(other, path, "").is_empty(), "{path}");
        }
    }

    #[test]
    fn other_namespaces_names_and_folders_are_silent() {
        let object = service("a/web.yaml", "web");
        let one = app("x.yaml", "one", "a", "shop", "");
        let elsewhere = app("y.yaml", "two", "a", "other", "");
        assert!(said(&format!("{object}{one}{elsewhere}")).is_empty());
        let other_folder = app("clusters/y.yaml", "two", "a", "shop", "");
        assert!(
            said(&format!("{object}{one}{other_folder}")).is_empty(),
            "another Argo CD, perhaps"
        );
        let dev = app("d.yaml", "web-dev", "a", "shop", "");
        let prod = app("p.yaml", "web-prod", "a", "shop", "");
        assert!(said(&format!("{object}{dev}{prod}")).is_empty(), "a cluster for each environment");
    }

    #[test]
    fn two_releases_of_one_chart_are_two_things() {
        let chart = "# file: chart/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: chart/templates/s.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: \"{{ .Release.Name }}\"}\nspec: {ports: [{port: 80}]}\n";
        let apps = format!(
            "{}{}",
            app("x.yaml", "one", "chart", "shop", ""),
            app("y.yaml", "two", "chart", "shop", "")
        );
        assert!(said(&format!("{chart}{apps}")).is_empty());
        let fixed = chart.replace("\"{{ .Release.Name }}\"", "web");
        assert_eq!(said(&format!("{fixed}{apps}")).len(), 1);
    }

    #[test]
    fn a_shared_namespace_is_a_warning() {
        let namespace = |path: &str| {
            format!("# file: {path}\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n")
        };
        let objects = format!("{}{}", namespace("a/n.yaml"), namespace("b/n.yaml"));
        let apps = format!(
            "{}{}",
            app("x.yaml", "one", "a", "shop", ""),
            app("y.yaml", "two", "b", "shop", "")
        );
        assert_eq!(said(&format!("{objects}{apps}"))[0].0, "warning");
    }
}
