"""Runs what the guides show, and returns the guides with the output of today."""

import contextlib
import io
import os
import re
import subprocess
import sys

BLOCK = re.compile(r"```(\w+)\n(.*?)```\n", re.DOTALL)


def sections(guide):
    """Returns the parts of a guide, each with its heading."""
    return re.split(r"^(?=## )", guide, flags=re.MULTILINE)


def with_output(section, known, folder, root):
    """Returns a section with the output of its blocks. They share the names in `known` and a folder."""
    printed = None

    def run(match):
        nonlocal printed
        kind, content = match.groups()
        if kind == "text":
            assert printed, "this block has no output"
            content, printed = printed.rstrip("\n") + "\n", None
        elif kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(content, known)  # noqa: S102
            printed = out.getvalue()
        elif kind == "sh":
            lines = [line for line in content.splitlines() if line.startswith("python ")]
            printed = "".join(command(line, folder, root) for line in lines)
        return f"```{kind}\n{content}```\n"

    return BLOCK.sub(run, section)


def command(line, folder, root):
    """Runs a command of a guide in a folder, with the programs of the repository."""
    words = [str(root / word) if word.startswith("python/") else word for word in line.split()[1:]]
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def compare(path, old, new):
    """Checks that a guide shows the output of today, or rewrites it with `UPDATE_DOCS=1`."""
    if "UPDATE_DOCS" in os.environ:
        path.write_text(path.read_text().replace(old, new))
    else:
        assert old == new, f"{path} shows outdated output: run `UPDATE_DOCS=1 cargo xtask test python` (or `spark`)"
