//! Expands short forms to long ones, so that there is one form to merge and to read.

use crate::model::compose::ProblemKind;
use crate::model::compose::load::lower::Lowering;
use crate::model::compose::load::merge::unify;
use crate::model::compose::load::short::{parse_mount, parse_ports};
use crate::model::compose::load::value::{Data, Entry, Kind, Map, Scalar, Tag, Value};
use crate::text::Span;
use smol_str::SmolStr;

/// Maximum number of ports that the ranges of one file expand to.
const MAX_PORTS: usize = 20_000;

/// Expands the short forms of one file.
pub(crate) fn canonical(root: &mut Value, out: &mut Lowering) {
    let Some(root) = root.as_map_mut() else { return };
    let mut canon = Canon { out, ports: 0, is_over: false };
    root.each_in(&["services", "jobs"], &mut |service| canon.service(service));
    let sections = ["networks", "volumes", "secrets", "configs"];
    root.each_in(&sections, &mut |object| canon.top_level(object));
    unify(root);
}

struct Canon<'c> {
    out: &'c mut Lowering,
    /// Number of ports expanded so far.
    ports: usize,
    /// Whether the limit was reported already.
    is_over: bool,
}

impl Canon<'_> {
    fn service(&mut self, service: &mut Value) {
        let Some(map) = service.as_map_mut() else { return };
        for (key, entry) in map.entries.iter_mut() {
            let value = &mut entry.value;
            match key.as_str() {
                "build" => self.build(value),
                "environment" => pairs(value, true),
                "labels" | "annotations" | "sysctls" => pairs(value, false),
                "depends_on" => dependencies(value),
                "networks" | "models" => names(value),
                "env_file" => {
                    string_to_list(value);
                    wrap_items(value, "path");
                }
                "dns" | "dns_search" | "tmpfs" | "label_file" => string_to_list(value),
                "extra_hosts" => hosts(value),
                "ports" => self.ports(value),
                "volumes" => self.mounts(value),
                "secrets" | "configs" => wrap_items(value, "source"),
                "deploy" => {
                    if let Some(labels) = value.get_mut("labels") {
                        pairs(labels, false);
                    }
                }
                "gpus" if value.text().is_some() => {
                    let span = value.span;
                    let mut gpu = Map::short();
                    gpu.put("count", Value::string(span, "all"));
                    value.data = Data::List(vec![Value::map(span, gpu)]);
                }
                "extends" if value.text().is_some() => wrap(value, "service"),
                "post_start" | "pre_stop" => value.each(&mut |hook| {
                    if let Some(environment) = hook.get_mut("environment") {
                        pairs(environment, true);
                    }
                }),
                // A step has the keys of a service. Steps do not nest.
                "pre_start" if value.as_list().is_some() => value.each(&mut |item| {
                    if item.get("pre_start").is_none() {
                        self.service(item);
                    }
                }),
                _ => {}
            }
        }
    }

    fn build(&mut self, build: &mut Value) {
        if build.text().is_some() {
            wrap(build, "context");
        }
        let Some(map) = build.as_map_mut() else { return };
        for (key, entry) in map.entries.iter_mut() {
            match key.as_str() {
                "args" => pairs(&mut entry.value, true),
                "labels" | "additional_contexts" => pairs(&mut entry.value, false),
                "extra_hosts" => hosts(&mut entry.value),
                "secrets" => wrap_items(&mut entry.value, "source"),
                _ => {}
            }
        }
    }

    fn ports(&mut self, value: &mut Value) {
        let Data::List(items) = &mut value.data else { return };
        let mut all = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            let Some(scalar) = item.as_scalar().filter(|scalar| scalar.kind != Kind::Null) else {
                all.push(item);
                continue;
            };
            match parse_ports(item.span, scalar, MAX_PORTS - self.ports) {
                Ok(Some(ports)) => {
                    self.ports += ports.len();
                    all.extend(ports);
                }
                Ok(None) => {
                    if !self.is_over {
                        self.is_over = true;
                        let message = "the port ranges of this file contain more than 20,000 ports; the rest is not read";
                        self.out.problem(ProblemKind::Limit, item.span, "", message);
                    }
                    break;
                }
                Err(message) => {
                    let text = scalar.text.clone();
                    self.out.problem(ProblemKind::InvalidPort, item.span, &text, message);
                }
            }
        }
        *items = all;
    }

    fn mounts(&mut self, value: &mut Value) {
        let Data::List(items) = &mut value.data else { return };
        let mut all = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            let Some(scalar) = item.as_scalar().filter(|scalar| scalar.kind != Kind::Null) else {
                all.push(item);
                continue;
            };
            let is_unknown = self.out.unknown.contains(&item.span);
            match parse_mount(item.span, scalar, is_unknown) {
                Ok(mount) => all.push(mount),
                Err(message) => {
                    let text = scalar.text.clone();
                    self.out.problem(ProblemKind::InvalidMount, item.span, &text, message);
                }
            }
        }
        *items = all;
    }

    fn top_level(&mut self, value: &mut Value) {
        if value.is_null() {
            value.data = Data::Map(Box::new(Map::short()));
        }
        let Some(map) = value.as_map_mut() else { return };
        if let Some(labels) = map.get_mut("labels") {
            pairs(labels, false);
        }
        // `external: {name: x}` is the old form of `external: true` with `name: x`.
        let Some(entry) = map.entries.get_mut("external") else { return };
        let Some(inner) = entry.value.as_map() else { return };
        let name = inner.entries.get("name").cloned();
        let span = entry.value.span;
        entry.value = Value::scalar(span, Kind::Bool, SmolStr::new_static("true"));
        if let Some(name) = name {
            if let Some(other) = map.get("name")
                && !other.same(&name.value)
            {
                let message = "`name` and `external.name` differ";
                self.out.problem(ProblemKind::Conflict, name.value.span, "name", message);
            }
            map.insert("name", name);
        }
    }
}

