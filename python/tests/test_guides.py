"""The code and the commands of the guides work, and print what is shown."""

import guides
import pytest
from conftest import ROOT

GUIDES = [ROOT / "docs/organisations.md", ROOT / "python/README.md"]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_the_guide_shows_real_output(path, tmp_path):
    known = {}
    ran = 0
    for section in guides.sections(path.read_text()):
        # Spark has tests of its own.
        if not section.startswith("## Spark"):
            ran += section.count("```python")
            guides.compare(path, section, guides.with_output(section, known, tmp_path, ROOT))
    assert ran > 0
