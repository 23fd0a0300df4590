"""Run every mutant of lvc against the chapters and the unit tests: make mutants.

Each mutant meets the chapters alone and the unit tests alone, in a copy of the project.
The test that compares chapters and module as syntax trees is off, since it would notice
every change. A mutant is noticed when a cell raises, a stored output differs, a test
fails, or nothing ends in time.

Then the other way round: what is stored in the chapters is changed, outputs and prose,
and nbval and the gates on the prose run.

Without arguments it runs all of it, which takes three quarters of an hour with two
cores, and writes book/data/mutants.json.
"""

import argparse
import gc
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import toc
from tools.mutants import MODULES, Mutant, mutants
from tools.mutants.harmless import HARMLESS

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "book" / "data" / "mutants.json"
SUITES = ["chapters", "unit tests"]
COPIED = ["lvc", "book", "tools", "tests", "pyproject.toml", "README.md"]
LEFT_OFF = {
    *("test_style.py", "test_package.py"),  # they read files, not behaviour
    # These start compilers and processes, in seconds that a thousand mutants add up.
    *("test_tools.py", "test_two_processes.py", "test_bench.py", "test_ultralytics.py"),
    *("test_make.py", "test_fast.py", "test_help.py", "test_types.py"),
}
# The quickest to notice much come first, and what starts processes last.
PAGE = "self_checks"  # it shows the last run
# Chapter 12 trains for seconds, and chapter 14 starts processes.
NOT_RUN = {"ch12_learning", "ch14_your_network", PAGE}
QUICK = {"wrong_input", "ch00_overview", "ch08_lvcblock"}
FIRST = {
    "__main__": "test_command.py",
    "axes": "test_steps.py",
    "steps": "test_steps.py",
    "table": "test_table.py",
}
SECONDS = 200  # a mutant that takes longer hangs, and is noticed


def notices(suite: str, mutant: Mutant | None, base: Path) -> str:
    """Return what first notices the mutant, or nothing; None is lvc as it is."""
    shutil.copytree(base, "project", copy_function=os.link)
    project = Path("project").resolve()
    if mutant:
        changed = project / "lvc" / f"{mutant.module}.py"
        changed.unlink()  # a link to the file in base
        changed.write_text(mutant.source)
    sys.path[:0] = [str(project), str(project / "book")]
    os.environ["PYTHONPATH"] = str(project)
    if suite == "chapters":
        os.chdir(project / "book")
        return _chapters(mutant)
    os.chdir(project)
    return _unit_tests(mutant)


def _chapters(mutant: Mutant | None) -> str:
    """Execute the chapters in this process, and compare what nbval compares.

    A kernel for each of a thousand mutants would take hours.
    """
    from IPython.core.displayhook import CapturingDisplayHook
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from nbformat import read

    chapters = {path.stem: read(path.name, 4) for path in toc.notebooks()}
    name = mutant.definition.split(".")[0] if mutant else ""
    for chapter in NOT_RUN & set(chapters):
        del chapters[chapter]
    order = {c: (c not in QUICK, not _defines(chapters[c], name)) for c in chapters}
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


def _defines(notebook, name: str) -> bool:
    return bool(name) and any(
        re.search(rf"^(def|class) {name}\b", cell.source, re.MULTILINE)
        for cell in notebook.cells
        if "lvc" in cell.metadata.get("tags", [])
    )


def _unit_tests(mutant: Mutant | None) -> str:
    import pytest

    class First:
        failed = ""

        def pytest_runtest_logreport(self, report):
            self.failed = self.failed or (report.failed and report.nodeid) or ""

    files = [p for p in Path("tests").glob("test_*.py") if p.name not in LEFT_OFF]
    first = FIRST.get(mutant.module if mutant else "", "test_golden.py")
    last = "test_command.py"  # it starts processes
    files.sort(key=lambda path: (path.name != first, path.name == last, path))
    options = (
        "-x -q -o addopts= --assert=plain -p no:cacheprovider -p no:nbval -p no:xdist"
    )
    first = First()
    code = pytest.main(
        [*options.split(), "--hypothesis-seed=0", *map(str, files)], [first]
    )
    return first.failed or ("collection" if code else "")


