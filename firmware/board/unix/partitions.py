"""The desk's partitions of memory-mapped flash: files that the launcher has mapped, with the door of a chip.

The environment says where: `ROM` holds `address:bytes` of each, `ROM_FILES` their paths, a line each.
"""

import errno
import os

import uctypes

BLOCK_BYTES = 4096
LEAST_BYTES = 256  # that a write has
_ERASED = b"\xff" * LEAST_BYTES


def rom_ioctl(operation, number=0, offset=0, data=None):
    """As `vfs.rom_ioctl` of a port whose partitions are erased in pieces; the first cannot be written."""
    places = os.getenv("ROM", "").split()
    if operation == 1:
        return len(places)
    if operation == 2:
        return uctypes.bytearray_at(*[int(part) for part in places[number].split(":")])
    if operation == 6:
        return BLOCK_BYTES
    if not number or operation not in (3, 4, 5):
        return -errno.EINVAL
    if operation != 5:
        with open(os.getenv("ROM_FILES").split("\n")[number], "r+b") as file:
            file.seek(offset)
            if operation == 4:
                file.write(data)
            else:
                for _ in range(data // LEAST_BYTES):
                    file.write(_ERASED)
    return LEAST_BYTES if operation == 3 else 0
