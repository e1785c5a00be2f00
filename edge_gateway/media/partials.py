"""Files that are not whole yet: blocks written at their places, in the order in which they came."""

import hashlib
import os
from pathlib import Path

from .transfers import Key


class Partials:
    """One folder of the store's file system; what it holds does not outlive the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in folder.iterdir():  # the ranges that were here are forgotten, so the bytes are of no use
            path.unlink()

    def path_of(self, key: Key) -> Path:
        """The file; its name is made here, a terminal's own never becomes a path."""
        return self._folder / hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()

    def write(self, key: Key, offset: int, data: bytes) -> None:
        """Raises OSError."""
        handle = os.open(self.path_of(key), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, data, offset)
        finally:
            os.close(handle)

    def remove(self, key: Key) -> None:
        """It was given up."""
        self.path_of(key).unlink(missing_ok=True)
