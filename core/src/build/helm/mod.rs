//! Helm charts, rendered as Helm renders them, without Go, a cluster or a network.
//!
//! In goes a [`Chart`], loaded from the files of its folder, and what it is rendered for
//! ([`ReleaseOptions`]: name, namespace, values files, `--set`, the cluster's version). Out comes
//! [`Rendered`]: one text for each template, every byte of which knows the template, helper or
//! value that it came from, and the reasons for what is missing. A template that fails fails the
//! chart, as in Helm, with the cause at its place. `NOTES.txt` is executed and left out; hooks are
//! marked.
//!
//! Nothing here trusts its input: see [`budget`].

pub mod budget;
pub mod chart;
pub mod failure;
pub mod render;
pub mod uses;

mod compare;
mod encode;
mod exec;
mod fill;
mod format;
mod functions;
mod glob;
mod json;
mod object;
mod template;
mod toml;
mod value;
mod values;
mod yaml;

pub use chart::{Chart, ChartFile, Content};
pub use fill::fill;
pub use functions::Version;
pub use render::{
    Document, Hook, Layer, Problem, ProblemKind, ReleaseOptions, Rendered, RenderedTemplate,
    TemplateKind, render, render_again,
};
pub use template::KnownTemplates;
pub use values::is_path;
