"""Lead from each page to the same place of the book in the other language.

In the Chinese book, headings have the anchors of the English ones, searches find any
two characters that stand side by side, and the theme has words of site.po.
"""

import pickle
import re
from pathlib import Path

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.search.zh import SearchChinese
from sphinx.transforms import SphinxTransform

_ = get_translation("sphinx")
N_ = str  # marks a text for site.po
IN_THE_THEME = [  # words that it has in English alone
    _("Skip to main content"),
    _("Back to top"),
    _("On this page"),
    _("Section Navigation"),
    _("Breadcrumb"),
    _("Home"),
    _("light/dark"),
    _("Link to this heading"),
    _("Link to this term"),
]
IN_ATTRIBUTES = [  # that its templates write without looking for a translation
    N_("Main"),
    N_("Page"),
    N_("Search..."),
    N_("Toggle primary sidebar"),
    N_("Toggle secondary sidebar"),
    N_("Version warning"),
    N_("next page"),
    N_("previous page"),
]
EVALUATED = r"= new Function\([^;]*\);"


class EnglishAnchors(SphinxTransform):
    """Give each section the ids and the slug that it has in the English book."""

    default_priority = 300  # after explicit targets, before anything refers to sections

    def apply(self):
        if not self.config.english_doctrees:
            return
        path = Path(self.config.english_doctrees, f"{self.env.docname}.doctree")
        english = pickle.loads(path.read_bytes()).findall(nodes.section)
        slugs, made = self.document.myst_slugs, {}
        for section, same in zip(self.document.findall(nodes.section), english):
            first, *others = section["ids"] = same["ids"]
            for id in [first, *others]:
                self.document.ids[id] = section
            for name in section["names"]:
                self.document.nameids[name] = first
            if here := slugs.get(section.get("slug")):
                made[same["slug"]] = (here[0], first, here[2])
        slugs.clear()
        slugs.update(made)


class Pairs(SearchChinese):
    """Find Chinese words without a dictionary: an index of all pairs of characters."""

    js_splitter_code = """
var splitQuery = (query) =>
  (query.match(/[a-z0-9_]+|[\\u3400-\\u9fff]+/gi) ?? []).flatMap((run) =>
    run < "\\u3400" || run.length < 3 ? [run] :
      [...run].slice(1).map((character, at) => run[at] + character));
"""

    def split(self, input):
        found = []
        for run in re.findall(r"[A-Za-z0-9_]+|[\u3400-\u9fff]+", input):
            pairs = [run[at : at + 2] for at in range(len(run) - 1)]
            found += pairs if run >= "\u3400" else [run]
        return found


def link(app, page, template, context, doctree):
    """Write the address of this page in the other language."""
    chinese = app.config.language == "zh_CN"
    path = f"{'..' if chinese else 'zh'}/{page}.html"
    code, name = ("en", "English") if chinese else ("zh-CN", "中文")
    href = context["pathto"](path, True)
    context["other"] = {"href": href, "code": code, "name": name}
    tag = f'<link rel="alternate" hreflang="{code}" href="{href}">'
    context["metatags"] = context.get("metatags", "") + tag


def words(app, config):
    """Add the words of site.po to those of the theme."""
    app.add_message_catalog("sphinx", str(Path(app.srcdir, "locale")))


def name_buttons(app, error):
    """Translate what the templates of the theme have in English."""
    if error or app.config.language == "en":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        for text in IN_ATTRIBUTES:
            page = page.replace(f'="{text}"', f'="{_(text)}"')
        path.write_text(page, encoding="utf-8")


def count_without_eval(app, error):
    """Say how Chinese counts, without the string of code that a policy forbids."""
    if not error and app.config.language == "zh_CN":
        path = Path(app.outdir, "_static", "doctools.js")
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(EVALUATED, "= () => 0;", text), encoding="utf-8")


def setup(app):
    app.add_config_value("english_doctrees", "", "env", [str])
    app.add_transform(EnglishAnchors)
    app.add_search_language(Pairs)
    app.connect("config-inited", words, priority=300)  # before reading_time
    app.connect("html-page-context", link)
    app.connect("build-finished", name_buttons)
    app.connect("build-finished", count_without_eval)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
