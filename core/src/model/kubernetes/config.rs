//! ConfigMaps, Secrets, and objects that create Secrets.

use crate::model::kubernetes::read::scalar::{key_of, string_pairs};
use crate::model::read::{Place, Reader, Str};
use crate::syntax::{Entry, Node};
use crate::text::Spanned;

/// A ConfigMap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConfigMap {
    pub data: Vec<(Str, Str)>,
    /// The keys of `binaryData`, without their values.
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

/// The origin of a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretKind {
    /// `kind: Secret` with readable values.
    #[default]
    Plain,
    /// A Secret whose values SOPS has encrypted.
    Sops,
    SealedSecret,
    /// ExternalSecret, ClusterExternalSecret
    ExternalSecret,
    /// An object of another operator that creates a Secret: cert-manager's Certificate,
    /// VaultStaticSecret and others.
    Other,
}

/// A Secret, or an object that creates one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Secret {
    pub kind: SecretKind,
    /// The names of the Secrets. Empty if there is one Secret with the name of the object.
    pub makes: Vec<Str>,
    /// `None` for `Opaque`.
    pub secret_type: Option<Str>,
    /// Base64, as written.
    pub data: Vec<(Str, Str)>,
    /// Plain text, as written.
    pub string_data: Vec<(Str, Str)>,
    /// Whether all keys are known; false with `dataFrom` and templates.
    pub keys_known: bool,
    /// The keys of a SealedSecret or ExternalSecret, whose values are not visible.
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

/// Reads `data`, `binaryData` or `immutable`, which are beside `metadata`. Returns whether it knows the
/// key.
pub(crate) fn read_config_map_key(
    reader: &mut Reader,
    it: &mut ConfigMap,
    key: &str,
    entry: Entry<'_>,
) -> bool {
    match key {
        "data" => {
            it.data = string_pairs(reader, entry.value);
            it.data_place = Some(reader.place(entry.value));
        }
        "binaryData" => it.binary_keys = read_keys(reader, entry.value),
        "immutable" => reader.read(entry.value, &mut it.immutable),
        _ => return false,
    }
    true
}

/// Reads a key beside the `metadata` of a Secret. Returns whether it knows the key.
pub(crate) fn read_secret_key(
    reader: &mut Reader,
    it: &mut Secret,
    key: &str,
    entry: Entry<'_>,
) -> bool {
    match key {
        "data" => {
            it.data = string_pairs(reader, entry.value);
            it.data_place = Some(reader.place(entry.value));
        }
        "stringData" => {
            it.string_data = string_pairs(reader, entry.value);
            it.string_data_place = Some(reader.place(entry.value));
        }
        "type" => reader.read(entry.value, &mut it.secret_type),
        "immutable" => reader.read(entry.value, &mut it.immutable),
        "sops" => it.kind = SecretKind::Sops,
        _ => return false,
    }
    true
}

fn read_keys(reader: &mut Reader, node: Node<'_>) -> Vec<Str> {
    let mut keys = Vec::new();
    reader.each(node, "", |_, key, entry| {
        keys.push(key_of(key, entry));
        true
    });
    keys
}

fn string_at(reader: &mut Reader, node: Node<'_>, path: &[&str]) -> Option<Str> {
    node.at(path).and_then(|it| reader.str(it))
}

/// Reads Bitnami's SealedSecret: `encryptedData`, and a template that may add keys and another name.
pub(crate) fn read_sealed_secret(reader: &mut Reader, spec: Node<'_>) -> Secret {
    let keys = |reader: &mut Reader, path: &[&str]| {
        spec.at(path).map(|it| read_keys(reader, it)).unwrap_or_default()
    };
    let mut hidden_keys = keys(reader, &["encryptedData"]);
    hidden_keys.extend(keys(reader, &["template", "data"]));
    hidden_keys.extend(keys(reader, &["template", "stringData"]));
    Secret {
        kind: SecretKind::SealedSecret,
        makes: string_at(reader, spec, &["template", "metadata", "name"]).into_iter().collect(),
        secret_type: string_at(reader, spec, &["template", "type"]),
        keys_known: spec.get("encryptedData").is_some_and(Node::is_mapping),
        hidden_keys,
        ..Secret::default()
    }
}

/// Reads an object of the External Secrets Operator. `dataFrom` and `templateFrom` add keys that no file
/// names.
pub(crate) fn read_external_secret(reader: &mut Reader, spec: Node<'_>) -> Secret {
    let data = spec
        .get("data")
        .map(|data| reader.list(data, |reader, item| reader.str(item.get("secretKey")?)));
    let mut hidden_keys = data.unwrap_or_default();
    if let Some(template) = spec.at(&["target", "template", "data"]) {
        hidden_keys.extend(read_keys(reader, template));
    }
    let unseen = spec.get("dataFrom").is_some()
        || spec.at(&["target", "template", "templateFrom"]).is_some();
    Secret {
        kind: SecretKind::ExternalSecret,
        makes: string_at(reader, spec, &["target", "name"]).into_iter().collect(),
        secret_type: string_at(reader, spec, &["target", "template", "type"]),
        keys_known: !unseen && !hidden_keys.is_empty(),
        hidden_keys,
        ..Secret::default()
    }
}

/// Reads a ClusterExternalSecret, which creates an ExternalSecret in several namespaces.
pub(crate) fn read_cluster_external_secret(reader: &mut Reader, spec: Node<'_>) -> Secret {
    let inner = spec.get("externalSecretSpec");
    let mut secret = inner.map(|inner| read_external_secret(reader, inner)).unwrap_or_default();
    if secret.makes.is_empty() {
        secret.makes.extend(string_at(reader, spec, &["externalSecretName"]));
    }
    secret
}

/// Reads an object of another operator that creates a Secret. `None` for an object that does not.
pub(crate) fn read_secret_maker(
    reader: &mut Reader,
    group: &str,
    kind: &str,
    spec: Option<Node<'_>>,
) -> Option<Secret> {
    let path: &[&str] = match (group, kind) {
        ("cert-manager.io", "Certificate") => &["secretName"],
        (
            "secrets.hashicorp.com",
            "VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret",
        )
        | ("secrets.hashicorp.com", "HCPVaultSecretsApp") => &["destination", "name"],
        ("secrets.infisical.com", "InfisicalSecret") => &["managedSecretReference", "secretName"],
        ("secrets.doppler.com", "DopplerSecret") => &["managedSecret", "name"],
        // These create a Secret with their own name.
        ("onepassword.com", "OnePasswordItem") | ("redhatcop.redhat.io", "VaultSecret") => &[],
        ("isindir.github.com", "SopsSecret") => &["secretTemplates"],
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => &["secretObjects"],
        _ => return None,
    };
    let target = spec.filter(|_| !path.is_empty()).and_then(|it| it.at(path));
    let makes = match target {
        Some(all) if all.is_sequence() => reader.list(all, |reader, it| {
            let name = it.get("secretName").or_else(|| it.get("name"))?;
            reader.str(name)
        }),
        Some(name) => reader.str(name).into_iter().collect(),
        None => Vec::new(),
    };
    Some(Secret { kind: SecretKind::Other, makes, ..Secret::default() })
}
