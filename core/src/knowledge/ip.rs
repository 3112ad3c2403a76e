//! The texts of IP addresses.
//!
//! Sources: RFC 6943, section 3.1.1 (the strict form of IPv4), and RFC 4291, section 2.2 (IPv6), as
//! the standard library reads them: decimal octets without leading zeros, and neither brackets nor
//! a zone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the four octets of an IPv4 address.
#[must_use]
pub fn ipv4(text: &str) -> Option<[u8; 4]> {
    text.parse::<Ipv4Addr>().ok().map(|address| address.octets())
}

/// Whether a text is an IPv6 address.
#[must_use]
pub fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// Whether a text is an address of either version.
#[must_use]
pub fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_is_strict() {
        assert_eq!(ipv4("192.168.0.1"), Some([192, 168, 0, 1]));
        for text in
            ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "+1.2.3.4", "db", "１.2.3.4"]
        {
            assert_eq!(ipv4(text), None, "{text}");
        }
    }

    #[test]
    fn ipv6_has_neither_brackets_nor_a_zone() {
        for text in ["::", "fd00::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"] {
            assert!(is_ipv6(text) && is_ip(text), "{text}");
        }
        for text in ["[::1]", "fe80::1%1", "1::2::3", "1:2:3", ":1", "1.2.3.4"] {
            assert!(!is_ipv6(text), "{text}");
        }
    }
}
