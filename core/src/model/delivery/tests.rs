//! ApplicationSets and what they make, small cases from the documentation of Argo CD.

use super::*;
use crate::text::File;

fn models(text: &str) -> Vec<Arc<FileModel>> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("# file: ") {
            Some(path) => files.push((path.trim().to_owned(), String::new())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    let read = |(at, (path, text)): (usize, (String, String))| {
        Arc::new(FileModel::read(FileId(u32::try_from(at).unwrap()), File::new(path, text), None))
    };
    files.into_iter().enumerate().map(read).collect()
}

/// Returns name and first path of each Application that the set in `set.yaml` makes.
fn made(text: &str) -> Vec<(String, String)> {
    let files = models(text);
    let project = Project::new(&files);
    let set = files.iter().find(|file| file.path() == "set.yaml").unwrap();
    let expansion = expand(&project, &set.objects[0]);
    let path = |app: &App| {
        let path = app.application.sources.first().and_then(|source| source.path.as_ref());
        path.map(ToString::to_string).unwrap_or_default()
    };
    expansion.apps.iter().map(|app| (app.name.clone(), path(app))).collect()
}

fn set(options: &str, generators: &str, name: &str, path: &str) -> String {
    format!(
        "# file: set.yaml\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: s}}\nspec:\n  {options}\n  generators:\n{generators}\n  template:\n    metadata: {{name: '{name}'}}\n    spec: {{source: {{repoURL: r, path: '{path}'}}, destination: {{}}}}\n"
    )
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

const FOLDERS: &str = "# file: apps/web/a.yaml\na: 1\n# file: apps/api/a.yaml\na: 1\n# file: apps/old/a.yaml\na: 1\n# file: other/x/a.yaml\na: 1\n";

#[test]
fn a_list_makes_one_application_for_each_element() {
    let list = "  - list: {elements: [{c: dev, values: {n: '1'}}, {c: prod, values: {n: '2'}}]}";
    let expected = pairs(&[("a-dev-1", "p/dev"), ("a-prod-2", "p/prod")]);
    assert_eq!(made(&set("goTemplate: false", list, "a-{{c}}-{{values.n}}", "p/{{c}}")), expected);
    assert_eq!(
        made(&set("goTemplate: true", list, "a-{{.c}}-{{.values.n}}", "p/{{.c}}")),
        expected
    );
}

#[test]
fn folders_of_the_project_make_applications() {
    let git = "  - git: {directories: [{path: apps/*}, {path: apps/old, exclude: true}]}";
    let expected = pairs(&[("api", "apps/api"), ("web", "apps/web")]);
    let text = |options: &str, name: &str, path: &str| {
        format!("{}{FOLDERS}", set(options, git, name, path))
    };
    assert_eq!(made(&text("goTemplate: false", "{{path.basename}}", "{{path}}")), expected);
    assert_eq!(made(&text("goTemplate: true", "{{.path.basename}}", "{{.path.path}}")), expected);
    let segments = made(&text("goTemplate: true", "{{index .path.segments 1}}", "{{.path.path}}"));
    assert_eq!(segments, expected);
    let segments = made(&text("goTemplate: false", "{{path[1]}}", "{{path}}"));
    assert_eq!(segments, expected);
}

#[test]
fn the_folders_of_another_repository_are_not_those_of_the_project() {
    let set = |url: &str, pattern: &str| {
        format!(
            "# file: set.yaml\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: s}}\nspec:\n  generators:\n  - git: {{repoURL: '{url}', directories: [{{path: '{pattern}'}}]}}\n  template:\n    metadata: {{name: 'a-{{{{path.basename}}}}'}}\n    spec: {{source: {{repoURL: '{url}', path: '{{{{path}}}}'}}, destination: {{}}}}\n"
        )
    };
    let app = |url: &str, path: &str| {
        format!(
            "# file: app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec: {{source: {{repoURL: '{url}', path: {path}}}, destination: {{}}}}\n"
        )
    };
    let names = |text: String| -> Vec<String> { made(&text).into_iter().map(|it| it.0).collect() };
    let ours = ["a-apps", "a-other"];
    let (url, other) = ("https://git.example.com/shop.git", "https://git.example.com/mail.git");
    assert_eq!(names(format!("{}{FOLDERS}", set(url, "*"))), ours, "the only repository");
    let with =
        |named: &str, path: &str| names(format!("{}{FOLDERS}{}", set(url, "*"), app(named, path)));
    assert_eq!(
        with("git@git.example.com:shop.git", "apps/web"),
        ours,
        "another path of it is here"
    );
    assert_eq!(with(other, "apps/web"), ["a-{{path.basename}}"], "the other one is this project");
    assert_eq!(with(other, "./"), ["a-{{path.basename}}"], "nobody knows which one it is");
    let exact = names(format!("{}{FOLDERS}{}", set(url, "apps/*"), app(other, "./")));
    assert_eq!(exact, ["a-api", "a-old", "a-web"], "the folder is here");
}

#[test]
fn files_of_the_project_bring_their_contents() {
    let git = "  - git: {files: [{path: 'clusters/**/config.json'}]}";
    let files = "# file: clusters/eu/prod/config.json\n{\"cluster\": {\"name\": \"eu-1\"}, \"app\": \"web\"}\n";
    let text =
        |options: &str, name: &str, path: &str| format!("{}{files}", set(options, git, name, path));
    let expected = pairs(&[("eu-1-web", "clusters/eu/prod")]);
    assert_eq!(
        made(&text("goTemplate: true", "{{.cluster.name}}-{{.app}}", "{{.path.path}}")),
        expected
    );
    assert_eq!(made(&text("goTemplate: false", "{{cluster.name}}-{{app}}", "{{path}}")), expected);
}

#[test]
fn a_matrix_makes_every_pair() {
    let matrix = "  - matrix:\n      generators:\n      - git: {directories: [{path: other/*}]}\n      - list: {elements: [{c: dev}, {c: prod}]}";
    let text = format!(
        "{}{FOLDERS}",
        set("goTemplate: false", matrix, "{{path.basename}}-{{c}}", "{{path}}")
    );
    assert_eq!(made(&text), pairs(&[("x-dev", "other/x"), ("x-prod", "other/x")]));
    let dependent = "  - matrix:\n      generators:\n      - list: {elements: [{folder: apps}]}\n      - git: {directories: [{path: '{{folder}}/w*'}]}";
    let text = format!(
        "{}{FOLDERS}",
        set("goTemplate: false", dependent, "{{path.basename}}", "{{path}}")
    );
    assert_eq!(made(&text), pairs(&[("web", "apps/web")]));
}

#[test]
fn a_merge_lays_later_sets_over_the_first() {
    let merge = "  - merge:\n      mergeKeys: [c]\n      generators:\n      - list: {elements: [{c: dev, n: '1'}, {c: prod, n: '1'}]}\n      - list: {elements: [{c: prod, n: '3'}, {c: other, n: '9'}]}";
    let expected = pairs(&[("dev-1", "p"), ("prod-3", "p")]);
    assert_eq!(made(&set("goTemplate: false", merge, "{{c}}-{{n}}", "p")), expected);
}

#[test]
fn a_generator_may_change_the_template() {
    let list = "  - list:\n      elements: [{c: dev}]\n      template: {metadata: {}, spec: {source: {path: 'over/{{c}}'}, destination: {}}}";
    assert_eq!(
        made(&set("goTemplate: false", list, "a-{{c}}", "p")),
        pairs(&[("a-dev", "over/dev")])
    );
}

#[test]
fn what_the_files_do_not_tell_is_said() {
    let files =
        models(&set("goTemplate: false", "  - pullRequest: {github: {}}", "pr-{{number}}", "p"));
    let expansion = expand(&Project::new(&files), &files[0].objects[0]);
    assert!(expansion.reasons[0].message.contains("pullRequest"));
    assert_eq!(expansion.apps[0].name, "pr-{{number}}");
    assert!(!expansion.apps[0].made.as_ref().unwrap().is_whole);
    let files = models(&set("goTemplate: false", "  - clusters: {}", "{{name}}", "p"));
    let expansion = expand(&Project::new(&files), &files[0].objects[0]);
    assert_eq!(expansion.apps[0].name, "in-cluster");
    assert!(!expansion.reasons.is_empty());
}

#[test]
fn a_selector_keeps_the_parameters_that_it_matches() {
    let list = |selector: &str| {
        format!(
            "  - list:\n      elements:\n      - {{c: dev, env: staging}}\n      - {{c: prod, env: prod, values: {{region: eu}}}}\n    selector: {selector}"
        )
    };
    let names = |selector: &str| -> Vec<String> {
        let apps = made(&set("goTemplate: false", &list(selector), "a-{{c}}", "p"));
        apps.into_iter().map(|app| app.0).collect()
    };
    assert_eq!(names("{matchLabels: {env: staging}}"), ["a-dev"]);
    assert_eq!(
        names("{matchExpressions: [{key: env, operator: NotIn, values: [staging]}]}"),
        ["a-prod"]
    );
    assert_eq!(names("{matchLabels: {values.region: eu}}"), ["a-prod"]);
    assert_eq!(names("{matchLabels: {env: test}}"), [""; 0]);
    assert_eq!(names("{}"), ["a-dev", "a-prod"]);
    let text = set("goTemplate: false", &list("{matchLabels: {env: staging}}"), "a-{{c}}", "p");
    let files = models(&text);
    assert!(expand(&Project::new(&files), &files[0].objects[0]).reasons.is_empty());
}

#[test]
fn fields_beside_the_name_of_a_generator_are_no_generators() {
    for (generator, kind) in [
        ("plugin: {configMapRef: {name: p}}\n    input: {parameters: {a: b}}", "plugin"),
        (
            "clusterDecisionResource: {}\n    name: a\n    requeueAfterSeconds: 180",
            "clusterDecisionResource",
        ),
    ] {
        let files = models(&set("goTemplate: false", &format!("  - {generator}"), "a", "p"));
        let expansion = expand(&Project::new(&files), &files[0].objects[0]);
        let messages: Vec<&str> = expansion.reasons.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [format!("the generator `{kind}` asks something outside of the files")]
        );
    }
}

#[test]
fn large_products_end() {
    let elements = (0..100).map(|at| format!("{{a: '{at}'}}")).collect::<Vec<_>>().join(", ");
    let list = format!("{{list: {{elements: [{elements}]}}}}");
    let matrix = format!("  - matrix: {{generators: [{list}, {list}]}}");
    assert_eq!(made(&set("goTemplate: false", &matrix, "x", "p")).len(), 500);
}

/// Returns namespace and name of each object of the target with this name.
fn landed(text: &str, target: &str) -> Vec<(Option<String>, String)> {
    let files = models(text);
    let all = crate::model::targets(&files, &[], None, &mut crate::model::TargetCache::default());
    let target = all.iter().find(|it| it.target.name == target).unwrap();
    let objects = target.objects.iter().map(|object| {
        let namespace = object.meta.namespace.as_ref().map(ToString::to_string);
        (namespace, object.name().map(ToString::to_string).unwrap_or_default())
    });
    objects.collect()
}

const OBJECTS: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: dns, namespace: kube-system}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: read}\n";

