//! The formats for other programs, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{BINARY, folder};

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";

const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    command.env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn check(root: &Path, arguments: &[&str]) -> String {
    let output = command(root, &[&["check"], arguments].concat()).output().unwrap();
    assert!(output.status.code() < Some(2), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn several_formats_are_written_at_once() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let outputs =
        ["--output", "sarif=out.sarif", "--output", "junit=out.xml", "--output", "text=out.txt"];
    let arguments =
        [&["--select", "PLM002", "--format", "concise", "--color", "always"], &outputs[..]];
    let out = check(root.path(), &arguments.concat());
    assert!(out.contains("error") && out.contains("PLM002 "), "{out}");
    let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    assert_eq!(json(&read("out.sarif"))["version"], "2.1.0");
    assert!(roxmltree::Document::parse(&read("out.xml")).is_ok());
    assert!(read("out.txt").contains("PLM002") && !read("out.txt").contains('\x1b'));
    let wrong = command(root.path(), &["check", "--output", "yaml=x"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`yaml` is not a known format"));
    let nowhere =
        command(root.path(), &["check", "--output", "json=no/where.json"]).output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no/where.json: "));
}

#[test]
fn a_file_that_is_checked_is_not_written_over() {
    let root = folder(&[("compose.yaml", TWICE)]);
    for option in ["--output=sarif=compose.yaml", "--write-baseline=./compose.yaml"] {
        let output = command(root.path(), &["check", option]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{option}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("compose.yaml: this file is read"), "{option}: {said}");
        assert_eq!(fs::read_to_string(root.path().join("compose.yaml")).unwrap(), TWICE);
    }
    // The outputs of an earlier run are.
    for _ in 0..2 {
        check(root.path(), &["--output", "json=out.json", "--output", "sarif=out.sarif"]);
    }
}

#[test]
fn line_formats_have_a_line_for_each_finding() {
    let root =
        folder(&[("compose.yaml", &format!("{TWICE}  b:\n    image: z:1\n    image: z:2\n"))]);
    let with =
        |format: &str| check(root.path(), &["--select", "PLM002", "--quiet", "--format", format]);
    let concise = with("concise");
    assert_eq!(concise.lines().count(), 2, "{concise}");
    assert!(concise.starts_with("compose.yaml:4:5: error PLM002 "), "{concise}");
    let lines: Vec<Value> = with("json-lines").lines().map(json).collect();
    assert!(lines.len() == 2 && lines[0]["code"] == "PLM002" && lines[0]["range"].is_object());
    let agent = with("agent");
    assert_eq!(agent.lines().count(), 3, "{agent}");
    assert!(agent.starts_with("compose.yaml:4:5 PLM002 error "), "{agent}");
    assert!(agent.lines().next().unwrap().contains(" | next: plimsoll "), "{agent}");
    assert!(agent.contains("\nsummary: 2 errors; 1 Compose project refused: "), "{agent}");
    let rdjson = json(&with("rdjson"));
    assert_eq!(rdjson["diagnostics"][1]["location"]["range"]["start"]["line"], 7);
}

#[test]
fn sarif_gitlab_and_github_name_paths_from_the_root_however_the_command_is_called() {
    let root = folder(&[("deploy/app/compose.yaml", TWICE), (".git/HEAD", "")]);
    let app = root.path().join("deploy/app");
    let gitlab = |from: &Path, path: &str| {
        json(&check(from, &["--select", "PLM002", "--format", "gitlab", path]))
    };
    let first = gitlab(root.path(), ".");
    assert_eq!(first[0]["location"]["path"], "deploy/app/compose.yaml");
    let sarif = |from: &Path, path: &str| {
        json(&check(from, &["--select", "PLM002", "--format", "sarif", path]))
    };
    let log = sarif(root.path(), ".");
    let artifact =
        &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(artifact["uri"], "deploy/app/compose.yaml");
    let base = artifact["uriBaseId"].as_str().unwrap();
    assert!(log["runs"][0]["originalUriBaseIds"][base].is_object());
    for (from, path) in [(app.as_path(), "."), (&app, "../.."), (&app, app.to_str().unwrap())] {
        assert_eq!(gitlab(from, path), first, "{path}");
        assert_eq!(sarif(from, path), log, "{path}");
    }
    let github = check(&app, &["--select", "PLM002", "--format", "github"]);
    assert!(github.starts_with("::error file=deploy/app/compose.yaml,line=4"), "{github}");
}

#[test]
fn statistics_say_where_there_are_none() {
    let root = folder(&[("config.yaml", CONFIG_MAP)]);
    for (format, is_ignored) in
        [("text", false), ("concise", false), ("json", false), ("junit", true), ("sarif", true)]
    {
        let arguments = ["check", "--statistics", "--format", format];
        let output = command(root.path(), &arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.contains("`--statistics` counts"), is_ignored, "{format}: {said}");
    }
}

#[test]
fn statistics_say_which_file_is_without_them() {
    let root = folder(&[("config.yaml", CONFIG_MAP)]);
    let said = |arguments: &[&str]| {
        let arguments = [&["check", "--statistics"], arguments].concat();
        String::from_utf8(command(root.path(), &arguments).output().unwrap().stderr).unwrap()
    };
    let said = [
        said(&["--format", "text", "--output", "sarif=x.sarif"]),
        said(&["--format", "sarif", "--output", "json=o.json"]),
    ];
    assert!(said[0].contains("warning: x.sarif: `--statistics` counts"), "{}", said[0]);
    assert!(said[1].contains("warning: `--statistics` counts"), "{}", said[1]);
    assert_eq!(said[1].matches("`--statistics` counts").count(), 1, "{}", said[1]);
}

#[test]
fn no_output_goes_over_a_file_that_was_read() {
    let files = [
        (
            "compose.yaml",
            "services:\n  web:\n    build: .\n    env_file: [web.env]\n    command: ['sh', './start.sh']\n    image: 'acme/web:${TAG}'\n",
        ),
        (".env", "TAG=1\n"),
        ("web.env", "A=1\n"),
        ("Dockerfile", "FROM alpine:3.22\nCOPY start.sh /\nCMD [\"sh\", \"./start.sh\"]\n"),
        ("start.sh", "#!/bin/sh\nexec web\n"),
        ("plimsoll.yaml", "preview: true\n"),
        ("own.yaml", "extends: ./shared.yaml\n"),
        ("shared.yaml", "preview: false\n"),
    ];
    let root = folder(&files);
    let at = root.path();
    let run = |arguments: &[&str]| command(at, arguments).output().unwrap();
    assert_eq!(run(&["check", "--write-baseline", "b.json"]).status.code(), Some(0));
    let baseline = fs::read_to_string(at.join("b.json")).unwrap();
    for (name, text) in files.into_iter().chain([("b.json", baseline.as_str())]) {
        let output = format!("json={name}");
        let with = ["--config", "own.yaml", "--baseline", "b.json", "--output", &output];
        for more in [&[][..], &["--prune"]] {
            let refused = run(&[&["check"], &with[..], more].concat());
            let said = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(refused.status.code(), Some(2), "{name}: {said}");
            assert!(said.contains(&format!("{name}: this file is read")), "{said}");
            assert_eq!(fs::read_to_string(at.join(name)).unwrap(), text, "{name}");
        }
    }
    let refused = run(&["check", "--write-baseline", ".env"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn what_an_earlier_run_wrote_is_written_again() {
    let root = folder(&[
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("templates/a.yaml", CONFIG_MAP),
        ("compose.yaml", TWICE),
    ]);
    let formats = "text concise json json-lines sarif github gitlab junit markdown rdjson agent";
    for _ in 0..2 {
        for format in formats.split(' ') {
            for select in ["PLM002", "PLM309"] {
                let output = format!("{format}=out-{format}.txt");
                check(root.path(), &["--select", select, "--output", &output]);
            }
        }
        let baseline = ["check", "--write-baseline", "b.json"];
        assert!(command(root.path(), &baseline).output().unwrap().status.success());
    }
}

/// Returns the fingerprints of all findings, in order.
fn fingerprints(root: &Path, arguments: &[&str]) -> Vec<String> {
    let log = json(&check(root, &[arguments, &["--format", "sarif"]].concat()));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let print = |it: &Value| it["partialFingerprints"]["plimsollFinding/v2"].to_string();
    let mut prints: Vec<String> = results.iter().map(print).collect();
    prints.sort();
    prints
}

/// The rules whose findings gather the places of an application.
const GATHERING: &str = "PLM412,PLM606,PLM707,PLM801,PLM802";

const SHOP: &str = "services:\n  web:\n    build: .\n    image: acme/web\n  db:\n    image: postgres\n    volumes: ['/data:/var/lib/postgresql/data']\n";

/// Returns a Deployment with an image without a tag.
fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: {name}, image: acme/{name}}}]}}\n"
    )
}

