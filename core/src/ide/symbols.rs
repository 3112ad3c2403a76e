//! Outlines of documents, and symbols of a project by their names.
