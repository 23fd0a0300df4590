"""Bring the catalogues of the Chinese book up to date, or check translations.

book/locale/zh_CN/LC_MESSAGES/ holds one for each page, as ch04_softmax.po, and for what
pages share figures.po (words of figures and tables), exercises.po (what checks say)
and site.po (names of parts and folds). A text that changed in English becomes fuzzy:
its old translation stays, with the English that it translated, until somebody looks.
"""

import argparse
import difflib
import json
import re
import sys
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import polib
import yaml
from markdown_it import MarkdownIt

from tools import messages, toc

FOLDER = toc.BOOK / "locale" / "zh_CN" / "LC_MESSAGES"
SHARED = ["figures", "exercises", "site"]
OUTPUT = "output"  # the context of what stands in outputs


class Message(NamedTuple):
    """A text to translate: `context` is its cell, and `place` where it occurs."""

    context: str | None
    text: str
    place: str


# What is to be translated


def source_of(page: str) -> Path:
    """Return the file of a page, named as in _toc.yml."""
    text = toc.ROOT / f"{page}.md"
    return text if text.exists() else toc.ROOT / f"{page}.ipynb"


def of_page(page: str) -> list[Message]:
    """Return the messages of a page, in its order, each once."""
    path, found = source_of(page), []

    def collect(context, place):
        def say(text):
            found.append(Message(context, text, place))
            return text

        return say

    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        messages.markdown(text, collect(path.stem, ""))
        return once(found)
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            messages.markdown("".join(cell["source"]), collect(cell["id"], ""))
        if fold := messages.fold(cell):
            found.append(Message(OUTPUT, fold, f"{path.stem}, {cell['id']}"))
        for output in cell.get("outputs", []):
            html = "".join(output.get("data", {}).get("text/html", ""))
            messages.html(html, collect(OUTPUT, f"{path.stem}, {cell['id']}"))
    return once(found)


def once(found: list[Message]) -> list[Message]:
    """Return each text of each cell once, where it stands first."""
    first = {}
    for message in found:
        first.setdefault(message[:2], message)
    return list(first.values())


def of_exercises() -> list[Message]:
    files = sorted(toc.BOOK.glob("lvcbook/exercises/*.py"))
    return [
        Message(None, text, file.stem)
        for file in files
        for text in messages.sentences(file.read_text(encoding="utf-8"))
    ]


def of_site() -> list[Message]:
    config = yaml.safe_load((toc.ROOT / "_config.yml").read_text(encoding="utf-8"))
    found = [Message(None, config["title"], "_config.yml")]
    found += [Message(None, caption, "_toc.yml") for caption, _ in toc.parts()[1]]
    found.append(Message(None, "Contents", "pdf.py"))
    for file in sorted(toc.BOOK.glob("_ext/*.py")):
        texts = messages.marked(file.read_text(encoding="utf-8"))
        found += [Message(None, text, file.name) for text in texts]
    return found


def catalogues() -> dict[str, list[Message]]:
    """Return the messages of every catalogue, by its name."""
    pages = {Path(page).name: of_page(page) for page in toc.pages()}
    outputs = Counter(
        message.text
        for found in pages.values()
        for message in found
        if message.context == OUTPUT
    )
    shared = {text for text, pages_with in outputs.items() if pages_with > 1}
    made = {
        name: [
            each for each in found if each.context != OUTPUT or each.text not in shared
        ]
        for name, found in pages.items()
    }
    made["figures"] = [
        message
        for found in pages.values()
        for message in found
        if message.context == OUTPUT and message.text in shared
    ]
    made |= {"exercises": of_exercises(), "site": of_site()}
    return {name: once(found) for name, found in made.items()}


# The files


def read(name: str) -> polib.POFile:
    """Return a catalogue, empty if there is none; say so of a damaged one."""
    path = FOLDER / f"{name}.po"
    if not path.exists():
        return polib.POFile(wrapwidth=88)
    try:
        return polib.pofile(str(path), encoding="utf-8", wrapwidth=88)
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{name}.po is no catalogue, or a merge left its marks in it: {error}")