#[test]
fn files_that_are_added_or_left_out_change_no_alert() {
    let web = deployment("web");
    let root =
        folder(&[(".git/HEAD", ""), ("deploy/compose.yaml", SHOP), ("k8s/base/web.yaml", &web)]);
    let at = root.path();
    let select = ["--select", GATHERING];
    let before = fingerprints(at, &select);
    assert!(before.len() > 3, "{before:?}");
    fs::write(at.join("cm.yaml"), CONFIG_MAP).unwrap();
    assert_eq!(fingerprints(at, &select), before, "a file above");
    let ops = "services:\n  web:\n    image: acme/web\n    restart: always\n";
    fs::create_dir(at.join("ops")).unwrap();
    fs::write(at.join("ops/compose.yaml"), ops).unwrap();
    let with_ops = fingerprints(at, &select);
    assert!(before.iter().all(|it| with_ops.contains(it)), "{before:?} {with_ops:?}");
    for part in ["k8s", "k8s/base/web.yaml", "deploy"] {
        let prints = fingerprints(at, &[&select[..], &[part]].concat());
        assert!(!prints.is_empty() && prints.iter().all(|it| before.contains(it)), "{part}");
    }
    assert_eq!(
        fingerprints(&at.join("k8s"), &select),
        fingerprints(at, &["--select", GATHERING, "k8s"])
    );
}

