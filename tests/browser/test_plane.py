"""The plane shows what `lvc` gives for the points as they lie on the page."""

import random
import re
from pathlib import Path

import pytest
import torch

import lvc
from lvcbook import plane

SCRIPT = Path(__file__).parents[2] / "book" / "web" / "plane.js"
EMPHASES = {
    "ch00_overview": "weights",
    "ch04_softmax": "weights",
    "ch05_aggregate": "encoding",
}
chapters = pytest.mark.parametrize("name", EMPHASES)

READ = """root => {
  const all = selector => [...root.querySelectorAll(selector)];
  const texts = selector => all(selector).map(one => one.textContent);
  return {
    places: all(".point").map(one => one.getAttribute("aria-valuetext")),
    drawn: all(".point").map(one => one.getAttribute("transform")),
    scale: all("input").map(one => one.value), scale_shown: texts(".value"),
    weights: texts(".pair b"), residuals: texts(".pair small"), sums: texts(".sum"),
    bars: all(".pair").map(one => one.style.getPropertyValue("--weight")),
    totals: texts(".total"), encoding: texts(".vector"),
    slices: all(".slice").map(one => one.getAttribute("stroke-dasharray")),
    offsets: all(".slice").map(one => one.getAttribute("stroke-dashoffset")),
    dashed: all(".residual").map(one => one.getAttribute("d")),
    thin: all(".weighted").map(one => one.getAttribute("d")),
    thick: all(".encoding").map(one => one.getAttribute("d")),
    said: root.querySelector("p").textContent,
  }
}"""


@pytest.fixture
def opened(open_page):
    """Return a function that opens a chapter and gives its figure."""

    def open_figure(name, **options):
        figure = open_page(name, **options).locator(".plane")
        figure.scroll_into_view_if_needed()
        return figure

    return open_figure


