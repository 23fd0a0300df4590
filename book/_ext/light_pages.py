"""Take out of the pages what is heavy, or fails on disk or in a screen reader."""

import re
from pathlib import Path

TAKEN_OUT = [
    # The icons again, half a megabyte of script: the theme has them as a font, too.
    r'<script src="[^"]*fontawesome[^"]*"></script>',
    # A page on disk may not preload a font. The font loads where an icon needs it.
    r'<link rel="preload" as="font"[^>]*>',
    # The theme writes this twice, which is an error, for a service that nothing uses.
    r"<script>const THEBE_JS_URL.*?</script>",
    r'<script[^>]* src="[^"]*sphinx-thebe[^"]*"></script>',
    r'<link[^>]* href="[^"]*sphinx-thebe[^"]*"[^>]*>',
    # docutils still writes this role, which ARIA has deprecated.
    r' role="doc-biblioentry"',
]
# Excerpts in the results of a search come by fetch, which a page on disk may not use.
NO_FETCH = 'DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY &&= location.protocol != "file:"'


def take_out(app, error):
    """Rewrite the pages when all of them are written."""
    if error is None:
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            page.write_text(re.sub("|".join(TAKEN_OUT), "", text), encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.add_js_file(None, body=NO_FETCH)
    app.connect("build-finished", take_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
