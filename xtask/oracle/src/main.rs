//! `xtask-oracle compose [DIR]`: our merged Compose model against `docker-compose config`.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("xtask-oracle: the comparison is not written yet");
    ExitCode::FAILURE
}
