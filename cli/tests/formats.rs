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
        assert!(said.contains("compose.yaml: this file is checked"), "{option}: {said}");
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
fn a_sixth_service_makes_one_new_alert() {
    let prints = |rules: &str, names: &[&str]| -> Vec<String> {
        // A habit has no exceptions, and only what runs on a server is open to the world or has something to lose.
        let restart = if rules < "PLM804" { "" } else { ", restart: always" };
        let service = |name: &&str| {
            format!(
                "  {name}:\n    image: acme/{name}\n    env_file: [{name}.env]\n    volumes: ['/home/ann/{name}:/data']\n  {name}-db:\n    image: postgres\n    ports: ['5432']\n    volumes: ['/srv/{name}:/var/lib/postgresql/data']\n  {name}-job: {{build: ./{name}}}\n  {name}-edge: {{image: 'nginx:1.29'{restart}, ports: ['80:80']}}\n"
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
    for rule in ["PLM801", "PLM802", "PLM412", "PLM311", "PLM507", "PLM804", "PLM805"] {
        let five = prints(rule, &["a", "b", "c", "d", "e"]);
        assert!(!five.is_empty(), "{rule}");
        for others in [&["a", "b", "c", "d", "e", "f"][..], &["0a", "a", "b"], &["b", "c"], &["e"]]
        {
            assert_eq!(prints(rule, others), five, "{rule} of {others:?}");
        }
    }
    // What each service has by itself is an alert for each.
    let (two, three) = (prints("PLM309", &["a", "b"]), prints("PLM309", &["0a", "a", "b"]));
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
