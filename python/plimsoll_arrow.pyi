"""Finds what will bite in the Docker Compose and Kubernetes files of many repositories."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, type_check_only

import pyarrow

__all__ = ["__version__", "analyze", "decide", "decisions_schema", "findings_schema"]

__version__: str

@type_check_only
class ArrowStream(Protocol):
    """Anything that exports an Arrow stream: a table of pyarrow, a relation of DuckDB, a frame of polars or pandas."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

def analyze(
    table: ArrowStream,
    *,
    config: str | Mapping[str, Any] | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    min_severity: Literal["error", "warning", "info", "hint"] | None = None,
    threads: int | None = None,
) -> pyarrow.Table:
    """Analyses each repository of a table and returns the findings.

    The table has the columns `repository`, `path` and `text` (strings or bytes), a row for each file. Rows of
    one repository need not be adjacent. The answer has the columns of `findings_schema()`, by repository. What
    cannot be read becomes a row without a code and never stops the scan.

    `config` has the keys of `plimsoll.yaml`, as text or as a dictionary, and is laid over the repositories' own.
    `select` and `ignore` take codes (`PLM101`), families (`PLM1`) or names of rules. `threads` is the number of
    repositories that are analysed at a time; all cores work by default.

    Raises `ValueError` for a table without these columns and for settings that make no sense, `TypeError` for
    what is no table, and `RuntimeError` where the table cannot be read to its end.
    """

def decide(
    table: ArrowStream,
    *,
    config: str | Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> pyarrow.Table:
    """Decides for each repository of a table how much platform its files ask for.

    Takes the same table as `analyze`. The answer has the columns of `decisions_schema()`, and a row for each
    system of a repository.
    """

def findings_schema() -> pyarrow.Schema:
    """Returns the schema of the table that `analyze` returns."""

def decisions_schema() -> pyarrow.Schema:
    """Returns the schema of the table that `decide` returns."""