def update(name: str, wanted: list[Message], known: dict) -> polib.POFile:
    """Return the catalogue with these messages, and the translations that are known."""
    old = read(name)
    made = polib.POFile(wrapwidth=88)
    made.metadata = {
        "Language": "zh_CN",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    keys = {each[:2] for each in wanted}
    left = [
        each for each in old if each.msgstr and (each.msgctxt, each.msgid) not in keys
    ]
    for context, text, place in wanted:
        entry = polib.POEntry(msgctxt=context, msgid=text)
        if place:
            entry.comment = place
        there = known.get((context, text))
        if not there and (there := nearest(entry, left)):
            left.remove(there)
        if there:
            entry.msgstr, entry.flags = there.msgstr, there.flags
            entry.previous_msgid, entry.tcomment = there.previous_msgid, there.tcomment
            if there.msgid != text:  # else the cell alone has another name
                entry.flags = ["fuzzy"]
                entry.previous_msgid = there.previous_msgid or there.msgid
        made.append(entry)
    return made


def nearest(entry, left):
    """Return the entry of before that this one comes from, if there is one."""

    def likeness(other):
        return difflib.SequenceMatcher(None, entry.msgid, other.msgid).ratio()

    same = [other for other in left if other.msgid == entry.msgid]
    near = [other for other in left if other.msgctxt == entry.msgctxt]
    found = same or sorted(near, key=likeness)[-1:]
    return found[0] if found and likeness(found[0]) > 0.5 else None


def update_all() -> None:
    wanted = catalogues()
    old = {name: read(name) for name in wanted}
    known = {
        (entry.msgctxt, entry.msgid): entry
        for entry in chain(*old.values())
        if entry.msgstr and entry.msgctxt == OUTPUT  # it may move to figures, or back
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, found in wanted.items():
        own = {
            (entry.msgctxt, entry.msgid): entry for entry in old[name] if entry.msgstr
        }
        update(name, found, known | own).save(str(FOLDER / f"{name}.po"))
    for path in FOLDER.glob("*.po"):
        if path.stem not in wanted:
            print(f"{path.name}: no page has this name; delete it, or rename it")


# The checks

HAN = "\u3400-\u9fff"
WIDE = "，。：；？！、（）“”《》"
CODE = r"(?:``.+?``|`[^`]+`)"
ROLE = rf"\{{[\w:-]+\}}{CODE}"
FORMULA = r"\$[^$]+\$"
TARGET = r"\]\([^)]*\)"
PLACE = r"\{\{.*?\}\}|\{\w*\}(?!`)"
HTML = r"<[^>]+>"
DIGITS = r"\d+(?:[.,]\d+)*"


def take(pattern: str, text: str) -> list[str]:
    return [
        " ".join(found[0].split()) for found in re.finditer(pattern, text, re.DOTALL)
    ]


def bare(text: str) -> str:
    """Return a text in which code, formulas and roles are one letter each."""
    text = re.sub(r"\{term\}`([^<`]+?)(?: <[^>]+>)?`", r"\1", text)
    text = re.sub(f"<span lang=.*?</span>|{HTML}|{TARGET}", "", text)
    return re.sub(rf"{ROLE}|{CODE}|{FORMULA}|{PLACE}", "X", text, flags=re.DOTALL)


def shape(text: str) -> list[str]:
    """Return what begins each line: a heading, an item, a quotation, cells."""
    lines = text.split("\n")
    return [
        re.match(r"\s*(#+|[-*>]|\d+\.)?", line)[0].strip() + "|" * line.count("|")
        for line in lines
        if re.match(messages.KEEPS_LINES + "|#", line)
    ]


def emphasis(text: str) -> list[str]:
    html = MarkdownIt().render(re.sub(f"{CODE}|{FORMULA}", "X", text))
    return re.findall("<strong>|<em>", html)


def numbers(text: str) -> list[str]:
    return take(DIGITS, re.sub("X", " ", bare(text)))


SAME = {
    "numbers": numbers,
    "code": lambda text: take(CODE, re.sub(ROLE, "", text)),
    "formulas": lambda text: take(FORMULA, re.sub(CODE, "", text)),
    "links": lambda text: take(TARGET, text),
    "citations and roles": lambda text: [
        re.sub("`[^`<]+ <([^>]+)>`", r"`\1`", role) for role in take(ROLE, text)
    ],
    "places for numbers": lambda text: take(
        PLACE, re.sub(f"{ROLE}|{FORMULA}", "", text)
    ),
    "HTML": lambda text: take(HTML, re.sub(f"{CODE}|{FORMULA}", "", text)),
    "headings, items or cells of a table": shape,
    "bold and italic words, as Markdown reads them,": emphasis,
}
WRONG = {
    "half-width punctuation next to Chinese": f"[{HAN}][,.:;?!()]|[,:;?!()][{HAN}]",
    "no space between Chinese and letters or digits": (
        rf"[{HAN}]\**[A-Za-z0-9]|[A-Za-z0-9]\**[{HAN}]"
    ),
    "a space at full-width punctuation": rf"[^|\S\n]\**[{WIDE}]|[{WIDE}]\** (?!\|)",
    "a space between two Chinese characters": f"[{HAN}] [{HAN}]",
    "您 in place of 你": "您",
    "English left": r"(?:\b[A-Z]?[a-z]+(?:'[a-z]+)?,? ){3}[a-z]{2,}",
}


# Terms of the glossary that are words of every page, and have one translation.
TERMS = """assignment weights, backbone, batch, channel, codeword, encoding,
evaluation mode, feature map, gate, gradient, half precision, hard assignment,
literal form, mean encoding, mixture, mutant, pixel, product form, residual,
running statistics, seed, stride, total weight, training mode, visual centre"""


@cache
def terms() -> dict[str, str]:
    """Return the translations of TERMS, which glossary.po has."""
    there = {entry.msgid: entry.msgstr.split("\n")[0] for entry in read("glossary")}
    wanted = re.split(r",\s", TERMS)
    return {term: there[term] for term in wanted if there.get(term)}


def faults(source: str, translation: str) -> list[str]:
    """Return what is wrong with a translation, a sentence each."""
    found = []
    for what, of in SAME.items():
        here, there = Counter(of(source)), Counter(of(translation))
        if here != there:
            lost, new = [*(here - there)], [*(there - here)]
            said = [f"lost {', '.join(lost)}"] * bool(lost)
            said += [f"new {', '.join(new)}"] * bool(new)
            found.append(f"the {what} differ: {'; '.join(said)}")
    plain = bare(translation)
    for what, pattern in WRONG.items():
        if match := re.search(pattern, plain):
            around = plain[max(match.start() - 8, 0) : match.end() + 8]
            found.append(f"{what}: {around!r}")
    for term, chinese in terms().items():
        said = re.search(rf"(?<![-*+] )(?<![\w.-]){term}s?\b", bare(source))
        if said and chinese not in translation:
            found.append(f"term: {term} is {chinese} in the glossary")
    return found


def faults_of(entry: polib.POEntry) -> list[str]:
    """Return its faults, without those that its translator gives a reason for.

    Such a reason stands above the entry: `# English left: the name of a paper`.
    """
    allowed = [line.partition(":")[0] for line in entry.tcomment.split("\n")]
    allowed = tuple(filter(None, allowed)) or ("\n",)
    found = faults(entry.msgid, entry.msgstr)
    return [fault for fault in found if not fault.startswith(allowed)]


def problems(name: str, wanted: list[Message]) -> list[str]:
    """Return what is missing or wrong in a catalogue, a sentence each."""
    entries = {(entry.msgctxt, entry.msgid): entry for entry in read(name)}
    found = []
    for context, text, _ in wanted:
        where = f"{name}.po, {context or 'text'} {' '.join(text.split())[:40]!r}"
        entry = entries.get((context, text))
        if entry is None or not entry.msgstr:
            found.append(f"{where}: not translated")
        elif entry.fuzzy:
            found.append(
                f"{where}: the English changed; translate it, delete '#, fuzzy'"
            )
        else:
            found += [f"{where}: {fault}" for fault in faults_of(entry)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="with --check: a catalogue, as ch04_softmax or figures; all by default",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="say what is missing or wrong, change nothing",
    )
    options = parser.parse_args()
    if not options.check:
        update_all()
        return
    wanted = catalogues()
    names = [Path(name).stem for name in options.names] or list(wanted)
    if unknown := {*names} - {*wanted}:
        parser.error(f"there is no catalogue {', '.join(sorted(unknown))}")
    found = [problem for name in names for problem in problems(name, wanted[name])]
    print(*found, f"{len(found)} faults", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
