//! `plimsoll fix`: which files it writes, what it only shows, and what it never touches.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::{BINARY, folder};

/// `db` has a healthcheck, but `app` does not wait for it. The fix writes the long form of
/// `depends_on` and keeps the comments.
const EARLY: &str = "\
services:
  db:
    image: postgres:16 # 🎵 stays
    healthcheck:
      test: pg_isready
  app:
    image: shop:1
    # Needs the database.
    depends_on: [db]
";

fn run(root: &Path, arguments: &[&str]) -> (i32, String, String) {
    run_rules(root, "PLM101", arguments)
}

fn run_rules(root: &Path, rules: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(BINARY);
    command.current_dir(root).arg("fix").args(arguments).args(["--select", rules]);
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |it| String::from_utf8(it).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn a_fix_is_written_once_and_keeps_everything_else() {
    let root = folder(&[("compose.yaml", EARLY), ("other.yaml", "a: 1   # odd   spacing\n")]);
    let (code, out, err) = run(root.path(), &[]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("applied 1 fix in 1 file; 0 findings left"), "{err}");
    let fixed = fs::read_to_string(root.path().join("compose.yaml")).unwrap();
    assert!(fixed.contains("service_healthy"), "{fixed}");
    for kept in ["postgres:16 # 🎵 stays\n", "# Needs the database.\n"] {
        assert!(fixed.contains(kept), "{fixed}");
    }
    let other = fs::read_to_string(root.path().join("other.yaml")).unwrap();
    assert_eq!(other, "a: 1   # odd   spacing\n");

    let (_, _, err) = run(root.path(), &[]);
    assert!(err.contains("applied 0 fixes in 0 files"), "{err}");
    assert_eq!(fs::read_to_string(root.path().join("compose.yaml")).unwrap(), fixed);
}

#[test]
fn fixes_that_add_the_same_key_are_applied_one_after_the_other() {
    let typo =
        "services:\n  web:\n    image: shop:1\n    ports: [\"80:80\"]\n    restar: always # typo\n";
    let root = folder(&[("compose.yaml", typo)]);
    let arguments = ["fix", "--select", "PLM802,PLM808", "--unsafe"];
    let mut command = Command::new(BINARY);
    let output = command.current_dir(root.path()).args(arguments).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let fixed = fs::read_to_string(root.path().join("compose.yaml")).unwrap();
    assert_eq!(fixed.matches("restart:").count(), 1, "{fixed}{err}");
    assert!(err.contains("applied 1 fix"), "{err}");
}

#[test]
fn a_diff_writes_nothing() {
    let root = folder(&[("deploy/compose.yaml", EARLY)]);
    let (code, out, _) = run(root.path(), &["--diff"]);
    assert_eq!(code, 1, "there is something to change");
    assert!(out.starts_with("--- a/deploy/compose.yaml\n+++ b/deploy/compose.yaml\n@@ "), "{out}");
    assert!(out.lines().any(|it| it.starts_with('+') && it.contains("service_healthy")), "{out}");
    let path = root.path().join("deploy/compose.yaml");
    assert_eq!(fs::read_to_string(&path).unwrap(), EARLY);
    // The diff is a patch that leads to the same text.
    fs::write(root.path().join("fix.patch"), &out).unwrap();
    let patch =
        Command::new("git").args(["apply", "fix.patch"]).current_dir(&root).status().unwrap();
    assert!(patch.success());
    let patched = fs::read_to_string(&path).unwrap();
    fs::write(&path, EARLY).unwrap();
    run(root.path(), &[]);
    assert_eq!(fs::read_to_string(&path).unwrap(), patched);
    let (code, out, _) = run(root.path(), &["--diff"]);
    assert_eq!((code, out.as_str()), (0, ""), "there is nothing left to change");
}

#[cfg(unix)]
#[test]
fn a_patch_quotes_names_that_could_steer_a_terminal() {
    let root = folder(&[("a\x1b[31m\n/compose.yaml", EARLY)]);
    let (_, out, _) = run(root.path(), &["--diff"]);
    assert!(out.starts_with("--- \"a/a\\033[31m\\n/compose.yaml\"\n+++ \"b/a\\033"), "{out}");
    fs::write(root.path().join("fix.patch"), &out).unwrap();
    let git = ["apply", "--check", "fix.patch"];
    assert!(Command::new("git").args(git).current_dir(&root).status().unwrap().success());
}

#[test]
fn findings_are_accepted_with_a_reason() {
    let text = "services:\n  web:\n    image: nginx # the newest\n    restart: always\n  db:\n    image: postgres\n    restart: always\n";
    let root = folder(&[("compose.yaml", text)]);
    let plimsoll = |arguments: &[&str]| {
        let output =
            Command::new(BINARY).current_dir(root.path()).args(arguments).output().unwrap();
        let text = |it| String::from_utf8(it).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let accept = |more: &[&str]| {
        plimsoll(&[&["fix", "--select", "PLM801", "--add-ignore", "a toy"], more].concat())
    };
    assert_eq!(plimsoll(&["check", "--select", "PLM801", "--fail-on", "info"]).0, 1);
    let (code, out, err) = accept(&["--diff"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        out.contains("+    # plimsoll: ignore PLM801 -- a toy\n     image: nginx # the newest\n"),
        "{out}"
    );
    assert!(out.contains("+    image: postgres # plimsoll: ignore PLM801 -- a toy\n"), "{out}");
    let (code, _, err) = accept(&[]);
    assert!(code == 0 && err.contains("wrote 2 comments in 1 file; 0 findings left"), "{err}");
    let (code, out, _) = plimsoll(&["check", "--select", "PLM801,PLM006", "--fail-on", "info"]);
    assert!(code == 0 && out.contains("2 suppressed"), "{out}");
    let (code, _, err) = plimsoll(&["fix", "--add-ignore", " "]);
    assert!(code == 2 && err.contains("a reason says why"), "{err}");
}

#[test]
fn every_place_of_a_finding_is_accepted() {
    let text = "services:\n  a: {image: nginx}\n  b: {image: nginx}\n  c: {image: nginx}\n";
    let root = folder(&[("compose.yaml", text)]);
    let (_, _, err) = run_rules(root.path(), "PLM", &["--add-ignore", "old"]);
    assert!(err.contains("wrote 3 comments in 1 file; 0 findings left"), "{err}");
    let left = Command::new(BINARY).arg("check").current_dir(root.path()).output().unwrap();
    let out = String::from_utf8(left.stdout).unwrap();
    assert!(out.starts_with("no findings"), "{out}");
}

#[test]
fn comments_leave_what_a_chart_prints_as_it_was() {
    let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec:\n  containers:\n    - name: a\n      image: 'acme/a:1'\n      securityContext:\n        {{- include \"c.sec\" . }}\n";
    let root = folder(&[
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("templates/pod.yaml", pod),
        (
            "templates/_helpers.tpl",
            "{{- define \"c.sec\" -}}\n{{- dict \"privileged\" true | toYaml | nindent 8 -}}\n{{- end -}}\n",
        ),
    ]);
    let render = || {
        let output = Command::new(BINARY).arg("render").current_dir(root.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = render();
    assert!(before.contains("privileged: true\n"), "{before}");
    let (_, _, err) = run_rules(root.path(), "PLM806", &["--add-ignore", "old"]);
    assert!(err.contains("; 0 findings left"), "{err}");
    let helpers = fs::read_to_string(root.path().join("templates/_helpers.tpl")).unwrap();
    assert!(helpers.contains("nindent 8 -}} {{- /* plimsoll: ignore PLM806"), "{helpers}");
    assert_eq!(render(), before);
}

#[test]
fn comments_leave_a_chart_without_actions_as_it_was() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  DB_PASSWORD: hV9kq2Zr7LmX\n  API_SECRET: kR3vb8Qw5NzT # rotated by hand\n";
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata:\n      labels: {app: web}\n      annotations:\n        checksum/config: {{ include (print $.Template.BasePath \"/cm.yaml\") . | sha256sum }}\n    spec: {containers: [{name: web, image: 'acme/web:1.2.3'}]}\n";
    let root = folder(&[
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("templates/cm.yaml", config),
        ("templates/web.yaml", web),
    ]);
    let render = || {
        let output = Command::new(BINARY).arg("render").current_dir(root.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = render();
    assert!(before.contains("hV9kq2Zr7LmX") && before.contains("checksum/config: "), "{before}");
    let (_, _, err) = run_rules(root.path(), "PLM503", &["--add-ignore", "old"]);
    assert!(err.contains("wrote 2 comments") && err.contains("; 0 findings left"), "{err}");
    let config = fs::read_to_string(root.path().join("templates/cm.yaml")).unwrap();
    assert!(config.contains("hV9kq2Zr7LmX {{- /* plimsoll: ignore PLM503"), "{config}");
    assert_eq!(render(), before);
}

#[test]
fn a_diff_for_people_is_coloured_and_shows_control_characters() {
    let text = EARLY.replace("# Needs the database.", "# Needs \u{200E}the database.");
    let root = folder(&[("compose.yaml", &text)]);
    let (_, patch, _) = run(root.path(), &["--diff"]);
    assert!(patch.contains("# Needs \u{200E}the database.") && !patch.contains('\x1b'), "{patch}");
    let (_, out, _) = run(root.path(), &["--diff", "--color", "always"]);
    assert!(out.contains("\x1b[32m+") && out.contains("\x1b[31m-"), "{out}");
    assert!(out.contains(r"# Needs \u{200e}the database."), "{out}");
}

#[cfg(unix)]
#[test]
fn permissions_links_and_unchanged_files_stay_as_they_are() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let root = folder(&[("real/compose.yaml", EARLY), ("clean.yaml", "a: 1\n")]);
    let real = root.path().join("real/compose.yaml");
    let link = root.path().join("compose.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/compose.yaml", &link).unwrap();
    let inode = fs::metadata(root.path().join("clean.yaml")).unwrap().ino();
    run(root.path(), &["compose.yaml", "clean.yaml"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("service_healthy"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::metadata(root.path().join("clean.yaml")).unwrap().ino(), inode);
    let left = fs::read_dir(root.path().join("real")).unwrap().count();
    assert_eq!(left, 1, "no temporary file is left");
}

#[test]
fn bytes_that_are_not_utf8_are_never_rewritten() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let bytes = [EARLY.as_bytes(), b"# caf\xe9\n"].concat();
    fs::write(&path, &bytes).unwrap();
    let (_, _, err) = run(root.path(), &[]);
    assert!(err.contains("compose.yaml: left unchanged because it is not UTF-8"), "{err}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn standard_input_comes_back_fixed() {
    let root = folder(&[]);
    let mut command = Command::new(BINARY);
    command.current_dir(&root).args(["fix", "-", "--select", "PLM101"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(EARLY.as_bytes()).unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(text.starts_with("services:\n") && text.contains("service_healthy"), "{text}");
}

#[test]
fn safe_fixes_of_infos_that_are_left_out_are_named() {
    let text = "version: '3'\nservices:\n  web:\n    image: nginx:1.29\n    restart: always\n";
    let root = folder(&[("compose.yaml", text)]);
    let said = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        let output = command.current_dir(root.path()).arg("fix").args(arguments).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let left = said(&["--ignore", "PLM815,PLM816"]);
    assert!(
        left.contains("1 safe fix of infos is left out: add --select PLM807 to apply it"),
        "{left}"
    );
    assert!(!said(&["--select", "PLM807", "--diff"]).contains("left out"));
    assert!(!said(&["--ignore", "PLM807"]).contains("left out: add --select PLM807"));
}

#[test]
fn hints_are_fixed_only_where_their_rule_is_selected() {
    let text = "version: '3'\nservices:\n  web:\n    image: nginx:1.29\n    restart: always\n";
    let root = folder(&[("compose.yaml", text)]);
    let fix = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        let status = command.current_dir(root.path()).arg("fix").args(arguments).output().unwrap();
        assert!(status.status.success(), "{status:?}");
        fs::read_to_string(root.path().join("compose.yaml")).unwrap()
    };
    assert_eq!(fix(&[]), text);
    assert!(!fix(&["--select", "PLM807"]).contains("version:"));
}
