//! Credentials that their form gives away: tokens and private keys.
//!
//! Sources: the published token formats of the services named in [`TOKENS`], RFC 7468 (PEM) and RFC
//! 7519 (JWT).

use super::{Judgement, Verdict, Why, is_placeholder};

/// Token formats: the prefix, the minimum number of characters after the prefix, and the service.
const TOKENS: &[(&str, usize, &str)] = &[
    ("ghp_", 36, "GitHub"),
    ("gho_", 36, "GitHub"),
    ("ghu_", 36, "GitHub"),
    ("ghs_", 36, "GitHub"),
    ("ghr_", 36, "GitHub"),
    ("github_pat_", 40, "GitHub"),
    ("glpat-", 20, "GitLab"),
    ("glrt-", 20, "GitLab"),
    ("sk_live_", 20, "Stripe"),
    ("rk_live_", 20, "Stripe"),
    ("whsec_", 30, "Stripe"),
    ("xoxb-", 20, "Slack"),
    ("xoxp-", 20, "Slack"),
    ("xapp-", 20, "Slack"),
    ("npm_", 36, "npm"),
    ("pypi-AgEI", 40, "PyPI"),
    ("AIza", 35, "Google"),
    ("GOCSPX-", 24, "Google"),
    ("hf_", 30, "Hugging Face"),
    ("sk-ant-", 40, "Anthropic"),
    ("sk-proj-", 40, "OpenAI"),
    ("dop_v1_", 60, "DigitalOcean"),
    ("shpat_", 32, "Shopify"),
    ("hvs.", 24, "Vault"),
    ("dckr_pat_", 20, "Docker"),
    ("SG.", 60, "SendGrid"),
];

/// Prefixes of AWS access key ids. Exactly 16 upper case letters and digits follow.
const AWS_KEY_IDS: &[&str] = &["AKIA", "ASIA"];

/// Minimum length of a token, be it in [`TOKENS`], an AWS access key id or a JSON Web Token.
const SHORTEST_TOKEN: usize = 20;

/// Whether a token may contain a character.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Judges a value that contains a private key or a token.
pub fn by_form(value: &str) -> Option<Judgement> {
    if value.len() < SHORTEST_TOKEN {
        return None;
    }
    if let Some(start) = value.find("-----BEGIN ")
        && value[start..].lines().next().is_some_and(|it| it.contains("PRIVATE KEY"))
    {
        let at = (start, value.len());
        return Some(Judgement { verdict: Verdict::Literal, why: Why::PrivateKey, at });
    }
    let mut next = 0;
    for token in value.split(|c| !is_token_char(c)) {
        let at = (next, next + token.len());
        next = at.1 + value[at.1..].chars().next().map_or(0, char::len_utf8);
        let Some(service) = service_of(token) else { continue };
        let placeholder = is_placeholder(token);
        let verdict = if placeholder { Verdict::Placeholder } else { Verdict::Literal };
        return Some(Judgement { verdict, why: Why::Token(service), at });
    }
    json_web_token(value)
}

/// Returns the service whose format a token has.
fn service_of(token: &str) -> Option<&'static str> {
    if token.len() < SHORTEST_TOKEN {
        return None;
    }
    let is_aws = AWS_KEY_IDS.iter().filter_map(|it| token.strip_prefix(it)).any(|rest| {
        rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    if is_aws {
        return Some("AWS");
    }
    TOKENS.iter().find_map(|(prefix, least, service)| {
        let rest = token.strip_prefix(prefix)?;
        (rest.len() >= *least).then_some(*service)
    })
}

/// Finds a JSON Web Token: three parts, the first two of which are JSON objects in base64.
fn json_web_token(value: &str) -> Option<Judgement> {
    let start = value.find("eyJ").filter(|at| !value[..*at].ends_with(is_token_char))?;
    let end = value[start..].find(|c| !is_token_char(c)).map_or(value.len(), |it| start + it);
    let at = (start, end);
    let [_, payload, signature] =
        value[at.0..at.1].split('.').collect::<Vec<_>>().try_into().ok()?;
    if !payload.starts_with("eyJ") || signature.len() < 20 {
        return None;
    }
    Some(Judgement { verdict: Verdict::Literal, why: Why::Token("JWT"), at })
}
