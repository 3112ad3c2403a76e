//! Commands that ask about a container that runs, whatever programs its image has.

use super::{Facts, Site, Unit};
use crate::model::kubernetes::WorkloadKind;
use crate::text::{in_shell, quoted};

impl<'a> Facts<'a> {
    /// Returns the command that shows the environment of a unit, also where its image has no `printenv`.
    pub fn show_environment(&self, unit: &Unit<'a>) -> String {
        self.exec_or_inspect(unit, "printenv")
    }

    /// Returns the command that shows one variable of a unit, also where its image has no `printenv`.
    pub fn show_variable(&self, unit: &Unit<'a>, name: &str) -> String {
        self.exec_or_inspect(unit, &format!("printenv {}", in_shell(name)))
    }

    /// Returns the command that shows the ports on which a unit listens, with the tools of another image.
    pub fn show_listeners(&self, unit: &Unit<'a>) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", in_shell(service.name)));
                format!("docker run --rm --network container:$({id}) busybox netstat -ltn")
            }
            Site::Container(at, _) => {
                let workload = &self.workloads()[at];
                let (flag, pods) =
                    (workload.namespace_flag(), workload.pods("get pods", "-o name"));
                format!(
                    "kubectl debug -it{flag} $({pods} | head -n 1) --image=busybox --target={} -- netstat -ltn",
                    in_shell(unit.name)
                )
            }
        }
    }

    /// Returns the command that lists what a unit mounts.
    pub fn show_mounts(&self, unit: &Unit<'_>) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", in_shell(service.name)));
                format!("docker inspect --format '{{{{json .Mounts}}}}' $({id})")
            }
            Site::Container(at, _) => {
                let workload = &self.workloads()[at];
                // The claims of a StatefulSet are volumes of its Pods alone.
                if workload.kind() == WorkloadKind::StatefulSet {
                    return workload.pods("get pods", "-o jsonpath='{..volumes}'");
                }
                let (reference, flag) = (workload.reference(), workload.namespace_flag());
                format!("kubectl get {reference}{flag} -o jsonpath='{{..volumes}}'")
            }
        }
    }

    /// Returns the command that asks whether a host name resolves where a unit runs.
    pub fn resolve(&self, unit: &Unit<'a>, host: &str) -> String {
        if !self.lacks_shell(unit) {
            return self.exec(unit, &format!("getent hosts {}", in_shell(host)));
        }
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", in_shell(service.name)));
                format!(
                    "docker run --rm --network container:$({id}) busybox nslookup {}",
                    in_shell(host)
                )
            }
            Site::Container(at, _) => {
                let flag = self.workloads()[at].namespace_flag();
                format!(
                    "kubectl run dns-check --rm -i --restart=Never --image=busybox{flag} -- nslookup {}",
                    in_shell(host)
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
                let id = self.compose(service, &format!("ps -q {}", in_shell(service.name)));
                format!("docker inspect -f '{{{{json .Config.Env}}}}' $({id})")
            }
            Site::Container(at, _) => {
                let workload = &self.workloads()[at];
                let (reference, flag) = (workload.reference(), workload.namespace_flag());
                let container = format!("{{..containers[?(@.name==\"{}\")].env}}", unit.name);
                format!("kubectl get {reference}{flag} -o jsonpath={}", quoted(&container))
            }
        }
    }

    /// Returns the command that connects to a port of a host from where a unit runs.
    pub fn connect(&self, unit: &Unit<'a>, host: &str, port: impl std::fmt::Display) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services()[at];
                let id = self.compose(service, &format!("ps -q {}", in_shell(service.name)));
                format!(
                    "docker run --rm --network container:$({id}) busybox nc -zvw3 {} {port}",
                    in_shell(host)
                )
            }
            Site::Container(at, _) => {
                let flag = self.workloads()[at].namespace_flag();
                format!(
                    "kubectl run port-check --rm -i --restart=Never --image=busybox{flag} -- nc -zvw3 {} {port}",
                    in_shell(host)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::workspace::Workspace;

    /// Returns the commands about the only container of a file.
    fn commands(text: &str) -> [String; 3] {
        let mut workspace = Workspace::default();
        workspace.set("a.yaml", text);
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let unit = facts.units().next().expect("a container");
        [facts.show_variable(unit, "A"), facts.resolve(unit, "db"), facts.connect(unit, "db", 5432)]
    }

    #[test]
    fn an_image_without_a_shell_is_asked_from_outside() {
        let pod = |image: &str| {
            commands(&format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: default}}\nspec: {{containers: [{{name: c, image: '{image}'}}]}}\n"
            ))
        };
        let connect = "kubectl run port-check --rm -i --restart=Never --image=busybox -n default -- nc -zvw3 db 5432";
        assert_eq!(
            pod("python:3.13"),
            [
                "kubectl exec -n default pod/p -c c -- printenv A",
                "kubectl exec -n default pod/p -c c -- getent hosts db",
                connect,
            ]
        );
        assert_eq!(
            pod("gcr.io/distroless/static-debian12:latest"),
            [
                "kubectl get pod/p -n default -o jsonpath='{..containers[?(@.name==\"c\")].env}'",
                "kubectl run dns-check --rm -i --restart=Never --image=busybox -n default -- nslookup db",
                connect,
            ]
        );
    }
}
