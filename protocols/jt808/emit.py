"""Generates what is derived from the declarations: `python -m protocols.jt808.emit` writes the files,
`--check` says which of them is stale and exits 1. It has no other side effect.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import emit_decoders, emit_docs, emit_tables
from .terminal_subset import TERMINAL_PAGES

PROTOCOLS = Path(__file__).resolve().parent.parent

GENERATED: dict[Path, Callable[[], str]] = {
    PROTOCOLS / "wire/tables.py": emit_tables.render,
    PROTOCOLS / "wire/pages/ids.py": emit_tables.render_ids,
    PROTOCOLS / "wire/pages/parameter_kinds.py": emit_tables.render_parameter_kinds,
    **{
        PROTOCOLS / f"wire/pages/{family}.py": partial(emit_tables.render_page, family)
        for family in TERMINAL_PAGES
    },
    PROTOCOLS / "jt808/generated.py": emit_decoders.render,
    PROTOCOLS.parent / "docs/messages.md": emit_docs.render,
}


def stale_files() -> list[Path]:
    """The generated files that are missing or differ from what the declarations say now."""
    return [path for path, render in GENERATED.items() if _current(path) != render()]


def write_files() -> list[Path]:
    """Writes the stale files anew, gives their paths."""
    stale = stale_files()
    for path in stale:
        path.write_text(GENERATED[path](), encoding="utf-8")
    return stale


def main(arguments: list[str] | None = None) -> int:
    """The command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m protocols.jt808.emit", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    check = parser.parse_args(arguments).check
    files = stale_files() if check else write_files()
    for path in files:
        print(f"{'stale' if check else 'written'}: {path.relative_to(PROTOCOLS.parent)}")
    return 1 if check and files else 0


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
