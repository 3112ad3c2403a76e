//! Image references, and what is known of their images.

use crate::knowledge::families::{self, Certainty, Family};
use crate::knowledge::image::{ImageRef, Pin};
use crate::model::Str;
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
