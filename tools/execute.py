"""Execute chapters whole and in place: python -m tools.execute [NOTEBOOK ...].

The stored outputs are what the book shows and what the tests compare, so a notebook is
written only after every cell has run.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

BOOK = Path(__file__).parents[1] / "book"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


def execute(path: Path) -> None:
    """Run all cells from a fresh kernel, and store the outputs without times."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(BOOK)}},
    ).execute()
    notebook.metadata = METADATA
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for chapter in map(Path, sys.argv[1:] or sorted(map(str, BOOK.glob("*.ipynb")))):
        print(f"executing {chapter.name}", flush=True)
        execute(chapter)
