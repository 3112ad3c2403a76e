//! How text for a terminal looks: its width, and its colours as ANSI escape sequences.

use super::wire::page_url;
use crate::report::Severity;

/// The look of text for people.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    /// Whether codes of rules are links to their pages (OSC 8).
    pub links: bool,
    /// Number of columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, links: false, width: 100 }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";
const CYAN: &str = "36";
const GREEN: &str = "32";

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Returns the code of a rule, which leads to the rule's page.
    pub(super) fn rule(self, code: &str, name: &str) -> String {
        match self.links {
            true => format!("\x1b]8;;{}\x1b\\{code}\x1b]8;;\x1b\\", page_url(code, name)),
            false => code.to_owned(),
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(BOLD, text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(DIM, text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(GREEN, text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(RED, text)
    }

    /// The marks under places that are related to a finding.
    pub(super) fn related(self, text: &str) -> String {
        self.paint(CYAN, text)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            Severity::Info => BLUE,
            Severity::Hint => CYAN,
        };
        self.paint(code, text)
    }

    /// Number of columns for prose. Lines of more than 100 are hard to read, however wide the
    /// terminal is.
    pub(super) fn prose_width(self) -> usize {
        self.width.clamp(40, 100)
    }
}
