use crate::facts::{Facts, in_shell, nearest};
use crate::model::Str;
use crate::model::delivery::{App, SourceKind, ValueFile, source_folder, value_file};
use crate::model::kubernetes::{AppProject, ApplicationSource, Body, Destination, Object};
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::glob::matches;
use crate::text::{folder_of, join_path};
use rustc_hash::FxHashSet;

rule! {
    /// An Application names a project, a destination, a folder or a values file that is not there.
    ///
    /// ## Why it hurts
    /// Argo CD refuses to compare or sync the Application: "application references project which does not
    /// exist", "destination is not permitted", "app path does not exist", "no such file". Nothing is
    /// deployed, and nobody sees it before looking at the Application.
    ///
    /// ## What helps
    /// Correct the name, allow the destination in the AppProject, or add the file. A values file that not
    /// every environment has needs `ignoreMissingValueFiles: true`.
    ///
    /// ## How to troubleshoot
    /// `argocd app get NAME` shows the condition `InvalidSpecError` or `ComparisonError` with the name.
    ///
    /// ## When to ignore
    /// Where the cluster or another repository has what is named, which these files cannot show.
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
    ///         - values-prd.yaml # <- Application `shop` reads `values-prd.yaml`, but there is no `chart/values-prd.yaml`; did you mean `values-prod.yaml`?
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=chart/Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
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
    ///         - values-prod.yaml
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=chart/Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=chart/values-prod.yaml
    /// replicas: 3
    /// ```
    PLM910 "argocd-reference-missing" {
        since: "0.1.0", on: Delivery, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for app in facts.apps() {
        check_project(facts, app, out);
        for source in &app.application.sources {
            check_path(facts, app, source, out);
            check_value_files(facts, app, source, out);
        }
    }
}

/// Returns the AppProjects among the files, the built ones included.
fn projects<'f>(facts: &'f Facts<'_>) -> Vec<(&'f Object, &'f AppProject)> {
    let objects = facts.objects().iter().copied();
    let of = |object: &'f Object| match &object.body {
        Body::AppProject(project) => Some((object, &**project)),
        _ => None,
    };
    objects.filter_map(of).collect()
}

fn check_project(facts: &Facts<'_>, app: &App, out: &mut Findings) {
    let Some(name) = app.application.project.as_ref().filter(|name| is_exact(name)) else { return };
    let mut projects = projects(facts);
    projects.retain(|(object, _)| !is_sample(facts, object, app));
    let named =
        |it: &&(&Object, &AppProject)| it.0.name().is_some_and(|own| own.value == name.value);
    if let Some((object, project)) = projects.iter().find(named) {
        check_destination(app, object, project, out);
        return;
    }
    // Without any AppProject in the files, the projects are kept elsewhere.
    if projects.is_empty() || name.as_str() == "default" {
        return;
    }
    let names = projects.iter().filter_map(|(object, _)| object.name()).map(|it| it.as_str());
    let near = nearest(name, names);
    let what =
        format!("{} belongs to project `{name}`, which the files do not define", app.label());
    let finding = match near {
        Some(near) => out.at(&name.span, format!("{what}; did you mean `{near}`?")).fix(
            Fix::r#unsafe(format!("Use `{near}`"), vec![facts.replace_scalar(&name.span, near)]),
        ),
        // The project may be kept elsewhere, unless those of the Applications beside it are kept here.
        None if has_neighbour_in(facts, app, &projects) => {
            out.at(&name.span, what).severity(Severity::Warning).confidence(Confidence::Likely)
        }
        None => return,
    };
    finding.check(format!("argocd proj get {}", in_shell(name)));
}

/// Whether an AppProject is an example in a documentation that the Application is not part of.
fn is_sample(facts: &Facts<'_>, object: &Object, app: &App) -> bool {
    let is_word = |word: &str| {
        matches!(word, "doc" | "docs" | "documentation" | "example" | "examples" | "samples")
    };
    let folder = |file| folder_of(facts.file(file).path());
    let own = folder(app.file);
    folder(object.file)
        .split('/')
        .any(|word| is_word(word) && !own.split('/').any(|other| other == word))
}

