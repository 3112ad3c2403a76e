//! The pitfalls that the rules are about, one for each family of codes.

use super::{Rule, all};
use crate::report::vocabulary;

vocabulary! {
    /// What the rules of a family are about. The first seven are the pitfalls between Compose and
    /// Kubernetes; the others come before, beside and after them.
    pub enum Pitfall {
        StartupOrder = "startup-order",
        Migrations = "migrations",
        Mounts = "mounts",
        Networking = "networking",
        Configuration = "configuration",
        Probes = "probes-and-resources",
        State = "state",
        SingleServer = "single-server",
        Delivery = "delivery",
        Documents = "documents",
    }
}

impl Pitfall {
    /// Returns the beginning of the codes of its rules.
    pub fn family(self) -> &'static str {
        match self {
            Pitfall::StartupOrder => "PLM1",
            Pitfall::Migrations => "PLM2",
            Pitfall::Mounts => "PLM3",
            Pitfall::Networking => "PLM4",
            Pitfall::Configuration => "PLM5",
            Pitfall::Probes => "PLM6",
            Pitfall::State => "PLM7",
            Pitfall::SingleServer => "PLM8",
            Pitfall::Delivery => "PLM9",
            Pitfall::Documents => "PLM0",
        }
    }

    /// Returns the heading of its rules in a list. The seven pitfalls have numbers.
    pub fn title(self) -> &'static str {
        match self {
            Pitfall::StartupOrder => "Pitfall 1: startup order",
            Pitfall::Migrations => "Pitfall 2: migrations",
            Pitfall::Mounts => "Pitfall 3: mounts",
            Pitfall::Networking => "Pitfall 4: networking",
            Pitfall::Configuration => "Pitfall 5: configuration and secrets",
            Pitfall::Probes => "Pitfall 6: probes and resources",
            Pitfall::State => "Pitfall 7: state",
            Pitfall::SingleServer => "Hosts",
            Pitfall::Delivery => "Delivery",
            Pitfall::Documents => "Documents",
        }
    }

    /// Returns a sentence about what goes wrong.
    pub fn about(self) -> &'static str {
        match self {
            Pitfall::StartupOrder => "A dependency that runs is not a dependency that is ready.",
            Pitfall::Migrations => "Migrations run once a release, not once a Pod.",
            Pitfall::Mounts => "Files mounted from the host hide what the image lacks.",
            Pitfall::Networking => "Names and ports mean different things on the two sides.",
            Pitfall::Configuration => "One contract of settings is delivered in two ways.",
            Pitfall::Probes => {
                "A probe or a limit that is too tight turns a healthy app into a restart loop."
            }
            Pitfall::State => "What a single container forgives, replicas do not.",
            Pitfall::SingleServer => {
                "A single server run well, and a cluster that accepts what it is given."
            }
            Pitfall::Delivery => {
                "How charts, overlays, Argo CD and Flux bring manifests to a cluster."
            }
            Pitfall::Documents => {
                "The YAML itself, and comments and settings for Plimsoll that have no effect."
            }
        }
    }

    /// Returns its rules, sorted by code.
    pub fn rules(self) -> impl Iterator<Item = &'static Rule> {
        all().filter(move |rule| rule.pitfall() == self)
    }
}

impl Rule {
    /// Returns what the rule's family is about.
    pub fn pitfall(&self) -> Pitfall {
        let own = Pitfall::ALL.into_iter().find(|pitfall| pitfall.family() == self.family());
        own.expect("internal error: every family of codes has a pitfall")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_once_and_no_pitfall_is_empty() {
        let listed: Vec<&str> =
            Pitfall::ALL.into_iter().flat_map(Pitfall::rules).map(|rule| rule.code).collect();
        assert_eq!(listed.len(), all().count());
        assert!(Pitfall::ALL.into_iter().all(|pitfall| pitfall.rules().count() > 0));
        assert_eq!(listed[0], "PLM101");
    }
}
