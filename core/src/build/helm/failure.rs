//! Why a rendering stopped, with the place, in the words of Go and Helm.

use crate::text::Span;
use std::fmt;

/// Kind of failure that ended a rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The template does not parse.
    Parse,
    /// The template cannot be executed with these values.
    Execution,
    /// The chart's author refuses these values: `fail` or `required`.
    Refused,
    /// The rendering would cost too much.
    Limit,
}

/// One template on the way to the failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Name of the template that was executed: a path or the name of a `define`.
    pub template: String,
    /// Name of the file, line and column, as Go prints them: `chart/templates/x.yaml:12:5`.
    pub location: String,
    /// The expression, as written.
    pub expression: String,
    /// `error calling include: ` or nothing.
    pub prefix: String,
    /// Words before all of this: `error during tpl function execution for "…": `.
    pub cause: String,
    /// The expression in its source, if it was written in one.
    pub span: Option<Span>,
}

/// An error of the renderer. Frames are listed from the innermost to the outermost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    pub frames: Vec<Frame>,
    /// The place of a failure that no frame has, such as one of parsing.
    pub span: Option<Span>,
}

impl Failure {
    /// An error that the caller places.
    pub fn new(message: impl Into<String>) -> Box<Failure> {
        Failure::of(FailureKind::Execution, message.into())
    }

    pub fn limit(message: String) -> Box<Failure> {
        Failure::of(FailureKind::Limit, message)
    }

    pub fn refused(message: String) -> Box<Failure> {
        Failure::of(FailureKind::Refused, message)
    }

    fn of(kind: FailureKind, message: String) -> Box<Failure> {
        Box::new(Failure { kind, message, frames: Vec::new(), span: None })
    }

    pub fn parse(message: String, span: Option<Span>, location: String) -> Box<Failure> {
        let frame = Frame {
            template: String::new(),
            location,
            expression: String::new(),
            prefix: String::new(),
            cause: String::new(),
            span,
        };
        let mut failure = Failure::of(FailureKind::Parse, message);
        failure.span = span;
        failure.frames.push(frame);
        failure
    }

    /// The innermost place that stands in a source of the project.
    pub fn place(&self) -> Option<Span> {
        self.span.or_else(|| self.frames.iter().find_map(|frame| frame.span))
    }
}

/// As Go prints the error, `template: ` and all.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for frame in self.frames.iter().rev() {
            let Frame { template, location, expression, prefix, cause, .. } = frame;
            f.write_str(cause)?;
            if expression.is_empty() {
                write!(f, "template: {location}: ")?;
            } else {
                write!(
                    f,
                    "template: {location}: executing {template:?} at <{expression}>: {prefix}"
                )?;
            }
        }
        f.write_str(&self.message)
    }
}

/// Failures are boxed, since nearly everything here returns one and it is rarely made.
pub type Result<T> = std::result::Result<T, Box<Failure>>;
