//! From the crate `plimsoll-wasm` to `wasm/npm/dist`: compile, write the glue, shrink, measure.
//!
//! There are two engines: the whole one, which renders charts and builds overlays, and a light one, which
//! browsers download first. `wasm/npm/build.mjs` adds the entries and the types.
//!
//! The command itself becomes `cli/npm/plimsoll.wasm`, which Node runs.

use crate::setup;
use crate::sh::{Result, cmd, fs, root, say, target_dir};
use std::path::{Path, PathBuf};

/// An engine of the package.
struct Engine {
    name: &'static str,
    /// Arguments of cargo that choose its features.
    features: &'static [&'static str],
    /// Maximum size after brotli, in bytes. A guardrail for the people who download it; `cargo xtask bench`
    /// fails above it.
    limit: u64,
    /// Name of the file in the package.
    file: &'static str,
}

const WHOLE: Engine =
    Engine { name: "engine", features: &[], limit: 900 * 1024, file: "plimsoll_targets_bg.wasm" };

const LIGHT: Engine = Engine {
    name: "light engine",
    features: &["--no-default-features"],
    limit: 560 * 1024,
    file: "plimsoll_bg.wasm",
};

/// Builds the npm package and prints the size of the engine.
pub fn build() -> Result {
    setup::wasm_target(setup::BROWSER)?;
    setup::npm()?;
    say("building the WebAssembly package");
    let (whole, light) = (compile(&WHOLE)?, compile(&LIGHT)?);
    cmd("node wasm/npm/build.mjs").args([&whole, &light]).run()?;
    for engine in [&WHOLE, &LIGHT] {
        no_machine_paths(&engine.path())?;
        print_sizes(engine)?;
    }
    Ok(())
}

/// Builds the npm package of the command and prints its size.
pub fn build_command() -> Result {
    let compiled = compile_command("wasm")?;
    let command = root().join("cli/npm/plimsoll.wasm");
    shrink(&compiled, &command)?;
    no_machine_paths(&command)?;
    let Sizes { raw, gzip, brotli } = sizes(&command)?;
    let (raw, gzip, brotli) = (kb(raw), kb(gzip), kb(brotli));
    say(format!("command: {raw} raw, {gzip} gzip, {brotli} brotli"));
    Ok(())
}

/// Builds the npm package of the command for tests: the same command, neither small nor fast.
pub fn build_command_for_tests() -> Result {
    let compiled = compile_command("quick")?;
    fs::write(&root().join("cli/npm/plimsoll.wasm"), fs::read(&compiled)?)
}

/// Compiles the command with a profile, and completes its npm package.
fn compile_command(profile: &str) -> Result<PathBuf> {
    setup::wasm_target(setup::NODE)?;
    setup::npm()?;
    say("building the command for Node");
    cmd("cargo build --package plimsoll --bin plimsoll --target")
        .args([setup::NODE, "--profile", profile])
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths().join("\u{1f}"))
        .run()?;
    let package = root().join("cli/npm");
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::write(&package.join(name), fs::read(&root().join(name))?)?;
    }
    Ok(target_dir().join(setup::NODE).join(profile).join("plimsoll.wasm"))
}

impl Engine {
    /// The engine inside the built package.
    fn path(&self) -> PathBuf {
        root().join("wasm/npm/dist").join(self.file)
    }
}

/// Compiles an engine and returns the folder with its glue.
fn compile(engine: &Engine) -> Result<PathBuf> {
    cmd("cargo build --package plimsoll-wasm --lib --target wasm32-unknown-unknown --profile wasm")
        .args(engine.features)
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths().join("\u{1f}"))
        .run()?;
    let compiled = target_dir().join("wasm32-unknown-unknown/wasm/plimsoll_wasm.wasm");
    let work = target_dir().join("plimsoll-npm").join(engine.name.replace(' ', "-"));
    shrink_and_glue(&compiled, &work)?;
    Ok(work)
}

