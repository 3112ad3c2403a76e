//! Who uses what others name: Services, ConfigMaps and Secrets with their keys, claims and the like; and
//! what a workload is on the other side.

use super::Section;
use crate::facts::{Caller, ConfigKeys, Named, Pair, shortened};
use crate::ide::here::Here;
use crate::ide::names::{Name, Names};
use crate::ide::objects::{Around, Use, named_kind, uses};
use crate::ide::words::{code, list, place_in_markdown as place};
use crate::model::Str;
use crate::model::kubernetes::Object;
use crate::text::Span;
use crate::text::markdown::prose;

pub(super) fn sections(here: &Here<'_>, names: &Names) -> Vec<Section> {
    let around = Around::new(here);
    let mut found: Vec<Section> = Vec::new();
    if let Some(pointed) = pointed(here, &around).or_else(|| named(here, &around, names)) {
        let text = match pointed.key {
            Some(key) => key_text(here, &around, pointed.object, key),
            None => object_text(here, &around, pointed.object),
        };
        let span = if here.is_in(pointed.span) { pointed.span } else { here.word() };
        found.push(Section { span, text });
    }
    found.extend(workload(here));
    found
}

/// What the place names.
struct Pointed<'a> {
    object: &'a Object,
    key: Option<&'a str>,
    span: Span,
}

fn pointed<'a>(here: &Here<'a>, around: &Around<'a>) -> Option<Pointed<'a>> {
    for object in around.objects.iter().copied().filter(|it| named_kind(it).is_some()) {
        if let Some(name) = object.name().filter(|it| here.is_in(it.span)) {
            return Some(Pointed { object, key: None, span: name.span });
        }
        let keys = ConfigKeys::of(object).map(|it| it.entries).unwrap_or_default();
        if let Some((key, _)) = keys.into_iter().find(|(key, _)| here.is_in(key.span)) {
            return Some(Pointed { object, key: Some(key.as_str()), span: key.span });
        }
    }
    for by in around.objects.iter().copied() {
        for used in uses(by) {
            let is_key = used.key.filter(|it| here.is_at(it.span));
            if is_key.is_none() && !here.is_at(used.name.span) {
                continue;
            }
            let object = around.meant(by, used.kind, used.name)?;
            let key = is_key.map(|it| it.as_str());
            return Some(Pointed { object, key, span: used.span() });
        }
    }
    None
}

/// Returns the object that a text at the place names, as a host does.
fn named<'a>(here: &Here<'a>, around: &Around<'a>, names: &Names) -> Option<Pointed<'a>> {
    names.at(here.file.id, here.offset).iter().find_map(|it| {
        let Name::Object { kind, name, .. } = names.name(it.name) else { return None };
        let is_meant = |object: &&Object| {
            let namespace = it.namespace.as_deref();
            object.kind.value == *kind
                && object.name().is_some_and(|own| own.value == *name)
                && namespace
                    .is_none_or(|own| here.facts.may_share_namespace(own, object.namespace()))
        };
        let named = around.objects.iter().copied().filter(|it| named_kind(it).is_some());
        let object = named.into_iter().find(is_meant)?;
        Some(Pointed { object, key: None, span: it.span })
    })
}

/// Returns an object with its place: "ConfigMap `web` (k8s/config.yaml:4)".
fn label(here: &Here<'_>, object: &Object) -> String {
    format!("{} ({})", prose(&object.label()), place(here.facts, object.name_span()))
}

fn object_text(here: &Here<'_>, around: &Around<'_>, object: &Object) -> String {
    let mut users: Vec<String> = Vec::new();
    for (used, by) in around.users(object) {
        let user = user(here, &used, by, used.name);
        // Several keys of one ConfigMap are one use.
        if !users.contains(&user) {
            users.push(user);
        }
    }
    let mut text = format!("**{}** {}", prose(&object.kind.value), name(object));
    if named_kind(object) == Some(Named::Service) {
        text.push_str(&sends_to(here, object));
        users.extend(callers(here, object));
    }
    text.push_str(&used_by(&users));
    text
}

fn name(object: &Object) -> String {
    code(object.name().map_or("", |it| it.as_str()))
}

fn used_by(users: &[String]) -> String {
    match users {
        [] => "\n\nNothing in these files uses it.".to_owned(),
        users => format!("\n\nUsed by\n\n{}", list(users)),
    }
}

/// Returns one user with its place.
fn user(here: &Here<'_>, used: &Use<'_>, by: &Object, at: &Str) -> String {
    let place = place(here.facts, at.span);
    match used.container {
        Some(container) => {
            format!("container {} of {} ({place})", code(container.label()), prose(&by.label()))
        }
        None => format!("{} ({place})", prose(&by.label())),
    }
}

fn key_text(here: &Here<'_>, around: &Around<'_>, object: &Object, key: &str) -> String {
    let is_of_key = |it: &Use<'_>| it.is_whole || it.key.is_some_and(|own| own.as_str() == key);
    let users = around.users(object).into_iter().filter(|(used, _)| is_of_key(used));
    let users: Vec<String> = users
        .map(|(used, by)| {
            let all = if used.is_whole { ", with all keys" } else { "" };
            format!("{}{all}", user(here, &used, by, used.key.unwrap_or(used.name)))
        })
        .collect();
    let value = ConfigKeys::of(object).and_then(|it| it.value(key).cloned());
    let value = value.filter(|_| named_kind(object) == Some(Named::ConfigMap));
    let said = value.map(|it| format!(": {}", code(shortened(&it).trim_end()))).unwrap_or_default();
    format!("**Key** {} of {}{said}{}", code(key), label(here, object), used_by(&users))
}

