//! The language server.
pub mod folder;
