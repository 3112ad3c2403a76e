//! Small modules as the linker leaves them: sweeping, arranging and laying out must take away what is
//! named here and change nothing else.

use crate::{layout, sweep};
use std::collections::BTreeMap;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::*;
use wasmparser::{Operator, Parser, Payload};

/// Where the constant data begins in memory.
const BASE: u32 = 1024;
const PANIC: &str = "_ZN4core9panicking5panic17h0123456789abcdefE";

/// What a body or a piece of data is put together from. Symbols are the functions, then the data.
enum Part {
    Bytes(&'static [u8]),
    Call(&'static str),
    /// `i32.const` with the address of data.
    Address(&'static str),
    /// Four bytes with the address of data.
    Pointer(&'static str),
    /// Four bytes with the place of a function in the table.
    Slot(&'static str),
}

use Part::{Address, Bytes, Call, Pointer, Slot};

const DROP: Part = Bytes(&[0x1a]);
const END: Part = Bytes(&[0x0b]);
/// `i32.const 0` and `local.get 0`.
const ZERO: Part = Bytes(&[0x41, 0]);
const GIVEN: Part = Bytes(&[0x20, 0]);

/// A linked module with one segment of data. Its functions return nothing, and take a number if they
/// are the panic or are called `with` something; the first one is called from outside.
struct Linked {
    functions: Vec<(&'static str, Vec<Part>)>,
    data: Vec<(&'static str, Vec<Part>)>,
}

impl Linked {
    fn symbol(&self, name: &str) -> u32 {
        let names = self.functions.iter().chain(&self.data).map(|it| it.0);
        names.into_iter().position(|it| it == name).unwrap() as u32
    }

    fn offset(&self, name: &str) -> u32 {
        let before = self.data.iter().take_while(|it| it.0 != name);
        before.map(|it| self.contents(&it.1, &mut vec![], 0).len() as u32).sum()
    }

    /// The bytes of parts; `found` gets the references: kind, place and symbol.
    fn contents(&self, parts: &[Part], found: &mut Vec<(u8, usize, u32)>, start: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in parts {
            let (kind, name) = match part {
                Bytes(it) => {
                    bytes.extend_from_slice(it);
                    continue;
                }
                Call(it) => (0, it),
                Slot(it) => (2, it),
                Address(it) => (4, it),
                Pointer(it) => (5, it),
            };
            let opcode = match part {
                Call(_) => Some(0x10),
                Address(_) => Some(0x41),
                _ => None,
            };
            bytes.extend(opcode);
            found.push((kind, start + bytes.len(), self.symbol(name)));
            match part {
                Call(_) => bytes.extend(padded(self.symbol(name))),
                // The place in the table of each function is its index.
                Slot(_) => bytes.extend(self.symbol(name).to_le_bytes()),
                Address(_) => bytes.extend(padded(self.address(name))),
                _ => bytes.extend(self.address(name).to_le_bytes()),
            }
        }
        bytes
    }

    /// Addresses are asked for while contents are put together, so that this must not ask for theirs.
    fn address(&self, name: &str) -> u32 {
        let size = |parts: &[Part]| -> u32 {
            let size = |it: &Part| if let Bytes(it) = it { it.len() as u32 } else { 4 };
            parts.iter().map(size).sum()
        };
        BASE + self.data.iter().take_while(|it| it.0 != name).map(|it| size(&it.1)).sum::<u32>()
    }

    fn build(&self) -> Vec<u8> {
        let count = self.functions.len() as u32;
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([ValType::I32], []);
        module.section(&types);
        let mut declared = FunctionSection::new();
        for (name, _) in &self.functions {
            declared.function(u32::from(*name == PANIC || name.starts_with("with")));
        }
        module.section(&declared);
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: u64::from(count),
            maximum: None,
            table64: false,
            shared: false,
        });
        module.section(&tables);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        module.section(&memories);
        let mut exports = ExportSection::new();
        exports.export("go", ExportKind::Func, 0);
        module.section(&exports);
        let mut elements = ElementSection::new();
        let all: Vec<u32> = (0..count).collect();
        elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(all.into()));
        module.section(&elements);

        let mut of_code = Vec::new();
        let mut code = CodeSection::new();
        let mut start = 1;
        for (_, parts) in &self.functions {
            // No locals. Each of these is shorter than what takes two bytes to tell its length.
            let body = [vec![0], self.contents(parts, &mut of_code, start + 2)].concat();
            assert!(body.len() < 128);
            start += 1 + body.len();
            code.raw(&body);
        }
        module.section(&code);
        let mut bytes = Vec::new();
        let mut of_data = Vec::new();
        for (_, parts) in &self.data {
            let start = bytes.len();
            bytes.extend(self.contents(parts, &mut of_data, start));
        }
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(BASE as i32), bytes.iter().copied());
        // In front of the bytes: how many segments, a flag, `i32.const 1024; end`, and their count.
        let start = 6 + if bytes.len() < 128 { 1 } else { 2 };
        of_data.iter_mut().for_each(|it| it.1 += start);
        module.section(&data);

        let mut symbols = SymbolTable::new();
        for (at, _) in self.functions.iter().enumerate() {
            symbols.function(SymbolTable::WASM_SYM_NO_STRIP, at as u32, Some("f"));
        }
        for (name, parts) in &self.data {
            let size = self.contents(parts, &mut vec![], 0).len() as u32;
            let place = DataSymbolDefinition { index: 0, offset: self.offset(name), size };
            symbols.data(0, name, Some(place));
        }
        module.section(LinkingSection::new().symbol_table(&symbols));
        for (name, section, references) in [("reloc.CODE", 6, of_code), ("reloc.DATA", 7, of_data)]
        {
            let mut list = Vec::new();
            section.encode(&mut list);
            references.len().encode(&mut list);
            for (kind, place, symbol) in references {
                list.push(kind);
                place.encode(&mut list);
                symbol.encode(&mut list);
                if kind > 2 {
                    0_i32.encode(&mut list);
                }
            }
            module.section(&CustomSection { name: name.into(), data: list.into() });
        }
        let mut names = NameMap::new();
        for (at, (name, _)) in self.functions.iter().enumerate() {
            names.append(at as u32, name);
        }
        let mut section = NameSection::new();
        section.functions(&names);
        module.section(&section);
        let wasm = module.finish();
        wasmparser::validate(&wasm).unwrap();
        wasm
    }

    /// Swept: the instructions of each function by its name, and the constant data.
    fn swept(&self) -> (BTreeMap<&'static str, Vec<String>>, Vec<u8>) {
        let wasm = sweep::sweep(&self.build()).unwrap();
        wasmparser::validate(&wasm).unwrap();
        let mut names = self.functions.iter().map(|it| it.0);
        let mut functions = BTreeMap::new();
        let mut bytes = Vec::new();
        for payload in Parser::new(0).parse_all(&wasm) {
            match payload.unwrap() {
                Payload::CodeSectionEntry(body) => {
                    let all = body.get_operators_reader().unwrap().into_iter();
                    let all = all.map(|it| format!("{:?}", it.unwrap())).collect();
                    functions.insert(names.next().unwrap(), all);
                }
                Payload::DataSection(section) => {
                    for segment in section {
                        bytes.extend_from_slice(segment.unwrap().data);
                    }
                }
                _ => {}
            }
        }
        (functions, bytes)
    }
}

/// As the linker writes numbers that it corrects: always in five bytes.
fn padded(number: u32) -> [u8; 5] {
    let byte = |at: u32| (number >> (7 * at) & 0x7f) as u8 | if at < 4 { 0x80 } else { 0 };
    [0, 1, 2, 3, 4].map(byte)
}

const TRAP: [&str; 2] = ["Unreachable", "End"];

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}

/// The address in `I32Const { value: 1030 }`.
fn address(instruction: &str) -> usize {
    let value = instruction.strip_prefix("I32Const { value: ").unwrap();
    value.trim_end_matches(" }").parse::<usize>().unwrap() - BASE as usize
}

#[test]
fn panics_trap_and_what_only_they_call_goes() {
    let (functions, _) = Linked {
        functions: vec![
            ("go", vec![Call("used"), ZERO, Call(PANIC), END]),
            ("used", vec![Bytes(&[0x01]), END]),
            (PANIC, vec![Call("print"), END]),
            ("print", vec![Call("used"), END]),
            ("nobody", vec![Call("used"), END]),
        ],
        data: vec![],
    }
    .swept();
    assert_eq!(functions["go"].len(), 4);
    assert_eq!(functions["used"], ["Nop", "End"]);
    for name in [PANIC, "print", "nobody"] {
        assert_eq!(functions[name], TRAP, "{name}");
    }
}

#[test]
fn what_a_kept_table_names_stays() {
    let (functions, _) = Linked {
        functions: vec![
            ("go", vec![Address("table"), DROP, ZERO, Call(PANIC), END]),
            ("by table", vec![Bytes(&[0x01]), END]),
            ("by dead table", vec![Bytes(&[0x01]), END]),
            (PANIC, vec![Address("dead table"), DROP, END]),
        ],
        data: vec![("table", vec![Slot("by table")]), ("dead table", vec![Slot("by dead table")])],
    }
    .swept();
    assert_eq!(functions["by table"], ["Nop", "End"]);
    assert_eq!(functions["by dead table"], TRAP);
}

#[test]
fn what_a_panic_would_have_said_goes() {
    let place = vec![Pointer("path"), Bytes(&[9, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0])];
    let (functions, data) = Linked {
        functions: vec![
            (
                "go",
                vec![
                    Address("said"),
                    Call("with words"),
                    Address("place"),
                    Call("with place"),
                    END,
                ],
            ),
            ("with words", vec![Address("said, too"), DROP, Address("unsaid"), Call(PANIC), END]),
            ("with place", vec![GIVEN, Call(PANIC), END]),
            (PANIC, vec![END]),
        ],
        data: vec![
            ("unsaid", vec![Bytes(b"index out of bounds")]),
            ("said", vec![Bytes(b"good morning")]),
            ("said, too", vec![Bytes(b"good evening")]),
            ("path", vec![Bytes(b"src/it.rs")]),
            ("place", place),
        ],
    }
    .swept();
    assert!(contains(&data, "good morning"));
    assert!(contains(&data, "good evening"));
    assert!(!contains(&data, "out of bounds"));
    assert!(!contains(&data, "src/it.rs"));
    assert!(!contains(&data, "\x09\0\0\0\x07\0\0\0\x05"));
    assert_eq!(functions["with place"].len(), 3);
}

#[test]
fn references_are_right_after_arranging() {
    let (functions, data) = Linked {
        functions: vec![
            (
                "go",
                vec![Address("words"), DROP, Address("late"), DROP, Address("first"), DROP, END],
            ),
            (PANIC, vec![Address("dead"), DROP, END]),
        ],
        data: vec![
            ("dead", vec![Bytes(b"words nobody reads..")]),
            ("words", vec![Pointer("first"), Bytes(&[5, 0, 0, 0]), Pointer("late")]),
            ("numbers", vec![Bytes(&[1, 2, 3, 4])]),
            ("late", vec![Bytes(b"later")]),
            ("first", vec![Bytes(b"first")]),
        ],
    }
    .swept();
    let go = &functions["go"];
    let [words, late, first] = [0, 2, 4].map(|at| address(&go[at]));
    assert!(data[late..].starts_with(b"later"));
    assert!(data[first..].starts_with(b"first"));
    let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
    assert_eq!(word(words) as usize - BASE as usize, first);
    assert_eq!(word(words + 4), 5);
    assert_eq!(word(words + 8) as usize - BASE as usize, late);
    assert_eq!(words % 4, 0);
    assert!(words > late, "text first: {words}, {late}");
    assert!(!contains(&data, "nobody"));
    assert_ne!(late, 20 + 12 + 4, "nothing was moved");
}

#[test]
fn a_module_without_the_linkers_list_is_refused() {
    let all = Linked {
        functions: vec![("go", vec![ZERO, Call(PANIC), END]), (PANIC, vec![END])],
        data: vec![],
    };
    assert!(sweep::sweep(&all.build()).is_ok());
    let bare = Linked { functions: vec![("go", vec![END])], data: vec![] };
    assert!(sweep::sweep(&bare.build()).is_err());
    assert!(sweep::sweep(b"no module").is_err());
}

#[derive(Debug, PartialEq)]
struct Calls {
    graph: BTreeMap<i32, Vec<i32>>,
    exports: Vec<(String, i32)>,
    table: Vec<i32>,
}

/// Functions of two types, each known by a constant of its own: what it calls, by those constants,
/// what is exported and what the table holds.
fn calls(wasm: &[u8]) -> Calls {
    wasmparser::validate(wasm).unwrap();
    let mut bodies: Vec<(i32, Vec<u32>)> = Vec::new();
    let (mut exports, mut table) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.unwrap();
                    exports.push((export.name.to_owned(), export.index));
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let wasmparser::ElementItems::Functions(all) = element.unwrap().items else {
                        panic!("elements of another form")
                    };
                    table.extend(all.into_iter().map(|it| it.unwrap()));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let (mut own, mut called) = (None, Vec::new());
                for operator in body.get_operators_reader().unwrap() {
                    match operator.unwrap() {
                        Operator::I32Const { value } => own = own.or(Some(value)),
                        Operator::Call { function_index } => called.push(function_index),
                        _ => {}
                    }
                }
                bodies.push((own.unwrap(), called));
            }
            _ => {}
        }
    }
    // The import is function 0.
    let named = |index: u32| index.checked_sub(1).map_or(-1, |it| bodies[it as usize].0);
    let graph = bodies
        .iter()
        .map(|(own, called)| (*own, called.iter().map(|it| named(*it)).collect()))
        .collect();
    let exports = exports.into_iter().map(|(name, it)| (name, named(it))).collect();
    Calls { graph, exports, table: table.into_iter().map(named).collect() }
}

