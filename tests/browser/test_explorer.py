"""The shape explorer shows what the real `lvc` makes, and takes what a reader types."""

import contextlib
import io
import random
import subprocess
import sys
from math import prod
from pathlib import Path

import pytest
import torch

from lvc import EXAMPLE, Sizes, shape_table, trace
from lvc.steps import FORMS, STEPS
from lvcbook import explorer

ROOT = Path(__file__).parents[2]
KINDS = explorer.BLOCKS


def counted(sizes, terms):
    return sum(prod(sizes.of(axes)) for axes in terms)


def block(name, sizes):
    codes = {} if name == "LightMLPBlock" else {"num_codes": sizes.k}
    return KINDS[name](sizes.c, **codes).eval()


def test_the_script_is_small():
    web = ROOT / "book" / "web"
    assert (web / "explorer.js").stat().st_size < 30_000
    assert (web / "explorer.css").stat().st_size < 30_000


# In the browser


@pytest.fixture
def page(open_page):
    return open_page("explorer")


def go(page, block="LVCBlock", form="literal", **sizes):
    """Let the page show settings, by its address."""
    asked = {"block": block, "form": form} | sizes
    page.evaluate(
        """text => new Promise(done => {
             addEventListener("hashchange", () => setTimeout(done), { once: true });
             if (location.hash === text) done(); else location.hash = text; })""",
        "#" + "&".join(f"{name}={value}" for name, value in asked.items()),
    )


def rows(page, kind="steps"):
    """Return what a table of the page shows: name, and text by column."""
    return page.evaluate(
        """kind => [...document.querySelectorAll(`table.${kind} tbody tr`)].map(row => [
             (row.querySelector("th button") ?? row.querySelector("th")).textContent,
             row.querySelector("th code")?.textContent,
             Object.fromEntries([...row.querySelectorAll("td")].map(
               cell => [cell.dataset.label, cell.innerText.trim()])),
             [...row.querySelectorAll("i")].map(chip => chip.textContent)])""",
        kind,
    )


def size_of(chip):
    return int(chip.split(" ")[-1])


def seen(page):
    """Return name, pattern, shape, parameters and bytes of each step, and the sum."""
    *steps, (name, _, total, _) = rows(page)
    read = [
        (
            step,
            pattern,
            tuple(map(size_of, chips)),
            int(cells["parameters"].replace(",", "")),
            int(cells["bytes"].replace(",", "")),
        )
        for step, pattern, cells, chips in steps
    ]
    return name, read, int(total["parameters"].replace(",", ""))


def expected(shapes):
    steps = [
        (row.step.name, row.step.pattern, row.shape, row.parameters, row.size_in_bytes)
        for row in shapes.rows
    ]
    return shapes.block, steps, shapes.parameters


def settings_of(page):
    values = page.eval_on_selector_all(
        ".explorer [type=text]", "all => all.map(one => +one.value)"
    )
    return Sizes(*values)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", KINDS)
def test_the_page_shows_what_the_real_block_makes(page, name, seed):
    draw = random.Random(f"{name} {seed}")
    for _ in range(5):
        most = explorer.LARGEST if seed == 0 else explorer.LARGEST_BY_SLIDER
        sizes = Sizes(*map(draw.randint, explorer.SMALLEST, most))
        go(page, name, **sizes._asdict())
        with torch.device("meta"):
            traced = trace(block(name, sizes), torch.empty(sizes.of("b c h w")))
        assert (
            seen(page) == expected(shape_table(sizes, KINDS[name])) == expected(traced)
        )
        assert settings_of(page) == sizes


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KINDS)
def test_the_page_counts_operations_and_tensors_as_python_does(page, name, form):
    draw = random.Random(f"{name} {form}")
    for _ in range(4):
        sizes = Sizes(*map(draw.randint, explorer.SMALLEST, explorer.LARGEST))
        go(page, name, form, **sizes._asdict())
        wanted = [
            (step.name, counted(sizes, step.all_operations()))
            for step in STEPS[name][form]
        ]
        *shown, total = [
            (step, int(cells["operations"].replace(",", "")))
            for step, _, cells, _ in rows(page)
        ]
        assert shown == wanted
        assert total == (name, sum(count for _, count in wanted))
        for way, made in explorer.INTERMEDIATES.items():
            page.evaluate("document.querySelector('details').open = true")
            assert [
                (tensor, chips, cells["bytes"], cells["operations"])
                for tensor, _, cells, chips in rows(page, f"made.{way}")
            ] == [
                (
                    one.name,
                    [
                        axis if axis == "1" else f"{axis} {size}"
                        for axis, size in zip(one.axes.split(), sizes.of(one.axes))
                    ],
                    f"{4 * prod(sizes.of(one.axes)):,}",
                    f"{counted(sizes, one.operations.split(', ')):,}",
                )
                for one in made
            ]


