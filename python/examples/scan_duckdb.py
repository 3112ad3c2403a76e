"""Scans a table of repositories with DuckDB: python scan_duckdb.py FILES.parquet FINDINGS

FILES has the columns repository, path and text. The findings go into the folder FINDINGS as Parquet.
"""

import argparse
from pathlib import Path

import duckdb
import plimsoll_arrow
import pyarrow.parquet

SOME = "SELECT repository, path, text FROM read_parquet($files) WHERE hash(repository) % $parts = $part"

RULES = """
    SELECT code, name, count(DISTINCT repository) AS repositories, count(*) AS findings
    FROM read_parquet($findings) WHERE severity IN ('error', 'warning') AND code IS NOT NULL
    GROUP BY ALL ORDER BY repositories DESC, code LIMIT 10
"""

UNREAD = "SELECT repository, message FROM read_parquet($findings) WHERE code IS NULL ORDER BY ALL"


def scan(files: str, findings: Path, parts: int) -> None:
    """Writes the findings. Only the files of one part are in memory at a time, those of a repository together."""
    findings.mkdir(parents=True, exist_ok=True)
    for part in range(parts):
        some = duckdb.sql(SOME, params={"files": files, "parts": parts, "part": part})
        found = plimsoll_arrow.analyze(some)
        pyarrow.parquet.write_table(found, findings / f"part-{part:04}.parquet", compression="zstd")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILES.parquet")
    parser.add_argument("findings", metavar="FINDINGS", type=Path)
    parser.add_argument("--parts", type=int, default=8, help="number of parts that are scanned one after another")
    arguments = parser.parse_args()
    scan(arguments.files, arguments.findings, arguments.parts)
    found = {"findings": f"{arguments.findings}/*.parquet"}
    for repository, message in duckdb.sql(UNREAD, params=found).fetchall():
        print(f"{repository}: {message}")
    for code, name, repositories, count in duckdb.sql(RULES, params=found).fetchall():
        print(f"{code} {name}: {count} findings in {repositories} repositories")


if __name__ == "__main__":
    main()