fn application(path: &str, destination: &str) -> String {
    format!(
        "# file: apps/app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop, namespace: argocd}}\nspec: {{source: {{repoURL: r, path: {path}}}, destination: {{server: s{destination}}}}}\n"
    )
}

#[test]
fn objects_without_a_namespace_land_in_that_of_the_destination() {
    let landed_in = |namespace: Option<&str>| {
        let named =
            |namespace: Option<&str>, name: &str| (namespace.map(str::to_owned), name.to_owned());
        vec![named(namespace, "web"), named(Some("kube-system"), "dns"), named(None, "read")]
    };
    let plain = format!("# file: deploy/web.yaml\n{OBJECTS}");
    let to_shop = application("deploy", ", namespace: shop");
    assert_eq!(landed(&format!("{plain}{to_shop}"), "shop"), landed_in(Some("shop")));
    assert_eq!(landed(&format!("{plain}{}", application("deploy", "")), "shop"), landed_in(None));
    let overlay = format!("{plain}# file: deploy/kustomization.yaml\nresources: [web.yaml]\n");
    assert_eq!(landed(&format!("{overlay}{to_shop}"), "shop"), landed_in(Some("shop")));
    let chart = format!(
        "# file: deploy/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: deploy/templates/web.yaml\n{OBJECTS}"
    );
    assert_eq!(landed(&format!("{chart}{to_shop}"), "shop")[..2], landed_in(Some("shop"))[..2]);
}

