//! The files of a project on disk: which names belong to an analysis, walking folders, reading and
//! decoding. The command and the language server share this crate, so that both see the same
//! project; the core itself never opens a file.

mod names;
mod read;
mod walk;

pub use names::{belongs, is_config, is_outside_walk, nearest_config};
pub use read::{Loaded, load, load_from};
pub use walk::{Unreadable, Walk, walk};

#[cfg(test)]
mod testing {
    use std::fs;

    /// A temporary folder that holds these files, each with a line of YAML.
    pub fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x: 1\n").unwrap();
        }
        root
    }
}
