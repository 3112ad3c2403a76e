//! Findings that say one thing several times, made into one.

use super::may_be_unbuilt;
use super::place::place_in_target;
use crate::facts::Facts;
use crate::report::{Edit, Finding, Other};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// Findings over several variants of a target: what they say alike at the same place, but for the names
/// of their objects, is one finding that names the variants.
pub(super) struct Folded {
    pub findings: Vec<Finding>,
    /// Index of the first finding of a rule at a place with these words.
    known: FxHashMap<(&'static str, Span, String), usize>,
}

impl Folded {
    pub(super) fn new(findings: Vec<Finding>) -> Folded {
        let mut folded = Folded { findings: Vec::new(), known: FxHashMap::default() };
        for finding in findings {
            folded.push(finding);
        }
        folded
    }

    fn push(&mut self, finding: Finding) {
        let key = (finding.code, finding.span, without_names(&finding));
        self.known.entry(key).or_insert(self.findings.len());
        self.findings.push(finding);
    }

    /// Adds the findings on one variant.
    pub(super) fn add(&mut self, found: Vec<Finding>, facts: &Facts<'_>) {
        let Some(target) = facts.targets().next() else { return };
        let before = self.findings.len();
        let said = found.into_iter().filter(|finding| !may_be_unbuilt(finding, target));
        for mut finding in said {
            match self.known.get(&(finding.code, finding.span, without_names(&finding))) {
                // A rule may say several things at one place of this variant.
                Some(at) if *at < before => {
                    let known = &mut self.findings[*at];
                    let names = &mut known.targets;
                    if !names.is_empty() && names.last() != Some(&target.target.name) {
                        names.push(target.target.name.clone());
                    }
                    add_places(known, finding);
                }
                _ => {
                    place_in_target(&mut finding, target, facts);
                    self.push(finding);
                }
            }
        }
    }
}

/// Adds the places that a finding stands for in one variant only.
fn add_places(known: &mut Finding, finding: Finding) {
    let is_new = |it: &Other| {
        it.span != known.span && known.others.iter().all(|other| other.span != it.span)
    };
    let what = |other: Other| {
        let related = finding.related.iter().find(|it| it.span == other.span);
        let message = related.map_or("the same here", |it| &it.message).to_owned();
        (other, message)
    };
    let new = finding.others.iter().filter(|it| is_new(it)).cloned().map(what).collect();
    known.stands_for_others(new);
}

/// Returns the message of a finding without the kind and the names of its object: overlays may change both, and the
/// findings on two variants are the same where the rest of their messages is equal. The name of an object stands
/// behind its kind, as in "Deployment `web`"; the names of containers are kept.
pub(super) fn without_names(finding: &Finding) -> String {
    let object = finding.subject.split(',').next().unwrap_or_default();
    let names = object.split_once(' ').map_or("", |(_, names)| names);
    let mut message = String::new();
    for (at, part) in finding.message_for_one().split('`').enumerate() {
        let is_quoted = at % 2 == 1;
        let before = message.trim_end().rsplit(' ').next().unwrap_or_default();
        let is_name = before == "namespace" || before.starts_with(char::is_uppercase);
        if !is_quoted || !is_name || !names.split('/').any(|name| name == part) {
            message.push_str(part);
        } else {
            // An overlay may change the kind as well, so that it goes with the name.
            let length = message.trim_end().len() - before.len();
            message.truncate(length);
        }
    }
    message
}

/// Pairs of rules that report one mistake. Where both report the same place, the finding of the first rule is dropped.
pub(super) const ECHOES: [(&str, &str); 3] = [
    // PLM910 says that the folder of an Application does not exist; PLM005, that nothing was built from it.
    ("PLM005", "PLM910"),
    // PLM801 says that the tag of an image moves; PLM907, that a template fixes this tag for every environment.
    ("PLM907", "PLM801"),
    // PLM812 says that a version is not maintained any more; PLM313, that the other side runs another version. Both
    // sides need a newer one. PLM313 marks only the tag of a database of another major version, so that its
    // finding has a place of its own and stays.
    ("PLM313", "PLM812"),
];

/// Pairs of rules of which people accept one and not the other, so that the first is dropped where both are left.
pub(super) const COMPANIONS: [(&str, &str); 1] = [
    // PLM711 says that all replicas may fail with one node; PLM712, that they may go with one that is drained. Both
    // are about what a number of replicas alone does not give.
    ("PLM712", "PLM711"),
];

/// Drops each finding that repeats another one at the same place. The places related to it move to the finding that
/// stays, the first of them with the message of the dropped finding.
pub(super) fn drop_echoes(findings: &mut Vec<Finding>, pairs: &[(&str, &str)]) {
    let places: FxHashMap<(&str, Span), usize> =
        findings.iter().enumerate().map(|(at, it)| ((it.code, it.span), at)).collect();
    let repeated = |finding: &Finding| {
        let code = pairs.iter().find(|(echo, _)| *echo == finding.code)?.1;
        let at = *places.get(&(code, finding.span))?;
        (findings[at].severity <= finding.severity).then_some(at)
    };
    let echoes: Vec<(usize, usize)> =
        findings.iter().enumerate().filter_map(|(at, it)| Some((at, repeated(it)?))).collect();
    for (echo, repeated) in &echoes {
        let Finding { message, mut related, .. } = findings[*echo].clone();
        if let Some(first) = related.first_mut() {
            first.message = message;
        }
        for related in related {
            findings[*repeated].also(&related.span, related.message);
        }
    }
    let echoes: FxHashSet<usize> = echoes.into_iter().map(|(echo, _)| echo).collect();
    let mut at = 0;
    findings.retain(|_| {
        at += 1;
        !echoes.contains(&(at - 1))
    });
}

/// Adds the edits of a finding to those of the same finding in another project, which shares the place: an
/// `.env` file, say. Each project has its own file to edit.
pub(super) fn join_fixes(kept: &mut Finding, other: &Finding) {
    for (fix, more) in kept.fixes.iter_mut().zip(&other.fixes) {
        let is_apart = |new: &Edit| fix.edits.iter().all(|edit| edit.span.file != new.span.file);
        if fix.title == more.title && fix.safety == more.safety && more.edits.iter().all(is_apart) {
            fix.edits.extend(more.edits.iter().cloned());
            fix.edits.sort_by_key(|edit| edit.span);
        }
    }
}

/// Makes one finding of those that a rule has at one place about several objects, which share it through an
/// anchor or a template. Findings are sorted by place.
pub(super) fn fold_shared_places(findings: &mut Vec<Finding>) {
    let mut folded: Vec<Finding> = Vec::with_capacity(findings.len());
    // Whether the last one stands for the others at its place.
    let mut is_shared = false;
    for finding in findings.drain(..) {
        match folded.last_mut() {
            Some(first)
                if first.code == finding.code
                    && first.span == finding.span
                    && first.severity == finding.severity
                    && first.subject != finding.subject
                    && first.targets == finding.targets
                    && (is_shared || first.more == 0) =>
            {
                is_shared = true;
                let Finding { span, subject, key_path, .. } = finding;
                let here = Other { span, subject, key_path };
                first.stands_for_others(vec![(here, String::new())]);
            }
            _ => {
                is_shared = false;
                folded.push(finding);
            }
        }
    }
    *findings = folded;
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;
    use super::*;
    use crate::config::Config;
    use crate::report::Report;
    use crate::{Options, Workspace};

    #[test]
    fn an_object_of_another_kind_says_the_same() {
        let message = |kind: &str| {
            let message = format!("container `web` of {kind} `shop` requests no memory");
            without_names(&said(&format!("{kind} shop, container web"), &message))
        };
        assert_eq!(message("Deployment"), message("StatefulSet"));
        let other = said(
            "Deployment shop, container api",
            "container `api` of Deployment `shop` requests no memory",
        );
        assert_ne!(message("Deployment"), without_names(&other));
    }

    fn chart(templates: &str) -> Report {
        let mut workspace = Workspace::default();
        workspace.set("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
        workspace.set("shop/values.yaml", "tag: latest\n");
        workspace.set("shop/templates/all.yaml", templates);
        let options = Options { select: vec!["PLM801".to_owned()], ..Options::default() };
        workspace.analysis(&Config::default()).report(&options)
    }

    #[test]
    fn images_with_one_tag_from_the_values_are_one_finding() {
        let pod = |name: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n    - name: {name}\n      image: \"acme/{name}:{{{{ .Values.tag }}}}\"\n"
            )
        };
        let one = chart(&pod("a"));
        assert_eq!(one.findings.len(), 1);
        assert_ne!(one.findings[0].related.len(), 0);
        let three = chart(&["a", "b", "c"].map(pod).concat());
        assert_eq!(three.findings.len(), 1, "{:?}", three.findings);
        let finding = &three.findings[0];
        let rest = " (and 2 more like it, also in `shop/templates/all.yaml`)";
        assert!(finding.message.ends_with(rest), "{}", finding.message);
        assert_eq!(finding.subject, "Pod a, container a");
        let file = &three.files[finding.span.file.index()];
        assert_eq!(&*file.file.path, "shop/values.yaml");
        assert_eq!(finding.related.len(), 3);
    }

