//! From an Arrow table to repositories: finds the columns, and brings the rows of each repository together.

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, BinaryArray, BinaryViewArray, LargeBinaryArray, RecordBatch, RecordBatchReader,
};
use arrow_schema::{ArrowError, DataType, Schema};
use std::collections::BTreeMap;

/// The columns that a table must have.
const REPOSITORY: &str = "repository";
const PATH: &str = "path";
const TEXT: &str = "text";

/// Why a table cannot be read.
pub enum Unreadable {
    /// It has other columns than it should have.
    Columns(String),
    /// Its producer failed.
    Stream(ArrowError),
}

/// The rows of a table.
pub struct Rows(Vec<Batch>);

/// Some consecutive rows, by column.
struct Batch {
    len: usize,
    repositories: Column,
    paths: Column,
    texts: Column,
}

/// The files of one repository, in the order of their rows.
pub struct Repository<'r> {
    /// `None` for rows without a repository, which do not belong together.
    pub name: Option<&'r [u8]>,
    pub files: Vec<Row<'r>>,
}

/// A file as the table has it.
#[derive(Clone, Copy)]
pub struct Row<'r> {
    pub path: Option<&'r [u8]>,
    pub text: Option<&'r [u8]>,
}

impl Rows {
    /// Reads a stream to its end. The buffers stay those of its producer.
    pub fn read(stream: impl RecordBatchReader) -> Result<Rows, Unreadable> {
        check(&stream.schema()).map_err(Unreadable::Columns)?;
        let mut batches = Vec::new();
        for batch in stream {
            batches.push(Batch::new(&batch.map_err(Unreadable::Stream)?));
        }
        Ok(Rows(batches))
    }

    /// Returns the repositories by name, whatever the order of their rows.
    pub fn repositories(&self) -> Vec<Repository<'_>> {
        let mut by_name: BTreeMap<Option<&[u8]>, Vec<Row<'_>>> = BTreeMap::new();
        for batch in &self.0 {
            for row in 0..batch.len {
                let file = Row { path: batch.paths.cell(row), text: batch.texts.cell(row) };
                by_name.entry(batch.repositories.cell(row)).or_default().push(file);
            }
        }
        by_name.into_iter().map(|(name, files)| Repository { name, files }).collect()
    }
}

/// Checks that a table has the columns, and that each holds text or bytes.
fn check(schema: &Schema) -> Result<(), String> {
    let has = |name: &str| schema.field_with_name(name).is_ok();
    let quoted = |names: Vec<&str>| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let missing: Vec<&str> =
        [REPOSITORY, PATH, TEXT].into_iter().filter(|name| !has(name)).collect();
    if !missing.is_empty() {
        let noun = if missing.len() == 1 { "column" } else { "columns" };
        let there: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
        let there = if there.is_empty() { "no columns".to_owned() } else { quoted(there) };
        return Err(format!(
            "the table lacks the {noun} {}: it has {there}, and needs `{REPOSITORY}`, `{PATH}` and `{TEXT}`",
            quoted(missing)
        ));
    }
    for name in [REPOSITORY, PATH, TEXT] {
        let kind = schema.field_with_name(name).map(|field| field.data_type());
        if let Ok(kind) = kind
            && !is_readable(kind)
        {
            return Err(format!("column `{name}` is {kind}, but must hold strings or bytes"));
        }
    }
    Ok(())
}

fn is_readable(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => true,
        DataType::Null => true,
        DataType::Dictionary(_, values) => is_readable(values),
        _ => false,
    }
}

impl Batch {
    fn new(batch: &RecordBatch) -> Batch {
        let column =
            |name| batch.column_by_name(name).map_or(Column::Nothing, |it| Column::new(it));
        Batch {
            len: batch.num_rows(),
            repositories: column(REPOSITORY),
            paths: column(PATH),
            texts: column(TEXT),
        }
    }
}

/// A column of strings or bytes. Strings are read as bytes too, since nothing checks those of a foreign
/// producer.
enum Column {
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    ViewedBytes(BinaryViewArray),
    /// Every row names one of the values.
    Dictionary {
        values: Box<Column>,
        keys: Vec<Option<usize>>,
    },
    /// Every row is null.
    Nothing,
}

impl Column {
    fn new(array: &dyn Array) -> Column {
        match array.data_type() {
            DataType::Utf8 => Column::Bytes(array.as_string::<i32>().clone().into()),
            DataType::LargeUtf8 => Column::LargeBytes(array.as_string::<i64>().clone().into()),
            DataType::Utf8View => {
                Column::ViewedBytes(array.as_string_view().clone().to_binary_view())
            }
            DataType::Binary => Column::Bytes(array.as_binary::<i32>().clone()),
            DataType::LargeBinary => Column::LargeBytes(array.as_binary::<i64>().clone()),
            DataType::BinaryView => Column::ViewedBytes(array.as_binary_view().clone()),
            DataType::Dictionary(..) if array.as_any_dictionary().values().is_empty() => {
                Column::Nothing
            }
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let keys = dictionary.normalized_keys().into_iter().enumerate();
                Column::Dictionary {
                    values: Box::new(Column::new(dictionary.values())),
                    keys: keys.map(|(row, key)| (!array.is_null(row)).then_some(key)).collect(),
                }
            }
            _ => Column::Nothing,
        }
    }

    /// Returns the bytes in a row; `None` where it is null.
    fn cell(&self, row: usize) -> Option<&[u8]> {
        match self {
            Column::Bytes(array) => array.is_valid(row).then(|| array.value(row)),
            Column::LargeBytes(array) => array.is_valid(row).then(|| array.value(row)),
            Column::ViewedBytes(array) => array.is_valid(row).then(|| array.value(row)),
            Column::Dictionary { values, keys } => values.cell(keys[row]?),
            Column::Nothing => None,
        }
    }
}
