"""Run mutants against the chapters and the unit tests, each in a copy of the project.

The test that compares chapters and module as syntax trees is off, since it would notice
every change. A mutant is noticed when a cell raises, a stored output differs, a test
fails, or nothing ends in time.
"""

import gc
import importlib
import os
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from pebble import ProcessPool

from tools import toc
from tools.mutants.changes import Mutant

SUITES = ["chapters", "unit tests"]
IN_CHAPTERS = {"reference", "functional", "layers"}  # each of their definitions
COPIED = ["lvc", "book", "tools", "tests", "conftest.py", "pyproject.toml", "README.md"]
TESTS_LEFT_OUT = {
    *("test_style.py", "test_package.py", "test_readmes.py"),  # not behaviour
    # These start compilers and processes, in seconds that a thousand mutants add up.
    *("test_tools.py", "test_two_processes.py", "test_bench.py", "test_ultralytics.py"),
    *("test_make.py", "test_fast.py", "test_help.py", "test_types.py"),
}
# One trains for seconds, one compiles and exports, and one shows the result.
CHAPTERS_LEFT_OUT = {"ch12_learning", "ch14_your_network", "self_checks"}
NOTICE_MUCH = {"ch00_overview", "ch08_lvcblock"}
TAKE_LONG = {"wrong_input", "ch10_products", "ch15_when_it_goes_wrong"}
FIRST_TEST = {  # of a module, where it is not test_<module>.py
    "reference": "test_functions.py",
    "functional": "test_functions.py",
    "checks": "test_wrong_input.py",
    "axes": "test_steps.py",
    "__main__": "test_command.py",
}
ASLEEP = 2000  # seconds, after which a mutant that computes nothing is noticed
SECONDS = 200  # of computing: a mutant that takes longer hangs, and is noticed
LARGE = ["beartype", "einops", "hypothesis", "IPython.core.interactiveshell", "myst_nb"]
LARGE += ["jaxtyping", "matplotlib.pyplot", "pytest", "skimage.data", "torch"]


def meets(place: str, suite: str) -> bool:
    """Return whether the mutants of this definition meet the suite."""
    return suite != "chapters" or place.split(".")[0] in IN_CHAPTERS


def run(jobs: list[tuple[str, Mutant | None]]) -> Iterator[tuple]:
    """Yield (suite, mutant, what noticed it) for each job, as they end.

    Each job is a fork of this process, in which everything large is imported already.
    """
    os.environ |= {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    *_, torch = map(importlib.import_module, LARGE)
    torch.set_num_threads(1)
    gc.freeze()  # forks then share this memory, and leave it out of their collections
    fork = get_context("fork")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPool(os.cpu_count(), max_tasks=1, context=fork) as pool,
    ):
        base, caches = Path(folder, "base"), shutil.ignore_patterns("__pycache__")
        base.mkdir()
        _read_chapters()  # here, so that no fork has to
        for path in map(toc.ROOT.joinpath, COPIED):
            if path.is_dir():
                shutil.copytree(path, base / path.name, ignore=caches)
            else:
                shutil.copy2(path, base)
        running = {
            pool.schedule(notices, (*job, base), timeout=10 * SECONDS): job
            for job in jobs
        }
        for future in as_completed(running):
            error = future.exception()
            yield *running[future], repr(error) if error else future.result()


