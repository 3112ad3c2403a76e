//! Text edits for fixes, without the tree.
