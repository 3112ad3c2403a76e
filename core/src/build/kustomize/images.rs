//! `images` and `replicas`.

use super::UnmatchedKind;
use super::accumulated::Accumulated;
use super::fieldspec::{Create, FieldSpec};
use super::schema::Schema;
use super::value::{Data, Value};
use crate::text::Span;
use regex_lite::Regex;

/// What a tag and a digest may be behind the name of an image.
const BEHIND_NAME: &str = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";

/// An entry of `images`.
struct Change<'c> {
    matches: Regex,
    name: Option<&'c str>,
    tag: Option<&'c str>,
    digest: Option<&'c str>,
    suffix: Option<&'c str>,
    /// What a person would change to get another image.
    span: Span,
}

/// Changes the images of all objects.
pub(super) fn set_images(entries: &[Value], all: &mut Accumulated, fields: &[FieldSpec]) {
    for entry in entries {
        all.check_strings(entry, &["name", "newName", "newTag", "digest", "tagSuffix"]);
        let Some(change) = Change::read(entry) else {
            all.refuse(entry.span, "an image is chosen by its `name`");
            continue;
        };
        // What a definition calls containers is the schema of something else.
        let objects = all.objects.iter_mut().filter(|it| it.kind() != "CustomResourceDefinition");
        let mut found = false;
        for object in objects {
            found |= change.containers(&mut object.value);
            for field in fields {
                field.visit(&mut object.value, None, &mut |image| found |= change.apply(image));
            }
        }
        if !found {
            let name = entry.str_at(&["name"]).unwrap_or_default();
            all.unmatched(UnmatchedKind::Image, entry.span, name, "");
        }
    }
}

impl<'c> Change<'c> {
    fn read(entry: &'c Value) -> Option<Change<'c>> {
        let word = |key: &str| entry.str_at(&[key]).filter(|it| !it.is_empty());
        let wanted = word("name")?;
        // Kustomize takes the name for a pattern, so that a dot fits any letter.
        let matches = Regex::new(&["^", wanted, BEHIND_NAME].concat())
            .or_else(|_| Regex::new(&["^", &regex_lite::escape(wanted), BEHIND_NAME].concat()))
            .ok()?;
        let place = ["newTag", "digest", "tagSuffix", "newName", "name"];
        let value = place.iter().find_map(|key| entry.get(key));
        Some(Change {
            matches,
            name: word("newName"),
            tag: word("newTag"),
            digest: word("digest"),
            suffix: word("tagSuffix"),
            span: value.map_or(entry.span, |value| value.span),
        })
    }

    /// Changes the images of all containers, wherever in an object they stand. Returns whether there is
    /// one that the entry is about.
    fn containers(&self, value: &mut Value) -> bool {
        let mut found = false;
        match &mut value.data {
            Data::Scalar(_) => {}
            Data::List(items) => {
                items.iter_mut().for_each(|item| found |= self.containers(item));
            }
            Data::Map(map) => {
                for (key, field) in map {
                    found |= self.containers(&mut field.value);
                    let Data::List(items) = &mut field.value.data else { continue };
                    if matches!(key.as_str(), "containers" | "initContainers") {
                        let images = items.iter_mut().filter_map(|item| item.get_mut("image"));
                        images.for_each(|image| found |= self.apply(image));
                    }
                }
            }
        }
        found
    }

    /// Changes an image that the entry is about; returns whether it is.
    fn apply(&self, image: &mut Value) -> bool {
        let Some(old) = image.as_str().filter(|old| self.matches.is_match(old)) else {
            return false;
        };
        let (name, tag, digest) = split(old);
        let (tag, digest) = match (self.tag, self.digest, self.suffix) {
            (Some(tag), digest, _) => (tag.to_owned(), digest.unwrap_or_default()),
            (None, Some(digest), _) => (String::new(), digest),
            (None, None, Some(suffix)) => ([tag, suffix].concat(), ""),
            (None, None, None) => (tag.to_owned(), digest),
        };
        let mut new = self.name.unwrap_or(name).to_owned();
        if !tag.is_empty() {
            new.extend([":", &tag]);
        }
        if !digest.is_empty() {
            new.extend(["@", digest]);
        }
        if new != old {
            image.replace(Value::string(new, self.span));
        }
        true
    }
}

/// Returns an image's name, tag and digest; the colon of a registry's port belongs to the name.
fn split(image: &str) -> (&str, &str, &str) {
    let (named, digest) = image.split_once('@').unwrap_or((image, ""));
    let path = named.find('/').unwrap_or(0);
    match named[path..].find(':') {
        Some(colon) => (&named[..path + colon], &named[path + colon + 1..], digest),
        None => (named, "", digest),
    }
}

/// Sets the replicas of the objects that `replicas` names.
pub(super) fn set_replicas(
    entries: &[Value],
    all: &mut Accumulated,
    fields: &[FieldSpec],
    schema: &Schema,
) {
    for entry in entries {
        let (Some(name), Some(count)) = (entry.str_at(&["name"]), entry.get("count")) else {
            all.refuse(entry.span, "`replicas` takes a `name` and a `count`");
            continue;
        };
        all.check_strings(entry, &["name"]);
        if count.as_scalar().and_then(|count| count.typed().as_int()).is_none() {
            all.refuse(count.span, "`count` has to be a number");
        }
        let mut found = false;
        for object in &mut all.objects {
            let ids = object.ids(schema);
            for field in fields {
                if ids.iter().any(|id| id.name == name && id.gvk.is_selected_by(&field.gvk)) {
                    found = true;
                    field.visit(
                        &mut object.value,
                        Some((Create::Scalar, count.span)),
                        &mut |value| {
                            value.replace(count.clone());
                        },
                    );
                }
            }
        }
        if !found {
            let message = format!("nothing with replicas has the name `{name}`");
            all.unmatched(UnmatchedKind::Replicas, entry.span, name, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_colon_of_a_port_belongs_to_the_name() {
        assert_eq!(split("nginx"), ("nginx", "", ""));
        assert_eq!(split("host:5000/a/b"), ("host:5000/a/b", "", ""));
        assert_eq!(split("host:5000/a/b:1@sha256:f"), ("host:5000/a/b", "1", "sha256:f"));
        assert_eq!(split("a@sha256:f"), ("a", "", "sha256:f"));
    }
}
