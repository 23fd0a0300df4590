"""Find what is to be translated: the blocks of Markdown, and the words of outputs.

No command, but what tools.catalogues and tools.translate share. Each function takes
`say`, which gets one message after the other and returns what stands in its place.
"""

import ast
import json
import re
from collections.abc import Callable
from html import escape, unescape

Say = Callable[[str], str]

# Markdown
FENCE = r"(`{3,}|:{3,})\{?([\w-]*)"
KEEPS_LINES = r"\s*(?:[-*>|]|\d+\.)(?:\s|$)"
STARTS = rf"\s*(?:{FENCE}|\$\$|#+\s|\(\S+\)=$|<!--)"
NOT_WORDS = {"grid", "div", "glossary"}  # what stands after these is no text


def markdown(source: str, say: Say) -> str:
    """Return the Markdown with its blocks, and titles of fences, as `say` has them."""
    lines, done = source.split("\n"), []
    in_glossary = False
    while lines:
        line = lines.pop(0)
        fence = re.match(rf"\s*{FENCE}", line)
        if fence and fence[1][0] == "`":
            done += [line, *until(rf"\s*{fence[1]}\s*$", lines)]
        elif fence:
            in_glossary = fence[2] == "glossary"
            title = re.match(r"(\s*:+\{[\w-]+\}\s+)(.+)", line)
            if title and fence[2] not in NOT_WORDS:
                line = title[1] + say(title[2])
            done.append(line)
            while lines and re.match(r"\s*:[\w-]+:", lines[0]):
                done.append(lines.pop(0))
        elif line.strip().startswith("$$"):
            done.append(line)
            if line.strip() == "$$":
                done += until(r".*\$\$", lines)
        elif re.match(r"#+\s", line):
            done.append(say(line))
        elif not line.strip() or re.match(STARTS, line):
            done.append(line)
        elif in_glossary and not line.startswith(" "):
            done.append(say(line))
            if line not in done[-1].split("\n"):
                done.append(line)  # a second term, so that it is found in English, too
        else:
            block = [line]
            while lines and lines[0].strip() and not re.match(STARTS, lines[0]):
                block.append(lines.pop(0))
            done.append(one_block(block, say))
    return "\n".join(done)


def until(end: str, lines: list[str]) -> list[str]:
    """Take the lines up to the one that ends a fence or a formula."""
    taken = [lines.pop(0)]
    while lines and not re.match(end, taken[-1]):
        taken.append(lines.pop(0))
    return taken


def one_block(block: list[str], say: Say) -> str:
    """Return a block in its indentation; lists, tables and quotes keep their lines."""
    indent = re.match(r"\s*", block[0])[0]
    block = [line.removeprefix(indent) for line in block]
    if any(re.match(KEEPS_LINES, line) for line in block):
        text = say("\n".join(block))
    else:
        text = say(" ".join(line.strip() for line in block))
    return "\n".join(indent + line for line in text.split("\n"))


# Outputs
def fold(cell: dict) -> str:
    """Return what a folded cell says of itself, or nothing."""
    return cell["metadata"].get("mystnb", {}).get("code_prompt_show", "")


TAG = r"<!--.*?-->|<(script|style|code)\b[^>]*>.*?</\1>|<[^>]*>"
NAMED = r"(\"(?:name|does)\":)(\"(?:[^\"\\]|\\.)*\")"  # what scripts show of their data
INLINE = r"</?(?:a|b|em|i|small|span|strong)\b"  # text goes on after these
SHOWN = r"(\s(?:aria-label|alt|title|placeholder|data-label)=)([\"'])([\s\S]*?)\2"
PARTS = r"(; |: | → | (?=\(\d+,)|, (?=\d+ (?:by|numbers) ))"  # of a description
WIDE, HAN = "，。：；？！、（“", "\u3400-\u9fff"
FULL_WIDTH = {"; ": "；", ": ": "：", ", ": "，"}
COUNT = r"[-−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?!\w)"
SENTENCE = (  # its punctuation, and what a script puts there; or a square, |pixel|^2
    r"\.|[:,] ?\{[a-z]+\}\.?|\|[a-z]+\|\^\{1\}"
)
NUMBERS = (
    rf"\(?(?<!\w)(?:{COUNT}, )+{COUNT}\)"  # (6, 32), and the end of a list
    rf"|(?<!\w)(?:{COUNT}, ){{2,}}{COUNT}"
    rf"|(?<!\w)(?:[bcnkhw] \d+(?: \d+)*)(?:, [bcnkhw] \d+(?: \d+)*)*(?!\w)"  # axes
    rf"|(?<!\w){COUNT}"
)
WORD = r"(?<!\S)[(“\"]?[A-Za-z][a-z]+(?:'s)?[,.;:?!)”\"]*(?!\S)"


