//! The files that bring the command to other places: the hooks, the action, the job for GitLab.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{BINARY, folder, git};

const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";
const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// `PATH` with the folder of the command first.
fn path_with_command() -> String {
    let own = Path::new(BINARY).parent().unwrap().display().to_string();
    format!("{own}:{}", std::env::var("PATH").unwrap())
}

struct Step {
    code: i32,
    out: String,
    outputs: String,
}

/// Runs the script of the action as a runner does, with an installed command.
fn step(root: &Path, inputs: &[(&str, &str)]) -> Step {
    let outputs = root.join("outputs.txt");
    let _ = fs::remove_file(&outputs);
    let output = Command::new("bash")
        .arg(repository().join("packaging/github/check.sh"))
        .current_dir(root)
        .env("PATH", path_with_command())
        .env("GITHUB_OUTPUT", &outputs)
        .env("PLIMSOLL_VERSION", "installed")
        .env("PLIMSOLL_SARIF_FILE", "out.sarif")
        .env_remove("GITHUB_STEP_SUMMARY")
        .envs(inputs.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Step {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        outputs: fs::read_to_string(outputs).unwrap_or_default(),
    }
}

#[cfg(unix)]
#[test]
fn the_action_uploads_before_it_fails() {
    let root = folder(&[("app/compose.yaml", TWICE), ("k8s/a.yaml", GOOD)]);
    let found = step(root.path(), &[("PLIMSOLL_PATHS", "app k8s")]);
    assert_eq!(found.code, 0, "the next step uploads");
    assert_eq!(found.outputs, "exit-code=1\nsarif-file=out.sarif\n");
    assert!(found.out.starts_with("::error file=app/compose.yaml,line=4"), "{}", found.out);
    assert!(fs::read_to_string(root.path().join("out.sarif")).unwrap().contains("PLM002"));

    // A block of YAML has a line for each path, and may begin with an empty one.
    for paths in ["app\nk8s\n", "\n  app\n  k8s\n", "k8s\tapp"] {
        let found = step(root.path(), &[("PLIMSOLL_PATHS", paths)]);
        assert!(found.out.starts_with("::error file=app/compose.yaml,line=4"), "{}", found.out);
        let found = step(root.path(), &[("PLIMSOLL_PATHS", &paths.replace("app", "gone"))]);
        assert!(found.outputs.starts_with("exit-code=2\n"), "{paths:?}: {}", found.outputs);
    }
    let found = step(root.path(), &[("PLIMSOLL_PATHS", " \n")]);
    assert!(found.out.starts_with("::error file=app/compose.yaml"), "no path is the folder");
    let star = step(root.path(), &[("PLIMSOLL_PATHS", "*")]);
    assert!(star.outputs.starts_with("exit-code=2\n"), "no path is a pattern: {}", star.outputs);

    let root = folder(&[("app/compose.yaml", TWICE)]);
    let inputs = [("PLIMSOLL_FAIL_ON", "never"), ("PLIMSOLL_ANNOTATIONS", "false")];
    let quiet = step(root.path(), &inputs);
    assert!(quiet.outputs.starts_with("exit-code=0\n"), "{}", quiet.outputs);
    assert!(!quiet.out.contains("::"), "{}", quiet.out);

    // An input is never part of the script.
    let root = folder(&[("compose.yaml", TWICE)]);
    let hostile = step(root.path(), &[("PLIMSOLL_MIN_SEVERITY", "$(touch bad); touch bad")]);
    assert_eq!(hostile.outputs, "exit-code=2\n");
    assert!(!root.path().join("bad").exists());
}

/// Returns the lines of a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

#[test]
fn the_files_are_yaml() {
    for path in [
        "action.yml",
        ".pre-commit-hooks.yaml",
        ".github/workflows/publish-crates.yml",
        ".github/workflows/publish-npm.yml",
        ".github/workflows/publish-pypi.yml",
        "packaging/gitlab/plimsoll.gitlab-ci.yml",
    ] {
        let problems = parse(FileId(0), &read(path).into(), None).1;
        assert!(problems.is_empty(), "{path}: {problems:?}");
    }
}

/// Returns the texts in double quotes between two marks.
fn quoted<'t>(text: &'t str, start: &str, end: &str) -> Vec<&'t str> {
    let part = text.split(start).nth(1).unwrap().split(end).next().unwrap();
    part.split('"').skip(1).step_by(2).collect()
}

