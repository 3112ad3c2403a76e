//! No name of a project steers a terminal, commands the runner of a workflow or becomes markup, wherever it stands.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{BINARY, folder};

/// What stands behind every name.
const HOSTILE: &str = "\n::error::PWN\n ##[error]PWN \x1b[31m\u{9b}2J\x07\u{202e}\u{2066}\u{2028}\u{85}\r`b``c` <img src=x> [l](http:evil) @all ~~s~~ |p|\n# HEAD\n- item ::error::PWN ##[group]";

/// Returns a name with the hostile ending, for YAML.
fn yaml(name: &str) -> String {
    serde_json::to_string(&format!("{name}{HOSTILE}")).unwrap()
}

/// Returns a name with the hostile ending, as that of a file.
fn path(name: &str) -> String {
    format!("{name}{HOSTILE}")
}

/// Returns a project in which every kind of name is hostile.
fn project() -> tempfile::TempDir {
    let service = |name: &str, more: &str| {
        format!("  {}:\n    image: {}\n{more}", yaml(name), yaml("acme/web"))
    };
    let web = format!(
        "    environment: {{{}: x, PASSWORD: {}, DB_URL: {}, {}: x}}\n    depends_on: [{}]\n    ports: ['5432:5432']\n    profiles: [{}]\n    restart: {}\n    image: x:1\n    labels: {{{}: x}}\n    volumes: [{}]\n    env_file: {}\n    command: [sh, -c, {}]\n",
        yaml("KEY"),
        yaml("hunter2"),
        yaml("postgres://db:5432"),
        yaml("OTHER"),
        yaml("db"),
        yaml("p"),
        yaml("no"),
        yaml("l"),
        yaml("./x:/x"),
        yaml("gone.env"),
        yaml("alembic upgrade head && sleep 10"),
    );
    let compose = format!(
        "services:\n{}{}{}{}: 1\n",
        service("web", &web),
        service("db", "    image: postgres\n"),
        service("::error::x", "    deploy: {replicas: 2}\n"),
        yaml("volumes")
    );
    let deployment = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {0}, namespace: {0}}}\nspec:\n  replicas: 2\n  selector: {{matchLabels: {{app: {0}}}}}\n  template:\n    metadata: {{labels: {{app: x}}}}\n    spec:\n      serviceAccountName: {0}\n      containers:\n      - name: {0}\n        image: {1}\n        env: [{{name: {2}, value: {0}}}, {{name: V, valueFrom: {{secretKeyRef: {{name: {0}, key: {0}}}}}}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {0}}}\nspec: {{selector: {{app: {0}}}, ports: [{{port: 80, targetPort: {0}}}]}}\n---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {0}}}\nspec: {{project: {0}, source: {{repoURL: {0}, path: {0}, targetRevision: HEAD}}, destination: {{namespace: {0}, server: {0}}}}}\n",
        yaml("web"),
        yaml("acme/web"),
        yaml("KEY"),
    );
    let kustomization = format!(
        "resources: [{0}, a.yaml]\nnamePrefix: {0}\nconfigMapGenerator: [{{name: {0}, literals: [{0}], files: [{0}]}}]\nimages: [{{name: {0}, newTag: {0}}}]\npatches: [{{path: {0}}}]\n{0}: 1\n",
        yaml("gen")
    );
    let chart = format!(
        "apiVersion: v2\nname: {0}\nversion: {0}\ndependencies: [{{name: {0}, version: {0}, repository: {0}}}]\n",
        yaml("chart")
    );
    let values = format!("{0}: 1\nused: {0}\nPASSWORD: {0}\n", yaml("key"));
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.used | quote }}}\ndata:\n  b: {{ .Values.missing }}\n  c: {{ fail .Values.used }}\n";
    let names = [
        path("f") + ".yaml",
        path("d") + "/compose.yaml",
        path("::error::f") + ".yaml",
        path("#[error]f") + ".yaml",
    ];
    let mut files = vec![
        ("compose.yaml", compose.as_str()),
        ("k8s.yaml", &deployment),
        ("overlay/kustomization.yaml", &kustomization),
        ("overlay/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("chart/Chart.yaml", &chart),
        ("chart/values.yaml", &values),
        ("chart/templates/a.yaml", template),
    ];
    files.extend(names.iter().map(|name| (name.as_str(), compose.as_str())));
    let root = folder(&files);
    symlink("/proc/self/environ", root.path().join(path("::error::link") + ".yaml")).unwrap();
    root
}

/// Returns what a command prints, on both channels.
fn said(root: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    let output = command.env_remove("GITHUB_STEP_SUMMARY").output().unwrap();
    let text = |it| String::from_utf8(it).unwrap();
    format!("{}\n{}", text(output.stdout), text(output.stderr))
}

