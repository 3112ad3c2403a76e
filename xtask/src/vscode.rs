//! The extension for VS Code: bundled, packaged for a platform and for the web, and tried in real editors.
//!
//! An extension is packaged from a folder of its own below `target/vscode`, which holds exactly what people
//! install: no list of files to leave out can go wrong.

use crate::sh::{Cmd, Result, cmd, fs, root, say, target_dir};
use crate::{setup, wasm};
use std::path::{Path, PathBuf};

/// What goes into every package beside the bundles.
const FILES: [&str; 3] = ["package.json", "README.md", "CHANGELOG.md"];

/// What is packaged.
struct Wanted {
    /// The platform's name in the marketplace, such as `linux-x64`.
    platform: String,
    /// The language server for this platform.
    server: PathBuf,
}

/// Builds and packages the extension for this machine, or for another one with a program that was built for
/// it, and for the web.
pub fn package(arguments: &[String]) -> Result {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let wanted = match words.as_slice() {
        [] => Wanted { platform: this_platform()?, server: build_server(true)? },
        ["--debug"] => Wanted { platform: this_platform()?, server: build_server(false)? },
        ["--platform", platform, "--server", server] => {
            let server =
                std::path::absolute(server).map_err(|error| format!("{server}: {error}"))?;
            Wanted { platform: (*platform).to_owned(), server }
        }
        _ => {
            let usage = "nothing, `--debug`, or `--platform NAME --server PROGRAM`";
            return Err(format!("vscode takes {usage}, not `{}`", arguments.join(" ")));
        }
    };
    wasm::build()?;
    build()?;
    package_for(&wanted)?;
    package_for_web()
}

/// Packages the extension with the debug build of the server, and tries both builds in real editors. The npm package
/// must have been built.
pub fn test() -> Result {
    if !root().join("wasm/npm/dist/plimsoll_bg.wasm").is_file() {
        return Err("the npm package is not built: run `cargo xtask wasm` first".into());
    }
    setup::chromium()?;
    setup::npm()?;
    build()?;
    // As the step `neovim` builds the server, so that nothing is compiled again with other features.
    cmd("cargo test --workspace --test neovim --no-run").run()?;
    let wanted = Wanted { platform: this_platform()?, server: program("debug") };
    let desktop = package_for(&wanted)?;
    package_for_web()?;
    let probe = stage_probe()?;
    say("trying the extension in VS Code, on the desktop's extension host and on the web's");
    cmd("npm test --workspace plimsoll-vscode")
        .env("PLIMSOLL_VSCODE_TOOLS", setup::vscode_tools())
        .env("PLIMSOLL_VSCODE_NODE", setup::node_24_program())
        .env("PLIMSOLL_VSIX", desktop)
        .env("PLIMSOLL_PROBE", probe)
        .env("PLIMSOLL_WEB", folder().join("web"))
        .env("PLIMSOLL_PICTURES", folder().join("pictures"))
        .run()
}

fn folder() -> PathBuf {
    target_dir().join("vscode")
}

/// The name of this machine's platform in the marketplace.
fn this_platform() -> Result<String> {
    use std::env::consts::{ARCH, OS};
    let system = match OS {
        "linux" => "linux",
        "macos" => "darwin",
        "windows" => "win32",
        other => return Err(format!("VS Code has no packages for `{other}`")),
    };
    let processor = match ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "arm" => "armhf",
        other => return Err(format!("VS Code has no packages for `{other}`")),
    };
    Ok(format!("{system}-{processor}"))
}

fn build_server(release: bool) -> Result<PathBuf> {
    let build = cmd("cargo build --package plimsoll");
    if release { build.arg("--release") } else { build }.run()?;
    Ok(program(if release { "release" } else { "debug" }))
}

fn program(profile: &str) -> PathBuf {
    target_dir().join(profile).join(format!("plimsoll{}", std::env::consts::EXE_SUFFIX))
}

/// Checks the types and bundles the sources into `editors/vscode/dist`.
fn build() -> Result {
    setup::vscode()?;
    say("building the extension");
    cmd("npm run build --workspace plimsoll-vscode").run()
}

/// Packages the extension with a program, and returns the path of the package.
fn package_for(wanted: &Wanted) -> Result<PathBuf> {
    say(format!("packaging the extension for {}", wanted.platform));
    let stage = stage(&wanted.platform, &["node.js"], "browser")?;
    let program = match wanted.platform.starts_with("win32") {
        true => "server/plimsoll.exe",
        false => "server/plimsoll",
    };
    fs::copy(&wanted.server, &stage.join(program))?;
    vsce(&stage, &wanted.platform)
}

fn package_for_web() -> Result {
    say("packaging the extension for the web");
    let bundles = ["browser.js", "worker.js", "plimsoll_bg.wasm", "plimsoll_targets_bg.wasm"];
    let stage = stage("web", &bundles, "main")?;
    vsce(&stage, "web").map(drop)
}

/// Fills a folder with what a package holds. `without` is the entry in the manifest that it has no bundle for.
fn stage(name: &str, bundles: &[&str], without: &str) -> Result<PathBuf> {
    let (source, stage) = (root().join("editors/vscode"), folder().join(name));
    fs::empty_dir(&stage)?;
    for file in FILES {
        fs::copy(&source.join(file), &stage.join(file))?;
    }
    for bundle in bundles {
        fs::copy(&source.join("dist").join(bundle), &stage.join("dist").join(bundle))?;
    }
    fs::copy_dir(&source.join("media"), &stage.join("media"))?;
    let licences = ["LICENSE-MIT", "LICENSE-APACHE"].map(|it| fs::read(&root().join(it)));
    let [mit, apache] = licences;
    let choice = b"Plimsoll is licensed under either of the following, as you like.\n\n";
    fs::write(&stage.join("LICENSE"), [&choice[..], &mit?, b"\n\n", &apache?].concat())?;
    cmd("npm pkg delete scripts devDependencies private").arg(without).inside(&stage).run()?;
    Ok(stage)
}

/// Packages the folder of an extension, and returns the path of the package.
fn vsce(stage: &Path, platform: &str) -> Result<PathBuf> {
    let package = folder().join(format!("plimsoll-{platform}.vsix"));
    Cmd::new(setup::node_24_program())
        .arg(setup::vscode_tools().join("node_modules/@vscode/vsce/vsce"))
        .args(["package", "--no-dependencies", "--skip-license", "--allow-missing-repository"])
        .args(["--no-rewrite-relative-links", "--target", platform, "--out"])
        .arg(&package)
        .inside(stage)
        .run()?;
    Ok(package)
}

/// Packages the extension that asks VS Code what it sees, and returns the path of the package.
fn stage_probe() -> Result<PathBuf> {
    let package = folder().join("probe.vsix");
    Cmd::new(setup::node_24_program())
        .arg(setup::vscode_tools().join("node_modules/@vscode/vsce/vsce"))
        .args(["package", "--no-dependencies", "--skip-license", "--allow-missing-repository"])
        .arg("--out")
        .arg(&package)
        .inside(&root().join("editors/vscode/tests/probe"))
        .run()?;
    Ok(package)
}
