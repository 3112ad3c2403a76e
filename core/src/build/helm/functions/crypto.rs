//! Hashes, and placeholders for what is random by nature.
//!
//! A rendering is the same each time. Passwords, keys and certificates are therefore placeholders:
//! text of the right shape that was written nowhere, so that nobody takes it for a value of theirs.

use super::Parameter::{Any, Int, Str};
use super::{Function, int, size, text};
use crate::build::helm::encode::{base64_encode, hexadecimal};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::object::{Object, Record};
use crate::build::helm::value::{Data, Value};
use sha2::Digest;
use std::rc::Rc;

pub const FUNCTIONS: &[Function] = &[
    Function::new("sha1sum", &[Str], |context, values| {
        hashed(context, values, |bytes| hexadecimal(&sha1::Sha1::digest(bytes)))
    }),
    Function::new("sha256sum", &[Str], |context, values| {
        hashed(context, values, |bytes| hexadecimal(&sha2::Sha256::digest(bytes)))
    }),
    Function::new("sha512sum", &[Str], |context, values| {
        hashed(context, values, |bytes| hexadecimal(&sha2::Sha512::digest(bytes)))
    }),
    Function::new("adler32sum", &[Str], |context, values| {
        hashed(context, values, |bytes| adler32(bytes).to_string())
    }),
    Function::new("randAlphaNum", &[Int], |context, values| random(context, values, ALPHANUMERIC)),
    Function::new("randAlpha", &[Int], |context, values| random(context, values, ALPHABETIC)),
    Function::new("randNumeric", &[Int], |context, values| random(context, values, NUMERIC)),
    Function::new("randAscii", &[Int], |context, values| random(context, values, ALPHANUMERIC)),
    Function::new("randBytes", &[Int], |context, values| {
        let count = size(int(&values[0])?);
        context.heap.budget.spend_bytes(count.saturating_mul(2))?;
        let bytes = placeholder(context.next_random(), count, ALPHANUMERIC);
        Ok(Value::string(base64_encode(bytes.as_bytes())))
    }),
    Function::new("randInt", &[Int, Int], rand_int),
    Function::new("shuffle", &[Str], |_, values| Ok(values[0].clone())),
    Function::new("uuidv4", &[], |context, _| {
        let number = context.next_random();
        Ok(Value::string(format!("00000000-0000-4000-8000-{number:012x}")))
    }),
    Function::new("bcrypt", &[Str], |context, _| Ok(Value::string(bcrypt(context)))),
    Function::new("htpasswd", &[Str, Str], |context, values| {
        let user = text(&values[0])?;
        if user.as_str().contains(':') {
            return Ok(Value::string(format!("invalid username: {user}")));
        }
        Ok(Value::string(format!("{user}:{}", bcrypt(context))))
    }),
    Function::new("derivePassword", &[Int, Str, Str, Str, Str], |context, _| {
        Ok(Value::string(placeholder(context.next_random(), 16, ALPHANUMERIC)))
    }),
    Function::new("encryptAES", &[Str, Str], |context, values| {
        let length = text(&values[1])?.len();
        context.heap.budget.spend_bytes(length.saturating_mul(2))?;
        let bytes = placeholder(context.next_random(), length + 16, ALPHANUMERIC);
        Ok(Value::string(base64_encode(bytes.as_bytes())))
    }),
    Function::new("decryptAES", &[Str, Str], |_, _| {
        Err(Failure::new("decryptAES is not supported when a chart is rendered for analysis"))
    }),
    Function::new("genPrivateKey", &[Str], |context, values| {
        let name = match text(&values[0])?.as_str() {
            "rsa" => "RSA PRIVATE KEY",
            "dsa" => "DSA PRIVATE KEY",
            "ecdsa" => "EC PRIVATE KEY",
            "ed25519" => "PRIVATE KEY",
            other => return Ok(Value::string(format!("Unknown type {other}"))),
        };
        Ok(Value::string(pem(name, context.next_random())))
    }),
    Function::new("genCA", &[Str, Int], certificate),
    Function::new("genCAWithKey", &[Str, Int, Str], certificate),
    Function::new("genSelfSignedCert", &[Str, Any, Any, Int], certificate),
    Function::new("genSelfSignedCertWithKey", &[Str, Any, Any, Int, Str], certificate),
    Function::new("genSignedCert", &[Str, Any, Any, Int, Any], certificate),
    Function::new("genSignedCertWithKey", &[Str, Any, Any, Int, Any, Str], certificate),
    Function::new("buildCustomCert", &[Str, Str], |_, values| {
        let decoded = |value: &Value| -> Result<String> {
            let bytes = crate::build::helm::encode::base64_decode(text(value)?.as_str());
            let bytes =
                bytes.map_err(|error| Failure::new(format!("unable to decode: {error}")))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(pair(decoded(&values[0])?, decoded(&values[1])?))
    }),
];

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ALPHABETIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NUMERIC: &[u8] = b"0123456789";

fn hashed(
    context: &Context<'_>,
    values: &[Value],
    hash: impl Fn(&[u8]) -> String,
) -> Result<Value> {
    let text = text(&values[0])?;
    context.heap.budget.spend_steps(text.len() / 64)?;
    context.heap.text(text.recast(hash(text.as_str().as_bytes())))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

/// Letters of an alphabet that look random and are the same for the same seed.
fn placeholder(seed: usize, length: usize, alphabet: &[u8]) -> String {
    let mut state = 0x2545_F491_u32.wrapping_add(u32::try_from(seed).unwrap_or(0));
    let letters = (0..length).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(alphabet[(state >> 16) as usize % alphabet.len()])
    });
    letters.collect()
}

fn random(context: &Context<'_>, values: &[Value], alphabet: &[u8]) -> Result<Value> {
    let length = size(int(&values[0])?);
    context.heap.budget.spend_bytes(length)?;
    Ok(Value::string(placeholder(context.next_random(), length, alphabet)))
}

fn rand_int(_: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (least, end) = (int(&values[0])?, int(&values[1])?);
    if least >= end {
        return Err(Failure::new("invalid argument to Intn"));
    }
    Ok(Value::int(least))
}

fn bcrypt(context: &Context<'_>) -> String {
    format!("$2a$10${}", placeholder(context.next_random(), 53, ALPHANUMERIC))
}

fn pem(name: &str, seed: usize) -> String {
    let lines: Vec<String> =
        (0..4).map(|line| placeholder(seed * 4 + line, 64, ALPHANUMERIC)).collect();
    format!("-----BEGIN {name}-----\n{}\n-----END {name}-----\n", lines.join("\n"))
}

fn certificate(context: &Context<'_>, _: &[Value]) -> Result<Value> {
    let certificate = pem("CERTIFICATE", context.next_random());
    Ok(pair(certificate, pem("RSA PRIVATE KEY", context.next_random())))
}

fn pair(certificate: String, key: String) -> Value {
    let record = Record {
        type_name: "sprig.certificate",
        display: format!("{{{certificate} {key}}}"),
        fields: vec![("Cert", Value::string(certificate)), ("Key", Value::string(key))],
    };
    Data::Object(Rc::new(Object::Record(record))).into()
}
