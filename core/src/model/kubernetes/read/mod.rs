//! Readers of Kubernetes objects.

pub mod container;
pub mod meta;
pub mod object;
pub mod pod;
pub mod scalar;
pub mod workload;