def html(source: str, say: Say) -> str:
    """Return the HTML with its texts and descriptions as `say` has them."""
    done, end, last = [], 0, ""
    for tag in [*re.finditer(TAG, source, re.DOTALL), None]:
        made = text(source[end : tag.start() if tag else None], say)
        if re.match(f"[{WIDE}]|[{HAN}]\\s+[{HAN}]", last + made):
            made = made.lstrip() if last else made
        last = made[-1:] if made.strip() else last
        done.append(made)
        if tag:
            done.append(attributes(tag, say))
            end, last = tag.end(), last if re.match(INLINE, tag[0]) else ""
    return "".join(done)


def attributes(tag: re.Match, say: Say) -> str:
    if tag[0].startswith('<script type="application/json">'):
        return re.sub(NAMED, lambda found: found[1] + data(found[2], say), tag[0])
    if tag[1]:
        return tag[0]

    def replace(found):
        plain = unescape(found[3])  # else the end of "&gt; " would part a text
        parts = re.split(PARTS, plain)
        parts[::2] = [words(part, say) for part in parts[::2]]
        if any(re.search("[\u4e00-\u9fff]", part) for part in parts[::2]):
            parts[1::2] = [FULL_WIDTH.get(part, part) for part in parts[1::2]]
        said = "".join(parts)
        return found[0] if said == plain else f'{found[1]}"{escape(said)}"'

    return re.sub(SHOWN, replace, tag[0])


def data(source: str, say: Say) -> str:
    """Return a text in the data of a script."""
    said = words(json.loads(source), say)
    return json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")


def text(source: str, say: Say) -> str:
    """Return a text of an output."""
    plain = unescape(source)
    said = words(plain, say)
    return source if said == plain else escape(said)


def words(plain: str, say: Say) -> str:
    """Return words of an output: `say` sees {1} in place of the first number."""
    before, after = re.match(r"\s*", plain)[0], re.search(r"\s*$", plain)[0]
    message, numbers = with_places(" ".join(plain.split()))
    if " -> " in message or not (
        re.search(WORD, re.sub(r"\{\w*\}", "", message))
        or re.fullmatch(SENTENCE, message)
    ):
        return plain
    said = say(message)
    if said == message:
        return plain
    if said[0] in "，。：；？！、）”":
        before = ""
    if said[-1] in WIDE:
        after = ""
    for place, number in enumerate(numbers, start=1):
        said = said.replace(f"{{{place}}}", number)
    return before + said + after


def with_places(message: str) -> tuple[str, list[str]]:
    """Return the message with {1}, {2} in place of its numbers, and the numbers."""
    numbers = []

    def place(found):
        numbers.append(found[0])
        return f"{{{len(numbers)}}}"

    return re.sub(NUMBERS, place, message), numbers


# Python
def sentences(source: str) -> list[str]:
    """Return the texts of a module: {1} stands for the first value that it inserts."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in docs | inside:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            pieces = re.split(r"\{[^{}]*\}", node.value.removeprefix("; "))
        elif isinstance(node, ast.JoinedStr):
            pieces = [""]
            for part in node.values:
                if isinstance(part, ast.Constant):  # {{}} in it is for format
                    first, *more = re.split(r"\{[^{}]*\}", part.value)
                    pieces[-1] += first
                    pieces += more
                else:
                    pieces.append("")
            pieces[0] = pieces[0].removeprefix("; ")
        else:
            continue
        whole = pieces[0] + "".join(
            f"{{{place}}}{piece}" for place, piece in enumerate(pieces[1:], start=1)
        )
        if len(re.findall(WORD, whole)) > (0 if "{1}" in whole else 1):
            found.append((node.lineno, whole))
    return [whole for _, whole in sorted(found)]


def marked(source: str) -> list[str]:
    """Return the texts of a module that it gives to `_` or `N_`."""
    return [
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("_", "N_")
        and isinstance(node.args[0], ast.Constant)
    ]
