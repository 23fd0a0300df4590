"""The Chinese pages work on a screen, and lead to the English ones and back."""

import re

import pytest

from tests.browser.test_pages import OPEN_ALL, PAGES, THEMES, TOO_WIDE, complaints


@pytest.fixture
def open_chinese(open_page, both_books):
    def open_chinese(name, *arguments, **options):
        address = both_books.as_uri()
        return open_page(f"../zh/book/{name}", *arguments, origin=address, **options)

    return open_chinese


# Each page in one width, and on a phone, where a long word has no room.
@pytest.mark.parametrize(
    "name, width", [(name, (1280, 390)[at % 2]) for at, name in enumerate(PAGES)]
)
def test_page(open_chinese, name, width):
    found = complaints(open_chinese(name, width), THEMES[:1])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", PAGES[::2])
def test_a_page_read_on_a_screen_fits_a_phone(open_chinese, name):
    page = open_chinese(name, 390)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(TOO_WIDE) == []


def test_the_switch_leads_to_the_same_place_and_back(open_chinese):
    page = open_chinese("ch08_lvcblock", fragment="#eps-is-not-in-the-file")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.get_by_role("link", name="English", exact=True).click()
    assert re.search(r"html/book/ch08_lvcblock.html#eps-is-not-in-the-file$", page.url)
    page.get_by_role("link", name="中文").click()
    assert page.url.endswith("zh/book/ch08_lvcblock.html#eps-is-not-in-the-file")


def anchors(path):
    _, article = path.read_text().split("<article", 1)
    return re.findall(r'<section [^>]*\bid="([^"]+)"', article)


def test_headings_have_the_english_anchors_and_pages_name_each_other(both_books):
    for name in PAGES:
        english = both_books / "book" / f"{name}.html"
        chinese = both_books / "zh" / "book" / f"{name}.html"
        assert chinese.is_file(), name
        if not name.startswith(".."):
            assert anchors(chinese) == anchors(english) != [], name
        for path, other in ((english, chinese), (chinese, english)):
            (link,) = re.findall(
                r'<link rel="alternate" hreflang="[\w-]+" href="([^"]+)"',
                path.read_text(),
            )
            assert (path.parent / link).resolve() == other.resolve()


def test_search_finds_chinese_words(open_chinese):
    page = open_chinese("index")
    page.keyboard.press("Control+k")
    page.keyboard.type("分配权重")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.click()
    page.wait_for_url("**/zh/book/*.html*")
    assert "分配权重" in page.locator("article").inner_text()