/// Whether another Application of the same folder belongs to a project of the files.
fn has_neighbour_in(facts: &Facts<'_>, app: &App, projects: &[(&Object, &AppProject)]) -> bool {
    let folder = |app: &App| folder_of(facts.file(app.file).path());
    facts.apps().iter().filter(|other| folder(other) == folder(app)).any(|other| {
        let own = other.application.project.as_ref();
        own.is_some_and(|own| {
            projects
                .iter()
                .any(|(object, _)| object.name().is_some_and(|name| name.value == own.value))
        })
    })
}

/// Reports a destination that the AppProject does not allow.
fn check_destination(app: &App, object: &Object, project: &AppProject, out: &mut Findings) {
    let destination = &app.application.destination;
    let place = destination
        .namespace
        .as_ref()
        .or(destination.server.as_ref())
        .or(destination.name.as_ref());
    let Some(place) = place else { return };
    let parts = [&destination.server, &destination.name, &destination.namespace];
    if !parts.iter().copied().flatten().all(is_exact) || project.destinations.is_empty() {
        return;
    }
    let mut allowed = false;
    for entry in &project.destinations {
        let denies = [&entry.server, &entry.name, &entry.namespace];
        if denies.iter().copied().flatten().any(|it| it.starts_with('!')) {
            // A list with denials is left to Argo CD.
            return;
        }
        allowed |= permits(entry, destination);
    }
    if allowed {
        return;
    }
    let namespace = destination.namespace.as_ref().map_or("", |it| it.as_str());
    let cluster = destination.server.as_ref().or(destination.name.as_ref());
    let cluster = cluster.map_or("", |it| it.as_str());
    let label = object.name().map_or("", |it| it.as_str());
    out.at(
        &place.span,
        format!(
            "{} deploys to namespace `{namespace}` of `{cluster}`, which project `{label}` does not allow",
            app.label()
        ),
    )
    .also(&object.name_span(), "the project lists its `destinations`")
    .check(format!("argocd proj get {}", in_shell(label)));
}

/// Whether an entry of `destinations` allows a destination. A server and a name may mean the same cluster.
fn permits(entry: &Destination, destination: &Destination) -> bool {
    let fits = |pattern: &Option<Str>, own: &Option<Str>| match (pattern, own) {
        (Some(pattern), Some(own)) => {
            pattern.as_str() == "*" || matches(pattern, own) || is_glob_of_url(pattern, own)
        }
        (None, _) | (_, None) => true,
    };
    fits(&entry.server, &destination.server)
        && fits(&entry.name, &destination.name)
        && fits(&entry.namespace, &destination.namespace)
}

/// Whether a pattern with a star at its end fits a URL, whose slashes the star may cross.
fn is_glob_of_url(pattern: &str, url: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|start| url.starts_with(start))
}

