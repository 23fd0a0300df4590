"""The tests run `lvc` with every shape in its signatures checked at run time."""

import jaxtyping
from jaxtyping import install_import_hook

install_import_hook("lvc", "beartype.beartype")

import shutil  # noqa: E402  (lvc, and what imports it, must come after the hook)
import subprocess  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from filelock import FileLock  # noqa: E402


def pytest_generate_tests(metafunc):
    """Give every test that takes a `device` each one that is there."""
    if "device" in metafunc.fixturenames:
        import torch  # it takes seconds, and who hands out the tests needs it not

        devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
        metafunc.parametrize("device", devices, scope="session")


@pytest.fixture
def as_users_run_it():
    """Without these checks: lvc's own sentences come, and symbolic tensors pass."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def book(tmp_path_factory, worker_id):
    """The folder of the built pages: one build, which the workers of pytest share."""
    base = tmp_path_factory.getbasetemp()
    out = (base if worker_id == "master" else base.parent) / "book"
    pages = out / "_build" / "html"
    with FileLock(f"{out}.lock"):
        if not (out / "done").exists():
            # By Python, since the script holds the path where it was installed.
            command = Path(sys.executable).with_name("jupyter-book")
            root = Path(__file__).parents[1]
            build = [sys.executable, command, "build", root, "--path-output", out]
            build += ["-n", "-W", "--keep-going"]
            result = subprocess.run(build, capture_output=True, text=True)
            assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
            (out / "done").touch()
    return pages


@pytest.fixture(scope="session")
def both_books(book, tmp_path_factory, worker_id):
    """The folder of the pages in both languages: a copy of `book`, with zh/ in it."""
    base = tmp_path_factory.getbasetemp()
    out = (base if worker_id == "master" else base.parent) / "both"
    with FileLock(f"{out}.lock"):
        if not (out / "done").exists():
            shutil.copytree(book.parent, out / "_build", dirs_exist_ok=True)
            command = [
                sys.executable,
                "-m",
                "tools.translate",
                "--build",
                out / "_build",
            ]
            root = Path(__file__).parents[1]
            result = subprocess.run(command, cwd=root, capture_output=True, text=True)
            assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
            (out / "done").touch()
    return out / "_build" / "html"


@pytest.fixture(scope="session")
def chinese_book(both_books):
    """The folder of the Chinese pages."""
    return both_books / "zh"
