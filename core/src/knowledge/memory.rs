//! How much memory a runtime is told to use: `-Xmx1g`, `--max-old-space-size=512`, `maxmemory 2gb`.

/// What a setting bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// A part of what the process uses, beside which it needs more: a heap, a buffer pool.
    Part,
    /// All that the runtime accounts for.
    All,
}

/// A setting that tells a runtime how much memory to use.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<'a> {
    /// As written: `-Xmx2g`.
    pub written: &'a str,
    pub amount: Amount,
    pub bounds: Bounds,
}

/// An amount of memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    Bytes(u64),
    /// Of the limit.
    Percent(f64),
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Returns the bytes of a number with a unit, where `plain` is the size of a number without one.
fn bytes(text: &str, plain: u64) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" => plain,
        "b" => 1,
        "k" | "kb" | "kib" => KIB,
        "m" | "mb" | "mib" => MIB,
        "g" | "gb" | "gib" => GIB,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// Returns the settings among the words of a command line, or in the value of a variable that holds
/// options, such as `JAVA_OPTS`.
#[must_use]
pub fn settings<'a>(words: &[&'a str]) -> Vec<Setting<'a>> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied();
        let part = |written, bytes: Option<u64>, bounds| {
            Some(Setting { written, amount: Amount::Bytes(bytes?), bounds })
        };
        let setting = if let Some(size) = word.strip_prefix("-Xmx") {
            part(word, bytes(size, 1), Bounds::Part)
        } else if let Some(percent) = word.strip_prefix("-XX:MaxRAMPercentage=") {
            let percent = percent.parse().ok();
            percent.map(|it| Setting {
                written: word,
                amount: Amount::Percent(it),
                bounds: Bounds::Part,
            })
        } else if let Some(size) = value_of(word, &["--max-old-space-size", "--max_old_space_size"])
        {
            part(word, bytes(size, MIB), Bounds::Part)
        } else if let Some(size) = word.strip_prefix("shared_buffers=") {
            // PostgreSQL counts pages of 8 KiB where no unit is written.
            part(word, bytes(size, 8 * KIB), Bounds::Part)
        } else if let Some(size) =
            value_of(word, &["--innodb-buffer-pool-size", "--innodb_buffer_pool_size"])
        {
            part(word, bytes(size, 1), Bounds::Part)
        } else if *word == "--maxmemory" {
            next.and_then(|size| part(size, bytes(size, 1), Bounds::All))
        } else {
            None
        };
        found.extend(setting);
    }
    found
}

/// Returns the value of `NAME=VALUE` for one of several names.
fn value_of<'a>(word: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('='))
}

/// Returns the setting that a variable is by its name: `GOMEMLIMIT=1GiB`.
#[must_use]
pub fn variable<'a>(name: &str, value: &'a str) -> Option<Setting<'a>> {
    let bytes = if name == "GOMEMLIMIT" { bytes(value, 1) } else { None };
    bytes.map(|it| Setting { written: value, amount: Amount::Bytes(it), bounds: Bounds::All })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(text: &str) -> Vec<Amount> {
        let words: Vec<&str> = text.split(' ').collect();
        settings(&words).iter().map(|it| it.amount).collect()
    }

    #[test]
    fn each_runtime_has_its_own_units() {
        assert_eq!(amounts("java -Xms1g -Xmx2g -jar a.jar"), [Amount::Bytes(2 * GIB)]);
        assert_eq!(amounts("java -Xmx524288k"), [Amount::Bytes(512 * MIB)]);
        assert_eq!(amounts("java -XX:MaxRAMPercentage=95.0"), [Amount::Percent(95.0)]);
        assert_eq!(amounts("node --max-old-space-size=512"), [Amount::Bytes(512 * MIB)]);
        assert_eq!(amounts("postgres -c shared_buffers=256MB"), [Amount::Bytes(256 * MIB)]);
        assert_eq!(amounts("postgres -c shared_buffers=16384"), [Amount::Bytes(128 * MIB)]);
        assert_eq!(amounts("redis-server --maxmemory 2gb"), [Amount::Bytes(2 * GIB)]);
        assert_eq!(amounts("mysqld --innodb-buffer-pool-size=1G"), [Amount::Bytes(GIB)]);
        assert_eq!(variable("GOMEMLIMIT", "900MiB").unwrap().amount, Amount::Bytes(900 * MIB));
    }

    #[test]
    fn what_is_no_number_is_no_setting() {
        assert!(amounts("java -Xmx$HEAP").is_empty());
        assert!(amounts("redis-server --maxmemory-policy allkeys-lru").is_empty());
        assert!(variable("GOMEMLIMIT", "off").is_none());
    }
}
