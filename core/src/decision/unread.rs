//! What is not read in full: charts and overlays that were not built, and Templates of OpenShift.

use super::system::System;
use crate::model::BuiltTarget;
use crate::model::kubernetes::Object;
use crate::text::Span;
use std::sync::Arc;

/// What is not read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Names it and says why, as a sentence.
    pub why: String,
    /// What to do about it, as a sentence.
    pub next: String,
    pub span: Span,
}

/// Whether an object is a Template of OpenShift. Its group was empty in the first versions.
fn is_openshift_template(object: &Object) -> bool {
    object.kind.as_str() == "Template" && matches!(object.group(), "template.openshift.io" | "")
}

impl System<'_> {
    /// Whether there may be workloads that the files do not show: in what was not built or not read, or behind
    /// what a GitOps controller applies.
    pub fn hides_workloads(&self) -> bool {
        let shown = self.services.len() + self.workloads.len();
        self.has_unbuilt_parts || self.has_templates() || (shown == 0 && self.has_cluster())
    }

    /// Returns the first of what is not read in full: a chart, an overlay or a Template of OpenShift.
    pub fn first_unread(&self) -> Option<Unread> {
        let of_target = |it: &Arc<BuiltTarget>| {
            let reason = it.target.reasons.first()?;
            let name = &it.target.name;
            Some(Unread {
                why: format!("`{name}` is not built in full: {}.", reason.message),
                next: format!("Complete `{name}`: {}.", reason.message),
                span: reason.span,
            })
        };
        let mut unbuilt = self.targets.iter().filter(|_| self.has_unbuilt_parts);
        unbuilt.find_map(|it| of_target(it)).or_else(|| self.first_template())
    }

    /// Returns the first Template of OpenShift. What it holds reaches the cluster only after `oc process`.
    ///
    /// Source: <https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/images/using-templates>
    fn first_template(&self) -> Option<Unread> {
        let mut templates = self.objects.iter().filter(|object| is_openshift_template(object));
        let first = templates.next()?;
        let label = first.label();
        let objects = match templates.count() {
            0 => "the objects in this OpenShift Template are not read.".to_owned(),
            1 => "the objects in this and one more OpenShift Template are not read.".to_owned(),
            more => {
                format!("the objects in this and {more} more OpenShift Templates are not read.")
            }
        };
        let path = self.facts.file(first.file).path();
        Some(Unread {
            why: format!("{label}: {objects}"),
            next: format!(
                "Hand over what `oc process -f {path} --local` prints, because the objects in {label} are not read."
            ),
            span: first.name_span(),
        })
    }

    /// Whether there are Templates of OpenShift, whose objects are not read.
    pub fn has_templates(&self) -> bool {
        self.objects.iter().any(|object| is_openshift_template(object))
    }
}
