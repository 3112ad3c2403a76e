//! The files that a file names.

use crate::analysis::Analysis;
use crate::model::FileModel;
use crate::model::kubernetes::{Application, Body};
use crate::report::Kind;
use crate::syntax::Node;
use crate::text::{FileId, Span, folder_of, join_path, name_of};
use rustc_hash::FxHashMap;

/// The names that a kustomization file may have.
const KUSTOMIZATION_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A place that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The path as it is written, without quotes.
    pub span: Span,
    /// The path of the file, from where the paths of the project start.
    pub path: String,
    /// The file, if it is part of the project.
    pub file: Option<FileId>,
}

/// Returns the links of a file, in the order of the text.
pub fn links(analysis: &Analysis, file: FileId) -> Vec<Link> {
    let file = analysis.file(file);
    let by_path = analysis.files().iter().map(|it| (it.path(), it.id)).collect();
    let mut finder = Finder { file, folder: folder_of(file.path()), by_path, links: Vec::new() };
    for root in file.tree.roots() {
        match file.kind {
            Kind::Compose => finder.compose(root),
            Kind::Kustomization => finder.kustomization(root),
            Kind::Chart => finder.dependencies(root),
            Kind::Config => finder.config(root),
            Kind::Kubernetes
            | Kind::ArgoCd
            | Kind::Values
            | Kind::Template
            | Kind::EnvFile
            | Kind::Dockerfile
            | Kind::Unknown => {}
        }
        if name_of(file.path()) == "requirements.yaml" {
            finder.dependencies(root);
        }
    }
    for object in &file.objects {
        match &object.body {
            Body::Application(application) => finder.application(application),
            Body::ApplicationSet(set) => finder.application(&set.application),
            _ => {}
        }
    }
    let mut links = finder.links;
    links.sort_by_key(|link| link.span);
    links.dedup_by_key(|link| link.span);
    links
}

struct Finder<'s> {
    file: &'s FileModel,
    folder: &'s str,
    by_path: FxHashMap<&'s str, FileId>,
    links: Vec<Link>,
}

impl<'s> Finder<'s> {
    /// Adds a link to a file, whether it is part of the project or not.
    fn add(&mut self, span: Span, path: String) {
        let text = self.file.text().get(span.range()).unwrap_or_default();
        let is_quoted = text.len() >= 2 && text.starts_with(['"', '\'']);
        let span = if is_quoted { span.inner(1..text.len() - 1) } else { span };
        if span.file == self.file.id && !span.is_empty() {
            let file = self.by_path.get(path.as_str()).copied();
            self.links.push(Link { span, path, file });
        }
    }

    /// Adds a link to a file by its path from a folder.
    fn add_from(&mut self, folder: &str, node: Node<'_>) {
        if let Some(path) = local_path(node) {
            self.add(node.resolve().span(), join_path(folder, path));
        }
    }

    fn add_here(&mut self, node: Node<'_>) {
        self.add_from(self.folder, node);
    }

    /// Adds a link to a part of a scalar that is a path.
    fn add_part(&mut self, node: Node<'_>, part: &str, path: String) {
        let span = node.resolve().span();
        let written = self.file.text().get(span.range()).unwrap_or_default();
        if let Some(start) = written.rfind(part) {
            self.add(span.inner(start..start + part.len()), path);
        }
    }

    /// Adds a link to the first file of these names in a folder.
    fn add_in_folder(&mut self, node: Node<'_>, names: &[&str]) {
        let Some(path) = local_path(node) else { return };
        let folder = join_path(self.folder, path);
        let found = names.iter().map(|name| join_path(&folder, name));
        let mut known = found.filter(|path| self.by_path.contains_key(path.as_str()));
        if let Some(path) = known.next() {
            self.add(node.resolve().span(), path);
        }
    }

