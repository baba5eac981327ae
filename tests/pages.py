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


def commands(block: str) -> list[str]:
    """What is typed one after the other in a block of a shell: its lines, but a here-document is one with its text."""
    typed: list[str] = []
    end: str | None = None
    for line in block.splitlines():
        if end is None:
            typed.append(line)
            found = re.search(r"<<'(\w+)'$", line)
            end = found[1] if found else None
        else:
            typed[-1] += f"\n{line}"
            end = None if line == end else end
    return [each for each in typed if each.strip()]
