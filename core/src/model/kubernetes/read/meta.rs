//! Reads `metadata`.

use crate::model::kubernetes::Meta;
use crate::model::kubernetes::read::scalar::string_pairs;
use crate::model::read::Reader;
use crate::syntax::Node;

pub(crate) fn read_meta(reader: &mut Reader, node: Node<'_>) -> Meta {
    let mut meta = Meta { place: node.is_mapping().then(|| reader.place(node)), ..Meta::default() };
    reader.each(node, "ObjectMeta", |reader, key, entry| {
        let value = entry.value;
        match key {
            "name" => reader.read(value, &mut meta.name),
            "generateName" => reader.read(value, &mut meta.generate_name),
            "namespace" => reader.read(value, &mut meta.namespace),
            "labels" => {
                meta.labels = string_pairs(reader, value);
                meta.labels_place = Some(reader.place(value));
            }
            "annotations" => {
                meta.annotations = string_pairs(reader, value);
                meta.annotations_place = Some(reader.place(value));
            }
            _ => return false,
        }
        true
    });
    meta
}
