//! YAML in both directions, as Helm reads and prints it.
//!
//! Helm goes through JSON each time (`sigs.k8s.io/yaml`): numbers become floats, keys become
//! strings, and the words of YAML 1.1 are booleans.

mod analyze;
mod keys;
mod read;
mod resolve;
mod write;

pub use read::{read_all, read_one};
pub use write::{Sequences, to_yaml};
