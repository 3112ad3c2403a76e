//! The ranges of a file that an editor can fold.