def test_the_two_forms_side_by_side(page):
    go(page, **EXAMPLE._asdict())
    shown = {name: (cells, chips) for name, _, cells, chips in rows(page, "forms")}
    for form, made in explorer.INTERMEDIATES.items():
        cells, chips = shown[f"{form} form"]
        sizes = [4 * prod(EXAMPLE.of(one.axes)) for one in made]
        assert cells["bytes in all"] == f"{sum(sizes):,}"
        assert f"{max(sizes):,} bytes" in cells["largest tensor"]
        assert tuple(map(size_of, chips)) == EXAMPLE.of(
            made[sizes.index(max(sizes))].axes
        )
    assert [chips for _, chips in shown.values()] == [
        ["b 6", "n 100", "k 64", "c 32"],
        ["b 6", "n 100", "k 64"],
    ]


def test_the_product_form_has_no_row_with_four_axes_in_the_encoding(page):
    axes = {}
    for form in FORMS:
        page.check(f"[name=form][value={form}]")
        axes[form] = [[chip[0] for chip in chips] for *_, chips in rows(page)]
    assert axes["literal"].count([*"bnkc"]) == 2
    assert axes["product"].count([*"bnkc"]) == 0


def commit(page, axis, text):
    page.fill(f"#explorer-{axis}", text)
    page.press(f"#explorer-{axis}", "Enter")


@pytest.mark.parametrize(
    "text", ["0", "-3", "1e9", "1000000000000", "ten", "", "1.5", " ", "<b>", "4097"]
)
@pytest.mark.parametrize("axis", Sizes._fields)
def test_nonsense_is_answered_at_its_field(page, axis, text):
    before = rows(page)
    commit(page, axis, text)
    field = page.locator(f"#explorer-{axis}")
    says = page.locator(f"#{field.get_attribute('aria-describedby')}")
    least, most, size = (
        getattr(sizes, axis) for sizes in (explorer.SMALLEST, explorer.LARGEST, EXAMPLE)
    )
    assert field.get_attribute("aria-invalid") == "true"
    assert says.is_visible()
    assert says.inner_text() == (
        f"{axis} must be a whole number from {least} to {most:,}, "
        f"got {text.strip() or 'nothing'}; {size} stays."
    )
    assert rows(page) == before
    commit(page, axis, str(size + 1))
    assert field.get_attribute("aria-invalid") == "false"
    assert not says.is_visible()
    assert rows(page)[0][3] != before[0][3] or axis == "k"


def test_three_channels_are_too_few(page):
    commit(page, "c", "3")
    assert "c must be a whole number from 4 to" in page.inner_text("#explorer-c-says")


def test_half_a_number_is_no_complaint_while_it_is_typed(page):
    page.fill("#explorer-c", "1")
    assert page.inner_text("#explorer-c-says") == ""
    page.fill("#explorer-c", "128")
    assert rows(page)[0][3] == ["b 6", "c 128", "h 10", "w 10"]


def test_nonsense_in_the_address_is_answered_too(page):
    go(page, b=2, c="many", block="<i>", form="none", extra=1)
    assert page.input_value("#explorer-c") == "many"
    assert "got many; 32 stays" in page.inner_text("#explorer-c-says")
    assert rows(page)[0][3] == ["b 2", "c 32", "h 10", "w 10"]
    assert rows(page)[-1][0] == "LVCBlock"


@pytest.mark.parametrize(
    "fragment",
    ["#", "#shape-explorer", "#main-content", "#nowhere", "#=", "#%E0%A4%A"],
)
def test_an_address_that_sets_nothing_loads_the_running_example(open_page, fragment):
    page = open_page("explorer", fragment=fragment)
    assert seen(page) == expected(shape_table(EXAMPLE))
    assert settings_of(page) == EXAMPLE
    assert page.is_visible(".explorer form")


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", ""])
def test_an_address_with_a_foreign_name_loads_the_running_example(open_page, name):
    page = open_page("explorer", fragment=f"#block={name}&form={name}&c=48&{name}=1")
    assert seen(page) == expected(shape_table(EXAMPLE._replace(c=48)))
    assert page.is_checked("[value=LVCBlock]") and page.is_checked("[value=literal]")


