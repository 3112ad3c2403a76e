//! Kustomization files as their authors wrote them, for what Kustomize no longer wants to see there.

use super::{FileModel, Place};
use crate::report::Kind;
use crate::syntax::{Node, Style};
use crate::text::{FileId, Span};
use smol_str::SmolStr;

/// A kustomization file.
#[derive(Debug)]
pub struct Kustomization {
    pub file: FileId,
    /// The fields, in the order of the file.
    pub fields: Vec<KustomizationField>,
}

/// A field of a kustomization.
#[derive(Debug)]
pub struct KustomizationField {
    pub name: SmolStr,
    pub key: Span,
    /// From the first byte of the key to the last byte of the value.
    pub span: Span,
    pub place: Place,
    /// The texts of a list of texts; `None` for any other value.
    pub texts: Option<Vec<SmolStr>>,
    /// The keys and texts of a mapping of texts; `None` for any other value.
    pub pairs: Option<Vec<(SmolStr, SmolStr)>>,
}

impl Kustomization {
    /// Reads a file, if it is a kustomization.
    pub fn read(file: &FileModel) -> Option<Kustomization> {
        if file.kind != Kind::Kustomization {
            return None;
        }
        let root = file.tree.roots().next().filter(|root| root.is_mapping())?;
        let fields = root.entries().filter_map(|entry| {
            Some(KustomizationField {
                name: entry.key.as_str()?.into(),
                key: entry.key.span(),
                span: entry.span(),
                place: place(entry.value),
                texts: texts(entry.value),
                pairs: pairs(entry.value),
            })
        });
        Some(Kustomization { file: file.id, fields: fields.collect() })
    }

    pub fn field(&self, name: &str) -> Option<&KustomizationField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

fn place(node: Node<'_>) -> Place {
    let resolved = node.resolve();
    Place {
        span: resolved.span(),
        flow: resolved.style() == Style::Flow,
        shared: node.id() != resolved.id(),
    }
}

fn texts(node: Node<'_>) -> Option<Vec<SmolStr>> {
    node.is_sequence().then_some(())?;
    node.items().map(|item| item.as_str().map(SmolStr::from)).collect()
}

fn pairs(node: Node<'_>) -> Option<Vec<(SmolStr, SmolStr)>> {
    node.is_mapping().then_some(())?;
    node.entries().map(|it| Some((it.key.as_str()?.into(), it.value.as_str()?.into()))).collect()
}
