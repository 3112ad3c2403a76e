//! `check --watch` and links on terminals, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use support::{BINARY, PATIENCE, folder};

const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";
const ONCE: &str = "services:\n  a:\n    image: x:1\n";

/// A check that runs on, and what it prints, line by line.
struct Watch {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Watch {
    fn start(root: &Path, arguments: &[&str]) -> Watch {
        let mut child = interruptible()
            .args(["check", "--watch", "--format", "concise", "--select", "PLM002"])
            .args(arguments)
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Watch { child, out, err }
    }

    /// Returns the next line of standard output.
    fn line(&self) -> String {
        self.out.recv_timeout(Duration::from_secs(30)).expect("the check prints another line")
    }

    /// Returns the next line of standard error that is not the one that says what the program waits for.
    fn said(&self) -> String {
        loop {
            let line = self.err.recv_timeout(Duration::from_secs(30)).expect("something is said");
            if !line.contains("waiting for changes") {
                return line;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command as a terminal starts it. A shell that runs the tests in the background has them ignore interrupts, and
/// every program that they start would do the same.
fn interruptible() -> Command {
    if !cfg!(unix) {
        return Command::new(BINARY);
    }
    let mut command = Command::new("perl");
    command.args(["-e", "$SIG{INT} = 'DEFAULT'; exec @ARGV or die $!", BINARY]);
    command
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

#[test]
fn a_change_in_a_file_that_is_read_is_checked_again() {
    let root = folder(&[
        ("compose.yaml", TWICE),
        ("node_modules/a/compose.yaml", TWICE),
        ("plimsoll.yaml", "exclude: [old]\n"),
        ("old/compose.yaml", TWICE),
    ]);
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // At once, so that nobody reads half of it.
        fs::write(root.path().join(".new"), text).unwrap();
        fs::rename(root.path().join(".new"), path).unwrap();
    };
    let watch = Watch::start(root.path(), &[]);
    assert_eq!(
        watch.line(),
        "compose.yaml:4:5: error PLM002 the key `image` appears twice in this mapping"
    );
    assert!(watch.line().starts_with("1 error in 2 files;"));

    // Neither of these is read, so that the next line is about the file that is changed after them.
    write("node_modules/a/compose.yaml", ONCE);
    write("old/compose.yaml", ONCE);
    write("notes.md", "hello\n");
    write("compose.yaml", ONCE);
    let line = watch.line();
    assert!(line.starts_with("no findings in 2 files"), "{line}");

    // A folder that was not there before is watched from now on.
    write("k8s/app/compose.yaml", TWICE);
    assert!(watch.line().starts_with("k8s/app/compose.yaml:4:5"));
    assert!(watch.line().starts_with("1 error in 3 files"));
    write("k8s/app/compose.yaml", ONCE);
    assert!(watch.line().starts_with("no findings in 3 files"));

    // A mistake in the configuration is named, and the program waits for it to be mended.
    write("plimsoll.yaml", "rules: { PLM999: off }\n");
    assert!(watch.said().contains("plimsoll.yaml:1:"));
    write("plimsoll.yaml", "rules: {}\n");
    let line = watch.line();
    assert!(line.starts_with("no findings in 4 files"), "{line}");
}

#[cfg(target_os = "linux")]
#[test]
fn only_folders_that_are_read_are_watched() {
    let root = folder(&[
        ("compose.yaml", ONCE),
        ("k8s/app/config.yaml", "x: 1\n"),
        ("node_modules/a/b/compose.yaml", ONCE),
        ("old/a/compose.yaml", ONCE),
        ("ignored/compose.yaml", ONCE),
        (".gitignore", "ignored/\n"),
        (".git/HEAD", ""),
        ("plimsoll.yaml", "exclude: [old]\n"),
    ]);
    let watch = Watch::start(root.path(), &[]);
    assert!(watch.line().starts_with("no findings"));
    let files = fs::read_dir(format!("/proc/{}/fdinfo", watch.child.id())).unwrap();
    let infos = files.map(|it| fs::read_to_string(it.unwrap().path()).unwrap());
    let watched: usize = infos.map(|it| it.matches("inotify wd:").count()).sum();
    assert_eq!(watched, 3, "the root, k8s and k8s/app");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_watch() {
    let root = folder(&[("compose.yaml", ONCE)]);
    let mut watch = Watch::start(root.path(), &[]);
    assert!(watch.line().starts_with("no findings"));
    let id = watch.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = watch.child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the watch goes on");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let root = folder(&[("compose.yaml", ONCE)]);
    let run = |arguments: &[&str]| {
        let output = Command::new(BINARY)
            .args(["check", "--watch"])
            .args(arguments)
            .current_dir(root.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["-"]);
    assert!(code == Some(2) && said.contains("standard input cannot be watched"), "{said}");
    let (code, said) = run(&["--select", "PLM499"]);
    assert!(code == Some(2) && said.contains("`PLM499` is not a known rule"), "{said}");
}

#[test]
fn codes_are_links_where_that_is_asked_for() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = Command::new(BINARY)
            .args(["check", "--select", "PLM002"])
            .args(arguments)
            .current_dir(root.path())
            .env_remove("FORCE_HYPERLINK")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let link = "\x1b]8;;https://plimsoll.dev/rules/PLM002-duplicate-key\x1b\\PLM002\x1b]8;;\x1b\\";
    let always = ["--hyperlinks", "always"];
    assert!(run(&always, &[]).starts_with(&format!("compose.yaml:4:5 error {link} ")));
    assert!(run(&[], &[("FORCE_HYPERLINK", "1")]).contains(link));
    // A pipe gets none, whatever the terminal can do.
    assert!(!run(&[], &[("WT_SESSION", "1")]).contains('\x1b'));
    let never = ["--hyperlinks", "never"];
    assert!(!run(&never, &[("FORCE_HYPERLINK", "1")]).contains('\x1b'));
    let json = run(&["--format", "json", "--hyperlinks", "always"], &[]);
    assert!(!json.contains("\\u001b"), "{json}");
}