def run(jobs: list[tuple[str, Mutant | None]], limit: int = SECONDS) -> Iterator[tuple]:
    """Yield (suite, mutant, what noticed it) for each job, as they end.

    Each job is a fork of this process, in which everything large is imported already.
    """
    _import_what_is_large()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder, "base")
        for name in COPIED:
            copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            base.mkdir(exist_ok=True)
            copied(ROOT / name, base / name)
        for cache in base.rglob("__pycache__"):
            shutil.rmtree(cache)
        waiting, running = list(reversed(jobs)), {}
        while waiting or running:
            while waiting and len(running) < os.cpu_count():
                job = waiting.pop()
                place = Path(tempfile.mkdtemp(dir=folder))
                running[_start(job, place, base, limit)] = job, place
            process, status = os.wait()
            job, place = running.pop(process)
            said = place / "noticed"
            noticed = said.read_text() if said.exists() else f"ended with {status}"
            shutil.rmtree(place)
            yield *job, noticed


def _start(job: tuple, place: Path, base: Path, limit: int) -> int:
    process = os.fork()
    if process:
        return process
    signal.alarm(limit)  # ends the process
    os.chdir(place)
    with open("log", "w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        (place / "noticed").write_text(notices(*job, base))
    finally:
        os._exit(0)


def _import_what_is_large() -> None:
    import beartype  # noqa: F401
    import einops  # noqa: F401
    import hypothesis  # noqa: F401
    import IPython.core.interactiveshell  # noqa: F401
    import jaxtyping  # noqa: F401
    import matplotlib
    import myst_nb  # noqa: F401
    import pytest  # noqa: F401
    import skimage.data  # noqa: F401
    import torch

    matplotlib.use("Agg")
    import matplotlib.pyplot  # noqa: F401

    gc.freeze()  # forks then share this memory, and leave it out of their collections
    torch.set_num_threads(1)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def every_mutant() -> dict[str, Mutant]:
    return {name: m for module in MODULES for name, m in mutants(module).items()}


def definition_of(mutant: Mutant) -> str:
    return f"{mutant.module}.{mutant.definition}"


def fingerprint(every: dict[str, Mutant]) -> dict[str, str]:
    """Return for each definition of lvc a short hash of its mutants' names.

    The names change with any change in its code.
    """
    names = {}
    for name, mutant in every.items():
        names.setdefault(definition_of(mutant), []).append(name)
    return {
        definition: hashlib.sha256("\n".join(its).encode()).hexdigest()[:16]
        for definition, its in names.items()
    }


def show(chosen: dict[str, Mutant]) -> None:
    """Run these mutants, and print what noticed them."""
    names = {mutant: name for name, mutant in chosen.items()}
    for suite, mutant, noticed in run([(s, m) for m in names for s in SUITES]):
        print(f"{names[mutant]}\n    {suite}: {noticed or 'SURVIVED'}", flush=True)


def survivors(every: dict[str, Mutant], jobs: list[tuple[str, str]]) -> dict:
    """Run jobs, of a suite and a mutant's name; return the names that each misses."""
    for suite, _, noticed in run([(suite, None) for suite in SUITES]):
        if noticed:
            sys.exit(f"lvc as it is fails the {suite}: {noticed}; make test says why")
    names = {mutant: name for name, mutant in every.items()}
    survived = {suite: set() for suite in SUITES}
    started = [(suite, every[name]) for suite, name in jobs]
    for count, (suite, mutant, noticed) in enumerate(run(started), start=1):
        if not noticed:
            survived[suite].add(names[mutant])
            print(f"survived the {suite}: {names[mutant]}", flush=True)
        if count % 100 == 0 or count == len(jobs):
            print(f"{count} of {len(jobs)} runs", flush=True)
    return {suite: [n for n in every if n in survived[suite]] for suite in SUITES}


def waiting(every: dict[str, Mutant], ran: dict) -> dict[str, list[str]]:
    """Return the definitions whose mutants, as they are now, have not met a suite."""
    now = fingerprint(every)
    return {
        suite: [d for d, its in now.items() if ran[suite].get(d) != its]
        for suite in SUITES
    }


def by_definition(every: dict[str, Mutant], survived: dict, ran: dict) -> list[dict]:
    """Return the counts for each definition of lvc; None for a suite it waits for."""
    rows, waits = {}, waiting(every, ran)
    for name, mutant in every.items():
        definition = definition_of(mutant)
        row = rows.setdefault(definition, {"mutants": 0, "harmless": 0})
        row["mutants"] += 1
        row["harmless"] += name in HARMLESS
        for suite in SUITES:
            noticed = name not in {*survived[suite], *HARMLESS}
            row[suite] = (
                None if definition in waits[suite] else row.get(suite, 0) + noticed
            )
    return [{"definition": definition, **row} for definition, row in rows.items()]


def changed_outputs(path: Path, folder: Path) -> tuple[int, int]:
    """Change one character of each stored output; count them, and what nbval sees."""
    stored = json.loads(path.read_text())
    cells = [cell for cell in stored["cells"] if cell.get("outputs")]
    for output in (output for cell in cells for output in cell["outputs"]):
        values = output.get("data", output)
        for kind in {"text", *output.get("data", {})} & values.keys():
            values[kind] = _last_digit_changed("".join(values[kind]))
    book = folder / path.stem / "book"
    shutil.copytree(ROOT / "book", book)
    (book / path.name).write_text(json.dumps(stored))
    options = "-n0 -o addopts= --nbval --nbval-current-env -p no:cacheprovider -q -rf"
    command = [sys.executable, "-m", "pytest", *options.split(), str(book / path.name)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    report = subprocess.run(command, capture_output=True, text=True, env=environment)
    red = set(re.findall(r"^FAILED .*::(Cell \d+)", report.stdout, re.MULTILINE))
    return len(cells), len(red)


def _last_digit_changed(text: str) -> str:
    digits = list(re.finditer(r"\d", text))
    at = digits[-1].start() if digits else len(text) - 1
    new = str((int(text[at]) + 1) % 10) if digits else "?"
    return text[:at] + new + text[at + 1 :]


def edits() -> list[dict]:
    """Return, for each page, how many changes were made and how many were noticed."""
    from tests.support.prose import changes_detected

    paths = [path for path in toc.notebooks() if path.stem != PAGE]
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        outputs = pool.map(lambda path: changed_outputs(path, Path(folder)), paths)
        rows = []
        for path, counts in zip(paths, outputs):
            print(
                f"{path.stem}: {counts[0]} outputs changed, {counts[1]} noticed",
                flush=True,
            )
            rows.append(
                {"page": path.stem, "outputs": counts, **changes_detected(path.stem)}
            )
    return rows


def run_all(again: bool) -> None:
    every = every_mutant()
    ran = {suite: {} for suite in SUITES}
    survived = {suite: [] for suite in SUITES}
    if again:
        last = json.loads(RESULT.read_text())
        ran, survived = last["ran"], last["survivors"]
    waits = waiting(every, ran)
    jobs = [
        (suite, name)
        for name, mutant in every.items()
        for suite in SUITES
        if name in survived[suite] or definition_of(mutant) in waits[suite]
    ]
    now = fingerprint(every)
    write(every, survivors(every, jobs), {suite: now for suite in SUITES}, edits())


def write(every: dict[str, Mutant], survived: dict, ran: dict, edited: list) -> None:
    result = {
        "ran": ran,
        "definitions": by_definition(every, survived, ran),
        "survivors": survived,
        "harmless": HARMLESS,
        "edits": edited,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"written: {RESULT.relative_to(ROOT)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--again",
        action="store_true",
        help="run only the last survivors, and what changed in lvc since",
    )
    which.add_argument(
        "text",
        metavar="TEXT",
        nargs="?",
        help="run the mutants whose name holds TEXT, and print what notices them",
    )
    asked = parser.parse_args()
    if asked.text is None:
        return run_all(asked.again)
    chosen = {name: m for name, m in every_mutant().items() if asked.text in name}
    if not asked.text or not chosen:
        parser.error(f"no mutant has {asked.text!r} in its name")
    return show(chosen)


if __name__ == "__main__":
    main()
