//! Many repositories at once: each is analysed by itself, and together they use all threads.

use crate::decisions::{self, Decisions};
use crate::findings::{self, Findings};
use crate::input::{Repository, Rows};
use crate::project::{Cause, Problem, read};
use arrow_array::RecordBatch;
use arrow_pyarrow::Table;
use arrow_schema::ArrowError;
use plimsoll_core::report::Report;
use plimsoll_core::{Options, Workspace};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Maximum number of repositories whose rows become one batch of the answer.
const BATCH: usize = 256;

/// Number of batches for each thread, so that a large repository does not keep the others waiting.
const BATCHES_PER_THREAD: usize = 16;

/// Returns what is found in each repository.
pub fn analyze(rows: &Rows, options: &Options, threads: usize) -> Result<Table, String> {
    let check = |workspace: &Workspace| workspace.analysis(&options.config).check(options);
    let batch = |repositories: &[Repository<'_>]| {
        let mut table = Findings::default();
        for repository in repositories {
            let name = repository.name.map(String::from_utf8_lossy);
            let (report, problems) = analysed(repository, &check);
            for problem in &problems {
                table.add_problem(name.as_deref(), problem);
            }
            if let Some(report) = report {
                table.add(name.as_deref(), &report);
            }
        }
        table.finish()
    };
    let batches = in_batches(&rows.repositories(), threads, &batch)?;
    Table::try_new(batches, findings::schema()).map_err(|error| error.to_string())
}

/// Returns how much platform each repository asks for.
pub fn decide(rows: &Rows, options: &Options, threads: usize) -> Result<Table, String> {
    let report = |workspace: &Workspace| workspace.report(options);
    let batch = |repositories: &[Repository<'_>]| {
        let mut table = Decisions::default();
        for repository in repositories {
            let name = repository.name.map(String::from_utf8_lossy);
            match analysed(repository, &report) {
                (Some(report), problems) => table.add(name.as_deref(), &report, &problems),
                (None, problems) => table.add_problems(name.as_deref(), &problems),
            }
        }
        table.finish()
    };
    let batches = in_batches(&rows.repositories(), threads, &batch)?;
    Table::try_new(batches, decisions::schema()).map_err(|error| error.to_string())
}

/// Turns repositories into batches on threads of their own: those of a shared pool would be missing in a
/// process that is forked from this one, as engines do with their workers.
fn in_batches(
    repositories: &[Repository<'_>],
    threads: usize,
    batch: &(dyn Fn(&[Repository<'_>]) -> Result<RecordBatch, ArrowError> + Sync),
) -> Result<Vec<RecordBatch>, String> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| format!("no threads can be started: {error}"))?;
    let pieces = pool.current_num_threads() * BATCHES_PER_THREAD;
    let size = (repositories.len() / pieces).clamp(1, BATCH);
    pool.install(|| repositories.par_chunks(size).map(batch).collect::<Result<_, ArrowError>>())
        .map_err(|error| error.to_string())
}

/// Analyses one repository. Nothing in it stops the scan, not even a defect of ours.
fn analysed(
    repository: &Repository<'_>,
    analysis: &dyn Fn(&Workspace) -> Report,
) -> (Option<Report>, Vec<Problem>) {
    if repository.name.is_none() {
        return (None, without_repository(repository));
    }
    let whole = || {
        let (workspace, problems) = read(&repository.files);
        (Some(analysis(&workspace)), problems)
    };
    catch_unwind(AssertUnwindSafe(whole)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason");
        let message =
            format!("this repository was not analysed because of a defect in Plimsoll: {words}");
        (None, vec![Problem::new(Cause::InternalError, None, message)])
    })
}

/// Names the files that belong to no repository.
fn without_repository(repository: &Repository<'_>) -> Vec<Problem> {
    let files = repository.files.iter().map(|file| {
        let path = file.path.map(String::from_utf8_lossy).map(Cow::into_owned);
        let message = "the repository of this file is null, so that it was not read";
        Problem::new(Cause::NullRepository, path, message)
    });
    files.collect()
}
