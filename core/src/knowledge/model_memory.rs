//! Memory that a model server needs for the weights of its model.
//!
//! Source: named in `data/model_memory.txt`.

use super::data::entries;
use std::sync::LazyLock;

/// What the table says about the models of one server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// A model with at least this many billions of parameters needs this much.
    From(f64, u64),
    /// Each billion of parameters needs this much.
    Each(u64),
}

static ROWS: LazyLock<Vec<(&str, Needs)>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/model_memory.txt"));
    rows.map(|row| read_row(row).expect("internal error: a malformed row")).collect()
});

const MEGABYTE: u64 = 1_000_000;

fn read_row(row: &'static str) -> Option<(&'static str, Needs)> {
    let (what, megabytes) = row.split_once(" = ")?;
    let bytes = megabytes.parse::<u64>().ok()? * MEGABYTE;
    let [family, how, number] = what.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let needs = match how {
        "from" => Needs::From(number.parse().ok()?, bytes),
        "each" => Needs::Each(bytes),
        _ => return None,
    };
    Some((family, needs))
}

/// Words in the name of a model whose weights take less memory than those of the original.
const QUANTIZED: &[&str] = &[
    "awq", "gptq", "int4", "int8", "fp8", "nf4", "fp4", "4bit", "8bit", "gguf", "bnb", "w4a16",
    "w8a8",
];

/// Returns the billions of parameters that the name of a model says: 7 for `mistralai/Mistral-7B-v0.3`, 0.5
/// for `qwen2.5:0.5b`. Mixtures such as `8x7b` share weights, and say nothing.
#[must_use]
pub fn billions_of_parameters(model: &str) -> Option<f64> {
    let words = model.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.filter_map(|word| word.strip_suffix(['b', 'B'])?.parse().ok()).find(|it| *it > 0.0)
}

/// Returns the bytes of memory that a server of this family needs for a model on CPUs; `None` where that is
/// not known.
#[must_use]
pub fn memory_for(family: &str, model: &str) -> Option<u64> {
    let billions = billions_of_parameters(model)?;
    let lower = model.to_ascii_lowercase();
    let is_quantized = QUANTIZED.iter().any(|word| lower.contains(word));
    let needs =
        ROWS.iter().filter(|(name, _)| *name == family).filter_map(|(_, needs)| match needs {
            Needs::From(least, bytes) => (billions >= *least).then_some(*bytes),
            Needs::Each(bytes) => (!is_quantized).then_some((billions * *bytes as f64) as u64),
        });
    needs.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_model_says_its_size() {
        for (name, expected) in [
            ("llama3:8b", Some(8.0)),
            ("mistralai/Mistral-7B-Instruct-v0.3", Some(7.0)),
            ("qwen2.5:0.5b", Some(0.5)),
            ("Qwen/Qwen3-30B-A3B", Some(30.0)),
            ("mixtral:8x7b", None),
            ("llama3", None),
            ("web", None),
        ] {
            assert_eq!(billions_of_parameters(name), expected, "{name}");
        }
    }

    #[test]
    fn the_table_knows_steps_and_rates() {
        assert_eq!(memory_for("ollama", "llama3:8b"), Some(8_000_000_000));
        assert_eq!(memory_for("ollama", "llama2:13b"), Some(16_000_000_000));
        assert_eq!(memory_for("ollama", "llama3.2:3b"), None);
        assert_eq!(memory_for("vllm", "mistralai/Mistral-7B-v0.3"), Some(14_000_000_000));
        assert_eq!(memory_for("vllm", "TheBloke/Mistral-7B-AWQ"), None);
        assert_eq!(memory_for("redis", "llama3:8b"), None);
    }
}
