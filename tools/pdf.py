"""Print the built book as one PDF, with Chromium: make pdf builds the pages first.

Chromium opens every page as a reader sees it, with its equations set and what is folded
open; of code that checks, the mark stands alone. All are joined behind a table of
contents and printed twice: the first print says on which page each chapter begins.
"""

import argparse
import shutil
import subprocess
import sys
from functools import partial
from html import escape
from io import BytesIO
from pathlib import Path

import pikepdf
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from tools import toc
from tools.translate import translations

PAGES = toc.ROOT / "_build" / "html"
PDF = toc.ROOT / "_build" / "lvc-book.pdf"
IN_CHINESE = PAGES / "zh", PDF.with_name("lvc-book-zh.pdf")
CALLED = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, CALLED)), None)
MISSING = "Chromium is not installed: apt install chromium"
NO_FONT = "No font with Chinese characters is installed: apt install fonts-noto-cjk"

# Ids are made one page's own, and links between pages become links inside the PDF.
READ_ARTICLE = """async () => {
  await window.MathJax?.startup.promise;
  const article = document.querySelector("article.bd-article");
  for (const name of article.querySelectorAll("th button"))
    name.replaceWith(name.textContent);
  for (const needless of article.querySelectorAll(
      "script, button, a.headerlink, .explained"))
    needless.remove();
  for (const folded of article.querySelectorAll("details")) {
    folded.open = true;
    const title = folded.querySelector("summary .collapsed");
    if (!title) continue;
    title.parentElement.textContent = title.textContent;
    if (folded.closest(".tag_hide-input"))  // else it is a solution, or goes deeper
      folded.querySelector(".cell_input").remove();
  }
  for (const folded of article.querySelectorAll(".toggle-hidden"))
    folded.classList.remove("toggle-hidden");
  const folder = new URL(".", location), page = (url) => url.pathname.split("/").pop();
  const own = (name) => `${page(location).replace(".html", "")}--${name}`;
  for (const image of article.querySelectorAll("img")) image.src = image.src;
  for (const link of article.querySelectorAll("a[href]:not(svg a)")) {
    const url = new URL(link.href);
    if (url.href.startsWith(folder.href) && url.pathname.endsWith(".html")) {
      const name = page(url).replace(".html", ""), place = url.hash.replace("#", "--");
      link.setAttribute("href", "#" + name + place);
    } else if (url.protocol == "file:") link.removeAttribute("href");
  }
  for (const element of article.querySelectorAll("*")) {
    if (element.id) element.id = own(element.id);
    for (const { name, value } of [...element.attributes]) {
      if (name.endsWith("href") && element.closest("svg") && value[0] == "#")
        element.setAttribute(name, "#" + own(value.slice(1)));
      if (value.includes("url(#"))
        element.setAttribute(name, value.replaceAll("url(#", "url(#" + own("")));
    }
  }
  const equations = document.querySelector("#MJX-SVG-styles")?.textContent ?? "";
  return [article.querySelector("h1").textContent, article.innerHTML, equations];
}"""

# On A4 with these margins a line has room for 88 characters of code.
MARGINS = {"top": "16mm", "bottom": "18mm", "left": "18mm", "right": "18mm"}
FOOTER = """<div style="width: 100%; margin: 0 18mm; font: 8pt sans-serif; color: #555;
  display: flex; justify-content: space-between"><span>{title}</span>
  <span><span class="pageNumber"></span></span></div>"""
STYLE = """
@page {size: A4}
html {font-size: 10pt !important; scroll-padding: 0 !important}
body {display: block; background: #fff; print-color-adjust: exact; margin: 0}
.bd-content, .bd-article {display: block !important; padding: 0 !important;
  max-width: none !important; overflow: visible !important}
.bd-article > section:first-of-type, .contents {break-before: page}
h1 {margin-top: 0 !important; font-size: 2rem !important}
/* Without this the outline loses the space where a title wraps. */
h1, h2, h3 {white-space: pre-wrap}
h1, h2, h3, summary {break-after: avoid}
h2, h3 {break-before: auto !important}
p, li {orphans: 3; widows: 3}
.bd-content div.highlight pre {font-size: 8.2pt; line-height: 1.35; overflow: visible;
  white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem .7rem;
  orphans: 6; widows: 6; box-decoration-break: clone}
.cell_input, .cell_output, div[class*="highlight"], pre {display: block !important;
  break-inside: auto !important}
.cell_output {break-before: avoid}
.bd-content .lvc, img, tr, mjx-container[display], .sd-card {break-inside: avoid}
.bd-content .lvc.listing {break-inside: auto}
.bd-content .lvc.wide, .pst-scrollable-table-container {overflow: visible !important}
.cell_input, .cell_output {overflow: visible !important}
summary {list-style: none; font-weight: 600; margin-left: 0 !important}
summary:not(.listing *)::before, summary::after {display: none !important}
* {animation: none !important} /* what is opened fades in, and may be printed before */
.contents p {font-weight: 600; margin: 1.5rem 0 .5rem}
.contents ol {list-style: none; padding: 0}
.contents li {display: flex; gap: .5rem; margin: .4rem 0}
.contents li a {flex: 1; color: inherit; text-decoration: none}
"""


