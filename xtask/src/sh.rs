//! Running other programs: what is run is printed, and what is missing is named.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Tasks end with a sentence for a person, so a plain text is error enough.
pub type Result<T = ()> = std::result::Result<T, String>;

/// The root of the repository, which is where every command runs unless it says otherwise.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("internal error: xtask lies in the repository")
            .to_owned()
    })
}

/// Folder for everything that `setup` puts beside the sources; ignored by git.
pub fn tools() -> PathBuf {
    root().join(".tools")
}

/// Where cargo builds, also when the user has moved it.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Prints what a task is about to do.
pub fn say(text: impl AsRef<str>) {
    eprintln!("\x1b[1m==>\x1b[0m {}", text.as_ref());
}

/// The first program of this name on `PATH`, with `.tools/bin` looked at before all else.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path())
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
        .filter(|_| !program.is_empty())
}

fn search_path() -> std::ffi::OsString {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let ours = std::iter::once(tools().join("bin"));
    std::env::join_paths(ours.chain(std::env::split_paths(&old))).unwrap_or(old)
}

/// How to get a program that is not there.
fn remedy(program: &str) -> &'static str {
    match program {
        "node" | "npm" => "install Node 20 or newer from https://nodejs.org or your distribution",
        "rustup" => "install it from https://rustup.rs",
        "cargo" => "install Rust from https://rustup.rs",
        "python3" => "install Python 3 with venv (Debian: apt-get install python3 python3-venv)",
        "apt-get" => "this step installs Debian packages; on another system install them by hand",
        "sudo" => "run as root, or install sudo",
        "nvim" | "docker-compose" | "kubectl" | "chromium" | "deno" | "bun" => {
            "run `cargo xtask setup`"
        }
        _ => "install it and put it on PATH",
    }
}

/// One program with its arguments.
pub struct Cmd {
    command: Command,
    program: String,
    shown: String,
}

/// A command in the root of the repository, split at blanks: `cmd("npm ci")`.
pub fn cmd(line: &str) -> Cmd {
    let mut words = line.split_whitespace();
    let program = words.next().expect("internal error: an empty command");
    words.fold(Cmd::new(program), Cmd::arg)
}

impl Cmd {
    /// A program by name or by path, in the root of the repository.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        // `Command` looks a bare name up in the caller's PATH, not in the one set for the child.
        let name = program.as_ref().to_string_lossy().into_owned();
        let mut command = match which(&name) {
            Some(path) => Command::new(path),
            None => Command::new(&program),
        };
        command.current_dir(root()).env("PATH", search_path());
        Cmd { command, shown: name.clone(), program: name }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        let arg = arg.as_ref();
        self.shown.push(' ');
        self.shown.push_str(&arg.to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub fn args<T: AsRef<OsStr>>(self, args: impl IntoIterator<Item = T>) -> Self {
        args.into_iter().fold(self, Cmd::arg)
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.shown = format!("{key}={} {}", value.as_ref().to_string_lossy(), self.shown);
        self.command.env(key, value);
        self
    }

    /// Sets a variable that is too long to be shown.
    pub fn quietly_env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Runs in another folder than the root of the repository.
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    fn cannot_start(&self, error: &std::io::Error) -> String {
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("`{}` is missing: {}", self.program, remedy(&self.program))
            }
            _ => format!("cannot run `{}`: {error}", self.shown),
        }
    }

    /// Runs to the end; output goes straight to the terminal.
    pub fn run(mut self) -> Result {
        eprintln!("\x1b[2m  $ {}\x1b[0m", self.shown);
        let status = self.command.status().map_err(|error| self.cannot_start(&error))?;
        if status.success() {
            return Ok(());
        }
        Err(format!("`{}` failed ({status})", self.shown))
    }

    /// Runs silently and hands back standard output without the blanks around it.
    pub fn read(mut self) -> Result<String> {
        self.command.stdin(Stdio::null());
        let output = self.command.output().map_err(|error| self.cannot_start(&error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{}` failed ({}): {}", self.shown, output.status, said.trim()))
    }

    /// Whether the program exists and succeeds; says nothing.
    pub fn succeeds(mut self) -> bool {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.command.status().is_ok_and(|status| status.success())
    }
}

/// File operations whose errors name the path.
pub mod fs {
    use super::Result;
    use std::path::Path;

    fn at(path: &Path, error: &std::io::Error) -> String {
        format!("{}: {error}", path.display())
    }

    pub fn read(path: &Path) -> Result<Vec<u8>> {
        std::fs::read(path).map_err(|error| at(path, &error))
    }

    pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result {
        if let Some(folder) = path.parent() {
            create_dir(folder)?;
        }
        std::fs::write(path, bytes).map_err(|error| at(path, &error))
    }

    pub fn create_dir(path: &Path) -> Result {
        std::fs::create_dir_all(path).map_err(|error| at(path, &error))
    }

    /// Creates a folder, or removes everything in it.
    pub fn empty_dir(path: &Path) -> Result {
        if path.is_dir() {
            std::fs::remove_dir_all(path).map_err(|error| at(path, &error))?;
        }
        create_dir(path)
    }

    /// Copies a file, with its permissions, into a folder that may not exist yet.
    pub fn copy(from: &Path, to: &Path) -> Result {
        if let Some(folder) = to.parent() {
            create_dir(folder)?;
        }
        std::fs::copy(from, to).map(drop).map_err(|error| at(from, &error))
    }

    /// Copies a folder with everything in it.
    pub fn copy_dir(from: &Path, to: &Path) -> Result {
        for entry in std::fs::read_dir(from).map_err(|error| at(from, &error))? {
            let path = entry.map_err(|error| at(from, &error))?.path();
            let target = to.join(path.file_name().unwrap_or_default());
            match path.is_dir() {
                true => copy_dir(&path, &target)?,
                false => copy(&path, &target)?,
            }
        }
        Ok(())
    }
}
