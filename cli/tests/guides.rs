//! The README shows what the command prints. `UPDATE_DOCS=1` rewrites it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_shows_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("README.md");
    let readme = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let mut wanted = String::new();
    let mut shown = 0;
    let mut blocks = readme.split("```console\n");
    wanted.push_str(blocks.next().unwrap());
    for block in blocks {
        let (inside, after) = block.split_once("```").unwrap();
        let command = inside.lines().next().unwrap();
        let arguments = command.strip_prefix("$ plimsoll ").unwrap().split(' ');
        let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(arguments)
            .args(["--color", "never"])
            .current_dir(&root)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!printed.trim().is_empty(), "{command} prints nothing");
        // Only the beginning of a long report is shown; an ellipsis stands for the rest.
        let head: Vec<&str> = printed.trim_end().lines().take(30).collect();
        let rest = if printed.trim_end().lines().count() > head.len() { "\n…" } else { "" };
        wanted.push_str(&format!("```console\n{command}\n{}{rest}\n```{after}", head.join("\n")));
        shown += 1;
    }
    assert!(shown >= 2, "the README shows no command with its output");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    } else {
        assert_eq!(readme, wanted, "the README shows outdated output: run `cargo xtask docs`");
    }
}