def contents(heading: str, parts, titles: dict, numbers: dict) -> str:
    """Return the table of contents, with the page numbers known so far."""
    lines = ""
    for caption, files in parts:
        items = "".join(
            f'<li><a href="#{Path(file).name}">{escape(titles[file])}</a>'
            f"<span>{numbers.get(Path(file).name, '')}</span></li>"
            for file in files
        )
        lines += f"<p>{escape(caption)}</p><ol>{items}</ol>"
    lines = f"<h1>{escape(heading)}</h1>{lines}"
    return f'<article class="bd-article contents">{lines}</article>'


def print_book(
    pages: Path, first: str, parts, say=lambda line: None, heading="Contents"
) -> bytes:
    """Return the PDF of these files of the book, which are built in `pages`."""
    files = [first, *(file for _, part in parts for file in part)]
    titles, articles, equations = {}, {}, set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(color_scheme="light")
        page.add_init_script(
            "for (const key of ['mode', 'theme']) localStorage[key] = 'light'"
        )
        for number, file in enumerate(files, 1):
            say(f"reading {file}, {number} of {len(files)}")
            page.goto((pages / f"{file}.html").as_uri(), wait_until="load")
            title, html, style = page.evaluate(READ_ARTICLE)
            titles[file], name = title, Path(file).name
            articles[file] = f'<article class="bd-article" id="{name}">{html}</article>'
            equations.add(style)
        # The first page lends its style sheets to all.
        page.goto((pages / f"{first}.html").as_uri(), wait_until="load")

        def printed(numbers: dict) -> bytes:
            body = [articles[first], contents(heading, parts, titles, numbers)]
            body += [articles[file] for file in files[1:]]
            page.evaluate(
                """([html, style]) => {
                  document.body.innerHTML = html;
                  document.body.append(Object.assign(
                    document.createElement("style"), { textContent: style }));
                }""",
                [
                    f'<main class="bd-content">{"".join(body)}</main>',
                    "\n".join(sorted(equations)) + STYLE,
                ],
            )
            return page.pdf(
                outline=True,
                tagged=True,
                print_background=True,
                prefer_css_page_size=True,
                margin=MARGINS,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER.format(title=escape(titles[first])),
            )

        say("printing, to learn the page numbers")
        numbers = page_numbers(printed({}), [Path(file).name for file in files])
        say("printing, with the page numbers")
        made = printed(numbers)
        browser.close()
    return packed(made)


def packed(pdf: bytes) -> bytes:
    """Return the PDF with its objects compressed: Chromium writes 100,000 as text."""
    file = BytesIO()
    pikepdf.settings.set_flate_compression_level(9)
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.save(
            file,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=True,
        )
    return file.getvalue()


def page_numbers(pdf: bytes, names: list[str]) -> dict[str, int]:
    """Return on which page of the PDF each article begins."""
    reader = PdfReader(BytesIO(pdf))
    places = reader.named_destinations
    return {
        name: reader.get_destination_page_number(places[f"/{name}"]) + 1
        for name in names
        if f"/{name}" in places
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    chinese = parser.parse_args().language == "zh"
    if not CHROMIUM:
        sys.exit(MISSING)
    if chinese and not has_chinese_font():
        sys.exit(NO_FONT)
    pages, file = IN_CHINESE if chinese else (PAGES, PDF)
    first, parts = toc.parts()
    if not (pages / f"{first}.html").exists():
        sys.exit("The pages are not built yet: make pdf builds them and prints them.")
    words = translations("site") if chinese else {}
    parts = [(words.get((None, part), part), files) for part, files in parts]
    heading = words.get((None, "Contents"), "Contents")
    made = print_book(pages, first, parts, partial(print, flush=True), heading)
    file.write_bytes(made)
    size = f"{len(PdfReader(file).pages)} pages, {len(made) / 1e6:.1f} MB"
    print(f"The book is printed, {size}. Open: {file.as_uri()}")


def has_chinese_font() -> bool:
    """Tell whether there is one; without fontconfig, the system has its own."""
    if not shutil.which("fc-list"):
        return True
    command = ["fc-list", ":lang=zh-cn", "family"]
    return bool(subprocess.run(command, capture_output=True, text=True).stdout.strip())


if __name__ == "__main__":
    main()
