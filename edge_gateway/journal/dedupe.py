"""The names of a terminal's last reports, so that a resend is recognised and not stored twice."""

from typing import Final

from .packing import ID_BYTES

RING_SLOTS: Final = 256  # a terminal resends what it has in flight: far fewer


class RecentIds:
    """The last RING_SLOTS id prefixes of one terminal, oldest overwritten first.

    Two flat byte strings, 2.3 KB when full. The first byte of each prefix stands in `_tags` a second time:
    looking for one byte is what `bytearray.find` does at memory speed, and one slot in it is then compared.
    """

    __slots__ = ("_ids", "_next", "_tags")

    def __init__(self, packed: bytes = b"", next_slot: int = 0) -> None:
        """Empty, or as `pack` gave it."""
        self._ids = bytearray(packed)
        self._tags = bytearray(packed[::ID_BYTES])
        self._next = next_slot

    def __contains__(self, prefix: bytes) -> bool:
        tag = prefix[0]
        slot = self._tags.find(tag)
        while slot >= 0:
            if self._ids.startswith(prefix, slot * ID_BYTES):
                return True
            slot = self._tags.find(tag, slot + 1)
        return False

    def add(self, prefix: bytes) -> None:
        """Remembers ID_BYTES bytes; the oldest is forgotten when the ring is full."""
        slot = self._next
        if slot == len(self._tags):
            self._ids += prefix
            self._tags.append(prefix[0])
        else:
            self._ids[slot * ID_BYTES : (slot + 1) * ID_BYTES] = prefix
            self._tags[slot] = prefix[0]
        self._next = (slot + 1) % RING_SLOTS

    def pack(self) -> tuple[bytes, int]:
        """The bytes and the slot that is written next, for the constructor."""
        return bytes(self._ids), self._next
