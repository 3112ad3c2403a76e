//! The application of each finding that gathers places, by which the finding is the same one in another run whichever
//! of its places leads.

use crate::facts::Facts;
use crate::report::{Finding, Kind};
use crate::text::folder_of;
use rustc_hash::FxHashMap;

/// Sets the folder of the application for each finding that gathers places. Applications that share a folder are told
/// apart by the files of their findings.
pub(super) fn name_applications(findings: &mut [Finding], facts: &Facts<'_>) {
    if findings.iter().all(|it| it.gathers.is_none()) {
        return;
    }
    let mut folders: FxHashMap<usize, &str> = FxHashMap::default();
    // Other files are not always handed over, as a Dockerfile or a README beside them.
    let is_written_for_it = |kind: Kind| {
        !matches!(kind, Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown)
    };
    for file in facts.files().iter().filter(|it| is_written_for_it(it.kind)) {
        let folder = folder_of(file.path());
        let known = folders.entry(facts.part_of(file.id)).or_insert(folder);
        if (folder.len(), folder) < (known.len(), known) {
            *known = folder;
        }
    }
    let mut applications: FxHashMap<&str, usize> = FxHashMap::default();
    folders.values().for_each(|folder| *applications.entry(folder).or_default() += 1);
    for finding in findings.iter_mut().filter(|it| it.gathers.is_some()) {
        let folder = folders.get(&facts.part_of(finding.span.file)).copied();
        let own = folder.filter(|folder| applications.get(folder) == Some(&1));
        finding.application = own.map(str::to_owned);
    }
}