#[test]
fn equal_findings_of_two_applications_are_two_alerts_that_stay() {
    let all = |more: &[(&str, &str)]| {
        let mut files =
            vec![(".git/HEAD", ""), ("apps/a/compose.yaml", SHOP), ("apps/b/compose.yaml", SHOP)];
        files.extend(more);
        fingerprints(folder(&files).path(), &["--select", "PLM802"])
    };
    let two = all(&[]);
    assert_eq!(two.len(), 2);
    assert!(two.iter().all(|it| it.ends_with(":1\"")), "told apart by more than a number: {two:?}");
    let accepted = format!("# plimsoll: ignore-file PLM802\n{SHOP}");
    let three = all(&[("apps/c/compose.yaml", SHOP), ("apps/a/deploy/notes.yaml", CONFIG_MAP)]);
    assert!(three.len() == 3 && two.iter().all(|it| three.contains(it)), "{two:?} {three:?}");
    let quiet = all(&[("apps/b/compose.yaml", &accepted)]);
    assert!(quiet.len() == 1 && two.contains(&quiet[0]), "{two:?} {quiet:?}");
}

#[test]
fn the_tag_of_an_image_is_no_name_of_a_release() {
    let store = "services:\n  s3:\n    image: minio/minio:RELEASE.2024-01-01T00-00-00Z\n";
    let root = folder(&[("compose.yaml", store)]);
    let said = check(root.path(), &["--select", "PLM812"]);
    assert!(said.contains("check  docker manifest inspect minio/minio:RELEASE.2024"), "{said}");
    assert!(!said.contains("helm list"), "{said}");
    let web = deployment("web")
        .replace("metadata: {name: web}", "metadata: {name: '{{ .Release.Name }}-web'}");
    let web =
        web.replace("image: acme/web", "image: acme/web, securityContext: {privileged: true}");
    let chart = "apiVersion: v2\nname: c\nversion: 1.0.0\n";
    let root = folder(&[("Chart.yaml", chart), ("templates/a.yaml", &web)]);
    let said = check(root.path(), &["--select", "PLM806"]);
    assert!(said.contains("deploy/RELEASE-web") && said.contains("helm list -A"), "{said}");
}

#[test]
fn a_comment_on_a_pull_request_is_short_however_much_was_not_checked() {
    let folders: Vec<String> = (0..300).map(|at| format!("f{at}/compose.yaml")).collect();
    let broken = "services: {a: {image: [1]}}\n";
    let files: Vec<(&str, &str)> = folders.iter().map(|it| (it.as_str(), broken)).collect();
    let root = folder(&files);
    for format in ["markdown", "github", "agent"] {
        let said = check(
            root.path(),
            &["--select", "PLM802", "--min-severity", "error", "--format", format],
        );
        assert!(said.contains("300 Compose projects refused: f0/"), "{said}");
        assert!(said.contains("and 297 more") && said.len() < 2_000, "{format}: {}", said.len());
    }
}

