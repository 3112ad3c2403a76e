//! The files of a project on disk: which names belong to an analysis, walking folders, reading and
//! decoding. The command and the language server share this crate, so that both see the same
//! project; the core itself never opens a file.

mod boundary;
mod env_files;
mod ignored;
mod left_out;
mod names;
mod read;
mod scripts;
mod walk;

pub use boundary::{repository, stays_inside};
pub use env_files::env_file_paths;
pub use ignored::Ignored;
pub use left_out::{LeftOut, Why};
pub use names::{
    belongs, is_build_file, is_config, is_env, is_left_out, is_outside_walk, is_pipeline,
    nearest_config, own_config,
};
pub use read::{Loaded, load, load_from};
pub use scripts::{is_script, scripts_named_by};
pub use walk::{Unreadable, Walk, holds_objects, walk, walk_except};

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
