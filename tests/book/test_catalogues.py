"""What is a message, what becomes of a translation, and which faults are named."""

import contextlib
import io

import polib
import pytest

from lvcbook.exercises import common
from tools import catalogues, messages
from tools.catalogues import Message

PAGE = """# Title of `k`

A paragraph
on two lines, with $x$.

$$
a = b
$$

- one
  more
- two

:::{dropdown} Deeper: why
:open:
Inside.
:::

```python
code = 1
```

::::{grid} 1 2
:::{grid-item-card} Card
:link: page
Text.
:::
::::

:::{glossary}
gate
  One number
  for each.
:::
"""


def said(function, source):
    found = []
    same = function(source, lambda text: found.append(text) or text)
    return found, same


def test_a_message_is_a_block_and_structure_is_none():
    found, same = said(messages.markdown, PAGE)
    assert found == [
        "# Title of `k`",
        "A paragraph on two lines, with $x$.",
        "- one\n  more\n- two",
        "Deeper: why",
        "Inside.",
        "Card",
        "Text.",
        "gate",
        "One number for each.",
    ]
    assert same.split() == PAGE.split()


@pytest.mark.parametrize("page", catalogues.toc.pages())
def test_pages_come_back_as_they_were(page):
    source = catalogues.source_of(page).read_text(encoding="utf-8")
    if source.startswith("{"):
        for cell in catalogues.json.loads(source)["cells"]:
            if cell["cell_type"] == "markdown":
                text = "".join(cell["source"])
                assert said(messages.markdown, text)[1].split() == text.split()
            for output in cell.get("outputs", []):
                text = "".join(output.get("data", {}).get("text/html", ""))
                assert said(messages.html, text)[1] == text
    else:
        assert said(messages.markdown, source)[1].split() == source.split()


def test_outputs_have_places_for_numbers():
    source = (
        '<div aria-label="Pictures: scores, 100 by 64, dark -66.6 to light 1e-3">'
        "<i>b</i><code>left alone</code> 5 of 7 rows &amp; more <b>ReLU</b></div>"
    )
    found, same = said(messages.html, source)
    assert same == source
    assert found == [
        "Pictures",
        "scores",
        "{1} by {2}, dark {3} to light {4}",
        "{1} of {2} rows & more",
    ]
    chinese = {
        "{1} of {2} rows & more": "{2} 行 & 中的 {1} 行",
        "Pictures": "图片",
    }
    made = messages.html(source, lambda text: chinese.get(text, text))
    assert " 7 行 &amp; 中的 5 行 " in made
    assert 'aria-label="图片：scores，100 by 64' in made


@pytest.mark.parametrize(
    "source, wanted",
    [
        ('<i alt="The maps&#x27; aim: dark">', '<i alt="特征图的目标：dark">'),
        ("<i alt='The maps&#x27; aim'>", '<i alt="特征图的目标">'),
        (
            '<i alt="Pictures: c -&gt; (c); The maps&#x27; aim">',
            '<i alt="图片：c -&gt; (c)；特征图的目标">',
        ),
        ('<i alt="c -&gt; (c); Others">', '<i alt="c -&gt; (c); Others">'),
    ],
)
def test_an_entity_parts_no_description(source, wanted):
    chinese = {"The maps' aim": "特征图的目标", "Pictures": "图片"}
    assert messages.html(source, lambda text: chinese.get(text, text)) == wanted


def test_words_in_the_data_of_a_script():
    source = '<script type="application/json">{"a":{"name":"Cat \\u003c 5","axes":"of"}}</script>'
    found, same = said(messages.html, source)
    assert same == source and found == ["Cat < {1}"]
    made = messages.html(source, lambda text: "猫 < {1}")
    assert made == source.replace("Cat", "猫")


def test_no_space_follows_full_width_punctuation():
    source = "<p>Thick: <b>e</b> here</p>"
    chinese = {"Thick:": "粗箭头：", "here": "，这里"}
    made = messages.html(source, lambda text: chinese.get(text, text))
    assert made == "<p>粗箭头：<b>e</b>，这里</p>"
    source = "<b>Here</b> and <code>x</code> and <b>{a}</b>: {b}.<p>Here</p> and "
    chinese = {"Here": "这里", "and": "和", ": {b}.": "：{b}。"}
    made = messages.html(source, lambda text: chinese.get(text, text))
    assert made == "<b>这里</b>和 <code>x</code> 和 <b>{a}</b>：{b}。<p>这里</p> 和 "


def test_sentences_of_a_module():
    source = """'A doc string.'
a = f"it is {b}, not {c!r} of them"
d = f"{{:,}} is not {right}"
hint = "; the axes are swapped", "k"
e = f"at {b} ", "mean"
"""
    assert messages.sentences(source) == [
        "it is {1}, not {2} of them",
        "{1} is not {2}",
        "the axes are swapped",
        "at {1} ",
    ]


