//! The texts of IP addresses.
//!
//! Source: RFC 6943, section 3.1.1 (the strict form of IPv4) and RFC 4291, section 2.2 (IPv6). The
//! standard library reads the same ones, and takes twenty times the room for it in the engine.

/// The four numbers of an IPv4 address: decimal, without leading zeros.
#[must_use]
pub fn ipv4(text: &str) -> Option<[u8; 4]> {
    if !text.starts_with(|it: char| it.is_ascii_digit()) {
        return None;
    }
    let mut parts = text.split('.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        let part = parts.next()?;
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        *octet = part.parse().ok().filter(|_| digits && (part == "0" || !part.starts_with('0')))?;
    }
    parts.next().is_none().then_some(octets)
}

/// Whether a text is an IPv6 address, without brackets and zone.
#[must_use]
pub fn is_ipv6(text: &str) -> bool {
    match text.split_once("::") {
        None => groups(text, true) == Some(8),
        // The two colons stand for one group of zeros or more.
        Some((head, tail)) => {
            groups(head, false).zip(groups(tail, true)).is_some_and(|(head, tail)| head + tail <= 7)
        }
    }
}

/// Whether a text is an address of either kind.
#[must_use]
pub fn is_ip(text: &str) -> bool {
    ipv4(text).is_some() || is_ipv6(text)
}

/// How many groups of 16 bits a list has; the last two may be written as an IPv4 address.
fn groups(list: &str, ends: bool) -> Option<usize> {
    if list.is_empty() {
        return Some(0);
    }
    let mut count = 0;
    let mut rest = Some(list);
    while let Some(text) = rest {
        let (group, more) = match text.split_once(':') {
            Some((group, more)) => (group, Some(more)),
            None => (text, None),
        };
        rest = more;
        if (1..=4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit()) {
            count += 1;
        } else if ends && more.is_none() && ipv4(group).is_some() {
            count += 2;
        } else {
            return None;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};

    fn same(text: &str) {
        let four = text.parse::<Ipv4Addr>().ok().map(|it| it.octets());
        assert_eq!(ipv4(text), four, "{text}");
        assert_eq!(is_ipv6(text), text.parse::<Ipv6Addr>().is_ok(), "{text}");
        assert_eq!(is_ip(text), text.parse::<core::net::IpAddr>().is_ok(), "{text}");
    }

    /// All texts of up to `length` pieces.
    fn every(pieces: &[&str], length: usize, text: &mut String, check: &mut usize) {
        same(text);
        *check += 1;
        if length > 0 {
            for piece in pieces {
                let before = text.len();
                text.push_str(piece);
                every(pieces, length - 1, text, check);
                text.truncate(before);
            }
        }
    }

    #[test]
    fn the_standard_library_reads_the_same() {
        let mut count = 0;
        let four = ["0", "1", "25", "6", ".", "+", " ", "a"];
        every(&four, 5, &mut String::new(), &mut count);
        let dotted = ["0.", "1.", "255.", "256.", "01.", "7", "0", "00", ""];
        every(&dotted, 5, &mut String::new(), &mut count);
        let six = ["::", ":", "1:", "Fe80:", "0", "12345", "g", "1.2.3.4", "%1"];
        every(&six, 5, &mut String::new(), &mut count);
        assert!(count > 100_000);
        for head in 0..9 {
            for tail in 0..9 {
                for last in ["", "1", "1.2.3.4", "1.2.3", "::"] {
                    same(&format!("{}:{}{last}", "a:".repeat(head), ":b".repeat(tail)));
                    same(&format!("{}:{}{last}", "a:".repeat(head), "b:".repeat(tail)));
                    same(&format!("{}{}{last}", "a:".repeat(head), "b:".repeat(tail)));
                }
            }
        }
        for text in ["é", "1.2.3.é", "::é", "fd00::1", "255.255.255.255", "[::1]", "１.2.3.4"] {
            same(text);
        }
    }
}