#[test]
fn a_sixth_service_makes_one_new_alert() {
    let prints = |rules: &str, names: &[&str]| -> Vec<String> {
        // A habit has no exceptions, and only what runs on a server is open to the world or has something to lose.
        let restart = if rules < "PLM804" { "" } else { ", restart: always" };
        let service = |name: &&str| {
            format!(
                "  {name}:\n    image: acme/{name}\n    env_file: [{name}.env]\n    volumes: ['/home/ann/{name}:/data']\n  {name}-db:\n    image: postgres\n    ports: ['5432']\n    volumes: ['/srv/{name}:/var/lib/postgresql/data']\n  {name}-job: {{build: ./{name}}}\n  {name}-edge: {{image: 'nginx:1.29'{restart}, ports: ['80:80']}}\n  {name}-old: {{image: 'acme/Old-{name}:1'}}\n"
            )
        };
        let services: String = names.iter().map(service).collect();
        let root = folder(&[("compose.yaml", &format!("services:\n{services}"))]);
        let log = json(&check(root.path(), &["--select", rules, "--format", "sarif"]));
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let print = |it: &Value| it["partialFingerprints"]["plimsollFinding/v2"].to_string();
        results.iter().map(print).collect()
    };
    // What is one finding for all services stays the same, whichever of them leads.
    for rule in ["PLM801", "PLM802", "PLM412", "PLM309", "PLM311", "PLM507", "PLM804", "PLM805"] {
        let five = prints(rule, &["a", "b", "c", "d", "e"]);
        assert!(!five.is_empty(), "{rule}");
        for others in [&["a", "b", "c", "d", "e", "f"][..], &["0a", "a", "b"], &["b", "c"], &["e"]]
        {
            assert_eq!(prints(rule, others), five, "{rule} of {others:?}");
        }
    }
    // What each service has by itself is an alert for each.
    let (two, three) = (prints("PLM811", &["a", "b"]), prints("PLM811", &["0a", "a", "b"]));
    assert_eq!((two.len(), three.len()), (2, 3));
    assert!(two.iter().all(|print| three.contains(print)), "{two:?} {three:?}");
}

fn all(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// A project with every kind of finding, and names and texts that formats have to escape.
fn hostile() -> tempfile::TempDir {
    let service =
        "services:\n  \"<&>'é🚢\\u0007\":\n    image: x:1\n    image: \"y:1]]>\\u001b[31m\"\n";
    folder(&[
        ("a b%20,<&>/compose.yaml", service),
        (
            "k8s/web.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: x}, ports: [{port: 80}]}\n",
        ),
        ("broken.yaml", "services:\n  a: [\n"),
        ("empty.yaml", ""),
    ])
}

/// Runs a check over the examples, a hostile project and a project without findings.
fn everywhere(format: &str) -> Vec<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let (hostile, quiet) = (hostile(), folder(&[("config.yaml", CONFIG_MAP)]));
    let roots = [examples.as_path(), hostile.path(), quiet.path()];
    roots.iter().map(|root| check(root, &["--format", format])).collect()
}

