"""Makes the signed package that 0x8108 carries: `python -m firmware.package_upgrade TREE --version …`.

CPython only; what it writes is described in docs/upgrade.md and read by the page `install`.
"""

from __future__ import annotations

import argparse
import hmac
import json
import re
import struct
import sys
from pathlib import Path
from typing import Final

MAGIC: Final = b"DYUP1"
KEY_BYTES: Final = 32
FILES_MAX: Final = 128
FILE_BYTES_MAX: Final = 32768
PACKAGE_BYTES_MAX: Final = 262144
NAME: Final = re.compile(r"[a-z0-9_]{1,28}\.(mpy|bin)")
LOADERS: Final = ("boot.mpy", "loader.mpy")  # of slot 0; no upgrade carries one
START: Final = "start.mpy"  # what the loader imports


class PackageError(ValueError):
    """The package cannot be made; the text names the file or the value."""


def package(files: dict[str, bytes], key: bytes, version: str, board: str) -> bytes:
    """The package of these files by name. Raises PackageError for what a terminal would refuse."""
    if len(key) != KEY_BYTES:
        raise PackageError(f"key: {len(key)} bytes, {KEY_BYTES} wanted")
    if START not in files:
        raise PackageError(f"{START} is missing: this is no tree of a compiled terminal")
    if len(files) > FILES_MAX:
        raise PackageError(f"{len(files)} files, at most {FILES_MAX} are possible")
    out = bytearray(MAGIC + _counted("board", board) + _counted("version", version))
    out += struct.pack(">H", len(files))
    for name, content in sorted(files.items()):
        if not NAME.fullmatch(name):
            raise PackageError(f"{name}: small letters, digits and _ are possible, and .mpy or .bin")
        if len(content) > FILE_BYTES_MAX:
            raise PackageError(f"{name}: {len(content)} bytes, at most {FILE_BYTES_MAX} are possible")
        out += _counted(name, name) + struct.pack(">I", len(content)) + content
    out += hmac.digest(key, bytes(out), "sha256")
    if len(out) > PACKAGE_BYTES_MAX:
        raise PackageError(f"{len(out)} bytes in all, at most {PACKAGE_BYTES_MAX} are possible")
    return bytes(out)


def read_tree(tree: Path) -> dict[str, bytes]:
    """The compiled files of a build tree by name. Raises PackageError when there are none."""
    files = {path.name: path.read_bytes() for path in _of(tree) if path.name not in LOADERS}
    if not files:
        raise PackageError(f"{tree} has no compiled files")
    return files


def _of(tree: Path) -> list[Path]:
    return [path for path in sorted(tree.iterdir()) if path.suffix in (".mpy", ".bin")]


def message_body(content: bytes, maker: bytes, version: str) -> bytes:
    """The whole body of 0x8108 for a package; whoever sends it cuts it into sub-packages."""
    head = b"\x00" + maker[:5].ljust(5, b"\x00") + _counted("version", version)
    return head + struct.pack(">I", len(content)) + content


def main(arguments: list[str]) -> int:
    """0 when the package is written, 1 with a line on standard error when not."""
    parser = argparse.ArgumentParser(prog="firmware.package_upgrade", description=__doc__)
    parser.add_argument("tree", type=Path, help="the folder of compiled files, such as build/firmware")
    parser.add_argument("--version", required=True, help="for people, up to 32 characters")
    parser.add_argument("--board", required=True, help="whose loader this is for, such as unix")
    parser.add_argument(
        "--key-file",
        type=Path,
        required=True,
        help="64 hex digits, or the board's config.json with its ota_key",
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        made = package(read_tree(options.tree), _key(options.key_file), options.version, options.board)
        options.out.write_bytes(made)
    except (PackageError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.out}: {len(made)} bytes")
    return 0


def _key(path: Path) -> bytes:
    text = path.read_text("ascii").strip()
    try:
        return bytes.fromhex(json.loads(text)["ota_key"] if text.startswith("{") else text)
    except (ValueError, KeyError, TypeError):
        raise PackageError(f"{path}: neither 64 hex digits nor JSON with an ota_key") from None


def _counted(name: str, text: str) -> bytes:
    data = text.encode("ascii", "replace")
    if not 0 < len(data) <= 32 or not text.isascii():
        raise PackageError(f"{name}: 1 to 32 ASCII characters are wanted")
    return bytes([len(data)]) + data


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
