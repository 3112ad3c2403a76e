//! A progress bar on standard error, for runs long enough to make people wonder.

use crate::terminal::Terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Shorter runs show no bar.
const DELAY: Duration = Duration::from_millis(500);
const REDRAW: Duration = Duration::from_millis(100);
const BAR: &str = "{bar:24} {msg} {human_pos}/{human_len}";
const SPINNER: &str = "{spinner} {msg}";

/// A progress bar that appears after a while and leaves no trace when it is dropped.
pub struct Progress {
    bar: ProgressBar,
    /// The thread that shows the bar, and the channel whose closing stops the wait.
    reveal: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts a bar with a total number of steps, or a spinner for work that has no steps.
    pub fn start(action: &'static str, total: Option<usize>, terminal: &Terminal) -> Progress {
        if terminal.quiet || !stderr().is_terminal() {
            return Progress { bar: ProgressBar::hidden(), reveal: None };
        }
        Progress::delayed(action, total, DELAY, ProgressDrawTarget::stderr())
    }

    fn delayed(
        action: &'static str,
        total: Option<usize>,
        delay: Duration,
        target: ProgressDrawTarget,
    ) -> Progress {
        let template = if total.is_some() { BAR } else { SPINNER };
        let style = ProgressStyle::with_template(template)
            .expect("internal error: the template is valid")
            .progress_chars("█░");
        let total = total.map(|total| total as u64);
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
            .with_style(style)
            .with_message(action);
        let (stop, stopped) = channel();
        let revealed = bar.clone();
        let thread = std::thread::spawn(move || {
            if stopped.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
                revealed.set_draw_target(target);
                revealed.enable_steady_tick(REDRAW);
            }
        });
        Progress { bar, reveal: Some((stop, thread)) }
    }

    pub fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.reveal.take() {
            drop(stop);
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;
    use std::time::Instant;

    fn on(screen: &InMemoryTerm, delay: Duration) -> Progress {
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        Progress::delayed("reading", Some(4), delay, target)
    }

    #[test]
    fn a_long_run_shows_a_bar_and_leaves_no_trace() {
        let screen = InMemoryTerm::new(4, 80);
        let progress = on(&screen, Duration::ZERO);
        progress.step();
        let start = Instant::now();
        while !screen.contents().contains("reading 1/4") {
            assert!(start.elapsed() < Duration::from_secs(10), "{}", screen.contents());
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(progress);
        assert_eq!(screen.contents(), "");
    }

    #[test]
    fn a_short_run_shows_nothing() {
        let screen = InMemoryTerm::new(4, 80);
        let progress = on(&screen, Duration::from_secs(60));
        progress.step();
        drop(progress);
        assert_eq!(screen.moves_since_last_check(), "");
    }
}