    fn compose(&mut self, root: Node<'_>) {
        for item in root.get("include").into_iter().flat_map(Node::items) {
            let scalars = match item.get("path") {
                Some(paths) if paths.is_sequence() => paths.items().collect(),
                Some(path) => vec![path],
                None => vec![item],
            };
            scalars.into_iter().for_each(|path| self.add_here(path));
            if let Some(env_file) = item.get("env_file") {
                self.one_or_many(env_file);
            }
        }
        for key in ["secrets", "configs"] {
            let entries = root.get(key).map(Node::merged_entries).unwrap_or_default();
            entries.iter().filter_map(|it| it.value.get("file")).for_each(|it| self.add_here(it));
        }
        for service in root.get("services").map(Node::merged_entries).unwrap_or_default() {
            let get = |key: &str| service.value.get(key);
            for key in ["env_file", "label_file"] {
                if let Some(value) = get(key) {
                    self.one_or_many(value);
                }
            }
            if let Some(path) = service.value.at(&["extends", "file"]) {
                self.add_here(path);
            }
            if let Some(build) = get("build") {
                self.build(build);
            }
            get("volumes").into_iter().flat_map(Node::items).for_each(|it| self.mount(it));
        }
    }

    /// Adds a path, or those of a list of paths or of mappings with a `path`.
    fn one_or_many(&mut self, value: Node<'_>) {
        if value.is_scalar() {
            self.add_here(value);
        }
        for item in value.items() {
            self.add_here(item.get("path").unwrap_or(item));
        }
    }

    fn build(&mut self, build: Node<'_>) {
        let context = if build.is_scalar() { Some(build) } else { build.get("context") };
        let path = context.and_then(Node::as_str).unwrap_or(".");
        if is_remote(path) || path.contains('$') {
            return;
        }
        let folder = join_path(self.folder, path);
        let dockerfile = build.get("dockerfile");
        if let Some(dockerfile) = dockerfile {
            self.add_from(&folder, dockerfile);
        }
        if build.get("dockerfile_inline").is_some() {
            return;
        }
        let name = dockerfile.and_then(Node::as_str).unwrap_or("Dockerfile");
        if let Some(context) = context.filter(|_| !name.contains('$')) {
            self.add(context.resolve().span(), join_path(&folder, name));
        }
    }

    /// Adds a file that is mounted from the folder of the project. Folders have nothing to open.
    fn mount(&mut self, item: Node<'_>) {
        if item.is_mapping() {
            let is_bind = item.get("type").and_then(Node::as_str) == Some("bind");
            if let Some(source) = item.get("source").filter(|_| is_bind) {
                let path = local_path(source).unwrap_or_default();
                let path = join_path(self.folder, path);
                if self.by_path.contains_key(path.as_str()) {
                    self.add(source.resolve().span(), path);
                }
            }
            return;
        }
        let Some((source, _)) = item.as_str().and_then(|text| text.split_once(':')) else { return };
        let path = join_path(self.folder, source);
        if source.starts_with('.') && self.by_path.contains_key(path.as_str()) {
            let span = item.resolve().span();
            let written = self.file.text().get(span.range()).unwrap_or_default();
            if let Some(start) = written.find(source) {
                self.add(span.inner(start..start + source.len()), path);
            }
        }
    }

    fn kustomization(&mut self, root: Node<'_>) {
        let list = |key: &str| root.get(key).into_iter().flat_map(Node::items);
        for key in ["resources", "bases", "components"] {
            for item in list(key) {
                self.file_or_kustomization(item);
            }
        }
        for key in ["patchesStrategicMerge", "crds", "configurations"] {
            list(key).for_each(|item| self.add_here(item));
        }
        for key in ["transformers", "generators", "validators"] {
            list(key).for_each(|item| self.file_or_kustomization(item));
        }
        for key in ["patches", "patchesJson6902", "replacements"] {
            list(key).filter_map(|it| it.get("path")).for_each(|it| self.add_here(it));
        }
        for generator in list("configMapGenerator").chain(list("secretGenerator")) {
            for item in generator.get("files").into_iter().flat_map(Node::items) {
                // `key=path` gives the file another key.
                let Some(text) = local_path(item) else { continue };
                let path = text.split_once('=').map_or(text, |(_, path)| path);
                self.add_part(item, path, join_path(self.folder, path));
            }
            generator
                .get("envs")
                .into_iter()
                .flat_map(Node::items)
                .for_each(|it| self.add_here(it));
            if let Some(env) = generator.get("env") {
                self.add_here(env);
            }
        }
        for chart in list("helmCharts") {
            if let Some(values) = chart.get("valuesFile") {
                self.add_here(values);
            }
            let more = chart.get("additionalValuesFiles").into_iter().flat_map(Node::items);
            more.for_each(|it| self.add_here(it));
        }
        if let Some(path) = root.at(&["openapi", "path"]) {
            self.add_here(path);
        }
    }