/// Returns the workloads to which a Service sends, with the ports.
fn sends_to(here: &Here<'_>, object: &Object) -> String {
    let facts = here.facts;
    let mut services = facts.kube_services().iter();
    let Some(service) = services.find(|it| it.object.span == object.span) else {
        return String::new();
    };
    let ports: Vec<String> = service.model.ports.iter().map(|it| prose(&it.label())).collect();
    let ports = match ports.is_empty() {
        true => String::new(),
        false => format!(", ports {}", ports.join(", ")),
    };
    let workloads = service.selects.iter().map(|at| &facts.workloads()[*at]);
    let to: Vec<String> =
        workloads.map(|it| format!("{} ({})", prose(&it.label), place(facts, it.span()))).collect();
    match to.is_empty() {
        true => ports,
        false => format!("{ports}\n\nSends to {}", to.join(", ")),
    }
}

/// Returns the containers that name a Service, and those outside who may connect.
fn callers(here: &Here<'_>, object: &Object) -> Vec<String> {
    let facts = here.facts;
    let mut services = facts.kube_services().iter();
    let Some(service) = services.find(|it| it.object.span == object.span) else {
        return Vec::new();
    };
    let mut words: Vec<String> = Vec::new();
    for caller in facts.callers().remove(&service.index).unwrap_or_default() {
        let word = match caller {
            Caller::Client { from, span, .. } => {
                format!("{} ({})", prose(&from.label), place(facts, span))
            }
            // Routes are among the users.
            Caller::Route(..) => continue,
            Caller::Outside(span) => {
                format!("clients outside of the cluster ({})", place(facts, span))
            }
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Returns the Compose services that run the same things as the workload whose name, or the container whose
/// name, is at the place.
fn workload(here: &Here<'_>) -> Option<Section> {
    let facts = here.facts;
    for found in facts.counterparts() {
        let Some(pair) = Pair::of(facts, found.service) else { continue };
        let own = pair.container.name.as_ref().map(|it| it.span);
        let spans = [Some(pair.workload.span()), own];
        let Some(span) = spans.into_iter().flatten().find(|it| here.is_in(*it)) else { continue };
        let service = pair.service;
        let text = format!(
            "**{}**\n\nIn Compose: service {} ({}), matched by {}",
            prose(&pair.label()),
            code(service.name),
            place(facts, service.span()),
            pair.found.why.says()
        );
        return Some(Section { span, text });
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing::said;

    const WEB: &str = "# file: k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n      containers:\n        - name: web\n          image: acme/web:1\n          env:\n            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}\n            - {name: API, value: 'http://api:8080'}\n          envFrom: [{secretRef: {name: tokens}}]\n";

    #[test]
    fn a_config_map_and_its_keys_say_who_uses_them() {
        let config = "# file: k8s/config.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: setti‸ngs}\ndata: {level: info, other: x}\n";
        let expected = "**ConfigMap** `settings`\n\nUsed by\n\n- container `web` of Deployment `web` (k8s/web.yaml:14)";
        assert_eq!(said(&format!("{WEB}{config}")), expected);
        let level = config.replace('‸', "").replace("level:", "lev‸el:");
        let expected = "**Key** `level` of ConfigMap `settings` (k8s/config.yaml:3): `info`\n\nUsed by\n\n- container `web` of Deployment `web` (k8s/web.yaml:14)";
        assert_eq!(said(&format!("{WEB}{level}")), expected);
        let other = config.replace('‸', "").replace("other:", "oth‸er:");
        assert!(said(&format!("{WEB}{other}")).ends_with("Nothing in these files uses it."));
        let reference = WEB.replace("key: level", "key: l‸evel");
        assert!(
            said(&format!("{reference}{}", config.replace('‸', ""))).starts_with("**Key** `level`")
        );
    }

    #[test]
    fn the_values_of_secrets_are_not_shown() {
        let secret = "# file: k8s/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: tokens}\nstringData: {TO‸KEN: hunter2}\n";
        let expected = "**Key** `TOKEN` of Secret `tokens` (k8s/secret.yaml:3)\n\nUsed by\n\n- container `web` of Deployment `web` (k8s/web.yaml:16), with all keys";
        assert_eq!(said(&format!("{WEB}{secret}")), expected);
    }

    #[test]
    fn claims_and_services_say_who_uses_them() {
        let claim = "# file: k8s/data.yaml\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: da‸ta}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
        let expected =
            "**PersistentVolumeClaim** `data`\n\nUsed by\n\n- Deployment `web` (k8s/web.yaml:9)";
        assert_eq!(said(&format!("{WEB}{claim}")), expected);
        let api = "# file: k8s/api.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: a‸pi}\nspec: {selector: {app: api}, ports: [{port: 8080}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: api, labels: {app: api}}\nspec: {containers: [{name: api, image: 'acme/api:1'}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: front}\nspec: {defaultBackend: {service: {name: api, port: {number: 8080}}}}\n";
        let expected = "**Service** `api`, ports 8080\n\nSends to Pod `api` (k8s/api.yaml:8)\n\nUsed by\n\n- Ingress `front` (k8s/api.yaml:14)\n- Deployment `web` (k8s/web.yaml:15)";
        assert_eq!(said(&format!("{WEB}{api}")), expected);
        let host = WEB.replace("http://api:", "http://a‸pi:");
        assert_eq!(said(&format!("{host}{}", api.replace('‸', ""))), expected);
    }
}
