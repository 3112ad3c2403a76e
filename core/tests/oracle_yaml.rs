//! Compares our reading of YAML with two independent parsers: the event stream, with the positions of
//! scalars, with yaml-rust2; the values with yaml_serde, which is built on libyaml, whose Go port reads YAML
//! for Compose and kubectl.
//!
//! A difference either has a known reason, listed below, or fails the test.

#![allow(clippy::unwrap_used)]

mod common;

use common::{TEXTS, check, examples, read, yaml_files};
use plimsoll_core::syntax::{Node, NodeKind, Problem, ProblemKind, Scalar, Style, Tree};
use std::collections::BTreeMap;
use std::path::Path;
use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};
use yaml_serde::{Mapping, Number, Value};

enum Verdict {
    Agreed,
    /// Both refuse the text.
    Refused,
    Known(&'static str),
    Different(String),
}

fn refused(problems: &[Problem]) -> bool {
    problems.iter().any(|it| matches!(it.kind, ProblemKind::Syntax | ProblemKind::Limit))
}

fn has(problems: &[Problem], kind: ProblemKind) -> bool {
    problems.iter().any(|it| it.kind == kind)
}

// ---- events ----

#[derive(Default)]
struct Theirs(Vec<String>);

impl MarkedEventReceiver for Theirs {
    fn on_event(&mut self, event: Event, mark: Marker) {
        self.0.push(match event {
            Event::DocumentStart => "document".into(),
            Event::Alias(_) => "alias".into(),
            Event::Scalar(value, style, anchor, tag) => {
                let tagged = tag.is_some();
                let style = match style {
                    TScalarStyle::Plain => Style::Plain,
                    TScalarStyle::SingleQuoted => Style::SingleQuoted,
                    TScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    TScalarStyle::Literal => Style::Literal,
                    TScalarStyle::Folded => Style::Folded,
                };
                // Block scalars start at their header in our tree and at their text in theirs; missing
                // values are `~` without a position.
                let placed = matches!(style, Style::SingleQuoted | Style::DoubleQuoted)
                    || (style == Style::Plain && !matches!(value.as_str(), "" | "~"));
                scalar(&value, style, anchor != 0, tagged, placed.then(|| mark.index()))
            }
            Event::SequenceStart(anchor, tag) => open("[", anchor != 0, tag.is_some()),
            Event::MappingStart(anchor, tag) => open("{", anchor != 0, tag.is_some()),
            Event::SequenceEnd => "]".into(),
            Event::MappingEnd => "}".into(),
            _ => return,
        });
    }
}

fn scalar(value: &str, style: Style, anchor: bool, tag: bool, at: Option<usize>) -> String {
    let value = if style == Style::Plain && value == "~" { "" } else { value };
    format!("{style:?} {value:?} anchor {anchor} tag {tag} at {at:?}")
}

fn open(bracket: &str, anchor: bool, tag: bool) -> String {
    format!("{bracket} anchor {anchor} tag {tag}")
}

fn our_events(text: &str, tree: &Tree) -> Vec<String> {
    enum Step<'t> {
        Node(Node<'t>),
        Close(&'static str),
    }
    let mut places = vec![0; text.len() + 1];
    for (count, (at, _)) in text.char_indices().enumerate() {
        places[at] = count;
    }
    let mut events = Vec::new();
    for root in tree.roots() {
        events.push("document".into());
        let mut steps = vec![Step::Node(root)];
        while let Some(step) = steps.pop() {
            let node = match step {
                Step::Close(bracket) => {
                    events.push(bracket.into());
                    continue;
                }
                Step::Node(node) => node,
            };
            let (anchor, tag) = (node.anchor().is_some(), node.tag().is_some());
            match node.kind() {
                NodeKind::Alias => events.push("alias".into()),
                NodeKind::Scalar => {
                    let value = node.as_str().unwrap();
                    let style = node.style();
                    let placed = matches!(style, Style::SingleQuoted | Style::DoubleQuoted)
                        || (style == Style::Plain && !matches!(value, "" | "~"));
                    let at = placed.then(|| places[node.span().start as usize]);
                    events.push(scalar(value, style, anchor, tag, at));
                }
                NodeKind::Sequence => {
                    events.push(open("[", anchor, tag));
                    steps.push(Step::Close("]"));
                    steps
                        .extend(node.items().collect::<Vec<_>>().into_iter().rev().map(Step::Node));
                }
                NodeKind::Mapping => {
                    events.push(open("{", anchor, tag));
                    steps.push(Step::Close("}"));
                    for entry in node.entries().collect::<Vec<_>>().into_iter().rev() {
                        steps.extend([Step::Node(entry.value), Step::Node(entry.key)]);
                    }
                }
            }
        }
    }
    events
}

fn compare_events(text: &str) -> Verdict {
    let mut theirs = Theirs::default();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    // In a text without a final line break, a block scalar has none in libyaml and here, but has one in
    // yaml-rust2.
    let text = format!("{text}\n");
    let (tree, problems) = read(&text);
    let read = Parser::new_from_str(&text).load(&mut theirs, true);
    match (read, refused(&problems)) {
        (Err(_), true) => Verdict::Refused,
        (Err(_), false) if has(&problems, ProblemKind::UnknownAnchor) => Verdict::Refused,
        (Err(error), false) if error.to_string().contains("invalid indentation") => Verdict::Known(
            "yaml-rust2 refuses brackets that continue further left than their key, which libyaml accepts",
        ),
        (Err(_), false) if text.contains(":\t") || text.contains("-\t") => {
            Verdict::Known("yaml-rust2 refuses a tab after `:` or `-`, which libyaml accepts")
        }
        (Err(_), false) if text.match_indices('\u{FEFF}').any(|it| it.0 > 0) => {
            Verdict::Known("yaml-rust2 refuses a byte order mark inside a stream")
        }
        (Err(error), false) => Verdict::Different(format!("only they refuse: {error}")),
        (Ok(()), true) => Verdict::Different(format!("only we refuse: {:?}", problems[0])),
        (Ok(()), false) => {
            let mut ours = our_events(&text, &tree);
            // yaml-rust2 counts some characters by their bytes, so that positions agree in ASCII only.
            if !text.is_ascii() {
                for event in ours.iter_mut().chain(&mut theirs.0) {
                    event.truncate(event.rfind(" at ").unwrap_or(event.len()));
                }
            }
            match ours.iter().zip(&theirs.0).position(|(ours, theirs)| ours != theirs) {
                Some(at) => {
                    Verdict::Different(format!("ours {} theirs {}", ours[at], theirs.0[at]))
                }
                None if ours.len() != theirs.0.len() => {
                    Verdict::Different(format!("{} and {} events", ours.len(), theirs.0.len()))
                }
                None => Verdict::Agreed,
            }
        }
    }
}

// ---- values ----

/// Returns the value that a reader of the core schema builds; `None` if aliases make it too large.
fn our_value(node: Node<'_>, budget: &mut usize) -> Option<Value> {
    *budget = budget.checked_sub(1)?;
    let node = node.resolve();
    let text = node.as_str().unwrap_or_default();
    let value = match node.kind() {
        NodeKind::Scalar => match node.scalar()? {
            Scalar::Null => Value::Null,
            Scalar::Bool(it) => Value::Bool(it),
            // `0440` and `1_000` are numbers in go-yaml and here, and strings in yaml_serde.
            Scalar::Int(_) if only_go_number(text) => Value::String(text.to_owned()),
            Scalar::Int(it) => Value::Number(it.into()),
            Scalar::Float(it) => Value::Number(Number::from(it)),
            Scalar::NotFinite(it) => Value::Number(Number::from(it.parse::<f64>().unwrap())),
            Scalar::Str(it) => Value::String(it.to_owned()),
        },
        NodeKind::Sequence => Value::Sequence(
            node.items().map(|it| our_value(it, budget)).collect::<Option<Vec<_>>>()?,
        ),
        NodeKind::Mapping => {
            let mut mapping = Mapping::new();
            for entry in node.entries() {
                let key = our_value(entry.key, budget)?;
                mapping.insert(key, our_value(entry.value, budget)?);
            }
            Value::Mapping(mapping)
        }
        NodeKind::Alias => return None,
    };
    Some(value)
}

fn only_go_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    text.contains('_')
        || (digits.len() > 1
            && digits.bytes().all(|it| it.is_ascii_digit())
            && digits.starts_with('0'))
}

/// Removes the wrapper that yaml_serde puts around a value with a custom tag.
fn untagged(value: Value) -> Value {
    match value {
        Value::Tagged(it) => untagged(it.value),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(untagged).collect()),
        Value::Mapping(entries) => Value::Mapping(
            entries.into_iter().map(|(key, value)| (untagged(key), untagged(value))).collect(),
        ),
        other => other,
    }
}

