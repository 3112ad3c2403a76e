//! What becomes of every key of a Compose service on the way to Kubernetes, and what the converters make of
//! it.
//!
//! Source: named in the table, for each row.

use super::compose_key::Key;
use super::data::{Block, blocks};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// Where kompose documents what it makes of a key.
pub const KOMPOSE: &str = "https://kompose.io/conversion/";

/// The templates by which Compose Bridge makes manifests.
pub const BRIDGE: &str =
    "https://github.com/docker/compose-bridge-transformer/tree/main/templates/base";

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A field of the same meaning takes the value as it is.
    Carried,
    /// Something else takes its place.
    Changed,
    /// Nothing in the cluster reads it.
    Lost,
}

/// The cases of values that the table tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Case {
    /// Every value without a case of its own.
    Other,
    /// Routes of a reverse proxy in labels.
    Proxy,
    /// UDP and SCTP ports.
    Udp,
    /// Ports that are published for the host alone.
    Loopback,
    /// The namespace of the host.
    Host,
    /// The namespace of another container.
    Shared,
    /// Nothing at all: no network, no healthcheck.
    Off,
    /// The address of the host behind `host-gateway`.
    Gateway,
    /// A service that runs to completion.
    Once,
    /// One copy on each node.
    Global,
    /// Names that lead to the addresses of all copies.
    Addresses,
    /// A user by name.
    Name,
    Gpu,
    /// Data in a folder of the host.
    Data,
    /// Files of the host that configure a program.
    Configuration,
    /// Sources of the program.
    Code,
    /// Folders that belong to the machine.
    Machine,
    /// The socket of the Docker Engine.
    Socket,
    Anonymous,
    Memory,
    Image,
    /// A named pipe of Windows.
    Pipe,
    /// A volume of the cluster that Swarm mode forms.
    Cluster,
}

impl Case {
    fn from_name(name: &str) -> Option<Case> {
        Some(match name {
            "proxy" => Case::Proxy,
            "udp" => Case::Udp,
            "loopback" => Case::Loopback,
            "host" => Case::Host,
            "shared" => Case::Shared,
            "off" => Case::Off,
            "gateway" => Case::Gateway,
            "once" => Case::Once,
            "global" => Case::Global,
            "addresses" => Case::Addresses,
            "name" => Case::Name,
            "gpu" => Case::Gpu,
            "data" => Case::Data,
            "configuration" => Case::Configuration,
            "code" => Case::Code,
            "machine" => Case::Machine,
            "socket" => Case::Socket,
            "anonymous" => Case::Anonymous,
            "memory" => Case::Memory,
            "image" => Case::Image,
            "pipe" => Case::Pipe,
            "cluster" => Case::Cluster,
            _ => return None,
        })
    }
}

/// What becomes of a key, in one case of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: Key,
    pub case: Case,
    pub way: Way,
    /// What to write in the place of the key.
    pub instead: &'static str,
    /// What kompose makes of the key, see [`KOMPOSE`]. `None` where that is not documented.
    pub kompose: Option<&'static str>,
    /// What Compose Bridge makes of the key, see [`BRIDGE`]. `None` where that is not known.
    pub bridge: Option<&'static str>,
    /// The Kubernetes page for what to write.
    pub see: &'static str,
}

impl Row {
    /// Reads a block that begins with `KEY = WAY` or `KEY CASE = WAY`.
    fn read(block: &Block) -> Option<Row> {
        let (subject, way) = block.heading.split_once(" = ")?;
        let (key, case) = match subject.split_once(' ') {
            Some((key, case)) => (key, Case::from_name(case)?),
            None => (subject, Case::Other),
        };
        let key = Key::from_name(key)?;
        let way = match way {
            "carried" => Way::Carried,
            "changed" => Way::Changed,
            "lost" => Way::Lost,
            _ => return None,
        };
        let field = |name: &str| {
            let line = block.lines.iter().find(|line| line.0 == name)?;
            Some(line.1.trim())
        };
        let documented = |name: &str| field(name).map(|text| Some(text).filter(|it| *it != "-"));
        Some(Row {
            key,
            case,
            way,
            instead: field("instead")?,
            kompose: documented("kompose")?,
            bridge: documented("bridge")?,
            see: field("see")?,
        })
    }
}

/// All rows, in the order of the table.
pub static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let blocks = blocks(include_str!("data/compose_keys.txt"));
    blocks.iter().map(|it| Row::read(it).expect("internal error: a malformed row")).collect()
});

/// The positions of the rows.
static POSITIONS: LazyLock<FxHashMap<(Key, Case), usize>> =
    LazyLock::new(|| ROWS.iter().enumerate().map(|(at, row)| ((row.key, row.case), at)).collect());

/// Returns the row of a key in a case.
#[must_use]
pub fn row(key: Key, case: Case) -> Option<&'static Row> {
    POSITIONS.get(&(key, case)).map(|at| &ROWS[*at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_filled_in() {
        for row in ROWS.iter() {
            let name = format!("{} {:?}", row.key.name(), row.case);
            assert!(row.instead.len() > 10 && row.instead.ends_with('.'), "{name}");
            assert!(row.see.starts_with("https://kubernetes.io/"), "{name}");
            for text in [row.kompose, row.bridge].into_iter().flatten() {
                assert!(text.ends_with('.'), "{name}: {text}");
            }
        }
        assert_eq!(POSITIONS.len(), ROWS.len(), "two rows have one key and case");
    }

    #[test]
    fn every_key_with_cases_has_a_row_for_other_values() {
        for found in ROWS.iter() {
            assert!(row(found.key, Case::Other).is_some(), "{}", found.key.name());
        }
    }
}
