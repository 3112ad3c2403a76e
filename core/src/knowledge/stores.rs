//! How stores are told to let anybody in, and which of them tie their data to the name of their node.

use super::data::entries;
use std::sync::LazyLock;

/// A setting of a container that lets anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// A variable.
    Variable { name: &'static str },
    /// Words of the command line that follow each other.
    Option { words: &'static str },
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    /// Ids of image families, or parts of a repository's path that end in a slash.
    families: Vec<&'static str>,
    setting: Setting,
}

#[derive(Debug)]
enum Setting {
    Variable { name: &'static str, values: Vec<&'static str> },
    Option(&'static str),
}

static SWITCHES: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/authentication_switches.txt"));
    rows.map(|row| read_switch(row).expect("internal error: a malformed row")).collect()
});

/// Reads `FAMILY … = env NAME VALUE …` or `FAMILY … = option WORD …`.
fn read_switch(row: &'static str) -> Option<Row> {
    let (families, setting) = row.split_once(" = ")?;
    let (keyword, rest) = setting.split_once(' ')?;
    let setting = match keyword {
        "env" => {
            let (name, values) = rest.split_once(' ')?;
            Setting::Variable { name, values: values.split(' ').collect() }
        }
        "option" => Setting::Option(rest),
        _ => return None,
    };
    Some(Row { families: families.split(' ').collect(), setting })
}

impl Row {
    fn is_for(&self, family: &str, repository: &str) -> bool {
        self.families.iter().any(|it| match it.strip_suffix('/') {
            Some(account) => repository.split('/').any(|part| part == account),
            None => *it == family,
        })
    }
}

/// Returns the switch that `name=value`, in the environment of a container of this family and
/// repository, throws so that anybody is let in.
#[must_use]
pub fn variable_without_authentication(
    family: &str,
    repository: &str,
    name: &str,
    value: &str,
) -> Option<Switch> {
    let value = value.trim();
    SWITCHES.iter().filter(|it| it.is_for(family, repository)).find_map(|row| match &row.setting {
        Setting::Variable { name: known, values } if *known == name => {
            let fits = |it: &&str| match *it {
                "*" => !value.is_empty(),
                wanted => value.eq_ignore_ascii_case(wanted),
            };
            values.iter().any(fits).then_some(Switch::Variable { name: known })
        }
        _ => None,
    })
}

/// Returns the switch in a command line, given as its words, that lets anybody in, and the index of
/// its first word.
#[must_use]
pub fn option_without_authentication(
    family: &str,
    repository: &str,
    words: &[&str],
) -> Option<(Switch, usize)> {
    SWITCHES.iter().filter(|it| it.is_for(family, repository)).find_map(|row| match row.setting {
        Setting::Option(option) => {
            let wanted: Vec<&str> = option.split(' ').collect();
            let at = words.windows(wanted.len()).position(|it| it == wanted)?;
            Some((Switch::Option { words: option }, at))
        }
        Setting::Variable { .. } => None,
    })
}

/// Returns the variables that fix the name of the node to which a family's data belongs; `None` for
/// families whose data does not depend on it.
#[must_use]
pub fn node_name_variables(family: &str) -> Option<&'static [&'static str]> {
    NODE_NAMED.iter().find(|it| it.0 == family).map(|it| &it.1[..])
}

/// Families whose data belongs to the name of their node.
static NODE_NAMED: LazyLock<Vec<(&str, Vec<&str>)>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/node_named_stores.txt"));
    rows.map(|row| {
        let (family, variables) = row.split_once(" = ").expect("internal error: a malformed row");
        (family, variables.split(' ').collect())
    })
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::families;

    #[test]
    fn variables_that_let_anybody_in() {
        let switch = variable_without_authentication;
        let thrown = |family, repository, name, value| {
            variable_without_authentication(family, repository, name, value).is_some()
        };
        assert_eq!(
            switch("postgres", "postgres", "POSTGRES_HOST_AUTH_METHOD", "trust"),
            Some(Switch::Variable { name: "POSTGRES_HOST_AUTH_METHOD" })
        );
        assert!(thrown("mysql", "mysql", "MYSQL_ALLOW_EMPTY_PASSWORD", "yes"));
        assert!(thrown("mysql", "mysql", "MYSQL_ALLOW_EMPTY_PASSWORD", "no"));
        assert!(thrown("redis", "bitnami/redis", "ALLOW_EMPTY_PASSWORD", "yes"));
        assert!(thrown("elasticsearch", "elasticsearch", "xpack.security.enabled", "False"));
        assert!(!thrown("postgres", "postgres", "POSTGRES_HOST_AUTH_METHOD", "md5"));
        assert!(!thrown("mysql", "mysql", "MYSQL_ALLOW_EMPTY_PASSWORD", ""));
        assert!(!thrown("redis", "redis", "ALLOW_EMPTY_PASSWORD", "yes"));
        assert!(!thrown("redis", "acme/bitnamish", "ALLOW_EMPTY_PASSWORD", "yes"));
        assert!(!thrown("mysql", "mysql", "POSTGRES_HOST_AUTH_METHOD", "trust"));
    }

    #[test]
    fn options_that_let_anybody_in() {
        let at = |family, words: &[&str]| {
            option_without_authentication(family, family, words).map(|it| it.1)
        };
        assert_eq!(at("redis", &["redis-server", "--protected-mode", "no"]), Some(1));
        assert_eq!(at("redis", &["redis-server", "--protected-mode", "yes"]), None);
        assert_eq!(at("cockroachdb", &["start-single-node", "--insecure"]), Some(1));
        assert_eq!(at("mongo", &["--noauth"]), Some(0));
        assert_eq!(at("postgres", &["--noauth"]), None);
    }

    #[test]
    fn stores_that_belong_to_a_node_name() {
        assert!(
            node_name_variables("rabbitmq").is_some_and(|it| it.contains(&"RABBITMQ_NODENAME"))
        );
        assert_eq!(node_name_variables("postgres"), None);
    }

    #[test]
    fn every_family_in_the_tables_is_known() {
        assert!(SWITCHES.len() >= 30);
        let named = NODE_NAMED.iter().map(|it| it.0);
        let switched = SWITCHES.iter().flat_map(|it| it.families.iter().copied());
        for id in named.chain(switched.filter(|it| !it.ends_with('/'))) {
            assert!(families::by_id(id).is_some(), "{id}");
        }
    }
}
