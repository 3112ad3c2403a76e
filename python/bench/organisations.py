"""Scans 10,000 synthetic repositories with the example for DuckDB, in one part and in eight, and prints figures.

python organisations.py [COUNT]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.dataset

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
sys.path.insert(0, str(EXAMPLES))

import synthetic


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        table = f"{folder}/files.parquet"
        files, size = synthetic.write(count, table)
        size = f"{size / 1e6:.1f} MB of text"
        print(f"{count:,} repositories, {files:,} files, {size}, {os.cpu_count()} cores", flush=True)
        for parts in (1, 8):
            findings = f"{folder}/findings-{parts}"
            seconds, busy, memory = measured(EXAMPLES / "scan_duckdb.py", table, findings, "--parts", str(parts))
            found = pyarrow.dataset.dataset(findings).count_rows()
            print(
                f"in parts: {parts}  {seconds:.1f} s ({busy:.1f} s of all cores together), "
                f"{count / seconds:,.0f} repositories/s, at most {memory / 1e6:,.0f} MB of memory, {found:,} findings",
                flush=True,
            )


def measured(program: Path, *arguments: str) -> tuple[float, float, float]:
    """Runs a program, and returns its seconds, those of all cores, and the most bytes of memory that it had."""
    start = time.monotonic()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(sys.executable, [sys.executable, str(program), *arguments], os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{program.name} failed")
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


if __name__ == "__main__":
    main()
