//! Image references, and what is known of their images.

use super::{Facts, Unit};
use crate::knowledge::families::{self, Certainty, Family};
use crate::knowledge::image::{ImageRef, Pin};
use crate::model::Str;
use crate::model::compose::{VariableForm, VariableUse};
use crate::report::{Kind, TargetKind};
use crate::text::Span;
use smol_str::SmolStr;

/// An image reference with what the tables know about its image.
#[derive(Debug, Clone)]
pub struct Image<'a> {
    pub text: &'a str,
    pub span: Span,
    /// Normalised: `docker.io/library/postgres` is `postgres`.
    pub repository: SmolStr,
    pub tag: Option<&'a str>,
    pub pin: Pin,
    pub family: Option<&'static Family>,
    /// A family that the name only suggests, as `acme-postgresql` does; nothing confirms it here.
    pub(super) suggests: Option<&'static Family>,
    pub certainty: Certainty,
    /// The major version of the program in the image, where the tag names it.
    pub major: Option<u64>,
}

impl<'a> Facts<'a> {
    /// Returns an image for a message: as it is written where a variable in it is empty or not known. What is left
    /// without it, `ghcr.io//web`, is no image that anybody knows.
    pub fn image_to_show(&self, unit: &Unit<'a>, image: &Image<'a>) -> &'a str {
        let is_missing = |it: &VariableUse| {
            matches!(it.form, VariableForm::Plain | VariableForm::Required { .. })
                && it.value.as_ref().is_none_or(|value| value.is_empty())
        };
        let project = self.service_of(unit).map(|it| it.project);
        match project.is_some_and(|it| it.variables_in(image.span).any(is_missing)) {
            true => self.unquoted(&image.span),
            false => image.text,
        }
    }
}

impl<'a> Image<'a> {
    pub fn new(image: &'a Str) -> Image<'a> {
        let reference = ImageRef::parse(&image.value);
        let repository = reference.repository();
        let found = if reference.has_variable_repository() {
            None
        } else {
            families::family_of(&repository)
        };
        let possible = |it: &(&'static Family, Certainty)| it.1 == Certainty::Possible;
        let suggests = found.filter(possible).map(|it| it.0);
        let found = found.filter(|it| !possible(it));
        let family = found.map(|it| it.0);
        let major = match (family, reference.tag) {
            (Some(family), Some(tag)) => family.major(tag),
            _ => reference.version().map(|it| it.major),
        };
        Image {
            text: &image.value,
            span: image.span,
            repository,
            tag: reference.tag,
            pin: reference.pin(),
            family,
            suggests,
            certainty: found.map_or(Certainty::Likely, |it| it.1),
            major,
        }
    }

    /// Returns the repository without its registry, so that a mirror counts as the same image.
    pub fn path_without_registry(&self) -> &str {
        let repository = self.repository.as_str();
        match repository.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => repository,
        }
    }
}

impl<'a> Facts<'a> {
    /// Returns the place that says which version of an image a container runs, where that is not the image
    /// itself: the line of an environment file behind `postgres:${VERSION}`, or the value of a chart.
    pub fn version_set_at(&self, unit: &Unit<'a>, image: &Image<'_>) -> Option<Span> {
        let version = image.tag.unwrap_or(image.text);
        let Some(service) = self.service_of(unit) else {
            let written = |place: &&Span| self.unquoted(place);
            let values = self.values_printed_at(image.span);
            let is = |text: &str| values.iter().find(|it| written(it) == text).copied();
            return is(version).or_else(|| is(image.text));
        };
        let names = |value: &str| {
            !value.is_empty() && (version.contains(value) || value.ends_with(version))
        };
        let mut variables = service.project.variables_in(image.span);
        let named = variables.find(|it| it.value.as_deref().is_some_and(names))?;
        self.value_set_by(named)
    }

    /// Returns the value of a variable in the environment file that sets it.
    pub fn value_set_by(&self, variable: &VariableUse) -> Option<Span> {
        let line = variable.set_by?;
        let (name, value) = self.written(&line).split_once('=')?;
        let start = name.len() + 1 + (value.len() - value.trim_start().len());
        let end = name.len() + 1 + value.trim_end().len();
        Some(if start < end { line.inner(start..end) } else { line })
    }

    /// Returns the values of a chart that an action prints at a place.
    pub fn values_printed_at(&self, place: Span) -> Vec<Span> {
        let target = self.built_target(place.file);
        let Some(target) = target.filter(|it| it.target.kind == TargetKind::Chart) else {
            return Vec::new();
        };
        let behind = target.target.behind.get(&place).into_iter().flatten();
        behind.copied().filter(|it| self.file(it.file).kind == Kind::Values).collect()
    }
}
