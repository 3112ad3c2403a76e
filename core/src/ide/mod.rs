//! What an editor asks about a snapshot at a place of the text: plain data in bytes, without a protocol.

mod budgets;
pub mod completion;
mod here;
pub mod hover;
mod objects;
mod rendered;
#[cfg(test)]
mod testing;
mod words;