/// Writes the glue beside a shrunk engine. Both steps take some ten seconds, so they are skipped when
/// the compiler's output and the tools are those of the last run.
fn shrink_and_glue(compiled: &Path, work: &Path) -> Result {
    let input = work.join("input.wasm");
    let compiled_bytes = fs::read(compiled)?;
    let tools =
        ["xtask/src/wasm.rs", "xtask/bindgen/src/main.rs", "Cargo.lock", "package-lock.json"];
    let tools: Vec<Vec<u8>> =
        tools.iter().map(|path| fs::read(&root().join(path))).collect::<Result<_>>()?;
    let (stamp, tools) = (work.join("tools"), tools.concat());
    let is_current = std::fs::read(&input).is_ok_and(|last| last == compiled_bytes)
        && std::fs::read(&stamp).is_ok_and(|last| last == tools);
    if is_current {
        return Ok(());
    }
    let _ = std::fs::remove_file(&stamp);
    fs::write(&input, compiled_bytes)?;
    // A crate of its own behind a feature, because the library of wasm-bindgen takes half a minute
    // to compile. As a member of the workspace it has the version that the engine was built with.
    cmd("cargo run --quiet --package xtask-bindgen --features cli-support --")
        .args([compiled, work])
        .run()?;
    let engine = work.join("plimsoll_bg.wasm");
    shrink(&engine, &engine)?;
    fs::write(&stamp, tools)
}

fn shrink(from: &Path, to: &Path) -> Result {
    cmd("node node_modules/binaryen/bin/wasm-opt -Oz")
        // The features that rustc enables by default.
        .args(["--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext"])
        .args(["--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue"])
        .arg(from)
        .arg("-o")
        .arg(to)
        .run()
}

/// The folders whose paths rustc would write into panic messages: cargo's sources and this checkout.
fn machine_paths() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    home.map(|home| home.join("registry/src")).into_iter().chain([root().to_owned()]).collect()
}

/// Compiler flags that keep the package independent of the folder in which it was built.
fn remapped_paths() -> Vec<String> {
    let remap = |path: &PathBuf| format!("--remap-path-prefix={}/=", path.display());
    machine_paths().iter().map(remap).collect()
}

fn no_machine_paths(wasm: &Path) -> Result {
    let bytes = fs::read(wasm)?;
    for path in machine_paths() {
        let path = path.display().to_string();
        if bytes.windows(path.len()).any(|window| window == path.as_bytes()) {
            return Err(format!("{} holds a path of this machine: {path}", wasm.display()));
        }
    }
    Ok(())
}

/// Sizes of a file in bytes: as it is, after gzip, after brotli.
struct Sizes {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

fn sizes(path: &Path) -> Result<Sizes> {
    let script = "const z = require('zlib'), b = fs.readFileSync(process.argv[1]); \
                  [b.length, z.gzipSync(b, { level: 9 }).length, z.brotliCompressSync(b).length].join(' ')";
    let text = cmd("node -p").arg(script).arg(path).read()?;
    let numbers: Vec<u64> = text.split(' ').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [raw, gzip, brotli] if brotli > 0 => Ok(Sizes { raw, gzip, brotli }),
        _ => Err(format!("the size of {} could not be measured: `{text}`", path.display())),
    }
}

fn print_sizes(engine: &Engine) -> Result {
    let Sizes { raw, gzip, brotli } = sizes(&engine.path())?;
    let (raw, gzip, brotli, limit) = (kb(raw), kb(gzip), kb(brotli), kb(engine.limit));
    let name = engine.name;
    say(format!("{name}: {raw} raw, {gzip} gzip, {brotli} brotli (limit {limit})"));
    Ok(())
}

fn kb(bytes: u64) -> String {
    format!("{:.1} KB", bytes as f64 / 1024.0)
}

/// Fails when a built engine is above its limit.
pub fn judge() -> Result {
    for engine in [&WHOLE, &LIGHT] {
        let brotli = sizes(&engine.path())?.brotli;
        if brotli > engine.limit {
            let (name, brotli, limit) = (engine.name, kb(brotli), kb(engine.limit));
            return Err(format!("the {name} is too large: {brotli} of {limit}"));
        }
    }
    Ok(())
}