/// Turns `x` into `{key: x}`.
fn wrap(value: &mut Value, key: &'static str) {
    let long = Data::Map(Box::new(Map::short()));
    let inner = Value { data: std::mem::replace(&mut value.data, long), tag: Tag::None, ..*value };
    if let Data::Map(long) = &mut value.data {
        long.put(key, inner);
    }
}

/// Turns a string into a list of one string.
fn string_to_list(value: &mut Value) {
    if value.text().is_some() {
        let list = Data::List(Vec::new());
        let inner =
            Value { data: std::mem::replace(&mut value.data, list), tag: Tag::None, ..*value };
        if let Data::List(list) = &mut value.data {
            list.push(inner);
        }
    }
}

/// Splits `KEY=value` at the first separator that occurs, in the order of `separators`. Without one,
/// there is no value.
fn split(span: Span, scalar: &Scalar, separators: &[char]) -> ((SmolStr, Span), Option<Value>) {
    let find = |text: &str| separators.iter().find_map(|separator| text.find(*separator));
    let written = scalar.written();
    let end = find(&scalar.text);
    let written_end = if scalar.raw.is_none() { end } else { find(written) };
    let key_end = written_end.unwrap_or(written.len());
    let key_span = scalar.part(span, 0, key_end);
    let Some(end) = end else {
        return ((scalar.text.clone(), key_span), None);
    };
    let start = (key_end + 1).min(written.len());
    let raw = scalar.raw.as_ref().and_then(|raw| raw.get(start..));
    let value = Scalar {
        kind: Kind::Str,
        text: SmolStr::new(&scalar.text[end + 1..]),
        raw: raw.filter(|raw| raw.contains('$')).map(Box::from),
        offset: scalar.offset.map(|_| 0),
    };
    let value_span = scalar.part(span, start, written.len());
    let value = Value::new(value_span, Data::Scalar(value));
    ((SmolStr::new(&scalar.text[..end]), key_span), Some(value))
}

