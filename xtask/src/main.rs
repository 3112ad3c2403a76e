//! `cargo xtask TASK`: the single entry point for every task.
//!
//! No dependencies, so that the first call answers within seconds; what needs libraries lives in
//! the crates beside it (`bench`, `bindgen`, `oracle`), which the tasks run when they need them.

mod editors;
mod fuzz;
mod python;
mod release;
mod setup;
mod sh;
mod steps;
mod tasks;
mod vscode;
mod wasm;

use sh::Result;
use std::process::ExitCode;

struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

const TASKS: &[Task] = &[
    Task {
        name: "play",
        about: "set up, build and serve the playground [--port N]",
        run: tasks::play,
    },
    Task {
        name: "test",
        about: "set up and run every test [STEP...]",
        run: |only| steps::run(steps::TEST, only),
    },
    Task {
        name: "check",
        about: "format, clippy and unit tests: the inner loop [STEP...]",
        run: |only| steps::run(steps::CHECK, only),
    },
    Task {
        name: "setup",
        about: "install what the tests need: Chromium, Neovim, npm packages, reference engines",
        run: |rest| no_arguments(rest).and_then(|()| setup::all()),
    },
    Task {
        name: "wasm",
        about: "build the npm package into wasm/npm/dist",
        run: |rest| no_arguments(rest).and_then(|()| wasm::build()),
    },
    Task {
        name: "npx",
        about: "build the npm package of the command into cli/npm",
        run: |rest| no_arguments(rest).and_then(|()| wasm::build_command()),
    },
    Task {
        name: "site",
        about: "build the static page into web/dist",
        run: |rest| no_arguments(rest).and_then(|()| tasks::site()),
    },
    Task {
        name: "vscode",
        about: "package the extension for VS Code [--debug | --platform NAME --server PROGRAM]",
        run: vscode::package,
    },
    Task {
        name: "bench",
        about: "growth, peers, latency and size [growth|peers|lsp [CHART]|wasm|page|organisations]",
        run: tasks::bench,
    },
    Task {
        name: "corpus",
        about: "compare our YAML reading with two other parsers over a folder [DIR]",
        run: tasks::corpus,
    },
    Task {
        name: "oracle",
        about: "compare with docker-compose, kubectl or Helm [compose|values|kustomize|helm|union|fixes|pairs|crossing DIR...]",
        run: tasks::oracle,
    },
    Task {
        name: "fuzz",
        about: "run the fuzz targets, some minutes each [MINUTES] [TARGET...]",
        run: fuzz::run,
    },
    Task {
        name: "docs",
        about: "regenerate docs/rules, the example snapshots and the README output",
        run: |rest| no_arguments(rest).and_then(|()| tasks::docs()),
    },
];

fn no_arguments(rest: &[String]) -> Result {
    match rest.first() {
        Some(extra) => Err(format!("this task takes no arguments, not `{extra}`")),
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("help", String::as_str);
    if matches!(name, "help" | "--help" | "-h") {
        println!("usage: cargo xtask TASK\n");
        for task in TASKS {
            println!("  {:<8} {}", task.name, task.about);
        }
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("xtask: `{name}` is not a task; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    match (task.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
