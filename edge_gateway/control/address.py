"""The socket's address: the names of Unix sockets are short (108 bytes), folders may be deep."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NAME_BYTES_MAX: Final = 100


@contextlib.contextmanager
def address_of(path: Path) -> Iterator[str]:
    """A name for bind and connect; by way of the open folder when the path is too long (Linux)."""
    if len(os.fsencode(path)) <= NAME_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