#[test]
fn a_release_publishes_every_package() {
    let (dist, release) = (read("dist-workspace.toml"), read(".github/workflows/release.yml"));
    let own: Vec<&str> = quoted(&dist, "publish-jobs = [", "]")
        .into_iter()
        .filter_map(|job| job.strip_prefix("./"))
        .collect();
    assert_eq!(own, ["publish-crates", "publish-npm", "publish-pypi"]);
    for job in own {
        let workflow = format!("./.github/workflows/{job}.yml");
        assert!(release.contains(&format!("uses: {workflow}\n")), "{job} is not called");
        assert!(read(&workflow).contains("workflow_call:"), "{job}");
    }
    let pypi = read(".github/workflows/publish-pypi.yml");
    let mut targets = 0;
    for target in quoted(&dist, "\ntargets = [", "]") {
        let tag = match target.split_once("-linux-") {
            Some((_, "gnu")) => ", tag: \"2_28\"",
            Some(_) => ", tag: \"musllinux_1_2\"",
            None => "",
        };
        let line = pypi.lines().find(|line| line.contains(&format!("{{ target: {target}, runner")));
        assert!(
            line.is_some_and(|line| line.ends_with(&format!("{tag} }}"))),
            "{target}: {line:?}"
        );
        assert!(pypi.contains(&format!("          - {target}\n")), "{target}");
        targets += 1;
    }
    assert!(targets > 5);
    assert!(pypi.contains("project: [\".\", python]"), "the command and the package for Arrow");
    for project in ["cli", "arrow"] {
        let job = format!("    environment: release-pypi-{project}\n");
        assert!(pypi.contains(&job), "PyPI keeps one pending publisher for an environment");
        assert!(pypi.contains(&format!("          pattern: wheels-{project}-*\n")), "{project}");
    }
    assert_eq!(pypi.matches("attestations: false").count(), 2, "a called workflow attests nothing");
    let npm = read(".github/workflows/publish-npm.yml");
    for folder in ["wasm/npm", "cli/npm"] {
        assert!(npm.contains(&format!("working-directory: {folder}\n")), "{folder}");
    }
    let tasks: Vec<&str> =
        npm.split("cargo xtask ").skip(1).filter_map(|it| it.split_whitespace().next()).collect();
    assert_eq!(tasks, ["wasm", "npx"]);
    let known = read("xtask/src/main.rs");
    for task in tasks {
        assert!(known.contains(&format!("name: \"{task}\"")), "{task} is no task");
    }
    let crates = read(".github/workflows/publish-crates.yml");
    let list = crates.split("for crate in ").nth(1).unwrap().split(';').next().unwrap();
    let published: Vec<&str> = list.split(' ').collect();
    assert_eq!(published, ["plimsoll-core", "plimsoll-files", "plimsoll-lsp", "plimsoll"]);
    let by_hand = read("docs/contributing.md").replace("\n   ", " ");
    let words: Vec<String> = published.iter().map(|it| format!("--package {it}")).collect();
    let command = format!("`cargo publish --locked {}`", words.join(" "));
    assert!(by_hand.contains(&command), "{command}");
}