    #[test]
    fn what_only_a_second_variant_has_is_kept() {
        let check = |eu: &str| {
            let mut workspace = Workspace::default();
            workspace.set("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
            workspace.set("shop/values.yaml", "batch: false\n");
            workspace.set("shop/values-eu.yaml", eu);
            let deployment = |name: &str| {
                format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: {name}, image: 'acme/{name}:1'}}]}}}}}}\n"
                )
            };
            let text = format!(
                "{}{{{{- if .Values.batch }}}}\n---\n{}{{{{- end }}}}\n",
                deployment("web"),
                deployment("worker")
            );
            workspace.set("shop/templates/all.yaml", text);
            let options = Options { select: vec!["PLM606".to_owned()], ..Options::default() };
            workspace.analysis(&Config::default()).report(&options).findings
        };
        let found = check("batch: true\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.ends_with(" (and 1 more like it)"), "{}", found[0].message);
        assert!(found[0].related.iter().any(|it| it.message.contains("`worker`")));
        let found = check("batch: false\n");
        assert_eq!((found.len(), found[0].more), (1, 0));
    }

    #[test]
    fn an_echo_of_another_finding_is_dropped() {
        let mut findings = vec![said("", "the tag of `a:latest` moves")];
        findings.push(Finding { code: "PLM907", ..findings[0].clone() });
        findings.push(Finding { code: "PLM005", ..findings[0].clone() });
        drop_echoes(&mut findings, &ECHOES);
        assert_eq!(findings.iter().map(|it| it.code).collect::<Vec<_>>(), ["PLM801", "PLM005"]);
    }

    #[test]
    fn what_a_number_of_replicas_does_not_give_is_one_finding() {
        let found = |pod: &str, comment: &str| {
            let mut workspace = Workspace::default();
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 3 {comment}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{{pod}containers: [{{name: web, image: 'acme/web:1', ports: [{{containerPort: 80}}]}}]}}\n"
            );
            workspace.set("web.yaml", text);
            let select = ["PLM711", "PLM712", "PLM006"].map(str::to_owned).to_vec();
            let options = Options { select, ..Options::default() };
            workspace.analysis(&Config::default()).report(&options).findings
        };
        let both = found("", "");
        assert_eq!(both.iter().map(|it| it.code).collect::<Vec<_>>(), ["PLM711"]);
        let related = &both[0].related;
        assert!(related[0].message.contains("no PodDisruptionBudget"), "{related:?}");
        let spread = "topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname}], ";
        for (pod, comment, left) in [
            (spread, "", &["PLM712"][..]),
            ("", "# plimsoll: ignore PLM711", &["PLM712"]),
            ("", "# plimsoll: ignore PLM712", &["PLM711"]),
            ("", "# plimsoll: ignore PLM711, PLM712", &[]),
        ] {
            let found = found(pod, comment);
            assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), left, "{comment}");
        }
    }

    #[test]
    fn an_old_version_that_differs_is_one_finding() {
        let mut workspace = Workspace::default();
        workspace.set(
            "compose.yaml",
            "services: {queue: {image: 'redis:5.0', volumes: ['d:/d']}}\nvolumes: {d: {}}\n",
        );
        workspace.set(
            "k8s/queue.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: queue}\nspec: {containers: [{name: queue, image: 'redis:7.2'}]}\n",
        );
        let select = ["PLM313", "PLM812"].map(str::to_owned).to_vec();
        let options = Options { select, ..Options::default() };
        let report = workspace.analysis(&Config::default()).report(&options);
        let codes: Vec<&str> = report.findings.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["PLM812"]);
        // The end of life says nothing of the version on the other side.
        let related = &report.findings[0].related;
        assert!(related[0].message.contains("runs `redis:7.2`"), "{related:?}");
    }
}
