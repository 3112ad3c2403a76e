//! Words that suggest backups, monitoring and certificates, the ports of web servers and the labels of owners.
//!
//! Sources: see `data/upkeep_words.txt`, `data/web_ports.txt` and `data/owner_labels.txt`.

use super::data::{blocks, words as words_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// Maintenance topic of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Backup,
    /// A place, not an action: the last word of `BACKUP_DIR`.
    Place,
    Monitoring,
    Certificate,
    /// Content that can be made again: caches, temporary files, logs.
    MadeAgain,
}

impl Topic {
    /// Returns the topic that a heading of the data names.
    fn from_word(word: &str) -> Option<Topic> {
        Some(match word {
            "backup" => Topic::Backup,
            "place" => Topic::Place,
            "monitoring" => Topic::Monitoring,
            "certificate" => Topic::Certificate,
            "made-again" => Topic::MadeAgain,
            _ => return None,
        })
    }

    /// Returns the words of the topic, and the words that count only in a row.
    fn phrases(self) -> &'static [Vec<&'static str>] {
        PHRASES.get(&self).expect("internal error: a topic without words")
    }

    /// Whether one of the words of the topic is among these.
    #[must_use]
    pub fn is_in(self, words: &[String]) -> bool {
        self.phrases().iter().any(|phrase| words.windows(phrase.len()).any(|it| it == phrase))
    }

    /// Whether these words end with one of the topic.
    #[must_use]
    pub fn ends(self, words: &[String]) -> bool {
        self.phrases().iter().any(|phrase| {
            let start = words.len().checked_sub(phrase.len());
            start.is_some_and(|start| words[start..] == phrase[..])
        })
    }
}

static PHRASES: LazyLock<FxHashMap<Topic, Vec<Vec<&str>>>> = LazyLock::new(|| {
    let blocks = blocks(include_str!("data/upkeep_words.txt"));
    let topics = blocks.into_iter().map(|block| {
        let topic = Topic::from_word(block.heading).expect("internal error: an unknown topic");
        let phrases = block
            .lines
            .into_iter()
            .map(|(first, rest)| std::iter::once(first).chain(rest.split_whitespace()).collect());
        (topic, phrases.collect())
    });
    topics.collect()
});

static WEB_PORTS: LazyLock<FxHashSet<u16>> = LazyLock::new(|| {
    let ports = words_of(include_str!("data/web_ports.txt")).into_iter();
    ports.map(|port| port.parse().expect("internal error: a port that is no number")).collect()
});

/// Whether plain HTTP is usually served on a port.
#[must_use]
pub fn is_web_port(port: u16) -> bool {
    WEB_PORTS.contains(&port)
}

static OWNER_LABELS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words_of(include_str!("data/owner_labels.txt")));

/// Whether a label says who owns an object.
#[must_use]
pub fn names_owner(label: &str) -> bool {
    OWNER_LABELS.contains(label)
}

/// Returns the words of a text in lower case: letters and digits, without what is between them.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_count() {
        let has = |text: &str, topic: Topic| topic.is_in(&words(text));
        assert!(has("prodrigestivill/postgres-backup-local:17", Topic::Backup));
        assert!(has("sh -c 'pg_dump app > /out'", Topic::Backup));
        assert!(has("GITLAB_BACKUP_SCHEDULE", Topic::Backup));
        assert!(!has("acme/walgreen", Topic::Backup) && !has("cyborg", Topic::Backup));
        assert!(!has("pg", Topic::Backup) && !has("", Topic::Backup));
        assert!(!has("pgvector/pgvector:pg17", Topic::Monitoring));
        assert!(!has("acme/influential", Topic::Monitoring));
        assert!(has("prom/node-exporter:v1.9.1", Topic::Monitoring));
        assert!(has("./traefik/acme.json", Topic::Certificate));
        assert!(!has("./acme/app", Topic::Certificate));
    }

    #[test]
    fn what_can_be_made_again_is_no_data() {
        let is_made_again = |text: &str| Topic::MadeAgain.is_in(&words(text));
        assert!(is_made_again("node_modules") && is_made_again("pip-cache"));
        assert!(!is_made_again("uploads") && !is_made_again("catalogs"));
    }

    #[test]
    fn ports_and_labels_are_those_of_the_lists() {
        assert!(is_web_port(80) && is_web_port(8080) && !is_web_port(443) && !is_web_port(5432));
        assert!(names_owner("team") && !names_owner("app.kubernetes.io/managed-by"));
    }

    #[test]
    fn a_place_is_the_last_word() {
        assert!(Topic::Place.ends(&words("BACKUP_DIR")));
        assert!(!Topic::Place.ends(&words("DIR_BACKUP")) && !Topic::Place.ends(&[]));
    }
}
