"""Markup comes from `templates/` alone: Python gives values, Jinja2 escapes them.

In a template, a line break beside a tag or a block is nothing, and a space elsewhere.
"""

import re
from pathlib import Path

from IPython.display import HTML
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).parent
WEB = HERE.parent / "web"


def _on_one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", re.sub(r"(?<=[>}])\n\s*|\n\s*(?=[<{])", "", text))


TEMPLATES = Environment(
    loader=DictLoader(
        {
            path.name: _on_one_line(path.read_text(encoding="utf-8").strip())
            for path in HERE.glob("templates/*")
        }
    ),
    autoescape=True,
    undefined=StrictUndefined,
)


def render(template: str, **values) -> Markup:
    """Return a template filled with values; what is no Markup is escaped."""
    return Markup(TEMPLATES.get_template(template).render(values))


def macros(template: str):
    """Return the macros of a template, as functions that return Markup."""
    return TEMPLATES.get_template(template).module


def styled(shown: HTML, *files: str) -> HTML:
    """Return a notebook's first figure with the style of all that follow.

    The built book has the same files of `web/`, and leaves these copies out.
    """
    sheets = {
        file: Markup(WEB.joinpath(file).read_text(encoding="utf-8"))
        for file in files or ["figures.css"]
    }
    return HTML(render("styles.html", sheets=sheets) + Markup(shown.data))
