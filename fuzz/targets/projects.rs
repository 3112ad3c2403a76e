//! Generated projects and their fixes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_properties::fixes_mend_and_do_no_harm;

fuzz_target!(|bytes: &[u8]| fixes_mend_and_do_no_harm(bytes));
