//! The command as scripts and people call it, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::{BINARY, folder};

const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";

struct Run {
    code: i32,
    out: String,
    err: String,
}

/// The outcome of a command that has ended.
fn ended(output: Output) -> Run {
    let text = |it: Vec<u8>| String::from_utf8(it).expect("output is UTF-8");
    let code = output.status.code().expect("the command ended by itself");
    Run { code, out: text(output.stdout), err: text(output.stderr) }
}

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    command
}

fn run(root: &Path, arguments: &[&str]) -> Run {
    ended(command(root, arguments).output().unwrap())
}

fn run_with(root: &Path, arguments: &[&str], input: &str) -> Run {
    let mut command = command(root, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    ended(child.wait_with_output().unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_exit_code_tells_findings_from_failures() {
    let root = folder(&[("bad/compose.yaml", TWICE), ("good/app.yaml", CONFIG_MAP)]);
    let code = |arguments: &[&str]| run(root.path(), arguments).code;
    assert_eq!(code(&["check", "bad"]), 1);
    assert_eq!(code(&["check", "good"]), 0);
    assert_eq!(code(&["check", "bad", "--fail-on", "never"]), 0);
    assert_eq!(code(&["check", "bad", "--select", "PLM001"]), 0);
    assert_eq!(code(&["check", "bad", "--ignore", "duplicate-key,PLM4242"]), 2);
    assert_eq!(code(&["check", "bad", "--ignore", "duplicate-key"]), 0);
    assert_eq!(code(&["check", "--formt", "json"]), 2);
    assert_eq!(code(&["check", "--format", "yaml"]), 2);
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&["--help"]), 0);
}

#[test]
fn a_failure_names_the_path_and_the_cause() {
    let root = folder(&[("compose.yaml", TWICE), ("bad.yaml", "rules:\n  PLM9999: off\n")]);
    fs::write(root.path().join("base.json"), "[]").unwrap();
    let cases: [(&[&str], &str, &str); 11] = [
        (&["check", "--baseline", "base.json"], "base.json", r#"`{"version": 1, "entries": […]}`"#),
        (&["check", "--output", "sarif=-"], "sarif=-", "`--format` prints to standard output"),
        (
            &["check", "--output", "sarif=out", "--output", "junit=./out"],
            "out",
            "two outputs go to this file",
        ),
        (
            &["check", "--write-baseline", "new.json", "--output", "sarif=out"],
            "--output",
            "cannot be used with",
        ),
        (
            &["decide", "--answer", "downtime=never"],
            "downtime",
            "`none`, `seconds`, `minutes` or `hours`",
        ),
        (&["decide", "--answer", "nonsense=1"], "nonsense", "not a known question"),
        (&["check", "nowhere/compose.yaml"], "nowhere/compose.yaml", "No such file"),
        (&["check", "--config", "nowhere.yaml"], "nowhere.yaml", "No such file"),
        (&["check", "--config", "bad.yaml"], "bad.yaml:2", "PLM9999"),
        (&["check", "--select", "PLM4242"], "PLM4242", "did you mean `PLM424`"),
        (&["explain", "nonsense"], "nonsense", "not a known rule"),
    ];
    for (arguments, path, cause) in cases {
        let run = run(root.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(path) && run.err.contains(cause), "{arguments:?}: {}", run.err);
        assert_eq!(run.out, "", "{arguments:?}");
    }
}

/// Runs the command as a user who may not read every file, since the tests themselves may run as
/// root, who may.
#[cfg(unix)]
fn run_unprivileged(root: &Path, arguments: &[&str]) -> Run {
    run_unprivileged_below(root, &root.join("project/locked"), arguments)
}

/// Does so where the tests themselves may read what is locked.
#[cfg(unix)]
fn run_unprivileged_below(root: &Path, locked: &Path, arguments: &[&str]) -> Run {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    // Other users may have no access to the build folder, so they get a copy of the program.
    let program = root.join("plimsoll");
    fs::copy(BINARY, &program).unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(program);
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    if fs::read_dir(locked).is_ok() || fs::read(locked).is_ok() {
        command.uid(NOBODY).gid(NOBODY);
    }
    ended(command.output().unwrap())
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_reported_and_the_walk_goes_on() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder(&[("project/compose.yaml", TWICE), ("project/locked/app.yaml", "a: 1\n")]);
    let locked = root.path().join("project/locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let inside = run_unprivileged(root.path(), &["check", "project"]);
    let named = run_unprivileged(root.path(), &["check", "project/locked"]);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(inside.code, 1, "{}", inside.err);
    assert!(inside.out.contains("PLM002"), "{}", inside.out);
    let warning = "plimsoll: warning: project/locked: Permission denied";
    assert!(inside.err.starts_with(warning), "{}", inside.err);
    assert_eq!(named.code, 2);
    let failure = "plimsoll: project/locked: Permission denied";
    assert!(named.err.starts_with(failure), "{}", named.err);

    let config = root.path().join("project/locked/plimsoll.yaml");
    fs::write(&config, "rules: {PLM002: off}\n").unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o000)).unwrap();
    let unread = run_unprivileged_below(root.path(), &config, &["check", "project"]);
    assert_eq!((unread.code, unread.out.as_str()), (2, ""), "{}", unread.err);
    let failure = "plimsoll: project/locked/plimsoll.yaml: Permission denied";
    assert!(unread.err.starts_with(failure), "{}", unread.err);
}

#[cfg(unix)]
#[test]
fn pipes_broken_links_and_bytes_that_are_not_text_do_no_harm() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let at = |name| root.path().join(name);
    fs::write(at("latin.yaml"), b"name: caf\xe9\nname: x\n").unwrap();
    std::os::unix::fs::symlink("nowhere", at("link.yaml")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.yaml")).status().unwrap().success());
    let start = Instant::now();
    let all = run(root.path(), &["check"]);
    assert_eq!(all.code, 1);
    assert!(all.out.contains("latin.yaml:2:1 error PLM002"), "{}", all.out);
    let pipe = run(root.path(), &["check", "pipe.yaml"]);
    assert!(
        pipe.code == 2 && pipe.err.contains("pipe.yaml: this is not a regular file"),
        "{}",
        pipe.err
    );
    let link = run(root.path(), &["check", "link.yaml"]);
    assert!(link.code == 2 && link.err.contains("link.yaml"), "{}", link.err);
    assert!(start.elapsed() < Duration::from_secs(20), "the command waited for a pipe");
}

#[test]
fn a_file_beyond_the_limit_is_reported_and_not_read() {
    let root = folder(&[]);
    let line = "# a comment line of sixty-four characters, over and over again\n";
    fs::write(root.path().join("huge.yaml"), line.repeat((65 << 20) / line.len())).unwrap();
    let run = run(root.path(), &["check", "huge.yaml"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("PLM007"), "{}", run.out);
    let list = self::run(root.path(), &["check", "--show-files", "huge.yaml"]).out;
    assert_eq!(list, "huge.yaml: not read: too-large\n");
}

#[test]
fn standard_input_takes_the_name_that_it_is_given() {
    let root = folder(&[]);
    let named =
        run_with(root.path(), &["check", "-", "--stdin-filename", "deploy/compose.yaml"], TWICE);
    assert_eq!(named.code, 1);
    assert!(named.out.starts_with("deploy/compose.yaml:4:5 error PLM002"), "{}", named.out);
    let unnamed = run_with(root.path(), &["check", "-"], TWICE);
    assert!(unnamed.out.starts_with("stdin.yaml:4:5"), "{}", unnamed.out);
}

#[test]
fn text_is_coloured_only_for_people() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let plain = run(root.path(), &["check", "--select", "PLM002"]);
    assert!(!plain.out.contains('\x1b'));
    assert!(plain.out.contains("1 error"), "{}", plain.out);
    let coloured = run(root.path(), &["check", "--select", "PLM002", "--color", "always"]);
    assert!(coloured.out.contains("\x1b[1;31merror"), "{}", coloured.out);
    let quiet = run(root.path(), &["check", "--select", "PLM002", "--quiet"]);
    assert!(quiet.out.contains("PLM002") && !quiet.out.contains(" in 1 file"), "{}", quiet.out);
}

#[test]
fn the_environment_decides_about_colour_unless_the_user_does() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let coloured = |variables: &[(&str, &str)], color: &str| {
        let mut command = command(root.path(), &["check", "--select", "PLM002", "--color", color]);
        let out = ended(command.envs(variables.iter().copied()).output().unwrap()).out;
        out.contains('\x1b')
    };
    let (force, no_color) = (("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1"));
    assert!(!coloured(&[], "auto"), "standard output is not a terminal");
    assert!(coloured(&[force], "auto"));
    assert!(coloured(&[("FORCE_COLOR", "1")], "auto"));
    assert!(!coloured(&[("FORCE_COLOR", "0")], "auto"));
    assert!(!coloured(&[force, no_color], "auto"), "NO_COLOR wins");
    assert!(!coloured(&[("FORCE_COLOR", "1"), no_color], "auto"), "NO_COLOR wins");
    assert!(coloured(&[no_color], "always"));
    assert!(!coloured(&[force], "never"));
}

