//! Completion scripts and manual pages, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};
use support::BINARY;

const SUBCOMMANDS: [&str; 11] = [
    "check",
    "decide",
    "compare",
    "fix",
    "init",
    "render",
    "explain",
    "lsp",
    "mcp",
    "completions",
    "man",
];

fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(BINARY).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// Pipes a text through a program. The program must succeed.
fn pipe(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`{program}` is missing: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {input}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_shell_gets_a_script_that_knows_the_subcommands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, err) = run(&["completions", shell]);
        assert_eq!((code, err.as_str()), (0, ""), "{shell}");
        for word in SUBCOMMANDS.iter().chain(&["min-severity", "stdin-filename", "markdown"]) {
            // PowerShell and Elvish complete the names of values nowhere.
            let expected = *word != "markdown" || !matches!(shell, "powershell" | "elvish");
            assert!(!expected || script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn an_unknown_shell_is_refused_and_the_known_ones_are_named() {
    let (code, out, err) = run(&["completions", "tcsh"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("tcsh") && err.contains("bash, elvish, fish, powershell, zsh"), "{err}");
    assert_eq!(run(&["completions"]).0, 2);
}

/// What bash offers for a command line, by running the script in it.
#[cfg(unix)]
fn completed_by_bash(words: &[&str]) -> String {
    let (_, script, _) = run(&["completions", "bash"]);
    let (current, previous) = (words[words.len() - 1], words[words.len() - 2]);
    let ask = format!(
        "{script}\nCOMP_WORDS=({}) COMP_CWORD={}\n_plimsoll plimsoll '{current}' '{previous}'\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words.iter().map(|word| format!("'{word}' ")).collect::<String>(),
        words.len() - 1,
    );
    pipe("bash", &["--norc"], &ask)
}

#[cfg(unix)]
#[test]
fn bash_completes_subcommands_options_and_values() {
    assert_eq!(completed_by_bash(&["plimsoll", "che"]), "check\n");
    assert_eq!(completed_by_bash(&["plimsoll", "check", "--min-s"]), "--min-severity\n");
    assert_eq!(completed_by_bash(&["plimsoll", "check", "--format", "sa"]), "sarif\n");
    assert_eq!(completed_by_bash(&["plimsoll", "decide", "--format", "sa"]), "\n");
    assert_eq!(completed_by_bash(&["plimsoll", "completions", "fi"]), "fish\n");
}

/// A manual page, with its escaped hyphens as plain ones.
fn manual(arguments: &[&str]) -> String {
    let (code, page, err) = run(&[&["man"], arguments].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
    page.replace("\\-", "-")
}

#[test]
fn the_manual_page_describes_the_command_and_each_subcommand() {
    let page = manual(&[]);
    assert!(page.contains(".TH plimsoll 1"), "{page}");
    assert!(!page.contains("plimsoll-help"), "there is no page for `help`: {page}");
    for name in SUBCOMMANDS {
        assert!(page.contains(&format!("plimsoll-{name}(1)")), "{name}: {page}");
        let own = manual(&[name]);
        assert!(own.contains(&format!(".TH plimsoll-{name} 1")), "{name}: {own}");
        assert!(own.contains("--quiet"), "{name} lacks an option that every subcommand has: {own}");
    }
    let check = manual(&["check"]);
    for part in ["--fail-on", "--min-severity", "Exit codes", "sarif", "plimsoll check"] {
        assert!(check.contains(part), "{part}: {check}");
    }
}

#[test]
fn there_is_no_page_for_an_unknown_subcommand() {
    let (code, out, err) = run(&["man", "chekc"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("`chekc`") && err.contains("check, decide, compare, fix"), "{err}");
}

/// The archive that a release ships beside the command.
#[cfg(unix)]
#[test]
fn a_release_ships_the_scripts_and_a_page_for_each_subcommand() {
    let root = support::folder(&[]);
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let status = Command::new("sh")
        .arg(format!("{repository}/packaging/shell/pack.sh"))
        .arg(root.path())
        .env("PLIMSOLL", BINARY)
        .status()
        .unwrap();
    assert!(status.success());
    let archive = root.path().join("plimsoll-shell.tar.gz");
    let listed = pipe("tar", &["-tzf", archive.to_str().unwrap()], "");
    let scripts = ["plimsoll.bash", "plimsoll.elv", "plimsoll.fish", "_plimsoll.ps1", "_plimsoll"];
    for script in scripts {
        assert!(listed.lines().any(|it| it == format!("completions/{script}")), "{listed}");
    }
    for name in SUBCOMMANDS {
        assert!(listed.contains(&format!("man/man1/plimsoll-{name}.1\n")), "{name}: {listed}");
    }
    assert!(listed.contains("man/man1/plimsoll.1\n"), "{listed}");
    let dist = std::fs::read_to_string(format!("{repository}/dist-workspace.toml")).unwrap();
    assert!(dist.contains("packaging/shell/pack.sh") && dist.contains("plimsoll-shell.tar.gz"));
}
