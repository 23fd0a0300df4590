"""Cut the theme's icon font down to the icons that the pages use.

The whole font weighs as much as all else that a page loads, its pictures apart.
"""

import re
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

NAME = r"\.fa-([\w-]+):before"
RULE = rf'(?:{NAME},?)+\{{content:"\\(\w+)"\}}'  # what icons of these names show
CODE = r'content:\s*"\\(f\w{3})"'  # an icon that a style sheet names by its code
FACE = r"@font-face\{[^}]*\}"


def cut(css: str, used: set[str]) -> tuple[str, set[int]]:
    """Return the style sheet with the rules of these icons alone, and their codes."""
    codes = set()

    def keep(rule):
        if used.isdisjoint(re.findall(NAME, rule[0])):
            return ""
        codes.add(int(rule[2], 16))
        return rule[0]

    return re.sub(RULE, keep, css), codes


def cut_down(app, error):
    """Write the font and its style sheet anew when all pages are written."""
    out = Path(app.outdir)
    sheets = list(out.glob("_static/vendor/fontawesome/*/css/all.min.css"))
    if error or not sheets:
        return
    (sheet,) = sheets
    texts = [file.read_text() for file in out.rglob("*.html")]
    texts += [file.read_text() for file in out.glob("_static/**/*.js")]
    css, codes = cut(
        sheet.read_text(), set(re.findall(r"\bfa-([\w-]+)", "".join(texts)))
    )
    for other in out.glob("_static/**/*.css"):
        if other != sheet:
            codes |= {int(code, 16) for code in re.findall(CODE, other.read_text())}
    faces = [face for face in re.findall(FACE, css) if "fa-solid-900.woff2" in face]
    css = re.sub(FACE, "", css) + "".join(faces)
    css = re.sub(r'fa-solid-900\.woff2\) format\("woff2"\)', "icons.woff)", css)
    css = re.sub(r",url\([^)]*\.ttf\) format\(\"truetype\"\)", "", css)
    sheet.write_text(css)

    fonts = sheet.parents[1] / "webfonts"
    options = Options(flavor="woff")
    font = load_font(fonts / "fa-solid-900.ttf", options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    save_font(font, fonts / "icons.woff", options)


def setup(app):
    """Register it with Sphinx, after what rewrites the pages."""
    app.connect("build-finished", cut_down, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
