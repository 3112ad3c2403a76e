//! The first stage: one file, read by itself. The result is owned, so that it can be cached, computed on
//! another thread, or computed elsewhere and handed in.

use super::directives::{self, Directives};
use super::{detect, kubernetes};
use crate::report::Kind;
use crate::syntax::{self, Problem, Tree};
use crate::text::{File, FileId, LineIndex, Span};
use std::ops::Range;

/// The contents of one file, read without any other file.
#[derive(Debug)]
pub struct FileModel {
    pub id: FileId,
    pub file: File,
    pub lines: LineIndex,
    pub kind: Kind,
    /// The tree; empty for a file that is not YAML.
    pub tree: Tree,
    /// The problems with the text.
    pub problems: Vec<Problem>,
    /// Kubernetes objects, in the order of the text.
    pub objects: Vec<kubernetes::Object>,
    pub directives: Directives,
    /// Whether the configuration excludes the file, so that it counts as empty.
    pub is_excluded: bool,
    /// Whether the file is only known from outside, because another application of the project is looked at.
    pub is_neighbour: bool,
}

impl FileModel {
    /// Reads a file. `edited` is the range of the last change of its text, if somebody is typing.
    pub fn read(id: FileId, file: File, edited: Option<Range<usize>>) -> FileModel {
        let lines = LineIndex::new(&file.text);
        let mut model = FileModel {
            id,
            lines,
            kind: detect::by_name(&file.path),
            tree: Tree::default(),
            problems: Vec::new(),
            objects: Vec::new(),
            directives: Directives::default(),
            is_excluded: false,
            is_neighbour: false,
            file,
        };
        if !detect::may_be_yaml(&model.file.path) {
            model.directives = directives::read(&model);
            return model;
        }
        (model.tree, model.problems) = syntax::parse(id, &model.file.text, edited);
        model.kind = detect::detect(&model.file.path, &model.file.text, &model.tree, &[]);
        if model.kind == Kind::Template {
            // The cluster gets what the template renders, not what it looks like.
            model.tree = Tree::default();
            model.problems.clear();
            model.directives = directives::read(&model);
            return model;
        }
        let (objects, problems) = kubernetes::objects(&model.tree);
        model.objects = objects;
        model.problems.extend(problems);
        model.directives = directives::read(&model);
        model
    }

    /// Returns an empty file in the place of one that is not to be read.
    pub fn excluded(file: &FileModel) -> FileModel {
        let empty = File::new(&*file.file.path, "");
        FileModel {
            id: file.id,
            lines: LineIndex::new(&empty.text),
            kind: Kind::Unknown,
            tree: Tree::default(),
            problems: Vec::new(),
            objects: Vec::new(),
            directives: Directives::default(),
            is_excluded: true,
            is_neighbour: false,
            file: empty,
        }
    }

    /// Returns what the other applications of a project see of a file: its path and its kind, and the
    /// text of what they may read.
    pub fn as_neighbour(&self) -> FileModel {
        let file = match self.may_be_read_from_anywhere() {
            true => self.file.clone(),
            false => File::new(&*self.file.path, ""),
        };
        FileModel {
            lines: LineIndex::new(&file.text),
            file,
            kind: self.kind,
            is_excluded: self.is_excluded,
            is_neighbour: true,
            ..FileModel::excluded(self)
        }
    }

    /// Whether any application of the project may read the file, as a Compose file reads a Dockerfile.
    pub fn may_be_read_from_anywhere(&self) -> bool {
        match self.kind {
            Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => true,
            Kind::Compose
            | Kind::Kubernetes
            | Kind::Kustomization
            | Kind::Chart
            | Kind::Values
            | Kind::Template
            | Kind::ArgoCd => false,
        }
    }

    pub fn path(&self) -> &str {
        &self.file.path
    }

    pub fn text(&self) -> &str {
        &self.file.text
    }

    /// Returns the text of a span of the file.
    pub fn written(&self, span: &Span) -> &str {
        self.text().get(span.range()).unwrap_or_default()
    }

    /// Returns the text of a span of the file without quotes around it.
    pub fn unquoted(&self, span: &Span) -> &str {
        self.written(span).trim_matches(['"', '\''])
    }
}