def test_the_own_link_of_a_heading_and_the_skip_link_load_again(page):
    go(page, **EXAMPLE._replace(b=2)._asdict())
    for link in ("article h1 a.headerlink", "a[href='#main-content']"):
        page.evaluate("link => document.querySelector(link).click()", link)
        assert settings_of(page) == EXAMPLE._replace(b=2)  # the page stays as it is
        page.reload()
        assert seen(page) == expected(shape_table(EXAMPLE))
        go(page, **EXAMPLE._replace(b=2)._asdict())


def test_the_table_of_the_book_stays_where_the_script_fails(page, book):
    context = page.context.browser.new_context()
    context.add_init_script("URLSearchParams = undefined")
    broken = context.new_page()
    with broken.expect_event("pageerror"):
        broken.goto((book / "book" / "explorer.html").as_uri())
    assert broken.is_visible(".explorer .static")
    assert not broken.is_visible(".explorer form")
    context.close()


def test_everything_by_keyboard(page):
    page.focus(".explorer .presets button")
    visited = []
    for _ in range(80):
        page.keyboard.press("Tab")
        visited.append(
            page.evaluate(
                "() => { const e = document.activeElement; return [e.name, e.type, e.dataset.step] }"
            )
        )
        if visited[-1][0] == "copy":
            break
    for axis in Sizes._fields:
        assert [axis, "range", None] in visited and [axis, "text", None] in visited
    assert ["block", "radio", None] in visited and ["form", "radio", None] in visited
    names = [step for _, _, step in visited if step]
    assert names == [str(n) for n in range(len(STEPS["LVCBlock"]["literal"]))]
    assert visited[-1][0] == "copy"

    page.focus("[type=range][name=h]")
    page.keyboard.press("ArrowRight")
    assert settings_of(page).h == EXAMPLE.h + 1
    slider = page.locator("[type=range][name=h]")
    assert slider.get_attribute("aria-valuetext") == str(EXAMPLE.h + 1)
    page.focus("[name=block][value=LVCBlock]")
    page.keyboard.press("ArrowRight")
    assert rows(page)[-1][0] == "LightMLPBlock"
    page.focus("[data-step='3']")
    assert page.inner_text(".explained").startswith("pconv:")


def test_the_step_under_the_pointer_or_the_focus_is_explained(page):
    page.hover("[data-step='6']")
    said = page.inner_text(".explained")
    assert said.startswith("residuals: subtracts every codeword from every pixel.")
    assert "k comes" in said
    assert "6 · 100 · 64 · 32 = 1,228,800 numbers of 4 bytes, 4.69 MiB" in said
    assert "Operations: b n k c = 1,228,800." in said
    assert "Parameters (64, 32): 2,048." in said
    page.focus("[data-step='7']")
    said = page.inner_text(".explained")
    assert "c goes" in said and "b n k c + b n k c = 2,457,600" in said
    page.check("[name=form][value=product]")  # the step that takes its place
    assert page.inner_text(".explained").startswith("centred codewords:")
    for at in range(page.locator("[data-step]").count()):
        page.focus(f"[data-step='{at}']")
        button, panel = (
            page.locator(one).bounding_box()
            for one in (f"[data-step='{at}']", ".explained")
        )
        assert (
            button["y"] + button["height"] <= panel["y"]
            or button["y"] >= panel["y"] + panel["height"]
        )


def test_an_amount_is_said_in_three_digits(page):
    page.focus("[data-step='0']")
    for sizes, amount in {
        Sizes(1, 4, 1, 1, 1): "16 bytes",
        Sizes(1, 4, 1, 63, 1): "1,008 bytes",
        Sizes(1, 4, 1, 64, 1): "1 KiB",
        Sizes(6, 47, 10, 10, 1): "110 KiB",  # 110.2
        Sizes(1, 4, 64, 1010, 1): "1,010 KiB",
        Sizes(6, 100, 64, 32, 1): "4.69 MiB",
        Sizes(1024, 4096, 1024, 1024, 1): "16 TiB",
    }.items():
        go(page, **sizes._asdict())
        assert f" of 4 bytes, {amount}. " in page.inner_text(".explained")


def test_the_address_holds_the_settings(page, open_page):
    commit(page, "c", "48")
    page.check("[name=block][value=EVCBlock]")
    page.check("[name=form][value=product]")
    other = open_page("explorer")
    other.goto(page.url)
    other.reload()
    assert rows(other) == rows(page)
    assert settings_of(other) == settings_of(page) == EXAMPLE._replace(c=48)
    assert other.is_checked("[value=EVCBlock]") and other.is_checked("[value=product]")


