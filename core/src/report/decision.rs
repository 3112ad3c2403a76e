//! How much platform the files ask for: six questions, an outcome, two checklists and the fate of
//! every Compose key on the way to Kubernetes.

use super::vocabulary;
use crate::text::Span;
use smol_str::SmolStr;
use std::borrow::Cow;

vocabulary! {
    /// An answer to one of the questions of the decision.
    #[derive(Default)]
    pub enum Answer {
        Yes = "yes",
        No = "no",
        #[default]
        Unknown = "unknown",
    }

    /// Where an answer comes from.
    pub enum AnsweredBy {
        Files = "files",
        Person = "person",
    }

    /// The six questions of the decision.
    pub enum QuestionId {
        OneServer = "one-server",
        MultiNode = "multi-node",
        ReplicasAndRollouts = "replicas-and-rollouts",
        TeamsAndEnvironments = "teams-and-environments",
        Gitops = "gitops",
        Packaging = "packaging",
    }

    /// The platform that suits the system.
    #[derive(Default)]
    pub enum Platform {
        Compose = "compose",
        #[default]
        Either = "either",
        Kubernetes = "kubernetes",
    }

    /// Whether an addition to the platform pays off.
    #[derive(Default)]
    pub enum Worth {
        #[default]
        No = "no",
        NotYet = "not yet",
        WorthIt = "worth it",
        InUse = "in use",
    }

    /// What the files are written for today.
    #[derive(Default)]
    pub enum Today {
        Compose = "compose",
        Kubernetes = "kubernetes",
        Both = "both",
        #[default]
        Unknown = "unknown",
    }

    /// How well the platform of today suits the system.
    #[derive(Default)]
    pub enum Fit {
        #[default]
        Fits = "fits",
        Outgrown = "outgrown",
        OverBuilt = "over-built",
        Mixed = "mixed",
    }

    /// Typical systems, one of which is nearest to the files.
    #[derive(Default)]
    pub enum ScenarioName {
        #[default]
        InternalApp = "internal-app",
        GrowingSaas = "growing-saas",
        MultiTeamPlatform = "multi-team-platform",
        Regulated = "regulated",
    }

    /// The items of the two checklists.
    pub enum CheckItem {
        PinnedImages = "pinned-images",
        HealthChecks = "health-checks",
        RestartPolicies = "restart-policies",
        PersistentData = "persistent-data",
        Backups = "backups",
        TlsEdge = "tls-edge",
        HostHardening = "host-hardening",
        LogsBounded = "logs-bounded",
        Monitoring = "monitoring",
        StartupAndRetry = "startup-and-retry",
        OneTimeMigrations = "one-time-migrations",
        ImageWithoutBindMounts = "image-without-bind-mounts",
        ServiceDiscovery = "service-discovery",
        ConfigAndSecrets = "config-and-secrets",
        ProbesAndResources = "probes-and-resources",
        HiddenState = "hidden-state",
    }

    /// The state of a checklist item.
    pub enum CheckState {
        Pass = "pass",
        Fail = "fail",
        CannotSee = "cannot-see",
        NotApplicable = "not-applicable",
    }

    /// What becomes of a Compose key on the way to Kubernetes.
    pub enum Fate {
        Carried = "carried",
        Changed = "changed",
        Lost = "lost",
    }
}

/// How much a piece of evidence counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    Hint = 1,
    Sign = 2,
    /// Enough on its own, unless the other side has decisive evidence too.
    Decisive = 3,
}

impl Weight {
    /// The weight as a number from 1 to 3.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// A fact, from the files or from a person, and the answer it supports.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub fact: Cow<'static, str>,
    pub points: Answer,
    pub weight: Weight,
    /// Who stated the fact.
    pub by: AnsweredBy,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub id: QuestionId,
    /// The question as a person would ask it.
    pub text: &'static str,
    pub answer: Answer,
    /// A person's own answer wins over what the files suggest, and is shown as such.
    pub by: AnsweredBy,
    pub evidence: Vec<Evidence>,
    /// What would settle an open question.
    pub settled_by: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    pub platform: Platform,
    pub helm: Worth,
    pub argocd: Worth,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    pub nearest: ScenarioName,
    pub because: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistItem {
    pub item: CheckItem,
    pub state: CheckState,
    /// The codes and places of the findings that fail the item.
    pub findings: Vec<(&'static str, Span)>,
    /// What to do next; empty where nothing is left to do.
    pub next: &'static str,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checklists {
    pub server: Vec<ChecklistItem>,
    pub crossing: Vec<ChecklistItem>,
}

/// What becomes of one key of a Compose service on the way to Kubernetes.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    pub service: SmolStr,
    pub key: &'static str,
    pub fate: Fate,
    /// What takes the place of the key.
    pub instead: &'static str,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    pub questions: Vec<Question>,
    pub outcome: Outcome,
    pub today: Today,
    pub fit: Fit,
    pub reasons: Vec<String>,
    pub would_change: Vec<&'static str>,
    pub scenario: Scenario,
    pub checklists: Checklists,
    pub crossing: Vec<Crossing>,
    pub next_steps: &'static [&'static str],
}