#[test]
fn formats_for_programs_are_never_coloured() {
    let root = folder(&[("compose.yaml", TWICE)]);
    for format in
        ["json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown", "rdjson", "agent"]
    {
        let arguments = ["check", "--format", format, "--color", "always", "--select", "PLM002"];
        let out = run(root.path(), &arguments).out;
        assert!(out.contains("PLM002") && !out.contains('\x1b'), "{format}: {out}");
    }
}

#[test]
fn marks_are_as_wide_as_what_they_mark() {
    let root = folder(&[("compose.yaml", "\"✅ x\": 1\n\"✅ x\": 2\n")]);
    let out = run(root.path(), &["check", "--select", "PLM002"]).out;
    assert!(out.contains("2 │ \"✅ x\": 2\n      │ ^^^^^^\n"), "{out}");
}

#[cfg(unix)]
#[test]
fn control_characters_in_names_are_shown_escaped() {
    let name = "a\x1b[31m\n.yaml";
    let root = folder(&[(name, TWICE)]);
    let found = run(root.path(), &["check", "--select", "PLM002"]);
    assert!(found.out.starts_with(r"a\u{1b}[31m\n.yaml:4:5 error PLM002"), "{}", found.out);
    let missing = run(root.path(), &["check", "\x1b]0;title\x07.yaml"]);
    assert!(missing.err.starts_with(r"plimsoll: \u{1b}]0;title\u{7}.yaml: "), "{}", missing.err);
}

