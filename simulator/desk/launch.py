"""Starts MicroPython with images of flash mapped read-only into its memory, as a chip has them:

    python launch.py IMAGE[,IMAGE…] ARGUMENTS OF MICROPYTHON…

The program finds them in the environment: `ROM` is `address:bytes` of each, in this order, and `ROM_FILES`
their paths, a line each. An image may be written while it is mapped, and a file may be no image yet; none may
shrink. Knows nothing of the project, so that it starts quickly.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from pathlib import Path

from micropython_unix import run_main  # type: ignore[import-untyped]

FAILED = ctypes.c_void_p(-1).value


def map_image(path: Path) -> tuple[int, int]:
    """(address, bytes) of the file in memory, until the process ends. Raises OSError."""
    call = ctypes.CDLL(None, use_errno=True).mmap
    call.restype = ctypes.c_void_p
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        address = call(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    if address == FAILED or address is None:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    return address, size


def main(arguments: list[str]) -> int:
    """The exit code of MicroPython."""
    images, *rest = arguments
    places = [map_image(Path(path)) for path in images.split(",")]
    os.environ["ROM"] = " ".join(f"{address}:{size}" for address, size in places)
    os.environ["ROM_FILES"] = images.replace(",", "\n")
    code: int = run_main(["micropython", *rest])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
