//! Who the container runs as, and what it may do.

use super::Context;
use super::draft::{Draft, dns_label};
use crate::compare::cases::numeric_user;
use crate::edit::Yaml;
use crate::knowledge::compose_key::Key;
use crate::model::Str;

pub fn draft(context: &Context<'_, '_>, key: Key) -> Option<Draft> {
    let model = context.service.model;
    let of_container = |fields: Vec<(&'static str, Yaml<'static>)>| {
        (!fields.is_empty()).then(|| Draft::container([("securityContext", Yaml::map(fields))]))
    };
    match key {
        Key::User => {
            let (user, group) = numeric_user(model.user.as_ref()?.as_str())?;
            let mut fields = vec![("runAsUser", Yaml::int(user))];
            fields.extend(group.map(|group| ("runAsGroup", Yaml::int(group))));
            of_container(fields)
        }
        Key::GroupAdd => {
            let numbers = model.group_add.iter().map(|group| group.as_str().parse::<i64>().ok());
            let numbers: Vec<i64> = numbers.collect::<Option<_>>()?;
            let groups = Yaml::list(numbers.into_iter().map(Yaml::int));
            let context = Yaml::map([("supplementalGroups", groups)]);
            Some(Draft::pod([("securityContext", context)]))
        }
        Key::Privileged => of_container(vec![("privileged", Yaml::bool(model.privileged?.value))]),
        Key::ReadOnly => {
            of_container(vec![("readOnlyRootFilesystem", Yaml::bool(model.read_only?.value))])
        }
        Key::CapAdd => of_container(vec![capabilities("add", &model.cap_add)]),
        Key::CapDrop => of_container(vec![capabilities("drop", &model.cap_drop)]),
        Key::SecurityOpt => of_container(options(&model.security_opt)),
        Key::Sysctls => {
            let all = model.sysctls.iter().filter_map(|it| {
                let value = Yaml::str(it.value.as_ref()?.to_string());
                Some(Yaml::map([("name", Yaml::str(it.key.to_string())), ("value", value)]))
            });
            let context = Yaml::map([("sysctls", Yaml::list(all))]);
            Some(Draft::pod([("securityContext", context)]))
        }
        Key::Runtime => {
            let runtime = model.runtime.as_ref()?.as_str();
            let named = !matches!(runtime, "runc" | "io.containerd.runc.v2");
            named.then(|| Draft::pod([("runtimeClassName", Yaml::str(dns_label(runtime)))]))
        }
        _ => None,
    }
}

fn capabilities(list: &'static str, all: &[Str]) -> (&'static str, Yaml<'static>) {
    let plain = |it: &Str| {
        let name = it.as_str().to_ascii_uppercase();
        Yaml::str(name.strip_prefix("CAP_").unwrap_or(&name).to_owned())
    };
    ("capabilities", Yaml::map([(list, Yaml::list(all.iter().map(plain)))]))
}

/// Returns those security options that have a field; the profile of a file cannot be carried over, since
/// the file must lie on the node.
fn options(all: &[Str]) -> Vec<(&'static str, Yaml<'static>)> {
    let unconfined = || Yaml::map([("type", Yaml::str("Unconfined"))]);
    let field = |option: &Str| match option.as_str().replacen('=', ":", 1).as_str() {
        "no-new-privileges" | "no-new-privileges:true" => {
            Some(("allowPrivilegeEscalation", Yaml::bool(false)))
        }
        "seccomp:unconfined" => Some(("seccompProfile", unconfined())),
        "apparmor:unconfined" => Some(("appArmorProfile", unconfined())),
        _ => None,
    };
    let mut fields: Vec<(&'static str, Yaml<'static>)> = Vec::new();
    for (name, value) in all.iter().filter_map(field) {
        if !fields.iter().any(|it| it.0 == name) {
            fields.push((name, value));
        }
    }
    fields
}
