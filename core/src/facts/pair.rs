//! A Compose service beside the container in the cluster that runs the same thing.

use super::{Backing, Counterpart, Facts, Part, Service, Unit, Why, Workload};
use crate::model::IntOrStr;
use crate::model::kubernetes::{Container, Probe, ProbeHandler};
use crate::text::{Span, Spanned};

/// A service and its counterpart.
#[derive(Debug)]
pub struct Pair<'c, 'a> {
    pub facts: &'c Facts<'a>,
    pub service: &'c Service<'a>,
    pub workload: &'c Workload<'a>,
    pub unit: &'c Unit<'a>,
    pub container: &'a Container,
    pub found: Counterpart,
}

impl<'c, 'a> Pair<'c, 'a> {
    /// Returns a service, by its index, and its counterpart.
    pub fn of(facts: &'c Facts<'a>, service: usize) -> Option<Pair<'c, 'a>> {
        let found = *facts.counterpart_of(service)?;
        let (service, workload, unit) = facts.pair(&found);
        let container = workload.container(found.unit);
        Some(Pair { facts, service, workload, unit, container, found })
    }

    /// Returns the workload for a message, with its namespace where one is written: "Deployment
    /// `shop/api`". Where it has several containers, the container comes first.
    pub fn label(&self) -> String {
        let main = self.workload.units.iter().filter(|it| it.part == Part::Main).count();
        let workload = workload_label(self.workload);
        match main {
            0 | 1 => workload,
            _ => format!("container `{}` of {workload}", self.container.label()),
        }
    }

    /// Returns the place of the container.
    pub fn span(&self) -> Span {
        self.container.span()
    }

    /// Returns what backs a path of the service in the container; none where nothing is mounted there. A file may come
    /// with the folder that it lies in.
    pub fn backing(&self, path: &str) -> Option<Backing<'a>> {
        let path = self.path_in_cluster(path);
        let mounts = self.facts.mounted(self.unit);
        let covering = mounts.iter().filter(|it| it.covers(&path));
        Some(covering.max_by_key(|it| it.path.len())?.backing)
    }

    /// Returns the path at which the container has what the service keeps at a path. Another image of the same data
    /// store may keep its data elsewhere.
    pub fn path_in_cluster(&self, path: &str) -> String {
        self.moved_data(path).unwrap_or_else(|| path.to_owned())
    }

    /// Returns the path of the data in the container, where a path is that of the data in Compose: another image, a
    /// variable or a link may put them elsewhere.
    fn moved_data(&self, path: &str) -> Option<String> {
        let own = &self.service.unit;
        let here = own.runs.as_ref().filter(|it| it.family.is_data_store())?;
        let home = own.data_home(here.family)?;
        if !home.is_near(path) {
            return None;
        }
        let mounts = self.facts.mounted(self.unit);
        let mut lasting = mounts.iter().filter(|it| it.backing.lasts());
        let of_data = match &self.unit.runs {
            Some(there) => {
                let home = self.unit.data_home(there.family)?;
                lasting.find(|it| home.is_kept_by(it))
            }
            // Of an unknown image, the only volume is the one with the data.
            None => lasting.next().filter(|_| lasting.next().is_none()),
        };
        of_data.map(|it| it.path.to_string())
    }

    /// Whether the container runs a data store from an image of another publisher, which has users, variables and
    /// options of its own.
    pub fn is_other_publisher(&self) -> bool {
        self.facts.is_other_publisher(&self.found)
    }

    /// Returns what is mounted at a path, in words.
    pub fn mounted_words(&self, path: &str) -> String {
        self.backing(path).map_or_else(|| "nothing".to_owned(), Backing::words)
    }
}

impl Facts<'_> {
    /// Whether the two sides of a pair run a data store from images of different publishers.
    pub fn is_other_publisher(&self, pair: &Counterpart) -> bool {
        let (service, _, unit) = self.pair(pair);
        pair.why == Why::Kind && has_other_image(&service.unit, unit)
    }
}

fn has_other_image(a: &Unit<'_>, b: &Unit<'_>) -> bool {
    let (Some(a), Some(b)) = (&a.image, &b.image) else { return false };
    a.path_without_registry() != b.path_without_registry()
}

/// Returns a workload for a message, with its namespace where one is written: "Deployment `shop/api`".
pub fn workload_label(workload: &Workload<'_>) -> String {
    let object = workload.object;
    let name = object.name().map_or("(unnamed)", |it| it.as_str());
    let kind = workload.kind().name();
    match &object.meta.namespace {
        Some(namespace) => format!("{kind} `{namespace}/{name}`"),
        None => format!("{kind} `{name}`"),
    }
}

/// Returns what a probe asks, in words: "`GET /health` on port 8080".
pub fn probe_words(probe: &Probe) -> String {
    let port = |port: &Option<Spanned<IntOrStr>>| {
        port.as_ref().map_or_else(|| "?".to_owned(), |it| it.value.to_string())
    };
    match &probe.handler {
        ProbeHandler::Exec { command, .. } => {
            let words: Vec<&str> = command.iter().map(|it| it.value.as_str()).collect();
            format!("`{}`", shortened(&words.join(" ")))
        }
        ProbeHandler::Http { path, port: at, .. } => {
            let path = path.as_ref().map_or("/", |it| it.as_str());
            format!("`GET {path}` on port {}", port(at))
        }
        ProbeHandler::Tcp { port: at, .. } => format!("TCP on port {}", port(at)),
        ProbeHandler::Grpc { port: at, .. } => format!("gRPC on port {}", port(at)),
        ProbeHandler::None => "without a check".to_owned(),
    }
}

/// Maximum number of characters of a command in a sentence.
const COMMAND: usize = 80;

/// Returns a command, cut where it is long.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(COMMAND) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
