//! ConfigMaps, Secrets, and what makes Secrets.

use crate::model::read::{Place, Str};
use crate::text::Spanned;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConfigMap {
    pub data: Vec<(Str, Str)>,
    /// Only the keys: the values are base64 of something binary.
    pub binary_keys: Vec<Str>,
    pub immutable: Option<Spanned<bool>>,
    pub data_place: Option<Place>,
}

impl ConfigMap {
    pub fn has_key(&self, key: &str) -> bool {
        self.keys().any(|it| it.as_str() == key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &Str> {
        self.data.iter().map(|it| &it.0).chain(&self.binary_keys)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretKind {
    /// `kind: Secret` in plain sight.
    #[default]
    Plain,
    /// A Secret whose values SOPS has encrypted.
    Sops,
    SealedSecret,
    /// ExternalSecret, ClusterExternalSecret
    ExternalSecret,
    /// Another operator's object that makes a Secret: cert-manager's Certificate, VaultStaticSecret ...
    Other,
}

/// A Secret, or an object that makes one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Secret {
    pub kind: SecretKind,
    /// The Secret's name, where it is not that of the object.
    pub makes: Option<Str>,
    /// `Opaque` where none is written.
    pub secret_type: Option<Str>,
    /// Base64, as written.
    pub data: Vec<(Str, Str)>,
    /// Plain text, as written.
    pub string_data: Vec<(Str, Str)>,
    /// The keys are known: false for a SealedSecret's or ExternalSecret's templates and `dataFrom`.
    pub keys_known: bool,
    /// Keys without visible values: those of SealedSecret and ExternalSecret.
    pub hidden_keys: Vec<Str>,
    pub immutable: Option<Spanned<bool>>,
    pub data_place: Option<Place>,
    pub string_data_place: Option<Place>,
}

impl Secret {
    pub fn has_key(&self, key: &str) -> bool {
        self.keys().any(|it| it.as_str() == key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &Str> {
        self.data
            .iter()
            .map(|it| &it.0)
            .chain(self.string_data.iter().map(|it| &it.0))
            .chain(&self.hidden_keys)
    }
}
