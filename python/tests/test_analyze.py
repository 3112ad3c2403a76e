"""What `analyze` finds, and that one repository is one project."""

import multiprocessing
import random
import sys
import threading
import time

import plimsoll_arrow
import pyarrow
import pytest
import synthetic
from conftest import table

COMPOSE = "services:\n  web:\n    image: ghcr.io/acme/web:1.5.0\n    restart: always\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:1.4.0
"""


def codes(findings):
    return [(row["repository"], row["code"]) for row in findings.to_pylist()]


def test_files_of_a_repository_are_read_together_and_those_of_two_are_not():
    both = table(("shop", "compose.yaml", COMPOSE), ("shop", "k8s/web.yaml", DEPLOYMENT))
    apart = table(("left", "compose.yaml", COMPOSE), ("right", "k8s/web.yaml", DEPLOYMENT))
    drift = plimsoll_arrow.analyze(both, select=["PLM313"])
    assert codes(drift) == [("shop", "PLM313")]
    assert plimsoll_arrow.analyze(apart, select=["PLM313"]).num_rows == 0


def test_a_finding_has_its_place_in_lines_and_columns():
    files = table(("shop", "./deploy/compose.yaml", "services:\n  'größe': { image: nginx }\n"))
    (finding,) = plimsoll_arrow.analyze(files, select=["unpinned-image"]).to_pylist()
    assert finding["help"] and finding["message"]
    expected = {
        "repository": "shop",
        "code": "PLM801",
        "name": "unpinned-image",
        "pitfall": "single-server",
        "severity": "warning",
        "confidence": "certain",
        "path": "deploy/compose.yaml",
        "line": 2,
        "column": 21,
        "end_line": 2,
        "end_column": 26,
        "subject": "service größe",
        "targets": [],
    }
    assert {name: finding[name] for name in expected} == expected


def test_the_columns_are_the_promised_ones(projects):
    text, number, texts = pyarrow.string(), pyarrow.int32(), pyarrow.list_(pyarrow.string())
    promised = pyarrow.schema(
        [
            ("repository", text),
            ("code", text),
            ("name", text),
            ("pitfall", text),
            ("severity", text),
            ("confidence", text),
            ("path", text),
            ("line", number),
            ("column", number),
            ("end_line", number),
            ("end_column", number),
            ("subject", text),
            ("message", text),
            ("help", texts),
            ("check", texts),
            ("targets", texts),
            ("fingerprint", text),
        ]
    )
    assert plimsoll_arrow.findings_schema() == promised
    assert plimsoll_arrow.analyze(projects).schema == promised
    assert plimsoll_arrow.analyze(projects.slice(0, 0)).schema == promised


def test_the_order_of_rows_and_the_number_of_threads_do_not_matter(projects):
    findings = plimsoll_arrow.analyze(projects)
    assert findings.num_rows > 20
    repositories = findings["repository"].to_pylist()
    assert repositories == sorted(repositories) and len(set(repositories)) > 2
    rows = list(range(projects.num_rows))
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        assert plimsoll_arrow.analyze(projects.take(rows), threads=seed + 1) == findings


KINDS = [
    pyarrow.string(),
    pyarrow.large_string(),
    pyarrow.string_view(),
    pyarrow.binary(),
    pyarrow.large_binary(),
    pyarrow.binary_view(),
    pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
    pyarrow.dictionary(pyarrow.int8(), pyarrow.binary()),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_of_text_is_read(projects, kind):
    def cast(column):
        binary = column.cast(pyarrow.binary()) if "binary" in str(kind) else column
        return binary.dictionary_encode().cast(kind) if pyarrow.types.is_dictionary(kind) else binary.cast(kind)

    # With a null in each column, which has no value to look up.
    files = table(("shop", "compose.yaml", COMPOSE), (None, None, None), ("shop", "k8s/web.yaml", DEPLOYMENT))
    files = pyarrow.table({name: cast(files[name].combine_chunks()) for name in files.column_names})
    assert {files.schema.field(name).type for name in files.column_names} == {kind}
    findings = plimsoll_arrow.analyze(files)
    assert ("shop", "PLM313") in codes(findings)
    assert findings["name"].to_pylist()[0] == "null-repository"
    assert plimsoll_arrow.analyze(files.slice(0, 0)).num_rows == 0
    nothing = pyarrow.table({name: pyarrow.nulls(2, kind) for name in files.column_names})
    assert plimsoll_arrow.analyze(nothing)["name"].to_pylist() == ["null-repository"] * 2


def test_every_producer_of_a_stream_is_read(projects):
    findings = plimsoll_arrow.analyze(projects)
    batches = projects.to_batches(max_chunksize=3)
    assert plimsoll_arrow.analyze(pyarrow.Table.from_batches(batches)) == findings
    assert plimsoll_arrow.analyze(pyarrow.RecordBatchReader.from_batches(projects.schema, iter(batches))) == findings
    assert plimsoll_arrow.analyze(projects.combine_chunks().to_batches()[0]) == findings
    more = projects.append_column("size", pyarrow.array([0] * projects.num_rows)).select([3, 2, 1, 0])
    assert plimsoll_arrow.analyze(more) == findings


def test_settings_come_from_the_call_and_from_each_repository():
    web = "services: { web: { image: nginx } }\n"
    files = table(
        ("left", "compose.yaml", web),
        ("left", "plimsoll.yaml", "rules: { PLM801: off }\n"),
        ("right", "compose.yaml", web),
    )
    both = ["PLM801", "PLM802"]
    assert codes(plimsoll_arrow.analyze(files, select=["PLM801"])) == [("right", "PLM801")]
    assert codes(plimsoll_arrow.analyze(files, select=both, ignore=["unpinned-image"])) == [
        ("left", "PLM802"),
        ("right", "PLM802"),
    ]
    for config in ({"rules": {"PLM801": "error"}}, "rules:\n  PLM801: error\n"):
        worst = plimsoll_arrow.analyze(files, select=both, config=config, min_severity="error")
        assert ("right", "PLM801") in codes(worst)
        assert set(worst["severity"].to_pylist()) == {"error"}


def test_other_threads_of_python_go_on_meanwhile():
    rows = [(f"acme/{number}", path, text) for number in range(30) for path, text in synthetic.files(number)]
    files = table(*rows)
    started, finished = threading.Event(), []

    def scan():
        started.set()
        plimsoll_arrow.analyze(files)
        finished.append(True)

    before = sys.getswitchinterval()
    # No thread is interrupted, so that another one goes on only where the scan lets it. Where the scan keeps the
    # lock of the interpreter, that is a handful of times, in pyarrow.
    sys.setswitchinterval(1000)
    turns = 0
    try:
        thread = threading.Thread(target=scan)
        thread.start()
        started.wait()
        while not finished:
            time.sleep(0)
            turns += 1
    finally:
        sys.setswitchinterval(before)
        thread.join()
    assert turns > 100


def number_of_findings(files):
    return plimsoll_arrow.analyze(files).num_rows


def test_a_process_that_was_forked_after_a_scan_can_scan():
    files = table(*((name, "compose.yaml", COMPOSE) for name in "abcdefgh"))
    here = number_of_findings(files)
    assert here > 0
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(number_of_findings, (files,)).get(timeout=120) == here