fn compare_values(text: &str, tree: &Tree, problems: &[Problem]) -> Verdict {
    use serde::Deserialize;
    // The port of libyaml refuses a byte order mark that the original skips.
    let theirs: Result<Vec<Value>, _> =
        yaml_serde::Deserializer::from_str(text.trim_start_matches('\u{FEFF}'))
            .map(Value::deserialize)
            .collect();
    let theirs = match (theirs, refused(problems)) {
        (Err(_), true) => return Verdict::Refused,
        (Err(_), false) if !problems.is_empty() => return Verdict::Refused,
        (Err(_), false) if text.match_indices('\u{FEFF}').any(|it| it.0 > 0) => {
            return Verdict::Known("yaml_serde refuses a byte order mark inside a stream");
        }
        (Err(error), false) => return Verdict::Different(format!("only they refuse: {error}")),
        (Ok(_), true) => return Verdict::Different(format!("only we refuse: {:?}", problems[0])),
        (Ok(theirs), false) => theirs,
    };
    let mut budget = 200_000;
    let ours: Option<Vec<Value>> = tree.roots().map(|it| our_value(it, &mut budget)).collect();
    let Some(ours) = ours else {
        return if problems.is_empty() {
            Verdict::Different("too many aliases".to_owned())
        } else {
            Verdict::Refused
        };
    };
    let theirs: Vec<Value> = theirs.into_iter().map(untagged).collect();
    // A stream without content is one null in yaml_serde, and no document here.
    if ours.is_empty() && theirs == [Value::Null] {
        return Verdict::Agreed;
    }
    if ours.len() != theirs.len() {
        return Verdict::Different(format!("{} and {} documents", ours.len(), theirs.len()));
    }
    // As text, because NaN is not equal to itself.
    match ours
        .iter()
        .zip(&theirs)
        .find(|(ours, theirs)| format!("{ours:?}") != format!("{theirs:?}"))
    {
        Some((ours, theirs)) => Verdict::Different(first_difference(ours, theirs)),
        None => Verdict::Agreed,
    }
}

