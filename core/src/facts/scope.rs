//! What is started together: a Compose project, a target, or the manifests of one folder. Rules fold what
//! has one cause within such a scope.

use super::{Facts, Site, Unit};
use crate::model::BuiltTarget;
use crate::report::TargetKind;
use crate::text::{FileId, folder_of};

/// What a unit is started together with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Together<'a> {
    /// The index of a Compose project.
    Project(usize),
    /// The name of a target.
    Target(&'a str),
    /// A folder of manifests.
    Folder(&'a str),
}

/// What a person changes in one go.
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

    /// Returns the command that shows the environment of a unit, also where its image has no `printenv`.
    pub fn show_environment(&self, unit: &Unit<'a>) -> String {
        self.exec_or_inspect(unit, "printenv")
    }

    /// Returns the command that shows one variable of a unit, also where its image has no `printenv`.
    pub fn show_variable(&self, unit: &Unit<'a>, name: &str) -> String {
        self.exec_or_inspect(unit, &format!("printenv {name}"))
    }

    /// Returns the command that shows the ports on which a unit listens, with the tools of another image.
    pub fn show_listeners(&self, unit: &Unit<'a>) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", service.name));
                format!("docker run --rm --network container:$({id}) busybox netstat -ltn")
            }
            Site::Container(at, _) => {
                let workload = &self.workloads()[at];
                let (flag, pods) =
                    (workload.namespace_flag(), workload.pods("get pods", "-o name"));
                format!(
                    "kubectl debug -it{flag} $({pods} | head -n 1) --image=busybox --target={} -- netstat -ltn",
                    unit.name
                )
            }
        }
    }

    /// Returns the command that asks whether a host name resolves where a unit runs.
    pub fn resolve(&self, unit: &Unit<'a>, host: &str) -> String {
        if !self.lacks_shell(unit) {
            return self.exec(unit, &format!("getent hosts {host}"));
        }
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", service.name));
                format!("docker run --rm --network container:$({id}) busybox nslookup {host}")
            }
            Site::Container(at, _) => {
                let flag = self.workloads()[at].namespace_flag();
                format!(
                    "kubectl run dns-check --rm -i --restart=Never --image=busybox{flag} -- nslookup {host}"
                )
            }
        }
    }

    /// Returns the command that runs another one in a unit. An image without a shell has no other programs
    /// either: there, Docker or the API server is asked for what the container was given.
    fn exec_or_inspect(&self, unit: &Unit<'a>, command: &str) -> String {
        if !self.lacks_shell(unit) {
            return self.exec(unit, command);
        }
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", service.name));
                format!("docker inspect -f '{{{{json .Config.Env}}}}' $({id})")
            }
            Site::Container(at, _) => {
                let workload = &self.workloads()[at];
                let (reference, flag) = (workload.reference(), workload.namespace_flag());
                let container = format!("{{..containers[?(@.name==\"{}\")].env}}", unit.name);
                format!("kubectl get {reference}{flag} -o jsonpath='{container}'")
            }
        }
    }

    /// Returns the command that runs another one in a unit.
    pub fn exec(&self, unit: &Unit<'a>, command: &str) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                self.compose(service, &format!("exec {} {command}", service.name))
            }
            Site::Container(workload, _) => self.workloads()[workload].exec(unit, command),
        }
    }
}
