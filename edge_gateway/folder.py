"""The data folder belongs to one process at a time: a gateway, or a command that changes it offline."""

import fcntl
from pathlib import Path
from typing import IO


class FolderInUseError(OSError):
    """Somebody else works in the folder."""


class locked:
    """Keeps a second gateway off the same data. The system takes the lock back when we die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str]

    def __enter__(self) -> None:
        self._file = (self._folder / "lock").open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise FolderInUseError(f"gateway.data_dir: another gateway uses {self._folder}") from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
