//! What the guides say is true: their commands run, and print what is shown. `UPDATE_DOCS=1` rewrites the output.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::{BINARY, folder, git};

/// Maximum number of lines that are shown of an output; an ellipsis stands for the rest.
const SHOWN: usize = 30;

/// What the commands of the guides are tried on: a bit of everything that they name.
const PROJECT: [(&str, &str); 5] = [
    ("compose.yaml", "services:\n  web:\n    image: nginx\n    restart: always\n"),
    ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("charts/shop/values.yaml", "image: { tag: \"1.1\" }\n"),
    (
        "charts/shop/templates/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\n",
    ),
    ("prod.yaml", "image: { tag: \"1.2\" }\n"),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Returns the files that show commands to people and to agents.
fn guides() -> Vec<PathBuf> {
    let root = repository();
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut guides: Vec<PathBuf> = docs.filter(|it| it.extension().is_some()).collect();
    guides.extend(["README.md", "packaging/skills/plimsoll/SKILL.md"].map(|it| root.join(it)));
    guides.sort();
    guides
}

/// Runs a line as a shell does, with the command on its `PATH`.
fn shell(line: &str, folder: &Path) -> Output {
    let own = Path::new(BINARY).parent().unwrap().display().to_string();
    Command::new("bash")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{own}:{}", std::env::var("PATH").unwrap()))
        .env("NO_COLOR", "1")
        .env_remove("GITHUB_STEP_SUMMARY")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A part of a guide.
enum Part<'a> {
    Line(&'a str),
    /// A fenced block, which may be indented.
    Block {
        indent: &'a str,
        info: &'a str,
        lines: Vec<&'a str>,
    },
}

fn parts(guide: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = guide.lines();
    while let Some(line) = rest.next() {
        let fence = line.trim_start();
        match fence.strip_prefix("```").filter(|info| !info.contains('`')) {
            None => parts.push(Part::Line(line)),
            Some(info) => {
                let indent = &line[..line.len() - fence.len()];
                let lines = rest.by_ref().take_while(|line| line.trim_start() != "```");
                let lines = lines.map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
                parts.push(Part::Block { indent, info, lines });
            }
        }
    }
    parts
}

/// Returns a guide with the output that its commands have now. The files that a section shows lie in a folder of
/// their own, in which its commands run; without files, they run in the repository.
fn with_output(guide: &str, shown: &mut usize) -> String {
    let mut wanted = String::new();
    let mut own = folder(&[]);
    let mut has_files = false;
    for part in parts(guide) {
        let (indent, info, lines) = match part {
            Part::Block { indent, info, lines } => (indent, info, lines),
            Part::Line(line) => {
                if line.starts_with("## ") {
                    own = folder(&[]);
                    has_files = false;
                }
                wanted.push_str(&format!("{line}\n"));
                continue;
            }
        };
        let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        if let Some((_, name)) = info.split_once(" file=") {
            has_files = true;
            let path = own.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, lines.join("\n") + "\n").unwrap();
        } else if info == "console" {
            let repository = repository();
            let place = if has_files { own.path() } else { repository.as_path() };
            lines = printed(&lines[0], place);
            *shown += 1;
        }
        wanted.push_str(&format!("{indent}```{info}\n"));
        for line in lines {
            let indent = if line.is_empty() { "" } else { indent };
            wanted.push_str(&format!("{indent}{line}\n"));
        }
        wanted.push_str(&format!("{indent}```\n"));
    }
    wanted
}

/// Returns a command and what it prints.
fn printed(line: &str, place: &Path) -> Vec<String> {
    let output = shell(line.strip_prefix("$ ").unwrap(), place);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code().unwrap() < 2, "{line}: {said}");
    let out = String::from_utf8(output.stdout).unwrap();
    let mut lines = vec![line.to_owned()];
    lines.extend(out.trim_end().lines().map(str::to_owned));
    assert!(lines.len() > 1, "{line} prints nothing");
    if lines.len() > SHOWN + 1 {
        lines.truncate(SHOWN + 1);
        lines.push("…".to_owned());
    }
    lines
}

