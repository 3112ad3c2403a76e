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

    /// What a piece of evidence is about.
    pub enum Signal {
        // Whether one server is enough.
        FitsServer = "fits-server",
        FitsServerEasily = "fits-server-easily",
        // Some containers state no size, or are not shown.
        FitsInPart = "fits-in-part",
        LimitsBeyondServer = "limits-beyond-server",
        NeedsLargerServer = "needs-larger-server",
        BeyondServers = "beyond-servers",
        SeveralGpus = "several-gpus",
        ManyGpus = "many-gpus",
        SingleReplicas = "single-replicas",
        HostCoupled = "host-coupled",
        StatefulSingleton = "stateful-singleton",
        ComposeInProduction = "compose-in-production",
        MustSurviveLoss = "must-survive-loss",
        ToleratedDowntime = "tolerated-downtime",
        // Whether several nodes are needed.
        RequiredSpread = "required-spread",
        PreferredSpread = "preferred-spread",
        AwayFromOthers = "away-from-others",
        BesideOthers = "beside-others",
        ParticularNodes = "particular-nodes",
        KindOfNode = "kind-of-node",
        Tolerations = "tolerations",
        DisruptionBudget = "disruption-budget",
        RunsOnEveryNode = "runs-on-every-node",
        SwarmPlacement = "swarm-placement",
        OverlayNetwork = "overlay-network",
        NothingSpreads = "nothing-spreads",
        // Whether replicas, rollouts or autoscaling are needed.
        FewReplicas = "few-replicas",
        SeveralReplicated = "several-replicated",
        ManyReplicas = "many-replicas",
        Autoscaler = "autoscaler",
        VerticalAutoscaler = "vertical-autoscaler",
        ControlledRollout = "controlled-rollout",
        ProgressiveDelivery = "progressive-delivery",
        NothingScales = "nothing-scales",
        // Whether there are many services, teams and environments.
        FewWorkloads = "few-workloads",
        ManyWorkloads = "many-workloads",
        ManyNamespaces = "many-namespaces",
        TenantWalls = "tenant-walls",
        AccessRules = "access-rules",
        OwnerLabels = "owner-labels",
        ImageOwners = "image-owners",
        ManyEnvironments = "many-environments",
        Teams = "teams",
        // Whether GitOps is needed.
        GitopsInUse = "gitops-in-use",
        NoCluster = "no-cluster",
        FewObjects = "few-objects",
        Pipeline = "pipeline",
        Audit = "audit",
        // Whether packaging pays.
        CopiedEnvironments = "copied-environments",
        CopiedWorkloads = "copied-workloads",
        ReusedBase = "reused-base",
        WrittenOnce = "written-once",
        // A person's own answer to the question.
        DirectAnswer = "direct-answer",
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
        // Compose on a larger server than the one that is compared with.
        LargerServer = "larger-server",
        Swarm = "swarm",
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
        Swarm = "swarm",
        Kubernetes = "kubernetes",
        Both = "both",
        #[default]
        Unknown = "unknown",
    }

    /// How well the platform of today suits the system.
    #[derive(Default)]
    pub enum Fit {
        Fits = "fits",
        Outgrown = "outgrown",
        OverBuilt = "over-built",
        Mixed = "mixed",
        // Questions that decide are still open.
        #[default]
        Open = "open",
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
    pub signal: Signal,
    pub fact: Cow<'static, str>,
    pub points: Answer,
    pub weight: Weight,
    /// Why the fact counts as much as it does.
    pub because: &'static str,
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

/// What suits the system: a platform, and what is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    pub platform: Platform,
    /// What the answers so far lean to, where the platform is still open.
    pub so_far: Platform,
    pub kustomize: Worth,
    pub helm: Worth,
    pub argocd: Worth,
    pub flux: Worth,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    pub nearest: ScenarioName,
    pub because: String,
}

/// A sentence with the place that it speaks of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statement {
    pub text: String,
    pub span: Option<Span>,
}

/// The least and the most of one resource that the containers of a system ask for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sum {
    pub min: f64,
    pub max: f64,
    /// Number of containers that state an amount.
    pub sized: usize,
    pub containers: usize,
}

/// What a system asks for: CPUs, and bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    pub cpu: Sum,
    pub memory: Sum,
}

/// What one way of running the system costs, counted, and in words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cost {
    pub kinds: usize,
    pub objects: usize,
    /// `None` for what is not written yet.
    pub lines: Option<usize>,
    pub text: String,
}

/// What it costs to stay on the platform of today, and to move to the other one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Costs {
    pub stay: Cost,
    pub go: Cost,
}

/// An answer worth giving, as `--answer` takes it, and what it would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub answer: String,
    pub changes: String,
}

/// A single fact that would change the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    pub fact: String,
    pub to: Platform,
}

/// One of the next steps, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub text: String,
    /// The service, workload or object that it is about; empty for a step about the whole system.
    pub subject: String,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistItem {
    pub item: CheckItem,
    pub state: CheckState,
    /// What was looked at and what was seen, with counts: "4 of 5 services have a healthcheck that can
    /// fail; missing: `worker`".
    pub seen: String,
    /// The codes and places of the findings that fail the item.
    pub findings: Vec<(&'static str, Span)>,
    /// What was counted and found wanting, by name and place.
    pub missing: Vec<(String, Span)>,
    /// What to do next; empty where nothing is left to do.
    pub next: String,
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
    pub key: String,
    pub fate: Fate,
    /// What takes the place of the key.
    pub instead: String,
    /// What the counterpart of the service has; empty where there is no counterpart.
    pub counterpart: String,
    /// The YAML to write instead, with the values of the service.
    pub yaml: String,
    /// What the converter kompose makes of the key; `None` where that is not documented.
    pub kompose: Option<&'static str>,
    /// What the default templates of Compose Bridge make of the key; `None` where that is not known.
    pub bridge: Option<&'static str>,
    pub span: Option<Span>,
}

/// The decision on one system.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// The verdict in one sentence.
    pub verdict: String,
    pub questions: Vec<Question>,
    pub outcome: Outcome,
    pub today: Today,
    pub fit: Fit,
    /// What is counted, and what is not: the environment and the variants of the system.
    pub counted: String,
    pub sums: Sums,
    pub reasons: Vec<Statement>,
    pub would_change: Vec<String>,
    pub flips: Vec<Flip>,
    pub ask: Vec<Ask>,
    pub cost: Costs,
    pub steps: Vec<Step>,
    /// A belief about platforms that bears on this system, and what is so.
    pub myth: Option<&'static str>,
    pub scenario: Scenario,
    pub checklists: Checklists,
    pub crossing: Vec<Crossing>,
}

/// One application with its decision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct System {
    pub name: String,
    /// Names of its targets.
    pub targets: Vec<String>,
    pub decision: Decision,
}
