//! What a release consists of, as far as one machine can build it: crates, a static binary and two wheels. It builds
//! with all optimisations, several times over, so it runs only where it is named.

use crate::sh::{Cmd, Result, cmd, fs, root, target_dir};
use crate::{python, setup};
use std::path::PathBuf;

/// The crates of a release, each after those that it needs.
const CRATES: [&str; 4] = ["plimsoll-core", "plimsoll-files", "plimsoll-lsp", "plimsoll"];

const STATIC: &str = "x86_64-unknown-linux-musl";

/// Packages the crates as for crates.io, without building them again.
pub fn crates() -> Result {
    package().arg("--no-verify").run()
}

fn package() -> Cmd {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    // A changed working tree is what a person tries before a commit.
    cmd("cargo package --locked --allow-dirty").args(packages)
}

/// Builds everything, and runs what was built.
pub fn test() -> Result {
    package().run()?;
    let binary = static_binary()?;
    Cmd::new(&binary).arg("check").arg(root().join("examples/single-server")).run()?;
    wheel()?;
    python::wheel("release", &target_dir().join("wheels-arrow"))
}

/// Builds the command without a C library of the system, as in the archives and the container.
fn static_binary() -> Result<PathBuf> {
    setup::musl(STATIC)?;
    cmd("cargo build --release --locked --package plimsoll --target").arg(STATIC).run()?;
    let binary = target_dir().join(STATIC).join("release/plimsoll");
    let headers = cmd("readelf --program-headers --wide").arg(&binary).read()?;
    match headers.contains("INTERP") {
        true => Err(format!("{} wants a dynamic linker", binary.display())),
        false => Ok(binary),
    }
}

/// Builds the wheel, installs it into a fresh environment and runs the command from there.
fn wheel() -> Result {
    let wheels = target_dir().join("wheels");
    fs::empty_dir(&wheels)?;
    setup::maturin()?.args(["build", "--release", "--out"]).arg(&wheels).run()?;
    let fresh = target_dir().join("wheel-venv");
    cmd("python3 -m venv --clear").arg(&fresh).run()?;
    setup::pip(&fresh)
        .args(["--no-index", "--find-links"])
        .arg(&wheels)
        .arg("plimsoll-cli")
        .run()?;
    Cmd::new(fresh.join("bin/plimsoll"))
        .arg("check")
        .arg(root().join("examples/single-server"))
        .run()
}
