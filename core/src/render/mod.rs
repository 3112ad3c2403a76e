//! A report as text for people and for other programs: one file a format.
//!
//! Here bytes become lines and columns; nothing upstream knows a wire format.

pub mod wire;

pub use wire::json;