/// Turns a list of `KEY=value` into a mapping. A key without `=` becomes null with `inherit`, which
/// takes the value from the project, and an empty string otherwise.
fn pairs(value: &mut Value, inherit: bool) {
    let place = value.place();
    match &mut value.data {
        Data::List(items) => {
            let mut map = Map { short: true, place: Some(place), ..Map::default() };
            for item in items.drain(..) {
                let Some(scalar) = item.as_scalar() else { continue };
                let ((key, key_span), inner) = split(item.span, scalar, &['=']);
                let inner = inner.unwrap_or_else(|| {
                    if inherit { Value::null(key_span) } else { Value::string(key_span, "") }
                });
                let entry = Entry { list: true, ..Entry::new(key_span, item.span, inner) };
                map.insert(key, entry);
            }
            value.data = Data::Map(Box::new(map));
        }
        Data::Map(map) if !inherit => {
            for entry in map.entries.values_mut() {
                if entry.value.is_null() {
                    entry.value = Value::string(entry.value.span, "");
                }
            }
        }
        _ => {}
    }
}

/// Turns a list of names into a mapping with null values.
fn names(value: &mut Value) {
    let place = value.place();
    if let Data::List(items) = &mut value.data {
        let mut map = Map { short: true, place: Some(place), ..Map::default() };
        for item in items.drain(..) {
            if let Some(name) = item.text().cloned() {
                map.insert(name, Entry::new(item.span, item.span, Value::null(item.span)));
            }
        }
        value.data = Data::Map(Box::new(map));
    }
}

/// Turns a list of services into a mapping with the default condition.
fn dependencies(value: &mut Value) {
    let listed = value.as_list().is_some();
    names(value);
    if !listed {
        return;
    }
    let Some(map) = value.as_map_mut() else { return };
    for entry in map.entries.values_mut() {
        let span = entry.key;
        let required = Value::scalar(span, Kind::Bool, SmolStr::new_static("true"));
        let mut long = Map::short();
        long.put("condition", Value::string(span, "service_started"));
        long.put("required", required);
        entry.value = Value::map(span, long);
    }
}

/// Turns `host: address` and `host=address` into a list of pairs; a host may have several addresses.
fn hosts(value: &mut Value) {
    let mut all = Vec::new();
    let mut add = |host: SmolStr, host_span: Span, whole: Span, mut address: Value| {
        if let Data::Scalar(scalar) = &mut address.data {
            let plain = scalar.text.trim_start_matches('[').trim_end_matches(']');
            scalar.text = SmolStr::new(plain);
        }
        let host = Value::string(host_span, host);
        let mut long = Map::short();
        long.put("host", host);
        long.put("address", address);
        all.push(Value::map(whole, long));
    };
    match &value.data {
        Data::List(items) => {
            for item in items {
                let Some(scalar) = item.as_scalar() else { continue };
                let ((host, span), address) = split(item.span, scalar, &['=', ':']);
                let address = address.unwrap_or_else(|| Value::null(span));
                add(host, span, item.span, address);
            }
        }
        Data::Map(map) => {
            for (host, entry) in &map.entries {
                match &entry.value.data {
                    Data::List(items) => {
                        for item in items {
                            add(host.clone(), entry.key, item.span, item.clone());
                        }
                    }
                    _ => add(host.clone(), entry.key, entry.first, entry.value.clone()),
                }
            }
        }
        Data::Scalar(_) => return,
    }
    value.data = Data::List(all);
}

/// Turns every item `x` of a list into `{key: x}`.
fn wrap_items(value: &mut Value, key: &'static str) {
    if value.as_list().is_some() {
        value.each(&mut |item| {
            if item.text().is_some() {
                wrap(item, key);
            }
        });
    }
}
