//! What Plimsoll knows about the outside world, with the source of each fact.
//!
//! Here belongs what no file of a project says: what an image contains, which words start a
//! migration, which variables a shell always has, when an API version was removed. The modules are
//! static tables and pure functions over `&str`; they import nothing from the rest of the crate, so
//! that a table can be read, checked against its source and extended by itself.
//!
//! Two habits keep the findings true. A table says only what its source says, and an answer that
//! is not certain is `None`, `Unknown` or `Likely`, never a guess that looks like a fact.

pub mod cron;
pub mod env;
pub mod families;
pub mod image;
pub mod ip;
pub mod kube;
pub mod kube_keys;
pub mod migrations;
pub mod net;
pub mod secrets;
pub mod shell;
pub mod singletons;
pub mod starts;
