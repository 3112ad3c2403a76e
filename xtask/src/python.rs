//! The Python package of `python/`: its wheel is built and installed, and asked by the engines that people use.

use crate::setup;
use crate::sh::{Cmd, Result, cmd, fs, root, say, target_dir, tools};
use std::path::{Path, PathBuf};

/// What the tests of the package need beside it.
const PACKAGES: [&str; 4] = ["duckdb==2.0.1", "mypy==2.4.1", "pyarrow==26.0.1", "pytest==9.2.0"];

/// Spark, which comes with its Java archives in half a gigabyte and needs pandas.
const SPARK: [&str; 2] = ["pyspark==4.3.0", "pandas==2.3.3"];

/// Builds the wheel quickly, and tests it with pyarrow and DuckDB. The tests of Spark have a step of their own.
pub fn test() -> Result {
    let venv = installed("dev")?;
    Cmd::new(venv.join("bin/python"))
        .args(["-m", "mypy.stubtest", "plimsoll_arrow", "--allowlist", "python/tests/stubtest.txt"])
        .args(["--mypy-config-file", "python/pyproject.toml"])
        .run()?;
    // With the features of the whole workspace, so that nothing is compiled again.
    cmd("cargo test --workspace --test mcp --no-run").run()?;
    pytest(&venv)
        .args(["python/tests", "--ignore", "python/tests/spark"])
        .env("PLIMSOLL", target_dir().join("debug/plimsoll"))
        .run()
}

/// Tests the wheel in Spark's local mode.
pub fn spark() -> Result {
    let venv = installed("dev")?;
    setup::java()?;
    setup::wheels(&venv, "Spark", &SPARK)?;
    pytest(&venv).arg("python/tests/spark").run()
}

/// Scans synthetic repositories with the example for DuckDB, and prints figures.
pub fn bench() -> Result {
    let venv = installed("release")?;
    Cmd::new(venv.join("bin/python")).arg("python/bench/organisations.py").run()
}

fn pytest(venv: &Path) -> Cmd {
    Cmd::new(venv.join("bin/python")).args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"])
}

/// Builds the wheel with a profile, and installs it into an environment in which it takes the place of an
/// earlier one.
fn installed(profile: &str) -> Result<PathBuf> {
    let wheels = target_dir().join("wheels-arrow");
    wheel(profile, &wheels)?;
    let venv = tools().join("arrow");
    setup::wheels(&venv, "pyarrow and DuckDB", &PACKAGES)?;
    let wheel = std::fs::read_dir(&wheels).ok().and_then(|mut all| all.next());
    let Some(Ok(wheel)) = wheel else {
        return Err(format!("{}: there is no wheel", wheels.display()));
    };
    setup::pip(&venv).args(["--force-reinstall", "--no-deps"]).arg(wheel.path()).run()?;
    Ok(venv)
}

/// Builds the wheel into an empty folder.
pub fn wheel(profile: &str, folder: &Path) -> Result {
    fs::empty_dir(folder)?;
    say("building the Python package");
    setup::maturin()?
        .args(["build", "--profile", profile, "--manifest-path"])
        .arg(root().join("python/Cargo.toml"))
        .arg("--out")
        .arg(folder)
        .run()
}
