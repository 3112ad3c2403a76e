"""What the tests share: tables of files, and the folders of the repository."""

import sys
from pathlib import Path

import pyarrow
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "python/examples"
sys.path.insert(0, str(EXAMPLES))


def table(*files, text=pyarrow.string()):
    """Returns a table with a row for each `(repository, path, text)`."""
    repositories, paths, texts = zip(*files, strict=True) if files else ((), (), ())
    return pyarrow.table(
        {
            "repository": pyarrow.array(repositories, pyarrow.string()),
            "path": pyarrow.array(paths, pyarrow.string()),
            "text": pyarrow.array(texts, text),
        }
    )


def folder(name, path):
    """Returns the rows of the files in a folder, as one repository."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return [(name, file.relative_to(path).as_posix(), file.read_text()) for file in files]


@pytest.fixture(scope="session")
def projects():
    """The example projects as a table, with their rows in turns."""
    every = [folder(path.name, path) for path in sorted((ROOT / "examples").iterdir()) if path.is_dir()]
    longest = max(len(rows) for rows in every)
    return table(*(rows[at] for at in range(longest) for rows in every if at < len(rows)))