#[test]
fn the_json_report_is_the_contract() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let report = json(&run(root.path(), &["check", "--select", "PLM002", "--format", "json"]).out);
    assert_eq!(report["version"], 1);
    assert_eq!(report["tool"]["name"], "plimsoll");
    assert_eq!(report["files"][0]["path"], "compose.yaml");
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "PLM002");
    let start = &finding["range"]["start"];
    assert_eq!((&start["line"], &start["column"]), (&4.into(), &5.into()));
    assert_eq!(start["offset"], TWICE.rfind("image").unwrap());
    for key in ["message", "why", "help", "check", "related", "fixes", "subject", "severity"] {
        assert!(finding.get(key).is_some(), "{key}");
    }
    assert_eq!(report["summary"]["error"], 1);
    for key in ["decision", "map"] {
        assert!(report.get(key).is_none(), "{key} was not asked for");
    }
    let with = |parts: &str| {
        let arguments = ["check", "--select", "PLM002", "--format", "json", "--include", parts];
        json(&run(root.path(), &arguments).out)
    };
    assert!(
        with("decision,map")["decision"].is_object() && with("decision,map")["map"].is_object()
    );
    assert!(with("map")["map"].is_object() && with("map").get("decision").is_none());
}

#[test]
fn sarif_has_what_code_scanning_services_require() {
    let root = folder(&[("a b/compose.yaml", TWICE)]);
    let log = json(&run(root.path(), &["check", "--select", "PLM002", "--format", "sarif"]).out);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for key in ["id", "name", "helpUri"] {
            assert!(rule[key].as_str().is_some_and(|it| !it.is_empty()), "{rule}");
        }
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[key]["text"].as_str().is_some_and(|it| !it.is_empty()), "{key}: {rule}");
        }
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
        assert!(["error", "warning", "note"].contains(&level));
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(result["ruleId"], rule["id"]);
        assert!(result["message"]["text"].as_str().is_some_and(|it| !it.is_empty()));
        assert!(result["partialFingerprints"]["plimsollFinding/v2"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/compose.yaml");
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][key].as_u64().is_some_and(|it| it > 0), "{key}: {place}");
        }
    }
}

#[test]
fn junit_github_and_markdown_report_the_same_finding() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let with = |format| run(root.path(), &["check", "--select", "PLM002", "--format", format]).out;
    let xml = with("junit");
    let document = roxmltree::Document::parse(&xml).unwrap();
    let failure = document.descendants().find(|it| it.has_tag_name("failure")).unwrap();
    assert!(failure.attribute("message").unwrap().contains("image"));
    assert_eq!(document.root_element().attribute("failures"), Some("1"));
    let github = with("github");
    assert!(
        github.starts_with(
            "::error file=compose.yaml,line=4,endLine=4,col=5,endColumn=10,title=PLM002"
        )
    );
    assert!(with("markdown").starts_with("### Plimsoll: 1 error in 1 file\n"));
}

