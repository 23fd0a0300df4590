"""The page of the reference lists every public name of lvc, and no other."""

import re
from types import FunctionType

import lvc
from tests.support.notebooks import BOOK

PAGE = (BOOK / "api.md").read_text(encoding="utf-8")


def public_names():
    modules = lvc.reference, lvc.axes, lvc.steps, lvc.table
    top = {f"lvc.{name}" for name in lvc.__all__}
    inside = {
        f"{module.__name__}.{name}"
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type | FunctionType)
        and value.__module__ == module.__name__
        and name[0] != "_"
        and not (module is not lvc.reference and name in lvc.__all__)
    }
    return top - {"lvc.reference", "lvc.steps"} | inside


def test_the_page_lists_what_lvc_offers():
    kinds = r"^\.\. auto(?:function|class|data):: (\S+)$"
    listed = re.findall(kinds, PAGE, re.MULTILINE)
    # How Sizes and Step read axes.
    inner = {"lvc.axes.operands", "lvc.axes.split", "lvc.axes.factors"}
    assert sorted(listed) == sorted(public_names() - inner)
