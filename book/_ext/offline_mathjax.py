"""Ship MathJax with the pages: one file that renders SVG, so it needs no fonts."""

from importlib.resources import files
from pathlib import Path

SCRIPT = "tex-svg.js"


def copy_script(app, error):
    """Copy the script next to the pages' other static files."""
    if error is None:
        source = files("sphinx-mathjax-offline") / "static" / "mathjax" / SCRIPT
        (Path(app.outdir) / "_static" / SCRIPT).write_bytes(source.read_bytes())


def use_script(app, config):
    """Let the pages load the copy, not the script of another host."""
    config.mathjax_path = SCRIPT


def setup(app):
    """Register both with Sphinx."""
    app.connect("config-inited", use_script)
    app.connect("build-finished", copy_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
