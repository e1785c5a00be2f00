"""Contents in files that are named by their SHA-256: written whole or not at all, and to the disk.

A file under its name is complete: it is written beside, flushed, renamed, and the folder flushed after it.
"""

import hashlib
import os
from collections.abc import Container
from pathlib import Path
from typing import Final

CONTENTS_FOLDER: Final = "contents"  # in the store's folder
_HALF: Final = ".part"
_READ_BYTES: Final = 1 << 20


class Contents:
    """The files of one folder, two hex digits of the name as folders below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path_of(self, digest: str) -> Path:
        """Where a content is, whether it is there or not."""
        return self._folder / digest[:2] / digest

    def put(self, data: bytes, digest: str) -> None:
        """Returns once the bytes are on the disk under their name. Raises OSError."""
        if self.path_of(digest).exists():
            return
        half = self._folder / (digest + _HALF)
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._name(half, digest)

    def adopt(self, file: Path) -> tuple[str, int]:
        """Takes a file of this file system in: (digest, size) once it is on the disk. Raises OSError."""
        hasher, size = hashlib.sha256(), 0
        with file.open("rb+") as opened:
            while piece := opened.read(_READ_BYTES):
                hasher.update(piece)
                size += len(piece)
            os.fsync(opened.fileno())
        digest = hasher.hexdigest()
        self._name(file, digest)
        return digest, size

    def remove(self, digest: str) -> None:
        """The content is no longer there."""
        self.path_of(digest).unlink(missing_ok=True)

    def sweep(self, listed: Container[str]) -> int:
        """Removes what was half written, or written and never listed; gives how many files those were."""
        removed = 0
        for path in [*self._folder.glob("*" + _HALF), *self._folder.glob("??/*")]:
            if path.name not in listed:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _name(self, file: Path, digest: str) -> None:
        target = self.path_of(digest)
        fresh = not target.parent.exists()
        target.parent.mkdir(mode=0o700, exist_ok=True)
        file.replace(target)
        _flush(target.parent)
        if fresh:
            _flush(self._folder)


def _flush(folder: Path) -> None:
    """A rename is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest_of(data: bytes) -> str:
    """The name of a content."""
    return hashlib.sha256(data).hexdigest()
