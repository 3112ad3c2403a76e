//! Quantities: `250m`, `512Mi`, `1.5`, `1e3`.

use crate::model::read::Str;
use crate::text::Spanned;

/// An amount in thousandths, which is exact for every quantity that Kubernetes itself can keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity {
    pub milli: i128,
}

impl Quantity {
    /// Whole units, rounded up as the scheduler does.
    pub fn units(self) -> i128 {
        self.milli.div_euclid(1000) + i128::from(self.milli.rem_euclid(1000) > 0)
    }
}

/// An entry of `requests`, `limits`, `hard` ...
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// `cpu`, `memory`, `nvidia.com/gpu`
    pub name: Str,
    /// The value as written.
    pub raw: Str,
    /// `None` where the API server would refuse it.
    pub quantity: Option<Quantity>,
    /// Quotes around the value, which change nothing for the API server.
    pub quoted: bool,
}

impl Resource {
    pub fn is_gpu(&self) -> bool {
        let name = self.name.as_str();
        name.ends_with("/gpu")
            || name.starts_with("nvidia.com/mig-")
            || name.contains("gpu.intel.com/")
    }

    pub fn value(&self) -> Option<Spanned<Quantity>> {
        self.quantity.map(|it| Spanned::new(it, self.raw.span))
    }
}
