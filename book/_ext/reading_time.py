"""Say under the title of each chapter how long it takes to read.

The minutes are counted from the notebook: its text, the code that is shown, and, as
words, all that the cells print, captions and tables too. What is folded does not count.
The home page shows the rule, the range and the sum.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from docutils import nodes
from sphinx.locale import get_translation

_ = get_translation("sphinx")
BOOK = Path(__file__).resolve().parents[1]  # in English, whose words are counted
WORDS, LINES = 200, 30  # read in a minute: words of text, or lines of code
NO_INPUT = {"remove-input", "hide-input", "hide-cell", "remove-cell"}
NO_OUTPUT = {"remove-output", "hide-output", "hide-cell", "remove-cell"}
FOLDED = r"^(:{3,}|`{3,})\{dropdown\}.*?^\1$"


class _Text(HTMLParser):
    """Collect the text that a page shows of some HTML; a picture has none.

    Of what is folded, the page shows the summary.
    """

    SILENT = {"style", "script", "template", "svg", "details"}

    def __init__(self):
        super().__init__()
        self.silent, self.text = 0, ""

    def handle_starttag(self, tag, attributes):
        self.silent += (tag in self.SILENT) - (tag == "summary")

    def handle_endtag(self, tag):
        self.silent -= (tag in self.SILENT) - (tag == "summary")

    def handle_data(self, data):
        self.text += "" if self.silent else f"{data} "


def words_of(output) -> int:
    """Return how many words an output shows."""
    if output["output_type"] == "stream":
        return len("".join(output["text"]).split())
    data = output.get("data", {})
    if "text/html" not in data:
        return len("".join(data.get("text/plain", "")).split())
    parser = _Text()
    parser.feed("".join(data["text/html"]))
    return len(parser.text.split())


def shown(notebook: Path) -> tuple[int, int]:
    """Return the words and the lines of code that the page of a notebook shows."""
    words = lines = 0
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        tags = set(cell["metadata"].get("tags", []))
        if cell["cell_type"] == "markdown":
            text = re.sub(FOLDED, "", source, flags=re.DOTALL | re.MULTILINE)
            words += len(text.split())
            continue
        if not tags & NO_INPUT:
            lines += sum(bool(line.strip()) for line in source.splitlines())
        if not tags & NO_OUTPUT:
            words += sum(map(words_of, cell["outputs"]))
    return words, lines


def minutes(notebook: Path) -> int:
    """Return the minutes that the page of a notebook takes to read."""
    words, lines = shown(notebook)
    return round(words / WORDS + lines / LINES)


def substitute(app, config):
    """Give the home page its numbers."""
    read = Path(app.srcdir, "_toc.yml").read_text(encoding="utf-8")
    chapters = re.findall(r"file: book/(ch\S+)", read)
    times = [minutes(BOOK / f"{chapter}.ipynb") for chapter in chapters]
    config.myst_substitutions |= {
        "minutes": _("{} to {} minutes").format(min(times), max(times)),
        "all_minutes": _("{} minutes").format(sum(times)),
        "rule": _("{} words or {} lines of code a minute").format(WORDS, LINES),
    }


def insert(app, doctree):
    """Put one line under the title of a chapter."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.match("ch*.ipynb"):
        line = _("{} minutes to read").format(minutes(BOOK / source.name))
        title = next(doctree.findall(nodes.title))
        title.parent.insert(1, nodes.paragraph(line, line, classes=["reading-time"]))


def setup(app):
    """Register both with Sphinx."""
    app.connect("config-inited", substitute, priority=400)
    app.connect("doctree-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
