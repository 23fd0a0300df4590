"""Installing the repository gives the module alone, and the README's example runs."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "-w", out, ROOT], check=True)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_module_and_nothing_else(wheel):
    expected = {
        f"lvc/{path.name}" for path in (ROOT / "lvc").iterdir() if path.is_file()
    }
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == expected
    assert {"lvc/py.typed", "lvc/layers.py", "lvc/__main__.py"} <= names


def test_the_wheel_asks_for_three_packages(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    needs = re.findall(
        r"^Requires-Dist: (\w+)", wheel.read(metadata).decode(), re.MULTILINE
    )
    assert sorted(needs) == ["einops", "jaxtyping", "torch"]


def test_the_module_alone_imports_without_the_books_packages(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = (
        "import sys, lvc\n"
        "assert not {'beartype', 'matplotlib', 'skimage', 'nbval'} & set(sys.modules)\n"
        f"assert lvc.__file__.startswith({str(tmp_path)!r}), lvc.__file__"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_the_example_in_the_readme_runs():
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(example.strip().splitlines()) <= 12
    exec(compile(example, "README.md", "exec"), {})


@pytest.mark.parametrize("target", ["book", "test", "lab", "run", "clean"])
def test_the_readme_names_the_commands_that_exist(target):
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
