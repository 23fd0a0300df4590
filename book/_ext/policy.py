"""Give the live page a content security policy: what it needs to run, and no more.

Scripts are those of the book and what the page itself makes; it may connect to nothing.
"""

import base64
import hashlib
import re
from html import escape, unescape
from pathlib import Path

PAGES = ["book/live"]
INLINE = r"<script(?![^>]*\ssrc=)([^>]*)>(.*?)</script>"
DATA = r'type="(?!text/javascript)'  # what is no script needs no leave
HANDLER = r'\son[a-z]+="([^"]*)"'


def digest(script: str) -> str:
    """Return the source by which a policy names one script."""
    sha = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(sha).decode()}'"


def policy(page: str) -> str:
    """Return the policy of a page, with each of its inline scripts by name."""
    scripts = [
        text
        for kind, text in re.findall(INLINE, page, re.DOTALL)
        if not re.search(DATA, kind)
    ]
    handlers = map(unescape, re.findall(HANDLER, page))
    named = " ".join(sorted({*map(digest, [*scripts, *handlers])}))
    return "; ".join(
        [
            "default-src 'none'",
            # The engine is WebAssembly, and its module an address that the page makes.
            f"script-src 'self' 'wasm-unsafe-eval' blob: 'unsafe-hashes' {named}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "worker-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ]
    )


def protect(app, error):
    """Write the policies when all pages are as they will be."""
    for name in PAGES if error is None and app.builder.format == "html" else []:
        path = Path(app.outdir, f"{name}.html")
        text = path.read_text(encoding="utf-8")
        content = escape(policy(text))
        tag = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
        head = re.search(r"<head[^>]*>", text).end()
        path.write_text(text[:head] + tag + text[head:], encoding="utf-8")


def setup(app):
    """Register it with Sphinx, after what rewrites the pages."""
    app.connect("build-finished", protect, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
