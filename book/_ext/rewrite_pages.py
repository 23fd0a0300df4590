"""Rewrite the pages: without what is heavy, or fails on disk or in a screen reader.

Pictures are compressed.
"""

import base64
import io
import re
from pathlib import Path

from PIL import Image

TAKEN_OUT = [
    # The icons again, half a megabyte of script: the theme has them as a font, too.
    r'<script src="[^"]*fontawesome[^"]*"></script>',
    # The styles that a notebook holds for Jupyter: the pages have the files.
    r'<style data-file="[^"]*">.*?</style>',
    # A page on disk may not preload a font. The font loads where an icon needs it.
    r'<link rel="preload" as="font"[^>]*>',
    # The theme writes this twice, which is an error, for a service that nothing uses.
    r"<script>const THEBE_JS_URL.*?</script>",
    r'<script[^>]* src="[^"]*sphinx-thebe[^"]*"></script>',
    r'<link[^>]* href="[^"]*sphinx-thebe[^"]*"[^>]*>',
    # The name of a fold is what stands there.
    r' aria-label="Toggle hidden content"',
    # docutils still writes this role, which ARIA has deprecated.
    r' role="doc-biblioentry"',
    r' role="list"(?= class="citation-list")',  # a list of these
]
# Without a mode that the reader has chosen, the theme's script logs an error.
MODE = 'localStorage.getItem("mode") || ""', 'localStorage.getItem("mode") || "auto"'
# Excerpts in the results of a search come by fetch, which a page on disk may not use.
NO_FETCH = 'DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY &&= location.protocol != "file:"'

# Notebooks hold pictures as BMP, which is the same on every machine, and heavy.
PICTURE = r"data:image/bmp;base64,([^\"]+)"
SMALL = 5_000  # bytes: up to here, every pixel stays as it is


def as_webp(match):
    """Return the address of a picture as one of the same picture, compressed."""
    picture = Image.open(io.BytesIO(base64.b64decode(match[1])))
    for how in ({"lossless": True}, {"quality": 80}):
        file = io.BytesIO()
        picture.save(file, "WebP", **how)
        if file.tell() <= SMALL:
            break
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def lighten(app, error):
    """Rewrite the pages when all of them are written."""
    if error is None:
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            text = re.sub("|".join(TAKEN_OUT), "", text, flags=re.DOTALL).replace(*MODE)
            page.write_text(re.sub(PICTURE, as_webp, text), encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.add_js_file(None, body=NO_FETCH)
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
