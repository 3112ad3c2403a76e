//! Templates that were parsed before.

use super::{Parsed, Source, parse};
use crate::build::helm::failure::Result;
use crate::build::helm::functions;
use crate::build::origin::Text;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;

/// Parsed templates of one chart, by their names. A chart is rendered again for each values file and after
/// each edit, most of the time from the same templates.
#[derive(Debug, Default)]
pub struct KnownTemplates(RefCell<FxHashMap<String, Arc<Parsed>>>);

impl KnownTemplates {
    /// Parses a template, unless the same text was parsed under this name before.
    pub fn parse(&self, name: &str, text: &Text) -> Result<Arc<Parsed>> {
        if let Some(parsed) = self.0.borrow().get(name)
            && parsed.body.source.text == *text
        {
            return Ok(Arc::clone(parsed));
        }
        let source = Arc::new(Source { name: name.to_owned(), text: text.clone() });
        let parsed = Arc::new(parse(&source, functions::is_known)?);
        self.0.borrow_mut().insert(name.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }
}