def test_a_check_speaks_the_language_of_its_notebook(tmp_path, monkeypatch):
    folder = tmp_path / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue = polib.POFile()
    for english, translation in {
        "Not yet, {1}: {2}.": "还没有，{1}：{2}。",
        "it is {1}, not {2}": "不是 {2}，而是 {1}",
        "it is {1}": "是 {1}",
        "the axes are swapped": "轴颠倒了",
        "the scale": "缩放因子",
    }.items():
        catalogue.append(polib.POEntry(msgid=english, msgstr=translation))
    catalogue.save(str(folder / "exercises.po"))
    monkeypatch.setattr(common, "LOCALE", tmp_path)
    said = common.in_language
    assert said("the scale") == "the scale"
    monkeypatch.setattr(common, "language", "xx")
    assert said("it is 3, not 4; the axes are swapped") == "不是 4；轴颠倒了，而是 3"
    assert said("the axes are swapped; it is 3") == "轴颠倒了；是 3"
    assert said("somebody else's words") == "somebody else's words"

    @common.check("the scale")
    def check_scale(answer):
        yield "it is 3, not 4"

    with contextlib.redirect_stdout(io.StringIO()) as shown:
        check_scale(3)
    assert shown.getvalue() == "还没有，缩放因子：不是 4，而是 3。\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    catalogues.terms.cache_clear()
    yield tmp_path
    catalogues.terms.cache_clear()


def write(folder, *wanted):
    made = catalogues.update("page", list(wanted), {})
    made.save(str(folder / "page.po"))
    return made


def translate(folder, text):
    made = catalogues.read("page")
    made[0].msgstr = text
    made.save(str(folder / "page.po"))


def test_what_changed_keeps_its_old_translation(folder):
    wanted = Message("cell", "One number for each pixel.", "")
    write(folder, wanted)
    assert "not translated" in catalogues.problems("page", [wanted])[0]
    translate(folder, "每个像素一个数。")
    assert catalogues.problems("page", [wanted]) == []
    changed = Message("cell", "One number for each channel.", "")
    (entry,) = write(folder, changed)
    assert entry.msgstr == "每个像素一个数。" and entry.previous_msgid == wanted.text
    (problem,) = catalogues.problems("page", [changed])
    assert (
        "page.po, cell 'One number for each channel.': the English changed" in problem
    )
    (moved,) = write(folder, Message("other", changed.text, ""))
    assert moved.fuzzy and moved.msgstr


def test_a_fault_may_have_a_reason(folder):
    wanted = Message("cell", "Its name.", "")
    write(folder, wanted)
    translate(folder, "A name of four words.")
    assert "English left: " in catalogues.problems("page", [wanted])[0]
    made = catalogues.read("page")
    made[0].tcomment = "English left: the name of a paper"
    made.save(str(folder / "page.po"))
    assert catalogues.problems("page", [wanted]) == []
    (kept,) = catalogues.update("page", [wanted], {wanted[:2]: made[0]})
    assert kept.tcomment


def test_a_damaged_catalogue_is_named(folder):
    (folder / "page.po").write_text('<<<<<<< HEAD\nmsgid "a"\n', encoding="utf-8")
    with pytest.raises(SystemExit, match="page.po is no catalogue"):
        catalogues.read("page")


@pytest.mark.parametrize(
    "source, translation, fault",
    [
        ("It has 64 of them.", "它有 64 个。", ""),
        ("It has 64 of them.", "它有 46 个。", "the numbers differ: lost 64; new 46"),
        ("Axis `k`", "轴 `n`", "the code differ"),
        ("Size $k$.", "大小 $n$。", "the formulas differ"),
        ("See [here](page).", "见[这里](other)。", "the links differ"),
        ("By {cite}`a`.", "见 {cite}`b`。", "citations and roles"),
        ("By {term}`gate`.", "由{term}`门控 <gate>`。", ""),
        ("{1} of {2}", "{1} 个", "the places for numbers differ"),
        ("## Title", "标题", "headings"),
        ("| a | b |\n|---|---|", "| 甲 |\n|---|", "cells of a table"),
        ("**Imprecise.** It is.", "**不精确。**是的。", "bold and italic"),
        ("**Imprecise.** It is.", "**不精确。** 是的。", "a space at full-width"),
        ("**Imprecise.** It is.", "**不精确**。是的。", ""),
        ("Yes, it is.", "对,是的。", "half-width"),
        ("Pixels `n` too.", "像素`n` 也。", "no space between"),
        ("Two words.", "两 个字。", "between two Chinese"),
        ("Look.", "您看。", "您"),
        ("Each codeword.", "每个编码词。", "term: codeword is 码字 in the glossary"),
        ("It is a long way.", "it is a long way。", "English left"),
    ],
)
def test_faults_are_named(source, translation, fault):
    found = catalogues.faults(source, translation)
    assert any(fault in each for each in found) if fault else found == []
