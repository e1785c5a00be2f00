"""Flash that the processor reads like memory: partitions with a read-only file system each (ROMFS).

A program in one runs where it lies, and its code takes no heap. The door is `vfs.rom_ioctl`, which
MicroPython has on chips, or what stands for it on the desk; what it is asked is what mpremote asks it.
Slot N lies in partition N; a slot for which there is none is a folder.
"""

import vfs

PLACE = "/slot"  # the first partition, slot 0, is mounted elsewhere at the start
WRITE_BYTES = 512  # at once, or more where the partition wants it
ERASE_BYTES = 32768  # at once, where pieces can be erased
ENOSPC = 28  # MicroPython's errno has no name for it
_COUNT = 1
_MEMORY = 2
_PREPARE = 3
_WRITE = 4
_DONE = 5
_BLOCK_BYTES = 6
# Of a partition that is a block device.
_DEVICE_COUNT = 4
_DEVICE_BLOCK_BYTES = 5
_DEVICE_ERASE = 6


def ioctl_of_port():
    """The port's door, None where it has none."""
    return getattr(vfs, "rom_ioctl", None)


def has_partition(ioctl, slot):
    """Whether there is a partition for this slot. ioctl: None for no door."""
    return ioctl is not None and slot < ioctl(_COUNT)


def mount_slot(ioctl, slot):
    """Mounts the image of this slot; gives its place, "" when its partition holds none or is none."""
    if not has_partition(ioctl, slot):
        return ""
    try:
        system = vfs.VfsRom(ioctl(_MEMORY, slot))
    except OSError:  # erased, or no image
        return ""
    vfs.mount(system, PLACE)
    return PLACE


class ImageWriter:
    """Writes an image of `length` bytes into the partition of a slot, front to back; `finish` ends it.

    All that is in the way is erased at once, and nothing else is done meanwhile. Raises OSError: ENOSPC when
    it is too long, what the flash says else.
    """

    def __init__(self, ioctl, slot, length):
        memory = ioctl(_MEMORY, slot)
        self._ioctl = ioctl
        self._slot = slot
        self._device = memory if hasattr(memory, "ioctl") else None
        self._block_bytes = 0
        least = self._erase_device(length) if self._device else self._erase(len(memory), length)
        self._piece = bytearray(max(WRITE_BYTES, least))
        self._filled = self._at = 0

    def write(self, data):
        """The next bytes."""
        done = 0
        while done < len(data):
            count = min(len(data) - done, len(self._piece) - self._filled)
            self._piece[self._filled : self._filled + count] = data[done : done + count]
            self._filled += count
            done += count
            if self._filled == len(self._piece):
                self._flush()

    def finish(self):
        """The image is whole."""
        while self._filled:
            self.write(bytes(len(self._piece) - self._filled))
        if self._device is None:
            _checked(self._ioctl(_DONE, self._slot))

    def _flush(self):
        if self._device is None:
            _checked(self._ioctl(_WRITE, self._slot, self._at, self._piece))
        else:
            block, offset = divmod(self._at, self._block_bytes)
            _checked(self._device.writeblocks(block, self._piece, offset))
        self._at += self._filled
        self._filled = 0

    def _erase(self, room, length):
        """Gives how many bytes are written at least."""
        if length > room:
            raise OSError(ENOSPC)
        block_bytes = self._ioctl(_BLOCK_BYTES, self._slot)
        if not 0 < block_bytes < room:
            return _checked(self._ioctl(_PREPARE, self._slot, length))
        least = at = 0
        while at < length:
            blocks = (min(length - at, ERASE_BYTES) + block_bytes - 1) // block_bytes
            least = _checked(self._ioctl(_PREPARE, self._slot, at, blocks * block_bytes))
            at += blocks * block_bytes
        return least

    def _erase_device(self, length):
        """The same, block by block."""
        self._block_bytes = self._device.ioctl(_DEVICE_BLOCK_BYTES, 0)
        blocks = (length + self._block_bytes - 1) // self._block_bytes
        if blocks > self._device.ioctl(_DEVICE_COUNT, 0):
            raise OSError(ENOSPC)
        for block in range(blocks):
            _checked(self._device.ioctl(_DEVICE_ERASE, block))
        return 0


def _checked(result):
    """What is no error. Raises OSError for a negative number."""
    if isinstance(result, int) and result < 0:
        raise OSError(-result)
    return result or 0
