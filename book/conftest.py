"""nbval runs the notebooks of the book, and no other that lies beside them.

What it reports about a cell begins with one sentence: where, what, what to do.
"""

import json

import pytest

from tools import toc

WHAT = {
    "Cell outputs differ": "the stored output is not what the cell gives now; "
    "if the change is meant, run: make run",
    "Unrun reference cell has outputs": "the cell was not executed; run: make run",
}


def pytest_report_header():
    return toc.ignored() or None


def pytest_ignore_collect(collection_path):
    made = collection_path == toc.BOOK / "zh"  # in Chinese, with the same code
    return made or collection_path in toc.others() or None


def sentence(item, error) -> str:
    """Say which cell failed, how, and what to do."""
    failed = str(error).split(". ")[0]
    what = WHAT.get(failed, f"{failed}; correct the cell or lvc")
    if failed == "Cell execution caused an exception":
        raised = next(out for out in item.test_outputs if out.output_type == "error")
        message = f"{raised.ename}: {raised.evalue}".splitlines()[0].removesuffix(": ")
        what = f"the cell raised {message}; correct the cell or lvc"
    return f"{item.path.name}, cell {item.cell.get('id', item.name)}: {what}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Put the sentence first, where pytest's short summary finds it too."""
    report = yield
    if report.failed and report.when == "call" and item.path.suffix == ".ipynb":
        report.longrepr = f"{sentence(item, call.excinfo.value)}\n\n{report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Say of a notebook that cannot be read which file it is, and no more."""
    report = yield
    if report.failed and collector.path.suffix == ".ipynb":
        what = "the file is not a notebook; undo the edit"
        try:
            json.loads(collector.path.read_text(encoding="utf-8"))
        except ValueError as error:
            what = f"the file is not JSON ({error}); "
            what += "resolve the merge conflict or undo the edit"
        report.longrepr = f"{collector.path.name}: {what}"
    return report
