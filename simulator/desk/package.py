"""Writes firmware/package.json, for `mpremote mip install`: run `python -m simulator.desk.package`."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "firmware" / "package.json"
MODULES = (
    "protocols/__init__.py",
    "protocols/wire/**/*.py",
    "firmware/__init__.py",
    "firmware/app.py",
    "firmware/terminal/**/*.py",
    "firmware/board/*.py",
    "firmware/board/displays/*.py",
    "firmware/board/esp32/*.py",
    "firmware/board/rp2/*.py",
)


def render() -> str:
    """The text of package.json: every portable module, and the parts that all boards share."""
    package = json.loads(PACKAGE.read_text("utf-8"))
    paths = sorted({path for pattern in MODULES for path in ROOT.glob(pattern)})
    package["urls"] = [[path.relative_to(ROOT).as_posix(), _url(path)] for path in paths]
    return json.dumps(package, indent=2) + "\n"


def _url(path: Path) -> str:
    """Relative to the folder of package.json."""
    inside = path.is_relative_to(PACKAGE.parent)
    return (
        path.relative_to(PACKAGE.parent).as_posix() if inside else f"../{path.relative_to(ROOT).as_posix()}"
    )


if __name__ == "__main__":
    PACKAGE.write_text(render(), "utf-8")
