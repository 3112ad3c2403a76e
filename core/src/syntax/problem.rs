//! Problems with the text of a file.

use crate::text::Span;

/// The kind of a problem, each with a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// PLM001
    Syntax,
    /// PLM002
    DuplicateKey,
    /// PLM003
    UnknownAnchor,
    /// PLM007
    Limit,
    /// A setting in `plimsoll.yaml` that is not understood.
    Config,
}

/// Something wrong with the text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub span: Span,
    pub message: String,
    /// A second place that belongs to the problem: the first of two equal keys.
    pub related: Option<Span>,
}
