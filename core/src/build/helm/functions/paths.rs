//! Paths and URLs as strings.

use super::Parameter::{Dict, Str};
use super::{Function, text};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Value};
use crate::text::clean_path;

pub const FUNCTIONS: &[Function] = &[
    Function::new("base", &[Str], |context, values| changed(context, values, base)),
    Function::new("osBase", &[Str], |context, values| changed(context, values, base)),
    Function::new("dir", &[Str], |context, values| changed(context, values, dir)),
    Function::new("osDir", &[Str], |context, values| changed(context, values, dir)),
    Function::new("clean", &[Str], |context, values| changed(context, values, clean_path)),
    Function::new("osClean", &[Str], |context, values| changed(context, values, clean_path)),
    Function::new("ext", &[Str], |context, values| changed(context, values, extension)),
    Function::new("osExt", &[Str], |context, values| changed(context, values, extension)),
    Function::new("isAbs", &[Str], is_absolute),
    Function::new("osIsAbs", &[Str], is_absolute),
    Function::new("urlParse", &[Str], url_parse),
    Function::new("urlJoin", &[Dict], url_join),
];

fn changed(
    context: &Context<'_>,
    values: &[Value],
    change: impl Fn(&str) -> String,
) -> Result<Value> {
    let text = text(&values[0])?;
    context.heap.text(text.recast(change(text.as_str())))
}

fn is_absolute(_: &Context<'_>, values: &[Value]) -> Result<Value> {
    Ok(Value::bool(text(&values[0])?.as_str().starts_with('/')))
}

fn base(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path, trimmed) {
        ("", _) => ".".to_owned(),
        (_, "") => "/".to_owned(),
        (_, trimmed) => trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned(),
    }
}

fn dir(path: &str) -> String {
    clean_path(path.rfind('/').map_or("", |at| &path[..=at]))
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or(String::new(), |at| name[at..].to_owned())
}

/// Takes a URL apart into a dict.
fn url_parse(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let url = text(&values[0])?.as_str();
    if url.contains(|letter: char| letter.is_control()) {
        return Err(Failure::new("unable to parse url: invalid control character in URL"));
    }
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", rest),
    };
    let (authority, path, opaque) = match rest.strip_prefix("//") {
        Some(rest) => {
            let at = rest.find('/').unwrap_or(rest.len());
            (&rest[..at], &rest[at..], "")
        }
        None if !scheme.is_empty() && !rest.starts_with('/') => ("", "", rest),
        None => ("", rest, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let hostname = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    let hostname = hostname.trim_start_matches('[').trim_end_matches(']');
    let dict = context.heap.dict_of([
        ("fragment", Value::string(fragment)),
        ("host", Value::string(host)),
        ("hostname", Value::string(hostname)),
        ("opaque", Value::string(opaque)),
        ("path", Value::string(path)),
        ("query", Value::string(query)),
        ("scheme", Value::string(scheme.to_ascii_lowercase())),
        ("userinfo", Value::string(user)),
    ])?;
    Ok(Data::Dict(dict).into())
}

fn url_join(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let dict = super::dict(context, &values[0])?;
    let part = |name: &str| -> String {
        let value = dict.get(name);
        value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut url = String::new();
    if !part("scheme").is_empty() {
        url = part("scheme") + ":";
    }
    if !part("opaque").is_empty() {
        url += &part("opaque");
    } else {
        if !part("scheme").is_empty() || !part("host").is_empty() || !part("userinfo").is_empty() {
            url += "//";
        }
        if !part("userinfo").is_empty() {
            url += &(part("userinfo") + "@");
        }
        url += &part("host");
        if !part("path").is_empty() && !part("path").starts_with('/') && !part("host").is_empty() {
            url.push('/');
        }
        url += &part("path");
    }
    if !part("query").is_empty() {
        url += &("?".to_owned() + &part("query"));
    }
    if !part("fragment").is_empty() {
        url += &("#".to_owned() + &part("fragment"));
    }
    context.heap.text(url.as_str().into())
}
