//! What an editor sees after any edits is what an analysis from scratch says.
//!
//! Projects lie side by side, as in a monorepo. Texts are edited at random, files come and go, and at every
//! step (or at some, where the projects are many) the findings must be those of a new workspace.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Random, side_by_side};
use plimsoll_core::report::{Finding, Severity};
use plimsoll_core::{Applications, File, Options, Workspace};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Changes a text as people do: types and deletes letters, copies and drops lines, and puts a word of another
/// file in the place of one.
fn edited(text: &str, other: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return "services:\n  web:\n    image: nginx\n".to_owned();
    }
    let at = random.below(lines.len());
    match random.below(6) {
        0 => lines[at].push('x'),
        1 => {
            lines[at].pop();
        }
        2 => {
            lines.remove(at);
        }
        3 => {
            let copy = lines[at].clone();
            lines.insert(at, copy);
        }
        4 => {
            let words: Vec<&str> = other.split_whitespace().collect();
            let word = words.get(random.below(words.len())).copied().unwrap_or("web");
            let line = lines[at].clone();
            let start = line.rfind(' ').map_or(0, |space| space + 1);
            lines[at] = format!("{}{word}", &line[..start]);
        }
        _ => {
            let line = other.lines().nth(random.below(other.lines().count())).unwrap_or_default();
            lines.insert(at, line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

fn options() -> Options {
    Options { leave_fixes_untried: true, ..Options::default() }
}

/// Returns all findings with the paths of their files, in order.
fn said(checked: &Applications) -> Vec<(String, Finding)> {
    let findings = checked.all.iter().flat_map(|application| {
        let path = |it: &Finding| application.report.entry(it.span.file).file.path.to_string();
        application.report.findings.iter().map(move |it| (path(it), it.clone()))
    });
    let mut all: Vec<(String, Finding)> = findings.collect();
    all.sort_by_cached_key(|(path, it)| {
        (path.clone(), it.span.start, it.code, it.span.end, it.message.clone(), it.subject.clone())
    });
    all
}

fn from_scratch(workspace: &Workspace) -> Vec<(String, Finding)> {
    let mut fresh = Workspace::default();
    workspace.files().for_each(|file| fresh.set_file(file.clone()));
    said(&fresh.check(&options()))
}

/// Edits projects at random and compares after every `every`th edit.
fn edit_and_compare(projects: &[PathBuf], edits: usize, every: usize, seed: u64) {
    let mut random = Random(seed);
    let mut workspace = Workspace::default();
    side_by_side(projects).into_iter().for_each(|file| workspace.set_file(file));
    let applications = workspace.check(&options()).all.len();
    assert!(applications * 2 > projects.len(), "{applications} applications");
    let mut compared = 0;
    // What somebody types into a text that does not parse is mended by the range of the edit, which an
    // analysis from scratch does not know: only texts that parse are compared.
    for edit in 1..=edits {
        let files: Vec<File> = workspace.files().cloned().collect();
        let file = &files[random.below(files.len())];
        let other = &files[random.below(files.len())];
        if random.below(40) == 0 {
            workspace.remove(&file.path);
            workspace.set_file(File::new(format!("{}.old.yaml", file.path), &*file.text));
        } else {
            workspace.set(&file.path, edited(&file.text, &other.text, &mut random));
        }
        let now = said(&workspace.check(&options()));
        if edit % every != 0 {
            continue;
        }
        let fresh = from_scratch(&workspace);
        if fresh.iter().any(|(_, finding)| finding.code == "PLM001") {
            workspace.set(&file.path, &*file.text);
            continue;
        }
        compared += 1;
        let lost: Vec<_> = fresh.iter().filter(|it| !now.contains(it)).collect();
        let gained: Vec<_> = now.iter().filter(|it| !fresh.contains(it)).collect();
        assert!(
            lost.is_empty() && gained.is_empty(),
            "edit {edit} of {}, seed {seed}\nlost {lost:#?}\ngained {gained:#?}",
            file.path
        );
    }
    assert!(compared * every * 2 > edits, "only {compared} of {edits} edits were compared");
}

#[test]
fn edits_in_the_examples_are_found_as_from_scratch() {
    edit_and_compare(&common::projects(&common::examples()), 60, 1, 20_261_130);
}

/// What rules look for in the whole project: custom resources, roles, DestinationRules, splits, scripts.
#[test]
fn an_edit_finds_the_same_whatever_other_applications_have() {
    let database = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: nobody\n  replicas: 3\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: 'postgres:17'}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: unused}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec: {hosts: [web], http: [{route: [{destination: {host: web, subset: v3}}]}]}\n";
    let others = "apiVersion: example.com/v1\nkind: Database\nmetadata: {name: db}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules: [{apiGroups: [''], resources: [configmaps], verbs: [list]}]\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web}\nspec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}\n---\napiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\nmetadata: {name: web}\nspec: {service: web, backends: [{service: web-v1, weight: 100}]}\n";
    let compose = "services: {app: {image: 'acme/app:1', env_file: settings.env}}\n";
    let mut workspace = Workspace::default();
    workspace.set("apps/a/k8s.yaml", database);
    workspace.set("apps/b/k8s.yaml", others);
    workspace.set("apps/c/compose.yaml", compose);
    workspace.set("apps/d/compose.yaml", compose);
    workspace.set("apps/d/make.sh", "touch settings.env\n");
    assert!(workspace.check(&options()).all.len() > 3);
    for path in ["apps/a/k8s.yaml", "apps/b/k8s.yaml", "apps/c/compose.yaml", "apps/d/make.sh"] {
        let text = workspace.files().find(|file| &*file.path == path).unwrap().text.to_string();
        for edited in [format!("# edited\n{text}"), "# nothing\n".to_owned(), text] {
            workspace.set(path, edited);
            assert_eq!(said(&workspace.check(&options())), from_scratch(&workspace), "{path}");
        }
    }
}

#[test]
fn an_edit_in_one_sample_may_show_that_none_is_one() {
    let sample = |at: usize, more: &str| {
        format!("services: {{web{at}: {{image: 'acme/web:latest', ports: ['80:80']{more}}}}}\n")
    };
    let mut workspace = Workspace::default();
    (0..8).for_each(|at| workspace.set(&format!("app{at}/compose.yaml"), sample(at, "")));
    let warnings = |checked: &Applications| {
        let is_warning = |it: &Finding| it.code == "PLM801" && it.severity == Severity::Warning;
        said(checked).iter().filter(|it| is_warning(&it.1)).count()
    };
    assert_eq!(warnings(&workspace.check(&options())), 0);
    let related = sample(3, ", environment: {API_URL: 'http://web4:80'}");
    for (text, count) in [(related, 8), (sample(3, ""), 0)] {
        workspace.set("app3/compose.yaml", text);
        let checked = workspace.check(&options());
        assert_eq!(warnings(&checked), count);
        assert_eq!(said(&checked), from_scratch(&workspace));
    }
}

#[test]
fn a_configuration_that_another_one_extends_counts_at_once() {
    let compose = "services: {app: {image: 'acme/app:latest'}}\n";
    let mut workspace = Workspace::default();
    workspace.set("plimsoll.yaml", "extends: shared.yaml\n");
    workspace.set("shared.yaml", "rules: {}\n");
    workspace.set("apps/a/compose.yaml", compose);
    workspace.set("apps/b/compose.yaml", compose);
    let moving =
        |checked: &Applications| said(checked).iter().filter(|it| it.1.code == "PLM801").count();
    assert_eq!(moving(&workspace.check(&options())), 2);
    workspace.set("shared.yaml", "rules: {PLM801: off}\n");
    assert_eq!(moving(&workspace.check(&options())), 0);
}

/// Somebody types on during two checks, each of which is given up after some rules.
#[test]
fn a_check_that_was_given_up_is_made_up_for() {
    let app =
        |tag: &str| format!("services: {{web: {{image: 'acme/web:{tag}', depends_on: [db]}}}}\n");
    let mut workspace = Workspace::default();
    for path in ["apps/a/compose.yaml", "apps/b/compose.yaml", "apps/c/compose.yaml"] {
        workspace.set(path, app("1"));
    }
    assert_eq!(workspace.check(&options()).all.len(), 3);
    for rules in [0, 1, 20, 150] {
        for path in ["apps/a/compose.yaml", "apps/b/compose.yaml"] {
            workspace.set(path, app(&format!("latest # {rules}")));
            let asked = AtomicUsize::new(0);
            let is_outdated = || asked.fetch_add(1, Ordering::Relaxed) == rules;
            assert!(workspace.check_unless(&options(), &is_outdated).is_none(), "{rules}");
        }
        workspace.set("apps/a/compose.yaml", app(&format!("2 # {rules}")));
        let checked = workspace.check(&options());
        assert_eq!(said(&checked), from_scratch(&workspace), "{rules}");
    }
}

/// The projects of `PLIMSOLL_PROJECTS`, a folder of folders, by default those of the decisions.
#[test]
#[ignore = "takes minutes: `cargo xtask oracle edits` runs it"]
fn edits_in_many_projects_are_found_as_from_scratch() {
    let number = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |it| it.parse().expect("a number"))
    };
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/projects");
    let parent = std::env::var_os("PLIMSOLL_PROJECTS").map_or(own, PathBuf::from);
    let seed = u64::try_from(number("PLIMSOLL_SEED", 7)).unwrap();
    edit_and_compare(&common::projects(&parent), number("PLIMSOLL_EDITS", 1_000), 1, seed);
}
