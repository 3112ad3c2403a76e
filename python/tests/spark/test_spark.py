"""The example that scans a table with Spark, in local mode."""

import os
import sys

import guides
import plimsoll_arrow
import pytest
import synthetic
from conftest import EXAMPLES, ROOT, table

# The workers run the same Python as the tests.
os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ["PYTHONPATH"] = str(EXAMPLES)

import scan_spark
from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def spark():
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "3")
        .config("spark.sql.adaptive.enabled", "false")
        # A few rows in each batch, so that repositories are spread over several.
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_files_of_a_repository_meet_in_one_task_wherever_they_came_from(spark):
    rows = [(f"acme/{number}", path, text) for number in range(40) for path, text in synthetic.files(number)]
    rows += [("acme/0", "broken.yaml", None)]
    # Sorted by path, so that each of the five partitions has files of most repositories.
    files = spark.createDataFrame(sorted(rows, key=lambda row: row[1]), "repository string, path string, text string")
    files = files.repartition(5)
    found = scan_spark.scan(files)
    here = plimsoll_arrow.analyze(table(*rows))
    assert found.columns == here.schema.names

    def key(row):
        return [(value is None, value) for value in row]

    there = [tuple(row) for row in found.collect()]
    expected = [tuple(row.values()) for row in here.to_pylist()]
    assert len(expected) > 50
    assert sorted(there, key=key) == sorted(expected, key=key)
    # One project for each repository: what only both sides together show is there.
    assert any(row["code"] == "PLM313" for row in here.to_pylist())


def test_the_example_reads_and_writes_parquet(spark, tmp_path, monkeypatch, capsys):
    synthetic.write(5, str(tmp_path / "files.parquet"))
    monkeypatch.setattr(sys, "argv", ["scan_spark.py", f"{tmp_path}/files.parquet", f"{tmp_path}/findings"])
    # The session is that of the other test.
    monkeypatch.setattr(SparkSession, "stop", lambda session: None)
    scan_spark.main()
    assert "warning: " in capsys.readouterr().out
    assert spark.read.parquet(f"{tmp_path}/findings").count() > 0


def test_the_guide_shows_real_output(spark, tmp_path):
    path = ROOT / "docs/organisations.md"
    (section,) = [it for it in guides.sections(path.read_text()) if it.startswith("## Spark")]
    # `spark` is there in a shell or a notebook too.
    guides.compare(path, section, guides.with_output(section, {"spark": spark}, tmp_path, ROOT))
