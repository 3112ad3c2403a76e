//! Which volumes of Pods can be renamed: those that only their Pod names.

use super::{Name, Plan};
use crate::model::kubernetes::Object;

/// The lists of a kustomization whose patches may name a volume.
const PATCHES: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

impl Plan<'_> {
    /// Returns the reason why a volume that something beside its Pod names stands in the way: a StatefulSet names its
    /// claims after it, and a patch finds it by its name.
    pub(super) fn volume_of_others(&self) -> Option<String> {
        let Name::PodVolume { .. } = self.name else { return None };
        let analysis = self.snapshot.analysis;
        let built = analysis.targets().iter().flat_map(|it| &it.objects);
        let loose = analysis.facts().objects().iter().copied();
        let is_claim = |object: &&Object| {
            let templates = object.workload().map_or(&[][..], |it| &it.volume_claim_templates);
            let mut names = templates.iter().filter_map(|it| it.meta.name.as_ref());
            names.any(|name| self.occurrences.iter().any(|it| name.span.contains(it.span)))
        };
        if let Some(owner) = built.chain(loose).find(is_claim) {
            return Some(format!(
                "The {} names its claims after the volume `{}`, and with them its data.",
                owner.label(),
                self.old
            ));
        }
        let roots = self.kustomizations().into_iter().flat_map(|file| file.tree.roots().next());
        let patches =
            roots.flat_map(|root| PATCHES.iter().filter_map(move |key| root.get(key))).next()?;
        Some(format!("A patch at {} may name the volume `{}`.", self.at(patches.span()), self.old))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, renamed};

    #[test]
    fn a_volume_changes_where_it_is_mounted() {
        let text = "=== app.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  volumes: [{name: ca<>che, emptyDir: {}}]
  initContainers:
    - {name: init, image: 'acme/web:1', volumeMounts: [{name: cache, mountPath: /a}]}
  containers:
    - {name: web, image: 'acme/web:1', volumeMounts: [{name: 'cache', mountPath: /b}]}
";
        assert_eq!(
            renamed(text, "scratch"),
            [
                "volumes: [{name: scratch, emptyDir: {}}]",
                "- {name: init, image: 'acme/web:1', volumeMounts: [{name: scratch, mountPath: /a}]}",
                "- {name: web, image: 'acme/web:1', volumeMounts: [{name: 'scratch', mountPath: /b}]}",
            ]
        );
        assert!(refused(text, "My_Cache").contains("is not a valid name for a volume"));
    }

    #[test]
    fn a_volume_with_claims_of_its_name_is_refused() {
        let text = "=== app.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  template: {spec: {containers: [{name: db, image: 'acme/db:1', volumeMounts: [{name: da<>ta, mountPath: /a}]}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]
";
        let reason = "The StatefulSet `db` names its claims after the volume `data`, and with them its data.";
        assert_eq!(refused(text, "x"), reason);
    }
}
