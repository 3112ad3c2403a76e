//! What pipelines rely on: no silent green, findings of what changed, and what was not read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{BINARY, folder};

const COMPOSE: &str = "services:\n  web:\n    image: nginx:1.29\n    volumes: ['/home/ann/x:/x']\n";
const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn run_with(root: &Path, arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(BINARY)
        .current_dir(root)
        .args(arguments)
        .env_remove("GITHUB_STEP_SUMMARY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |it| String::from_utf8(it).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn run(root: &Path, arguments: &[&str]) -> Run {
    run_with(root, arguments, "")
}

fn git(root: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").current_dir(root).args(who).args(arguments).output().unwrap();
    assert!(status.status.success(), "git {arguments:?}: {status:?}");
}

/// Returns the paths of the findings of one rule.
fn paths(root: &Path, arguments: &[&str]) -> Vec<String> {
    let run = run(root, &[&["check", "--format", "json"], arguments].concat());
    let report: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| it["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn nothing_to_check_is_a_failure_that_says_what_was_looked_for() {
    let root = folder(&[
        ("readme.txt", "hello\n"),
        ("compose.txt", COMPOSE),
        ("empty/.keep", ""),
        ("other/mkdocs.yaml", "site_name: x\n"),
        ("other/node_modules/a/compose.yaml", COMPOSE),
    ]);
    for arguments in [
        &["check", "readme.txt"][..],
        &["check", "compose.txt"],
        &["check", "empty"],
        &["check", "other"],
        &["check", "-"],
        &["decide", "empty"],
        &["fix", "readme.txt"],
        &["compare", "empty"],
        &["check", "--format", "sarif", "empty"],
    ] {
        let run = run(root.path(), arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
        let expected = "no Compose file, Kubernetes manifest, chart or kustomization";
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
    assert!(run(root.path(), &["check", "other"]).err.contains("--show-files"));
    let both = run(root.path(), &["check", "readme.txt", "other/node_modules"]);
    let warning = "warning: readme.txt: this is neither a Compose file nor a Kubernetes manifest";
    assert!(both.code == 0 && both.err.contains(warning), "{}", both.err);
    assert!(run(root.path(), &["check", "-"]).err.contains("standard input: "));
}

#[test]
fn what_is_not_read_is_counted_and_listed() {
    let root = folder(&[
        ("compose.yaml", COMPOSE),
        ("old/compose.yaml", COMPOSE),
        ("plimsoll.yaml", "exclude: old\n"),
        (".github/workflows/ci.yml", "on: push\n"),
        ("web/node_modules/a/compose.yaml", COMPOSE),
        ("secret.yaml", COMPOSE),
        (".gitignore", "secret.yaml\n"),
    ]);
    let check = run(root.path(), &["check", "--select", "PLM309"]);
    assert!(
        check.out.contains("; not read: 1 hidden, 1 vendored, 1 ignored (see --show-files)"),
        "{}",
        check.out
    );
    let list = run(root.path(), &["check", "--show-files"]);
    assert_eq!(list.code, 0, "{}", list.err);
    let expected = "\
.github: not read: hidden
compose.yaml: compose, unknown
old/compose.yaml: not read: excluded
plimsoll.yaml: config
secret.yaml: not read: ignored
web/node_modules: not read: vendored
";
    assert_eq!(list.out, expected);
    let json = run(root.path(), &["check", "--select", "PLM309", "--format", "json"]).out;
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["summary"]["skipped"], 3);
    assert_eq!(report["skipped"][0]["reason"], "hidden");
}

#[cfg(unix)]
#[test]
fn linked_files_of_the_project_and_manifests_in_json_are_read() {
    let service = r#"{"apiVersion": "v1", "kind": "Service", "kind": "Service"}"#;
    let root = folder(&[
        (".shared/compose.yaml", TWICE),
        ("k8s/web.json", service),
        ("package.json", "{\"a\": 1, \"a\": 2}\n"),
    ]);
    std::os::unix::fs::symlink(".shared/compose.yaml", root.path().join("compose.yaml")).unwrap();
    assert_eq!(paths(root.path(), &["--select", "PLM002"]), ["compose.yaml", "k8s/web.json"]);
}

#[test]
fn only_findings_of_what_changed_are_reported_but_everything_is_read() {
    let deployment = |image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: '{image}'}}]}}\n"
        )
    };
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: shop}, ports: [{port: 80}]}\n";
    let root = folder(&[
        ("shop/compose.yaml", COMPOSE),
        ("old/compose.yaml", COMPOSE),
        ("k8s/web.yaml", &deployment("acme/web:1.2.3")),
        ("k8s/service.yaml", service),
    ]);
    let at = root.path();
    git(at, &["init", "--quiet", "--initial-branch", "main"]);
    git(at, &["add", "."]);
    git(at, &["commit", "--quiet", "--message", "one"]);
    let select = ["--select", "PLM309,PLM404"];
    let with = |more: &[&str]| paths(at, &[&select[..], more].concat());
    assert_eq!(with(&[]).len(), 3);
    assert_eq!(with(&["--changed-since", "main"]), [""; 0]);
    fs::write(at.join("shop/compose.yaml"), format!("{COMPOSE}# more\n")).unwrap();
    assert_eq!(with(&["--changed-since", "HEAD"]), ["shop/compose.yaml"]);
    assert_eq!(with(&["--staged"]), [""; 0]);
    git(at, &["add", "shop"]);
    assert_eq!(with(&["--staged"]), ["shop/compose.yaml"]);
    let below = paths(&at.join("shop"), &["--staged", "--select", "PLM309"]);
    assert_eq!(below, ["compose.yaml"], "from a folder below the root");
    // The Service is at fault, and the Deployment is what changed.
    fs::write(at.join("k8s/web.yaml"), deployment("acme/web:1.2.4")).unwrap();
    git(at, &["commit", "--quiet", "--all", "--message", "two"]);
    let changed = with(&["--changed-since", "HEAD~1"]);
    assert_eq!(changed, ["k8s/service.yaml", "shop/compose.yaml"]);
    fs::create_dir(at.join("new")).unwrap();
    fs::write(at.join("new/compose.yaml"), COMPOSE).unwrap();
    assert_eq!(
        with(&["--changed-since", "HEAD"]),
        ["new/compose.yaml"],
        "git does not know it yet"
    );
    let text = run(at, &["check", "--select", "PLM309", "--changed-since", "HEAD"]).out;
    assert!(text.contains("; 2 in other files"), "{text}");
    let wrong = run(at, &["check", "--changed-since", "nowhere"]);
    assert!(wrong.code == 2 && wrong.err.contains("`nowhere` is not a revision"), "{}", wrong.err);
}

