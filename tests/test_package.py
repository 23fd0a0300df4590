"""Installing the repository gives the module alone, and the README's example runs."""

import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow

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


def metadata_of(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    return message_from_bytes(wheel.read(name))


def requirements(wheel):
    return [Requirement(need) for need in metadata_of(wheel).get_all("Requires-Dist")]


def test_the_wheel_asks_for_three_packages(wheel):
    names = sorted(need.name for need in requirements(wheel))
    assert names == ["einops", "jaxtyping", "torch"]


def test_the_module_alone_imports_without_the_books_packages(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = (
        "import sys, lvc\n"
        "assert not {'beartype', 'matplotlib', 'skimage', 'nbval'} & set(sys.modules)\n"
        f"assert lvc.__file__.startswith({str(tmp_path)!r}), lvc.__file__"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def with_what_they_need(names):
    """Return these distributions and all that they need, without extras."""
    found = set()
    while names:
        name = names.pop()
        found.add(name)
        for need in metadata.requires(name) or []:
            need = Requirement(need)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                names |= {canonicalize_name(need.name)} - found
    return found


# No import finds what the README does not install.
ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""


def test_the_example_in_the_readme_runs_after_what_the_readme_installs(wheel, tmp_path):
    wheel.extractall(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(example.strip().splitlines()) <= 12
    there = with_what_they_need({"torch", "einops", "jaxtyping"}) | {"numpy"}
    refused = {
        name
        for name, owners in metadata.packages_distributions().items()
        if there.isdisjoint(map(canonicalize_name, owners))
    } - {"lvc"}
    assert {"skimage", "matplotlib", "beartype"} <= refused
    code = f"REFUSED = {refused}\n{ALONE}\n{example}"
    code += f"\nassert lvc.__file__.startswith({str(tmp_path)!r}), lvc.__file__"
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_readme_installs_without_torch_what_the_wheel_needs(wheel):
    needs = {str(need) for need in requirements(wheel) if need.name != "torch"}
    line = re.search(r"^pip install ([^-.].*)$", README, re.MULTILINE)[1]
    assert {one.strip('"') for one in line.split()} == needs
    assert "pip install --no-deps ." in README


def test_the_name_is_not_that_of_another_project(wheel):
    """On PyPI, lvc is a voice converter."""
    assert metadata_of(wheel)["Name"] == "learnable-visual-center"
    assert "YOLO_AUTOINSTALL=false" in README
    chapter = (ROOT / "book" / "ch14_your_network.ipynb").read_text(encoding="utf-8")
    assert "YOLO_AUTOINSTALL=false" in chapter


def test_the_oldest_pytorch_is_the_one_that_is_tested(wheel):
    (floor,) = [need for need in requirements(wheel) if need.name == "torch"]
    oldest = (ROOT / "tests" / "requirements-oldest.txt").read_text()
    tested = re.search(r"^torch==(\d+\.\d+)", oldest, re.MULTILINE)[1]
    assert str(floor.specifier) == f">={tested}"
    assert f"PyTorch {tested} or newer" in README


@pytest.mark.parametrize("target", ["book", "test", "lab", "run", "oldest", "clean"])
def test_the_readme_names_the_commands_that_exist(target):
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
