//! What a release consists of, as far as one machine can build it: crates, a static binary and two wheels. With all
//! optimisations they take long, so that they are built only where that is named; the tests build them quickly.

use crate::sh::{Cmd, Result, cmd, fs, root, target_dir};
use crate::{python, setup};
use std::path::Path;

/// The crates of a release, each after those that it needs.
const CRATES: [&str; 4] = ["plimsoll-core", "plimsoll-files", "plimsoll-lsp", "plimsoll"];

const STATIC: &str = "x86_64-unknown-linux-musl";

/// Packages the crates as for crates.io, without building them again. Each carries its licences.
pub fn crates() -> Result {
    for name in CRATES {
        let files =
            cmd("cargo package --locked --allow-dirty --list --package").arg(name).read()?;
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            if !files.lines().any(|file| file == licence) {
                return Err(format!("the package of {name} lacks {licence}"));
            }
        }
    }
    package().arg("--no-verify").run()
}

fn package() -> Cmd {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    // A changed working tree is what a person tries before a commit.
    cmd("cargo package --locked --allow-dirty").args(packages)
}

/// What a release has to hold beside the archives.
const INSTALLERS: [&str; 5] = [
    "plimsoll-installer.sh",
    "plimsoll-installer.ps1",
    "plimsoll.rb",
    "plimsoll-shell.tar.gz",
    "sha256.sum",
];

/// Plans a release without building it, which fails where the workflow is not the one that the configuration makes.
pub fn plan() -> Result {
    setup::python()?;
    let plan = cmd("dist plan --output-format=json").read()?;
    let archive = format!("plimsoll-{STATIC}.tar.xz");
    for name in INSTALLERS.iter().copied().chain([archive.as_str()]) {
        if !plan.contains(name) {
            return Err(format!("a release lacks {name}:\n{plan}"));
        }
    }
    Ok(())
}

/// Runs the hook for pre-commit with a command that is installed.
pub fn hooks() -> Result {
    setup::pre_commit()?;
    packaging_test("the_hook_runs_in_pre_commit").run()
}

/// A test of the packaging that needs pre-commit.
fn packaging_test(name: &str) -> Cmd {
    // With the features of the whole workspace, so that nothing is compiled again.
    cmd("cargo test --workspace --test packaging -- --ignored").arg(name)
}

/// Builds a static program and a wheel from it as a release does, but quickly.
pub fn wheel_for_tests() -> Result {
    setup::musl(STATIC)?;
    cmd("cargo build --locked --package plimsoll --target").arg(STATIC).run()?;
    run_static(&target_dir().join(STATIC).join("debug/plimsoll"))?;
    wheel("dev")
}

/// Builds everything, and runs what was built.
pub fn test() -> Result {
    package().run()?;
    setup::python()?;
    setup::musl(STATIC)?;
    cmd("dist build --artifacts=local --target").arg(STATIC).run()?;
    let unpacked = target_dir().join("static");
    fs::empty_dir(&unpacked)?;
    let archive = target_dir().join(format!("distrib/plimsoll-{STATIC}.tar.xz"));
    cmd("tar -xJf").arg(&archive).arg("-C").arg(&unpacked).run()?;
    run_static(&unpacked.join(format!("plimsoll-{STATIC}/plimsoll")))?;
    wheel("dist")?;
    python::wheel("release", &target_dir().join("wheels-arrow"))
}

/// Runs a program that needs nothing of the system, as in the archives and the container.
fn run_static(program: &Path) -> Result {
    let headers = cmd("readelf --program-headers --wide").arg(program).read()?;
    if headers.contains("INTERP") {
        return Err(format!("{} wants a dynamic linker", program.display()));
    }
    Cmd::new(program).arg("check").arg(root().join("examples/single-server")).run()
}

/// Builds the wheel from the static program, installs it into a fresh environment, and runs the command from there and
/// from a hook of pre-commit.
fn wheel(profile: &str) -> Result {
    let wheels = target_dir().join("wheels");
    fs::empty_dir(&wheels)?;
    // With the tag of this machine, since the one for static programs is for systems with musl.
    setup::maturin()?
        .args(["build", "--profile", profile, "--target", STATIC])
        .args(["--compatibility", "linux", "--out"])
        .arg(&wheels)
        .run()?;
    let fresh = target_dir().join("wheel-venv");
    cmd("python3 -m venv --clear").arg(&fresh).run()?;
    setup::pip(&fresh)
        .args(["--no-index", "--find-links"])
        .arg(&wheels)
        .arg("plimsoll-cli")
        .run()?;
    let installed = fresh.join("bin/plimsoll");
    Cmd::new(installed).arg("check").arg(root().join("examples/single-server")).run()?;
    setup::pre_commit()?;
    packaging_test("the_hook_of_the_guide_installs_the_wheel").env("PIP_FIND_LINKS", wheels).run()
}