#[test]
fn json_is_valid_by_the_shipped_schema_whatever_it_includes() {
    let schema = json(include_str!("../../wasm/npm/schema/report.schema.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let with: &[&str] = &["--format", "json", "--include", "decision,map"];
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let all = everywhere("json").into_iter().chain([check(&examples, with)]);
    for report in all.map(|text| json(&text)) {
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let files = serde_json::json!({ "files": report["files"] });
        assert!(!validator.is_valid(&files), "a report has more than its files");
    }
}

#[test]
fn sarif_is_valid_by_the_schema_of_the_standard() {
    // A pattern of the schema has a lone `]`, which the dialect of JavaScript takes for itself and the
    // validator refuses.
    let schema = include_str!("schemas/sarif-2.1.0.json").replace("{2}]?$", r"{2}\\]?$");
    let schema = json(&schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for log in everywhere("sarif") {
        let log = json(&log);
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let run = &log["runs"][0];
        let (rules, results) = (all(&run["tool"]["driver"]["rules"]), all(&run["results"]));
        let codes = |list: &[Value], key: &str| -> std::collections::BTreeSet<String> {
            list.iter().map(|it| it[key].as_str().unwrap().to_owned()).collect()
        };
        let (listed, found) = (codes(&rules, "id"), codes(&results, "ruleId"));
        assert_eq!(listed, found, "only rules that occur are listed");
    }
    // A log that lacks what the schema requires, or has more than it allows, is refused.
    for wrong in [
        serde_json::json!({"version": "2.1.0"}),
        serde_json::json!({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}),
        serde_json::json!({"version": "2.1.0", "runs": [], "findings": []}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

/// An element of JUnit XML: its name, its required and its optional attributes, and what it may contain.
type JunitElement =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// The elements of JUnit XML that Jenkins, GitLab, GitHub's reporters and Azure read. There is no standard;
/// `file` and `line` are extensions of pytest that GitLab and CircleCI read.
const JUNIT: &[JunitElement] = &[
    ("testsuites", &["tests", "failures"], &["name", "errors", "time"], &["testsuite"]),
    ("testsuite", &["name", "tests", "failures"], &["errors", "time", "file"], &["testcase"]),
    (
        "testcase",
        &["name", "classname"],
        &["file", "line", "time"],
        &["failure", "error", "skipped", "system-out"],
    ),
    ("failure", &["message"], &["type"], &[]),
    ("system-out", &[], &[], &[]),
];

fn is_junit(element: roxmltree::Node<'_, '_>) {
    let name = element.tag_name().name();
    let (_, required, optional, inner) = JUNIT
        .iter()
        .find(|it| it.0 == name)
        .unwrap_or_else(|| panic!("JUnit XML has no element `{name}`"));
    for attribute in *required {
        assert!(element.has_attribute(*attribute), "{name} lacks {attribute}");
    }
    for attribute in element.attributes() {
        let is_known = required.contains(&attribute.name()) || optional.contains(&attribute.name());
        assert!(is_known, "{name} may not have {}", attribute.name());
    }
    for child in element.children().filter(roxmltree::Node::is_element) {
        let tag = child.tag_name().name();
        assert!(inner.contains(&tag), "{name} may not contain {tag}");
        is_junit(child);
    }
}

#[test]
fn junit_has_the_structure_that_its_readers_ask_for() {
    for xml in everywhere("junit") {
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        is_junit(root);
        let number = |node: &roxmltree::Node, name: &str| -> usize {
            node.attribute(name).unwrap_or_else(|| panic!("{name}")).parse().unwrap()
        };
        let mut total = (0, 0);
        for suite in root.children().filter(roxmltree::Node::is_element) {
            let cases = suite.children().filter(roxmltree::Node::is_element).count();
            let failures = suite.descendants().filter(|it| it.has_tag_name("failure")).count();
            assert_eq!((number(&suite, "tests"), number(&suite, "failures")), (cases, failures));
            total = (total.0 + cases, total.1 + failures);
        }
        assert_eq!((number(&root, "tests"), number(&root, "failures")), total);
    }
}

/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>
#[test]
fn gitlab_gets_what_its_code_quality_report_asks_for() {
    let mut issues = 0;
    for report in everywhere("gitlab") {
        let report = json(&report);
        let mut prints = std::collections::BTreeSet::new();
        for issue in report.as_array().unwrap() {
            issues += 1;
            for key in ["description", "check_name", "fingerprint"] {
                assert!(issue[key].as_str().is_some_and(|it| !it.is_empty()), "{key}: {issue}");
            }
            let severities = ["info", "minor", "major", "critical", "blocker"];
            assert!(severities.contains(&issue["severity"].as_str().unwrap()), "{issue}");
            let location = &issue["location"];
            let path = location["path"].as_str().unwrap();
            assert!(!path.starts_with(['/', '.']), "{path} does not start at the repository");
            let line = &location["lines"]["begin"];
            let line = if line.is_null() { &location["positions"]["begin"]["line"] } else { line };
            assert!(line.as_u64().is_some_and(|it| it > 0), "{issue}");
            assert!(prints.insert(issue["fingerprint"].to_string()), "twice: {issue}");
        }
    }
    assert!(issues > 20);
}

/// <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>
#[test]
fn rdjson_has_the_shape_that_reviewdog_reads() {
    let keys = |value: &Value, known: &[&str]| {
        let object = value.as_object().unwrap();
        assert!(object.keys().all(|key| known.contains(&key.as_str())), "{value}");
    };
    let position = |place: &Value| {
        keys(place, &["line", "column"]);
        assert!(place["line"].as_u64().is_some_and(|it| it > 0), "{place}");
        assert!(place["column"].as_u64().is_none_or(|it| it > 0), "{place}");
    };
    let range = |range: &Value| {
        keys(range, &["start", "end"]);
        position(&range["start"]);
        position(&range["end"]);
    };
    let location = |location: &Value| {
        keys(location, &["path", "range"]);
        assert!(location["path"].as_str().is_some_and(|it| !it.is_empty()));
        range(&location["range"]);
    };
    let mut suggestions = 0;
    for report in everywhere("rdjson") {
        let report = json(&report);
        keys(&report, &["source", "severity", "diagnostics"]);
        keys(&report["source"], &["name", "url"]);
        for diagnostic in all(&report["diagnostics"]) {
            let known = ["message", "location", "severity", "code", "suggestions"];
            keys(&diagnostic, &[&known[..], &["relatedLocations"]].concat());
            assert!(diagnostic["message"].as_str().is_some_and(|it| !it.is_empty()));
            location(&diagnostic["location"]);
            let severity = diagnostic["severity"].as_str().unwrap();
            assert!(["ERROR", "WARNING", "INFO"].contains(&severity), "{severity}");
            keys(&diagnostic["code"], &["value", "url"]);
            for suggestion in all(&diagnostic["suggestions"]) {
                suggestions += 1;
                keys(&suggestion, &["range", "text"]);
                range(&suggestion["range"]);
                assert!(suggestion["text"].is_string());
            }
            for related in all(&diagnostic["relatedLocations"]) {
                keys(&related, &["message", "location"]);
                location(&related["location"]);
            }
        }
    }
    assert!(suggestions > 0);
}

#[test]
fn annotations_are_ten_of_each_kind_and_the_job_summary_has_all() {
    let service = |at: usize| format!("  s{at}:\n    image: acme/s:1\n    image: acme/s{at}\n");
    let text = format!("services:\n{}", (0..12).map(service).collect::<String>());
    let root = folder(&[("compose.yaml", &text)]);
    let summary = root.path().join("summary.md");
    let arguments = ["check", "--format", "github", "--select", "PLM002,PLM801"];
    let output =
        command(root.path(), &arguments).env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let annotations: Vec<&str> = out.lines().filter(|it| it.starts_with("::")).collect();
    let (errors, warnings) = annotations.split_at(10);
    assert!(errors.iter().all(|it| it.starts_with("::error ")), "{out}");
    assert!(warnings.len() == 1 && warnings[0].starts_with("::warning "), "{out}");
    let summary = fs::read_to_string(summary).unwrap();
    assert!(summary.starts_with("### Plimsoll: 12 errors"), "{summary}");
    assert!(summary.contains("compose.yaml:37"), "{summary}");
}

#[test]
fn long_texts_are_grouped_and_rules_are_counted() {
    let service = |at: usize| format!("  s{at}:\n    image: acme/s:1\n    image: acme/s{at}:1\n");
    let text = format!("services:\n{}", (0..201).map(service).collect::<String>());
    let root = folder(&[("compose.yaml", &text)]);
    let select = ["--select", "PLM002"];
    let grouped = check(root.path(), &select);
    assert!(grouped.starts_with("201 error PLM002 duplicate-key in 1 file"), "{grouped}");
    assert!(grouped.contains("and 198 more") && grouped.contains("--all"), "{grouped}");
    let all = check(root.path(), &["--select", "PLM002", "--all"]);
    assert_eq!(all.matches(" error PLM002 duplicate-key\n").count(), 201);
    let statistics = check(root.path(), &["--select", "PLM002", "--statistics", "--quiet"]);
    assert_eq!(statistics.trim_end(), "201 error PLM002 duplicate-key in 1 file");
    let counted =
        json(&check(root.path(), &["--select", "PLM002", "--statistics", "--format", "json"]));
    assert_eq!((&counted[0]["code"], &counted[0]["count"]), (&"PLM002".into(), &201.into()));
}