def numbers(texts):
    """Return all numbers of the texts, one row for each text."""
    found = [re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", text) for text in texts]
    return torch.tensor([[*map(float, row)] for row in found], dtype=torch.float64)


def given(figure):
    """Return the pixels (1 n c), codewords (k c) and scales (k) that the page shows."""
    shown = figure.evaluate(READ)
    n = len(plane.START["pixels"])
    places = numbers(shown["places"])
    return places[None, :n], places[n:], numbers(shown["scale"])[:, 0]


def check(figure):
    """Every number and mark is that of `lvc`, to the digits shown; return the numbers."""
    shown = figure.evaluate(READ)
    x, codewords, scale = given(figure)
    weights = lvc.scaled_l2(x, codewords, scale).softmax(dim=-1)[0]
    residuals = lvc.reference.residuals(x, codewords)[0]
    encoding = lvc.encode(x, codewords, scale)[0]
    pulls = weights[..., None] * residuals
    tail = codewords.expand_as(residuals)
    before = weights.cumsum(dim=-1) - weights

    def same(texts, values, digits):
        for text in texts:
            assert re.search(r"nan|inf|-0\.0+\b(?!\d)", text, re.IGNORECASE) is None
        read = numbers(texts).flatten()
        torch.testing.assert_close(
            read, values.flatten(), rtol=0, atol=0.5 * 10**-digits + 1e-9
        )

    def ends(paths):
        """Return where each arrow begins and ends, in units of the channels."""
        points = numbers(paths)[:, :4].reshape(-1, 2) / plane.SIDE
        points[:, 1] = 1 - points[:, 1]
        return points.reshape(-1, 2, 2)

    same(shown["weights"], weights, 2)
    same(shown["residuals"], residuals, 2)
    same(shown["encoding"], encoding, 2)
    same(shown["sums"], weights.sum(dim=1), 2)
    same(shown["totals"], weights.sum(dim=0), 2)
    same(shown["scale_shown"], scale, 1)
    same(shown["bars"], weights, 3)
    same([text.split()[0] for text in shown["slices"]], weights, 3)
    offsets = numbers(shown["offsets"]).flatten()
    assert (offsets + before.flatten()).abs().max() < 0.0006
    on_picture = numbers(shown["drawn"]) / plane.SIDE
    on_picture[:, 1] = 1 - on_picture[:, 1]
    assert (on_picture - torch.cat([x[0], codewords])).abs().max() < 1e-9
    for kind, start, vector in (
        ("dashed", tail, residuals),
        ("thin", tail, pulls),
        ("thick", codewords, encoding / len(x[0])),
    ):
        expected = torch.stack([start, start + vector], dim=-2).reshape(-1, 2, 2)
        assert (ends(shown[kind]) - expected).abs().max() < 0.06 / plane.SIDE, kind
    return weights, residuals, encoding


def drag(figure, index, place):
    """Drag a point with the mouse, to a place in units of the channels."""
    page, frame = figure.page, figure.locator(".frame").bounding_box()
    grip = figure.locator(".point .grip").nth(index).bounding_box()
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    x, y = place
    to = frame["x"] + x * frame["width"], frame["y"] + (1 - y) * frame["height"]
    page.mouse.move(*to, steps=3)
    page.mouse.up()


def press(figure, index, *keys):
    figure.locator(".point").nth(index).focus()
    for key in keys:
        figure.page.keyboard.press(key)


def put(figure, index, place):
    """Put a point exactly there, from the lower left corner, by keys."""
    press(figure, index, *["Shift+ArrowLeft", "Shift+ArrowDown"] * 10)
    for value, way in zip(place, ("ArrowRight", "ArrowUp")):
        tens, ones = divmod(round(100 * value), 10)
        press(figure, index, *[f"Shift+{way}"] * tens, *[way] * ones)


def slide(figure, index, value):
    figure.locator("input").nth(index).fill(str(value))


@chapters
def test_the_script_changes_no_number_and_no_mark_at_the_start(opened, name):
    figure = opened(name)
    drawn = figure.evaluate(READ)
    static = figure.page.evaluate(
        f"html => ({READ})(new DOMParser().parseFromString(html, 'text/html')"
        ".querySelector('.plane'))",
        plane.figure(EMPHASES[name]).data,
    )
    for kind in drawn.keys() - {"places", "said"}:
        assert drawn[kind] == static[kind], kind
    for now, then in zip(given(figure), plane.start()):
        torch.testing.assert_close(now, then)
    check(figure)


@chapters
@pytest.mark.parametrize("seed", range(3))
def test_random_moves_show_the_numbers_of_lvc(opened, name, seed):
    rng = random.Random(seed)
    figure = opened(name, width=rng.choice([390, 1280]))
    points = figure.locator(".point").count()
    for _ in range(12):
        index = rng.randrange(points)
        match rng.choice(["mouse", "keys", "slider"]):
            case "mouse":
                drag(figure, index, (rng.random(), rng.random()))
            case "keys":
                ways = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]
                shift = rng.choice(["", "Shift+"])
                press(figure, index, *(shift + rng.choice(ways) for _ in range(5)))
            case "slider":
                slide(figure, rng.randrange(3), rng.randrange(-40, 41) / 2)
        check(figure)


def test_a_point_goes_where_the_mouse_takes_it(opened):
    figure = opened("ch04_softmax")
    drag(figure, 2, (0.9, 0.1))
    x, codewords, _ = given(figure)
    assert (x[0, 2] - torch.tensor([0.9, 0.1])).abs().max() < 0.011
    drag(figure, 2, (1.4, -0.3))
    x, *_ = given(figure)
    assert x[0, 2].tolist() == [1, 0]  # it stays in the picture
    _, start, _ = plane.start()
    assert torch.equal(codewords, start)


def test_a_finger_drags_a_point_and_scrolls_elsewhere(opened):
    figure = opened("ch04_softmax", width=390)
    prevented = """one => !one.dispatchEvent(
      new TouchEvent("touchstart", {bubbles: true, cancelable: true}))"""
    assert figure.locator(".point").first.evaluate(prevented)
    assert not figure.locator("svg").evaluate(prevented)
    grip = figure.locator(".point .grip").first.bounding_box()
    assert min(grip["width"], grip["height"]) >= 24  # WCAG 2.2 AA
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    session = figure.page.context.new_cdp_session(figure.page)
    for kind, dx in (("touchStart", 0), ("touchMove", 20), ("touchMove", 60)):
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x + dx, "y": y}]},
        )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    moved = given(figure)[0][0, 0] - plane.start()[0][0, 0]
    width = figure.locator(".frame").bounding_box()["width"]
    assert moved[0] == pytest.approx(60 / width, abs=0.011)
    check(figure)


