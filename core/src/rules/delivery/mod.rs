//! PLM9xx: how charts, overlays and Argo CD bring manifests to a cluster.

use super::Rule;

pub(super) const RULES: &[&Rule] = &[];
