//! Charts and overlays, mutated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_properties::a_mutated_target_is_analysed;

fuzz_target!(|bytes: &[u8]| a_mutated_target_is_analysed(bytes));
