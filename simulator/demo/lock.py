"""One demo at a time in a folder: the second would remove the data under the feet of the first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NAME: Final = "demo.lock"


class FolderInUse(RuntimeError):
    """Another demo runs in the folder; the text says what to do."""


@contextmanager
def only_one_in(folder: Path) -> Iterator[None]:
    """Holds the folder, made when absent, until left; the kernel lets go of it however the process ends.

    Raises FolderInUse.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NAME).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"another run is under way in {folder}. Wait for its end, or choose another --output."
            ) from None
        yield
