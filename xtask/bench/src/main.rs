//! `xtask-bench [growth|peers|lsp [CHART]]...`: growth, comparisons with peers, and keystroke latency, also
//! in the chart of a folder.
//!
//! Exit code 1 when a guardrail is exceeded, 2 when something could not be measured.

mod crowd;
mod extremes;
mod generate;
mod growth;
mod lsp;
mod peers;
mod shapes;

use std::path::Path;
use std::process::ExitCode;

/// The allocator of the command, whose speed this program measures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("above a limit");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("xtask-bench: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [task, shape, count] = &arguments[..]
        && task == "measure"
    {
        return growth::measured(shape, count).map(|()| true);
    }
    let is_chart = |argument: &String| Path::new(argument).join("Chart.yaml").is_file();
    let chart = arguments.iter().position(is_chart).map(|at| arguments.remove(at));
    const PARTS: [&str; 4] = ["growth", "peers", "lsp", "wasm"];
    if let Some(unknown) = arguments.iter().find(|it| !PARTS.contains(&it.as_str())) {
        return Err(format!("`{unknown}` is not a part; there are: {}", PARTS.join(", ")));
    }
    let wanted = |part: &str| arguments.is_empty() || arguments.iter().any(|it| it == part);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Beside this program, because both are built together.
    let plimsoll = std::env::current_exe()
        .map_err(|error| error.to_string())?
        .with_file_name(format!("plimsoll{}", std::env::consts::EXE_SUFFIX));
    let mut within = true;
    if wanted("growth") {
        within &= growth::run()?;
    }
    if wanted("peers") {
        peers::run(&plimsoll, &root)?;
    }
    if wanted("lsp") {
        within &= lsp::run(&plimsoll, &root, chart.as_deref().map(Path::new))?;
        within &= crowd::run(&plimsoll)?;
    }
    Ok(within)
}
