//! Whole commands against peers on the same files, in turns within one run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 5;

/// Prints how many times longer each peer takes than `plimsoll check`.
pub fn run(plimsoll: &Path, root: &Path) -> Result<(), String> {
    let scratch = root.join("target/bench-peers");
    let write = |path: &Path, text: String| {
        std::fs::create_dir_all(path.parent().unwrap_or(path))
            .and_then(|()| std::fs::write(path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    println!("peers: wall time of a whole command, median of {ROUNDS} pairs of runs");
    let compose = scratch.join("compose");
    let mut files = Vec::new();
    for number in 0..50 {
        let file = compose.join(format!("p{number}/compose.yaml"));
        write(&file, compose_file(number))?;
        files.push(file);
    }
    let tool = root.join(".tools/peers/bin/compose-lint");
    let mut peer = Command::new(&tool);
    peer.args(&files);
    compare("compose-lint", "50 Compose files", &mut peer, plimsoll, &compose)?;

    let manifests = scratch.join("manifests");
    write(&manifests.join("stream.yaml"), crate::generate::documents(2_000))?;
    match which("kubeconform") {
        Some(tool) => {
            let mut peer = Command::new(tool);
            peer.arg("-ignore-missing-schemas").arg(&manifests);
            compare("kubeconform", "2,000 manifests", &mut peer, plimsoll, &manifests)?;
        }
        None => println!("  kubeconform   not on PATH, so not compared"),
    }
    Ok(())
}

fn compose_file(number: usize) -> String {
    let mut text = "services:\n".to_owned();
    for service in 0..12 {
        text += &format!(
            "  s{service}:\n    image: registry.example.com/app-{number}-{service}:1.{service}.0\n    \
             restart: unless-stopped\n    environment:\n      PORT: \"80{service:02}\"\n      \
             MODE: fast\n    volumes:\n      - data:/srv/data\n"
        );
    }
    text + "volumes:\n  data:\n"
}

fn compare(
    name: &str,
    what: &str,
    peer: &mut Command,
    plimsoll: &Path,
    folder: &Path,
) -> Result<(), String> {
    let mut ours = Command::new(plimsoll);
    ours.args(["check", "--fail-on", "never"]).arg(folder);
    let mut ratios = Vec::new();
    let (mut our_time, mut peer_time) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        (our_time, peer_time) = (time(&mut ours)?, time(peer)?);
        ratios.push(peer_time / our_time);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  {name:<13} {:>6.1} times as long over {what} ({:.0} ms against {:.0} ms)  [{:.1}..{:.1}]",
        ratios[ROUNDS / 2],
        peer_time * 1e3,
        our_time * 1e3,
        ratios[0],
        ratios[ROUNDS - 1],
    );
    Ok(())
}

/// Returns the wall time of a command in seconds. Its exit code is not judged: linters fail on findings.
fn time(command: &mut Command) -> Result<f64, String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("{shown}: {error}; `cargo xtask bench` installs the peers"))?;
    Ok(start.elapsed().as_secs_f64())
}

fn which(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
