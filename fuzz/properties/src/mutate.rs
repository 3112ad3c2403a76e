//! Texts changed as accidents and attackers change them.

use crate::Choices;

/// What means something to YAML, to Compose, to Go templates or to a terminal.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    " ",
    "  ",
    "\t",
    ":",
    ": ",
    "- ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    " # c\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!int ",
    "!reset ",
    "!override ",
    "!",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "\\",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "\u{FEFF}",
    "\0",
    "\u{1b}]0;x\u{7}",
    "ü",
    "🎵",
    "\u{202e}",
    "\u{2028}",
    "${A:?}",
    "${A:-${B}}",
    "${",
    "$$",
    "{{ .Values.x }}",
    "{{",
    "}}",
    "{{- if .Values.a }}\n",
    "{{- end }}\n",
    "{{ include \"a\" . }}",
    "~",
    "null",
    "[]",
    "{}",
    "true",
    "-1",
    "0",
    "1e999",
    "9223372036854775807",
    "99999999999999999999",
    "0x7f",
    "1Ei",
    "100%",
    "65536",
    "1-65535",
    "0.0.0.0:1-65535:1-65535",
    "/",
    "..",
    "../../etc/passwd",
    "*",
    "x-a: 1\n",
    "services:\n",
    "kind: List\n",
    "items:\n",
    "extends: {service: web}\n",
    "include: [compose.yaml]\n",
    "env_file: .env\n",
    "depends_on: [web]\n",
    "\n# plimsoll: ignore -- x\n",
];

/// Returns a text with a few changes, into which pieces of another one may go.
pub fn mutated(text: &str, other: &str, choices: &mut Choices<'_>) -> String {
    let mut text = text.to_owned();
    for _ in 0..=choices.below(6) {
        mutate(&mut text, other, choices);
    }
    text
}

fn mutate(text: &mut String, other: &str, choices: &mut Choices<'_>) {
    let at = choices.boundary(text);
    match choices.below(12) {
        0 => text.truncate(at),
        1 => text.replace_range(choices.range(text), ""),
        2 => {
            let copy = text[choices.range(text)].to_owned();
            text.insert_str(at, &copy);
        }
        3 => text.insert_str(at, &other[choices.range(other)]),
        4 => *text = text.replace('\n', "\r\n"),
        5 => text.insert(0, '\u{FEFF}'),
        6 => deepen(text, at, choices),
        7 => flip(text, choices),
        8 => {
            // A value is replaced by one that nobody expects there.
            let start = text[..at].rfind(' ').map_or(0, |space| space + 1);
            let length = text[start..].find(['\n', ' ', ',']).unwrap_or(text.len() - start);
            text.replace_range(start..start + length, choices.pick::<&str>(PIECES));
        }
        9 => swap_lines(text, choices),
        _ => text.insert_str(at, choices.pick::<&str>(PIECES)),
    }
}

/// Puts something deep or long into a text.
fn deepen(text: &mut String, at: usize, choices: &mut Choices<'_>) {
    let (piece, most) = *choices.pick(&[
        ("[", 400),
        ("{a: ", 400),
        ("- ", 400),
        ("x", 5_000),
        ("[*a, ", 300),
        (" ", 3_000),
    ]);
    text.insert_str(at, &piece.repeat(1 + choices.below(most)));
}

/// Changes a bit of a byte; what is no longer UTF-8 becomes U+FFFD, as in a file.
fn flip(text: &mut String, choices: &mut Choices<'_>) {
    let mut bytes = std::mem::take(text).into_bytes();
    if !bytes.is_empty() {
        let at = choices.below(bytes.len());
        bytes[at] ^= 1 << choices.below(8);
    }
    *text = String::from_utf8_lossy(&bytes).into_owned();
}

fn swap_lines(text: &mut String, choices: &mut Choices<'_>) {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if !lines.is_empty() {
        let (one, two) = (choices.below(lines.len()), choices.below(lines.len()));
        lines.swap(one, two);
        *text = lines.concat();
    }
}
