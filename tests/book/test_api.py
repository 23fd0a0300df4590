"""The page of the reference lists every public name of lvc, and no other."""

import re
from types import FunctionType

import lvc
from tests.support.notebooks import BOOK

PAGE = (BOOK / "api.md").read_text(encoding="utf-8")


def public_names():
    top = {f"lvc.{name}" for name in lvc.__all__} - {"lvc.reference", "lvc.shapes"}
    inside = {
        f"{module.__name__}.{name}"
        for module in (lvc.reference, lvc.shapes)
        for name, value in vars(module).items()
        if isinstance(value, type | FunctionType)
        and value.__module__ == module.__name__
        and name[0] != "_"
    }
    return top | inside


def test_the_page_lists_what_lvc_offers():
    listed = re.findall(r"^\.\. auto(?:function|class):: (\S+)$", PAGE, re.MULTILINE)
    inner = {"lvc.shapes.Recorder", "lvc.shapes.split"}  # steps of trace and Sizes
    assert sorted(listed) == sorted(public_names() - inner)
