"""How all tests run: threads, order, what is said on the way, what FAST leaves out."""

import functools
import os
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent

if "PYTEST_XDIST_WORKER" in os.environ:
    # Every worker has a core. Were there a thread for each core in each worker, threads
    # would wait for one another most of the time. Set before torch is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption(
        "--fast",
        action="store_true",
        help="what a change in lvc or a chapter needs, in a minute: no built page, no "
        "test marked slow, and of the notebooks those that differ from the last commit",
    )


def pytest_configure(config):
    slow = "slow: starts processes, compiles or trains; not in make test FAST=1"
    config.addinivalue_line("markers", slow)
    workers = getattr(config.option, "numprocesses", None)
    if workers and not hasattr(config, "workerinput") and config.option.verbose == 0:
        config.pluginmanager.register(Progress(config))


# What FAST leaves out


@functools.cache
def changed():
    """Return the notebooks that differ from the last commit; None if git cannot say."""
    command = ["git", "status", "--porcelain", "-z", "--no-renames", "-uall", "book"]
    try:
        told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    lines = told.stdout.decode().split("\0")
    return {ROOT / line[3:] for line in lines if line.endswith(".ipynb")}


def pytest_ignore_collect(collection_path, config):
    if not config.getoption("fast") or collection_path.suffix != ".ipynb":
        return None
    there = changed()
    return (there is not None and collection_path not in there) or None


def pytest_report_header(config):
    if not config.getoption("fast"):
        return None
    there = changed()
    named = "all" if there is None else ", ".join(sorted(one.name for one in there))
    return f"fast: notebooks that differ from the last commit: {named or 'none'}"


# Order and pieces


def is_marked(item):
    return item.get_closest_marker("slow") is not None


def needs_pages(item):
    return "book" in getattr(item, "fixturenames", ())


@pytest.hookimpl(trylast=True)  # pytest itself groups tests by their fixtures
def pytest_collection_modifyitems(config, items):
    """Put what takes long first, so that no worker ends long after the others."""
    if config.getoption("fast"):
        left_out = [item for item in items if is_marked(item) or needs_pages(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    # Pages second: who comes first builds the book, and the others need not wait.
    marked = {item.path for item in items if is_marked(item)}
    pages = {item.path for item in items if needs_pages(item)}

    def place(item):
        if item.path in marked:
            return 0
        if item.path in pages:
            return 1
        return 2 if item.path.suffix == ".ipynb" else 3

    items.sort(key=place)


def piece(nodeid):
    """Return what one worker runs whole: a file, a notebook, all looks of a page."""
    path, _, test = nodeid.partition("::")
    of_page = test.removeprefix("test_page[")
    return path if of_page == test else f"{path} {of_page.partition('-')[0]}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Pieces(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return piece(nodeid)

    config.option.loadscopereorder = False  # the order is that of the collection
    return Pieces(config, log)


class Progress:
    """Say of each piece when it begins, and how much is done; the letters follow."""

    def __init__(self, config):
        self.config, self.begin = config, time.monotonic()
        self.begun, self.done, self.all = set(), 0, 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.all = len(ids)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logstart(self, nodeid):
        if piece(nodeid) in self.begun:
            return
        self.begun.add(piece(nodeid))
        minutes, seconds = divmod(int(time.monotonic() - self.begin), 60)
        share = 100 * self.done // max(self.all, 1)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        line = f"\n{minutes}:{seconds:02} {share:3} % {piece(nodeid)} "
        reporter.write(line, flush=True)

    def pytest_runtest_logfinish(self):
        self.done += 1
