//! Completion candidates from Kubernetes objects: their names, keys, hosts and ports.

use super::context::{Context, Slot, Step};
use super::hosts::{HostOffer, host_offers};
use super::{CompletionKind, Cursor, Offer, Offers};
use crate::facts::{ConfigKeys, Named};
use crate::ide::here::Here;
use crate::ide::objects::{given_names_at, host_at, name_at, named_kind};
use crate::ide::words::place;
use crate::model::Str;
use crate::model::kubernetes::{Body, Container, Object, PodSpec, WorkloadKind};
use crate::report::Kind;
use crate::text::Span;

/// What a value names.
enum Wanted {
    Object(Named),
    /// A key of a ConfigMap or Secret with the name.
    Key(Named, Option<String>),
    /// A workload of the kind, or of any kind.
    Workload(Option<String>),
    /// A port of the container, by its name.
    ContainerPort,
    /// A port of a Service, by its number or its name.
    ServicePort {
        service: Option<String>,
        is_name: bool,
    },
    /// A port of the Pods that a Service selects, by its name.
    TargetPort,
    /// A volume of the Pod.
    Volume,
    Role(Option<String>),
    Namespace,
}

pub(super) fn offers(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let is_value = cursor.context.slot == Slot::Value;
    match wanted(cursor.context).filter(|_| is_value) {
        Some(Wanted::Object(kind)) => objects_of(cursor, kind),
        Some(Wanted::Key(kind, name)) => keys_of(cursor, kind, name.as_deref()),
        Some(Wanted::Workload(kind)) => workloads(cursor, kind.as_deref()),
        Some(Wanted::ContainerPort) => container_ports(cursor),
        Some(Wanted::ServicePort { service, is_name }) => {
            service_ports(cursor, service.as_deref(), is_name)
        }
        Some(Wanted::TargetPort) => target_ports(cursor),
        Some(Wanted::Volume) => volumes(cursor),
        Some(Wanted::Role(kind)) => roles(cursor, kind.as_deref()),
        Some(Wanted::Namespace) => namespaces(cursor),
        None => Vec::new(),
    }
}

/// Returns what the value at the cursor names.
fn wanted(context: &Context<'_>) -> Option<Wanted> {
    let path = context.path();
    let around = |key: &str| context.around(key).map(str::to_owned);
    let sibling = |key: &str| context.sibling(key).map(str::to_owned);
    let kind = context.top("kind").unwrap_or_default();
    Some(match &path[..] {
        [.., Step::Key("configMapKeyRef" | "configMapRef" | "configMap"), Step::Key("name")] => {
            Wanted::Object(Named::ConfigMap)
        }
        [.., Step::Key("secretKeyRef" | "secretRef" | "secret"), Step::Key("name")]
        | [.., Step::Key("imagePullSecrets"), Step::Item, Step::Key("name")]
        | [.., Step::Key("secretName")] => Wanted::Object(Named::Secret),
        [.., Step::Key("configMapKeyRef"), Step::Key("key")]
        | [.., Step::Key("configMap"), Step::Key("items"), Step::Item, Step::Key("key")] => {
            Wanted::Key(Named::ConfigMap, around("name"))
        }
        [.., Step::Key("secretKeyRef"), Step::Key("key")] => {
            Wanted::Key(Named::Secret, sibling("name"))
        }
        [.., Step::Key("secret"), Step::Key("items"), Step::Item, Step::Key("key")] => {
            Wanted::Key(Named::Secret, around("secretName").or_else(|| around("name")))
        }
        [.., Step::Key("persistentVolumeClaim"), Step::Key("claimName")] => {
            Wanted::Object(Named::Claim)
        }
        [.., Step::Key("serviceAccountName" | "serviceAccount")] => {
            Wanted::Object(Named::ServiceAccount)
        }
        [.., Step::Key("priorityClassName")] => Wanted::Object(Named::PriorityClass),
        [.., Step::Key("scaleTargetRef" | "targetRef" | "workloadRef"), Step::Key("name")] => {
            Wanted::Workload(sibling("kind"))
        }
        [.., Step::Key("backend" | "defaultBackend"), Step::Key("service"), Step::Key("name")]
        | [.., Step::Key("backendRefs"), Step::Item, Step::Key("name")]
        | [Step::Key("spec"), Step::Key("serviceName")] => Wanted::Object(Named::Service),
        [.., Step::Key("service"), Step::Key("port"), Step::Key(form @ ("number" | "name"))] => {
            let service = context.outer("name").map(str::to_owned);
            Wanted::ServicePort { service, is_name: *form == "name" }
        }
        [.., Step::Key("backendRefs"), Step::Item, Step::Key("port")] => {
            Wanted::ServicePort { service: sibling("name"), is_name: false }
        }
        [.., Step::Key("httpGet" | "tcpSocket" | "grpc"), Step::Key("port")] => {
            Wanted::ContainerPort
        }
        [Step::Key("spec"), Step::Key("ports"), Step::Item, Step::Key("targetPort")]
            if kind == "Service" =>
        {
            Wanted::TargetPort
        }
        [.., Step::Key("volumeMounts"), Step::Item, Step::Key("name")] => Wanted::Volume,
        [Step::Key("roleRef"), Step::Key("name")] => Wanted::Role(sibling("kind")),
        [Step::Key("subjects"), Step::Item, Step::Key("name")]
            if sibling("kind").as_deref() == Some("ServiceAccount") =>
        {
            Wanted::Object(Named::ServiceAccount)
        }
        [.., Step::Key("metadata"), Step::Key("namespace")] | [Step::Key("namespace")] => {
            Wanted::Namespace
        }
        _ => return None,
    })
}