    /// Adds a manifest, or the kustomization of a folder.
    fn file_or_kustomization(&mut self, node: Node<'_>) {
        let Some(path) = local_path(node) else { return };
        let path = join_path(self.folder, path);
        let is_file = self.by_path.contains_key(path.as_str());
        if is_file || path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json") {
            self.add(node.resolve().span(), path);
        } else {
            self.add_in_folder(node, &KUSTOMIZATION_NAMES);
        }
    }

    /// Adds the charts that a chart takes from the folders around it.
    fn dependencies(&mut self, root: Node<'_>) {
        let dependencies = root.get("dependencies").into_iter().flat_map(Node::items);
        for node in dependencies.filter_map(|it| it.get("repository")) {
            let Some(path) = node.as_str().and_then(|it| it.strip_prefix("file://")) else {
                continue;
            };
            let chart = join_path(&join_path(self.folder, path), "Chart.yaml");
            self.add(node.resolve().span(), chart);
        }
    }

    /// Adds the files and targets that a `plimsoll.yaml` names.
    fn config(&mut self, root: Node<'_>) {
        if let Some(extends) = root.get("extends") {
            self.one_or_many(extends);
        }
        for target in root.get("targets").into_iter().flat_map(Node::items) {
            if let Some(values) = target.get("values") {
                self.one_or_many(values);
            }
            if let Some(compose) = target.get("compose") {
                self.add_here(compose);
            }
            if let Some(chart) = target.get("chart") {
                self.add_in_folder(chart, &["Chart.yaml"]);
            }
            if let Some(kustomization) = target.get("kustomization") {
                self.file_or_kustomization(kustomization);
            }
        }
    }

    /// Adds the values files of an Application of Argo CD. A path is that of its repository, which may be the
    /// root of the project or a folder around the file.
    fn application(&mut self, application: &Application) {
        for source in &application.sources {
            let folder = source.path.as_ref().map_or("", |it| it.as_str());
            let Some(helm) = &source.helm else { continue };
            for values in &helm.value_files {
                let from_source = match values.strip_prefix('$') {
                    // `$values/prod.yaml`, from the root of the source with this `ref`.
                    Some(rest) => rest.split_once('/').map_or("", |(_, path)| path).to_owned(),
                    None => join_path(folder, values.trim_start_matches('/')),
                };
                if let Some(path) = self.known_from_any_root(&from_source) {
                    self.add(values.span, path);
                }
            }
        }
    }

    fn known_from_any_root(&self, path: &str) -> Option<String> {
        let mut root = self.folder;
        let mut roots = vec![root];
        while !root.is_empty() {
            root = folder_of(root);
            roots.push(root);
        }
        let candidates = roots.into_iter().rev().map(|root| join_path(root, path));
        candidates.into_iter().find(|it| self.by_path.contains_key(it.as_str()))
    }
}

/// Returns the text of a scalar that is a path on this machine without variables.
fn local_path(node: Node<'_>) -> Option<&str> {
    let text = node.as_str()?;
    let is_path = !text.is_empty() && !text.contains(['\n', '$']) && !is_remote(text);
    is_path.then_some(text)
}

