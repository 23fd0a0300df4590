"""Say under the title of each chapter how long it takes to read.

The minutes are counted from the notebook. The home page shows the rule and the range.
"""

import json
import re
from pathlib import Path

from docutils import nodes

WORDS, LINES = 200, 30  # read in a minute: words of text, or lines of code
HIDDEN = {"remove-input", "hide-input", "hide-cell"}


def minutes(notebook: Path) -> int:
    """Return the minutes for the text and the shown code of a notebook."""
    words = lines = 0
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            words += len(source.split())
        elif HIDDEN.isdisjoint(cell["metadata"].get("tags", [])):
            lines += sum(bool(line.strip()) for line in source.splitlines())
    return round(words / WORDS + lines / LINES)


def substitute(app, config):
    """Give the home page its numbers."""
    read = Path(app.srcdir, "_toc.yml").read_text(encoding="utf-8")
    chapters = re.findall(r"file: (book/ch\S+)", read)
    times = [minutes(Path(app.srcdir, f"{chapter}.ipynb")) for chapter in chapters]
    config.myst_substitutions |= {
        "minutes": f"{min(times)} to {max(times)} minutes",
        "rule": f"{WORDS} words or {LINES} lines of code a minute",
    }


def insert(app, doctree):
    """Put one line under the title of a chapter."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.match("ch*.ipynb"):
        line = f"{minutes(source)} minutes to read"
        title = next(doctree.findall(nodes.title))
        title.parent.insert(1, nodes.paragraph(line, line, classes=["reading-time"]))


def setup(app):
    """Register both with Sphinx."""
    app.connect("config-inited", substitute, priority=400)
    app.connect("doctree-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
