"""Tables of DuckDB, and the example that scans one."""

import subprocess
import sys

import duckdb
import plimsoll_arrow
import pyarrow
import pyarrow.dataset
import pytest
import synthetic
from conftest import EXAMPLES


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The path of a table of synthetic repositories."""
    path = tmp_path_factory.mktemp("synthetic") / "files.parquet"
    count, size = synthetic.write(60, str(path))
    assert count > 300 and size > 50_000
    return path


def test_a_relation_goes_in_and_the_findings_are_a_table_again(projects):
    relation = duckdb.sql("SELECT text, path, repository FROM projects ORDER BY hash(path)")
    found = plimsoll_arrow.analyze(relation)
    assert found == plimsoll_arrow.analyze(projects)
    counted = duckdb.sql("SELECT repository, count(*) FROM found GROUP BY ALL ORDER BY ALL").fetchall()
    assert counted and sum(count for _, count in counted) == found.num_rows
    decided = plimsoll_arrow.decide(relation)
    assert duckdb.sql("SELECT DISTINCT repository FROM decided").fetchall()


def test_an_enumeration_is_a_column_like_any_other(projects):
    relation = duckdb.sql(
        "SELECT repository::ENUM ('shop-two-sides') AS repository, path, text FROM projects"
        " WHERE repository = 'shop-two-sides'"
    )
    found = plimsoll_arrow.analyze(relation, select=["PLM404"])
    assert found["repository"].to_pylist() == ["shop-two-sides"]


def test_a_query_that_fails_on_the_way_is_an_error():
    relation = duckdb.sql("SELECT 'a' AS repository, 'b' AS path, error('no such file') AS text FROM range(3)")
    with pytest.raises(Exception, match="no such file"):
        plimsoll_arrow.analyze(relation)


def test_the_example_finds_in_parts_what_is_found_at_once(files, tmp_path):
    command = [sys.executable, EXAMPLES / "scan_duckdb.py", files, tmp_path, "--parts", "3"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = pyarrow.dataset.dataset(tmp_path).to_table()
    at_once = plimsoll_arrow.analyze(duckdb.read_parquet(str(files)))
    assert len(list(tmp_path.iterdir())) == 3
    # The same rows in another order of repositories, which are whole in one part.
    assert duckdb.sql("FROM found EXCEPT ALL FROM at_once").fetchall() == []
    assert found.num_rows == at_once.num_rows > 100
    assert "PLM802 no-restart-policy: " in printed


def test_synthetic_repositories_are_the_same_each_time_and_have_mistakes_of_both_sides(files, tmp_path):
    again = tmp_path / "again.parquet"
    synthetic.write(60, str(again))
    assert pyarrow.parquet.read_table(again) == pyarrow.parquet.read_table(files)
    found = plimsoll_arrow.analyze(duckdb.read_parquet(str(files)))
    codes = set(found["code"].to_pylist())
    assert None not in codes and "PLM001" not in codes
    assert {"PLM101", "PLM313", "PLM404", "PLM606", "PLM801"} <= codes