#[test]
fn what_is_found_only_since_a_file_is_gone_is_reported_wherever_it_points() {
    let pod = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 3\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{topologySpreadConstraints: [{{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{app: {name}}}}}}}], containers: [{{name: {name}, image: 'acme/{name}:1.2.3', ports: [{{containerPort: 80}}]}}]}}\n"
        )
    };
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', ports: ['80:80'], env_file: [lost.env, web.conf]}\n";
    let root = folder(&[
        ("compose.yaml", compose),
        ("compose.prod.yaml", "services:\n  web: {restart: always, mem_limit: 1g}\n"),
        ("web.conf", "A=1\n"),
        ("k8s/web.yaml", &pod("web")),
        (
            "k8s/limits.yaml",
            "apiVersion: v1\nkind: LimitRange\nmetadata: {name: a}\nspec: {limits: [{type: Container, defaultRequest: {cpu: 100m, memory: 1Gi}, default: {memory: 1Gi}}]}\n",
        ),
        (
            "k8s/pdb.yaml",
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}\n",
        ),
        ("README.md", "hello\n"),
    ]);
    let at = root.path();
    git(at, &["init", "--quiet", "--initial-branch", "main"]);
    git(at, &["add", "."]);
    git(at, &["commit", "--quiet", "--message", "one"]);
    let codes = |more: &[&str]| -> Vec<String> {
        let check = run(at, &[&["check", "--format", "json-lines"], more].concat());
        let code = |line: &str| {
            let finding: Value = serde_json::from_str(line).unwrap();
            finding["code"].as_str().unwrap().to_owned()
        };
        let mut codes: Vec<String> = check.out.lines().map(code).collect();
        codes.sort();
        codes
    };
    let before = codes(&[]);
    assert!(before.contains(&"PLM507".to_owned()), "{before:?}");
    // Nothing comes from a file that nobody reads, whether it is deleted or renamed.
    git(at, &["mv", "README.md", "NOTES.md"]);
    assert_eq!(codes(&["--staged"]), [""; 0]);
    // A file that is read is deleted, and what was wrong before is no news.
    git(at, &["rm", "--quiet", "k8s/pdb.yaml", "k8s/limits.yaml", "compose.prod.yaml"]);
    let mut new = codes(&[]);
    for code in &before {
        if let Some(at) = new.iter().position(|it| it == code) {
            new.remove(at);
        }
    }
    for code in ["PLM606", "PLM607", "PLM712", "PLM802"] {
        assert!(new.contains(&code.to_owned()), "{code}: {new:?}");
    }
    assert_eq!(codes(&["--staged"]), new);
    assert_eq!(codes(&["--changed-since", "HEAD"]), new);
    assert_eq!(codes(&["--staged", "k8s"]).len(), new.len() - 1, "{new:?}");
    // A file that is moved is missing at its old place.
    git(at, &["commit", "--quiet", "--message", "two"]);
    fs::create_dir(at.join("old")).unwrap();
    git(at, &["mv", "k8s/web.yaml", "old/web.yaml"]);
    let moved = codes(&["--staged", "--select", "PLM507,PLM802"]);
    assert_eq!(moved, [""; 0]);
}

