//! Panics become bare traps.
//!
//! A WebAssembly build of the standard library brings along the making of panic messages, which the
//! engine must never need: an engine that panics is faulty, and the same input tells the place of the
//! fault in the native `plimsoll`. What can only end in a panic is therefore emptied here, and the
//! optimizer then drops what led up to it: the arguments, the strings, the formatting.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Function, Module};
use wasmparser::{KnownCustom, Name, Payload};

/// Functions that never return, without the hashes of their crates.
const ENDS: &[&str] = &[
    "core::panicking::",
    "core::cell::panic_already",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::result::unwrap_failed",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::slice::index::slice_",
    "core::str::slice_error_fail",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "hashbrown::raw::Fallibility::capacity_overflow",
    "std::panicking::",
];

/// # Errors
/// What is no module, or has no names to find those functions by.
pub fn without_panic_messages(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let names = function_names(wasm).map_err(|error| error.to_string())?;
    if !names.iter().any(|it| it.contains("core::panicking::panic_fmt")) {
        return Err("no function is named `core::panicking::panic_fmt`".to_owned());
    }
    let mut stubs = Stubs { at: 0, ends: Vec::new() };
    stubs.ends = names.iter().map(|name| ENDS.iter().any(|it| name.contains(it))).collect();
    let mut module = Module::new();
    stubs
        .parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)
        .map_err(|error| error.to_string())?;
    Ok(module.finish())
}

/// The names of all functions, the imported ones first, as `core::str::from_utf8` without `[hash]`.
fn function_names(wasm: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(section) = section.as_known() else { continue };
        for part in section {
            let Name::Function(map) = part? else { continue };
            for naming in map {
                let naming = naming?;
                let index = naming.index as usize;
                if names.len() <= index {
                    names.resize(index + 1, String::new());
                }
                names[index] = without_hashes(naming.name);
            }
        }
    }
    Ok(names)
}

fn without_hashes(name: &str) -> String {
    let mut parts = name.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if hash.bytes().all(|it| it.is_ascii_hexdigit()) => {
                plain.push_str(rest);
            }
            _ => {
                plain.push('[');
                plain.push_str(part);
            }
        }
    }
    plain
}

struct Stubs {
    /// The index of the function that comes next.
    at: usize,
    ends: Vec<bool>,
}

impl Reencode for Stubs {
    type Error = std::convert::Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut wasm_encoder::ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for import in section.clone().into_imports() {
            self.at += usize::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
        }
        reencode::utils::parse_import_section(self, imports, section)
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        function: wasmparser::FunctionBody<'_>,
    ) -> Result<(), reencode::Error> {
        let ends = self.ends.get(self.at).is_some_and(|it| *it);
        self.at += 1;
        if !ends {
            return reencode::utils::parse_function_body(self, code, function);
        }
        let mut trap = Function::new([]);
        trap.instructions().unreachable().end();
        code.function(&trap);
        Ok(())
    }
}
