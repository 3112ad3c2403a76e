//! From the arguments of a call to the core's options.

use plimsoll_core::report::Severity;
use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use plimsoll_core::{Config, Options, rules};
use std::sync::Arc;

/// Reads the arguments. `config` is YAML or JSON with the keys of `plimsoll.yaml`.
///
/// # Errors
/// A sentence that names every setting that makes no sense.
pub fn options(
    config: Option<&str>,
    select: Vec<String>,
    ignore: Vec<String>,
    min_severity: Option<&str>,
) -> Result<Options, String> {
    let mut problems: Vec<String> = Vec::new();
    let mut settings = Config::default();
    if let Some(text) = config {
        let (tree, unreadable) = parse(FileId(0), &Arc::from(text), None);
        let (read, mistakes) = Config::read(&tree, &rules::unknown);
        settings = read;
        problems.extend(unreadable.into_iter().chain(mistakes).map(|it| it.message));
    }
    problems.extend(select.iter().chain(&ignore).filter_map(|it| rules::unknown(it)));
    let least = min_severity.map(|name| (name, Severity::from_name(name)));
    if let Some((name, None)) = least {
        problems.push(format!(
            "`min_severity` must be `error`, `warning`, `info` or `hint`, not `{name}`"
        ));
    }
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    Ok(Options {
        config: settings,
        select,
        ignore,
        min_severity: least.and_then(|it| it.1),
        // The tables have no fixes, and each that is tried costs another build of its chart.
        leave_fixes_untried: true,
        // As `plimsoll check` over the same repository has it.
        gathers_siblings: true,
    })
}