#[test]
fn a_file_that_is_gone_has_to_do_with_what_is_missing_now() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'acme/a:1', envFrom: [{configMapRef: {name: web}}]}]}\n";
    let root = folder(&[
        ("compose.yaml", "services:\n  web: {image: 'acme/web:1.2.3', env_file: [web.env]}\n"),
        ("web.env", "A=1\n"),
        ("k8s/pod.yaml", pod),
        (
            "k8s/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {A: b}\n",
        ),
        ("notes.md", "hello\n"),
    ]);
    let at = root.path();
    git(at, &["init", "--quiet", "--initial-branch", "main"]);
    git(at, &["add", "."]);
    git(at, &["commit", "--quiet", "--message", "one"]);
    let select = ["--select", "PLM504,PLM507,PLM801"];
    let with = |more: &[&str]| paths(at, &[&select[..], more].concat());
    git(at, &["rm", "--quiet", "web.env"]);
    assert_eq!(with(&["--staged"]), ["compose.yaml"]);
    git(at, &["commit", "--quiet", "--message", "two"]);
    assert_eq!(with(&["--staged"]), [""; 0]);
    git(at, &["rm", "--quiet", "k8s/config.yaml"]);
    assert_eq!(with(&["--staged"]), ["k8s/pod.yaml"], "what was missing before is no news");
    assert_eq!(with(&["--changed-since", "HEAD~1"]), ["compose.yaml", "k8s/pod.yaml"]);
    git(at, &["commit", "--quiet", "--message", "three"]);
    fs::write(at.join("notes.md"), "more\n").unwrap();
    assert_eq!(with(&["--changed-since", "HEAD"]), [""; 0], "nothing is gone");
}

#[test]
fn named_files_of_a_project_filter_findings_and_not_what_is_read() {
    let root = folder(&[
        ("compose.yaml", "services:\n  web: {image: 'acme/web:1.2.3', env_file: [web.env]}\n"),
        ("web.env", "A=1\n"),
        ("k8s/a.yaml", TWICE),
        ("k8s/b.yaml", TWICE),
    ]);
    let named = ["--project", ".", "--select", "PLM002", "k8s/b.yaml"];
    assert_eq!(paths(root.path(), &named), ["k8s/b.yaml"]);
    let folder = ["--project", ".", "--select", "PLM002", "k8s"];
    assert_eq!(paths(root.path(), &folder).len(), 2);
    let below = run(
        &root.path().join("k8s"),
        &["check", "--project", "..", "--select", "PLM002", "a.yaml"],
    );
    assert!(
        below.code == 1 && below.out.starts_with("../k8s/a.yaml:4:5 "),
        "{}{}",
        below.out,
        below.err
    );
    assert_eq!(
        run(root.path(), &["check", "--project", ".", "compose.yaml", "--select", "PLM002"]).code,
        0
    );
    for (project, path, expected) in
        [(".", "k8s/c.yaml", "k8s/c.yaml: "), ("k8s", "compose.yaml", "lies outside of k8s")]
    {
        let refused = run(root.path(), &["check", "--project", project, path]);
        assert!(refused.code == 2 && refused.err.contains(expected), "{path}: {}", refused.err);
    }
}

#[test]
fn less_sure_findings_are_left_out() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let all = |least: &str| {
        let arguments = ["check", "--format", "json", "--min-confidence", least];
        let report: Value = serde_json::from_str(&run(&examples, &arguments).out).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().map(|it| it["confidence"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(all("certain").iter().all(|it| it == "certain"));
    assert!(all("possible").len() >= all("likely").len());
    assert!(all("possible").iter().any(|it| it != "certain"), "the example has unsure findings");
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'acme/web:1.2.3'}]}\n";

#[test]
fn the_decision_sees_pipelines_which_no_rule_reads() {
    let project = [("k8s/web.yaml", WEB)];
    // One is broken as YAML, and one has services as a Compose file has them.
    let pipelines = [
        (
            ".github/workflows/deploy.yml",
            "on: [push\njobs: {a: {steps: [{run: kubectl apply -f k8s}]}}\n",
        ),
        (".gitlab-ci.yml", "services: {db: {image: postgres}}\ndeploy: {script: [helm lint]}\n"),
        ("Jenkinsfile", "node { sh 'true' }\n"),
    ];
    let (without, with) = (folder(&project), folder(&[&project[..], &pipelines[..]].concat()));
    for arguments in [&["check"][..], &["check", "--format", "json"]] {
        let [alone, beside] = [&without, &with].map(|it| run(it.path(), arguments));
        assert_eq!(alone.code, beside.code, "{}", beside.err);
        assert!(
            !beside.out.contains("gitlab-ci") && !beside.out.contains("Jenkins"),
            "{}",
            beside.out
        );
        let found = |it: &Run| it.out.matches("PLM").count();
        assert_eq!(found(&alone), found(&beside), "{}", beside.out);
    }
    let list = run(with.path(), &["check", "--show-files"]).out;
    assert_eq!(list, ".github: not read: hidden\nk8s/web.yaml: kubernetes\n");
    let decided = run(with.path(), &["decide", "--details"]).out;
    let words = decided.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "the pipeline in `.github/workflows/deploy.yml` runs `kubectl apply` (.github/workflows/deploy.yml:2)";
    assert!(words.contains(expected), "{decided}");
    assert_eq!(run(without.path(), &["decide"]).out.lines().next(), decided.lines().next());
}