/// Reports a folder that is not there, where others of the same repository are.
fn check_path(facts: &Facts<'_>, app: &App, source: &ApplicationSource, out: &mut Findings) {
    let (Some(repository), Some(path)) = (facts.repository(), &source.path) else { return };
    if source.chart.is_some() || !is_exact(path) || repository.folder(path, app.file).is_some() {
        return;
    }
    // The repository is this project if the path of another source of it is here.
    let same = |other: &&ApplicationSource| {
        let url = |it: &ApplicationSource| it.repo_url.as_ref().map(|url| url.value.clone());
        url(other) == url(source) && source.repo_url.as_ref().is_some_and(is_exact)
    };
    let others = facts
        .apps()
        .iter()
        .flat_map(|it| it.application.sources.iter().map(|source| (it.file, source)));
    let mut siblings: FxHashSet<String> = FxHashSet::default();
    let mut is_this_project = false;
    for (file, other) in others.filter(|(_, other)| same(other)) {
        if let Some((folder, _)) = source_folder(repository, file, other) {
            is_this_project |= !folder.is_empty();
            siblings.insert(folder);
        }
    }
    let wanted = path.trim_start_matches("./").trim_matches('/');
    let beside = repository.folders_in(folder_of(wanted));
    let near = nearest(wanted, beside.iter().map(String::as_str));
    let what = format!("{} deploys `{path}`, which is not a folder of the project", app.label());
    let finding = match (near, is_this_project) {
        (Some(near), _) => out
            .at(&path.span, format!("{what}; did you mean `{near}`?"))
            .confidence(Confidence::Likely)
            .fix(Fix::r#unsafe(
                format!("Use `{near}`"),
                vec![facts.replace_scalar(&path.span, near)],
            )),
        (None, true) => {
            out.at(&path.span, what).severity(Severity::Warning).confidence(Confidence::Likely)
        }
        (None, false) => return,
    };
    let url = source.repo_url.as_ref().map_or("", |it| it.as_str());
    finding.why("Argo CD reports a ComparisonError and deploys nothing: \"app path does not exist\". What an earlier version of the Application has deployed stays as it is.");
    finding.help(format!("Add the folder to the repository, or correct the path. Other Applications take folders of this project from `{url}`, so it is taken for that repository."));
    finding.check(format!("argocd app get {}", app.argument()));
}

/// Reports values files that are not there.
fn check_value_files(facts: &Facts<'_>, app: &App, source: &ApplicationSource, out: &mut Findings) {
    let (Some(repository), Some(helm)) = (facts.repository(), &source.helm) else { return };
    let folder = source_folder(repository, app.file, source);
    for entry in &helm.value_files {
        let folder = match &folder {
            Some((folder, SourceKind::Chart)) => Some(folder.as_str()),
            // The files of a chart that is not here are not here either, unless they are lent.
            _ if entry.starts_with('$') => None,
            _ => continue,
        };
        match value_file(repository, app, folder.unwrap_or_default(), entry) {
            ValueFile::Path(_) | ValueFile::Unknown => {}
            ValueFile::UnknownReference(name) => {
                out.at(
                    &entry.span,
                    format!(
                        "{} reads `{entry}`, but none of its sources has `ref: {name}`",
                        app.label()
                    ),
                );
            }
            ValueFile::Missing(_) if helm.ignores_missing_value_files => {}
            ValueFile::Missing(path) => {
                let place = folder_of(&path);
                let names = repository.files_in(place);
                let wanted = crate::text::name_of(&path);
                let near = nearest(wanted, names.iter().map(String::as_str));
                let what = format!("{} reads `{entry}`, but there is no `{path}`", app.label());
                match near {
                    Some(near) => {
                        let text = join_path(folder_of(entry), near);
                        out.at(&entry.span, format!("{what}; did you mean `{near}`?")).fix(
                            Fix::r#unsafe(
                                format!("Use `{text}`"),
                                vec![facts.replace_scalar(&entry.span, &text)],
                            ),
                        );
                    }
                    None => {
                        out.at(&entry.span, what);
                    }
                }
            }
        }
    }
}