/// Returns the jobs of a workflow, each with its lines.
fn jobs(workflow: &str) -> Vec<&str> {
    let jobs = workflow.split("\njobs:\n").nth(1).unwrap();
    let is_name = |line: &str| line.starts_with("  ") && !line[2..].starts_with([' ', '#']);
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in jobs.split_inclusive('\n') {
        if is_name(line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([jobs.len()]);
    starts.iter().zip(ends).map(|(start, end)| &jobs[*start..end]).collect()
}

#[test]
fn a_job_that_may_publish_builds_nothing() {
    for name in ["crates", "npm", "pypi"] {
        let workflow = read(&format!(".github/workflows/publish-{name}.yml"));
        let (may, others): (Vec<&str>, Vec<&str>) =
            jobs(&workflow).into_iter().partition(|job| job.contains("id-token: write"));
        assert!(!may.is_empty() && !others.is_empty(), "{name}");
        for job in may {
            assert!(job.contains("    needs: ") && job.contains("    environment: "), "{job}");
            for building in ["xtask", "npm ci", "npm install", "npm pack", "maturin", "cargo build"]
            {
                assert!(!job.contains(building), "{name}: {building}");
            }
            let publishes = job.lines().filter(|line| line.contains("cargo publish"));
            assert!(publishes.into_iter().all(|line| line.contains("--no-verify")), "{job}");
        }
    }
}

#[test]
fn what_the_guides_install_is_published() {
    for (guide, words, manifest, name) in [
        ("README.md", "`cargo install plimsoll`", "cli/Cargo.toml", "name = \"plimsoll\""),
        (
            "README.md",
            "`npx @plimsoll/cli check`",
            "cli/npm/package.json",
            "\"name\": \"@plimsoll/cli\"",
        ),
        ("README.md", "`pipx install plimsoll-cli`", "pyproject.toml", "name = \"plimsoll-cli\""),
        ("docs/ci.md", "plimsoll-cli==", "pyproject.toml", "name = \"plimsoll-cli\""),
        (
            "docs/organisations.md",
            "pip install plimsoll-arrow",
            "python/pyproject.toml",
            "name = \"plimsoll-arrow\"",
        ),
    ] {
        assert!(read(guide).contains(words), "{guide}: {words}");
        assert!(read(manifest).contains(name), "{manifest}: {name}");
    }
}

#[test]
fn every_crate_that_is_published_carries_its_licences() {
    for folder in ["core", "files", "lsp", "cli"] {
        assert!(read(&format!("{folder}/Cargo.toml")).contains("\"/LICENSE-*\""), "{folder}");
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(read(&format!("{folder}/{name}")), read(name), "{folder}/{name}");
        }
    }
}

#[test]
fn the_image_holds_the_command_alone() {
    let dockerfile = read("Dockerfile");
    let manifest = read("Cargo.toml");
    let version = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    let mut stages = dockerfile.lines().filter(|line| line.starts_with("FROM "));
    let build = stages.next().unwrap();
    assert!(build.starts_with(&format!("FROM rust:{version}-alpine")), "{build}: not {version}");
    assert_eq!(stages.next_back(), Some("FROM scratch"));
    let last = dockerfile.split("FROM scratch\n").nth(1).unwrap();
    assert!(last.contains("COPY --from=build /plimsoll /plimsoll\n"), "{last}");
    assert!(last.contains("ENTRYPOINT [\"/plimsoll\"]\nCMD [\"check\"]\n"), "{last}");
    assert!(last.contains("WORKDIR /work\n"), "the guide mounts the project there: {last}");
    assert!(!last.contains("RUN "), "there is no shell: {last}");
}

#[test]
fn the_catalogue_of_schemas_knows_the_configuration_by_all_its_names() {
    let json = |path: &str| -> serde_json::Value { serde_json::from_str(&read(path)).unwrap() };
    let entry = json("packaging/schemastore/catalog-entry.json");
    let names: Vec<&str> =
        entry["fileMatch"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert_eq!(names.len(), 4);
    for name in names {
        assert!(plimsoll_files::is_config(name), "{name}");
    }
    assert!(!plimsoll_files::is_config("plimsoll.json"));
    let schema = json("wasm/npm/schema/config.schema.json");
    assert_eq!(entry["url"], schema["$id"]);
}

#[test]
fn the_action_hands_every_input_to_the_script() {
    let (action, script) = (read("action.yml"), read("packaging/github/check.sh"));
    let inputs = action.split("inputs:\n").nth(1).unwrap().split("outputs:\n").next().unwrap();
    let names = inputs.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.strip_suffix(':')?;
        (!name.starts_with(' ')).then_some(name)
    });
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        assert!(action.contains(&format!("inputs.{name} ")), "{name} is used nowhere");
        if name != "sarif" {
            let variable = format!("PLIMSOLL_{}", name.to_uppercase().replace('-', "_"));
            assert!(action.contains(&variable) && script.contains(&variable), "{variable}");
        }
    }
}