/// Returns the objects of the application that a file belongs to, those that are written by hand first. The
/// names of what a template prints are known to nobody before the release has a name.
fn objects<'a>(here: &Here<'a>) -> Vec<&'a Object> {
    let facts = here.facts;
    let is_printed = |span: Span| facts.file(span.file).kind == Kind::Template;
    let all = facts.objects().iter().copied();
    let near = all.filter(|it| facts.same_part(it.file, here.file.id));
    let mut near: Vec<&Object> = near.filter(|it| !is_printed(it.name_span())).collect();
    near.sort_by_key(|it| !facts.together(it.file, here.file.id));
    near
}

fn detail(here: &Here<'_>, object: &Object) -> String {
    format!("{} in {}", object.kind.value, place(here.facts, object.name_span()))
}

fn objects_of(cursor: &Cursor<'_, '_>, kind: Named) -> Vec<Offer> {
    let here = cursor.here;
    let own_names = objects(here).into_iter().filter(|it| named_kind(it) == Some(kind));
    let offers = own_names.flat_map(|object| {
        let offer = |name| Offer::new(CompletionKind::Object, name).detail(detail(here, object));
        given_names_at(here, object).into_iter().map(offer).collect::<Vec<_>>()
    });
    offers.collect()
}

fn keys_of(cursor: &Cursor<'_, '_>, kind: Named, name: Option<&str>) -> Vec<Offer> {
    let here = cursor.here;
    let of_kind = objects(here).into_iter().filter(|it| named_kind(it) == Some(kind));
    // Without a name, the keys of all come with the name of their object.
    let meant =
        of_kind.filter(|it| name.is_none_or(|name| given_names_at(here, it).contains(&name)));
    let offers = meant.filter_map(ConfigKeys::of).flat_map(|keys| {
        let detail = detail(here, keys.object);
        let offer =
            |(key, _): (&Str, _)| Offer::new(CompletionKind::Key, key.as_str()).detail(&detail);
        keys.entries.into_iter().map(offer).collect::<Vec<_>>()
    });
    offers.collect()
}

fn workloads(cursor: &Cursor<'_, '_>, kind: Option<&str>) -> Vec<Offer> {
    let here = cursor.here;
    let scales = |it: &WorkloadKind| it.has_replicas() && *it != WorkloadKind::Pod;
    let named = objects(here).into_iter().filter(|it| {
        let own = it.workload().map(|it| it.kind);
        own.is_some_and(|own| kind.is_none_or(|kind| kind == own.name()) && scales(&own))
    });
    let offers = named.filter_map(|it| {
        Some(Offer::new(CompletionKind::Object, name_at(here, it)?).detail(detail(here, it)))
    });
    offers.collect()
}

fn roles(cursor: &Cursor<'_, '_>, kind: Option<&str>) -> Vec<Offer> {
    let here = cursor.here;
    let is_role = |it: &&Object| {
        matches!(it.body, Body::Role(_)) && kind.is_none_or(|kind| it.kind.as_str() == kind)
    };
    let offers = objects(here).into_iter().filter(is_role).filter_map(|it| {
        Some(Offer::new(CompletionKind::Object, name_at(here, it)?).detail(detail(here, it)))
    });
    offers.collect()
}

