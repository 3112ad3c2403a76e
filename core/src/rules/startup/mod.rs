//! Rules of this family.

use super::Rule;

pub(super) const RULES: &[&Rule] = &[];
