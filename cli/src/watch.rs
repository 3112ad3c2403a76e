//! `plimsoll check --watch`: repeats the check whenever a file that it reads changes.
//!
//! The folders that a walk enters are watched, one by one, so that what is excluded, vendored or ignored costs
//! nothing. A change there is only a reason to look: the check runs again where what was read differs.

use crate::args::{self, Input};
use crate::filter::Filter;
use crate::input::{self, Project};
use crate::terminal::Terminal;
use crate::{Failure, check, refuse_unknown};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use plimsoll_core::File;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Time without a change that ends a burst of them, such as an editor's way to save a file.
const QUIET: Duration = Duration::from_millis(50);

/// Checks until somebody stops the program.
pub fn run(wanted: &args::Check, terminal: &Terminal) -> Result<u8, Failure> {
    refuse_unknown(&wanted.rules)?;
    if wanted.input.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure("standard input cannot be watched; name files or folders".to_owned()));
    }
    let mut folders = Folders::new()?;
    let mut shown: Option<Seen> = None;
    loop {
        let read = read(wanted, terminal);
        // What changed before a folder was watched is seen by reading once more.
        if folders.follow(watched(wanted, read.as_ref().ok()))? {
            continue;
        }
        let seen = match &read {
            Ok((.., project)) => {
                Seen::Files(project.sources.iter().map(|it| it.file.clone()).collect())
            }
            Err(Failure(reason)) => Seen::Failure(reason.clone()),
        };
        if shown.as_ref() != Some(&seen) {
            terminal.clear()?;
            let checked = read.and_then(|(input, filter, project)| {
                check::of_project(wanted, &input, &filter, &project, terminal)
            });
            if let Err(Failure(reason)) = checked {
                terminal.say(&reason);
            }
            if !terminal.quiet {
                terminal.say("waiting for changes; Ctrl-C ends this");
            }
            shown = Some(seen);
        }
        folders.wait();
    }
}

/// Input of the last check.
#[derive(PartialEq)]
enum Seen {
    Files(Vec<File>),
    /// Why there was nothing to check.
    Failure(String),
}

fn read(wanted: &args::Check, terminal: &Terminal) -> Result<(Input, Filter, Project), Failure> {
    let (input, filter) = Filter::of(&wanted.input, &wanted.filter)?;
    let project = input::gather(&input, terminal)?;
    Ok((input, filter, project))
}

/// Returns the folders in which a change may matter: those of the files that were read, and those that were walked.
fn watched(wanted: &args::Check, read: Option<&(Input, Filter, Project)>) -> BTreeSet<PathBuf> {
    let here = [PathBuf::from(".")];
    let given = match (&wanted.filter.project, wanted.input.paths.as_slice()) {
        (Some(project), _) => std::slice::from_ref(project),
        (None, []) => &here,
        (None, paths) => paths,
    };
    let given = given.iter().chain(&wanted.input.config).chain(&wanted.baseline.baseline);
    let mut folders: BTreeSet<PathBuf> = given.map(|path| folder(path)).collect();
    if let Some((.., project)) = read {
        folders.extend(project.folders.iter().cloned());
        let paths = project.sources.iter().filter_map(|source| source.path.as_deref());
        folders.extend(paths.map(folder));
    }
    folders.retain(|it| it.is_dir());
    folders
}

/// Returns a folder itself, and the folder that a file lies in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        _ if path.is_dir() => path.to_owned(),
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// The folders that are watched, and what happens in them.
struct Folders {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    changes: Receiver<()>,
}

impl Folders {
    fn new() -> Result<Folders, Failure> {
        let (sender, changes) = channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reading a file is an event too, and the check itself reads.
            if event.map_or(true, |event| !event.kind.is_access()) {
                let _ = sender.send(());
            }
        });
        let watcher =
            watcher.map_err(|error| Failure(format!("files cannot be watched: {error}")))?;
        Ok(Folders { watcher, watched: BTreeSet::new(), changes })
    }

    /// Watches these folders and no others. Returns whether one of them was not watched before.
    fn follow(&mut self, wanted: BTreeSet<PathBuf>) -> Result<bool, Failure> {
        for gone in self.watched.difference(&wanted) {
            let _ = self.watcher.unwatch(gone);
        }
        let mut is_new = false;
        for folder in wanted.difference(&self.watched) {
            self.watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .map_err(|error| Failure::at(folder, &error))?;
            is_new = true;
        }
        self.watched = wanted;
        Ok(is_new)
    }

    /// Waits for a change and for the end of the burst that it begins.
    fn wait(&self) {
        if self.changes.recv().is_ok() {
            while self.changes.recv_timeout(QUIET).is_ok() {}
        }
    }
}