fn namespaces(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let here = cursor.here;
    let all = objects(here);
    let own = all.iter().filter(|it| matches!(it.body, Body::Namespace)).filter_map(|it| it.name());
    let used = all.iter().filter_map(|it| it.meta.namespace.as_ref());
    own.chain(used).map(|it| Offer::new(CompletionKind::Object, it.as_str())).collect()
}

/// Returns the containers that a cursor may be in: those of the file with the name that stands around it, or
/// all of the file.
fn containers<'a>(cursor: &Cursor<'a, '_>) -> Vec<&'a Container> {
    let name = cursor.context.around("name");
    let own = specs(cursor).into_iter().flat_map(|it| it.all_containers());
    let all: Vec<&Container> = own.collect();
    let is_named = |it: &&Container| it.name.as_ref().map(|it| it.as_str()) == name;
    let named: Vec<&Container> = all.iter().copied().filter(is_named).collect();
    if named.is_empty() { all } else { named }
}

/// Returns the Pod specs of the file, or that of the document if its object has the name that the text says.
fn specs<'a>(cursor: &Cursor<'a, '_>) -> Vec<&'a PodSpec> {
    let here = cursor.here;
    let own = objects(here).into_iter().filter(|it| it.file == here.file.id);
    let own: Vec<&Object> = own.filter(|it| it.workload().is_some()).collect();
    let kind = cursor.context.top("kind");
    let of_kind = own.iter().copied().filter(|it| Some(it.kind.as_str()) == kind);
    let around: Vec<&Object> = of_kind.filter(|it| here.is_in(it.span)).collect();
    let chosen = if around.is_empty() { own } else { around };
    chosen.into_iter().filter_map(|it| Some(&it.workload()?.template.spec)).collect()
}

pub(super) fn port_names<'c>(containers: impl Iterator<Item = &'c Container>) -> Vec<Offer> {
    let ports = containers.flat_map(|it| &it.ports);
    let offers = ports.filter_map(|port| {
        let number = port.container_port.map(|it| it.value.to_string()).unwrap_or_default();
        match &port.name {
            Some(name) => Some(Offer::new(CompletionKind::Port, name.as_str()).detail(number)),
            None if number.is_empty() => None,
            None => Some(Offer::new(CompletionKind::Port, number)),
        }
    });
    offers.collect()
}

fn container_ports(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    port_names(containers(cursor).into_iter())
}

/// Returns the ports of the Pods that the Service at the cursor selects, or of all where it is not known yet.
fn target_ports(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let here = cursor.here;
    let facts = here.facts;
    let mut services = facts.kube_services().iter().filter(|it| it.object.file == here.file.id);
    let selected = services.find(|it| here.is_in(it.object.span)).map_or(&[][..], |it| &it.selects);
    let near = facts.workloads().iter().filter(|it| match selected {
        [] => facts.same_part(it.object.file, here.file.id),
        selected => selected.contains(&it.index),
    });
    port_names(near.flat_map(|it| it.running()).map(|it| it.1))
}

fn service_ports(cursor: &Cursor<'_, '_>, service: Option<&str>, is_name: bool) -> Vec<Offer> {
    let here = cursor.here;
    let all = objects(here).into_iter();
    let named = all.filter(|it| service.is_none_or(|name| name_at(here, it) == Some(name)));
    let mut offers = Vec::new();
    for object in named {
        for port in object.service().into_iter().flat_map(|it| &it.ports) {
            let number = port.port.map(|it| it.value.to_string());
            let name = port.name.as_ref().map(|it| it.to_string());
            let (label, other) = if is_name { (name, number) } else { (number, name) };
            let Some(label) = label else { continue };
            let offer = Offer::new(CompletionKind::Port, label);
            offers.push(offer.detail(other.unwrap_or_else(|| detail(here, object))));
        }
    }
    offers
}

/// Returns the volumes of the Pod around the cursor, and the claims that its StatefulSet makes.
fn volumes(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let here = cursor.here;
    let mut offers: Vec<Offer> = Vec::new();
    for spec in specs(cursor) {
        let names = spec.volumes.iter().filter_map(|it| it.name.as_ref());
        offers.extend(names.map(|it| Offer::new(CompletionKind::Volume, it.as_str())));
    }
    let own = objects(here).into_iter().filter(|it| it.file == here.file.id);
    for template in own.filter_map(|it| it.workload()).flat_map(|it| &it.volume_claim_templates) {
        let offer = |name: &Str| {
            Offer::new(CompletionKind::Volume, name.as_str()).detail("claim of each Pod")
        };
        offers.extend(template.name().map(offer));
    }
    offers
}

