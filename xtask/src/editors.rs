//! Helix and Emacs with the configurations that people copy. Their packages are large or move with Debian's
//! newest suite, so they have a task of their own.

use crate::setup;
use crate::sh::{Cmd, Result, cmd, fs, root, say, target_dir, which};
use std::path::Path;

pub fn test() -> Result {
    setup::helix()?;
    setup::emacs()?;
    cmd("cargo test --workspace --test neovim --no-run").run()?;
    let server = target_dir().join("debug/plimsoll");
    say("trying the language server in Helix");
    cmd("node editors/helix/tests/check.mjs").arg(setup::helix_program()).arg(&server).run()?;
    say("trying the language server in Emacs");
    emacs(&server)
}

/// Opens a copy of an example, since the check edits it.
fn emacs(server: &Path) -> Result {
    let home = target_dir().join("emacs-home");
    fs::empty_dir(&home)?;
    fs::copy_dir(&root().join("examples/shop-two-sides"), &home.join("shop"))?;
    fs::copy(server, &home.join("bin/plimsoll"))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(home.join("bin")).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
    let emacs = which("emacs").ok_or("`emacs` is missing although it was installed")?;
    Cmd::new(emacs)
        .args(["--batch", "-l"])
        .arg(root().join("editors/emacs/tests/check.el"))
        .arg("compose.yaml")
        .inside(&home.join("shop"))
        .quietly_env("PATH", path)
        .quietly_env("HOME", &home)
        .run()
}
