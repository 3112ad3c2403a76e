//! The table of decisions.

use crate::findings::append;
use crate::project::Problem;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use plimsoll_core::output::wire;
use plimsoll_core::report::Report;
use std::sync::Arc;

/// Returns the columns of the table: those of the JSON report, in snake case.
pub fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let list =
        |name: &str| Field::new_list(name, Field::new_list_field(DataType::Utf8, true), true);
    Arc::new(Schema::new(vec![
        text("repository"),
        text("system"),
        list("targets"),
        text("verdict"),
        text("platform"),
        text("so_far"),
        text("kustomize"),
        text("helm"),
        text("argocd"),
        text("flux"),
        text("today"),
        text("fit"),
        text("scenario"),
        list("reasons"),
        list("would_change"),
        list("next_steps"),
        list("problems"),
    ]))
}

/// The rows of some repositories, by column.
#[derive(Default)]
pub struct Decisions {
    repository: StringBuilder,
    system: StringBuilder,
    targets: ListBuilder<StringBuilder>,
    verdict: StringBuilder,
    platform: StringBuilder,
    so_far: StringBuilder,
    kustomize: StringBuilder,
    helm: StringBuilder,
    argocd: StringBuilder,
    flux: StringBuilder,
    today: StringBuilder,
    fit: StringBuilder,
    scenario: StringBuilder,
    reasons: ListBuilder<StringBuilder>,
    would_change: ListBuilder<StringBuilder>,
    next_steps: ListBuilder<StringBuilder>,
    problems: ListBuilder<StringBuilder>,
}

impl Decisions {
    /// Adds the decision on each system of a repository.
    pub fn add(&mut self, repository: Option<&str>, report: &Report, problems: &[Problem]) {
        let wire = wire::Report::new(report, wire::Positions::default());
        let problems: Vec<&str> = problems.iter().map(|it| it.message.as_str()).collect();
        for system in &wire.decision.systems {
            let decision = &system.decision;
            self.repository.append_option(repository);
            self.system.append_value(system.name);
            append(&mut self.targets, system.targets);
            self.verdict.append_value(decision.verdict);
            self.platform.append_value(decision.outcome.platform.name());
            self.so_far.append_value(decision.outcome.so_far.name());
            self.kustomize.append_value(decision.outcome.kustomize.name());
            self.helm.append_value(decision.outcome.helm.name());
            self.argocd.append_value(decision.outcome.argocd.name());
            self.flux.append_value(decision.outcome.flux.name());
            self.today.append_value(decision.today.name());
            self.fit.append_value(decision.fit.name());
            self.scenario.append_value(decision.scenario.nearest.name());
            append(&mut self.reasons, &decision.reasons);
            append(&mut self.would_change, decision.would_change);
            append(&mut self.next_steps, &decision.next_steps);
            append(&mut self.problems, &problems);
        }
    }

    /// Adds a repository on which nothing could be decided.
    pub fn add_problems(&mut self, repository: Option<&str>, problems: &[Problem]) {
        let problems: Vec<&str> = problems.iter().map(|it| it.message.as_str()).collect();
        self.repository.append_option(repository);
        for text in [
            &mut self.system,
            &mut self.verdict,
            &mut self.platform,
            &mut self.so_far,
            &mut self.kustomize,
            &mut self.helm,
            &mut self.argocd,
            &mut self.flux,
            &mut self.today,
            &mut self.fit,
            &mut self.scenario,
        ] {
            text.append_null();
        }
        for list in
            [&mut self.targets, &mut self.reasons, &mut self.would_change, &mut self.next_steps]
        {
            list.append(true);
        }
        append(&mut self.problems, &problems);
    }

    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.repository.finish()),
            Arc::new(self.system.finish()),
            Arc::new(self.targets.finish()),
            Arc::new(self.verdict.finish()),
            Arc::new(self.platform.finish()),
            Arc::new(self.so_far.finish()),
            Arc::new(self.kustomize.finish()),
            Arc::new(self.helm.finish()),
            Arc::new(self.argocd.finish()),
            Arc::new(self.flux.finish()),
            Arc::new(self.today.finish()),
            Arc::new(self.fit.finish()),
            Arc::new(self.scenario.finish()),
            Arc::new(self.reasons.finish()),
            Arc::new(self.would_change.finish()),
            Arc::new(self.next_steps.finish()),
            Arc::new(self.problems.finish()),
        ];
        RecordBatch::try_new(schema(), columns)
    }
}
