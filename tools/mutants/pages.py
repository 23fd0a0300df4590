"""Change outputs and prose of the pages; count what nbval and the gates notice."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import toc

OWN_PAGE = "self_checks"  # it shows the result


def changed_outputs(path: Path, folder: Path) -> tuple[int, int]:
    """Change one character of each stored output; count them, and what nbval sees."""
    stored = json.loads(path.read_text())
    cells = [cell for cell in stored["cells"] if cell.get("outputs")]
    for output in (output for cell in cells for output in cell["outputs"]):
        values = output.get("data", output)
        for kind in {"text", *output.get("data", {})} & values.keys():
            values[kind] = _last_digit_changed("".join(values[kind]))
    book = folder / path.stem / "book"
    shutil.copytree(toc.ROOT / "book", book)
    (book / path.name).write_text(json.dumps(stored))
    options = "-n0 -o addopts= --nbval --nbval-current-env -p no:cacheprovider -q -rf"
    command = [sys.executable, "-m", "pytest", *options.split(), str(book / path.name)]
    environment = os.environ | {"PYTHONPATH": str(toc.ROOT)}
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
    from tests.support.edits import changes_detected  # imports lvc, as no mutant may

    paths = [path for path in toc.notebooks() if path.stem != OWN_PAGE]
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        outputs = pool.map(lambda path: changed_outputs(path, Path(folder)), paths)
        rows = []
        for path, counts in zip(paths, outputs):
            changed, noticed = counts
            print(
                f"{path.stem}: {changed} outputs changed, {noticed} noticed", flush=True
            )
            in_text = changes_detected(path.stem)
            rows.append({"page": path.stem, "outputs": counts, **in_text})
    return rows
