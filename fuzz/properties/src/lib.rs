//! What holds for any input. Each property takes the bytes that its input is made from, and panics where it does
//! not hold: the tests of this crate make the bytes from seeds, the fuzz targets beside it get them from libFuzzer.

mod choices;
mod edits;
mod frames;
mod generate;
mod mutate;
mod projects;
mod seeds;
mod sound;
mod targets;
mod texts;
mod vocabulary;

pub use choices::{Choices, Random};
pub use edits::a_workspace_says_the_same_as_a_fresh_analysis;
pub use frames::{every_message_has_an_answer, session};
pub use mutate::mutated;
pub use projects::fixes_mend_and_do_no_harm;
pub use seeds::{Seeds, seeds};
pub use targets::a_mutated_target_is_analysed;
pub use texts::{PATHS, any_text_is_analysed};
