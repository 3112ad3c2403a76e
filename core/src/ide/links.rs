//! The files that a file names.
