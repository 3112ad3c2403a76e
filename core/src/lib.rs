//! Plimsoll's core: Docker Compose and Kubernetes YAML in, findings and a decision out.
//!
//! The core does no input or output, reads no clock, starts no threads and cannot fail: whatever it
//! is given, it answers with a [`Report`](report::Report).

pub mod knowledge;
pub mod model;
pub mod report;
pub mod syntax;
pub mod text;
