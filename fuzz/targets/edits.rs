//! Scripts of edits against fresh analyses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_properties::a_workspace_says_the_same_as_a_fresh_analysis;

fuzz_target!(|bytes: &[u8]| a_workspace_says_the_same_as_a_fresh_analysis(bytes));
