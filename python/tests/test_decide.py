"""What `decide` answers for each repository."""

import plimsoll_arrow
import pyarrow
from conftest import table

WEB = "services: { web: { image: 'nginx:1.27' } }\n"


def test_every_repository_has_a_decision():
    files = table(("shop", "compose.yaml", WEB), ("docs", "README.md", "# Hello\n"), ("shop", "README.md", "# Shop\n"))
    rows = plimsoll_arrow.decide(files).to_pylist()
    assert [(row["repository"], row["platform"], row["today"]) for row in rows] == [
        ("docs", "either", "unknown"),
        ("shop", "compose", "compose"),
    ]
    assert all(row["verdict"] and row["problems"] == [] for row in rows)


def test_answers_change_the_decision():
    files = table(("shop", "compose.yaml", WEB))
    (row,) = plimsoll_arrow.decide(files, config={"answers": {"downtime": "none"}}).to_pylist()
    assert row["platform"] == "kubernetes"


def test_what_could_not_be_read_stands_beside_the_decision():
    files = table(("shop", "compose.yaml", WEB), ("shop", "k8s/web.yaml", None), (None, "compose.yaml", WEB))
    lost, shop = plimsoll_arrow.decide(files).to_pylist()
    assert (lost["repository"], lost["platform"], len(lost["problems"])) == (None, None, 1)
    assert shop["platform"] == "compose"
    assert shop["problems"] == ["the text of `k8s/web.yaml` is null, so that it was not read"]


def test_the_columns_are_the_promised_ones():
    text, texts = pyarrow.string(), pyarrow.list_(pyarrow.string())
    names = "verdict platform so_far kustomize helm argocd flux today fit scenario".split()
    promised = pyarrow.schema(
        [("repository", text), ("system", text), ("targets", texts)]
        + [(name, text) for name in names]
        + [(name, texts) for name in ["reasons", "would_change", "next_steps", "problems"]]
    )
    assert plimsoll_arrow.decisions_schema() == promised
    assert plimsoll_arrow.decide(table()).schema == promised
