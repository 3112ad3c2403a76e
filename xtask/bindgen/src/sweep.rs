//! Panics become bare traps, and what only they needed is swept out.
//!
//! A WebAssembly build of the standard library brings along the making of panic messages, which the
//! engine must never need: an engine that panics is faulty, and the same input tells the place of the
//! fault in the native `plimsoll`. What can only end in a panic is therefore emptied here. Then the
//! linker's own list of what refers to what (`--emit-relocs`) is walked once more, and functions and
//! data that nothing reaches any longer go: tables of printable characters, most of all. What a panic
//! would have said, and its file, line and column, are not among what is reached.

use crate::arrange::arrange;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use wasm_encoder::{CodeSection, Module, RawSection, SectionId};
use wasmparser::{
    BinaryReader, BinaryReaderError, CustomSectionReader, ExternalKind, FunctionBody, KnownCustom,
    Linking, Name, Operator, Parser, Payload, RelocationType, SymbolInfo, TypeRef,
};

/// Functions that never return, and one that only those would call.
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
    "<smallvec::CollectionAllocErr as core::fmt::Debug>::fmt",
];

/// A body without locals that traps.
const TRAP: &[u8] = &[0, 0x00, 0x0b];

/// What a name of the linker stands for.
pub enum Symbol {
    Function(u32),
    /// Where its bytes stand in the file.
    Data(Range<usize>),
    Other,
}

/// A place in the file and the symbol it refers to.
type Reference = (usize, u32);

#[derive(Default)]
pub struct Linked {
    /// Kind and contents of each section.
    sections: Vec<(u8, Range<usize>)>,
    imported: usize,
    pub bodies: Vec<Range<usize>>,
    /// Where the bytes of each segment of data stand in the file.
    pub segments: Vec<Range<usize>>,
    /// Functions by index, mangled as the linker has them.
    names: Vec<String>,
    /// Functions that are called from outside.
    roots: Vec<u32>,
    root_symbols: Vec<u32>,
    pub symbols: Vec<Symbol>,
    /// Sorted by place.
    pub references: Vec<Reference>,
}

/// # Errors
/// What is no module, or was linked without `--emit-relocs`.
pub fn sweep(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let linked = read(wasm).map_err(|error| error.to_string())?;
    let ends: Vec<bool> = linked.names.iter().map(|it| ends(it)).collect();
    if linked.references.is_empty() || !ends.contains(&true) {
        return Err("linked without `--emit-relocs`, or stripped of its names".to_owned());
    }
    let unread = unread(wasm, &linked, &ends).map_err(|error| error.to_string())?;
    let live = Live::reach(&linked, &ends, &unread);
    let mut bytes = wasm.to_vec();
    for (at, symbol) in linked.symbols.iter().enumerate() {
        if let Symbol::Data(range) = symbol
            && !live.symbols.contains(&at)
        {
            bytes[range.clone()].fill(0);
        }
    }
    // Several names may stand for the same bytes.
    for at in &live.symbols {
        if let Symbol::Data(range) = &linked.symbols[*at] {
            bytes[range.clone()].copy_from_slice(&wasm[range.clone()]);
        }
    }
    arrange(&mut bytes, &linked, |at| live.symbols.contains(&at))?;
    let mut module = Module::new();
    for (id, range) in &linked.sections {
        let data = &bytes[range.clone()];
        if *id == SectionId::Code as u8 {
            let mut code = CodeSection::new();
            for (at, body) in linked.bodies.iter().enumerate() {
                let index = at + linked.imported;
                let kept = live.functions[index] && !ends.get(index).is_some_and(|it| *it);
                code.raw(if kept { &bytes[body.clone()] } else { TRAP });
            }
            module.section(&code);
        } else if *id != SectionId::Custom as u8 || !of_the_linker(data) {
            module.section(&RawSection { id: *id, data });
        }
    }
    Ok(module.finish())
}

fn ends(name: &str) -> bool {
    // `{:#}` leaves the hashes out.
    let name: Cow<'_, str> = format!("{:#}", rustc_demangle::demangle(name)).into();
    ENDS.iter().any(|it| name.contains(it))
}

/// The references that are read only on the way to a panic, by their places.
fn unread(
    wasm: &[u8],
    linked: &Linked,
    ends: &[bool],
) -> Result<HashSet<usize>, BinaryReaderError> {
    let mut unread = HashSet::new();
    for body in &linked.bodies {
        let reader = BinaryReader::new(&wasm[body.clone()], body.start);
        let mut reader = FunctionBody::new(reader).get_operators_reader()?;
        // From where on nothing leads anywhere else.
        let mut start = body.start;
        while !reader.eof() {
            let here = reader.original_position();
            match reader.read()? {
                Operator::Call { function_index }
                    if ends.get(function_index as usize) == Some(&true) =>
                {
                    unread.extend(linked.references_in(start..here).iter().map(|it| it.0));
                }
                Operator::I32Const { .. }
                | Operator::I64Const { .. }
                | Operator::LocalGet { .. }
                | Operator::LocalSet { .. }
                | Operator::LocalTee { .. }
                | Operator::I32Add
                | Operator::I32Load { .. }
                | Operator::I64Load { .. }
                | Operator::I32Store { .. }
                | Operator::I64Store { .. } => {}
                _ => start = reader.original_position(),
            }
        }
    }
    let of_source =
        |it: &Symbol| matches!(it, Symbol::Data(it) if linked.is_source_place(wasm, it));
    let of_source: Vec<bool> = linked.symbols.iter().map(of_source).collect();
    let to_source = linked.references.iter().filter(|it| of_source[it.1 as usize]);
    unread.extend(to_source.map(|it| it.0));
    Ok(unread)
}