/// Whether a text is the name itself: neither a placeholder nor a pattern nor empty.
fn is_exact(text: &Str) -> bool {
    !text.is_empty() && !text.contains(['{', '$', '*'])
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    const PROJECT: &str = "# file: projects.yaml\napiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: shop}\nspec:\n  destinations: [{server: 'https://kubernetes.default.svc', namespace: 'shop-*'}]\n";

    fn app(spec: &str) -> String {
        format!(
            "# file: apps/a.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
        )
    }

    fn said(text: &str) -> Vec<(&'static str, String)> {
        findings(&RULE, text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn a_project_must_be_defined_where_projects_are() {
        let spec = "source: {repoURL: r, chart: c}, destination: {server: 'https://kubernetes.default.svc', namespace: shop-a}";
        assert!(
            said(&app(&format!("project: sohp, {spec}"))).is_empty(),
            "no project is handed over"
        );
        let found = said(&format!("{PROJECT}{}", app(&format!("project: sohp, {spec}"))));
        assert_eq!(found[0].0, "error");
        assert!(found[0].1.ends_with("did you mean `shop`?"));
        let platform = app(&format!("project: platform, {spec}"));
        assert!(said(&format!("{PROJECT}{platform}")).is_empty(), "it may be kept elsewhere");
        let neighbour = app(&format!("project: shop, {spec}"))
            .replace("apps/a.yaml", "apps/b.yaml")
            .replace("{name: a}", "{name: b}");
        let other = said(&format!("{PROJECT}{platform}{neighbour}"));
        assert_eq!(other[0].0, "warning");
        assert!(said(&format!("{PROJECT}{}", app(&format!("project: shop, {spec}")))).is_empty());
        assert!(
            said(&format!("{PROJECT}{}", app(&format!("project: default, {spec}")))).is_empty()
        );
    }

    #[test]
    fn a_destination_must_be_allowed() {
        let spec = |namespace: &str| {
            app(&format!(
                "project: shop, source: {{repoURL: r, chart: c}}, destination: {{server: 'https://kubernetes.default.svc', namespace: {namespace}}}"
            ))
        };
        let found = said(&format!("{PROJECT}{}", spec("billing")));
        assert!(found[0].1.contains("which project `shop` does not allow"), "{found:?}");
        assert!(said(&format!("{PROJECT}{}", spec("shop-web"))).is_empty());
        let sample = PROJECT.replace("projects.yaml", "docs/project.yaml");
        assert!(
            said(&format!("{sample}{}", spec("billing"))).is_empty(),
            "an example of a documentation"
        );
        let denial = PROJECT.replace("namespace: 'shop-*'", "namespace: '!kube-system'");
        assert!(said(&format!("{denial}{}", spec("billing"))).is_empty());
    }

    #[test]
    fn a_folder_must_be_there_where_its_repository_is() {
        let manifest = "# file: deploy/web/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n# file: deploy/api/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
        let path =
            |path: &str| app(&format!("source: {{repoURL: r, path: {path}}}, destination: {{}}"));
        assert!(
            said(&format!("{manifest}{}", path("other/place"))).is_empty(),
            "another repository"
        );
        let near = said(&format!("{manifest}{}", path("deploy/wbe")));
        assert!(near[0].1.ends_with("did you mean `deploy/web`?"), "{near:?}");
        let sibling =
            path("deploy/api").replace("apps/a.yaml", "apps/b.yaml").replace("name: a", "name: b");
        let found = said(&format!("{manifest}{sibling}{}", path("other/place")));
        assert_eq!(found[0].0, "warning");
        assert!(said(&format!("{manifest}{}", path("deploy/web"))).is_empty());
    }

    #[test]
    fn values_files_may_be_missing_on_purpose() {
        let chart = "# file: chart/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n";
        let helm = |helm: &str| {
            format!(
                "{chart}{}",
                app(&format!(
                    "source: {{repoURL: r, path: chart, helm: {{{helm}}}}}, destination: {{}}"
                ))
            )
        };
        assert_eq!(said(&helm("valueFiles: [nothing.yaml]")).len(), 1);
        for fine in [
            "valueFiles: [nothing.yaml], ignoreMissingValueFiles: true",
            "valueFiles: ['https://example.com/values.yaml']",
            "valueFiles: ['secrets://values.yaml']",
            "valueFiles: ['envs/*.yaml']",
        ] {
            assert!(said(&helm(fine)).is_empty(), "{fine}");
        }
    }

    #[test]
    fn a_reference_needs_its_source() {
        let spec = |reference: &str| {
            app(&format!(
                "sources: [{{repoURL: charts, chart: c, helm: {{valueFiles: ['$values/prod.yaml']}}}}, {{repoURL: r, ref: {reference}}}], destination: {{}}"
            ))
        };
        assert_eq!(said(&spec("config")).len(), 1);
        assert!(said(&spec("values")).is_empty());
    }
}
