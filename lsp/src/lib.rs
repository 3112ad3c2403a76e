//! The language server.

pub mod convert;
pub mod folder;
