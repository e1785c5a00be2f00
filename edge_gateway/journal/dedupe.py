"""The names of a terminal's last reports, so that a resend is recognised and not stored twice.

How many "the last" are follows the terminal: one that sends fast has more unanswered when its link is cut, be
it a thousand reports one behind the other or a 0x0704 of many, and sends all of them again.
"""

from collections.abc import Iterable
from typing import Final

from .packing import ID_BYTES

SLOTS_MIN: Final = 256  # a terminal that reports now and then has far fewer unanswered
SLOTS_MAX: Final = 4096  # 36 KB; as many reports as a connection may have in the journal's hands
BLOCK_SLOTS: Final = 64  # whose age is known
HORIZON_MS: Final = 30_000  # what is younger may come again at once: it is not forgotten while there is room
SHRINK_MS: Final = 120_000  # when three quarters are older, half of the room is given back
_MANY: Final = 4  # names that cost less together than one by one


class PortableRing:
    """The last id prefixes of one terminal, oldest overwritten first: SLOTS_MIN of them, or up to SLOTS_MAX
    while those that would be overwritten are younger than HORIZON_MS.

    Flat byte strings. The first byte of each prefix stands in `_tags` a second time: looking for one byte is
    what `bytearray.find` does at memory speed, and one slot in it is then compared.
    """

    __slots__ = ("_ids", "_marks_ms", "_next", "_tags", "slots")

    def __init__(self, packed: bytes = b"", next_slot: int = 0) -> None:
        """Empty, or as `pack` gave it. Raises ValueError for what `pack` cannot have given."""
        used = len(packed) // ID_BYTES
        self.slots = SLOTS_MIN
        while self.slots < used:
            self.slots *= 2
        full = used == self.slots
        if len(packed) % ID_BYTES or self.slots > SLOTS_MAX or not _is_slot(next_slot, used, full):
            raise ValueError("no ring of names")
        self._ids = bytearray(packed)
        self._tags = bytearray(packed[::ID_BYTES])
        self._marks_ms = [0] * -(-used // BLOCK_SLOTS)
        self._next = next_slot if full else used

    def __contains__(self, prefix: bytes) -> bool:
        return self.holds_any((prefix,))

    def holds_any(self, prefixes: Iterable[bytes]) -> bool:
        """Whether one of them at least is remembered."""
        find, ids = self._tags.find, self._ids
        for prefix in prefixes:
            tag, second = prefix[0], prefix[1]
            slot = find(tag)
            while slot >= 0:
                # Most that have the tag differ in the next byte, and an index costs less than a call.
                if ids[slot * ID_BYTES + 1] == second and ids.startswith(prefix, slot * ID_BYTES):
                    return True
                slot = find(tag, slot + 1)
        return False

    def add(self, prefix: bytes, now_ms: int) -> None:
        """Remembers ID_BYTES bytes that came at `now_ms`."""
        slot = self._next
        if not slot % BLOCK_SLOTS:
            slot = self._begin_block(now_ms)
        if slot == len(self._tags):
            self._ids += prefix
            self._tags.append(prefix[0])
        else:
            self._ids[slot * ID_BYTES : (slot + 1) * ID_BYTES] = prefix
            self._tags[slot] = prefix[0]
        self._marks_ms[slot // BLOCK_SLOTS] = now_ms
        self._next = slot + 1

    def extend(self, prefixes: list[bytes], now_ms: int) -> None:
        """The same as `add` with each of them."""
        if len(prefixes) < _MANY:
            for prefix in prefixes:
                self.add(prefix, now_ms)
            return
        done = 0
        while done < len(prefixes):
            slot = self._next
            if not slot % BLOCK_SLOTS:
                slot = self._begin_block(now_ms)
            joined = b"".join(prefixes[done : done + BLOCK_SLOTS - slot % BLOCK_SLOTS])
            added = len(joined) // ID_BYTES
            self._ids[slot * ID_BYTES : (slot + added) * ID_BYTES] = joined
            self._tags[slot : slot + added] = joined[::ID_BYTES]
            self._marks_ms[slot // BLOCK_SLOTS] = now_ms
            self._next = slot + added
            done += added

    def pack(self) -> tuple[bytes, int]:
        """The bytes and the slot that is written next, for the constructor."""
        return bytes(self._ids), self._next % self.slots

    def _begin_block(self, now_ms: int) -> int:
        """At the first slot of a block or behind the last of the ring; gives the slot that is next."""
        if self._next == self.slots:
            self._next = 0
        if self._next < len(self._tags):
            self._turn(now_ms)
        if self._next == len(self._tags):
            self._marks_ms.append(now_ms)
        return self._next

    def _turn(self, now_ms: int) -> None:
        """At a block that is to be overwritten: larger when it is young, smaller when most are old."""
        if now_ms - self._marks_ms[self._next // BLOCK_SLOTS] < HORIZON_MS:
            if self.slots < SLOTS_MAX:
                self._begin_with(self._next, self.slots)
                self._next = self.slots
                self.slots *= 2
            return
        young = sum(now_ms - mark_ms < SHRINK_MS for mark_ms in self._marks_ms)
        if self.slots > SLOTS_MIN and 4 * young <= len(self._marks_ms):
            kept = self.slots // 2
            self._begin_with((self._next + kept) % self.slots, kept)
            self.slots, self._next = kept, 0

    def _begin_with(self, first: int, kept: int) -> None:
        """Turns a full ring so that the slot `first` is its first, and keeps the first `kept`."""
        at, block = first * ID_BYTES, first // BLOCK_SLOTS
        self._ids = (self._ids[at:] + self._ids[:at])[: kept * ID_BYTES]
        self._tags = (self._tags[first:] + self._tags[:first])[:kept]
        self._marks_ms = (self._marks_ms[block:] + self._marks_ms[:block])[: kept // BLOCK_SLOTS]


def _is_slot(next_slot: int, used: int, full: bool) -> bool:
    return 0 <= next_slot < used if full else next_slot in (0, used)


# CPython may have a twin in C. ImportError: it was not built, or DIANYUN_PURE is set.
try:
    from .._hotpath import RecentIds
except ImportError:
    RecentIds = PortableRing  # type: ignore
