"""The pages of the book: those that _toc.yml names, and no other file beside them.

No command, but what the commands and the tests ask.
"""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"


def parts() -> tuple[str, list[tuple[str, list[str]]]]:
    """Return the first page of the book, and its parts: (name, pages)."""
    read = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return read["root"], [
        (part["caption"], [chapter["file"] for chapter in part["chapters"]])
        for part in read["parts"]
    ]


def pages() -> list[str]:
    """Return all pages in reading order, as _toc.yml writes them: without a suffix."""
    first, rest = parts()
    return [first, *(page for _, part in rest for page in part)]


def notebooks() -> list[Path]:
    """Return the notebooks of the book, in the order of their names."""
    written_as_text = [page for page in pages() if (ROOT / f"{page}.md").exists()]
    return sorted(ROOT / f"{page}.ipynb" for page in {*pages()} - {*written_as_text})


def others() -> list[Path]:
    """Return the notebooks beside them: a reader's own, which nothing here touches."""
    return sorted({*BOOK.glob("*.ipynb")} - {*notebooks()})


def ignored() -> str:
    """Return the sentence that names them, or nothing."""
    names = ", ".join(f"book/{path.name}" for path in others())
    return names and f"Not in _toc.yml, so no page of the book and left alone: {names}"
