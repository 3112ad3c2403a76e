"""Rows that cannot be read never stop a scan, and calls that make no sense say why."""

import plimsoll_arrow
import pyarrow
import pytest
from conftest import table

WEB = "services: { web: { image: nginx } }\n"


def unread(findings):
    """Returns what was not read as it is: the rows without a code."""
    return [
        (row["repository"], row["path"], row["name"], row["severity"])
        for row in findings.to_pylist()
        if row["code"] is None
    ]


def test_nulls_become_rows_that_name_what_is_missing():
    files = table(
        ("shop", "compose.yaml", None),
        ("shop", None, WEB),
        (None, "compose.yaml", WEB),
        ("blog", "compose.yaml", WEB),
    )
    findings = plimsoll_arrow.analyze(files, select=["PLM801"])
    assert unread(findings) == [
        (None, "compose.yaml", "null-repository", "error"),
        ("shop", "compose.yaml", "null-text", "error"),
        ("shop", None, "null-path", "error"),
    ]
    assert "the text of `compose.yaml` is null, so that it was not read" in findings["message"].to_pylist()
    assert [row["repository"] for row in findings.to_pylist() if row["code"] == "PLM801"] == ["blog"]


def test_bytes_that_are_not_utf8_are_named_and_the_rest_is_read():
    latin = "services:\n  web:\n    image: nginx # caf\xe9\n".encode("latin-1")
    files = table(
        ("shop", "compose.yaml", latin),
        ("shop", "logo.png", b"\x89PNG\xff\xfe"),
        ("blog", "compose.yaml", WEB.encode("utf-16")),
        text=pyarrow.binary(),
    )
    findings = plimsoll_arrow.analyze(files, select=["PLM801"])
    assert unread(findings) == [("shop", "compose.yaml", "invalid-utf8", "warning")]
    assert findings["message"][1].as_py().startswith("`compose.yaml` is not UTF-8: line 3 has the byte 0xE9")
    assert [row["repository"] for row in findings.to_pylist() if row["code"] == "PLM801"] == ["blog", "shop"]


def test_strings_of_a_producer_that_breaks_its_promise_are_read_like_bytes():
    latin = pyarrow.array([b"services: { web: { image: nginx } } # \xe9\n"], pyarrow.binary())
    text = pyarrow.Array.from_buffers(pyarrow.string(), 1, latin.buffers())
    files = pyarrow.table({"repository": ["shop"], "path": ["compose.yaml"], "text": text})
    assert unread(plimsoll_arrow.analyze(files)) == [("shop", "compose.yaml", "invalid-utf8", "warning")]


def test_an_enormous_file_is_a_finding_of_its_own_and_the_others_are_read():
    files = table(
        ("huge", "compose.yaml", "#" * ((64 << 20) + 10)),
        ("huge", "web/compose.yaml", WEB),
        ("shop", "compose.yaml", WEB),
    )
    rows = plimsoll_arrow.analyze(files, select=["PLM007", "PLM801"]).to_pylist()
    assert [(row["repository"], row["path"], row["code"]) for row in rows] == [
        ("huge", "compose.yaml", "PLM007"),
        ("huge", "web/compose.yaml", "PLM801"),
        ("shop", "compose.yaml", "PLM801"),
    ]
    assert "larger than 64 MiB" in rows[0]["message"]


def test_a_path_with_two_texts_is_named_and_the_last_one_is_read():
    files = table(
        ("shop", "compose.yaml", WEB),
        ("shop", "./compose.yaml", WEB.replace("nginx", "nginx:1.27")),
        ("blog", "compose.yaml", WEB),
        ("blog", "compose.yaml", WEB),
    )
    findings = plimsoll_arrow.analyze(files, select=["PLM801"])
    assert unread(findings) == [("shop", "compose.yaml", "repeated-path", "warning")]
    assert [row["repository"] for row in findings.to_pylist() if row["code"] == "PLM801"] == ["blog"]


def test_hidden_and_vendored_folders_are_left_out_as_the_command_does():
    files = table(("shop", ".github/compose.yaml", WEB), ("shop", "web/node_modules/a/compose.yaml", WEB))
    assert plimsoll_arrow.analyze(files).num_rows == 0


def test_mistakes_in_a_configuration_of_a_repository_are_findings():
    files = table(("shop", "compose.yaml", WEB), ("shop", "plimsoll.yaml", "rulez: {}\n"))
    rows = plimsoll_arrow.analyze(files, select=["PLM008", "PLM801"]).to_pylist()
    assert [row["code"] for row in rows] == ["PLM801", "PLM008"]


def test_a_column_without_any_value_is_read():
    files = pyarrow.table({"repository": ["shop"], "path": ["a.yaml"], "text": pyarrow.nulls(1)})
    assert unread(plimsoll_arrow.analyze(files)) == [("shop", "a.yaml", "null-text", "error")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repository": ["a"], "paths": ["b"]}, "lacks the columns `path`, `text`: it has `repository`, `paths`"),
        ({"repository": ["a"], "path": ["b"]}, "lacks the column `text`"),
        ({"repository": [1], "path": ["b"], "text": ["c"]}, "column `repository` is Int64"),
    ],
)
@pytest.mark.parametrize("function", [plimsoll_arrow.analyze, plimsoll_arrow.decide])
def test_a_table_with_other_columns_is_refused(function, given, said):
    with pytest.raises(ValueError, match=said):
        function(pyarrow.table(given))


def test_what_is_no_table_is_refused():
    with pytest.raises(TypeError, match="an Arrow table is expected, .* not `list`"):
        plimsoll_arrow.analyze([("shop", "compose.yaml", WEB)])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"select": ["PLM999"]}, "`PLM999` is not a known rule"),
        ({"ignore": ["unpinned"]}, "`unpinned` is not a known rule"),
        ({"min_severity": "bad"}, "`min_severity` must be `error`, `warning`, `info` or `hint`, not `bad`"),
        ({"config": {"rulez": {}}}, "`rulez` is not a known setting"),
        ({"config": "rules: ["}, "never closed"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        plimsoll_arrow.analyze(table(), **settings)


def test_the_error_of_a_producer_is_passed_on():
    def rows():
        yield from table(("shop", "compose.yaml", WEB)).to_batches()
        raise OSError("the disk is gone")

    stream = pyarrow.RecordBatchReader.from_batches(table().schema, rows())
    with pytest.raises(RuntimeError, match="the disk is gone"):
        plimsoll_arrow.analyze(stream)
