//! From the `plimsoll-wasm` crate to `wasm/npm/dist`: compile, write the glue, shrink, measure.
//!
//! One `.wasm` and one module of glue serve every runtime. What lies in `dist` beside them, and the
//! types, is put together by `wasm/npm/build.mjs`.

use crate::setup;
use crate::sh::{Result, cmd, fs, root, say, target_dir};
use std::path::{Path, PathBuf};

/// What a browser may have to download, in bytes after brotli.
const BROTLI_LIMIT: u64 = 300 * 1024;

pub fn build() -> Result {
    setup::wasm_target()?;
    setup::npm()?;
    say("building the WebAssembly package");
    // The linker tells what refers to what, for `xtask-bindgen` to sweep by. With 704 KB of stack
    // before it, all constant data has an address of three bytes; the deepest input that the parser
    // lets through needs less than 256.
    cmd("cargo rustc --package plimsoll-wasm --lib --target wasm32-unknown-unknown --profile wasm")
        .args(["--", "-Clink-arg=--emit-relocs", "-Clink-arg=-zstack-size=720896"])
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags().join("\u{1f}"))
        .run()?;
    let raw = target_dir().join("wasm32-unknown-unknown/wasm/plimsoll_wasm.wasm");
    let work = target_dir().join("plimsoll-npm");
    let input = work.join("input.wasm");
    // Glue and shrinking take some ten seconds: done again only when the compiler's output differs, or
    // what is done with it.
    let (done, steps) = (work.join("done"), steps()?);
    if std::fs::read(&input).ok() != Some(fs::read(&raw)?)
        || std::fs::read(&done).ok().as_ref() != Some(&steps)
    {
        let _ = std::fs::remove_file(&done);
        glue(&raw, &work)?;
        fs::write(&input, fs::read(&raw)?)?;
        fs::write(&done, steps)?;
    }
    cmd("node wasm/npm/build.mjs").arg(&work).run()?;
    let engine = root().join("wasm/npm/dist/plimsoll_bg.wasm");
    no_machine_paths(&engine)?;
    // Told here and judged by `cargo xtask bench`: an engine above its limit still runs.
    print_sizes(&engine)
}

/// The folders whose paths rustc would write into panic messages: cargo's sources and this checkout.
fn machine_paths() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    home.map(|it| it.join("registry/src")).into_iter().chain([root().to_owned()]).collect()
}

fn rust_flags() -> Vec<String> {
    // What the package holds must not depend on where it was built, nor tell it.
    let remap = |path: PathBuf| format!("--remap-path-prefix={}/=", path.display());
    // Code that is not moved out of loops and branches needs fewer variables: a hundredth of the download.
    let small =
        ["-disable-lsr", "-disable-machine-licm", "-enable-load-pre=false", "-inline-threshold=0"];
    let small = small.iter().map(|it| format!("-Cllvm-args={it}"));
    machine_paths().into_iter().map(remap).chain(small).collect()
}

fn no_machine_paths(wasm: &Path) -> Result {
    let bytes = fs::read(wasm)?;
    for path in machine_paths() {
        let path = path.display().to_string();
        if bytes.windows(path.len()).any(|it| it == path.as_bytes()) {
            return Err(format!("{} holds a path of this machine: {path}", wasm.display()));
        }
    }
    Ok(())
}

/// All that says what becomes of the compiler's output: this file, `xtask-bindgen`, the versions.
fn steps() -> Result<Vec<u8>> {
    let sources = root().join("xtask/bindgen/src");
    let mut files: Vec<PathBuf> = sources
        .read_dir()
        .map_err(|error| format!("{}: {error}", sources.display()))?
        .filter_map(|it| Some(it.ok()?.path()))
        .chain(["xtask/src/wasm.rs", "Cargo.lock", "package-lock.json"].map(|it| root().join(it)))
        .collect();
    files.sort();
    let texts: Vec<Vec<u8>> = files.iter().map(|it| fs::read(it)).collect::<Result<_>>()?;
    Ok(texts.concat())
}

fn glue(raw: &Path, work: &Path) -> Result {
    // A crate of its own behind a feature, since wasm-bindgen's library takes half a minute to
    // compile; as a member of the workspace its version cannot part from the one in the engine.
    let bindgen = "cargo run --quiet --package xtask-bindgen --features cli-support --";
    let engine = work.join("plimsoll_bg.wasm");
    cmd(bindgen).arg("glue").arg(raw).arg(work).run()?;
    // Measured after brotli. Two passes of `-Os` undo repetition that brotli would have seen (common
    // expressions, branches), and so does inlining what rustc left where it was; zeros that are packed
    // away and hints at alignment, which no engine needs, are only more to tell. What one round of
    // `-Os` leaves, the next ones make smaller.
    cmd("node node_modules/binaryen/bin/wasm-opt")
        .arg(&engine)
        // What rustc emits by default; the optimizer must know that these may stay.
        .args(["--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext"])
        .args(["--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue"])
        .args(["--enable-bulk-memory-opt", "--low-memory-unused", "--generate-global-effects"])
        .args(["-Os", "-Os", "-Os", "--dealign"])
        .args(["--skip-pass=local-cse", "--skip-pass=remove-unused-brs"])
        .args(["--skip-pass=memory-packing"])
        .args(["--one-caller-inline-max-function-size=0", "--flexible-inline-max-function-size=0"])
        .arg("-o")
        .arg(&engine)
        .run()?;
    // Which order of the functions compresses best changes with every engine, so it is measured.
    let mut best = (u64::MAX, PathBuf::new());
    for unlike in ["0.001", "0.01", "0.02", "0.03"] {
        let laid = work.join(format!("laid-{unlike}.wasm"));
        cmd(bindgen).arg("layout").args([&engine, &laid]).arg(unlike).run()?;
        let [.., brotli] = sizes(&laid)?;
        if brotli < best.0 {
            best = (brotli, laid);
        }
    }
    fs::write(&engine, fs::read(&best.1)?)
}

/// The three sizes of a file in bytes: as it is, after gzip, after brotli.
pub fn sizes(path: &Path) -> Result<[u64; 3]> {
    let script = "const z = require('zlib'), b = fs.readFileSync(process.argv[1]); \
                  [b.length, z.gzipSync(b, { level: 9 }).length, z.brotliCompressSync(b).length].join(' ')";
    let text = cmd("node -p").arg(script).arg(path).read()?;
    let mut numbers = text.split(' ').map(|it| it.parse().unwrap_or(0));
    Ok([(); 3].map(|()| numbers.next().unwrap_or(0)))
}

/// Prints the sizes of the engine.
fn print_sizes(path: &Path) -> Result {
    let [raw, gzip, brotli] = sizes(path)?;
    if raw == 0 || brotli == 0 {
        return Err("the size of plimsoll_bg.wasm could not be measured".into());
    }
    say(format!(
        "plimsoll_bg.wasm: {} raw, {} gzip, {} brotli (limit {})",
        kb(raw),
        kb(gzip),
        kb(brotli),
        kb(BROTLI_LIMIT)
    ));
    Ok(())
}

fn kb(bytes: u64) -> String {
    format!("{:.1} KB", bytes as f64 / 1024.0)
}

/// Fails when the engine is above its limit; the build has printed the sizes.
pub fn judge(path: &Path) -> Result {
    let [.., brotli] = sizes(path)?;
    if brotli > BROTLI_LIMIT {
        return Err(format!("the engine is too big: {} of {}", kb(brotli), kb(BROTLI_LIMIT)));
    }
    Ok(())
}
