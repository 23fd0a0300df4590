"""Weigh the pages of the built book as a browser loads them: a table, in kB.

make book && .venv/bin/python -m tools.weigh_pages
"""

import argparse
import gzip
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from playwright.sync_api import sync_playwright

from tools import toc
from tools.pdf import CHROMIUM

MATHJAX = "tex-svg.js"  # 600 kB of script for equations, the same file on every page


def weight(urls: set[str]) -> float:
    """Return the kB that the files take when a server compresses them."""
    files = {Path(url2pathname(urlsplit(url).path)) for url in urls}
    sizes = [
        len(gzip.compress(file.read_bytes())) for file in files if file.name != MATHJAX
    ]
    return sum(sizes) / 1000


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        for file in sorted((toc.ROOT / "_build/html/book").glob("*.html")):
            page, urls = browser.new_page(), set()
            page.on("request", lambda request, urls=urls: urls.add(request.url))
            page.goto(file.as_uri())
            print(f"{file.stem:20} {weight(urls):4.0f} kB")
            page.close()


if __name__ == "__main__":
    main()
