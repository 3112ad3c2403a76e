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
    "std::alloc::default_alloc_error_hook",
    "std::panicking::",
    "std::thread::local::panic_access_error",
];

/// What these print is only read in messages of panics. They print nothing here, which is no fault
/// where one of them is asked after all.
const UNREAD: &[&str] = &[
    "<alloc::string::String as core::fmt::Debug>::fmt",
    "<char as core::fmt::Debug>::fmt",
    "<core::alloc::layout::LayoutError as core::fmt::Debug>::fmt",
    "<core::array::TryFromSliceError as core::fmt::Debug>::fmt",
    "<core::cell::BorrowError as core::fmt::Display>::fmt",
    "<core::cell::BorrowMutError as core::fmt::Display>::fmt",
    "<core::fmt::Error as core::fmt::Debug>::fmt",
    "<core::ops::range::Range<usize> as core::fmt::Debug>::fmt",
    "<core::ptr::alignment::Alignment as core::fmt::Debug>::fmt",
    "<serde_json::error::Error as core::fmt::Debug>::fmt",
    "<smallvec::CollectionAllocErr as core::fmt::Debug>::fmt",
    "<std::thread::local::AccessError as core::fmt::Debug>::fmt",
    "<str as core::fmt::Debug>::fmt",
    "<u32 as core::fmt::Debug>::fmt",
    "<usize as core::fmt::Debug>::fmt",
];

/// # Errors
/// What is no module, or has no names to find those functions by.
pub fn without_panic_messages(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let names = function_names(wasm).map_err(|error| error.to_string())?;
    if !names.iter().any(|it| it.contains("core::panicking::panic_fmt")) {
        return Err("no function is named `core::panicking::panic_fmt`".to_owned());
    }
    let stands = |list: &[&str], name: &str| list.iter().any(|it| name.contains(it));
    let stub = |name: &String| {
        let body = || Function::new([]);
        if stands(ENDS, name) {
            let mut body = body();
            body.instructions().unreachable().end();
            Some(body)
        } else if stands(UNREAD, name) {
            // `Ok(())`.
            let mut body = body();
            body.instructions().i32_const(0).end();
            Some(body)
        } else {
            None
        }
    };
    let mut stubs = Stubs { at: 0, bodies: names.iter().map(stub).collect() };
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
    /// What takes the place of each function's body.
    bodies: Vec<Option<Function>>,
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
        let body = self.bodies.get(self.at).and_then(Option::as_ref);
        self.at += 1;
        match body {
            Some(body) => code.function(body),
            None => return reencode::utils::parse_function_body(self, code, function),
        };
        Ok(())
    }
}