def test_the_back_button_undoes(page):
    commit(page, "c", "48")
    commit(page, "k", "16")
    page.focus("[type=range][name=b]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert settings_of(page) == EXAMPLE._replace(b=9, c=48, k=16)
    page.go_back()
    assert settings_of(page) == EXAMPLE._replace(c=48, k=16)
    page.go_back()
    assert settings_of(page) == EXAMPLE._replace(c=48)
    page.go_back()
    assert settings_of(page) == EXAMPLE
    page.go_forward()
    assert settings_of(page) == EXAMPLE._replace(c=48)
    assert rows(page)[0][3] == ["b 6", "c 48", "h 10", "w 10"]


def test_a_heading_in_the_address_changes_nothing(page):
    commit(page, "c", "48")
    page.evaluate("location.hash = '#a-heading'")
    page.wait_for_timeout(50)
    assert settings_of(page) == EXAMPLE._replace(c=48)


@pytest.mark.parametrize("preset", explorer.PRESETS, ids=lambda one: one.name)
def test_presets(page, preset):
    commit(page, "c", "0")
    page.click(f"[name=preset][value='{preset.name}']")
    assert settings_of(page) == preset.sizes
    assert rows(page)[-1][0] == preset.block
    assert page.inner_text("#explorer-c-says") == ""
    pressed = page.locator("[name=preset][aria-pressed=true]")
    assert pressed.all_inner_texts() == [preset.name]
    commit(page, "w", "9")
    assert pressed.count() == 0
    sources = page.inner_text(".explorer [aria-label='Presets and their sources']")
    assert preset.name in sources


def test_the_channels_of_the_necks_are_those_of_the_official_code():
    for preset, width in zip(explorer.PRESETS[1:4], (0.50, 0.75, 1.00)):
        assert preset.sizes == (1, int(2 * 256 * width), 640 // 16, 640 // 16, 64)
    assert explorer.PRESETS[4].sizes == (1, 512, 480 // 8, 480 // 8, 32)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KINDS)
def test_the_copied_code_runs_and_prints_the_table(page, name, form):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sizes = Sizes(3, 3000, 700, 7, 500)
    go(page, name, form, **sizes._asdict())
    page.click("[name=copy]")
    page.wait_for_selector("text=Copied.")
    code = page.evaluate("navigator.clipboard.readText()")
    assert code.strip() == page.inner_text("pre.code").strip()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, {})
    finally:
        torch.set_default_device(None)
    assert printed.getvalue().strip() == repr(shape_table(sizes, KINDS[name], form))


def test_the_copied_code_is_a_whole_program(page):
    code = page.inner_text("pre.code")
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, capture_output=True, text=True, cwd=ROOT)
    assert result.stdout.strip() == repr(shape_table(EXAMPLE)), result.stderr


def test_where_copying_is_forbidden_the_code_is_selected(page):
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.click("[name=copy]")
    page.wait_for_selector("text=The code is selected")
    assert (
        page.evaluate("getSelection().toString()").strip()
        == page.inner_text("pre.code").strip()
    )


def test_nothing_is_asked_from_elsewhere(page, book):
    page.loaded.clear()
    page.reload()
    page.click("[name=preset][value=EncNet]")
    commit(page, "b", "7")
    page.wait_for_load_state("networkidle")
    assert any(url.endswith("explorer.js") for url in page.loaded)
    assert all(url.startswith(book.as_uri()) for url in page.loaded)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_does_not_scroll_sideways(open_page, width, theme):
    page = open_page("explorer", width, theme)
    page.evaluate("document.querySelector('details').open = true")
    for sizes in (EXAMPLE, explorer.LARGEST):
        go(page, "EVCBlock", "product", **sizes._asdict())
        go(page, "LVCBlock", "literal", **sizes._asdict())
        wide = "() => [document.documentElement.scrollWidth, innerWidth]"
        needed, there = page.evaluate(wide)
        assert needed <= there


def test_without_javascript_the_running_example_is_there(page, book):
    context = page.context.browser.new_context(java_script_enabled=False)
    still = context.new_page()
    still.goto((book / "book" / "explorer.html").as_uri())
    assert not still.is_visible(".explorer form")
    shown = still.locator(".explorer .static table")
    assert shown.count() == len(KINDS)
    assert "b 6n 100k 64c 32" in shown.first.inner_text()
    context.close()
    assert not page.is_visible(".explorer .static")
