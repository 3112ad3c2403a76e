//! A progress bar on standard error, for runs that take long enough to wonder about.

use crate::Terminal;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);
const WIDTH: usize = 24;

/// Draws until it is dropped, then leaves no trace.
pub struct Progress {
    done: Arc<AtomicUsize>,
    painter: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    pub fn start(what: &'static str, total: usize, terminal: &Terminal) -> Progress {
        let done = Arc::new(AtomicUsize::new(0));
        if terminal.quiet || !stderr().is_terminal() {
            return Progress { done, painter: None };
        }
        let (stop, stopped) = channel();
        let seen = Arc::clone(&done);
        let painter = std::thread::spawn(move || {
            let mut wait = WAIT;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = STEP;
                let done = seen.load(Ordering::Relaxed);
                let full = done * WIDTH / total.max(1);
                let (bar, rest) = ("█".repeat(full), "░".repeat(WIDTH - full.min(WIDTH)));
                let _ = write!(stderr(), "\r{bar}{rest} {what} {done}/{total}");
            }
            if wait == STEP {
                let _ = write!(stderr(), "\r\x1b[K");
            }
        });
        Progress { done, painter: Some((stop, painter)) }
    }

    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, painter)) = self.painter.take() {
            drop(stop);
            let _ = painter.join();
        }
    }
}