fn first_difference(ours: &Value, theirs: &Value) -> String {
    match (ours, theirs) {
        (Value::Mapping(a), Value::Mapping(b)) if a.len() == b.len() => {
            for ((key, a), (other, b)) in a.iter().zip(b) {
                if format!("{key:?} {a:?}") != format!("{other:?} {b:?}") {
                    return format!("{key:?} > {}", first_difference(a, b));
                }
            }
            "the order of keys".to_owned()
        }
        (Value::Sequence(a), Value::Sequence(b)) if a.len() == b.len() => {
            let pair = a.iter().zip(b).find(|(a, b)| format!("{a:?}") != format!("{b:?}"));
            pair.map_or_else(String::new, |(a, b)| first_difference(a, b))
        }
        (Value::String(a), Value::String(b)) => {
            let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
            let rest =
                |it: &str| it.chars().skip(same.saturating_sub(10)).take(60).collect::<String>();
            format!("ours {:?} theirs {:?}", rest(a), rest(b))
        }
        _ => format!("ours {ours:?} theirs {theirs:?}").chars().take(300).collect(),
    }
}

// ---- the comparison ----

#[derive(Default)]
struct Counts {
    texts: usize,
    agreed: [usize; 2],
    refused: [usize; 2],
    known: BTreeMap<&'static str, usize>,
    different: Vec<String>,
}

impl Counts {
    fn compare(&mut self, name: &str, text: &str) {
        let (tree, problems) = read(text);
        check(text, &tree, &problems);
        self.texts += 1;
        let verdicts = [compare_events(text), compare_values(text, &tree, &problems)];
        for (which, verdict) in verdicts.into_iter().enumerate() {
            match verdict {
                Verdict::Agreed => self.agreed[which] += 1,
                Verdict::Refused => self.refused[which] += 1,
                Verdict::Known(reason) => *self.known.entry(reason).or_default() += 1,
                Verdict::Different(what) => {
                    let oracle = ["events", "values"][which];
                    self.different.push(format!("{name}: {oracle}: {what}"));
                }
            }
        }
    }

