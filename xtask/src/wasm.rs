//! From the crate `plimsoll-wasm` to `wasm/npm/dist`: compile, write the glue, shrink, measure.
//!
//! One `.wasm` file and one glue module serve every runtime. `wasm/npm/build.mjs` adds the entries
//! and the types.

use crate::setup;
use crate::sh::{Result, cmd, fs, root, say, target_dir};
use std::path::{Path, PathBuf};

/// Maximum size of the engine after brotli, in bytes. A guardrail for the people who download it;
/// `cargo xtask bench` fails above it.
const BROTLI_LIMIT: u64 = 650 * 1024;

/// Builds the npm package and prints the size of the engine.
pub fn build() -> Result {
    setup::wasm_target()?;
    setup::npm()?;
    say("building the WebAssembly package");
    cmd("cargo build --package plimsoll-wasm --lib --target wasm32-unknown-unknown --profile wasm")
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths().join("\u{1f}"))
        .run()?;
    let compiled = target_dir().join("wasm32-unknown-unknown/wasm/plimsoll_wasm.wasm");
    let work = target_dir().join("plimsoll-npm");
    shrink_and_glue(&compiled, &work)?;
    cmd("node wasm/npm/build.mjs").arg(&work).run()?;
    let engine = engine();
    no_machine_paths(&engine)?;
    print_sizes(&engine)
}

/// The engine inside the built package.
pub fn engine() -> PathBuf {
    root().join("wasm/npm/dist/plimsoll_bg.wasm")
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
    cmd("node node_modules/binaryen/bin/wasm-opt -Oz")
        // The features that rustc enables by default.
        .args(["--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext"])
        .args(["--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue"])
        .arg(&engine)
        .arg("-o")
        .arg(&engine)
        .run()?;
    fs::write(&stamp, tools)
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

fn print_sizes(path: &Path) -> Result {
    let Sizes { raw, gzip, brotli } = sizes(path)?;
    let (raw, gzip, brotli, limit) = (kb(raw), kb(gzip), kb(brotli), kb(BROTLI_LIMIT));
    say(format!("engine: {raw} raw, {gzip} gzip, {brotli} brotli (limit {limit})"));
    Ok(())
}

fn kb(bytes: u64) -> String {
    format!("{:.1} KB", bytes as f64 / 1024.0)
}

/// Fails when the built engine is above its limit.
pub fn judge() -> Result {
    let brotli = sizes(&engine())?.brotli;
    if brotli > BROTLI_LIMIT {
        return Err(format!("the engine is too large: {} of {}", kb(brotli), kb(BROTLI_LIMIT)));
    }
    Ok(())
}