#[test]
fn a_namespace_of_the_overlay_is_kept() {
    let text = format!(
        "# file: deploy/web.yaml\n{OBJECTS}# file: deploy/kustomization.yaml\nresources: [web.yaml]\nnamespace: own\n{}",
        application("deploy", ", namespace: shop")
    );
    let expected = [("own", "web"), ("own", "dns")];
    let found = landed(&text, "shop");
    let found: Vec<_> = found.iter().map(|it| (it.0.as_deref().unwrap_or(""), &*it.1)).collect();
    assert_eq!(found[..2], expected);
}

/// Returns the name of the object that a HelmRelease of Flux makes from a chart that prints its values.
fn flux_release(spec: &str) -> Vec<(Option<String>, String)> {
    let text = format!(
        "# file: chart/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: chart/values.yaml\na: own\nb: own\n# file: chart/prod.yaml\nb: prod\n# file: chart/more.yaml\nb: more\n# file: chart/templates/web.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: \"a-{{{{ .Values.a }}}}-b-{{{{ .Values.b }}}}\"}}\n# file: release.yaml\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: flux}}\nspec:\n  chart:\n    spec: {{chart: ./chart, sourceRef: {{kind: GitRepository, name: r}}{spec}}}\n  values: {{c: 1}}\n"
    );
    landed(&text, "web")
}

#[test]
fn values_files_of_flux_stand_in_the_place_of_the_charts_own() {
    let name = |spec: &str| {
        let (namespace, name) = flux_release(spec).remove(0);
        assert_eq!(namespace.as_deref(), Some("flux"));
        name
    };
    assert_eq!(name(""), "a-own-b-own");
    assert_eq!(name(", valuesFiles: [chart/prod.yaml]"), "a--b-prod");
    assert_eq!(name(", valuesFiles: [chart/values.yaml, chart/prod.yaml]"), "a-own-b-prod");
    assert_eq!(name(", valuesFiles: [chart/prod.yaml, chart/more.yaml]"), "a--b-more");
    let missing = ", valuesFiles: [chart/none.yaml], ignoreMissingValuesFiles: true";
    assert_eq!(name(missing), "a--b-");
}
