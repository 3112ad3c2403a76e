//! The properties with inputs made from seeds. A failure names its seed; `PLIMSOLL_SEED` starts at another one, and
//! `PLIMSOLL_INPUTS` sets how many inputs each property gets.

use plimsoll_properties::{
    Choices, Random, a_mutated_target_is_analysed, a_workspace_says_the_same_as_a_fresh_analysis,
    any_text_is_analysed, every_message_has_an_answer, fixes_mend_and_do_no_harm, mutated, seeds,
    session,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Number of bytes that an input is made from.
const BYTES: usize = 2_000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |it| it.parse().expect("a number"))
}

/// Tries a property with inputs from as many seeds as `count`.
fn try_all(property: &str, count: u64, run: impl Fn(&[u8])) {
    let first = number("PLIMSOLL_SEED", 1);
    for seed in first..first + number("PLIMSOLL_INPUTS", count) {
        let bytes = Random::new(seed).bytes(BYTES);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&bytes))) {
            eprintln!("{property} does not hold: PLIMSOLL_SEED={seed} PLIMSOLL_INPUTS=1");
            resume_unwind(panic);
        }
    }
}

#[test]
fn a_mutated_text_is_analysed() {
    try_all("a_mutated_text_is_analysed", 400, |bytes| {
        let mut choices = Choices::new(bytes);
        let files = &seeds().files;
        let (file, other) = (choices.pick(files), choices.pick(files));
        let text = mutated(&file.text, &other.text, &mut choices);
        any_text_is_analysed(&file.path, file.bytes.as_deref().unwrap_or(text.as_bytes()));
    });
}

#[test]
fn fixes_of_a_generated_project_do_no_harm() {
    try_all("fixes_of_a_generated_project_do_no_harm", 100, fixes_mend_and_do_no_harm);
}

#[test]
fn edits_of_generated_projects_are_seen() {
    try_all(
        "edits_of_generated_projects_are_seen",
        40,
        a_workspace_says_the_same_as_a_fresh_analysis,
    );
}

#[test]
fn mutated_charts_and_overlays_are_built() {
    try_all("mutated_charts_and_overlays_are_built", 100, a_mutated_target_is_analysed);
}

#[test]
fn a_mutated_session_is_served() {
    try_all("a_mutated_session_is_served", 40, |bytes| {
        let text = mutated(session(), session(), &mut Choices::new(bytes));
        every_message_has_an_answer(text.as_bytes());
    });
}

#[test]
fn the_session_itself_is_served() {
    every_message_has_an_answer(session().as_bytes());
}
