//! `check` and `test`: the steps, their order, and the table at the end.

use crate::sh::{Result, cmd, fs, root, say};
use crate::{editors, python, release, setup, tasks, vscode, wasm};
use std::time::{Duration, Instant};

pub struct Step {
    name: &'static str,
    /// What the step shows, for the table.
    about: &'static str,
    run: fn() -> Result,
}

const fn step(name: &'static str, about: &'static str, run: fn() -> Result) -> Step {
    Step { name, about, run }
}

/// The whole proof, in an order in which cheap failures come first.
pub const TEST: &[Step] = &[
    step("setup", "tools and packages are there", setup::all),
    step("format", "the sources are formatted", format),
    step("locks", "the lock files name no other host", locks),
    step("clippy", "no warning in any target", clippy),
    step("deny", "crates, licences and sources are allowed", deny),
    step("rust", "all Rust tests", || cmd("cargo test --workspace").run()),
    step("crates", "the crates can be packaged", release::crates),
    step("dist", "a release is planned in full", release::plan),
    step("hooks", "the hook runs in pre-commit", release::hooks),
    step("wheel", "a static program works as a wheel", release::wheel_for_tests),
    step("agents", "a client of the tools gets answers", tasks::agents),
    step("python", "the package works in Python and DuckDB", python::test),
    step("wasm", "the package is built", wasm::build),
    step("node", "the package works in Node", || cmd("npm test --workspace wasm/npm").run()),
    step("consumers", "the package works for its users", || {
        setup::node_24()?;
        cmd("npm run test:consumers --workspace wasm/npm").run()
    }),
    step("npx", "the command in Node is the native one", || {
        wasm::build_command_for_tests()?;
        cmd("npm test --prefix cli/npm").run()
    }),
    step("site", "the page is built", tasks::build_site),
    step("browser", "the page works in Chromium", || cmd("npm test --workspace web").run()),
    step("neovim", "the language server works in Neovim", || {
        // Of the whole workspace, so that nothing is compiled again with other features.
        cmd("cargo test --workspace --test neovim -- --ignored").run()
    }),
    step("vscode", "the extension works in VS Code", vscode::test),
];

/// Steps of `test` that run only where they are named.
const ON_DEMAND: &[Step] = &[
    step("editors", "the language server works in Helix and Emacs", editors::test),
    step("spark", "the Python package works in Spark", python::spark),
    step("release", "crates, a static binary and wheels are built", release::test),
];

/// The inner loop: under a minute when warm.
pub const CHECK: &[Step] = &[
    step("format", "the sources are formatted", format),
    step("locks", "the lock files name no other host", locks),
    step("clippy", "no warning in any target", clippy),
    step("unit", "unit tests, and the rules of the house", || {
        cmd("cargo test --quiet --workspace --lib --bins --test house --test docs").run()
    }),
];

fn format() -> Result {
    cmd("cargo fmt --all --check").run().map_err(|why| format!("{why}; `cargo fmt --all` mends it"))
}

/// A lock file that was written against another registry would send every reader there.
fn locks() -> Result {
    let allowed = [
        "registry+https://github.com/rust-lang/crates.io-index",
        "wasm/npm",
        "web",
        "editors/vscode",
    ];
    for name in ["Cargo.lock", "package-lock.json"] {
        let text = String::from_utf8_lossy(&fs::read(&root().join(name))?).into_owned();
        for (number, line) in text.lines().enumerate() {
            let Some(source) = source_of(line).filter(|it| !allowed.contains(it)) else {
                continue;
            };
            let at = number + 1;
            return Err(format!("{name}:{at} names `{source}` as a source: lock it again without"));
        }
    }
    Ok(())
}

/// Where a line of a lock file says that a package comes from.
fn source_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let value = line.strip_prefix("source = ").or_else(|| line.strip_prefix("\"resolved\": "))?;
    Some(value.trim_end_matches(',').trim_matches('"'))
}

/// Asks `deny.toml` about every crate in the lock file.
fn deny() -> Result {
    cmd("cargo-deny --log-level error --locked check licenses bans sources").run()
}

fn clippy() -> Result {
    cmd("cargo clippy --quiet --workspace --all-targets -- -D warnings").run()
}

/// Runs the steps (all, or those named) until one fails, and ends with a table and a count.
pub fn run(steps: &[Step], only: &[String]) -> Result {
    let all = || steps.iter().chain(ON_DEMAND);
    if let Some(unknown) = only.iter().find(|name| !all().any(|it| it.name == **name)) {
        let known: Vec<_> = all().map(|it| it.name).collect();
        return Err(format!("no step `{unknown}`; there are: {}", known.join(", ")));
    }
    let chosen: Vec<_> = match only.is_empty() {
        true => steps.iter().collect(),
        false => all().filter(|it| only.iter().any(|name| name == it.name)).collect(),
    };
    let start = Instant::now();
    let mut done: Vec<(&Step, Duration)> = Vec::new();
    let mut failed = None;
    for (index, step) in chosen.iter().enumerate() {
        say(format!("step {} of {}: {} ({})", index + 1, chosen.len(), step.name, step.about));
        let before = Instant::now();
        let result = (step.run)();
        done.push((step, before.elapsed()));
        if let Err(why) = result {
            failed = Some((step.name, why));
            break;
        }
    }

    println!();
    for (index, step) in chosen.iter().enumerate() {
        let (state, time) = match done.get(index) {
            Some((_, time)) if failed.is_some() && index + 1 == done.len() => ("FAILED", *time),
            Some((_, time)) => ("passed", *time),
            None => ("not run", Duration::ZERO),
        };
        println!("{:<10} {:<38} {state:<8} {:>7.1} s", step.name, step.about, time.as_secs_f64());
    }
    println!("{:<10} {:<38} {:<8} {:>7.1} s", "", "", "", start.elapsed().as_secs_f64());
    let failures = usize::from(failed.is_some());
    println!("{} passed, {failures} failed", done.len() - failures);
    match failed {
        Some((name, why)) => Err(format!("step `{name}` failed: {why}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::source_of;

    #[test]
    fn sources_are_read_from_both_kinds_of_lock_file() {
        assert_eq!(source_of("source = \"registry+https://x\""), Some("registry+https://x"));
        assert_eq!(source_of("      \"resolved\": \"https://y/z.tgz\","), Some("https://y/z.tgz"));
        assert_eq!(source_of("      \"version\": \"1.0.0\","), None);
    }
}
