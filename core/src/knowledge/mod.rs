//! What Plimsoll knows about the outside world, with the source of each fact.
//!
//! Here belongs what no file of a project says: what an image contains, which commands run a
//! migration, which variables a shell always sets, which release removed an API version. The
//! modules are tables and pure functions over `&str`; they import nothing from the rest of the
//! crate, so that a table can be read, checked against its source and extended by itself.
//!
//! Short vocabularies are constants beside the function that reads them. Long ones are data files
//! (`data/*.txt`, `families/*.txt`) with one entry per line, parsed once into a set or a map.
//!
//! Two habits keep the findings true: a table says only what its source says, and an answer that is
//! not certain is `None`, `Unknown` or `Likely`, never a guess that looks like a fact.

pub mod advertised;
pub mod annotations;
pub mod checks;
pub mod clusters;
pub mod compose_key;
pub mod compose_keys;
pub mod cron;
mod data;
pub mod dev_commands;
pub mod development_words;
pub mod directories;
pub mod disks;
pub mod end_of_life;
pub mod env;
pub mod families;
pub mod folder_names;
pub mod folder_uses;
pub mod image;
pub mod ip;
pub mod kube;
pub mod kube_keys;
pub mod memory;
pub mod migrations;
pub mod model_memory;
pub mod net;
pub mod patience;
pub mod pipelines;
pub mod preparing;
pub mod publishers;
pub mod ready;
pub mod secrets;
pub mod seeds;
pub mod servers;
pub mod shell;
pub mod singletons;
pub mod starts;
pub mod stores;
pub mod upkeep;
pub mod workers;
