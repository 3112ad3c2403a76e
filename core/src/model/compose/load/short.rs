//! Parsers for the short forms of ports and mounts.

use crate::knowledge::ip::is_ip;
use crate::model::compose::load::value::{Data, Kind, Map, Scalar, Value};
use crate::text::{Span, clean_path};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use std::ops::Range;

/// Parses `[[ip:]host:]container[/protocol]`, with ranges, into one value for each port. `None` where there are
/// more than `limit` ports.
pub(crate) fn parse_ports(
    span: Span,
    scalar: &Scalar,
    limit: usize,
) -> Result<Option<Vec<Value>>, String> {
    let text = scalar.text.as_str();
    let (address, written) = text.split_once('/').unwrap_or((text, "tcp"));
    let known = ["tcp", "udp", "sctp"].into_iter().find(|name| name.eq_ignore_ascii_case(written));
    let Some(protocol) = known else {
        let protocol = written.to_ascii_lowercase();
        return Err(format!("`{protocol}` is not a port protocol: use `tcp`, `udp` or `sctp`"));
    };
    let mut parts = address.rsplitn(3, ':');
    let container = parts.next().unwrap_or_default();
    let host = parts.next().unwrap_or_default();
    let ip = parts.next().unwrap_or_default();
    let ip = ip.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(ip);
    if !ip.is_empty() && !is_ip(ip) {
        return Err(format!("`{ip}` is not an IP address"));
    }
    if container.is_empty() {
        return Err(format!("`{text}` does not name a container port"));
    }
    let targets =
        range(container).ok_or_else(|| format!("`{container}` is not a valid container port"))?;
    let published = match host {
        "" => None,
        host => Some(range(host).ok_or_else(|| format!("`{host}` is not a valid host port"))?),
    };
    let count = targets.1 - targets.0;
    if let Some((first, last)) = published
        && last - first != count
        && count != 0
    {
        return Err(format!("the port ranges `{host}` and `{container}` differ in length"));
    }
    if usize::from(count) >= limit {
        return Ok(None);
    }
    // After interpolation the parts no longer lie at these positions in the file.
    let plain = scalar.raw.is_none();
    let place = |start: usize, end: usize| if plain { scalar.part(span, start, end) } else { span };
    let container_start = address.len() - container.len();
    let host_start = container_start.saturating_sub(1 + host.len());
    let mut all = Vec::with_capacity(count as usize + 1);
    for at in 0..=count {
        let target_span = place(container_start, address.len());
        let mut port = Map::short();
        let target = (targets.0 + at).to_smolstr();
        port.put("target", Value::scalar(target_span, Kind::Int, target));
        port.put("protocol", Value::string(span, SmolStr::new_static(protocol)));
        if let Some((first, last)) = published {
            let text = if last - first == count {
                (first + at).to_smolstr()
            } else {
                format_smolstr!("{first}-{last}")
            };
            let host_span = place(host_start, host_start + host.len());
            port.put("published", Value::string(host_span, text));
        }
        if !ip.is_empty() {
            port.put("host_ip", Value::string(place(0, host_start.saturating_sub(1)), ip));
        }
        all.push(Value::map(span, port));
    }
    Ok(Some(all))
}

/// Parses `80` or `80-90`.
pub(crate) fn range(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u16>().ok() } else { None }
    };
    if let Some(one) = number(text) {
        return Some((one, one));
    }
    let (first, last) = text.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

/// Parses `[source:]target[:options]`; the source may be a Windows path. Only the environment knows parts of an
/// unknown text: where the source is missing in it, the mount is one of a path on the host that nobody can tell.
pub(crate) fn parse_mount(span: Span, scalar: &Scalar, is_unknown: bool) -> Result<Value, String> {
    let text = scalar.text.as_str();
    if text.is_empty() {
        return Err("this mount is empty".to_owned());
    }
    let parts = mount_parts(text);
    let lacks_source = is_unknown && parts.len() > 1 && parts[0].is_empty();
    if parts.iter().skip(usize::from(lacks_source)).any(Range::is_empty) {
        return Err(format!("`{text}` has an empty part before, between or after its colons"));
    }
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, target, None),
        [source, target] => (Some(source), target, None),
        [source, target, options] => (Some(source), target, Some(options)),
        _ => return Err(format!("`{text}` has too many colons for a mount")),
    };
    let plain = scalar.raw.is_none();
    let value = |part: &Range<usize>| {
        let span = if plain { scalar.part(span, part.start, part.end) } else { span };
        Value::string(span, &text[part.clone()])
    };
    let bind = lacks_source || source.is_some_and(|part| is_path(&text[part.clone()]));
    let mut target = value(target);
    if let Data::Scalar(path) = &mut target.data {
        path.text = clean(&path.text);
    }
    let mut mount = Map::short();
    mount.put("type", Value::string(span, if bind { "bind" } else { "volume" }));
    mount.put("target", target);
    if let Some(source) = source.filter(|_| !lacks_source) {
        mount.put("source", value(source));
    }
    if let Some(options) = options {
        let options = value(options);
        let words = options.text().map_or("", SmolStr::as_str).rsplit(',');
        if words.into_iter().find(|word| matches!(*word, "ro" | "rw")) == Some("ro") {
            let yes = SmolStr::new_static("true");
            mount.put("read_only", Value::scalar(options.span, Kind::Bool, yes));
        }
        mount.put("options", options);
    }
    Ok(Value::map(span, mount))
}