/// Whether a custom section is one that only a linker reads.
fn of_the_linker(section: &[u8]) -> bool {
    let name = section.get(1..).unwrap_or_default();
    name.starts_with(b"linking") || name.starts_with(b"reloc.")
}

fn read(wasm: &[u8]) -> Result<Linked, BinaryReaderError> {
    let mut it = Linked::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        it.sections.extend(payload.as_section());
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    it.imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    it.roots.extend((export.kind == ExternalKind::Func).then_some(export.index));
                }
            }
            Payload::StartSection { func, .. } => it.roots.push(func),
            Payload::CodeSectionEntry(body) => it.bodies.push(body.range()),
            Payload::DataSection(section) => {
                for segment in section {
                    let segment = segment?;
                    let end = segment.range.end;
                    it.segments.push(end - segment.data.len()..end);
                }
            }
            Payload::CustomSection(section) => read_custom(&mut it, &section)?,
            _ => {}
        }
    }
    it.references.sort_unstable();
    Ok(it)
}

fn read_custom(
    it: &mut Linked,
    section: &CustomSectionReader<'_>,
) -> Result<(), BinaryReaderError> {
    match section.as_known() {
        KnownCustom::Name(section) => {
            for part in section {
                let Name::Function(map) = part? else { continue };
                for naming in map {
                    let naming = naming?;
                    let index = naming.index as usize;
                    it.names.resize(it.names.len().max(index + 1), String::new());
                    naming.name.clone_into(&mut it.names[index]);
                }
            }
        }
        KnownCustom::Linking(section) => {
            for part in section {
                match part? {
                    Linking::SymbolTable(symbols) => {
                        for symbol in symbols {
                            it.symbols.push(match symbol? {
                                SymbolInfo::Func { index, .. } => Symbol::Function(index),
                                SymbolInfo::Data { symbol: Some(data), .. } => {
                                    let start = it.segments[data.index as usize].start
                                        + data.offset as usize;
                                    Symbol::Data(start..start + data.size as usize)
                                }
                                _ => Symbol::Other,
                            });
                        }
                    }
                    Linking::InitFuncs(functions) => {
                        for function in functions {
                            it.root_symbols.push(function?.symbol_index);
                        }
                    }
                    _ => {}
                }
            }
        }
        KnownCustom::Reloc(section) => {
            let start = it.sections[section.section_index() as usize].1.start;
            for entry in section.entries() {
                let entry = entry?;
                // The only ones that name no symbol.
                if entry.ty != RelocationType::TypeIndexLeb {
                    it.references.push((start + entry.offset as usize, entry.index));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

impl Linked {
    fn references_in(&self, range: Range<usize>) -> &[Reference] {
        let [start, end] =
            [range.start, range.end].map(|at| self.references.partition_point(|it| it.0 < at));
        &self.references[start..end]
    }

    /// Whether data is a `core::panic::Location`: the name of a source file, its length, line and
    /// column.
    fn is_source_place(&self, wasm: &[u8], range: &Range<usize>) -> bool {
        let &[(place, name)] = self.references_in(range.clone()) else { return false };
        let Symbol::Data(name) = &self.symbols[name as usize] else { return false };
        let name = wasm[name.clone()].strip_suffix(b"\0").unwrap_or(&wasm[name.clone()]);
        range.len() == 16 && place == range.start && name.ends_with(b".rs")
    }
}

/// What can be reached from outside.
struct Live {
    functions: Vec<bool>,
    symbols: HashSet<usize>,
}

impl Live {
    fn reach(linked: &Linked, ends: &[bool], unread: &HashSet<usize>) -> Live {
        let count = linked.imported + linked.bodies.len();
        let mut live = Live { functions: vec![false; count], symbols: HashSet::new() };
        let mut open: Vec<Range<usize>> = Vec::new();
        let function = |live: &mut Live, open: &mut Vec<Range<usize>>, index: u32| {
            let index = index as usize;
            let new = !std::mem::replace(&mut live.functions[index], true);
            let body = index.checked_sub(linked.imported).map(|it| linked.bodies[it].clone());
            open.extend(body.filter(|_| new && !ends.get(index).is_some_and(|it| *it)));
        };
        let symbol = |live: &mut Live, open: &mut Vec<Range<usize>>, at: u32| match &linked.symbols
            [at as usize]
        {
            Symbol::Function(index) => function(live, open, *index),
            Symbol::Data(range) if live.symbols.insert(at as usize) => open.push(range.clone()),
            _ => {}
        };
        for index in &linked.roots {
            function(&mut live, &mut open, *index);
        }
        for at in &linked.root_symbols {
            symbol(&mut live, &mut open, *at);
        }
        while let Some(range) = open.pop() {
            for (place, at) in linked.references_in(range) {
                if !unread.contains(place) {
                    symbol(&mut live, &mut open, *at);
                }
            }
        }
        live
    }
}
