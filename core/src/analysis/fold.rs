//! Findings that say one thing several times, made into one.

use super::may_be_unbuilt;
use super::place::place_in_target;
use crate::facts::Facts;
use crate::report::{Edit, Finding, Kind, Other, Related};
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

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
                    let names = &mut self.findings[*at].targets;
                    if !names.is_empty() && names.last() != Some(&target.target.name) {
                        names.push(target.target.name.clone());
                    }
                }
                _ => {
                    place_in_target(&mut finding, target, facts);
                    self.push(finding);
                }
            }
        }
    }
}

/// Returns the message of a finding without the kind and the names of its object, which overlays change:
/// what is left says the same about each variant or something else. A name stands behind its kind, as in
/// "Deployment `web`"; a container keeps its name.
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
            // An overlay may make another kind of an object too.
            let length = message.trim_end().len() - before.len();
            message.truncate(length);
        }
    }
    message
}

/// Joins the findings on images whose tag is one value of a chart: that value is what a person changes.
pub(super) fn one_for_each_tag(findings: Vec<Finding>, facts: &Facts<'_>) -> Vec<Finding> {
    let mut joined: IndexMap<Span, Vec<Finding>, FxBuildHasher> = IndexMap::default();
    let mut all = Vec::new();
    for finding in findings {
        match tag_value(&finding, facts) {
            Some(value) => joined.entry(value).or_default().push(finding),
            None => all.push(finding),
        }
    }
    for (value, mut findings) in joined {
        if findings.len() == 1 {
            all.append(&mut findings);
            continue;
        }
        let others = findings.split_off(1);
        for mut first in findings {
            let template = std::mem::replace(&mut first.span, value);
            first.related.retain(|related| related.span != value);
            first.also(&template, "the image is put together here");
            let others: Vec<(Span, String)> = others
                .iter()
                .map(|other| (other.span, "this image has the tag too".to_owned()))
                .collect();
            first.stands_for(&others);
            all.push(first);
        }
    }
    all
}

/// Returns the value of a chart that a finding names as the tag of an image.
fn tag_value(finding: &Finding, facts: &Facts<'_>) -> Option<Span> {
    if finding.code != "PLM801" {
        return None;
    }
    let words = finding.message.split('`').nth(1)?;
    let (_, tag) = words.rsplit_once(':')?;
    let is_tag = |span: &Span| {
        facts.file(span.file).kind == Kind::Values
            && facts.written(span).trim_matches(['"', '\'']) == tag
    };
    finding.related.iter().map(|related| related.span).find(is_tag)
}

/// Rules that say at a place what another rule says there as well, each with that other rule.
const ECHOES: [(&str, &str); 3] = [
    // A folder that is not there, and what is therefore not known.
    ("PLM005", "PLM910"),
    // The tag of an image that is the same in every environment, and moves.
    ("PLM907", "PLM801"),
    // A version that differs from the other side's, and is not maintained any more: both sides have to move.
    ("PLM313", "PLM812"),
];

/// Drops the findings that only repeat another one at the same place, which gets their related places.
pub(super) fn drop_echoes(findings: &mut Vec<Finding>) {
    let places: FxHashMap<(&str, Span), usize> =
        findings.iter().enumerate().map(|(at, it)| ((it.code, it.span), at)).collect();
    let louder = |finding: &Finding| {
        let mut codes = ECHOES.iter().filter(|(echo, _)| *echo == finding.code);
        let at = codes.find_map(|(_, code)| places.get(&(*code, finding.span)).copied())?;
        (findings[at].severity <= finding.severity).then_some(at)
    };
    let echoes: Vec<(usize, usize)> =
        findings.iter().enumerate().filter_map(|(at, it)| Some((at, louder(it)?))).collect();
    for (echo, louder) in &echoes {
        for related in findings[*echo].related.clone() {
            findings[*louder].also(&related.span, related.message);
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
                let here = Related { span, message: String::new() };
                first.stands_for_places(vec![(here, 0)], &[]);
                first.others.push(Other { span, subject, key_path });
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
        assert!(finding.message.ends_with(" (and 2 more like it)"));
        assert_eq!(finding.subject, "Pod a, container a");
        let file = &three.files[finding.span.file.index()];
        assert_eq!(&*file.file.path, "shop/values.yaml");
        assert_eq!(finding.related.len(), 3);
    }

    #[test]
    fn an_echo_of_another_finding_is_dropped() {
        let mut findings = vec![said("", "the tag of `a:latest` moves")];
        findings.push(Finding { code: "PLM907", ..findings[0].clone() });
        findings.push(Finding { code: "PLM005", ..findings[0].clone() });
        drop_echoes(&mut findings);
        assert_eq!(findings.iter().map(|it| it.code).collect::<Vec<_>>(), ["PLM801", "PLM005"]);
    }

    #[test]
    fn an_old_version_that_differs_is_one_finding() {
        let mut workspace = Workspace::default();
        workspace.set(
            "compose.yaml",
            "services: {db: {image: 'mongo:5.0', volumes: ['d:/data/db']}}\nvolumes: {d: {}}\n",
        );
        workspace.set(
            "k8s/db.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: 'mongo:8.0'}]}\n",
        );
        let select = ["PLM313", "PLM812"].map(str::to_owned).to_vec();
        let options = Options { select, ..Options::default() };
        let report = workspace.analysis(&Config::default()).report(&options);
        let codes: Vec<&str> = report.findings.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["PLM812"]);
        let related: Vec<&str> =
            report.findings[0].related.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(related, ["the counterpart, matched by image and name"]);
    }
}