#[test]
fn the_layout_changes_no_call() {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32], []);
    module.section(&types);
    let mut imports = ImportSection::new();
    imports.import("js", "log", EntityType::Function(0));
    module.section(&imports);
    let mut declared = FunctionSection::new();
    let mut code = CodeSection::new();
    for own in 0..9_u32 {
        declared.function(own % 2);
        // Functions differ in how often they do the same, so that the order is not the one given.
        let mut body = Function::new([]);
        body.instructions().i32_const(1000 + own as i32).drop().call(0);
        for callee in (1..9).filter(|it| (it * own) % 4 == 1) {
            if callee % 2 == 0 {
                body.instructions().call(1 + callee);
            } else {
                body.instructions().i32_const(7).call(1 + callee);
            }
        }
        body.instructions().end();
        code.function(&body);
    }
    module.section(&declared);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: 2,
        maximum: None,
        table64: false,
        shared: false,
    });
    module.section(&tables);
    let mut exports = ExportSection::new();
    exports.export("two", ExportKind::Func, 3).export("five", ExportKind::Func, 6);
    module.section(&exports);
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions((&[8, 0][..]).into()));
    module.section(&elements);
    module.section(&code);
    let before = module.finish();
    let after = layout::by_likeness(&before, 0.001).unwrap();
    assert_ne!(before, after, "nothing was moved");
    assert_eq!(calls(&before), calls(&after));
    // Those of one type stand together.
    let mut declared = Copied::default();
    declared.parse_core_module(&mut Module::new(), Parser::new(0), &after).unwrap();
    let changes = declared.types.windows(2).filter(|it| it[0] != it[1]).count();
    assert_eq!(changes, 1, "{:?}", declared.types);
}

/// The types of the functions, in their order.
#[derive(Default)]
struct Copied {
    types: Vec<u32>,
}

impl Reencode for Copied {
    type Error = std::convert::Infallible;

    fn parse_function_section(
        &mut self,
        _: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        self.types = section.into_iter().collect::<wasmparser::Result<_>>()?;
        Ok(())
    }
}