def notices(suite: str, mutant: Mutant | None, base: Path) -> str:
    """Return what first notices the mutant, or nothing; None is lvc as it is."""
    # Seconds of computing, not of the clock: other work on the machine does not count.
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    with tempfile.TemporaryDirectory(dir=base.parent) as folder:
        project = Path(folder, "project")
        shutil.copytree(base, project, copy_function=os.link)
        if mutant:
            changed = project / "lvc" / f"{mutant.module}.py"
            changed.unlink()  # a link to the file in base
            changed.write_text(mutant.source)
        sys.path[:0] = [str(project), str(project / "book")]
        os.environ["PYTHONPATH"] = str(project)
        os.chdir(project / "book" if suite == "chapters" else project)
        # What noticed the last mutant of a definition, or of a module, goes first.
        names = [mutant.place, mutant.module] if mutant else []
        known = [base.with_name(f"{suite} {name}") for name in names]
        hint = next((path.read_text() for path in known if path.exists()), "")
        noticed = (_chapters if suite == "chapters" else _unit_tests)(mutant, hint)
        for path in known if noticed else []:
            whole = Path(folder, "noticed")  # another process never reads half of it
            whole.write_text(noticed)
            whole.replace(path)
        return noticed


def _chapters(mutant: Mutant | None, hint: str) -> str:
    """Execute the chapters in this process, and compare what nbval compares.

    A kernel for each of a thousand mutants would take hours.
    """
    from IPython.core.displayhook import CapturingDisplayHook
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    chapters = _read_chapters()
    name = mutant.definition.split(".")[0] if mutant else ""
    order = {
        c: (
            not hint.startswith(c),
            c not in NOTICE_MUCH,
            not _defines(chapters[c], name),
        )
        for c in chapters
    }
    shell = InteractiveShell.instance(colors="nocolor")
    for chapter in sorted(chapters, key=order.get):
        shell.reset()
        for cell in chapters[chapter].cells:
            if cell.cell_type == "code":
                results = []
                shell.display_trap.hook = CapturingDisplayHook(shell, results)
                with capture_output() as captured:
                    result = shell.run_cell(cell.source, store_history=False)
                if result.error_in_exec or result.error_before_exec:
                    return f"{chapter}, cell {cell.id}"
                shown = [output.data for output in captured.outputs]
                shown += [output["data"] for output in results]
                stored = [o["data"] for o in cell.outputs if o.output_type != "stream"]
                text = "".join(
                    o.text for o in cell.outputs if o.output_type == "stream"
                )
                if captured.stdout != text or shown != stored:
                    return f"{chapter}, output of cell {cell.id}"
    return ""


@cache
def _read_chapters() -> dict:
    """Return the chapters by name, those that take longest last."""
    from nbformat import read

    left = [path for path in toc.notebooks() if path.stem not in CHAPTERS_LEFT_OUT]
    left.sort(key=lambda path: path.stem in TAKE_LONG)
    return {path.stem: read(path, 4) for path in left}


def _defines(notebook, name: str) -> bool:
    return bool(name) and any(
        re.search(rf"^(def|class) {name}\b", cell.source, re.MULTILINE)
        for cell in notebook.cells
        if "lvc" in cell.metadata.get("tags", [])
    )


def _unit_tests(mutant: Mutant | None, hint: str) -> str:
    import pytest

    class First:
        failed = ""

        def pytest_runtest_logreport(self, report):
            self.failed = self.failed or (report.failed and report.nodeid) or ""

        pytest_collectreport = pytest_runtest_logreport

    left = [p for p in Path("tests").glob("test_*.py") if p.name not in TESTS_LEFT_OUT]
    last = "test_command.py"  # it starts processes
    files = sorted(left, key=lambda path: (path.name == last, path))
    options = (
        "-x -q -o addopts= --assert=plain -p no:cacheprovider -p no:nbval -p no:xdist"
    )
    options = [*options.split(), "--hypothesis-seed=0"]
    # The module's own tests alone, because collecting all takes longer than they do.
    module = mutant.module if mutant else "layers"
    own = Path("tests", FIRST_TEST.get(module, f"test_{module}.py"))
    runs = [[own], files]
    if "::" in hint:  # of a test with parameters, all of them
        runs.insert(0, [hint.partition("[")[0]])
    for chosen in runs:
        first = First()
        if code := pytest.main([*options, *map(str, chosen)], [first]):
            return first.failed or f"pytest's exit code {code}"
    return ""
