//! Helm charts, rendered.

pub mod budget;
pub mod failure;
pub mod value;

mod compare;
mod encode;
mod exec;
mod format;
mod functions;
mod glob;
mod json;
mod object;
mod template;
mod toml;
mod yaml;
