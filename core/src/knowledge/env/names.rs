//! Names of files that set environment variables, and of examples to be copied.

/// Endings that make `.env.d.ts` or `env.py` a program, and `env.yaml` or `env.md` another kind of text.
const OTHER_ENDINGS: &[&str] = &[
    "ts", "js", "mjs", "cjs", "tsx", "jsx", "py", "sh", "rb", "go", "rs", "php", "java", "kt", "c",
    "h", "css", "html", "md", "yaml", "yml", "json", "toml", "xml", "ini", "conf", "lock",
];

/// Words that mark a file as an example to be copied.
const EXAMPLE_WORDS: &[&str] = &["example", "sample", "template", "dist", "tpl", "tmpl", "default"];

/// Endings of templates that a tool fills in, beside [`EXAMPLE_WORDS`].
const FILLED_IN: &[&str] = &["in", "j2"];

/// Whether a file of this name sets environment variables: `.env`, `.env.local`, `.env-sample`, `app.env`,
/// `env.example`; not `.env.d.ts`.
#[must_use]
pub fn is_env_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.rsplit_once('.').is_some_and(|(_, ending)| OTHER_ENDINGS.contains(&ending)) {
        return false;
    }
    if lower.ends_with(".env") || lower.contains(".env.") || lower.starts_with("env.") {
        return true;
    }
    let hidden = lower.starts_with(".env-") || lower.starts_with(".env_");
    let plain = lower.starts_with("env-") || lower.starts_with("env_");
    let last = lower.ends_with("_env") || lower.ends_with("-env");
    hidden || (plain || last) && is_example(&lower)
}

/// Returns the paths at which a template of a file may lie beside it: `app.yaml.example`, `app.example.yaml`.
pub fn template_paths(path: &str) -> impl Iterator<Item = String> + '_ {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    let words = EXAMPLE_WORDS.iter().chain(FILLED_IN);
    words.flat_map(move |word| [format!("{path}.{word}"), format!("{stem}.{word}.{extension}")])
}

/// Whether a file of this name is an example to be copied: `.env.example`, `compose.override.yaml.sample`.
#[must_use]
pub fn is_example(name: &str) -> bool {
    words(name).any(|word| EXAMPLE_WORDS.contains(&word.as_str()))
}

/// Whether a file is an example of another one in the same folder, by their names: `.env-sample` and
/// `example.env` of `.env`, `web.env.dist` of `web.env`.
#[must_use]
pub fn is_example_of(example: &str, name: &str) -> bool {
    let kept = |name| words(name).filter(|word| !EXAMPLE_WORDS.contains(&word.as_str()));
    is_example(example) && kept(example).eq(kept(name))
}

/// Returns the example of an env file among the paths beside it: `.env.example` for `.env`, or else one that has
/// the whole name in its own.
#[must_use]
pub fn example_of<'p>(path: &str, beside: &[&'p str]) -> Option<&'p str> {
    let name = file_name(path);
    let stem = name.trim_start_matches('.');
    let is_exact = |it: &&&str| is_example_of(file_name(it), name);
    let is_near = |it: &&&str| is_example(file_name(it)) && file_name(it).contains(stem);
    beside.iter().find(is_exact).or_else(|| beside.iter().find(is_near)).copied()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the words of a file's name in lower case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let parts = name.split(['.', '-', '_']).filter(|it| !it.is_empty());
    parts.map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_have_many_names() {
        for name in [
            ".env",
            ".env.example",
            ".env.production",
            ".env-sample",
            ".env_sample",
            "env.example",
            "env-example",
            "example.env",
            "db.env",
            "db.env.dist",
            "app.env.tmpl",
            "default_env",
            "sample-env",
        ] {
            assert!(is_env_file(name), "{name}");
        }
        for name in [
            ".env.d.ts",
            "env.py",
            "env.yaml",
            "env-setup",
            "create_env",
            "environment",
            ".envrc",
            "env",
        ] {
            assert!(!is_env_file(name), "{name}");
        }
    }

    #[test]
    fn an_example_belongs_to_the_file_that_is_called_like_it() {
        for name in [".env.example", "env.example", "example.env", ".env-sample", ".env.dist"] {
            assert!(is_example_of(name, ".env"), "{name}");
            assert!(!is_example_of(name, "web.env"), "{name}");
        }
        assert!(is_example_of("web.env.sample", "web.env"));
        assert!(
            is_example_of("aleph.env.tmpl", "aleph.env") && is_example_of("default_env", ".env")
        );
        assert!(!is_example_of(".env", ".env") && !is_example_of("web.env", ".env"));
    }

    #[test]
    fn a_template_lies_beside_what_is_made_of_it() {
        let paths: Vec<String> = template_paths("conf/app.yaml").collect();
        for path in [
            "conf/app.yaml.example",
            "conf/app.dist.yaml",
            "conf/app.yaml.tmpl",
            "conf/app.yaml.j2",
        ] {
            assert!(paths.iter().any(|it| it == path), "{path}");
        }
        assert!(!paths.iter().any(|it| it == "conf/app.yaml"));
    }

    #[test]
    fn an_example_is_found_among_the_files_beside() {
        let beside = ["k/.env_sample", "k/web.yaml", "k/.secrets.example"];
        assert_eq!(example_of("k/.env", &beside), Some("k/.env_sample"));
        assert_eq!(example_of("k/.secrets", &beside), Some("k/.secrets.example"));
        assert_eq!(example_of("k/mail.env", &beside), None);
    }
}
