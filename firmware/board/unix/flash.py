"""A flash chip in a file: the block device under littlefs. What the kernel was given survives SIGKILL."""

import errno
import os

import vfs

MOUNT_POINT = "/flash"
BLOCK_BYTES = 4096
BLOCKS = 512  # 2 MiB: 10,000 reports and room for littlefs to move them about
_COUNT_OF_BLOCKS = 4  # operations of MicroPython's block device protocol
_SIZE_OF_BLOCK = 5
_ERASE = 6
_FORMING = ".new"
_FORM_BYTES = 256  # a whole block at once would be the largest allocation of the program


class FileFlash:
    """MicroPython's extended block device protocol over an image file that is there."""

    def __init__(self, path, blocks):
        self._file = open(path, "r+b")
        self._blocks = blocks

    def readblocks(self, block, buffer, offset=0):
        """Fills `buffer` from `offset` in `block`."""
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        """Writes `buffer`; littlefs erased before."""
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.write(buffer)

    def ioctl(self, operation, argument):
        """Sizes; an erase does nothing, since a file can be overwritten."""
        if operation == _COUNT_OF_BLOCKS:
            return self._blocks
        if operation == _SIZE_OF_BLOCK:
            return BLOCK_BYTES
        return 0


def mount(path, mount_point, blocks=BLOCKS):
    """Mounts the littlefs in the image file `path`; makes and formats the image when there is none.

    An image that is there is never formatted: its reports may be the only ones. Raises OSError instead.
    Does nothing when the loader has mounted it.
    """
    try:
        os.stat(path)
    except OSError:
        _form(path, blocks)
    try:
        vfs.mount(vfs.VfsLfs2(FileFlash(path, blocks)), mount_point)
    except OSError as error:
        if error.errno != errno.EPERM:  # there is a file system at this place
            raise


def _form(path, blocks):
    """Formats under another name and renames, so that a cut leaves no image that cannot be mounted."""
    forming = path + _FORMING
    empty = b"\xff" * _FORM_BYTES
    with open(forming, "wb") as file:
        for _ in range(blocks * BLOCK_BYTES // _FORM_BYTES):
            file.write(empty)
    vfs.VfsLfs2.mkfs(FileFlash(forming, blocks))
    os.rename(forming, path)