/// Returns the Services that the value of a variable may name; `None` for any other place.
pub(super) fn hosts(cursor: &Cursor<'_, '_>) -> Option<Offers> {
    let path = cursor.context.path();
    let is_value = cursor.context.slot == Slot::Value;
    let key = match &path[..] {
        [.., Step::Key("env"), Step::Item, Step::Key("value")] => cursor.context.sibling("name")?,
        [Step::Key("data" | "stringData"), Step::Key(key)] => *key,
        _ => return None,
    };
    let (here, facts) = (cursor.here, cursor.here.facts);
    let namespace = own_namespace(cursor);
    let services = facts.kube_services().iter().filter(|it| {
        let is_printed = facts.file(it.span().file).kind == Kind::Template;
        facts.same_part(it.object.file, here.file.id) && !is_printed
    });
    let hosts = services.map(|it| {
        let name = host_at(here, it.object).unwrap_or(it.name);
        let host = match facts.may_share_namespace(it.namespace, &namespace) {
            true => name.to_owned(),
            false => format!("{name}.{}", it.namespace),
        };
        let numbers = it.model.ports.iter().filter_map(|it| it.port);
        let ports = numbers.filter_map(|it| u16::try_from(it.value).ok()).collect();
        HostOffer { host, ports, detail: detail(here, it.object) }
    });
    host_offers(key, cursor.context.typed, hosts.collect()).filter(|_| is_value)
}

/// Returns the namespace of the object at the cursor.
fn own_namespace(cursor: &Cursor<'_, '_>) -> String {
    let here = cursor.here;
    let mut own = here.facts.objects().iter().filter(|it| it.file == here.file.id);
    let around = own.clone().find(|it| here.is_in(it.span)).or_else(|| own.next());
    around.map_or_else(|| "default".to_owned(), |it| it.namespace().to_owned())
}

#[cfg(test)]
mod tests {
    use crate::ide::completion::testing::{labels, offered, taken};

    const OTHERS: &str = "# file: k8s/others.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info, 'ä': x}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: tokens}\nstringData: {token: x}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: api}, ports: [{name: http, port: 8080}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: data}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: store}\n";

    /// A Deployment whose container ends with these lines.
    fn web(lines: &str) -> String {
        format!(
            "# file: k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      volumes: [{{name: cache, emptyDir: {{}}}}]\n      containers:\n        - name: web\n          image: acme/web:1\n          ports: [{{name: http, containerPort: 8080}}, {{containerPort: 9090}}]\n{lines}\n{OTHERS}"
        )
    }

    #[test]
    fn objects_are_offered_where_they_are_named() {
        let env = |text: &str| {
            labels(&web(&format!(
                "          env:\n            - name: A\n              valueFrom:\n                {text}"
            )))
        };
        assert_eq!(env("configMapKeyRef:\n                  name: ‸"), ["settings"]);
        assert_eq!(env("secretKeyRef: {name: ‸"), ["tokens"]);
        assert_eq!(
            env("configMapKeyRef:\n                  name: settings\n                  key: ‸"),
            ["level", "ä"]
        );
        assert_eq!(
            env("configMapKeyRef:\n                  key: ‸\n                  name: settings"),
            ["level", "ä"]
        );
        assert_eq!(env("secretKeyRef: {key: ‸, name: tokens}"), ["token"]);
        assert_eq!(env("secretKeyRef: {key: ‸, name: other}"), [""; 0]);
        assert_eq!(
            labels(&web("          envFrom:\n            - secretRef:\n                name: t‸")),
            ["tokens"]
        );
        assert_eq!(labels(&web("      serviceAccountName: ‸")), ["robot"]);
        assert_eq!(labels(&web("      imagePullSecrets: [{name: ‸")), ["tokens"]);
    }

    #[test]
    fn volumes_claims_and_their_keys_are_offered() {
        let volume = |text: &str| {
            labels(&web(&format!("      volumes:\n        - name: x\n          {text}")))
        };
        assert_eq!(volume("persistentVolumeClaim: {claimName: ‸}"), ["data"]);
        assert_eq!(volume("secret:\n            secretName: ‸"), ["tokens"]);
        assert_eq!(
            volume(
                "configMap:\n            name: settings\n            items:\n              - key: ‸"
            ),
            ["level", "ä"]
        );
        assert_eq!(labels(&web("          volumeMounts:\n            - name: ‸")), ["cache"]);
    }

