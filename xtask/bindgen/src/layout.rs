//! The order of the functions, for the sake of compression.
//!
//! A compressor finds repetition best when it is near. Functions of one type that do nearly the same
//! are therefore put side by side; what they do does not change. Names and other custom sections go.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{FunctionBody, Operator, Payload, TypeRef};

/// How many instructions in a row make up one thing that it does.
const RUN: usize = 3;

/// `unlike` is what each thing that only one of two functions does takes off their likeness.
///
/// # Errors
/// What is no module.
pub fn by_likeness(wasm: &[u8], unlike: f64) -> Result<Vec<u8>, String> {
    let mut functions = Functions::read(wasm).map_err(|error| error.to_string())?;
    functions.unlike = unlike;
    let mut layout = Layout { imported: functions.imported, order: functions.order(), new: vec![] };
    layout.new = vec![0; layout.order.len()];
    for (new, old) in layout.order.iter().enumerate() {
        layout.new[*old] = new as u32;
    }
    let mut module = Module::new();
    layout
        .parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)
        .map_err(|error| error.to_string())?;
    Ok(module.finish())
}

/// What the order goes by; the functions that are imported are only counted.
#[derive(Default)]
struct Functions {
    imported: u32,
    unlike: f64,
    types: Vec<u32>,
    sizes: Vec<usize>,
    traits: Vec<Vec<u64>>,
}

impl Functions {
    fn read(wasm: &[u8]) -> wasmparser::Result<Functions> {
        let mut all = Functions::default();
        for payload in wasmparser::Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        all.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => {
                    all.types = section.into_iter().collect::<wasmparser::Result<_>>()?;
                }
                Payload::CodeSectionEntry(body) => {
                    all.sizes.push(body.range().len());
                    all.traits.push(traits(wasm, &body)?);
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// Functions by their old places: those of one type together, each beside the one most like it.
    fn order(&self) -> Vec<usize> {
        let mut of_type: HashMap<u32, Vec<usize>> = HashMap::new();
        for (at, ty) in self.types.iter().enumerate() {
            of_type.entry(*ty).or_default().push(at);
        }
        let mut types: Vec<u32> = of_type.keys().copied().collect();
        types.sort_unstable();
        types.iter().flat_map(|ty| self.chain(of_type[ty].clone())).collect()
    }

    /// From the largest one on to the most like it of those that are left.
    fn chain(&self, mut left: Vec<usize>) -> Vec<usize> {
        let largest = (0..left.len()).max_by_key(|at| self.sizes[left[*at]]);
        let Some(largest) = largest else { return Vec::new() };
        let mut chain = vec![left.swap_remove(largest)];
        while let Some(last) = chain.last()
            && let Some(next) = (0..left.len()).max_by(|a, b| {
                let [a, b] = [a, b].map(|at| self.likeness(*last, left[*at]));
                a.total_cmp(&b)
            })
        {
            chain.push(left.swap_remove(next));
        }
        chain
    }

    /// How much of what one does the other does, too.
    fn likeness(&self, one: usize, other: usize) -> f64 {
        let (one, other) = (&self.traits[one], &self.traits[other]);
        let (mut left, mut right, mut same) = (0, 0, 0_u32);
        while left < one.len() && right < other.len() {
            match one[left].cmp(&other[right]) {
                Ordering::Less => left += 1,
                Ordering::Greater => right += 1,
                Ordering::Equal => {
                    (left, right, same) = (left + 1, right + 1, same + 1);
                }
            }
        }
        f64::from(same) - self.unlike * (one.len() as f64 - other.len() as f64).abs()
    }
}

/// The runs of instructions in a function, as sorted numbers.
fn traits(wasm: &[u8], body: &FunctionBody<'_>) -> wasmparser::Result<Vec<u64>> {
    let mut words: Vec<&[u8]> = Vec::new();
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let start = reader.original_position();
        let operator = reader.read()?;
        // Whom it calls is what like functions differ in.
        let end = match operator {
            Operator::Call { .. } | Operator::RefFunc { .. } => start + 1,
            _ => reader.original_position(),
        };
        words.push(&wasm[start..end]);
    }
    let mut traits: Vec<u64> = words
        .windows(RUN.min(words.len()))
        .map(|run| {
            let mut hasher = DefaultHasher::new();
            run.hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    traits.sort_unstable();
    traits.dedup();
    Ok(traits)
}

struct Layout {
    imported: u32,
    /// The functions' old places in their new order.
    order: Vec<usize>,
    /// The functions' new places by their old ones.
    new: Vec<u32>,
}

impl Reencode for Layout {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        let own = index.checked_sub(self.imported);
        Ok(own.map_or(index, |it| self.imported + self.new[it as usize]))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let types = section.into_iter().collect::<wasmparser::Result<Vec<u32>>>()?;
        for old in self.order.clone() {
            functions.function(self.type_index(types[old])?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let bodies = section.into_iter().collect::<wasmparser::Result<Vec<_>>>()?;
        for old in self.order.clone() {
            self.parse_function_body(code, bodies[old].clone())?;
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }
}