#[test]
fn the_guides_show_real_output() {
    let mut shown = 0;
    for path in guides() {
        let guide = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let wanted = with_output(&guide, &mut shown);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &wanted).unwrap();
        } else {
            let path = path.display();
            assert_eq!(guide, wanted, "{path} shows outdated output: run `cargo xtask docs`");
        }
    }
    assert!(shown > 10, "the guides show only {shown} commands with their output");
}

/// The lines of shell blocks that no test runs, each with the reason.
const NOT_RUN: [(&str, &str); 11] = [
    ("plimsoll check --watch", "runs until it is stopped; `watch.rs` does"),
    ("plimsoll render --target NAME", "the reader puts in a name; `targets.rs` does"),
    ("claude mcp add plimsoll -- plimsoll mcp", "needs an account; `mcp.rs` talks to the server"),
    ("docker build -t plimsoll .", "needs a daemon; `packaging.rs` reads the Dockerfile"),
    ("docker run --rm -v \"$PWD:/work:ro\" plimsoll check", "needs a daemon"),
    ("cargo xtask bench peers", "measures other tools, for minutes"),
    ("cargo xtask play", "serves until it is stopped"),
    ("cargo xtask test", "runs this test"),
    ("pip install plimsoll-arrow", "needs a release; the step `python` installs the wheel"),
    ("python python/examples/synthetic.py 200 files.parquet", "the step `python` does"),
    (
        "python python/examples/scan_duckdb.py files.parquet findings --parts 4",
        "the step `python` does",
    ),
];

/// Returns a line of a shell block without its comment, and whether no test runs it.
fn command(line: &str) -> (&str, bool) {
    let command = line.split(" #").next().unwrap_or_default().trim_end();
    (command, NOT_RUN.iter().any(|it| it.0 == command))
}

#[test]
fn every_line_for_a_shell_runs_or_is_known_not_to() {
    let mut seen: Vec<&str> = Vec::new();
    for path in guides() {
        let guide = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        for part in parts(&guide) {
            let Part::Block { info, lines, .. } = part else { continue };
            let path = path.display();
            assert!(
                !["bash", "shell", "zsh", "fish", "powershell"].contains(&info),
                "{path}: a block with commands is called `sh`, or `console` with their output"
            );
            if info != "sh" {
                continue;
            }
            for line in lines.into_iter().filter(|line| !line.is_empty()) {
                match command(line) {
                    (command, true) => {
                        seen.extend(NOT_RUN.iter().map(|it| it.0).filter(|it| *it == command));
                    }
                    (command, false) => assert!(
                        command.starts_with("plimsoll "),
                        "{path}: `{command}` is not run: add it to `NOT_RUN` with the reason"
                    ),
                }
            }
        }
    }
    for (command, reason) in NOT_RUN {
        assert!(seen.contains(&command), "no guide has `{command}` ({reason}) any more");
    }
}

#[test]
fn the_commands_of_the_guides_work() {
    let mut run = 0;
    for path in guides() {
        let guide = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let root = folder(&[]);
        let project = root.path().join("shop");
        for (name, text) in PROJECT {
            let path = project.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        git(&project, &["init", "--quiet", "--initial-branch", "main"]);
        git(&project, &["add", "."]);
        git(&project, &["commit", "--quiet", "--message", "one"]);
        for part in parts(&guide) {
            let Part::Block { info: "sh", lines, .. } = part else { continue };
            let lines = lines.into_iter().filter(|line| line.starts_with("plimsoll "));
            for line in lines.filter(|line| !command(line).1) {
                let output = shell(line, &project);
                let code = output.status.code().unwrap();
                assert!(code < 2, "{}: {line}: {output:?}", path.display());
                run += 1;
            }
        }
    }
    assert!(run > 20, "the guides have only {run} commands");
}

/// Every link of a guide to another file of the repository leads somewhere.
#[test]
fn the_links_of_the_guides_lead_somewhere() {
    let mut followed = 0;
    for path in guides() {
        let guide = fs::read_to_string(&path).unwrap();
        for link in guide.split("](").skip(1).filter_map(|it| it.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                let target = path.parent().unwrap().join(file);
                assert!(target.exists(), "{}: {link}", path.display());
                followed += 1;
            }
        }
    }
    assert!(followed > 20, "the guides have only {followed} links");
}