def test_arrow_keys_move_by_a_hundredth_and_with_shift_by_a_tenth(opened):
    figure = opened("ch05_aggregate")
    scrolled = figure.page.evaluate("scrollY")
    press(figure, 6, "ArrowRight", "ArrowDown", "ArrowDown", "Shift+ArrowLeft")
    assert figure.page.evaluate("scrollY") == scrolled
    moved = given(figure)[1][1] - plane.start()[1][1]
    torch.testing.assert_close(moved, torch.tensor([-0.09, -0.02]).double())
    check(figure)


@chapters
@pytest.mark.parametrize("size", [20, 1e4, 1e300])
def test_extreme_scales_stay_finite(opened, name, size):
    figure = opened(name)
    figure.locator("input").evaluate_all(
        "(all, size) => all.forEach(one => {"
        "one.step = 'any'; one.min = -size; one.max = size})",
        size,
    )
    for signs in ((1, -1, -1), (1, 1, 1), (-1, -1, -1), (-1, 0, 1)):
        for index, sign in enumerate(signs):
            slide(figure, index, f"{sign * size:.0e}")
        assert numbers(figure.evaluate(READ)["scale"])[:, 0].abs().max() == size
        if size < 1e300:  # 300 digits are longer than a slider's label
            check(figure)
        shown = figure.evaluate(READ)
        assert numbers(shown["sums"]).eq(1).all()
        assert numbers(shown["encoding"]).isfinite().all()


@chapters
def test_points_that_coincide_have_a_residual_of_zero(opened, name):
    figure = opened(name)
    for index in range(8):
        put(figure, index, (0.37, 0.58))
    weights, residuals, encoding = check(figure)
    assert (residuals == 0).all() and (encoding == 0).all()
    assert (weights - 1 / 3).abs().max() < 1e-12
    drag(figure, 0, (0.1, 0.1))  # the one on top comes off
    assert len(set(figure.evaluate(READ)["places"])) == 2
    check(figure)


@chapters
def test_reset_restores_the_start(opened, name):
    figure = opened(name)
    start = figure.evaluate(READ)
    drag(figure, 1, (0.9, 0.9))
    slide(figure, 2, 15)
    press(figure, 7, "Shift+ArrowUp")
    figure.get_by_role("button", name="Reset").click()
    figure.page.wait_for_timeout(700)  # nothing late is said after it
    assert figure.evaluate(READ) == start


def test_what_changed_is_said_once_after_a_pause(opened):
    figure = opened("ch04_softmax")
    figure.evaluate(
        "root => { window.said = []; new MutationObserver(() => window.said.push("
        "root.querySelector('p').textContent)).observe(root.querySelector('p'),"
        "{childList: true}) }"
    )
    press(figure, 0, *["ArrowRight"] * 20)
    figure.page.wait_for_timeout(800)
    weights, *_ = check(figure)
    row = ", ".join(map(plane.number, weights[0].tolist()))
    (sentence,) = figure.page.evaluate("said")
    assert sentence == f"Pixel 0 at 0.30, 0.75: weights {row}."
    slide(figure, 1, 3.5)
    figure.page.wait_for_timeout(800)
    *_, encoding = check(figure)
    e = ", ".join(map(plane.number, encoding[1].tolist()))
    *_, sentence = figure.page.evaluate("said")
    assert sentence == f"Codeword 1 at 0.40, 0.90, scale 3.5: e {e}."


def test_the_things_to_try_in_chapter_0(opened):
    figure = opened("ch00_overview")
    before, *_ = check(figure)
    slide(figure, 1, -1)
    assert (check(figure)[0].argmax(dim=1) == 1).all()
    figure.get_by_role("button", name="Reset").click()
    drag(figure, 2, (1, 0))
    after, residuals, _ = check(figure)
    assert given(figure)[0][0, 2].tolist() == [1, 0]
    assert (after - before)[[0, 1, 3, 4]].abs().max() < 1e-9
    assert figure.evaluate(READ)["sums"] == ["1.00"] * 5
    drag(figure, 5, (0.6, 0.85))  # codeword 0, onto pixel 3
    assert check(figure)[0][3].argmax() == 0