    fn folder(&mut self, folder: &Path) {
        for path in yaml_files(folder) {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            self.compare(&name, &plimsoll_core::text::File::from_bytes(&name, &bytes).text);
        }
    }

    fn say(&self) -> String {
        let mut lines = vec![format!("{} texts", self.texts)];
        for (which, oracle) in ["events (yaml-rust2)", "values (yaml_serde)"].iter().enumerate() {
            lines.push(format!(
                "{oracle}: {} agreed, {} refused by both",
                self.agreed[which], self.refused[which]
            ));
        }
        lines.extend(self.known.iter().map(|(reason, count)| format!("known, {count}: {reason}")));
        lines.push(format!("{} different", self.different.len()));
        lines.extend(self.different.iter().cloned());
        lines.join("\n")
    }
}

/// Small texts with edge cases of the format.
const EDGES: &[&str] = &[
    "",
    "\n# only a comment\n",
    "---\n---\n",
    "a",
    "a:\n",
    "- a\n-\n- b:\n",
    "a: 1\r\nb:\r\n  - c\r\n",
    "\u{FEFF}a: 1\n",
    "a:\tb\n",
    "a: [\n\"b\"\n]\n",
    "a: {b, c: d, e: }\n",
    "{a: b}: c\n",
    "? - a\n  - b\n: c\n",
    "a: |\n\n  b\n\n\n  c\n\n",
    "a: |+\n  b\n\n\n---\nc\n",
    "a: >2-\n    b\n   c\n  d\n",
    "a: 'b\n  c\n\n  d'\n",
    "a: \"b\\\n  c\\u00fc \\\"x\\\"\"\n",
    "a: b c\n  d\n e\n",
    "a: http://b:80\nc: d#e f:g\n",
    "a: &x 1\nb: *x\n*x : c\n",
    "a: !x &y {b: c}\nd: &z !w [e]\n",
    "- !!str 1\n- !!int '1'\n",
    "- 0x1F\n- 0o17\n- 0b11\n- 017\n- 1_000\n- 1e3\n- .5\n- 5.\n- +1\n- -0\n- -.inf\n",
    "- 9223372036854775807\n- -9223372036854775808\n",
    "- ~\n- null\n- Null\n- nULL\n- True\n- tRUE\n- yes\n- on\n- y\n",
    "- 12:30\n- 2026-01-01\n- 1.2.3\n- 1e\n- e1\n- 0x\n- -\n- --1\n- 0x-1\n- .\n- +\n- 1.e1\n",
    "a: 1\na: 2\n",
    "a: *b\n",
    "a: [1\n",
    "a: b: c\n",
    "a:\n\tb: 1\n",
    "%YAML 1.2\n---\na: 1\n...\n---\nb: 2\n",
    "- \"\"\n- ''\n- \n",
    "a: 1 # c\n#d\nb: 2 #e\n",
    "🎵: ü\nb: \"🎵\" \nc: 'ü'\n",
];

#[test]
fn examples_and_edge_cases_agree_with_other_parsers() {
    let mut counts = Counts::default();
    for text in TEXTS.iter().chain(EDGES) {
        counts.compare(&format!("{:?}", text.chars().take(60).collect::<String>()), text);
    }
    counts.folder(&examples());
    assert!(counts.texts >= TEXTS.len() + EDGES.len());
    assert!(counts.different.is_empty(), "{}", counts.say());
}

/// `cargo xtask corpus FOLDER` runs this test over a folder.
#[test]
#[ignore = "needs a folder of files in PLIMSOLL_CORPUS"]
fn corpus() {
    let folder = std::env::var("PLIMSOLL_CORPUS").unwrap();
    let mut counts = Counts::default();
    counts.folder(Path::new(&folder));
    println!("{}", counts.say());
    assert!(counts.texts > 0, "no YAML files in {folder}");
    assert!(counts.different.is_empty(), "{}", counts.different.len());
}
