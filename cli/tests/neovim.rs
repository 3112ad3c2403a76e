//! The language server in a real Neovim, with the configuration from `editors/neovim`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The editor that `cargo xtask setup` installs, or the one on `PATH`.
fn neovim(root: &Path) -> PathBuf {
    let ours = root.join(".tools/bin/nvim");
    if ours.is_file() { ours } else { PathBuf::from("nvim") }
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|it| (it.path(), it.file_name())).unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

#[test]
#[ignore = "needs Neovim 0.11: `cargo xtask setup` installs it, `cargo xtask test neovim` runs this"]
fn everything_that_is_promised_works_in_neovim() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tests = root.join("editors/neovim/tests");
    // A copy, because the test edits the files. The check expects this name of the root folder.
    let home = tempfile::tempdir().unwrap();
    let project = home.path().join("project");
    copy(&tests.join("project"), &project);
    let program = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([program].into_iter().chain(std::env::split_paths(&path)));
    let editor = neovim(root);
    let run = Command::new(&editor)
        .args(["--headless", "-n", "-i", "NONE", "-u"])
        .arg(tests.join("init.lua"))
        .arg("compose.yaml")
        .arg(format!("+luafile {}", tests.join("check.lua").display()))
        .current_dir(&project)
        .env("PATH", path.unwrap())
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env("XDG_STATE_HOME", home.path())
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) => panic!("`nvim` is missing ({error}): run `cargo xtask setup`"),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("every check holds"), "{said}");
}