    #[test]
    fn ports_are_offered_by_name_or_number() {
        assert_eq!(
            labels(&web("          livenessProbe:\n            httpGet:\n              port: ‸")),
            ["http", "9090"]
        );
        let file = |text: &str| labels(&format!("# file: k8s/a.yaml\n{text}\n{}", web("")));
        let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  defaultBackend:\n    service:\n";
        assert_eq!(file(&format!("{ingress}      name: ‸")), ["api", "db"]);
        assert_eq!(
            file(&format!("{ingress}      name: api\n      port:\n        number: ‸")),
            ["8080"]
        );
        assert_eq!(file(&format!("{ingress}      name: api\n      port: {{name: ‸")), ["http"]);
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports:\n    - port: 80\n      targetPort: ‸";
        assert_eq!(file(service), ["http", "9090"]);
    }

    #[test]
    fn an_autoscaler_is_offered_what_it_can_scale() {
        let scaler = |target: &str| {
            labels(&format!(
                "# file: k8s/a.yaml\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec:\n  scaleTargetRef:\n{target}\n{}",
                web("")
            ))
        };
        assert_eq!(scaler("    name: ‸"), ["store", "web"]);
        assert_eq!(scaler("    kind: Deployment\n    name: ‸"), ["web"]);
        assert_eq!(scaler("    name: ‸\n    kind: StatefulSet"), ["store"]);
    }

    #[test]
    fn hosts_come_with_their_ports_and_namespaces() {
        let env = |name: &str, value: &str| {
            web(&format!(
                "          env:\n            - name: {name}\n              value: {value}"
            ))
        };
        assert_eq!(labels(&env("API_HOST", "‸")), ["api", "db.data", "api:8080", "db.data:5432"]);
        let all = taken(&env("X", "\"http://a‸\""));
        assert!(all[0].contains("value: \"http://api:8080\"\n"), "{}", all[0]);
        assert_eq!(labels(&env("LEVEL", "‸")), [""; 0]);
        let detail = offered(&env("API_HOST", "‸"))[0].detail.clone();
        assert_eq!(detail.as_deref(), Some("Service in k8s/others.yaml:21"));
    }

    /// A base with the lines in a Deployment, and two overlays of it with prefixes and a generator.
    #[cfg(feature = "targets")]
    fn overlays(lines: &str) -> String {
        let overlay = |name: &str| {
            format!(
                "# file: {name}/kustomization.yaml\nresources: [../base]\nnamePrefix: {name}-\n"
            )
        };
        let generator = "configMapGenerator: [{name: conf, literals: [MODE=fast]}]";
        format!(
            "# file: base/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n        - name: web\n          image: acme/web:1\n{lines}\n# file: base/kustomization.yaml\nresources: [web.yaml, other.yaml]\n{generator}\n# file: base/other.yaml\n{OTHERS_OF_BASE}{}{}",
            overlay("dev"),
            overlay("prod")
        )
    }

    #[cfg(feature = "targets")]
    const OTHERS_OF_BASE: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: uploads}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: web}, ports: [{name: http, port: 8080}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {defaultBackend: {service: {name: api, port: {name: http}}}}\n";

    #[cfg(feature = "targets")]
    #[test]
    fn names_in_a_base_are_those_of_its_sources() {
        let env = "          env:\n            - name: API_HOST\n              ";
        let key = format!("{env}valueFrom:\n                configMapKeyRef:\n                  ");
        assert_eq!(labels(&overlays(&format!("{key}name: ‸"))), ["conf"]);
        let key = format!("{key}name: conf\n                  key: ‸");
        assert_eq!(labels(&overlays(&key)), ["MODE"]);
        assert_eq!(labels(&overlays(&format!("{env}value: ‸"))), ["api", "api:8080"]);
        let claim = "      volumes: [{name: a, persistentVolumeClaim: {claimName: ‸}}]";
        assert_eq!(labels(&overlays(claim)), ["uploads"]);
        let port = overlays("").replace("port: {name: http}", "port: {name: ‸}");
        assert_eq!(labels(&port), ["http"]);
        let patch = "# file: prod/patch.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, env: [{name: API_HOST, value: ‸}]}]}}}\n";
        let text = format!("{}patches: [{{path: patch.yaml}}]\n{patch}", overlays(""));
        assert_eq!(labels(&text), ["prod-api", "prod-api:8080"]);
    }
}
