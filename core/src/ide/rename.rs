//! Renames a thing everywhere.
