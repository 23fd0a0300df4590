"""The notes of the listing open by pointer and keyboard, on a screen and on a phone."""

import pytest


@pytest.fixture
def lines(open_page):
    def open_listing(width, theme="light"):
        page = open_page("ch00_overview", width, theme)
        return page.locator(".listing details")

    return open_listing


@pytest.mark.parametrize("width", [1280, 390])
def test_a_note_opens_by_keyboard_and_by_pointer(lines, width):
    lines = lines(width)
    softmax = lines.filter(has_text="softmax(dim=-1)")
    note = softmax.locator("p").first
    assert not note.is_visible()
    softmax.locator("summary").focus()
    for key in ("Enter", "Enter", "Space"):
        lines.page.keyboard.press(key)
    assert note.is_visible() and "sum to 1" in note.inner_text()
    lines.page.keyboard.press("Tab")
    focused = lines.page.evaluate("document.activeElement.textContent")
    assert "weighted" in focused
    lines.last.locator("summary").click()
    assert "times 1 plus the gate" in lines.last.inner_text()
    assert note.is_visible()  # what was opened stays open


@pytest.mark.parametrize("width", [1280, 390])
def test_every_line_shows_its_code_and_shape_whole(lines, width):
    lines = lines(width)
    assert lines.count() > 25
    outer = lines.first.locator("xpath=..").bounding_box()
    for line in lines.all():
        for part in line.locator("summary > *").all():
            box = part.bounding_box()
            assert box["x"] >= outer["x"]
            assert box["x"] + box["width"] <= outer["x"] + outer["width"]
    assert lines.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width, shown", [(1280, "wide"), (390, "narrow")])
def test_the_picture_of_the_block_fits_the_screen(lines, width, shown):
    pictures = lines(width).page.locator(".flow > svg")
    visible = [one.get_attribute("class") for one in pictures.all() if one.is_visible()]
    assert visible == [shown]
