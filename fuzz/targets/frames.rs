//! Streams of messages to the language server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_properties::every_message_has_an_answer;

fuzz_target!(|bytes: &[u8]| every_message_has_an_answer(bytes));