#[test]
fn output_is_the_same_on_any_number_of_threads() {
    let files: Vec<(String, String)> = (0..60)
        .map(|it| (format!("d{}/f{it}.yaml", it % 7), format!("{TWICE}  b{it}: {{}}\n")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    let root = folder(&files);
    let with = |threads: &str, format: &str| {
        let mut command = command(root.path(), &["check", "--format", format]);
        ended(command.env("RAYON_NUM_THREADS", threads).output().unwrap()).out
    };
    for format in ["text", "json", "sarif"] {
        let one = with("1", format);
        assert!(one.matches("f59.yaml").count() > 0);
        assert_eq!(one, with("8", format), "{format}");
    }
}

#[test]
fn settings_come_from_plimsoll_yaml_or_config() {
    let root = folder(&[
        ("project/plimsoll.yaml", "rules:\n  PLM002: off\n"),
        ("project/app/compose.yaml", TWICE),
        ("loud.yaml", "rules:\n  PLM002: error\n"),
        (".git/HEAD", ""),
    ]);
    let project = root.path().join("project");
    assert_eq!(run(&project, &["check"]).code, 0);
    assert_eq!(run(&project, &["check", "app/compose.yaml"]).code, 0, "from this folder");
    assert_eq!(run(&project.join("app"), &["check"]).code, 0, "from a folder above");
    assert_eq!(run(root.path(), &["check", "project/app"]).code, 0, "from between the two");
    assert_eq!(run(&project, &["check", "--config", "../loud.yaml"]).code, 1);
}

#[test]
fn rules_are_listed_and_explained() {
    let root = folder(&[]);
    let list = run(root.path(), &["explain"]).out;
    assert!(list.lines().filter(|it| it.starts_with("  PLM")).count() > 5, "{list}");
    let by_name = run(root.path(), &["explain", "duplicate-key"]).out;
    assert_eq!(by_name, run(root.path(), &["explain", "plm002"]).out);
    assert!(by_name.contains("## Why it hurts"));
    let rule = json(&run(root.path(), &["explain", "PLM002", "--format", "json"]).out);
    assert_eq!(rule["rule"]["code"], "PLM002");
    assert_eq!(rule["code"], "PLM002");
    let list = json(&run(root.path(), &["explain", "--format", "json"]).out);
    assert!(list.as_array().unwrap().contains(&rule), "one shape: {rule}");
    for rule in list.as_array().unwrap() {
        let body = rule["sections"][0]["body"].as_str();
        assert!(body.is_some_and(|it| !it.is_empty()), "{}", rule["code"]);
        assert!(rule["markdown"].as_str().is_some_and(|it| it.contains("## ")), "{}", rule["code"]);
    }
}

#[test]
fn decide_answers_in_three_formats() {
    let root = folder(&[("compose.yaml", "services:\n  web: {image: nginx:1.29}\n")]);
    let text = run(root.path(), &["decide"]);
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(text.out.contains("Platform") && !text.out.contains("The six questions"));
    assert!(text.out.lines().count() <= 27, "{}", text.out);
    let details = run(root.path(), &["decide", "--details"]).out;
    assert!(details.starts_with(text.out.lines().next().unwrap()), "{details}");
    assert!(details.contains("The six questions"), "{details}");
    let decision = json(&run(root.path(), &["decide", "--format", "json"]).out);
    for key in
        ["questions", "outcome", "fit", "checklists", "nextSteps", "verdict", "systems", "sums"]
    {
        assert!(decision.get(key).is_some(), "{key}");
    }
    assert!(run(root.path(), &["decide", "--format", "markdown"]).out.starts_with("# Platform"));
    let wrong = run(root.path(), &["decide", "--answer", "downtime"]);
    assert!(wrong.code == 2 && wrong.err.contains("KEY=VALUE"), "{}", wrong.err);
}

#[test]
fn several_systems_are_a_table_and_each_has_its_own_report() {
    let service = |image: &str| format!("services:\n  web: {{image: '{image}'}}\n");
    let root = folder(&[
        ("shop/compose.yaml", &service("acme/shop:1.2.3")),
        ("blog/compose.yaml", &service("ghost:6.2")),
    ]);
    let table = run(root.path(), &["decide"]).out;
    assert!(table.starts_with("2 systems in these files"), "{table}");
    assert!(table.contains("\n  shop ") && table.contains("\n  blog "), "{table}");
    let one = run(root.path(), &["decide", "--system", "shop"]).out;
    assert!(one.contains("counted: 1 Compose service"), "{one}");
    let wrong = run(root.path(), &["decide", "--system", "shpo"]);
    assert!(wrong.code == 2 && wrong.err.contains("`blog`"), "{}", wrong.err);
}

#[test]
fn a_reader_that_leaves_early_is_not_a_failure() {
    let root = folder(&[("compose.yaml", &TWICE.repeat(500))]);
    let mut command = command(root.path(), &["check", "--fail-on", "never"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let run = ended(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}
