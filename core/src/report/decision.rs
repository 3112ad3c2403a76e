//! How much platform the files ask for: six questions, an outcome, two checklists, a crossing table.

use crate::text::Span;
use smol_str::SmolStr;
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Answer {
    Yes,
    No,
    #[default]
    Unknown,
}

impl Answer {
    pub fn name(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        }
    }
}

/// A fact from the files (or from a person) and the answer that it speaks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub fact: Cow<'static, str>,
    pub points: Answer,
    /// 1 a hint, 2 a sign, 3 decisive.
    pub weight: u8,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// `one-server`, `multi-node`, `replicas-and-rollouts`, `teams-and-environments`, `gitops`, `packaging`.
    pub id: &'static str,
    /// The question as a person would ask it.
    pub text: &'static str,
    pub answer: Answer,
    /// A person's own answer wins over what the files suggest, and is shown as such.
    pub by_person: bool,
    pub evidence: Vec<Evidence>,
    /// What would settle it.
    pub settled_by: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// `compose`, `either`, `kubernetes`.
    pub platform: &'static str,
    /// `no`, `not yet`, `worth it`, `in use`.
    pub helm: &'static str,
    /// As `helm`.
    pub argocd: &'static str,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// `internal-app`, `growing-saas`, `multi-team-platform`, `regulated`.
    pub nearest: &'static str,
    pub because: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistItem {
    /// `pinned-images`.
    pub item: &'static str,
    /// `pass`, `fail`, `cannot-see`, `not-applicable`.
    pub state: &'static str,
    /// The findings that fail it: their codes and places.
    pub findings: Vec<(&'static str, Span)>,
    pub next: &'static str,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checklists {
    pub server: Vec<ChecklistItem>,
    pub crossing: Vec<ChecklistItem>,
}

/// What becomes of one key of a Compose service on its way to Kubernetes.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    pub service: SmolStr,
    pub key: &'static str,
    /// `carried`, `changed`, `lost`.
    pub fate: &'static str,
    pub instead: &'static str,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    pub questions: Vec<Question>,
    pub outcome: Outcome,
    /// `compose`, `kubernetes`, `both`, `unknown`.
    pub today: &'static str,
    /// `fits`, `outgrown`, `over-built`, `mixed`.
    pub fit: &'static str,
    pub reasons: Vec<String>,
    pub would_change: Vec<&'static str>,
    pub scenario: Scenario,
    pub checklists: Checklists,
    pub crossing: Vec<Crossing>,
    pub next_steps: &'static [&'static str],
}