/// Whether a path leads to another machine.
fn is_remote(path: &str) -> bool {
    path.contains("://")
        || path.contains("?ref=")
        || path.starts_with("git@")
        || path.starts_with("github.com/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ide::testing::project;

    /// Returns the links of the file with the cursor as `text -> path`, with `?` for what is not there.
    fn found(text: &str) -> Vec<String> {
        let asked = project(text);
        let source = asked.analysis.file(asked.file).text();
        let say = |link: Link| {
            let mark = if link.file.is_none() { "?" } else { "" };
            format!("{} -> {}{mark}", &source[link.span.range()], link.path)
        };
        links(&asked.analysis, asked.file).into_iter().map(say).collect()
    }

    #[test]
    fn compose_files_link_what_they_read() {
        let text = "=== app/compose.yaml
<>include: [../db.yaml, {path: [cache.yaml], env_file: cache.env}]
services:
  web:
    build: {context: ./web, dockerfile: 'Dockerfile.prod'}
    env_file: [web.env, {path: more.env}]
    extends: {file: base.yaml, service: web}
    volumes: ['./web/nginx.conf:/etc/nginx.conf:ro', './data:/data', 'named:/n']
  api:
    build: ../api
    env_file: .env
  remote: {build: 'https://github.com/acme/app.git'}
  any: {build: {context: './${DIR}'}}
secrets: {key: {file: ./key.txt}}
=== db.yaml
services: {db: {image: 'postgres:17'}}
=== app/web/Dockerfile.prod
FROM scratch
=== app/web/nginx.conf
x
";
        assert_eq!(
            found(text),
            [
                "../db.yaml -> db.yaml",
                "cache.yaml -> app/cache.yaml?",
                "cache.env -> app/cache.env?",
                "./web -> app/web/Dockerfile.prod",
                "Dockerfile.prod -> app/web/Dockerfile.prod",
                "web.env -> app/web.env?",
                "more.env -> app/more.env?",
                "base.yaml -> app/base.yaml?",
                "./web/nginx.conf -> app/web/nginx.conf",
                "../api -> api/Dockerfile?",
                ".env -> app/.env?",
                "./key.txt -> app/key.txt?",
            ]
        );
    }

    #[test]
    fn kustomizations_link_resources_patches_and_generated_files() {
        let text = "=== over/kustomization.yaml
<>resources: [../base, web.yaml, 'https://example.com/x.yaml', nothing]
components: [../part]
patches: [{path: patch.yaml}, {patch: 'a: 1'}]
configMapGenerator: [{name: a, files: [conf.ini, 'key=other.ini'], envs: [a.env]}]
helmCharts: [{name: x, valuesFile: values.yaml}]
=== base/kustomization.yml
resources: []
=== part/kustomization.yaml
kind: Component
=== over/conf.ini
x
";
        assert_eq!(
            found(text),
            [
                "../base -> base/kustomization.yml",
                "web.yaml -> over/web.yaml?",
                "../part -> part/kustomization.yaml",
                "patch.yaml -> over/patch.yaml?",
                "conf.ini -> over/conf.ini",
                "other.ini -> over/other.ini?",
                "a.env -> over/a.env?",
                "values.yaml -> over/values.yaml?",
            ]
        );
    }

    #[test]
    fn charts_applications_and_configurations_link_their_files() {
        let text = "=== shop/Chart.yaml
<>apiVersion: v2
name: shop
version: 1.0.0
dependencies: [{name: lib, version: 1.0.0, repository: 'file://../lib'}]
=== lib/Chart.yaml
apiVersion: v2
name: lib
version: 1.0.0
=== apps/shop.yaml
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop}
spec: {source: {repoURL: 'https://example.com/r.git', path: shop, helm: {valueFiles: [prod.yaml]}}}
=== shop/prod.yaml
a: 1
=== plimsoll.yaml
targets: [{chart: shop, values: [shop/prod.yaml]}]
";
        let bare = text.replace("<>", "");
        assert_eq!(found(text), ["file://../lib -> lib/Chart.yaml"]);
        let application = bare.replace("apiVersion: argo", "<>apiVersion: argo");
        assert_eq!(found(&application), ["prod.yaml -> shop/prod.yaml"]);
        let config = bare.replace("targets:", "<>targets:");
        assert_eq!(found(&config), ["shop -> shop/Chart.yaml", "shop/prod.yaml -> shop/prod.yaml"]);
    }
}
