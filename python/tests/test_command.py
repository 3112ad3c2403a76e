"""The tables say the same as the command does in a checkout of each repository."""

import json
import os
import shutil
import subprocess

import plimsoll_arrow
import pytest
from conftest import ROOT, folder, table

PROJECTS = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())


@pytest.fixture(params=PROJECTS)
def checkout(request, tmp_path):
    """The folder of a project as git has it."""
    shutil.copytree(ROOT / "examples" / request.param, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".git").mkdir()
    return tmp_path


def plimsoll(checkout, *arguments):
    program = os.environ["PLIMSOLL"]
    done = subprocess.run([program, *arguments], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode < 2, done.stderr
    return json.loads(done.stdout)


def test_findings_are_those_of_the_command(checkout):
    said = plimsoll(checkout, "check", "--format", "json")["findings"]
    sarif = plimsoll(checkout, "check", "--format", "sarif")["runs"][0]["results"]
    rows = plimsoll_arrow.analyze(table(*folder("it", checkout))).to_pylist()
    same = ["code", "name", "severity", "confidence", "path", "subject", "message", "help", "check"]
    assert len(rows) == len(said) == len(sarif)
    for row, finding, result in zip(rows, said, sarif, strict=True):
        assert {name: row[name] for name in same} == {name: finding[name] for name in same}
        assert row["targets"] == finding.get("targets", [])
        start, end = finding["range"]["start"], finding["range"]["end"]
        places = (row["line"], row["column"], row["end_line"], row["end_column"])
        assert places == (start["line"], start["column"], end["line"], end["column"])
        assert row["fingerprint"] == result["partialFingerprints"]["plimsollFinding/v2"]


def test_decisions_are_those_of_the_command(checkout):
    said = plimsoll(checkout, "decide", "--format", "json")["systems"]
    rows = plimsoll_arrow.decide(table(*folder("it", checkout))).to_pylist()
    assert [row["system"] for row in rows] == [system["name"] for system in said]
    for row, system in zip(rows, said, strict=True):
        outcome = system["outcome"]
        for name in ["verdict", "today", "fit", "reasons", "targets"]:
            assert row[name] == system[name]
        for name in ["platform", "kustomize", "helm", "argocd", "flux"]:
            assert row[name] == outcome[name]
        assert row["so_far"] == outcome["soFar"]
        assert row["scenario"] == system["scenario"]["nearest"]
        assert row["would_change"] == system["wouldChange"]
        assert row["next_steps"] == system["nextSteps"]


def test_the_projects_have_findings():
    counts = {
        name: plimsoll_arrow.analyze(table(*folder(name, ROOT / "examples" / name))).num_rows for name in PROJECTS
    }
    assert max(counts.values()) > 10
