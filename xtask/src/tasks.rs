//! The small tasks: each a few commands in the right order.

use crate::sh::{Cmd, Result, cmd, root, say, target_dir, tools};
use crate::{python, setup, wasm};
use std::path::PathBuf;

/// Sets everything up for the page, builds it and serves it until Ctrl-C.
pub fn play(arguments: &[String]) -> Result {
    let preview = cmd("npm run preview --workspace web -- --host 127.0.0.1 --port");
    let preview = match arguments {
        [] => preview.arg("8123"),
        [flag, port] if flag == "--port" => {
            let port: u16 = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
            preview.arg(port.to_string()).arg("--strictPort")
        }
        other => return Err(format!("play takes only `--port NUMBER`, not `{}`", other.join(" "))),
    };
    site()?;
    say("serving the playground (Ctrl-C ends it)");
    preview.run()
}

/// The static page in `web/dist`, with the engine built first.
pub fn site() -> Result {
    wasm::build()?;
    build_site()
}

/// The static page alone; the package must have been built.
pub fn build_site() -> Result {
    setup::npm()?;
    say("building the page");
    cmd("npm run build --workspace web").run()?;
    if !root().join("web/dist/index.html").is_file() {
        return Err("the build of the page left no web/dist/index.html".into());
    }
    Ok(())
}

/// The heavy comparison of our reading of YAML with two other parsers, over a folder of real files.
pub fn corpus(arguments: &[String]) -> Result {
    let folder = match arguments {
        [] => root().join("examples"),
        [folder] => std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?,
        _ => return Err("corpus takes one folder".into()),
    };
    over_corpus("oracle_yaml", folder)
}

/// Compares what is found in the projects in the folders of a folder with what is found in them after they
/// were written in another form.
fn forms(arguments: &[String]) -> Result {
    match arguments {
        [folder] => {
            let folder =
                std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
            over_corpus("metamorphic", folder)
        }
        _ => Err("oracle forms takes one folder, which holds folders of projects".into()),
    }
}

/// Asks the real tool about every value in the table of the core's tests.
fn values() -> Result {
    setup::python()?;
    cmd("cargo test --release --package plimsoll-core --test compose_values")
        .args(["--", "--ignored", "--nocapture"])
        .run()
}

/// Types random edits into the projects of a folder and into the language server, and compares what is found
/// with an analysis from scratch.
fn edits(arguments: &[String]) -> Result {
    let engine = cmd("cargo test --release --package plimsoll-core --test edits").args([
        "--",
        "--ignored",
        "--nocapture",
    ]);
    let engine = match arguments {
        [] => engine,
        [folder] => {
            let folder =
                std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
            engine.env("PLIMSOLL_PROJECTS", folder)
        }
        _ => return Err("oracle edits takes one folder, which holds folders of projects".into()),
    };
    engine.run()?;
    cmd("cargo test --release --package plimsoll --test lsp endures")
        .args(["--", "--ignored", "--nocapture"])
        .run()
}

/// Compares what the command in Node prints with what the native one prints, over the projects in a folder.
fn npx(arguments: &[String]) -> Result {
    let [folder] = arguments else {
        return Err("oracle npx takes one folder, which holds folders of projects".into());
    };
    let folder = std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
    wasm::build_command_for_tests()?;
    cmd("node --test --test-name-pattern ^projects/ cli/npm/tests/command.test.mjs")
        .env("PLIMSOLL_PROJECTS", folder)
        .run()
}

/// Runs a heavy test over a folder of real files.
fn over_corpus(test: &str, folder: PathBuf) -> Result {
    if !folder.is_dir() {
        return Err(format!("{}: not a folder", folder.display()));
    }
    cmd("cargo test --release --package plimsoll-core --test")
        .args([test, "--", "--ignored", "--nocapture"])
        .env("PLIMSOLL_CORPUS", folder)
        .run()
}

/// Compares our merged Compose model with `docker-compose config`, our built kustomizations with
/// `kubectl kustomize`, our rendered charts with the Helm SDK, projects side by side with each alone, or
/// projects with other forms of themselves. `fixes` applies fixes to copies of projects, `pairs` prints the
/// counterparts of Compose services, `crossing` validates the YAML that the crossing table gives, `npx` compares
/// the command in Node with the native one.
pub fn oracle(arguments: &[String]) -> Result {
    match arguments.first().map(String::as_str) {
        Some("compose" | "kustomize") => setup::python()?,
        Some("helm") => {
            setup::python()?;
            setup::helm()?;
        }
        Some("crossing") => {
            setup::python()?;
            setup::schemas()?;
        }
        Some("fixes") => {
            setup::python()?;
            cmd("cargo build --quiet --release --package plimsoll").run()?;
        }
        Some("union" | "pairs") => {}
        Some("forms") => return forms(&arguments[1..]),
        Some("edits") => return edits(&arguments[1..]),
        Some("values") => return values(),
        Some("npx") => return npx(&arguments[1..]),
        _ => {
            let known = "`compose`, `values`, `kustomize`, `helm`, `union`, `fixes`, `pairs`, `crossing`, `forms`, `edits` or `npx`";
            return Err(format!("oracle takes {known}, and perhaps folders"));
        }
    }
    cmd("cargo run --quiet --release --package xtask-oracle --").args(arguments).run()
}

/// Writes anew what is generated: `docs/rules/*.md` from the rules, what the examples say, and the
/// output that the README shows.
pub fn docs() -> Result {
    cmd("cargo test --quiet --package plimsoll-core --test docs").env("UPDATE_DOCS", "1").run()?;
    cmd("cargo test --quiet --package plimsoll-core --test corpus -- say")
        .env("UPDATE_DOCS", "1")
        .run()?;
    cmd("cargo test --quiet --package plimsoll --test guides").env("UPDATE_DOCS", "1").run()
}

/// Asks the server of the Model Context Protocol with the protocol's own client library.
pub fn agents() -> Result {
    setup::agents()?;
    cmd("cargo test --workspace --test mcp --no-run").run()?;
    Cmd::new(tools().join("venv/bin/python"))
        .arg("cli/tests/clients/mcp_client.py")
        .arg(target_dir().join("debug/plimsoll"))
        .arg(root())
        .run()
}

/// Prints growth, peers, latency and size, and fails above a guardrail.
pub fn bench(arguments: &[String]) -> Result {
    if arguments == ["page"] {
        site()?;
        return cmd("npm run bench --workspace web").run();
    }
    if arguments == ["organisations"] {
        return python::bench();
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|it| it == name);
    if wanted("peers") || wanted("lsp") {
        setup::peers()?;
    }
    cmd("cargo build --release --package plimsoll --package xtask-bench").run()?;
    // Not by `cargo run`, which would compile the program again with the features of its package alone.
    Cmd::new(target_dir().join("release/xtask-bench")).args(arguments).run()?;
    if wanted("wasm") {
        wasm::build()?;
        wasm::judge()?;
    }
    Ok(())
}
