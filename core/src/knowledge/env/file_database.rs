//! Databases that live in one file or in one process.
//!
//! Source: the connection URL pages of SQLite's drivers, H2, HSQLDB, Derby, DuckDB and PGlite.

/// A database that lives in one file or in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDatabase<'a> {
    /// `SQLite`, `H2`, `DuckDB`, …
    pub engine: &'static str,
    /// The file; `None` for a database in memory, or when no file is named.
    pub path: Option<&'a str>,
}

/// Reads a file database from a value. The key decides whether a bare word is a driver
/// (`DB_CONNECTION=sqlite`) and a bare path a database (`DATABASE_PATH=/data/app.db`).
#[must_use]
pub fn file_database<'a>(key: &str, value: &'a str) -> Option<FileDatabase<'a>> {
    let text = value.trim();
    let lower = text.to_ascii_lowercase();
    if SERVER_URLS.iter().any(|it| lower.starts_with(it)) {
        return None;
    }
    if let Some((scheme, engine)) = FILE_SCHEMES.iter().find(|it| lower.starts_with(it.0)) {
        return Some(FileDatabase { engine, path: path_of_url(scheme, &text[scheme.len()..]) });
    }
    let key = key.to_ascii_uppercase();
    let about_database = ["DB", "DATABASE", "TYPEORM", "SQL"].iter().any(|word| key.contains(word));
    let driver = FILE_DRIVERS.iter().find(|it| it.0 == lower);
    if let Some((_, engine)) = driver
        && about_database
        && (matches!(key.as_str(), "DB" | "DATABASE")
            || DRIVER_KEY_SUFFIXES.iter().any(|it| key.ends_with(it)))
    {
        return Some(FileDatabase { engine, path: None });
    }
    bare_file(text, about_database)
}

/// Prefixes of URLs that name a server, of engines that can also work on a file.
const SERVER_URLS: &[&str] = &["jdbc:h2:tcp:", "jdbc:h2:ssl:", "jdbc:derby://"];

/// Prefixes of URLs of file databases, and the engine. A prefix stands after the longer ones that
/// begin with it.
const FILE_SCHEMES: &[(&str, &str)] = &[
    ("sqlite+aiosqlite://", "SQLite"),
    ("sqlite+pysqlite://", "SQLite"),
    ("jdbc:sqlite:", "SQLite"),
    ("sqlite3://", "SQLite"),
    ("sqlite://", "SQLite"),
    ("sqlite3:", "SQLite"),
    ("sqlite:", "SQLite"),
    ("jdbc:h2:file:", "H2"),
    ("jdbc:h2:mem:", "H2"),
    ("jdbc:h2:", "H2"),
    ("jdbc:hsqldb:file:", "HSQLDB"),
    ("jdbc:hsqldb:mem:", "HSQLDB"),
    ("jdbc:derby:", "Derby"),
    ("jdbc:duckdb:", "DuckDB"),
    ("duckdb://", "DuckDB"),
    ("duckdb:", "DuckDB"),
    ("pglite://", "PGlite"),
];

/// Drivers of file databases, and the engine.
const FILE_DRIVERS: &[(&str, &str)] = &[
    ("sqlite", "SQLite"),
    ("sqlite3", "SQLite"),
    ("better-sqlite3", "SQLite"),
    ("django.db.backends.sqlite3", "SQLite"),
    ("h2", "H2"),
    ("duckdb", "DuckDB"),
];

/// Suffixes of keys that choose a driver.
const DRIVER_KEY_SUFFIXES: &[&str] = &[
    "_CONNECTION",
    "_CLIENT",
    "_DRIVER",
    "_ENGINE",
    "_TYPE",
    "_DIALECT",
    "_VENDOR",
    "_DB",
    "_BACKEND",
    "_ADAPTER",
];

/// Returns the file that a URL names after its scheme.
fn path_of_url<'a>(scheme: &str, rest: &'a str) -> Option<&'a str> {
    let rest = rest.split(['?', ';']).next().unwrap_or_default();
    if scheme.ends_with("mem:") || rest.contains(":memory:") || rest.is_empty() || rest == "/" {
        return None;
    }
    // Four slashes, or three and a drive, are an absolute path; three are a relative one.
    let path = if scheme.ends_with("://") { rest.strip_prefix('/') } else { None };
    Some(path.unwrap_or(rest))
}

/// Reads a bare file or `Data Source=FILE`. The extension `.db` alone says little, so the key must
/// be about a database too.
fn bare_file(text: &str, about_database: bool) -> Option<FileDatabase<'_>> {
    let data_source = text.split(';').find_map(|pair| {
        let (name, file) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("data source").then_some(file.trim())
    });
    let file = data_source.unwrap_or(text);
    let lower = file.to_ascii_lowercase();
    let named = [".sqlite", ".sqlite3", ".duckdb"].iter().any(|it| lower.ends_with(it))
        || lower.ends_with(".db") && (about_database || data_source.is_some());
    if !named || file.contains("://") || file.contains(char::is_whitespace) {
        return None;
    }
    let engine = if lower.ends_with(".duckdb") { "DuckDB" } else { "SQLite" };
    Some(FileDatabase { engine, path: Some(file) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_databases() {
        let read = |key, value| file_database(key, value).map(|it| (it.engine, it.path));
        assert_eq!(
            read("DATABASE_URL", "sqlite:////data/app.db"),
            Some(("SQLite", Some("/data/app.db")))
        );
        assert_eq!(read("DATABASE_URL", "sqlite:///app.db"), Some(("SQLite", Some("app.db"))));
        assert_eq!(read("DATABASE_URL", "sqlite://:memory:"), Some(("SQLite", None)));
        assert_eq!(
            read("SPRING_DATASOURCE_URL", "jdbc:h2:file:/data/x;MODE=PostgreSQL"),
            Some(("H2", Some("/data/x")))
        );
        assert_eq!(read("SPRING_DATASOURCE_URL", "jdbc:h2:mem:x"), Some(("H2", None)));
        assert_eq!(read("DB_CONNECTION", "sqlite"), Some(("SQLite", None)));
        assert_eq!(read("DATABASE_PATH", "/data/app.db"), Some(("SQLite", Some("/data/app.db"))));
        assert_eq!(
            read("ConnectionStrings__Db", "Data Source=/data/a.db"),
            Some(("SQLite", Some("/data/a.db")))
        );
        for (key, value) in [
            ("DATABASE_URL", "postgres://db/app"),
            ("DATABASE_URL", "jdbc:h2:tcp://h2/x"),
            ("HOST", "mongo.db"),
            ("CACHE_TYPE", "sqlite"),
            ("ConnectionStrings__Db", "Data Source=sql;Initial Catalog=x"),
            ("", ""),
            ("FEATURES", "h2"),
        ] {
            assert_eq!(read(key, value), None, "{key}={value}");
        }
    }
}