/// Panics where a text has a control character, or a line that a runner takes for a command. `own` are the beginnings of
/// the commands that a format is made of.
fn assert_inert(text: &str, own: &[&str], what: &str) {
    let steers = |it: char| {
        let turns = "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}\u{2028}\u{2029}";
        it.is_control() && it != '\n' || turns.contains(it)
    };
    for line in text.lines() {
        assert!(!line.contains(steers), "{what}: {line:?}");
        assert!(!line.contains("##["), "{what}: {line}");
        let start = line.trim_start();
        let is_own = own.iter().any(|it| start.starts_with(it));
        assert!(!start.starts_with("::") || is_own, "{what}: {line}");
        assert!(!start.starts_with("# HEAD") && !start.starts_with("- item"), "{what}: {line}");
    }
}

/// Returns Markdown without its code.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let ticks = &start[..start.len() - start.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() && start == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => out.push_str(&(without_spans(line) + "\n")),
        }
    }
    out
}

/// Returns a line of Markdown without its code spans, which runs of backticks of one length enclose.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let (run, after) = rest.split_at(ticks);
        let is_end =
            |at: &usize| !after[..*at].ends_with('`') && !after[*at + ticks..].starts_with('`');
        let mut ends = after.match_indices(run).map(|it| it.0).filter(is_end);
        match ends.next() {
            Some(end) => rest = &after[end + ticks..],
            None => {
                out.push_str(run);
                rest = after;
            }
        }
    }
    out + rest
}

fn assert_no_markup(text: &str, what: &str) {
    for line in without_code(text).lines() {
        for markup in ["<img", "](http:evil", "[l]", "@all", "~~s", "`"] {
            assert!(!line.contains(markup), "{what}: {markup} in {line}");
        }
    }
}

#[test]
fn no_name_steers_a_terminal_or_a_runner_in_any_format_of_check() {
    let root = project();
    let formats = [
        "text",
        "concise",
        "json",
        "json-lines",
        "sarif",
        "github",
        "gitlab",
        "junit",
        "markdown",
        "rdjson",
        "agent",
    ];
    for format in formats {
        let own: &[&str] = match format {
            "github" => &["::error file=", "::warning file=", "::notice file="],
            _ => &[],
        };
        for more in [&["--all"][..], &["--statistics"]] {
            let text = said(root.path(), &[&["check", "--format", format], more].concat());
            assert!(text.contains("PLM"), "{format}: {text}");
            assert_inert(&text, own, format);
            if format == "markdown" {
                let quiet = said(root.path(), &["check", "--quiet", "--format", format]);
                assert_no_markup(&quiet, format);
            }
        }
    }
    // Who reads JSON gets the paths as they are.
    let out = said(root.path(), &["check", "--quiet", "--format", "json"]);
    let report: Value = serde_json::from_str(out.trim()).unwrap();
    assert!(report.to_string().contains("\u{9b}2J"), "{report}");
}

#[test]
fn no_name_steers_a_terminal_or_a_runner_in_any_other_command() {
    let root = project();
    let given = format!("given{HOSTILE}");
    let code = format!("PLM{HOSTILE}");
    let answer = format!("nodes={HOSTILE}");
    for arguments in [
        &["check", "--show-files"][..],
        &["check", &given],
        &["check", "--select", &code],
        &["check", "--baseline", &given],
        &["decide"],
        &["decide", "--details"],
        &["decide", "--format", "json"],
        &["decide", "--format", "markdown"],
        &["decide", "--details", "--answer", &answer],
        &["decide", "--system", &given],
        &["compare"],
        &["compare", "--format", "json"],
        &["compare", "--format", "markdown"],
        &["explain", &code],
        &["render", "--list"],
        &["render", "--list", "--format", "json"],
        &["render", "overlay", &given],
        &["render", &given],
        &["init", &given],
    ] {
        let text = said(root.path(), arguments);
        assert!(text.len() > 20, "{arguments:?}: {text}");
        assert_inert(&text, &[], &format!("{:?}", &arguments[..arguments.len().min(2)]));
        if arguments.contains(&"markdown") {
            let quiet = said(root.path(), &[&["--quiet"], arguments].concat());
            assert_no_markup(&quiet, arguments[0]);
        }
    }
    // Programs get diffs and objects byte for byte; what is said beside them is for people.
    for arguments in
        [&["fix", "--diff", "--unsafe"][..], &["render", "chart"], &["render", "overlay"]]
    {
        let mut command = Command::new(BINARY);
        let output = command.current_dir(root.path()).args(arguments).output().unwrap();
        assert_inert(&String::from_utf8(output.stderr).unwrap(), &[], arguments[0]);
    }
}

#[test]
fn the_list_of_files_has_one_form() {
    let root = folder(&[("compose.yaml", "services: {web: {image: nginx}}\n")]);
    for format in ["json", "sarif", "junit", "markdown"] {
        let text = said(root.path(), &["check", "--show-files", "--format", format]);
        assert!(text.contains("`--show-files` prints a list for people"), "{format}: {text}");
    }
}