/// Splits a mount at its colons, but not at the one behind a drive letter.
fn mount_parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    if text.len() <= 2 {
        parts.push(0..text.len());
        return parts;
    }
    let mut start = 0;
    // A text of two characters, as `a:`, has only one part.
    let colons = text.match_indices(':').filter(|_| text.len() > 2);
    for (at, _) in colons {
        let drive = at - start == 1 && text.as_bytes()[start].is_ascii_alphabetic();
        if !drive {
            parts.push(start..at);
            start = at + 1;
        }
    }
    parts.push(start..text.len());
    parts
}

/// Whether a source is a path on the host rather than the name of a volume.
pub(crate) fn is_path(source: &str) -> bool {
    let bytes = source.as_bytes();
    source.starts_with(['.', '/', '~'])
        || source.starts_with("\\\\")
        || (bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':')
}

/// Normalises a path in the container: no repeated or trailing slashes, no `.` and `..`.
pub(crate) fn clean(path: &str) -> SmolStr {
    clean_path(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn scalar(text: &str) -> (Span, Scalar) {
        let span = Span::new(FileId(0), 10, 10 + text.len());
        (span, Scalar { kind: Kind::Str, text: SmolStr::new(text), raw: None, offset: Some(0) })
    }

    fn ports(text: &str) -> Result<Vec<String>, String> {
        let (span, scalar) = scalar(text);
        let show = |it: &Value| {
            let get = |key| it.get(key).and_then(Value::text).map_or("", SmolStr::as_str);
            format!("{}|{}|{}|{}", get("host_ip"), get("published"), get("target"), get("protocol"))
        };
        parse_ports(span, &scalar, 10).map(|it| it.unwrap().iter().map(show).collect())
    }

    #[test]
    fn ports_have_addresses_ranges_and_protocols() {
        let cases: [(&str, &[&str]); 7] = [
            ("80", &["||80|tcp"]),
            ("8080:80/UDP", &["|8080|80|udp"]),
            ("127.0.0.1::90", &["127.0.0.1||90|tcp"]),
            ("[::1]:1:2", &["::1|1|2|tcp"]),
            ("::1:1:2", &["::1|1|2|tcp"]),
            ("1-2:11-12", &["|1|11|tcp", "|2|12|tcp"]),
            ("3000-3002:30", &["|3000-3002|30|tcp"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(ports(text).unwrap(), wanted, "{text}");
        }
        for text in ["abc", "70000:1", "1-3:1-2", "x:1:1", "80/foo", "80:", "3-1", "+1"] {
            assert!(ports(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_of_a_port_have_their_own_spans() {
        let (span, scalar) = scalar("127.0.0.1:8080:80/tcp");
        let port = parse_ports(span, &scalar, 1).unwrap().unwrap().remove(0);
        let range = |key| port.get(key).unwrap().span.range();
        assert_eq!(
            (range("host_ip"), range("published"), range("target")),
            (10..19, 20..24, 25..27)
        );
    }

    fn mount(text: &str) -> Result<String, String> {
        let (span, scalar) = scalar(text);
        parse_mount(span, &scalar, false).map(|it| {
            let get = |key| it.get(key).and_then(Value::text).map_or("-", SmolStr::as_str);
            format!("{} {} {} {}", get("type"), get("source"), get("target"), get("read_only"))
        })
    }

    #[test]
    fn bind_mounts_and_volumes_are_distinguished_as_compose_does() {
        let cases = [
            ("/data", "volume - /data -"),
            ("db:/data/", "volume db /data -"),
            ("./x:/y:ro", "bind ./x /y true"),
            ("~/x:/y:rw", "bind ~/x /y -"),
            ("C:\\x:/y", "bind C:\\x /y -"),
            ("C:\\x:D:\\y:ro", "bind C:\\x D:\\y true"),
            ("db:/x:nocopy,ro", "volume db /x true"),
            // Compose takes one letter before a colon for a drive.
            ("a:/b", "volume - a:/b -"),
        ];
        for (text, wanted) in cases {
            assert_eq!(mount(text).as_deref(), Ok(wanted), "{text}");
        }
        for text in ["", "db:", ":/x", "db:/x:ro:z"] {
            assert!(mount(text).is_err(), "{text}");
        }
    }
}
