"""Make the Chinese book from the English one, which is built, and the catalogues.

Writes notebooks and pages in Chinese into _build/zh/ and builds them into
_build/html/zh/; with --notebooks, writes the notebooks into book/zh/ for JupyterLab.
Code and outputs are the English ones. A text without a translation, or with one in
which tools.catalogues finds a fault, stays English, and a sentence says so.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polib
import yaml

from tools import catalogues, messages, toc

LANGUAGE = "zh_CN"
SAME = ["_ext", "_static", "_templates", "web", "references.bib"]  # in both books
NOTE = "made by tools/translate.py: edit the English notebook, or its catalogue"
# Where the notebook lies decides nothing: its code runs in book/, as the English one's.
FIRST = """import os

if os.path.basename(os.getcwd()) == "zh":
    os.chdir("..")
from lvcbook.exercises import common

common.language = "zh_CN\""""


def translations(name: str) -> dict[tuple, str]:
    """Return the translations of a catalogue that have no fault."""
    return {
        (entry.msgctxt, entry.msgid): entry.msgstr
        for entry in catalogues.read(name)
        if entry.msgstr and not entry.fuzzy and not catalogues.faults_of(entry)
    }


def cell_of_markdown(cell: dict, say: Callable) -> None:
    text = messages.markdown("".join(cell["source"]), say)
    cell["source"] = text.splitlines(keepends=True)


def notebook(source: str, known: dict) -> str:
    """Return a notebook in Chinese, which says what it is made from."""
    made = json.loads(source)
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            context = cell["id"]
            cell_of_markdown(cell, lambda text: known.get((context, text), text))  # noqa: B023
        if fold := messages.fold(cell):
            cell["metadata"]["mystnb"]["code_prompt_show"] = said(known, fold)
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind.endswith("text/html"):
                    html = messages.html("".join(data), lambda text: said(known, text))
                    output["data"][kind] = html.splitlines(keepends=True)
    hidden = {"tags": ["remove-cell"], "jupyter": {"source_hidden": True}}
    first = {"cell_type": "code", "id": "language", "metadata": hidden}
    first |= {"execution_count": None, "outputs": [], "source": FIRST}
    made["cells"].insert(1, first)
    made["metadata"]["generated"] = NOTE
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def said(known: dict, text: str) -> str:
    return known.get((catalogues.OUTPUT, text), text)


def write_pages(folder: Path) -> None:
    """Write all pages in Chinese."""
    figures = translations("figures")
    folder.mkdir(parents=True, exist_ok=True)
    for page in toc.pages():
        path = catalogues.source_of(page)
        source, known = path.read_text(encoding="utf-8"), translations(path.stem)
        if path.suffix == ".md":
            text = messages.markdown(
                source,
                lambda text: known.get((path.stem, text), text),  # noqa: B023
            )
        else:
            text = notebook(source, figures | known)
        (folder / path.name).write_text(text, encoding="utf-8")


def write_tree(build: Path) -> Path:
    """Write all that the Chinese book is built from."""
    tree = build / "zh"
    shutil.rmtree(tree, ignore_errors=True)
    write_pages(tree / "book")
    for name in SAME:
        (tree / "book" / name).symlink_to(toc.BOOK / name)
    site = {
        text: translation for (_, text), translation in translations("site").items()
    }

    config = yaml.safe_load((toc.ROOT / "_config.yml").read_text(encoding="utf-8"))
    title = config["title"]
    config["title"] = site.get(title, title)
    config["sphinx"]["config"] |= {
        "language": LANGUAGE,
        "english_doctrees": str(build / ".doctrees"),
    }
    contents = yaml.safe_load((toc.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["caption"] = site.get(part["caption"], part["caption"])
    for name, made in ("_config.yml", config), ("_toc.yml", contents):
        text = yaml.safe_dump(made, allow_unicode=True, sort_keys=False)
        (tree / name).write_text(text, encoding="utf-8")

    (tree / "book" / "_extra").mkdir()
    leads = (toc.BOOK / "_extra" / "index.html").read_text(encoding="utf-8")
    leads = leads.replace('lang="en"', 'lang="zh-CN"').replace(title, config["title"])
    (tree / "book" / "_extra" / "index.html").write_text(leads, encoding="utf-8")

    compiled = tree / "locale" / LANGUAGE / "LC_MESSAGES" / "sphinx.mo"
    compiled.parent.mkdir(parents=True)
    words = polib.MOFile()
    words.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    words.extend(polib.POEntry(msgid=text, msgstr=site[text]) for text in site)
    words.save(str(compiled))
    return tree


def build_book(build: Path) -> None:
    """Build the Chinese book beside the English one, which must be built."""
    if not (build / ".doctrees").exists():
        sys.exit("The English book is not built yet: make book builds both.")
    tree = write_tree(build)
    script = Path(sys.executable).with_name("jupyter-book")
    command = [sys.executable, script, "build", tree, "--all", "-n", "-W"]
    if subprocess.run([*command, "--keep-going"]).returncode:
        sys.exit("The Chinese book was not built; the lines above say why.")
    shutil.rmtree(build / "html" / "zh", ignore_errors=True)
    shutil.move(tree / "_build" / "html", build / "html" / "zh")


def missing() -> list[str]:
    """Return what stays English, a sentence for each catalogue."""
    found = []
    for name, wanted in catalogues.catalogues().items():
        known = translations(name)
        left = sum(message[:2] not in known for message in wanted)
        if left:
            found.append(
                f"{name}.po: {left} of {len(wanted)} texts stay English; "
                f"python -m tools.catalogues --check {name} says which"
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--notebooks", action="store_true", help="write book/zh/ for JupyterLab instead"
    )
    parser.add_argument(
        "--build",
        metavar="FOLDER",
        type=Path,
        default=toc.ROOT / "_build",
        help="where the English book is built, and the Chinese one will be",
    )
    options = parser.parse_args()
    if options.notebooks:
        write_pages(toc.BOOK / "zh")
    else:
        build_book(options.build.resolve())
    print(*missing(), sep="\n")


if __name__ == "__main__":
    main()