def test_the_things_to_try_in_chapter_4(opened):
    figure = opened("ch04_softmax")
    before, *_ = check(figure)
    put(figure, 2, (0.9, 0.1))
    after, *_ = check(figure)
    assert (after - before).abs().amax(dim=1).gt(1e-9).tolist() == [
        index == 2 for index in range(5)
    ]
    figure.get_by_role("button", name="Reset").click()
    slide(figure, 1, -1)
    assert (check(figure)[0].argmax(dim=1) == 1).all()
    slide(figure, 1, 5)
    weights, residuals, _ = check(figure)
    assert weights[:, 1].argmax() == residuals[:, 1].norm(dim=-1).argmax() == 4
    assert figure.evaluate(READ)["weights"][4 * 3 + 1] == "0.99"
    for index in range(3):
        slide(figure, index, 0)
    assert {*figure.evaluate(READ)["weights"]} == {"0.33"}


def test_the_things_to_try_in_chapter_5(opened):
    figure = opened("ch05_aggregate")
    put(figure, 1, (0.2, 0.25))
    assert figure.evaluate(READ)["residuals"][3] == "0.00, 0.00"
    figure.get_by_role("button", name="Reset").click()
    press(figure, 5, *["Shift+ArrowLeft", "Shift+ArrowDown"] * 3)
    _, residuals, encoding = check(figure)
    assert residuals.norm(dim=-1).mean(dim=0).argmax() == 0
    assert encoding.norm(dim=-1).argmin() == 0
    slide(figure, 0, 5)
    assert check(figure)[2].norm(dim=-1).argmax() == 0
    figure.get_by_role("button", name="Reset").click()
    for _ in range(30):
        weights, residuals, encoding = check(figure)
        way = encoding[0] / weights[:, 0].sum()
        if way.abs().max() < 0.01:
            break
        way = (given(figure)[1][0] + way).tolist()
        put(figure, 5, way)
    assert encoding[0].norm() / 5 * plane.SIDE < 2  # units of the picture


def test_two_figures_on_one_page_do_not_touch_each_other(opened):
    figure = opened("ch04_softmax")
    page = figure.page
    figure.evaluate(
        "(root, html) => root.insertAdjacentHTML('afterend', html)",
        plane.figure("encoding").data,
    )
    page.add_script_tag(path=SCRIPT)
    first, second = (
        page.locator(".plane.with-weights"),
        page.locator(".plane.with-encoding"),
    )
    start = first.evaluate(READ)
    drag(second, 0, (0.8, 0.8))
    slide(second, 1, 12)
    check(second)
    assert first.evaluate(READ) == start
    assert second.evaluate(READ)["places"] != start["places"]
    press(first, 0, "ArrowRight")  # the script, loaded again, moves it once
    assert given(first)[0][0, 0, 0] == pytest.approx(0.11)
    ids = page.eval_on_selector_all(".plane [id]", "all => all.length")
    assert ids == 0


@chapters
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figure_fits_a_phone_and_every_part_has_a_name(opened, name, theme):
    figure = opened(name, width=390, theme=theme)
    page = figure.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    outer = figure.bounding_box()
    for part in ("svg", "table", "fieldset"):
        box = figure.locator(part).bounding_box()
        assert box["x"] >= outer["x"] - 1
        assert box["x"] + box["width"] <= outer["x"] + outer["width"] + 1, part
    for n in range(5):
        assert figure.get_by_role("slider", name=f"pixel {n}").count() == 1
    for k in range(3):
        assert figure.get_by_role("slider", name=f"codeword {k}").count() == 1
        assert figure.get_by_role("slider", name=f"k {k} scale").count() == 1


@chapters
def test_without_the_script_the_figure_is_a_picture_with_alt_text(opened, name):
    html = plane.figure(EMPHASES[name]).data
    assert html.count('role="img" aria-label="Plot: ') == 1
    (alt,) = re.findall(r'aria-label="(Plot: [^"]*)"', html)
    x, codewords, scale = plane.start()
    weights = lvc.scaled_l2(x, codewords, scale).softmax(dim=-1)[0]
    encoding = lvc.encode(x, codewords, scale)[0]
    places = (x[0], weights) if "pixel" in alt else (codewords, encoding)
    values = torch.cat(places, dim=-1)
    said = [re.sub(r"^\D*\d", "", part) for part in alt.split(";")]
    assert (numbers(said) - values).abs().max() < 0.005 + 1e-9
    page = opened(name).page
    page.set_content(html)
    assert page.locator("fieldset").evaluate("one => one.disabled")
    assert not page.get_by_role("button").is_visible()
