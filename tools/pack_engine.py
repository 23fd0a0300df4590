"""Pack onnxruntime-web for the live page: from disk, a page reads scripts alone.

Writes book/web/live/engine.js with the WebAssembly of the npm package, compressed, and
its module, and puts the package's own script beside it. Needs npm and a network.
"""

import argparse
import base64
import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools import toc

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
FOLDER = toc.BOOK / "web" / "live"
SCRIPT, NAME = "ort.wasm.min.js", "ort-wasm-simd-threaded"


def packed(dist: Path) -> str:
    """Return the script that holds the engine: gzip of the WebAssembly, the module."""
    wasm = gzip.compress((dist / f"{NAME}.wasm").read_bytes(), 9, mtime=0)
    parts = {
        "version": VERSION,
        "wasm": base64.b64encode(wasm).decode(),
        "module": (dist / f"{NAME}.mjs").read_text(encoding="utf-8"),
    }
    notice = f"/* {PACKAGE} {VERSION}, Microsoft, MIT License: see LICENSE.txt */"
    return f"{notice}\nself.lvcEngine = {json.dumps(parts)};\n"


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    engine = FOLDER / "engine.js"
    if engine.exists() and f"{PACKAGE} {VERSION}," in engine.read_text()[:100]:
        print(f"{engine.relative_to(toc.ROOT)} holds {PACKAGE} {VERSION} already")
        return
    if not shutil.which("npm"):
        sys.exit("npm is not installed; it brings the engine of the live page")
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, cwd=folder, check=True)
        [archive] = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        dist = Path(folder, "package", "dist")
        engine.write_text(packed(dist), encoding="utf-8")
        text = (dist / SCRIPT).read_text(encoding="utf-8")
        kept = [line for line in text.splitlines() if "sourceMappingURL" not in line]
        (FOLDER / SCRIPT).write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(f"{engine.relative_to(toc.ROOT)}: {engine.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
