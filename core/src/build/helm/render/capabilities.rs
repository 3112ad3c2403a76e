//! What templates learn about the cluster and the release.

use super::ReleaseOptions;
use crate::build::helm::failure::Result;
use crate::build::helm::object::{Object, Record};
use crate::build::helm::value::{Data, Dict, Heap, Value};
use std::rc::Rc;

/// The Kubernetes version that Helm assumes without a cluster.
const KUBE_VERSION: &str = "v1.36.0";

/// The Helm version whose behaviour is followed.
const HELM_VERSION: &str = "v4.2";

fn record(type_name: &'static str, display: String, fields: Vec<(&'static str, Value)>) -> Value {
    Data::Object(Rc::new(Object::Record(Record { type_name, display, fields }))).into()
}

/// `.Capabilities`.
pub fn capabilities(options: &ReleaseOptions) -> Value {
    let version = options.kube_version.as_deref().unwrap_or(KUBE_VERSION);
    let version = if version.starts_with('v') { version.to_owned() } else { format!("v{version}") };
    let mut numbers = version[1..].split(['.', '-', '+']);
    let major = numbers.next().unwrap_or_default().to_owned();
    let minor = numbers.next().unwrap_or_default().to_owned();
    let kube_version = record(
        "*common.KubeVersion",
        version.clone(),
        vec![
            ("Version", Value::string(version.as_str())),
            ("GitVersion", Value::string(version.as_str())),
            ("String", Value::string(version.as_str())),
            ("Major", Value::string(major)),
            ("Minor", Value::string(minor)),
        ],
    );
    let helm_version = record(
        "version.BuildInfo",
        format!("{{{HELM_VERSION}   }}"),
        vec![
            ("Version", Value::string(HELM_VERSION)),
            ("GitCommit", Value::string("")),
            ("GitTreeState", Value::string("")),
            ("GoVersion", Value::string("")),
            ("KubeClientVersion", Value::string("v1.36")),
        ],
    );
    let known = include_str!("api_versions.txt").lines().filter(|line| !line.starts_with('#'));
    let versions: Vec<String> =
        known.map(str::to_owned).chain(options.api_versions.iter().cloned()).collect();
    let versions: Value = Data::Object(Rc::new(Object::ApiVersions(versions))).into();
    record(
        "*common.Capabilities",
        "&{}".to_owned(),
        vec![
            ("KubeVersion", kube_version),
            ("APIVersions", versions),
            ("HelmVersion", helm_version),
        ],
    )
}

/// `.Release`.
pub fn release(options: &ReleaseOptions, heap: &Heap) -> Result<Dict> {
    heap.dict_of([
        ("Name", Value::string(options.name.as_str())),
        ("Namespace", Value::string(options.namespace.as_str())),
        ("IsUpgrade", Value::bool(options.is_upgrade)),
        ("IsInstall", Value::bool(!options.is_upgrade)),
        ("Revision", Value::int(i64::from(options.revision))),
        ("Service", Value::string("Helm")),
    ])
}
