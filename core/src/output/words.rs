//! The words of the report that come from a fixed list. Each list stands here once: from it come
//! the unions in TypeScript and the enumerations in the JSON Schema.

use serde::Serialize;

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident = $first:literal $(| $word:literal)*;)*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            pub struct $name(
                #[cfg_attr(feature = "schema", schemars(extend("enum" = [$first $(, $word)*])))]
                &'static str,
            );

            impl $name {
                pub const ALL: &[&'static str] = &[$first $(, $word)*];
            }

            impl From<&'static str> for $name {
                fn from(word: &'static str) -> $name {
                    $name(word)
                }
            }

            #[cfg(feature = "typescript")]
            const _: () = {
                #[wasm_bindgen::prelude::wasm_bindgen(typescript_custom_section)]
                const TYPE: &str = concat!(
                    "export type ", stringify!($name), " = \"", $first, "\""
                    $(, " | \"", $word, "\"")*, ";"
                );
            };
        )*
    };
}

words! {
    /// How bad a finding is, worst first.
    Severity = "error" | "warning" | "info" | "hint";
    /// What a rule is set to.
    Level = "error" | "warning" | "info" | "hint" | "off";
    /// How sure a finding is.
    Confidence = "certain" | "likely" | "possible";
    /// Whether a fix may be applied without being read first.
    Safety = "safe" | "unsafe";
    /// What kind of file it is.
    FileKind = "compose" | "kubernetes" | "kustomization" | "chart" | "values" | "template" | "argocd"
        | "env-file" | "dockerfile" | "config" | "unknown";
    /// What a Compose file is for.
    Role = "development" | "production" | "unknown";
    /// Which side a rule reads; `dual` needs both.
    Side = "compose" | "kubernetes" | "both" | "dual" | "document";
    /// What the decision asks.
    QuestionId = "one-server" | "multi-node" | "replicas-and-rollouts" | "teams-and-environments"
        | "gitops" | "packaging";
    Answer = "yes" | "no" | "unknown";
    /// Who gave an answer.
    AnsweredBy = "files" | "person";
    Platform = "compose" | "either" | "kubernetes";
    /// Whether an addition to the platform pays.
    Worth = "no" | "not yet" | "worth it" | "in use";
    Today = "compose" | "kubernetes" | "both" | "unknown";
    Fit = "fits" | "outgrown" | "over-built" | "mixed";
    ScenarioName = "internal-app" | "growing-saas" | "multi-team-platform" | "regulated";
    CheckState = "pass" | "fail" | "cannot-see" | "not-applicable";
    /// What becomes of a key on its way to Kubernetes.
    Fate = "carried" | "changed" | "lost";
    NodeKind = "service" | "workload" | "k8s-service" | "volume" | "config" | "secret" | "route";
    EdgeKind = "depends-on" | "talks-to" | "selects" | "mounts" | "reads" | "routes" | "counterpart";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    #[test]
    fn the_lists_are_those_of_the_report() {
        assert_eq!(Severity::ALL, report::Severity::ALL.map(report::Severity::name));
        assert_eq!(Level::ALL[..4], *Severity::ALL);
        let confidence =
            [report::Confidence::Certain, report::Confidence::Likely, report::Confidence::Possible];
        assert_eq!(Confidence::ALL, confidence.map(report::Confidence::name));
        assert_eq!(
            Safety::ALL,
            [report::Safety::Safe, report::Safety::Unsafe].map(report::Safety::name)
        );
        let answers = [report::Answer::Yes, report::Answer::No, report::Answer::Unknown];
        assert_eq!(Answer::ALL, answers.map(report::Answer::name));
        assert!(Role::ALL.iter().all(|it| report::Role::from_name(it).is_some()));
    }
}
