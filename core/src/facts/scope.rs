//! What is started together: a Compose project, a target, or the manifests of one folder. Rules fold what
//! has one cause within such a scope.

use super::{Facts, Site, Unit};
use crate::model::BuiltTarget;
use crate::report::TargetKind;
use crate::text::{FileId, folder_of, in_shell};

/// Group of units that are started together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Together<'a> {
    /// The index of a Compose project.
    Project(usize),
    /// The name of a target.
    Target(&'a str),
    /// A folder of manifests.
    Folder(&'a str),
}

/// Group of files that a person changes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// The index of a Compose project.
    Project(usize),
    /// The index of a target.
    Target(usize),
    /// The manifests of one application, by its part of the project.
    Manifests(usize),
}

impl<'a> Facts<'a> {
    /// Returns what a unit is changed together with, where a setting is repeated in many files.
    pub fn changed_with(&self, unit: &Unit<'a>) -> Change {
        let workload = match unit.site {
            Site::Service(at) => return Change::Project(self.services()[at].project_index),
            Site::Container(workload, _) => &self.workloads()[workload],
        };
        let file = workload.object.file;
        match self.target_of(file) {
            Some(target) => Change::Target(target),
            None => Change::Manifests(self.part_of(file)),
        }
    }

    /// Returns the target among those looked at that a file was built into.
    pub fn built_target(&self, file: FileId) -> Option<&'a BuiltTarget> {
        match (self.sets.target(file), self.chosen.as_slice()) {
            (Some(at), _) => Some(&self.all_targets[at]),
            // The facts over one variant of a target are about that target alone.
            (None, [only]) => Some(&*self.all_targets[*only]).filter(|it| it.has_source(file)),
            (None, _) => None,
        }
    }

    /// Returns what a unit is started together with.
    pub fn started_with(&self, unit: &Unit<'a>) -> Together<'a> {
        let workload = match unit.site {
            Site::Service(at) => return Together::Project(self.services()[at].project_index),
            Site::Container(workload, _) => &self.workloads()[workload],
        };
        let file = workload.object.file;
        match self.built_target(file) {
            Some(target) => Together::Target(&target.target.name),
            None => Together::Folder(folder_of(&self.files[file.index()].file.path)),
        }
    }

    /// Whether a file reaches the cluster through Kustomize, which reads the words of YAML 1.1 (`no`, `on`)
    /// as strings and quotes them.
    pub fn is_kustomized(&self, file: FileId) -> bool {
        self.built_target(file).is_some_and(|it| it.target.kind == TargetKind::Kustomization)
    }

    /// Returns the command that runs another one in a unit.
    pub fn exec(&self, unit: &Unit<'a>, command: &str) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                self.compose(service, &format!("exec {} {command}", in_shell(service.name)))
            }
            Site::Container(workload, _) => self.workloads()[workload].exec(unit, command),
        }
    }
}
