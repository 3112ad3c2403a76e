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
