//! What an editor asks about a snapshot at a place of the text: plain data in bytes, without a protocol.

mod budgets;
pub mod completion;
mod here;
pub mod hints;
pub mod hover;
pub mod lenses;
mod objects;
mod rendered;
mod words;
