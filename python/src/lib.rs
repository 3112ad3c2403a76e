//! Plimsoll for tables of repositories: takes and returns Arrow tables, so that an organisation is scanned
//! where its files already are. Columns are described in `docs/organisations.md`, types in
//! `plimsoll_arrow.pyi`.

use pyo3::prelude::*;

mod decisions;
mod findings;
mod input;
mod project;
mod scan;
mod settings;

/// Finds what will bite in the Docker Compose and Kubernetes files of many repositories.
#[pymodule]
mod plimsoll_arrow {
    use crate::input::{Rows, Unreadable};
    use crate::{decisions, findings, scan, settings};
    use arrow_array::ffi_stream::RecordBatchStreamReader;
    use arrow_pyarrow::{FromPyArrow, PyArrowType, Table};
    use arrow_schema::Schema;
    use plimsoll_core::Options;
    use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
    use pyo3::prelude::*;
    use pyo3::types::PyString;
    use std::sync::Arc;

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name is Python's")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Analyses each repository of a table and returns the findings.
    ///
    /// The table has the columns `repository`, `path` and `text`, a row for each file. It is anything that
    /// exports an Arrow stream: a table of pyarrow, a relation of DuckDB, a frame of polars or pandas.
    /// Rows of one repository need not be adjacent. What cannot be read becomes a row without a code.
    #[pyfunction]
    #[pyo3(signature = (table, *, config=None, select=None, ignore=None, min_severity=None, threads=None))]
    fn analyze(
        table: &Bound<'_, PyAny>,
        config: Option<&Bound<'_, PyAny>>,
        select: Option<Vec<String>>,
        ignore: Option<Vec<String>>,
        min_severity: Option<&str>,
        threads: Option<usize>,
    ) -> PyResult<PyArrowType<Table>> {
        let options = options(config, select, ignore, min_severity)?;
        scanned(table, threads, |rows, threads| scan::analyze(rows, &options, threads))
    }

    /// Decides for each repository of a table how much platform its files ask for.
    ///
    /// The table is the same as that of `analyze`. The answer has a row for each system of a repository.
    #[pyfunction]
    #[pyo3(signature = (table, *, config=None, threads=None))]
    fn decide(
        table: &Bound<'_, PyAny>,
        config: Option<&Bound<'_, PyAny>>,
        threads: Option<usize>,
    ) -> PyResult<PyArrowType<Table>> {
        let options = options(config, None, None, None)?;
        scanned(table, threads, |rows, threads| scan::decide(rows, &options, threads))
    }

    /// Returns the schema of the table that `analyze` returns.
    #[pyfunction]
    fn findings_schema() -> PyArrowType<Schema> {
        PyArrowType(Arc::unwrap_or_clone(findings::schema()))
    }

    /// Returns the schema of the table that `decide` returns.
    #[pyfunction]
    fn decisions_schema() -> PyArrowType<Schema> {
        PyArrowType(Arc::unwrap_or_clone(decisions::schema()))
    }

    /// Reads a table and scans it, without keeping other threads of Python waiting. The stream is read like
    /// that too, since its producer may need Python to go on.
    fn scanned(
        table: &Bound<'_, PyAny>,
        threads: Option<usize>,
        scan: impl Fn(&Rows, usize) -> Result<Table, String> + Send + Sync,
    ) -> PyResult<PyArrowType<Table>> {
        if !table.hasattr("__arrow_c_stream__")? {
            let given = table.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "an Arrow table is expected, such as one of pyarrow, DuckDB or polars, not `{given}`"
            )));
        }
        let stream = RecordBatchStreamReader::from_pyarrow_bound(table)?;
        table.py().detach(|| {
            let rows = Rows::read(stream).map_err(|unreadable| match unreadable {
                Unreadable::Columns(why) => PyValueError::new_err(why),
                Unreadable::Stream(error) => {
                    PyRuntimeError::new_err(format!("the table ends early: {error}"))
                }
            })?;
            // Zero asks for as many threads as the machine has cores.
            scan(&rows, threads.unwrap_or(0)).map(PyArrowType).map_err(PyRuntimeError::new_err)
        })
    }

    fn options(
        config: Option<&Bound<'_, PyAny>>,
        select: Option<Vec<String>>,
        ignore: Option<Vec<String>>,
        min_severity: Option<&str>,
    ) -> PyResult<Options> {
        let config = config.map(text_of).transpose()?;
        let (select, ignore) = (select.unwrap_or_default(), ignore.unwrap_or_default());
        settings::options(config.as_deref(), select, ignore, min_severity)
            .map_err(PyValueError::new_err)
    }

    /// Returns a configuration as text: a string as it is, a dictionary as JSON, which is YAML.
    fn text_of(config: &Bound<'_, PyAny>) -> PyResult<String> {
        match config.cast::<PyString>() {
            Ok(text) => Ok(text.to_string()),
            Err(_) => config.py().import("json")?.call_method1("dumps", (config,))?.extract(),
        }
    }
}
