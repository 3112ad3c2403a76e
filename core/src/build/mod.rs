//! What is really deployed: charts rendered and overlays built, as trees whose spans point at the
//! sources.

pub mod kustomize;
