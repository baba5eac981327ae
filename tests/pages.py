"""What pages and notebooks ask their reader to type."""

from __future__ import annotations

import json
import re
from pathlib import Path


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of `page` that begin with three backticks and exactly `language`, in order."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", page.read_text(), re.S | re.M)


def cells(notebook: Path) -> list[str]:
    """The code of a Jupyter notebook, cell by cell."""
    document = json.loads(notebook.read_text())
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]