#[test]
fn the_job_for_gitlab_writes_reports_that_gitlab_reads() {
    let job = read("packaging/gitlab/plimsoll.gitlab-ci.yml");
    let script = job.lines().find(|line| line.contains("- plimsoll check")).unwrap();
    let root = folder(&[("compose.yaml", TWICE)]);
    let script = script.trim().trim_start_matches("- ");
    let status = Command::new("bash")
        .args(["-c", script])
        .current_dir(root.path())
        .env("PATH", path_with_command())
        .env("PLIMSOLL_PATHS", ".")
        .env("PLIMSOLL_ARGS", "--select PLM002")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let reports = ["gl-code-quality-report.json", "plimsoll-junit.xml"];
    for report in reports {
        assert!(job.contains(&format!(": {report}\n")), "{report} is no artifact");
        assert!(fs::read_to_string(root.path().join(report)).unwrap().contains("PLM002"));
    }
}

/// A repository of git with these files, all of them committed.
fn committed(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = folder(files);
    git(root.path(), &["init", "--quiet"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "--quiet", "--message", "one"]);
    root
}

/// Runs pre-commit, which has to be on `PATH`, and returns its exit code and what it prints.
fn pre_commit(root: &Path, cache: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new("pre-commit");
    command.args(arguments).current_dir(root).env("PRE_COMMIT_HOME", cache);
    let output = command.env("PATH", path_with_command()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Runs the hooks with the real pre-commit.
#[test]
#[ignore = "needs pre-commit: `cargo xtask test hooks`"]
fn the_hook_runs_in_pre_commit() {
    // A repository with nothing but the hooks: the command is installed already.
    let hooks = committed(&[(".pre-commit-hooks.yaml", &read(".pre-commit-hooks.yaml"))]);
    let root = committed(&[("compose.yaml", TWICE), ("notes.md", "hello\n")]);
    let cache = hooks.path().join("cache");
    let run = |more: &[&str]| {
        let try_repo = ["try-repo", hooks.path().to_str().unwrap(), "plimsoll-system"];
        pre_commit(root.path(), &cache, &[&try_repo, more].concat())
    };
    let (code, out) = run(&["--all-files"]);
    assert!(code == 1 && out.contains("compose.yaml:4:5 error PLM002"), "{out}");
    let (code, out) = run(&["--files", "notes.md"]);
    assert!(code == 1 && out.contains("PLM002"), "the whole project is read: {out}");
    fs::write(root.path().join("compose.yaml"), "services:\n  a:\n    image: x:1\n").unwrap();
    let (code, out) = run(&["--all-files"]);
    assert!(code == 0 && out.contains("Passed"), "{out}");
    let compose = "services:\n  a:\n    image: x:1\n    env_file: [a.env]\n";
    let root = committed(&[("compose.yaml", compose), ("a.env", "A=1\n")]);
    git(root.path(), &["rm", "--quiet", "a.env"]);
    let try_repo = ["try-repo", hooks.path().to_str().unwrap(), "plimsoll-system"];
    let (_, out) = pre_commit(root.path(), &cache, &[&try_repo[..], &["--verbose"]].concat());
    assert!(out.contains("PLM507"), "a commit that only deletes: {out}");
}

#[test]
fn every_hook_runs_where_files_are_only_deleted() {
    let hooks = read(".pre-commit-hooks.yaml");
    let ids = hooks.matches("- id: ").count();
    assert_eq!(ids, 3);
    assert_eq!(hooks.matches("\n  always_run: true\n").count(), ids);
    assert_eq!(hooks.matches("\n  pass_filenames: false\n").count(), ids);
    assert!(!hooks.contains("\n  files:"), "pre-commit skips such a hook after a deletion");
    let guide = read("docs/ci.md");
    let block = guide.split("## pre-commit").nth(1).unwrap().split("```").nth(1).unwrap();
    assert!(block.contains("always_run: true") && !block.contains("files:"), "{block}");
}

/// The first hook of the guide installs the wheel, which has to lie in the folder that `PIP_FIND_LINKS` names.
#[test]
#[ignore = "needs pre-commit and a wheel: `cargo xtask test wheel`"]
fn the_hook_of_the_guide_installs_the_wheel() {
    let guide = read("docs/ci.md");
    let block = guide.split("## pre-commit").nth(1).unwrap().split("```yaml\n").nth(1).unwrap();
    let config = block.split("```").next().unwrap();
    let root = committed(&[(".pre-commit-config.yaml", config), ("compose.yaml", TWICE)]);
    let cache = folder(&[]);
    let (code, out) = pre_commit(root.path(), cache.path(), &["run", "--all-files"]);
    assert!(code == 1 && out.contains("compose.yaml:4:5 error PLM002"), "{out}");
}
