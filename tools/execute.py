"""Execute notebooks whole and in place: all of the book, or those that are named.

The stored outputs are what the book shows and what the tests compare, so a notebook is
written only after every cell has run.
"""

import argparse
from pathlib import Path

from tools import toc

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
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(toc.BOOK)}},
    ).execute()
    notebook.metadata = METADATA
    nbformat.write(notebook, path)


def notebook(text: str) -> Path:
    """Return the path of an argument; argparse shows the sentence of an error."""
    path = Path(text)
    if path.suffix != ".ipynb" or not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no notebook {text}")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "notebooks",
        metavar="NOTEBOOK",
        nargs="*",
        type=notebook,
        help="a notebook to execute, as book/ch03_scaled_l2.ipynb",
    )
    named = parser.parse_args().notebooks
    if not named and toc.others():
        print(toc.ignored())
    for path in named or toc.notebooks():
        print(f"executing {path.name}", flush=True)
        execute(path)


if __name__ == "__main__":
    main()
