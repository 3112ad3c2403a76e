//! What containers keep on disk, and where it lies.

use super::View;
use super::tally::{MAX_NAMES, Subject, Tally, Words, named};
use crate::facts::{Backing, Pair, Service, Unit, is_below};
use crate::model::compose::MountKind;
use crate::report::phrases::first_of;

/// Returns where data lies: what it is mounted from, for a service or for its counterpart.
fn place(backing: Backing<'_>, in_cluster: bool) -> String {
    match backing {
        Backing::Host(path) if !in_cluster => format!("the folder `{}` of the host", path.value),
        other => other.words(),
    }
}

/// Whether every anonymous volume of a service lies within a folder of the host: it keeps a folder of the image, such as
/// `node_modules`, from the sources that are mounted over it.
fn keeps_from_the_sources(service: &Service<'_>) -> bool {
    let of_kind = |kind| service.model.volumes.iter().filter(move |it| it.kind == kind);
    of_kind(MountKind::Anonymous).all(|volume| {
        of_kind(MountKind::Bind).any(|it| is_below(&volume.target, it.target.as_str()))
    })
}

/// Where to look for what an application writes into its container.
///
/// Source: <https://docs.docker.com/reference/cli/docker/container/diff/>
const WRITES: &str =
    "Look at what the applications write: `docker diff` shows it for a running container.";

/// Whether a server of no known kind may write into its container: it keeps nothing elsewhere, and its file system is
/// not read-only.
fn may_write(view: &View<'_, '_>, service: &Service<'_>, unit: &Unit<'_>) -> bool {
    let facts = view.system.facts;
    let keeps = facts.mounted(unit).iter().any(|it| it.backing.lasts() && !it.read_only);
    service.unit.family().is_none()
        && !keeps
        && !facts.is_one_shot(service)
        && !service.model.read_only.is_some_and(|it| it.value)
}

pub fn look(view: &View<'_, '_>) -> Tally {
    let mut all = Vec::new();
    let mut places = Vec::new();
    let mut unseen = Vec::new();
    for service in view.to_cross {
        let pair = Pair::of(view.system.facts, service.index);
        let anonymous = service.model.volumes.iter().any(|it| it.kind == MountKind::Anonymous);
        let unit = pair.as_ref().map_or(&service.unit, |it| it.unit);
        let anonymous = anonymous && !keeps_from_the_sources(service);
        if unit.stored().is_some() {
            let backing = view.place_of_data(unit);
            all.push((Subject::of(service), backing.is_some() && !anonymous));
            places.extend(
                backing.map(|it| format!("`{}` in {}", service.name, place(it, pair.is_some()))),
            );
        } else if anonymous {
            all.push((Subject::of(service), false));
        } else if may_write(view, service, unit) {
            unseen.push(service.name.to_owned());
        }
    }
    let words = Words {
        noun: ["service with data", "services with data"],
        does: ["keeps it outside the container", "keep it outside their containers"],
    };
    match Tally::count(words, all.into_iter()) {
        Tally::NothingToSee(_) => {
            Tally::Hidden("no known data store is among the containers".to_owned(), WRITES)
        }
        tally => match &tally {
            Tally::Counted { missing, .. } if missing.is_empty() && !unseen.is_empty() => {
                let writes = if unseen.len() == 1 { "writes" } else { "write" };
                let said =
                    format!("{}; what {} {writes} cannot be seen", tally.says(), named(&unseen));
                Tally::Hidden(said, WRITES)
            }
            Tally::Counted { missing, .. } if missing.is_empty() => {
                Tally::Proven(format!("{}: {}", tally.says(), first_of(&places, MAX_NAMES)))
            }
            _ => tally,
        },
    }
}
